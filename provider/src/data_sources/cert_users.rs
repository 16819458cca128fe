//! The data source `certward_cert_users`.

use async_trait::async_trait;
use certward::redis_enterprise::User;
use serde::{Deserialize, Serialize};
use terraform_plugin::Configured;
use tf_provider::schema::{AttributeType, Schema};
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{AttributePath, DataSource, Diagnostics};

use super::cert_user::{CertUserData, attributes, describe};
use crate::report::failure;
use crate::resources::cert_user::CertUser as Resource;
use crate::resources::redis_object::RedisObject;
use crate::run::interruption::until_stopped;
use crate::session::{Kind, Session};
use crate::values::management_role;
use crate::values::schema::{computed, named, optional, schema};
use crate::values::uid;

/// `certward_cert_users`: the certificate users of the cluster.
pub(crate) struct CertUsers {
    session: Configured<Session>,
}

/// Filters and answer of `certward_cert_users`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CertUsersState {
    pub(crate) role: Value<String>,
    pub(crate) role_id: Value<String>,
    pub(crate) users: Value<Vec<CertUserData>>,
}

impl CertUsers {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

#[async_trait]
impl DataSource for CertUsers {
    type State<'a> = CertUsersState;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(cert_users())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: CertUsersState) -> Option<()> {
        if let Value::Value(role) = &config.role {
            let path = AttributePath::new("role");
            diags.errors.extend(management_role::check(path, role));
        }
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        config: CertUsersState,
        _meta: Option<StructEmpty>,
    ) -> Option<CertUsersState> {
        if let Some(finding) = uid::check(AttributePath::new("role_id"), "a role", &config.role_id) {
            diags.add_error(finding);
            return None;
        }
        let session = self.session.get(diags)?;
        let client = &session.redis_enterprise(diags, KIND)?.client;
        let asked = until_stopped(async { Some(client.users().list().await) }).await;
        let mut listed = match asked.or_interrupted(diags)? {
            Ok(listed) => listed,
            Err(problem) => {
                failure::redis_enterprise(diags, "list the users", &problem);
                return None;
            }
        };
        listed.retain(|user| takes(&config, user));
        listed.sort_by_key(|user| user.uid);
        Some(CertUsersState {
            users: Value::Value(listed.iter().map(describe).collect()),
            ..config
        })
    }
}

fn takes(config: &CertUsersState, user: &User) -> bool {
    let of_role = |role: &String| user.role.as_ref().is_some_and(|there| there.as_str() == role);
    let has_role = |id: &String| user.role_uids.iter().any(|there| Some(there.get()) == uid::parse(id));
    Resource::refusal(user).is_none()
        && config.role.as_ref_option().is_none_or(of_role)
        && config.role_id.as_ref_option().is_none_or(has_role)
}

fn cert_users() -> Schema {
    use AttributeType::{AttributeList, String};
    schema(
        "The users of the Redis Enterprise cluster who are known by the subject of a certificate, sorted by uid. Users \
         with passwords are not listed.",
        [
            (
                "role",
                optional(String, "Only users with this management role, such as `db_viewer`."),
            ),
            (
                "role_id",
                optional(String, "Only users who have the role with this id."),
            ),
            (
                "users",
                computed(
                    AttributeList(named(attributes(computed))),
                    "The users that pass every filter.",
                ),
            ),
        ],
    )
}

const KIND: Kind = Kind {
    type_name: "certward_cert_users",
    elsewhere: "RavenDB registers each certificate, and that is the user: use certward_client_certificates.",
};
