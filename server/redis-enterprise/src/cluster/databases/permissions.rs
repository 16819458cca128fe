//! Checks of the ACLs that roles have in a database.

use std::collections::HashSet;

use crate::cluster::{ClusterError, ClusterState, list_length};
use certward_redis_model::database::RolePermission;

/// Checks that all roles and ACLs exist, that no role has two ACLs, and that the list is within its limit.
///
/// # Errors
///
/// [`ClusterError::InvalidRolePermission`].
pub(super) fn check(state: &ClusterState, permissions: &[RolePermission]) -> Result<(), ClusterError> {
    let invalid = |problem| Err(ClusterError::InvalidRolePermission { problem });
    if permissions.len() > list_length::MAX_ENTRIES {
        return invalid(format!(
            "have {} entries; at most {} are kept",
            permissions.len(),
            list_length::MAX_ENTRIES
        ));
    }
    let mut roles = HashSet::new();
    for RolePermission {
        role_uid,
        redis_acl_uid,
    } in permissions
    {
        if state.role(*role_uid).is_none() {
            return invalid(format!("name role {role_uid}, which does not exist"));
        }
        if state.redis_acl(*redis_acl_uid).is_none() {
            return invalid(format!("name Redis ACL {redis_acl_uid}, which does not exist"));
        }
        if !roles.insert(*role_uid) {
            return invalid(format!(
                "name role {role_uid} twice; a role has one Redis ACL in a database"
            ));
        }
    }
    Ok(())
}
