//! Which roles have which ACL in a database.

use std::collections::HashSet;

use crate::cluster::database::RolePermission;
use crate::cluster::{ClusterError, ClusterState};

/// Checks that every role and every ACL is there, and that no role has two.
///
/// # Errors
///
/// [`ClusterError::InvalidRolePermission`].
pub(super) fn check(state: &ClusterState, permissions: &[RolePermission]) -> Result<(), ClusterError> {
    let invalid = |problem| Err(ClusterError::InvalidRolePermission { problem });
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
