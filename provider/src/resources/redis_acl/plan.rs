//! Checks and plans of changes: pure functions of configuration and prior state.

use tf_provider::Diagnostics;
use tf_provider::value::Value;

use super::model::RedisAclState;
use super::rules;
use crate::values::redis_name;

/// Adds what is wrong with the configuration. Values that are not known yet are left for a later call.
pub(crate) fn validate(diags: &mut Diagnostics, config: &RedisAclState) {
    if let Value::Value(name) = &config.name {
        diags.errors.extend(redis_name::check_role_or_acl(name));
    }
    if let Value::Value(acl) = &config.acl {
        diags.errors.extend(rules::check(acl));
    }
}

/// Plans an ACL that is not there yet.
pub(crate) fn create(config: RedisAclState) -> RedisAclState {
    RedisAclState {
        id: Value::Unknown,
        min_version: Value::Unknown,
        max_version: Value::Unknown,
        ..config
    }
}

/// Plans a change of an ACL that is there. Everything changes in place.
pub(crate) fn update(prior: &RedisAclState, config: RedisAclState) -> RedisAclState {
    let same_rules = match (&prior.acl, &config.acl) {
        (Value::Value(before), Value::Value(after)) => rules::same(before, after),
        _ => false,
    };
    let described = if same_rules {
        prior.clone()
    } else {
        // Which versions know the rules follows from them.
        create(config.clone())
    };
    RedisAclState {
        name: config.name,
        id: prior.id.clone(),
        acl: if same_rules { prior.acl.clone() } else { config.acl },
        ..described
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value<String> {
        Value::Value(text.to_owned())
    }

    fn prior() -> RedisAclState {
        RedisAclState {
            name: text("reader"),
            acl: text("+@read  ~*"),
            id: text("7"),
            min_version: text("6.0"),
            max_version: text("9999"),
        }
    }

    fn config(name: &str, acl: &str) -> RedisAclState {
        RedisAclState {
            name: text(name),
            acl: text(acl),
            ..RedisAclState::default()
        }
    }

    #[test]
    fn blanks_between_rules_are_no_change() {
        assert_eq!(update(&prior(), config("reader", "+@read ~*")), prior());
    }

    #[test]
    fn new_rules_have_new_versions() {
        let planned = update(&prior(), config("reader", "+@read %R~*"));
        assert_eq!((planned.min_version, planned.id), (Value::Unknown, text("7")));
        let renamed = update(&prior(), config("readers", "+@read ~*"));
        assert_eq!(
            renamed,
            RedisAclState {
                name: text("readers"),
                ..prior()
            }
        );
    }

    #[test]
    fn name_and_rules_are_checked() {
        let mut diags = Diagnostics::default();
        validate(&mut diags, &config("a/b", ">x"));
        let paths: Vec<String> = diags.errors.iter().map(|error| error.attribute.to_string()).collect();
        assert_eq!(paths, ["name", "acl"]);
    }
}
