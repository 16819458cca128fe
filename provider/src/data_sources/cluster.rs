//! The data source `certward_cluster`.

use async_trait::async_trait;
use certward::redis_enterprise::{AuthorizedSubject, Cluster as ClusterSettings, TlsVersion};
use serde::{Deserialize, Serialize};
use terraform_plugin::Configured;
use tf_provider::schema::{Attribute, AttributeConstraint, AttributeType, Schema};
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{DataSource, Diagnostics};

use crate::report::failure;
use crate::resources::cluster_mtls_settings::AuthorizedSubjectState;
use crate::resources::cluster_mtls_settings::authorized_subjects::authorized_subject;
use crate::run::interruption::until_stopped;
use crate::session::{Kind, Session};
use crate::values::schema::{computed, schema};
use crate::values::timestamp;

/// `certward_cluster`: how the Redis Enterprise cluster lets people and services in.
pub(crate) struct Cluster {
    session: Configured<Session>,
}

/// The state of `certward_cluster`; the schema describes each attribute.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClusterState {
    pub(crate) name: Value<String>,
    pub(crate) created_time: Value<String>,
    pub(crate) certificate_authentication_enabled: Value<bool>,
    pub(crate) subject_validation_type: Value<String>,
    pub(crate) authorized_subjects: Value<Vec<Value<AuthorizedSubjectState>>>,
    pub(crate) basic_authentication_enabled: Value<bool>,
    pub(crate) min_control_tls_version: Value<String>,
    pub(crate) min_data_tls_version: Value<String>,
    pub(crate) min_sentinel_tls_version: Value<String>,
    pub(crate) password_complexity: Value<bool>,
    pub(crate) password_min_length: Value<i64>,
    pub(crate) password_expiration_duration: Value<i64>,
}

impl Cluster {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

#[async_trait]
impl DataSource for Cluster {
    type State<'a> = ClusterState;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(cluster())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        _config: ClusterState,
        _meta: Option<StructEmpty>,
    ) -> Option<ClusterState> {
        let session = self.session.get(diags)?;
        let redis = session.redis_enterprise(diags, KIND)?;
        let asked = until_stopped(async { Some(redis.client.cluster().get().await) }).await;
        match asked.or_interrupted(diags)? {
            Ok(cluster) => Some(describe(cluster)),
            Err(problem) => {
                failure::redis_enterprise(diags, "read the cluster's settings", &problem);
                None
            }
        }
    }
}

fn describe(cluster: ClusterSettings) -> ClusterState {
    fn known<T>(value: Option<T>) -> Value<T> {
        value.map_or(Value::Null, Value::Value)
    }
    let subject = |subject: &AuthorizedSubject| Value::Value(AuthorizedSubjectState::from(subject));
    let version = |version: Option<TlsVersion>| known(version.map(|version| version.to_string()));
    ClusterState {
        name: Value::Value(cluster.name),
        created_time: known(cluster.created_time.map(timestamp::format)),
        certificate_authentication_enabled: Value::Value(cluster.mtls_certificate_authentication.unwrap_or(false)),
        subject_validation_type: known(
            cluster
                .mtls_client_cert_subject_validation_type
                .map(|validation| validation.to_string()),
        ),
        authorized_subjects: Value::Value(cluster.mtls_authorized_subjects.iter().map(subject).collect()),
        basic_authentication_enabled: Value::Value(cluster.control_plane_basic_authentication.unwrap_or(true)),
        min_control_tls_version: version(cluster.min_control_tls_version),
        min_data_tls_version: version(cluster.min_data_tls_version),
        min_sentinel_tls_version: version(cluster.min_sentinel_tls_version),
        password_complexity: known(cluster.password_complexity),
        password_min_length: known(cluster.password_min_length.map(i64::from)),
        password_expiration_duration: known(cluster.password_expiration_duration.map(i64::from)),
    }
}

fn cluster() -> Schema {
    use AttributeType::{AttributeList, Bool, Number, String};
    let subject = authorized_subject().into_iter().map(|(name, attribute)| {
        let attribute = Attribute {
            constraint: AttributeConstraint::Computed,
            ..attribute
        };
        (name, attribute)
    });
    schema(
        "How the Redis Enterprise cluster lets people and services in.",
        [
            ("name", computed(String, "Name of the cluster, a DNS name.")),
            (
                "created_time",
                computed(String, "When the cluster was made, RFC 3339 in UTC."),
            ),
            (
                "certificate_authentication_enabled",
                computed(Bool, "Whether clients may log in with a certificate."),
            ),
            (
                "subject_validation_type",
                computed(
                    String,
                    "Which certificates of trusted authorities are let through: `disabled`, `san_cn` or `full_subject`.",
                ),
            ),
            (
                "authorized_subjects",
                computed(
                    AttributeList(subject.collect()),
                    "The subjects that `san_cn` and `full_subject` let through.",
                ),
            ),
            (
                "basic_authentication_enabled",
                computed(
                    Bool,
                    "Whether clients may log in with a password; `true` for versions before 8.2, which have no such \
                     setting.",
                ),
            ),
            (
                "min_control_tls_version",
                computed(String, "Lowest version of TLS on the API: `1.2` or `1.3`."),
            ),
            (
                "min_data_tls_version",
                computed(String, "Lowest version of TLS on databases: `1.2` or `1.3`."),
            ),
            (
                "min_sentinel_tls_version",
                computed(
                    String,
                    "Lowest version of TLS on the discovery service: `1.2` or `1.3`.",
                ),
            ),
            (
                "password_complexity",
                computed(Bool, "Whether passwords must be complex."),
            ),
            (
                "password_min_length",
                computed(Number, "How many characters a password has at least."),
            ),
            (
                "password_expiration_duration",
                computed(Number, "After how many days a password expires; 0 is never."),
            ),
        ],
    )
}

const KIND: Kind = Kind {
    type_name: "certward_cluster",
    elsewhere: "RavenDB has no such settings on its API; whom it lets in, certward_client_certificates lists.",
};
