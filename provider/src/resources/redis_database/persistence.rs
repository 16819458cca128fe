//! The attributes `data_persistence`, `aof_policy` and `snapshot_policy`, which belong together.

use std::collections::BTreeSet;

use certward::redis_enterprise::SnapshotPolicy;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use super::model::{RedisDatabaseState, SnapshotPolicyState};
use crate::report::diagnostic;

/// Without order and repetition, which mean nothing.
pub(crate) type SnapshotPolicies = BTreeSet<SnapshotPolicy>;

/// Checks the three attributes as far as they are known, and returns diagnostics.
pub(crate) fn check(config: &RedisDatabaseState) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let persistence = config.data_persistence.as_deref_option();
    // Without a word on persistence there is none.
    let persistence = if config.data_persistence.is_null() {
        Some(DISABLED)
    } else {
        persistence
    };
    if let Value::Value(policy) = &config.aof_policy
        && let Some(other) = persistence.filter(|persistence| *persistence != AOF)
    {
        findings.push(diagnostic(
            AttributePath::new("aof_policy"),
            "Setting without effect",
            format!(
                "aof_policy {policy:?} is about data_persistence = \"aof\", and it is {other:?} here. Remove aof_policy, \
                 or write data_persistence = \"aof\"."
            ),
        ));
    }
    match (&config.snapshot_policy, persistence) {
        (Value::Value(policies), Some(SNAPSHOT)) if policies.is_empty() => findings.push(no_policy()),
        (Value::Null, Some(SNAPSHOT)) => findings.push(no_policy()),
        (Value::Value(_), Some(other)) if other != SNAPSHOT => findings.push(diagnostic(
            path(),
            "Setting without effect",
            format!(
                "snapshot_policy is about data_persistence = \"snapshot\", and it is {other:?} here. Remove \
                 snapshot_policy, or write data_persistence = \"snapshot\"."
            ),
        )),
        _ => {}
    }
    let policies = config.snapshot_policy.as_ref_option().into_iter().flatten();
    for policy in policies.filter_map(Value::as_ref_option) {
        let values = [&policy.seconds, &policy.writes];
        if let Some(wrong) = values
            .into_iter()
            .filter_map(Value::as_ref_option)
            .find(|value| **value < 1)
        {
            findings.push(diagnostic(
                path(),
                "Unsuitable snapshot policy",
                format!("{wrong} is too small: seconds and writes are whole numbers from 1."),
            ));
        }
    }
    findings
}

/// Fills in the `aof_policy` that is not set: it is there with `aof` only.
pub(crate) fn plan(planned: &mut RedisDatabaseState) {
    if planned.aof_policy.is_null() {
        planned.aof_policy = match planned.data_persistence.as_deref_option() {
            Some(AOF) => Value::Value(EVERY_SECOND.to_owned()),
            Some(_) => Value::Null,
            None => Value::Unknown,
        };
    }
}

/// The policies in a form to compare; `None` when there are none, or something of them is not known yet.
pub(crate) fn known(value: &Value<Vec<Value<SnapshotPolicyState>>>) -> Option<SnapshotPolicies> {
    let policies = value.as_ref_option()?.iter();
    policies
        .map(|policy| {
            let policy = policy.as_ref_option()?;
            let number = |number: &Value<i64>| u64::try_from(*number.as_ref_option()?).ok();
            Some(SnapshotPolicy::new(number(&policy.seconds)?, number(&policy.writes)?))
        })
        .collect()
}

/// The policies as the state has them.
pub(crate) fn to_value(policies: &SnapshotPolicies) -> Value<Vec<Value<SnapshotPolicyState>>> {
    let number = |number: u64| i64::try_from(number).map_or(Value::Null, Value::Value);
    let policies = policies.iter().map(|policy| {
        Value::Value(SnapshotPolicyState {
            seconds: number(policy.secs),
            writes: number(policy.writes),
        })
    });
    Value::Value(policies.collect())
}

fn no_policy() -> Diagnostic {
    diagnostic(
        path(),
        "No snapshot policy",
        "data_persistence = \"snapshot\" needs to know when. Write for instance snapshot_policy = [{ seconds = 3600, \
         writes = 1 }].",
    )
}

fn path() -> AttributePath {
    AttributePath::new("snapshot_policy")
}

pub(crate) const DISABLED: &str = "disabled";
pub(crate) const SNAPSHOT: &str = "snapshot";
pub(crate) const AOF: &str = "aof";
/// The cluster's default of `aof_policy`.
const EVERY_SECOND: &str = "appendfsync-every-sec";

#[cfg(test)]
mod tests {
    use super::*;

    fn config(persistence: Option<&str>, aof: Option<&str>, snapshot: Option<(i64, i64)>) -> RedisDatabaseState {
        let text = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Value(text.to_owned()));
        let policy = |(seconds, writes)| {
            Value::Value(vec![Value::Value(SnapshotPolicyState {
                seconds: Value::Value(seconds),
                writes: Value::Value(writes),
            })])
        };
        RedisDatabaseState {
            data_persistence: text(persistence),
            aof_policy: text(aof),
            snapshot_policy: snapshot.map_or(Value::Null, policy),
            ..RedisDatabaseState::default()
        }
    }

    #[test]
    fn policies_go_with_their_persistence() {
        for (persistence, aof, snapshot) in [
            (None, None, None),
            (Some("disabled"), None, None),
            (Some("aof"), None, None),
            (Some("aof"), Some("appendfsync-always"), None),
            (Some("snapshot"), None, Some((3600, 1))),
        ] {
            assert_eq!(check(&config(persistence, aof, snapshot)), [], "{persistence:?}");
        }
        for (persistence, aof, snapshot, summary, attribute) in [
            (
                None,
                Some("appendfsync-always"),
                None,
                "Setting without effect",
                "aof_policy",
            ),
            (Some("snapshot"), None, None, "No snapshot policy", "snapshot_policy"),
            (
                Some("aof"),
                None,
                Some((60, 1)),
                "Setting without effect",
                "snapshot_policy",
            ),
            (
                Some("snapshot"),
                None,
                Some((0, 1)),
                "Unsuitable snapshot policy",
                "snapshot_policy",
            ),
        ] {
            let findings = check(&config(persistence, aof, snapshot));
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(
                (&*findings[0].summary, findings[0].attribute.to_string().as_str()),
                (summary, attribute)
            );
        }
        let mut unknown = config(None, Some("appendfsync-always"), None);
        unknown.data_persistence = Value::Unknown;
        assert_eq!(check(&unknown), []);
    }

    #[test]
    fn aof_policy_that_is_not_set_is_every_second_with_aof_and_none_without() {
        for (persistence, expected) in [
            ("aof", Value::Value(EVERY_SECOND.to_owned())),
            ("disabled", Value::Null),
            ("snapshot", Value::Null),
        ] {
            let mut planned = config(Some(persistence), None, None);
            plan(&mut planned);
            assert_eq!(planned.aof_policy, expected, "{persistence}");
        }
    }
}
