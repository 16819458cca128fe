//! The data source `certward_trusted_cas`.

use async_trait::async_trait;
use certward::pki::Certificate;
use certward::ravendb::{self, ListCertificates};
use serde::{Deserialize, Serialize};
use terraform_plugin::Configured;
use tf_provider::schema::{AttributeType, Schema};
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{DataSource, Diagnostics};

use crate::report::failure;
use crate::run::interruption::until_stopped;
use crate::session::{Kind, Session};
use crate::trust::store;
use crate::values::schema::{computed, list_of_strings, named, schema};
use crate::values::timestamp;

/// `certward_trusted_cas`: the authorities the configured clusters trust.
pub(crate) struct TrustedCas {
    session: Configured<Session>,
}

/// The state of `certward_trusted_cas`; the schema describes each attribute.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrustedCasState {
    pub(crate) certificates: Value<Vec<TrustedAuthority>>,
    pub(crate) well_known_issuers: Value<Vec<Value<String>>>,
}

/// One trusted authority.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrustedAuthority {
    pub(crate) certificate_pem: Value<String>,
    pub(crate) fingerprint_sha256: Value<String>,
    pub(crate) subject_dn: Value<String>,
    pub(crate) issuer_dn: Value<String>,
    pub(crate) not_before: Value<String>,
    pub(crate) not_after: Value<String>,
    pub(crate) self_signed: Value<bool>,
}

impl TrustedCas {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

#[async_trait]
impl DataSource for TrustedCas {
    type State<'a> = TrustedCasState;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(trusted_cas())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        _config: TrustedCasState,
        _meta: Option<StructEmpty>,
    ) -> Option<TrustedCasState> {
        let session = self.session.get(diags)?;
        let asked = until_stopped(ask(diags, &session)).await;
        asked.or_interrupted(diags)
    }
}

/// Asks each product that is configured; there must be one.
async fn ask(diags: &mut Diagnostics, session: &Session) -> Option<TrustedCasState> {
    let mut state = TrustedCasState::default();
    if session.ravendb.is_absent() || !session.redis_enterprise.is_absent() {
        let redis = session.redis_enterprise(diags, KIND)?;
        let authorities = store::read(diags, &redis.client).await?;
        state.certificates = Value::Value(authorities.iter().map(describe).collect());
    }
    if !session.ravendb.is_absent() {
        let client = session.ravendb(diags, KIND)?;
        let issuers = well_known_issuers(diags, client).await?;
        state.well_known_issuers = Value::Value(issuers.into_iter().map(Value::Value).collect());
    }
    Some(state)
}

/// The well-known issuers, which RavenDB returns with the registered certificates: thumbprints from its setting. The
/// page size is one, because zero is not possible.
async fn well_known_issuers(diags: &mut Diagnostics, client: &ravendb::Client) -> Option<Vec<String>> {
    let list = ListCertificates::new().metadata_only().page_size(1);
    match client.certificates().list(&list).await {
        Ok(answer) => Some(answer.well_known_issuers),
        Err(problem) => {
            failure::ravendb(diags, "list the well-known issuers", &problem);
            None
        }
    }
}

fn describe(authority: &Certificate) -> TrustedAuthority {
    TrustedAuthority {
        certificate_pem: Value::Value(authority.to_pem()),
        fingerprint_sha256: Value::Value(authority.fingerprint().to_string()),
        subject_dn: Value::Value(authority.subject().to_string()),
        issuer_dn: Value::Value(authority.issuer().to_string()),
        not_before: Value::Value(timestamp::format(authority.validity().not_before)),
        not_after: Value::Value(timestamp::format(authority.validity().not_after)),
        self_signed: Value::Value(authority.is_self_issued()),
    }
}

fn trusted_cas() -> Schema {
    use AttributeType::{AttributeList, Bool, String};
    schema(
        "The certification authorities that the configured clusters trust to vouch for clients: those of Redis \
         Enterprise whole, those of RavenDB by thumbprint, which is all that RavenDB tells.",
        [
            (
                "certificates",
                computed(
                    AttributeList(named([
                        ("certificate_pem", computed(String, "The certificate in PEM.")),
                        (
                            "fingerprint_sha256",
                            computed(
                                String,
                                "SHA-256 over the DER certificate, 64 upper-case hexadecimal digits.",
                            ),
                        ),
                        ("subject_dn", computed(String, "Subject in the form of RFC 4514.")),
                        ("issuer_dn", computed(String, "Issuer in the form of RFC 4514.")),
                        (
                            "not_before",
                            computed(String, "First moment at which it is valid, RFC 3339 in UTC."),
                        ),
                        (
                            "not_after",
                            computed(String, "Last moment at which it is valid, RFC 3339 in UTC."),
                        ),
                        (
                            "self_signed",
                            computed(
                                Bool,
                                "Whether subject and issuer are the same, as they are in a root authority.",
                            ),
                        ),
                    ])),
                    "What the Redis Enterprise cluster trusts (`mtls_trusted_ca`), in its order. Null when only RavenDB \
                     is configured.",
                ),
            ),
            (
                "well_known_issuers",
                computed(
                    list_of_strings(),
                    "SHA-1 thumbprints of the authorities whose certificates RavenDB takes for administrators \
                     (`Security.WellKnownIssuers.Admin`), as the server writes them. Null when only Redis Enterprise is \
                     configured.",
                ),
            ),
        ],
    )
}

const KIND: Kind = Kind {
    type_name: "certward_trusted_cas",
    elsewhere: "It reads the trusted authorities of either product.",
};
