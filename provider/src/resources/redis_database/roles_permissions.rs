//! The attribute `roles_permissions`: what the users of roles may do.

use std::collections::{BTreeMap, BTreeSet};

use certward::redis_enterprise::RolePermission;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use super::model::RolePermissionState;
use crate::report::diagnostic;
use crate::values::uid;

/// Without order and repetition, which mean nothing.
pub(crate) type RolesPermissions = BTreeSet<RolePermission>;

/// Checks the value as far as it is known, and returns diagnostics.
pub(crate) fn check(permissions: &[Value<RolePermissionState>]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut acls: BTreeMap<&str, &str> = BTreeMap::new();
    for permission in permissions.iter().filter_map(Value::as_ref_option) {
        let (role, acl) = (&permission.role_id, &permission.redis_acl_id);
        if let (Value::Value(role), Value::Value(acl)) = (role, acl)
            && let Some(other) = acls.insert(role, acl)
            && other != acl
        {
            findings.push(diagnostic(
                path(),
                "Role listed twice",
                format!(
                    "The role {role} has the ACL {other} and the ACL {acl}; a role has one ACL in a database. Make one \
                     ACL that says both, or give the users two roles."
                ),
            ));
        }
    }
    findings
}

/// Checks the ids themselves, and returns diagnostics.
pub(crate) fn check_ids(permissions: &Value<Vec<Value<RolePermissionState>>>) -> Vec<Diagnostic> {
    let permissions = permissions.as_ref_option().into_iter().flatten();
    let ids = permissions
        .filter_map(Value::as_ref_option)
        .flat_map(|permission| [("a role", &permission.role_id), ("an ACL", &permission.redis_acl_id)]);
    ids.filter_map(|(noun, id)| uid::check(path(), noun, id)).collect()
}

/// Turns a value of schema version 0 into one of today.
pub(crate) fn upgrade(permissions: &mut serde_json::Value) {
    let permissions = permissions.as_array_mut().into_iter().flatten();
    for permission in permissions {
        for attribute in ["role_id", "redis_acl_id"] {
            if let Some(id) = permission.get_mut(attribute) {
                uid::upgrade(id);
            }
        }
    }
}

/// The value in a form to compare; `None` when something of it is not known yet.
pub(crate) fn known(value: &Value<Vec<Value<RolePermissionState>>>) -> Option<RolesPermissions> {
    let permissions = value.as_ref_option()?.iter();
    permissions
        .map(|permission| {
            let permission = permission.as_ref_option()?;
            let (role, acl) = (uid::known(&permission.role_id)?, uid::known(&permission.redis_acl_id)?);
            Some(RolePermission::new(role.into(), acl.into()))
        })
        .collect()
}

/// The value as the state has it.
pub(crate) fn to_value(permissions: &RolesPermissions) -> Value<Vec<Value<RolePermissionState>>> {
    let permissions = permissions.iter().map(|permission| {
        Value::Value(RolePermissionState {
            role_id: uid::text(permission.role_uid.get()),
            redis_acl_id: uid::text(permission.redis_acl_uid.get()),
        })
    });
    Value::Value(permissions.collect())
}

fn path() -> AttributePath {
    AttributePath::new("roles_permissions")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(role: u64, acl: Value<u64>) -> Value<RolePermissionState> {
        Value::Value(RolePermissionState {
            role_id: uid::text(role),
            redis_acl_id: acl.map(|acl| acl.to_string()),
        })
    }

    #[test]
    fn order_means_nothing() {
        let one = vec![permission(2, Value::Value(3)), permission(1, Value::Value(4))];
        let other = vec![permission(1, Value::Value(4)), permission(2, Value::Value(3))];
        let permissions = known(&Value::Value(one)).unwrap();
        assert_eq!(known(&Value::Value(other.clone())), Some(permissions.clone()));
        assert_eq!(to_value(&permissions), Value::Value(other));
        assert_eq!(known(&Value::Value(vec![permission(1, Value::Unknown)])), None);
    }

    #[test]
    fn a_role_has_one_acl() {
        let twice = [permission(2, Value::Value(3)), permission(2, Value::Value(4))];
        let findings = check(&twice);
        assert_eq!(&*findings[0].summary, "Role listed twice");
        assert!(findings[0].detail.contains("the ACL 3 and the ACL 4"), "{findings:?}");
        assert_eq!(
            check(&[permission(2, Value::Value(3)), permission(5, Value::Value(3))]),
            []
        );
        assert_eq!(
            check(&[permission(2, Value::Unknown), permission(2, Value::Unknown)]),
            []
        );
        let wrong = Value::Value(vec![permission(0, Value::Value(3)), permission(1, Value::Unknown)]);
        assert_eq!(check_ids(&wrong).len(), 1);
    }
}
