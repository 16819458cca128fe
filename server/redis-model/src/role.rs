//! A role: its users' rights, by a management role and, in databases, by the ACLs that it has there.

use super::name::ObjectName;
use super::permission::ManagementRole;
use super::uid::RoleUid;

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The number.
    pub uid: RoleUid,
    /// The name; no two roles share one.
    pub name: ObjectName,
    /// The management role.
    pub management: ManagementRole,
    /// The databases that `db_member` and `db_viewer` are limited to; empty for no limit.
    pub databases: Vec<u32>,
}

/// A role to create.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// The requested number; otherwise the next one.
    pub uid: Option<RoleUid>,
    /// The name.
    pub name: ObjectName,
    /// The management role.
    pub management: ManagementRole,
    /// The databases it is limited to; empty for no limit.
    pub databases: Vec<u32>,
}

/// A change to a role; `None` leaves a member as it is.
#[derive(Debug, Clone, Default)]
pub struct RoleUpdate {
    /// The name.
    pub name: Option<ObjectName>,
    /// The management role.
    pub management: Option<ManagementRole>,
    /// The databases it is limited to.
    pub databases: Option<Vec<u32>>,
}

/// The roles of a fresh cluster, from uid 1 on (`docs/contracts/redis-enterprise.md#roles`).
pub const BUILT_IN: [(&str, ManagementRole); 6] = [
    ("Admin", ManagementRole::Admin),
    ("Cluster Member", ManagementRole::ClusterMember),
    ("Cluster Viewer", ManagementRole::ClusterViewer),
    ("DB Member", ManagementRole::DbMember),
    ("DB Viewer", ManagementRole::DbViewer),
    ("None", ManagementRole::None),
];
