//! The data source `certward_redis_roles`.

use async_trait::async_trait;
use certward::redis_enterprise::Role;
use serde::{Deserialize, Serialize};
use terraform_plugin::Configured;
use tf_provider::schema::{AttributeType, Schema};
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{AttributePath, DataSource, Diagnostics};

use crate::report::failure;
use crate::resources::redis_object::RedisObject;
use crate::resources::redis_role::{RedisRole, RoleResource, resources};
use crate::run::interruption::until_stopped;
use crate::session::{Kind, Session};
use crate::values::management_role;
use crate::values::schema::{computed, named, optional, schema, set_of_strings};

/// `certward_redis_roles`: the roles of the cluster.
pub(crate) struct RedisRoles {
    session: Configured<Session>,
}

/// Filters and answer of `certward_redis_roles`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RedisRolesState {
    pub(crate) name: Value<String>,
    pub(crate) management: Value<String>,
    pub(crate) roles: Value<Vec<ListedRole>>,
}

/// One role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ListedRole {
    pub(crate) id: Value<String>,
    pub(crate) name: Value<String>,
    pub(crate) management: Value<String>,
    pub(crate) resources: Value<Vec<Value<RoleResource>>>,
}

impl RedisRoles {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

#[async_trait]
impl DataSource for RedisRoles {
    type State<'a> = RedisRolesState;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(redis_roles())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: RedisRolesState) -> Option<()> {
        if let Value::Value(management) = &config.management {
            let path = AttributePath::new("management");
            diags.errors.extend(management_role::check(path, management));
        }
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        config: RedisRolesState,
        _meta: Option<StructEmpty>,
    ) -> Option<RedisRolesState> {
        let session = self.session.get(diags)?;
        let client = &session.redis_enterprise(diags, KIND)?.client;
        let asked = until_stopped(async { Some(client.roles().list().await) }).await;
        let mut listed = match asked.or_interrupted(diags)? {
            Ok(listed) => listed,
            Err(problem) => {
                failure::redis_enterprise(diags, "list the roles", &problem);
                return None;
            }
        };
        listed.sort_by_key(|role| role.uid);
        let roles = listed.iter().map(describe).filter(|role| {
            let passes = |filter: &Value<String>, value: &Value<String>| filter.is_null() || filter == value;
            passes(&config.name, &role.name) && passes(&config.management, &role.management)
        });
        Some(RedisRolesState {
            roles: Value::Value(roles.collect()),
            ..config
        })
    }
}

fn describe(role: &Role) -> ListedRole {
    let definition = RedisRole::of_object(role);
    ListedRole {
        id: Value::Value(role.uid.to_string()),
        name: Value::Value(definition.name),
        management: Value::Value(definition.management),
        resources: resources::to_value(&definition.resources),
    }
}

fn redis_roles() -> Schema {
    use AttributeType::{AttributeList, String};
    schema(
        "The roles of the Redis Enterprise cluster, sorted by uid: those that came with it, and those made since.",
        [
            (
                "name",
                optional(
                    String,
                    "Only the role of exactly this name; upper and lower case count.",
                ),
            ),
            (
                "management",
                optional(String, "Only roles with this management role, such as `db_viewer`."),
            ),
            (
                "roles",
                computed(
                    AttributeList(named([
                        ("id", computed(String, "The uid of the role on the cluster.")),
                        ("name", computed(String, "Name of the role; unique.")),
                        (
                            "management",
                            computed(String, "What its users may do with the cluster."),
                        ),
                        (
                            "resources",
                            computed(
                                AttributeList(named([
                                    ("type", computed(String, "What kind of objects: `db`, databases.")),
                                    ("uids", computed(set_of_strings(), "The uids of the objects, as text.")),
                                ])),
                                "What the role is limited to; empty: nothing.",
                            ),
                        ),
                    ])),
                    "The roles that pass every filter.",
                ),
            ),
        ],
    )
}

const KIND: Kind = Kind {
    type_name: "certward_redis_roles",
    elsewhere: "RavenDB has no roles: what a certificate may do stands in certward_client_certificates.",
};
