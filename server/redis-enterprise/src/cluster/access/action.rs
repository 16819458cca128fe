//! Every action on the cluster, with the permission that it needs (`docs/contracts/redis-enterprise.md`).

use certward_redis_model::permission::{Permission, PermissionSet};

/// An action that needs a [`super::ClusterPermit`].
pub trait ClusterAction {
    /// The requirement of the action.
    const REQUIRED: Required;
    /// The name in audit records.
    const NAME: &'static str;
}

/// The requirement of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// Any authenticated caller; the use case may require more.
    Authenticated,
    /// The holders of a permission.
    Permission(Permission),
    /// The holders of a permission, and every user for itself.
    PermissionOrSelf(Permission),
}

impl Required {
    /// Checks that a caller with these permissions may perform it. `on_itself` is true for an action on the caller
    /// itself.
    ///
    /// # Errors
    ///
    /// The permission that would have sufficed.
    pub fn check(self, held: PermissionSet, on_itself: bool) -> Result<(), Permission> {
        match self {
            Self::Authenticated => Ok(()),
            Self::PermissionOrSelf(_) if on_itself => Ok(()),
            Self::Permission(required) | Self::PermissionOrSelf(required) => {
                held.contains(required).then_some(()).ok_or(required)
            }
        }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $required:expr, $text:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub enum $name {}

            impl ClusterAction for $name {
                const REQUIRED: Required = $required;
                const NAME: &'static str = $text;
            }
        )*

        /// Every action and its requirement, for the authorization table test.
        pub const ALL: &[(&str, Required)] = &[$(($text, $required)),*];
    };
}

use Required::{Authenticated, PermissionOrSelf};

const fn needs(permission: Permission) -> Required {
    Required::Permission(permission)
}

actions! {
    /// See the cluster, its settings and its policy.
    ViewCluster: needs(Permission::ViewClusterInfo), "view_cluster";
    /// Change the settings, the certificates or the policy of the cluster.
    UpdateCluster: needs(Permission::UpdateCluster), "update_cluster";
    /// See the certificates of the cluster; their keys need `view_cluster_keys` as well.
    ViewCertificates: needs(Permission::ViewClusterInfo), "view_certificates";
    /// Create the cluster, by giving it its first administrator.
    CreateCluster: needs(Permission::UpdateCluster), "create_cluster";
    /// List users.
    ViewUsers: needs(Permission::ViewAllUsersInfo), "view_users";
    /// See a user.
    ViewUser: PermissionOrSelf(Permission::ViewUserInfo), "view_user";
    /// Create a user.
    CreateUser: needs(Permission::CreateNewUser), "create_user";
    /// Change a user.
    UpdateUser: PermissionOrSelf(Permission::UpdateUser), "update_user";
    /// Delete a user.
    DeleteUser: needs(Permission::DeleteUser), "delete_user";
    /// Set, add or delete a password of one's own, or, as an administrator, of another user.
    ChangePassword: Authenticated, "change_password";
    /// See one's own management role, and the permissions of all roles.
    ViewPermissions: Authenticated, "view_permissions";
    /// Get a token, also in exchange for an older one.
    IssueToken: Authenticated, "issue_token";
    /// List roles.
    ViewRoles: needs(Permission::ViewAllRolesInfo), "view_roles";
    /// See a role.
    ViewRole: needs(Permission::ViewRoleInfo), "view_role";
    /// Create a role.
    CreateRole: needs(Permission::CreateRole), "create_role";
    /// Change a role.
    UpdateRole: needs(Permission::UpdateRole), "update_role";
    /// Delete a role.
    DeleteRole: needs(Permission::DeleteRole), "delete_role";
    /// List ACLs.
    ViewRedisAcls: needs(Permission::ViewAllRedisAclsInfo), "view_redis_acls";
    /// See an ACL.
    ViewRedisAcl: needs(Permission::ViewRedisAclInfo), "view_redis_acl";
    /// Create an ACL.
    CreateRedisAcl: needs(Permission::CreateRedisAcl), "create_redis_acl";
    /// Change an ACL.
    UpdateRedisAcl: needs(Permission::UpdateRedisAcl), "update_redis_acl";
    /// Delete an ACL.
    DeleteRedisAcl: needs(Permission::DeleteRedisAcl), "delete_redis_acl";
    /// List nodes.
    ViewNodes: needs(Permission::ViewAllNodesInfo), "view_nodes";
    /// See a node.
    ViewNode: needs(Permission::ViewNodeInfo), "view_node";
    /// See the licence.
    ViewLicense: needs(Permission::ViewLicense), "view_license";
    /// Replace the licence.
    InstallLicense: needs(Permission::InstallNewLicense), "install_license";
    /// See the progress of an action.
    ViewActions: needs(Permission::ViewStatusOfClusterAction), "view_actions";
    /// List databases.
    ViewDatabases: needs(Permission::ViewAllBdbsInfo), "view_databases";
    /// See a database.
    ViewDatabase: needs(Permission::ViewBdbInfo), "view_database";
    /// Create a database.
    CreateDatabase: needs(Permission::CreateBdb), "create_database";
    /// Change a database, its passwords or its server certificate.
    UpdateDatabase: needs(Permission::UpdateBdb), "update_database";
    /// Change a database and delete its data.
    UpdateDatabaseWithAction: needs(Permission::UpdateBdbWithAction), "update_database_with_action";
    /// Delete a database.
    DeleteDatabase: needs(Permission::DeleteBdb), "delete_database";
    /// See the settings of OCSP.
    ViewOcspSettings: needs(Permission::ViewOcspConfig), "view_ocsp_settings";
    /// Change the settings of OCSP.
    UpdateOcspSettings: needs(Permission::ConfigOcsp), "update_ocsp_settings";
    /// See the last response of the OCSP responder.
    ViewOcspStatus: needs(Permission::ViewOcspStatus), "view_ocsp_status";
    /// Query the OCSP responder now.
    TestOcspStatus: needs(Permission::TestOcspStatus), "test_ocsp_status";
    /// List connections, and the effects of a removal.
    ViewConnections: needs(Permission::UpdateCluster), "view_connections";
    /// See schemas, and other information for every authenticated caller.
    ViewSchema: Authenticated, "view_schema";
}

/// An action that changes one database: roles that are limited to other databases do not permit it.
pub trait ChangesDatabases: ClusterAction {
    /// The permission that the caller needs on that database.
    const PERMISSION: Permission;
}

impl ChangesDatabases for UpdateDatabase {
    const PERMISSION: Permission = Permission::UpdateBdb;
}

impl ChangesDatabases for UpdateDatabaseWithAction {
    const PERMISSION: Permission = Permission::UpdateBdbWithAction;
}

impl ChangesDatabases for DeleteDatabase {
    const PERMISSION: Permission = Permission::DeleteBdb;
}
