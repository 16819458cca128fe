//! Checks and plans of changes: pure functions of configuration and prior state.

use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

use super::model::RedisRoleState;
use super::resources;
use crate::values::{management_role, redis_name, set_default};

/// Adds what is wrong with the configuration. Values that are not known yet are left for a later call.
pub(crate) fn validate(diags: &mut Diagnostics, config: &RedisRoleState) {
    if let Value::Value(name) = &config.name {
        diags.errors.extend(redis_name::check_role_or_acl(name));
    }
    if let Value::Value(management) = &config.management {
        let path = AttributePath::new("management");
        diags.errors.extend(management_role::check(path, management));
    }
    if let Value::Value(listed) = &config.resources {
        diags.errors.extend(resources::check(listed, &config.management));
    }
}

/// Plans a role that is not there yet.
pub(crate) fn create(config: RedisRoleState) -> RedisRoleState {
    RedisRoleState {
        id: Value::Unknown,
        ..with_defaults(config)
    }
}

/// Plans a change of a role that is there. Everything changes in place.
pub(crate) fn update(prior: &RedisRoleState, config: RedisRoleState) -> RedisRoleState {
    let mut planned = with_defaults(config);
    planned.id = prior.id.clone();
    // Another order of a list that means a set is no change.
    if let (Some(before), Some(after)) = (resources::known(&prior.resources), resources::known(&planned.resources))
        && before == after
    {
        planned.resources = prior.resources.clone();
    }
    planned
}

fn with_defaults(mut config: RedisRoleState) -> RedisRoleState {
    set_default(&mut config.resources, Vec::new());
    config
}

#[cfg(test)]
mod tests {
    use super::super::model::RoleResource;
    use super::*;

    fn config(management: &str, uids: &[&str]) -> RedisRoleState {
        let resource = RoleResource {
            r#type: Value::Value("db".to_owned()),
            uids: Value::Value(uids.iter().map(|uid| Value::Value((*uid).to_owned())).collect()),
        };
        RedisRoleState {
            name: Value::Value("ops".to_owned()),
            management: Value::Value(management.to_owned()),
            resources: match uids {
                [] => Value::Null,
                _ => Value::Value(vec![Value::Value(resource)]),
            },
            id: Value::Null,
        }
    }

    #[test]
    fn limit_that_is_not_set_is_none() {
        let planned = create(config("none", &[]));
        assert_eq!(
            (&planned.resources, &planned.id),
            (&Value::Value(vec![]), &Value::Unknown)
        );
        let prior = RedisRoleState {
            id: Value::Value("7".to_owned()),
            ..create(config("db_viewer", &["1"]))
        };
        let planned = update(&prior, config("db_viewer", &[]));
        assert_eq!((&planned.resources, &planned.id), (&Value::Value(vec![]), &prior.id));
    }

    #[test]
    fn order_of_uids_is_no_change() {
        let prior = create(config("db_viewer", &["1", "2"]));
        assert_eq!(update(&prior, config("db_viewer", &["2", "1"])), prior);
        assert_ne!(update(&prior, config("db_viewer", &["2"])), prior);
    }

    #[test]
    fn every_attribute_is_checked() {
        let mut diags = Diagnostics::default();
        let mut wrong = config("boss", &["1"]);
        wrong.name = Value::Value("a/b".to_owned());
        validate(&mut diags, &wrong);
        let paths: Vec<String> = diags.errors.iter().map(|error| error.attribute.to_string()).collect();
        assert!(
            paths.contains(&"name".to_owned()) && paths.contains(&"management".to_owned()),
            "{paths:?}"
        );
        assert!(paths.iter().any(|path| path.starts_with("resources")), "{paths:?}");

        let mut diags = Diagnostics::default();
        validate(&mut diags, &config("db_member", &["1"]));
        assert_eq!(diags, Diagnostics::default());
    }
}
