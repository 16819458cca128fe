//! Creating, changing and deleting roles.

use std::sync::Arc;

use super::access::ClusterPermit;
use super::access::action::{CreateRole, DeleteRole, UpdateRole};
use super::{Asked, Cluster, ClusterError, ClusterState, Plan, Planning, Run, list_length};
use certward_redis_model::database::RolePermission;
use certward_redis_model::name::ObjectName;
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::role::{NewRole, Role, RoleUpdate};
use certward_redis_model::state::Change;
use certward_redis_model::uid::RoleUid;

impl Cluster {
    /// Creates a role.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::ResourcesNotAllowed`]; [`ClusterError::UidTaken`]; [`ClusterError::NameTaken`];
    /// [`ClusterError::InvalidSetting`] for too many databases; [`ClusterError::AboveOwnRights`] if a caller who is not an administrator would create an
    /// administrator role; [`ClusterError::Store`].
    pub async fn create_role(
        &self,
        permit: &ClusterPermit<CreateRole>,
        new: NewRole,
        run: Run,
    ) -> Result<Arc<Role>, ClusterError> {
        let asked = Asked::by(permit, format!("role {:?}", new.name.as_str()));
        self.change(asked, run, move |planning| plan_create(planning, new))
            .await
    }

    /// Changes a role. Its users have the new rights from their next request on.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::NoSuchRole`]; [`ClusterError::ResourcesNotAllowed`]; [`ClusterError::NameTaken`];
    /// [`ClusterError::AboveOwnRights`] if a caller who is not an administrator would change an administrator role, or turn a role into one;
    /// [`ClusterError::LastAdminRole`]; [`ClusterError::Store`].
    pub async fn update_role(
        &self,
        permit: &ClusterPermit<UpdateRole>,
        uid: RoleUid,
        update: RoleUpdate,
        run: Run,
    ) -> Result<Arc<Role>, ClusterError> {
        let asked = Asked::by(permit, format!("role {uid}"));
        self.change(asked, run, move |planning| plan_update(planning, uid, update))
            .await
    }

    /// Deletes a role that no user has and no database uses.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::NoSuchRole`]; [`ClusterError::AboveOwnRights`] if a caller who is not an
    /// administrator would delete an administrator role; [`ClusterError::RoleInUse`]; [`ClusterError::LastAdminRole`];
    /// [`ClusterError::Store`].
    pub async fn delete_role(
        &self,
        permit: &ClusterPermit<DeleteRole>,
        uid: RoleUid,
        run: Run,
    ) -> Result<(), ClusterError> {
        let asked = Asked::by(permit, format!("role {uid}"));
        self.change(asked, run, move |planning| plan_delete(planning, uid))
            .await
    }
}

fn plan_create(planning: &Planning<'_>, new: NewRole) -> Result<Plan<Arc<Role>>, ClusterError> {
    let state = planning.state;
    check_scope(new.management, &new.databases)?;
    let uid = match new.uid {
        Some(uid) if state.role(uid).is_some() => return Err(ClusterError::UidTaken { uid: uid.get() }),
        Some(uid) => uid,
        None => state.next_role_uid().ok_or(ClusterError::NoUidLeft)?,
    };
    check_unique(state, uid, &new.name)?;
    list_length::check("resources", new.databases.len())?;
    planning.check_reach(new.management, || "making a role of administrators".to_owned())?;
    let role = Arc::new(Role {
        uid,
        name: new.name,
        management: new.management,
        databases: new.databases,
    });
    Ok(Plan {
        changes: vec![Change::PutRole(Arc::clone(&role))],
        detail: format!("created {}", described(&role)),
        outcome: role,
    })
}

fn plan_update(planning: &Planning<'_>, uid: RoleUid, update: RoleUpdate) -> Result<Plan<Arc<Role>>, ClusterError> {
    let state = planning.state;
    let role = state.role(uid).ok_or(ClusterError::NoSuchRole { uid })?;
    let changed = Arc::new(Role {
        uid,
        name: update.name.unwrap_or_else(|| role.name.clone()),
        management: update.management.unwrap_or(role.management),
        databases: update.databases.unwrap_or_else(|| role.databases.clone()),
    });
    check_scope(changed.management, &changed.databases)?;
    check_unique(state, uid, &changed.name)?;
    list_length::check("resources", changed.databases.len())?;
    planning.check_reach(role.management.max(changed.management), || {
        "changing a role of administrators".to_owned()
    })?;
    if changed.management != ManagementRole::Admin && is_last_of_administrators(planning, role) {
        return Err(ClusterError::LastAdminRole { uid });
    }
    Ok(Plan {
        changes: vec![Change::PutRole(Arc::clone(&changed))],
        detail: format!("changed {} to {}", described(role), described(&changed)),
        outcome: changed,
    })
}

fn plan_delete(planning: &Planning<'_>, uid: RoleUid) -> Result<Plan<()>, ClusterError> {
    let state = planning.state;
    let role = state.role(uid).ok_or(ClusterError::NoSuchRole { uid })?;
    planning.check_reach(role.management, || "deleting a role of administrators".to_owned())?;
    if let Some(user) = state.users().find(|user| user.role_uids.contains(&uid)) {
        let holder = format!("user {}", user.uid);
        return Err(ClusterError::RoleInUse { uid, holder });
    }
    let gives = |permission: &RolePermission| permission.role_uid == uid;
    if let Some(database) = state
        .databases()
        .find(|database| database.roles_permissions.iter().any(gives))
    {
        let holder = format!("database {}", database.uid);
        return Err(ClusterError::RoleInUse { uid, holder });
    }
    if is_last_of_administrators(planning, role) {
        return Err(ClusterError::LastAdminRole { uid });
    }
    Ok(Plan {
        changes: vec![Change::DeleteRole(uid)],
        detail: format!("deleted {}", described(role)),
        outcome: (),
    })
}

/// True if removing this administrator role would leave none, or none that a user has.
fn is_last_of_administrators(planning: &Planning<'_>, role: &Role) -> bool {
    let state = planning.state;
    if role.management != ManagementRole::Admin {
        return false;
    }
    let others: Vec<RoleUid> = state
        .roles()
        .filter(|other| other.management == ManagementRole::Admin && other.uid != role.uid)
        .map(|other| other.uid)
        .collect();
    let mut administrators = state.administrators(planning.now).peekable();
    others.is_empty()
        || (administrators.peek().is_some()
            && !administrators.any(|user| user.role_uids.iter().any(|uid| others.contains(uid))))
}

fn check_scope(management: ManagementRole, databases: &[u32]) -> Result<(), ClusterError> {
    if databases.is_empty() || matches!(management, ManagementRole::DbMember | ManagementRole::DbViewer) {
        return Ok(());
    }
    Err(ClusterError::ResourcesNotAllowed { management })
}

fn check_unique(state: &ClusterState, uid: RoleUid, name: &ObjectName) -> Result<(), ClusterError> {
    match state.roles().find(|role| role.name == *name && role.uid != uid) {
        Some(holder) => Err(ClusterError::NameTaken {
            name: name.to_string(),
            holder: format!("role {}", holder.uid),
        }),
        None => Ok(()),
    }
}

fn described(role: &Role) -> String {
    format!(
        "role {} {:?} with management {}",
        role.uid,
        role.name.as_str(),
        role.management
    )
}
