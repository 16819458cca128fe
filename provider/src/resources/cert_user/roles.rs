//! The attributes `role` and `role_ids`, of which one is set.

use std::collections::BTreeSet;

use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use super::model::CertUserState;
use crate::report::diagnostic;
use crate::values::management_role;
use crate::values::uid;

/// The path of `role`.
pub(crate) fn role_path() -> AttributePath {
    AttributePath::new("role")
}

/// The path of `role_ids`.
pub(crate) fn ids_path() -> AttributePath {
    AttributePath::new("role_ids")
}

/// Checks the two attributes, and returns diagnostics.
pub(crate) fn check(config: &CertUserState) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    match (&config.role, &config.role_ids) {
        (Value::Null, Value::Null) => findings.push(diagnostic(
            ids_path(),
            "No role",
            "Nothing says what the user may do. Set role_ids to the ids of roles, such as [certward_redis_role.app.id], \
             or role to a management role, such as \"db_viewer\".",
        )),
        (Value::Value(_), Value::Value(_)) => findings.push(diagnostic(
            ids_path(),
            "Conflicting roles",
            "role and role_ids both say what the user may do. Set one of them.",
        )),
        _ => {}
    }
    if let Value::Value(role) = &config.role {
        findings.extend(management_role::check(role_path(), role));
    }
    findings
}

/// Checks the ids themselves, in plans, like [`uid::check`].
pub(crate) fn check_ids(planned: &CertUserState) -> Vec<Diagnostic> {
    let Value::Value(ids) = &planned.role_ids else {
        return Vec::new();
    };
    if ids.is_empty() {
        return vec![diagnostic(
            ids_path(),
            "No role",
            "role_ids is empty, and a user has at least one role. For a user who may do nothing with the cluster itself, \
             give the id of a role whose management is \"none\".",
        )];
    }
    ids.iter()
        .filter_map(|id| uid::check(ids_path(), "a role", id))
        .collect()
}

/// The ids of a value that is known in all its parts.
pub(crate) fn known_ids(ids: &Value<Vec<Value<String>>>) -> Option<BTreeSet<u64>> {
    let ids = ids.as_ref_option()?;
    ids.iter().map(uid::known).collect()
}

/// The ids as the state has them.
pub(crate) fn to_value(ids: &BTreeSet<u64>) -> Value<Vec<Value<String>>> {
    Value::Value(ids.iter().copied().map(uid::text).collect())
}

/// Plans the two: what the configuration sets is taken, the other follows from it.
pub(crate) fn plan(planned: &mut CertUserState, prior: Option<&CertUserState>) {
    let kept = prior.filter(|prior| match (known_ids(&planned.role_ids), &planned.role) {
        (Some(ids), _) => known_ids(&prior.role_ids) == Some(ids),
        (None, Value::Value(role)) => prior.role == Value::Value(role.clone()),
        (None, _) => false,
    });
    match kept {
        Some(prior) => {
            planned.role = prior.role.clone();
            planned.role_ids = prior.role_ids.clone();
        }
        None if planned.role_ids.is_null() => planned.role_ids = Value::Unknown,
        None if planned.role.is_null() => planned.role = Value::Unknown,
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(role: Value<&str>, ids: Value<&[u64]>) -> CertUserState {
        CertUserState {
            role: role.map(str::to_owned),
            role_ids: ids.map(|ids| ids.iter().copied().map(uid::text).collect()),
            ..CertUserState::default()
        }
    }

    #[test]
    fn exactly_one_is_set() {
        let summaries = |config: &CertUserState| -> Vec<String> {
            check(config)
                .iter()
                .map(|finding| finding.summary.to_string())
                .collect()
        };
        assert_eq!(summaries(&state(Value::Value("admin"), Value::Null)), [""; 0]);
        assert_eq!(summaries(&state(Value::Null, Value::Value(&[2, 3]))), [""; 0]);
        assert_eq!(summaries(&state(Value::Unknown, Value::Null)), [""; 0]);
        assert_eq!(summaries(&state(Value::Null, Value::Null)), ["No role"]);
        assert_eq!(
            &*check_ids(&state(Value::Null, Value::Value(&[])))[0].summary,
            "No role"
        );
        assert_eq!(
            summaries(&state(Value::Value("admin"), Value::Value(&[1]))),
            ["Conflicting roles"]
        );
        assert_eq!(
            &*check_ids(&state(Value::Null, Value::Value(&[0])))[0].summary,
            "Unsuitable id"
        );
        assert_eq!(
            summaries(&state(Value::Value("boss"), Value::Null)),
            ["Unknown management role"]
        );
    }

    #[test]
    fn what_is_not_set_follows_from_what_is() {
        let mut new = state(Value::Value("admin"), Value::Null);
        plan(&mut new, None);
        assert_eq!(new.role_ids, Value::Unknown);
        let prior = state(Value::Value("admin"), Value::Value(&[1, 7]));

        let mut same = state(Value::Null, Value::Value(&[7, 1]));
        plan(&mut same, Some(&prior));
        assert_eq!(same, prior, "the order of a set is no change");

        let mut other = state(Value::Null, Value::Value(&[7]));
        plan(&mut other, Some(&prior));
        assert_eq!(other, state(Value::Unknown, Value::Value(&[7])));

        let mut by_role = state(Value::Value("admin"), Value::Null);
        plan(&mut by_role, Some(&prior));
        assert_eq!(by_role, prior);

        let mut lowered = state(Value::Value("none"), Value::Null);
        plan(&mut lowered, Some(&prior));
        assert_eq!(lowered, state(Value::Value("none"), Value::Unknown));

        let mut unknown = state(Value::Null, Value::Unknown);
        plan(&mut unknown, Some(&prior));
        assert_eq!(unknown, state(Value::Unknown, Value::Unknown));
    }
}
