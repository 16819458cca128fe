//! The attribute `resources`: what a role is limited to.

use std::collections::{BTreeMap, BTreeSet};

use certward::redis_enterprise;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use super::model::RoleResource;
use crate::report::diagnostic;
use crate::values::uid;

/// Uids by type. Neither the order of elements nor that of uids means anything.
pub(crate) type Resources = BTreeMap<String, BTreeSet<String>>;

/// The path of the attribute.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("resources")
}

/// Checks the value as far as it is known, and returns diagnostics.
pub(crate) fn check(resources: &[Value<RoleResource>], management: &Value<String>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (index, resource) in resources.iter().enumerate() {
        let Value::Value(resource) = resource else { continue };
        // Terraform shows the line of an element, but of nothing inside it.
        let element = || path().index(index as i64);
        if let Value::Value(resource_type) = &resource.r#type
            && resource_type != DATABASE
        {
            findings.push(diagnostic(
                element(),
                "Unknown type of resource",
                format!("The type \"{resource_type}\" is not known. A role can be limited to databases: write \"{DATABASE}\"."),
            ));
        }
    }
    if let Value::Value(management) = management
        && !resources.is_empty()
        && !LIMITED.contains(&management.as_str())
    {
        findings.push(diagnostic(
            path(),
            "Limit without effect",
            format!(
                "The management role {management} is not about single databases; resources limit \"db_member\" and \
                 \"db_viewer\" only. Remove resources, or use one of those two."
            ),
        ));
    }
    findings
}

/// Checks the uids themselves, in plans, like [`uid::check`].
pub(crate) fn check_uids(resources: &Value<Vec<Value<RoleResource>>>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (index, resource) in resources.as_ref_option().into_iter().flatten().enumerate() {
        let Some(Value::Value(uids)) = resource.as_ref_option().map(|resource| &resource.uids) else {
            continue;
        };
        let element = || path().index(index as i64);
        findings.extend(uids.iter().find_map(|uid| uid::check(element(), "a database", uid)));
        if uids.is_empty() {
            findings.push(diagnostic(
                element(),
                "No uid",
                "uids is empty. Name the databases, or leave resources away: then the role is for all of them.",
            ));
        }
    }
    findings
}

/// The value in a form to compare; `None` when something of it is not known yet.
pub(crate) fn known(value: &Value<Vec<Value<RoleResource>>>) -> Option<Resources> {
    let mut resources = Resources::new();
    for resource in value.as_ref_option()? {
        let resource = resource.as_ref_option()?;
        let uids = resource.uids.as_ref_option()?.iter();
        let uids: Option<BTreeSet<String>> = uids.map(|uid| uid.as_ref_option().cloned()).collect();
        let known = resources.entry(resource.r#type.as_ref_option()?.clone()).or_default();
        known.extend(uids?);
    }
    Some(resources)
}

/// Reads the cluster's answer.
pub(crate) fn of_cluster(resources: &[redis_enterprise::RoleResource]) -> Resources {
    let mut known = Resources::new();
    for resource in resources {
        let uids = known.entry(resource.resource_type.to_string()).or_default();
        uids.extend(resource.uids.iter().cloned());
    }
    // An element without uids limits nothing, as no element does (`docs/contracts/redis-enterprise.md#roles`).
    known.retain(|_, uids| !uids.is_empty());
    known
}

/// The same for a request. Only databases can be asked for.
pub(crate) fn to_cluster(resources: &Resources) -> Vec<redis_enterprise::RoleResource> {
    let of_databases = resources.iter().filter(|(resource_type, _)| *resource_type == DATABASE);
    of_databases
        .map(|(_, uids)| redis_enterprise::RoleResource::databases(uids))
        .collect()
}

/// The value as the state has it.
pub(crate) fn to_value(resources: &Resources) -> Value<Vec<Value<RoleResource>>> {
    let elements = resources.iter().map(|(resource_type, uids)| {
        Value::Value(RoleResource {
            r#type: Value::Value(resource_type.clone()),
            uids: Value::Value(uids.iter().cloned().map(Value::Value).collect()),
        })
    });
    Value::Value(elements.collect())
}

/// The one type of `docs/contracts/redis-enterprise.md#roles`.
const DATABASE: &str = "db";
/// The management roles that can be limited (`docs/contracts/redis-enterprise.md#roles`).
const LIMITED: [&str; 2] = ["db_member", "db_viewer"];

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(resource_type: &str, uids: &[&str]) -> RoleResource {
        RoleResource {
            r#type: Value::Value(resource_type.to_owned()),
            uids: Value::Value(uids.iter().map(|uid| Value::Value((*uid).to_owned())).collect()),
        }
    }

    #[test]
    fn order_and_division_mean_nothing() {
        let one = Value::Value(vec![Value::Value(resource("db", &["1", "2"]))]);
        let other = Value::Value(vec![
            Value::Value(resource("db", &["2"])),
            Value::Value(resource("db", &["1", "2"])),
        ]);
        assert_eq!(known(&one), known(&other));
        let there = of_cluster(&to_cluster(&known(&other).unwrap()));
        assert_eq!(to_value(&there), one);
        assert_eq!(
            of_cluster(&[redis_enterprise::RoleResource::databases([0u8; 0])]),
            Resources::new()
        );
    }

    #[test]
    fn unknown_part_is_not_compared() {
        let mut part = resource("db", &["1"]);
        part.uids = Value::Value(vec![Value::Unknown]);
        assert_eq!(known(&Value::Value(vec![Value::Value(part.clone())])), None);
        assert_eq!(check(&[Value::Value(part), Value::Unknown], &Value::Unknown), []);
    }

    #[test]
    fn wrong_limits_are_refused_on_their_attribute() {
        let member = Value::Value("db_member".to_owned());
        assert_eq!(check(&[Value::Value(resource("db", &["1", "20"]))], &member), []);
        for (resources, management, summary, attribute) in [
            (
                resource("node", &["1"]),
                "db_member",
                "Unknown type of resource",
                path().index(0),
            ),
            (resource("db", &["1"]), "admin", "Limit without effect", path()),
        ] {
            let findings = check(&[Value::Value(resources)], &Value::Value(management.to_owned()));
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!((&*findings[0].summary, &findings[0].attribute), (summary, &attribute));
        }
        for (uids, summary) in [
            (&["orders"][..], "Unsuitable id"),
            (&["0"], "Unsuitable id"),
            (&[], "No uid"),
        ] {
            let findings = check_uids(&Value::Value(vec![Value::Value(resource("db", uids))]));
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(
                (&*findings[0].summary, &findings[0].attribute),
                (summary, &path().index(0))
            );
        }
    }
}
