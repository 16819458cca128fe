//! Creating, changing and deleting ACLs.

use std::sync::Arc;

use super::access::ClusterPermit;
use super::access::action::{CreateRedisAcl, DeleteRedisAcl, UpdateRedisAcl};
use super::{Asked, Cluster, ClusterError, ClusterState, Plan, Planning, Run};
use crate::cluster::RedisAclUpdate;
use certward_redis_model::database::RolePermission;
use certward_redis_model::name::ObjectName;
use certward_redis_model::redis_acl::{NewRedisAcl, RedisAcl};
use certward_redis_model::state::Change;
use certward_redis_model::uid::RedisAclUid;

impl Cluster {
    /// Creates an ACL.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::UidTaken`]; [`ClusterError::NameTaken`]; [`ClusterError::Store`].
    pub async fn create_redis_acl(
        &self,
        permit: &ClusterPermit<CreateRedisAcl>,
        new: NewRedisAcl,
        run: Run,
    ) -> Result<Arc<RedisAcl>, ClusterError> {
        let asked = Asked::by(permit, format!("Redis ACL {:?}", new.name.as_str()));
        self.change(asked, run, move |planning| plan_create(planning, new))
            .await
    }

    /// Changes an ACL.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::NoSuchRedisAcl`]; [`ClusterError::ReadOnlyRedisAcl`]; that of
    /// the precondition; [`ClusterError::NameTaken`]; [`ClusterError::Store`].
    pub async fn update_redis_acl(
        &self,
        permit: &ClusterPermit<UpdateRedisAcl>,
        uid: RedisAclUid,
        update: RedisAclUpdate,
        run: Run,
    ) -> Result<Arc<RedisAcl>, ClusterError> {
        let asked = Asked::by(permit, format!("Redis ACL {uid}"));
        self.change(asked, run, move |planning| plan_update(planning, uid, update))
            .await
    }

    /// Deletes an ACL that no database uses.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::NoSuchRedisAcl`]; [`ClusterError::ReadOnlyRedisAcl`];
    /// [`ClusterError::RedisAclInUse`]; [`ClusterError::Store`].
    pub async fn delete_redis_acl(
        &self,
        permit: &ClusterPermit<DeleteRedisAcl>,
        uid: RedisAclUid,
    ) -> Result<(), ClusterError> {
        let asked = Asked::by(permit, format!("Redis ACL {uid}"));
        self.change(asked, Run::Apply, move |planning| {
            let acl = changeable(planning.state, uid)?;
            let gives = |permission: &RolePermission| permission.redis_acl_uid == uid;
            let mut databases = planning.state.databases();
            if let Some(database) = databases.find(|database| database.roles_permissions.iter().any(gives)) {
                let database = database.uid;
                return Err(ClusterError::RedisAclInUse { uid, database });
            }
            Ok(Plan {
                changes: vec![Change::DeleteRedisAcl(uid)],
                detail: format!("deleted {}", described(acl)),
                outcome: (),
            })
        })
        .await
    }
}

fn plan_create(planning: &Planning<'_>, new: NewRedisAcl) -> Result<Plan<Arc<RedisAcl>>, ClusterError> {
    let state = planning.state;
    let uid = match new.uid {
        Some(uid) if state.redis_acl(uid).is_some() => return Err(ClusterError::UidTaken { uid: uid.get() }),
        Some(uid) => uid,
        None => state.next_redis_acl_uid().ok_or(ClusterError::NoUidLeft)?,
    };
    check_unique(state, uid, &new.name)?;
    let acl = Arc::new(RedisAcl {
        uid,
        name: new.name,
        acl: new.acl,
    });
    Ok(Plan {
        changes: vec![Change::PutRedisAcl(Arc::clone(&acl))],
        detail: format!("created {}", described(&acl)),
        outcome: acl,
    })
}

fn plan_update(
    planning: &Planning<'_>,
    uid: RedisAclUid,
    update: RedisAclUpdate,
) -> Result<Plan<Arc<RedisAcl>>, ClusterError> {
    let acl = changeable(planning.state, uid)?;
    planning.check_precondition(&update.precondition)?;
    let changed = Arc::new(RedisAcl {
        uid,
        name: update.name.unwrap_or_else(|| acl.name.clone()),
        acl: update.acl.unwrap_or_else(|| acl.acl.clone()),
    });
    check_unique(planning.state, uid, &changed.name)?;
    Ok(Plan {
        changes: vec![Change::PutRedisAcl(Arc::clone(&changed))],
        detail: format!("changed {} to {}", described(acl), described(&changed)),
        outcome: changed,
    })
}

fn changeable(state: &ClusterState, uid: RedisAclUid) -> Result<&Arc<RedisAcl>, ClusterError> {
    let acl = state.redis_acl(uid).ok_or(ClusterError::NoSuchRedisAcl { uid })?;
    if acl.is_read_only() {
        return Err(ClusterError::ReadOnlyRedisAcl { uid });
    }
    Ok(acl)
}

fn check_unique(state: &ClusterState, uid: RedisAclUid, name: &ObjectName) -> Result<(), ClusterError> {
    match state.redis_acls().find(|acl| acl.name == *name && acl.uid != uid) {
        Some(holder) => Err(ClusterError::NameTaken {
            name: name.to_string(),
            holder: format!("Redis ACL {}", holder.uid),
        }),
        None => Ok(()),
    }
}

fn described(acl: &RedisAcl) -> String {
    format!(
        "Redis ACL {} {:?} with {:?}",
        acl.uid,
        acl.name.as_str(),
        acl.acl.as_str()
    )
}
