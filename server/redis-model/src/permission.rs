//! The permissions that the API's routes require, and the management roles that hold them
//! (`docs/contracts/redis-enterprise.md#management-roles`; the two tables of the vendor's page `permissions.md` differ
//! only in two permissions that no route here requires).

use std::fmt;
use std::str::FromStr;

/// A fixed set of permissions, from which roles are built, by the API's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ManagementRole {
    /// No permissions: for access to databases alone.
    None,
    /// Sees databases.
    DbViewer,
    /// Sees the cluster and its databases.
    ClusterViewer,
    /// Changes databases, and sees them.
    DbMember,
    /// Changes databases, and sees the cluster with its keys.
    ClusterMember,
    /// Changes users, roles and ACLs.
    UserManager,
    /// All permissions.
    Admin,
}

/// The name is not that of a management role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no management role; use none, db_viewer, cluster_viewer, db_member, cluster_member, user_manager or admin"
)]
pub struct UnknownManagementRole(String);

impl ManagementRole {
    /// All roles, in ascending order; the highest of a user's roles is reported as the user's management role.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::DbViewer,
        Self::ClusterViewer,
        Self::DbMember,
        Self::ClusterMember,
        Self::UserManager,
        Self::Admin,
    ];

    /// The API's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::DbViewer => "db_viewer",
            Self::ClusterViewer => "cluster_viewer",
            Self::DbMember => "db_member",
            Self::ClusterMember => "cluster_member",
            Self::UserManager => "user_manager",
            Self::Admin => "admin",
        }
    }

    /// The permissions of the role.
    #[must_use]
    pub fn permissions(self) -> PermissionSet {
        Permission::ALL
            .iter()
            .copied()
            .filter(|permission| self == Self::Admin || permission.holders().contains(&self))
            .collect()
    }
}

impl fmt::Display for ManagementRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ManagementRole {
    type Err = UnknownManagementRole;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == name)
            .ok_or_else(|| UnknownManagementRole(name.to_owned()))
    }
}

/// A set of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PermissionSet(u128);

impl PermissionSet {
    /// Returns `true` when the set contains `permission`.
    #[must_use]
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Returns `true` when the set contains all of `other`.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// The union of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns `true` when the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// All permissions in the set, by name.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(
            permissions
                .into_iter()
                .fold(0, |bits, permission| bits | permission.bit()),
        )
    }
}

macro_rules! permissions {
    ($($name:ident: $text:literal, $holders:ident;)*) => {
        /// A permission that a route can require, by the API's name.
        #[expect(missing_docs, reason = "the names are the vendor's, who gives them no other meaning than the name")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Permission {
            $($name),*
        }

        impl Permission {
            /// All permissions, by name.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The API's name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text),*
                }
            }

            /// The roles other than `admin` that hold it.
            const fn holders(self) -> &'static [ManagementRole] {
                match self {
                    $(Self::$name => $holders),*
                }
            }
        }
    };
}

impl Permission {
    const fn bit(self) -> u128 {
        1 << self as u8
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

use ManagementRole::{ClusterMember, ClusterViewer, DbMember, DbViewer, UserManager};

const ADMIN: &[ManagementRole] = &[];
const EVERY_ROLE: &[ManagementRole] = &[ClusterMember, ClusterViewer, DbMember, DbViewer, UserManager];
const ALL_BUT_DB_VIEWERS: &[ManagementRole] = &[ClusterMember, ClusterViewer, DbMember, UserManager];
const ALL_BUT_USER_MANAGERS: &[ManagementRole] = &[ClusterMember, ClusterViewer, DbMember, DbViewer];
const MEMBERS: &[ManagementRole] = &[ClusterMember, DbMember];
const MEMBERS_AND_USER_MANAGERS: &[ManagementRole] = &[ClusterMember, DbMember, UserManager];
const CLUSTER_MEMBERS_AND_USER_MANAGERS: &[ManagementRole] = &[ClusterMember, UserManager];
const CLUSTER_VIEWERS: &[ManagementRole] = &[ClusterMember, ClusterViewer];
const USER_MANAGERS: &[ManagementRole] = &[UserManager];

permissions! {
    AddClusterModule: "add_cluster_module", ADMIN;
    CancelClusterAction: "cancel_cluster_action", ADMIN;
    CancelNodeAction: "cancel_node_action", ADMIN;
    ConfigLdap: "config_ldap", USER_MANAGERS;
    ConfigOcsp: "config_ocsp", ADMIN;
    ConfigSso: "config_sso", ADMIN;
    CreateBdb: "create_bdb", MEMBERS;
    CreateCrdb: "create_crdb", MEMBERS;
    CreateLdapMapping: "create_ldap_mapping", USER_MANAGERS;
    CreateNewUser: "create_new_user", USER_MANAGERS;
    CreateRedisAcl: "create_redis_acl", USER_MANAGERS;
    CreateRole: "create_role", USER_MANAGERS;
    DeleteBdb: "delete_bdb", MEMBERS;
    DeleteClusterModule: "delete_cluster_module", ADMIN;
    DeleteCrdb: "delete_crdb", MEMBERS;
    DeleteLdapMapping: "delete_ldap_mapping", USER_MANAGERS;
    DeleteRedisAcl: "delete_redis_acl", USER_MANAGERS;
    DeleteRole: "delete_role", USER_MANAGERS;
    DeleteUser: "delete_user", USER_MANAGERS;
    EditBdbModule: "edit_bdb_module", MEMBERS;
    FailoverShard: "failover_shard", MEMBERS;
    FlushCrdb: "flush_crdb", MEMBERS;
    InstallNewLicense: "install_new_license", USER_MANAGERS;
    ManageClusterModules: "manage_cluster_modules", ADMIN;
    MigrateShard: "migrate_shard", MEMBERS;
    PurgeInstance: "purge_instance", MEMBERS;
    ResetBdbCurrentBackupStatus: "reset_bdb_current_backup_status", MEMBERS;
    ResetBdbCurrentExportStatus: "reset_bdb_current_export_status", MEMBERS;
    ResetBdbCurrentImportStatus: "reset_bdb_current_import_status", MEMBERS;
    StartBdbExport: "start_bdb_export", MEMBERS;
    StartBdbImport: "start_bdb_import", MEMBERS;
    StartBdbRecovery: "start_bdb_recovery", MEMBERS;
    StartClusterAction: "start_cluster_action", ADMIN;
    StartNodeAction: "start_node_action", ADMIN;
    TestOcspStatus: "test_ocsp_status", ADMIN;
    UpdateBdb: "update_bdb", MEMBERS;
    UpdateBdbAlerts: "update_bdb_alerts", MEMBERS;
    UpdateBdbWithAction: "update_bdb_with_action", MEMBERS;
    UpdateCluster: "update_cluster", ADMIN;
    UpdateCrdb: "update_crdb", MEMBERS;
    UpdateLdapMapping: "update_ldap_mapping", USER_MANAGERS;
    UpdateNode: "update_node", ADMIN;
    UpdateProxy: "update_proxy", USER_MANAGERS;
    UpdateRedisAcl: "update_redis_acl", USER_MANAGERS;
    UpdateRole: "update_role", USER_MANAGERS;
    UpdateUser: "update_user", USER_MANAGERS;
    ViewAllBdbStats: "view_all_bdb_stats", EVERY_ROLE;
    ViewAllBdbsAlerts: "view_all_bdbs_alerts", EVERY_ROLE;
    ViewAllBdbsInfo: "view_all_bdbs_info", EVERY_ROLE;
    ViewAllLdapMappingsInfo: "view_all_ldap_mappings_info", USER_MANAGERS;
    ViewAllMetrics: "view_all_metrics", CLUSTER_VIEWERS;
    ViewAllNodesAlerts: "view_all_nodes_alerts", EVERY_ROLE;
    ViewAllNodesChecks: "view_all_nodes_checks", EVERY_ROLE;
    ViewAllNodesInfo: "view_all_nodes_info", EVERY_ROLE;
    ViewAllNodesStats: "view_all_nodes_stats", EVERY_ROLE;
    ViewAllProxiesInfo: "view_all_proxies_info", EVERY_ROLE;
    ViewAllRedisAclsInfo: "view_all_redis_acls_info", EVERY_ROLE;
    ViewAllRolesInfo: "view_all_roles_info", EVERY_ROLE;
    ViewAllShardStats: "view_all_shard_stats", EVERY_ROLE;
    ViewAllUsersInfo: "view_all_users_info", USER_MANAGERS;
    ViewBdbAlerts: "view_bdb_alerts", EVERY_ROLE;
    ViewBdbInfo: "view_bdb_info", EVERY_ROLE;
    ViewBdbRecoveryPlan: "view_bdb_recovery_plan", ALL_BUT_USER_MANAGERS;
    ViewBdbStats: "view_bdb_stats", EVERY_ROLE;
    ViewClusterAlerts: "view_cluster_alerts", EVERY_ROLE;
    ViewClusterInfo: "view_cluster_info", EVERY_ROLE;
    ViewClusterKeys: "view_cluster_keys", CLUSTER_MEMBERS_AND_USER_MANAGERS;
    ViewClusterModules: "view_cluster_modules", EVERY_ROLE;
    ViewClusterStats: "view_cluster_stats", EVERY_ROLE;
    ViewCrdb: "view_crdb", EVERY_ROLE;
    ViewCrdbList: "view_crdb_list", EVERY_ROLE;
    ViewCrdbTask: "view_crdb_task", EVERY_ROLE;
    ViewCrdbTaskList: "view_crdb_task_list", EVERY_ROLE;
    ViewDebuggingInfo: "view_debugging_info", MEMBERS;
    ViewEndpointStats: "view_endpoint_stats", EVERY_ROLE;
    ViewLdapConfig: "view_ldap_config", USER_MANAGERS;
    ViewLdapMappingInfo: "view_ldap_mapping_info", USER_MANAGERS;
    ViewLicense: "view_license", EVERY_ROLE;
    ViewLoggedEvents: "view_logged_events", ALL_BUT_DB_VIEWERS;
    ViewNodeAlerts: "view_node_alerts", EVERY_ROLE;
    ViewNodeCheck: "view_node_check", EVERY_ROLE;
    ViewNodeInfo: "view_node_info", EVERY_ROLE;
    ViewNodeStats: "view_node_stats", EVERY_ROLE;
    ViewOcspConfig: "view_ocsp_config", ADMIN;
    ViewOcspStatus: "view_ocsp_status", ADMIN;
    ViewProxyInfo: "view_proxy_info", EVERY_ROLE;
    ViewRedisAclInfo: "view_redis_acl_info", EVERY_ROLE;
    ViewRedisPass: "view_redis_pass", MEMBERS_AND_USER_MANAGERS;
    ViewRoleInfo: "view_role_info", EVERY_ROLE;
    ViewShardStats: "view_shard_stats", EVERY_ROLE;
    ViewSso: "view_sso", EVERY_ROLE;
    ViewStatusOfAllNodeActions: "view_status_of_all_node_actions", EVERY_ROLE;
    ViewStatusOfClusterAction: "view_status_of_cluster_action", EVERY_ROLE;
    ViewStatusOfNodeAction: "view_status_of_node_action", EVERY_ROLE;
    ViewUserInfo: "view_user_info", USER_MANAGERS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_holds_as_many_permissions_as_the_vendors_page_lists() {
        let counts = ManagementRole::ALL.map(|role| role.permissions().iter().count());
        assert_eq!(counts, [0, 37, 39, 59, 61, 59, 95]);
    }

    #[test]
    fn an_administrator_covers_every_role_and_no_role_covers_an_administrator() {
        let admin = ManagementRole::Admin.permissions();
        for role in ManagementRole::ALL {
            assert!(admin.covers(role.permissions()), "{role}");
            assert_eq!(
                role.permissions().covers(admin),
                role == ManagementRole::Admin,
                "{role}"
            );
        }
    }

    #[test]
    fn a_role_is_found_by_its_name_and_no_other_name_is_one() {
        for role in ManagementRole::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!("Admin".parse::<ManagementRole>().is_err());
        assert!("".parse::<ManagementRole>().is_err());
    }
}
