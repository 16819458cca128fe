//! A user's rights in a database: the ACLs of the user's roles there. The engine adds the commands that it denies to
//! all.

use std::fmt;
use std::sync::Arc;

use crate::database::{Database, RolePermission};
use crate::policy::PubSubDefault;
use crate::redis_acl::RedisAcl;
use crate::state::ClusterState;
use crate::uid::RoleUid;
use crate::user::User;

/// A user with its rights, as Redis knows it. Equal values grant equal rights.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseRights {
    /// The user name in Redis (`ACL WHOAMI`).
    pub name: Arc<str>,
    /// The rules, one by one, as arguments of `ACL SETUSER` after `reset`.
    pub rules: Arc<[String]>,
}

/// A user has no rights in a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoRights {
    /// The user has no role with an ACL in the database.
    #[error("user {user} has no role on database {database}")]
    NoRole {
        /// The user's name.
        user: String,
        /// The database's.
        database: String,
    },
    /// A name that Redis does not accept, or that has another meaning there.
    #[error(
        "the name {user:?} cannot be a user's in a database; it must have no blank, and not be {DEFAULT} or {CONTROL}"
    )]
    Name {
        /// The user's name.
        user: String,
    },
}

/// The rights of `user` in `database`: the union of the ACLs of its roles in the database's `roles_permissions`.
///
/// A single ACL becomes Redis's root permissions of the user. Of several, the first does, and the others become
/// selectors (`ACL SETUSER`, "Selectors", Redis 7.0): a command is allowed if any of them allows it as a whole.
///
/// # Errors
///
/// [`NoRights`].
pub fn rights_in(database: &Database, user: &User, state: &ClusterState) -> Result<DatabaseRights, NoRights> {
    let name = user.name.as_str();
    if name.contains(char::is_whitespace) || name == DEFAULT || name == CONTROL {
        return Err(NoRights::Name { user: name.to_owned() });
    }
    let acls = acls_of(database, user, state);
    let [(_, root), others @ ..] = acls.as_slice() else {
        return Err(NoRights::NoRole {
            user: name.to_owned(),
            database: database.name.to_string(),
        });
    };
    let channels = state.settings().policy.acl_pubsub_default;
    let mut rules = Scopes::of(root).into_rules(channels);
    for (_, other) in others {
        let other = Scopes::of(other);
        rules.push(selector(other.root, channels));
        rules.extend(other.selectors.into_iter().map(|scope| selector(scope, channels)));
    }
    Ok(DatabaseRights {
        name: name.into(),
        rules: rules.into(),
    })
}

/// The rules of Redis's user `default`: everything except the commands that the engine denies to all.
#[must_use]
pub fn default_user_rules() -> Arc<[String]> {
    ["+@all", "~*", "&*"].map(str::to_owned).into()
}

/// The ACLs that a user has in a database, in the database's order. An ACL of several roles is listed once, with the
/// first.
pub fn acls_of<'a>(database: &Database, user: &User, state: &'a ClusterState) -> Vec<(RoleUid, &'a Arc<RedisAcl>)> {
    let mut given: Vec<&RolePermission> = Vec::new();
    for permission in &database.roles_permissions {
        let is_new = || {
            given
                .iter()
                .all(|other| other.redis_acl_uid != permission.redis_acl_uid)
        };
        if user.role_uids.contains(&permission.role_uid) && is_new() {
            given.push(permission);
        }
    }
    let present = given
        .into_iter()
        .filter_map(|permission| Some((permission.role_uid, state.redis_acl(permission.redis_acl_uid)?)));
    present.collect()
}

/// The rules of an ACL, split into root permissions and selectors.
#[derive(Default)]
struct Scopes<'a> {
    root: Vec<&'a str>,
    selectors: Vec<Vec<&'a str>>,
}

impl<'a> Scopes<'a> {
    fn of(acl: &'a RedisAcl) -> Self {
        let mut scopes = Self::default();
        for rule in acl.acl.rules() {
            match rule.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
                Some(inner) => scopes.selectors.push(inner.split_ascii_whitespace().collect()),
                None if rule.eq_ignore_ascii_case("clearselectors") => scopes.selectors.clear(),
                None => scopes.root.push(rule),
            }
        }
        scopes
    }

    fn into_rules(self, channels: PubSubDefault) -> Vec<String> {
        let root = complete(self.root, channels).chain([OWN_NAME]);
        let mut rules: Vec<_> = root.map(str::to_owned).collect();
        rules.extend(self.selectors.into_iter().map(|scope| selector(scope, channels)));
        rules
    }
}

/// A scope's rules, preceded by the default for channels.
fn complete(scope: Vec<&str>, channels: PubSubDefault) -> impl Iterator<Item = &str> {
    let speaks_of_channels = scope.iter().any(|rule| {
        rule.starts_with('&')
            || ["allchannels", "resetchannels"]
                .iter()
                .any(|word| rule.eq_ignore_ascii_case(word))
    });
    let channels = (!speaks_of_channels || channels == PubSubDefault::ResetChannels).then(|| channels.as_str());
    channels.into_iter().chain(scope)
}

fn selector(scope: Vec<&str>, channels: PubSubDefault) -> String {
    let rules: Vec<_> = complete(scope, channels).collect();
    format!("({})", rules.join(" "))
}

impl fmt::Debug for DatabaseRights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseRights")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Redis's user for clients that have not authenticated.
pub const DEFAULT: &str = "default";
/// The server's own user in supervised engines.
pub const CONTROL: &str = "certward";

/// Every user may run `ACL WHOAMI`: it reveals only the user's own name.
const OWN_NAME: &str = "+acl|whoami";

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::redis_acl::RedisAcl;
    use crate::settings::ClusterSettings;
    use crate::state::{Change, ClusterIdentity};
    use crate::uid::{RedisAclUid, UserUid};
    use crate::user::{Authentication, EmailAlerts};

    #[test]
    fn one_acl_is_the_users_own_permissions() {
        let rules = rules_of(&["+@read ~cache:*"], PubSubDefault::ResetChannels);
        assert_eq!(rules, ["resetchannels", "+@read", "~cache:*", OWN_NAME]);
    }

    #[test]
    fn several_acls_are_a_union_of_selectors() {
        let rules = rules_of(&["+get ~a", "+set ~b (+del ~c)"], PubSubDefault::ResetChannels);
        let selectors: Vec<_> = rules.iter().filter(|rule| rule.starts_with('(')).collect();
        assert_eq!(selectors, ["(resetchannels +set ~b)", "(resetchannels +del ~c)"]);
        assert_eq!(rules[..3], ["resetchannels", "+get", "~a"]);
    }

    #[test]
    fn selectors_that_an_acl_clears_are_gone_in_a_union_too() {
        let rules = rules_of(
            &["+get ~a", "(+@all ~*) clearselectors (+set ~b)"],
            PubSubDefault::ResetChannels,
        );
        assert!(rules.iter().all(|rule| !rule.contains("+@all")), "{rules:?}");
        assert_eq!(rules.iter().filter(|rule| rule.contains("+set")).count(), 1);
    }

    #[test]
    fn the_clusters_policy_says_what_an_acl_leaves_open_about_channels() {
        let first = |acl: &str, policy| rules_of(&[acl], policy)[0].clone();
        assert_eq!(first("+@all ~*", PubSubDefault::AllChannels), "allchannels");
        assert_eq!(first("+@all ~*", PubSubDefault::ResetChannels), "resetchannels");
        assert_eq!(first("+@all &news", PubSubDefault::AllChannels), "+@all");
        assert_eq!(first("+@all resetchannels", PubSubDefault::AllChannels), "+@all");
        assert_eq!(first("+@all &news", PubSubDefault::ResetChannels), "resetchannels");
    }

    #[test]
    fn a_user_without_a_role_there_has_no_rights() {
        let (state, database) = cluster(&["+@all ~*"], PubSubDefault::AllChannels);
        let refused = rights_in(&database, &user("alice", &[7]), &state).unwrap_err();
        assert_eq!(refused.to_string(), "user alice has no role on database cache");
    }

    #[test]
    fn names_that_mean_somebody_else_to_redis_are_refused() {
        let (state, database) = cluster(&["+@all ~*"], PubSubDefault::AllChannels);
        for name in ["default", "certward", "alice smith"] {
            let refused = rights_in(&database, &user(name, &[1]), &state);
            assert!(matches!(refused, Err(NoRights::Name { .. })), "{name}");
        }
        assert!(rights_in(&database, &user("Default", &[1]), &state).is_ok());
    }

    /// The rules of a user with one role for each of the ACLs.
    fn rules_of(acls: &[&str], channels: PubSubDefault) -> Vec<String> {
        let (state, database) = cluster(acls, channels);
        let roles: Vec<_> = database
            .roles_permissions
            .iter()
            .map(|permission| permission.role_uid.get())
            .collect();
        let rights = rights_in(&database, &user("alice", &roles), &state).unwrap();
        assert_eq!(&*rights.name, "alice");
        rights.rules.to_vec()
    }

    fn cluster(acls: &[&str], channels: PubSubDefault) -> (ClusterState, Database) {
        let now = datetime!(2026-11-22 12:00 UTC);
        let mut state = ClusterState::fresh(ClusterIdentity {
            name: "test".to_owned(),
            created_at: now,
        });
        let mut settings = ClusterSettings::default();
        settings.policy.acl_pubsub_default = channels;
        state.apply_one(&Change::PutSettings(Arc::new(settings)));
        let mut roles_permissions = Vec::new();
        for (number, acl) in (1..).zip(acls) {
            let redis_acl_uid = RedisAclUid::new(100 + number).unwrap();
            state.apply_one(&Change::PutRedisAcl(Arc::new(RedisAcl {
                uid: redis_acl_uid,
                name: format!("acl-{number}").parse().unwrap(),
                acl: acl.parse().unwrap(),
            })));
            roles_permissions.push(RolePermission {
                role_uid: RoleUid::new(number).unwrap(),
                redis_acl_uid,
            });
        }
        let database = Database {
            roles_permissions,
            ..Database::sample()
        };
        (state, database)
    }

    fn user(name: &str, roles: &[u32]) -> User {
        User {
            uid: UserUid::new(1).unwrap(),
            name: name.parse().unwrap(),
            email: None,
            authentication: Authentication::Certificate {
                subject: "CN=alice".parse().unwrap(),
            },
            credentials_revision: 1,
            role_uids: roles.iter().map(|uid| RoleUid::new(*uid).unwrap()).collect(),
            alerts: EmailAlerts::default(),
        }
    }
}
