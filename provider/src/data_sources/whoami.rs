//! The data source `certward_whoami`.

use async_trait::async_trait;
use certward::ravendb::SecurityClearance;
use serde::{Deserialize, Serialize};
use terraform_plugin::Configured;
use tf_provider::schema::{AttributeType, Schema};
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{DataSource, Diagnostics};

use crate::report::failure;
use crate::resources::client_certificate::model::{Permissions, permissions_state};
use crate::resources::client_certificate::registration::Registered;
use crate::run::interruption::until_stopped;
use crate::session::{Kind, Session};
use crate::values::schema::{computed, map_of_strings, schema};
use crate::values::timestamp;

/// `certward_whoami`: whom the cluster takes the provider for.
pub(crate) struct WhoAmI {
    session: Configured<Session>,
}

/// The state of `certward_whoami`; the schema describes each attribute.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct WhoAmIState {
    pub(crate) authenticated: Value<bool>,
    pub(crate) name: Value<String>,
    pub(crate) thumbprint: Value<String>,
    pub(crate) security_clearance: Value<SecurityClearance>,
    pub(crate) database_permissions: Value<Permissions>,
    pub(crate) not_after: Value<String>,
    pub(crate) two_factor_required: Value<bool>,
}

impl WhoAmI {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

#[async_trait]
impl DataSource for WhoAmI {
    type State<'a> = WhoAmIState;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(whoami())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        _config: WhoAmIState,
        _meta: Option<StructEmpty>,
    ) -> Option<WhoAmIState> {
        let session = self.session.get(diags)?;
        let client = session.ravendb(diags, KIND)?;
        let asked = until_stopped(async { Some(client.who_am_i().await) }).await;
        let answer = match asked.or_interrupted(diags)? {
            Ok(answer) => answer.map(|answer| Registered::from(answer.certificate)),
            Err(problem) => {
                failure::ravendb(diags, "ask who the provider is logged in as", &problem);
                return None;
            }
        };
        let Some(mut registered) = answer else {
            return Some(WhoAmIState {
                authenticated: Value::Value(false),
                ..WhoAmIState::default()
            });
        };
        // RavenDB does not tell the dates of a certificate that its settings trust.
        if let Some(own) = &session.own_certificate
            && own.thumbprint() == registered.thumbprint
        {
            registered.not_after = Some(own.validity().not_after);
        }
        // RavenDB's whoami answers for an expired certificate too; every other route refuses it
        // (`docs/contracts/ravendb.md#observations`, 1).
        let expired = registered.not_after.is_some_and(|end| end < session.clock.now());
        Some(WhoAmIState {
            authenticated: Value::Value(!expired && !registered.grant.disabled),
            name: Value::Value(registered.grant.name),
            thumbprint: Value::Value(registered.thumbprint.to_string()),
            security_clearance: Value::Value(registered.grant.security_clearance),
            database_permissions: Value::Value(permissions_state(&registered.grant.database_permissions)),
            not_after: timestamp::format_option(registered.not_after),
            two_factor_required: Value::Value(registered.has_two_factor.unwrap_or(false)),
        })
    }
}

fn whoami() -> Schema {
    use AttributeType::{Bool, String};
    schema(
        "Whom the RavenDB cluster takes the provider for: the quickest way to test a login. It never answers with \
         credentials.",
        [
            (
                "authenticated",
                computed(
                    Bool,
                    "Whether the cluster lets the provider's certificate in: it is registered, enabled and not \
                     expired. When it is not registered, every other attribute is null.",
                ),
            ),
            ("name", computed(String, "Name the certificate is registered under.")),
            (
                "thumbprint",
                computed(
                    String,
                    "SHA-1 over the DER certificate, 40 upper-case hexadecimal digits.",
                ),
            ),
            (
                "security_clearance",
                computed(
                    String,
                    "What the certificate may do. `ClusterNode` means that the provider logs in with the server's own \
                     certificate.",
                ),
            ),
            (
                "database_permissions",
                computed(
                    map_of_strings(),
                    "Access by database name: `Read`, `ReadWrite` or `Admin`.",
                ),
            ),
            (
                "not_after",
                computed(
                    String,
                    "Last moment at which the certificate is valid, RFC 3339 in UTC.",
                ),
            ),
            (
                "two_factor_required",
                computed(
                    Bool,
                    "Whether the certificate needs a one-time code as well. Such a certificate cannot be used unattended.",
                ),
            ),
        ],
    )
}

const KIND: Kind = Kind {
    type_name: "certward_whoami",
    elsewhere: "Redis Enterprise answers no such question; to test a login there, use certward_cert_users.",
};
