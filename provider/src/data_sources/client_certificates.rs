//! The data source `certward_client_certificates`.

use async_trait::async_trait;
use certward::ravendb::SecurityClearance;
use serde::{Deserialize, Serialize};
use terraform_plugin::Configured;
use tf_provider::schema::{AttributeType, Schema};
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{AttributePath, DataSource, Diagnostics};
use time::OffsetDateTime;

use crate::report::error;
use crate::report::failure;
use crate::resources::client_certificate::model::{Permissions, permissions_state};
use crate::resources::client_certificate::registration::{self, Registered};
use crate::run::interruption::until_stopped;
use crate::session::{Kind, Session};
use crate::values::duration;
use crate::values::schema::{computed, list_of_strings, map_of_strings, named, optional, schema};
use crate::values::timestamp;

/// `certward_client_certificates`: the certificates registered on the cluster.
pub(crate) struct ClientCertificates {
    session: Configured<Session>,
}

/// Filters and answer of `certward_client_certificates`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClientCertificatesState {
    pub(crate) name: Value<String>,
    pub(crate) security_clearance: Value<SecurityClearance>,
    pub(crate) expiring_within: Value<String>,
    pub(crate) include_server_certificate: Value<bool>,
    pub(crate) certificates: Value<Vec<ListedCertificate>>,
}

/// One registered certificate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ListedCertificate {
    pub(crate) name: Value<String>,
    pub(crate) thumbprint: Value<String>,
    pub(crate) certificate_pem: Value<String>,
    pub(crate) security_clearance: Value<SecurityClearance>,
    pub(crate) database_permissions: Value<Permissions>,
    pub(crate) disabled: Value<bool>,
    pub(crate) public_key_pin: Value<String>,
    pub(crate) registered_together_with: Value<Vec<Value<String>>>,
    pub(crate) subject_dn: Value<String>,
    pub(crate) issuer_dn: Value<String>,
    pub(crate) not_before: Value<String>,
    pub(crate) not_after: Value<String>,
}

impl ClientCertificates {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

#[async_trait]
impl DataSource for ClientCertificates {
    type State<'a> = ClientCertificatesState;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(client_certificates())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: ClientCertificatesState) -> Option<()> {
        if let Value::Value(text) = &config.expiring_within
            && let Err(problem) = duration::parse(text)
        {
            let path = AttributePath::new("expiring_within");
            error(
                diags,
                path,
                "Unsuitable duration",
                format!("expiring_within: {problem}."),
            );
        }
        if let Value::Value(clearance) = &config.security_clearance
            && matches!(clearance, SecurityClearance::Unknown(_))
        {
            error(
                diags,
                AttributePath::new("security_clearance"),
                "Unknown security clearance",
                format!("\"{clearance}\" is not known. Write one of {}.", CLEARANCES.join(", ")),
            );
        }
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        config: ClientCertificatesState,
        _meta: Option<StructEmpty>,
    ) -> Option<ClientCertificatesState> {
        let session = self.session.get(diags)?;
        let client = session.ravendb(diags, KIND)?;
        let asked = until_stopped(async {
            Some(match config.name.as_deref() {
                Value::Value(name) => registration::named(client, name).await,
                _ => registration::list(client).await,
            })
        });
        let asked = asked.await;
        let listed = match asked.or_interrupted(diags)? {
            Ok(listed) => listed,
            Err(problem) => {
                failure::ravendb(diags, "list the registered certificates", &problem);
                return None;
            }
        };
        let filter = Filter::new(&config, session.clock.now());
        let certificates = listed.into_iter().filter(|entry| filter.takes(entry)).map(describe);
        Some(ClientCertificatesState {
            certificates: Value::Value(certificates.collect()),
            ..config
        })
    }
}

struct Filter {
    security_clearance: Option<SecurityClearance>,
    latest_not_after: Option<OffsetDateTime>,
    server_certificates: bool,
}

impl Filter {
    fn new(config: &ClientCertificatesState, now: OffsetDateTime) -> Self {
        let within = config.expiring_within.as_deref().as_option();
        let within = within.and_then(|text| duration::parse(text).ok());
        Self {
            security_clearance: config.security_clearance.clone().as_option(),
            latest_not_after: within.map(|within| now.saturating_add(within.try_into().unwrap_or(time::Duration::MAX))),
            server_certificates: config.include_server_certificate.unwrap_or(false),
        }
    }

    fn takes(&self, entry: &Registered) -> bool {
        (self.server_certificates || !entry.is_server_certificate)
            && self
                .latest_not_after
                .is_none_or(|latest| entry.not_after.is_some_and(|end| end <= latest))
            && (self.security_clearance.as_ref()).is_none_or(|clearance| *clearance == entry.grant.security_clearance)
    }
}

fn describe(entry: Registered) -> ListedCertificate {
    let mut listed = ListedCertificate {
        name: Value::Value(entry.grant.name),
        thumbprint: Value::Value(entry.thumbprint.to_string()),
        security_clearance: Value::Value(entry.grant.security_clearance),
        database_permissions: Value::Value(permissions_state(&entry.grant.database_permissions)),
        disabled: Value::Value(entry.grant.disabled),
        public_key_pin: entry
            .public_key_pin
            .map_or(Value::Null, |pin| Value::Value(pin.to_string())),
        registered_together_with: {
            let secondaries = entry.secondaries.iter();
            Value::Value(
                secondaries
                    .map(|thumbprint| Value::Value(thumbprint.to_string()))
                    .collect(),
            )
        },
        not_after: timestamp::format_option(entry.not_after),
        ..ListedCertificate::default()
    };
    if let Some(certificate) = entry.certificate {
        listed.certificate_pem = Value::Value(certificate.to_pem());
        listed.subject_dn = Value::Value(certificate.subject().to_string());
        listed.issuer_dn = Value::Value(certificate.issuer().to_string());
        listed.not_before = Value::Value(timestamp::format(certificate.validity().not_before));
    }
    listed
}

fn client_certificates() -> Schema {
    use AttributeType::{AttributeList, Bool, String};
    schema(
        "The certificates registered on the RavenDB cluster, sorted by thumbprint. Further certificates of a collection are \
         not listed; its primary certificate is, and names them.",
        [
            (
                "name",
                optional(
                    String,
                    "Only certificates of exactly this name; upper and lower case count.",
                ),
            ),
            (
                "security_clearance",
                optional(
                    String,
                    "Only certificates with this clearance: `ValidUser`, `Operator`, `ClusterAdmin`, `ClusterNode` or \
                     `UnauthenticatedClients`.",
                ),
            ),
            (
                "expiring_within",
                optional(
                    String,
                    "Only certificates that end within this time from now, or have ended: a duration such as `720h`.",
                ),
            ),
            (
                "include_server_certificate",
                optional(
                    Bool,
                    "Whether the certificate of the server itself is listed too. Default `false`.",
                ),
            ),
            (
                "certificates",
                computed(
                    AttributeList(named([
                        ("name", computed(String, "Name of the entry; not unique.")),
                        (
                            "thumbprint",
                            computed(
                                String,
                                "SHA-1 over the DER certificate, 40 upper-case hexadecimal digits.",
                            ),
                        ),
                        ("certificate_pem", computed(String, "The public certificate in PEM.")),
                        ("security_clearance", computed(String, "What the certificate may do.")),
                        (
                            "database_permissions",
                            computed(
                                map_of_strings(),
                                "Access by database name: `Read`, `ReadWrite` or `Admin`.",
                            ),
                        ),
                        ("disabled", computed(Bool, "Whether its logins are refused.")),
                        (
                            "public_key_pin",
                            computed(String, "SHA-256 over the public key (SubjectPublicKeyInfo), in Base64."),
                        ),
                        (
                            "registered_together_with",
                            computed(
                                list_of_strings(),
                                "Thumbprints of the further certificates of the collection that this one is the primary of; \
                                 they have its rights and are removed with it. Usually empty.",
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
                    ])),
                    "What is registered and passes every filter.",
                ),
            ),
        ],
    )
}

const KIND: Kind = Kind {
    type_name: "certward_client_certificates",
    elsewhere: "Redis Enterprise registers no certificates, it knows users by the subject of theirs: use \
                certward_cert_users.",
};
/// RavenDB's `SecurityClearance` (`docs/contracts/ravendb.md#clearances-and-access`).
const CLEARANCES: [&str; 5] = [
    "ValidUser",
    "Operator",
    "ClusterAdmin",
    "ClusterNode",
    "UnauthenticatedClients",
];
