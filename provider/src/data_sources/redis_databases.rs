//! The data source `certward_redis_databases`.

use async_trait::async_trait;
use certward::redis_enterprise::{ClientAuthentication, Database};
use serde::{Deserialize, Serialize};
use terraform_plugin::Configured;
use tf_provider::schema::{AttributeType, Schema};
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{DataSource, Diagnostics};

use crate::report::failure;
use crate::resources::redis_database::endpoint;
use crate::run::interruption::until_stopped;
use crate::session::{Kind, Session};
use crate::values::schema::{computed, named, optional, schema};

/// `certward_redis_databases`: the databases of the cluster.
pub(crate) struct RedisDatabases {
    session: Configured<Session>,
}

/// Filter and answer of `certward_redis_databases`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RedisDatabasesState {
    pub(crate) name: Value<String>,
    pub(crate) databases: Value<Vec<ListedDatabase>>,
}

/// One database.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ListedDatabase {
    pub(crate) id: Value<String>,
    pub(crate) name: Value<String>,
    pub(crate) status: Value<String>,
    pub(crate) endpoint: Value<String>,
    pub(crate) port: Value<i64>,
    pub(crate) memory_size: Value<i64>,
    pub(crate) data_persistence: Value<String>,
    pub(crate) tls_mode: Value<String>,
    pub(crate) client_authentication_enforced: Value<bool>,
    pub(crate) default_user_enabled: Value<bool>,
}

impl RedisDatabases {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

#[async_trait]
impl DataSource for RedisDatabases {
    type State<'a> = RedisDatabasesState;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(redis_databases())
    }

    async fn validate<'a>(&self, _diags: &mut Diagnostics, _config: RedisDatabasesState) -> Option<()> {
        Some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        config: RedisDatabasesState,
        _meta: Option<StructEmpty>,
    ) -> Option<RedisDatabasesState> {
        let session = self.session.get(diags)?;
        let client = &session.redis_enterprise(diags, KIND)?.client;
        let asked = until_stopped(async { Some(client.databases().list().await) }).await;
        let mut listed = match asked.or_interrupted(diags)? {
            Ok(listed) => listed,
            Err(problem) => {
                failure::redis_enterprise(diags, "list the databases", &problem);
                return None;
            }
        };
        listed.sort_by_key(|database| database.uid);
        let databases = listed
            .iter()
            .map(describe)
            .filter(|database| config.name.is_null() || config.name == database.name);
        Some(RedisDatabasesState {
            databases: Value::Value(databases.collect()),
            ..config
        })
    }
}

fn describe(database: &Database) -> ListedDatabase {
    fn word(word: Option<&impl ToString>) -> Value<String> {
        word.map_or(Value::Null, |word| Value::Value(word.to_string()))
    }
    let number = |number: Option<u64>| number.and_then(|number| i64::try_from(number).ok());
    let enforced = database.enforce_client_authentication.as_ref();
    ListedDatabase {
        id: Value::Value(database.uid.to_string()),
        name: Value::Value(database.name.clone()),
        status: word(database.status.as_ref()),
        endpoint: word(endpoint(database).as_ref()),
        port: number(database.client_port().map(u64::from)).map_or(Value::Null, Value::Value),
        memory_size: number(database.memory_size).map_or(Value::Null, Value::Value),
        data_persistence: word(database.data_persistence.as_ref()),
        tls_mode: word(database.tls_mode.as_ref()),
        client_authentication_enforced: Value::Value(enforced == Some(&ClientAuthentication::Enabled)),
        default_user_enabled: database.default_user.map_or(Value::Null, Value::Value),
    }
}

fn redis_databases() -> Schema {
    use AttributeType::{AttributeList, Bool, Number, String};
    schema(
        "The Redis databases of the Redis Enterprise cluster, sorted by uid.",
        [
            (
                "name",
                optional(
                    String,
                    "Only the database of exactly this name; upper and lower case count.",
                ),
            ),
            (
                "databases",
                computed(
                    AttributeList(named([
                        ("id", computed(String, "The uid of the database on the cluster.")),
                        ("name", computed(String, "Name of the database.")),
                        (
                            "status",
                            computed(String, "Whether it can be used: `active`, or why not."),
                        ),
                        (
                            "endpoint",
                            computed(
                                String,
                                "Where clients connect, such as `redis-12000.cluster.example:12000`.",
                            ),
                        ),
                        ("port", computed(Number, "The port that clients connect to.")),
                        (
                            "memory_size",
                            computed(Number, "How many octets its data may take; 0 for no limit."),
                        ),
                        (
                            "data_persistence",
                            computed(
                                String,
                                "What of its data is on the disk: `disabled`, `snapshot` or `aof`.",
                            ),
                        ),
                        (
                            "tls_mode",
                            computed(
                                String,
                                "Whether clients speak TLS: `enabled`, `disabled` or `replica_ssl`.",
                            ),
                        ),
                        (
                            "client_authentication_enforced",
                            computed(Bool, "Whether a client must show a certificate."),
                        ),
                        (
                            "default_user_enabled",
                            computed(Bool, "Whether Redis's user `default` may connect."),
                        ),
                    ])),
                    "The databases that pass the filter.",
                ),
            ),
        ],
    )
}

const KIND: Kind = Kind {
    type_name: "certward_redis_databases",
    elsewhere: "RavenDB has databases of another kind; which of them a certificate may use stands in \
                certward_client_certificates.",
};
