//! ACLs that engines refuse. The commands of engines differ by version and modules, so only the engine itself can tell;
//! until it has, the API accepts everything that its grammar allows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;

use super::Databases;
use super::running::Running;
use certward_redis_model::database::Database;
use certward_redis_model::redis_acl::RedisAcl;
use certward_redis_model::run::Run;
use certward_redis_model::state::ClusterState;
use certward_redis_model::uid::{DatabaseUid, RedisAclUid};

/// The database's ACLs that its engine refused when it was last asked, with its messages.
#[derive(Debug, Default)]
pub(super) struct RefusedAcls(Mutex<BTreeMap<RedisAclUid, RefusedAcl>>);

#[derive(Debug, Clone)]
struct RefusedAcl {
    acl: Arc<RedisAcl>,
    objection: String,
}

impl RefusedAcls {
    /// Records the message of `database`'s engine about an ACL; none if it accepts the ACL. A new message is logged.
    fn learn(&self, database: &Database, acl: &Arc<RedisAcl>, objection: Option<String>) {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(objection) = objection else {
            refused.remove(&acl.uid);
            return;
        };
        let new = RefusedAcl {
            acl: Arc::clone(acl),
            objection,
        };
        let is_news = refused
            .get(&acl.uid)
            .is_none_or(|known| known.acl.acl != new.acl.acl || known.objection != new.objection);
        if is_news {
            tracing::warn!(
                database.uid = database.uid.get(),
                database.name = database.name.as_str(),
                redis_acl.uid = acl.uid.get(),
                redis_acl.name = acl.name.as_str(),
                engine.objection = new.objection,
                "the engine of a database refuses a Redis ACL, so that its users cannot log in"
            );
        }
        refused.insert(acl.uid, new);
    }

    /// A warning for each ACL that `database` still uses in the form that the engine refused.
    pub(super) fn warnings(&self, database: &Database, state: &ClusterState) -> Vec<String> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_present = |refused: &&RefusedAcl| {
            let uid = refused.acl.uid;
            state.redis_acl(uid).is_some_and(|acl| Arc::ptr_eq(acl, &refused.acl)) && gives(database, uid)
        };
        let present = refused.values().filter(is_present);
        present
            .map(|RefusedAcl { acl, objection }| sentence(acl, objection))
            .collect()
    }
}

impl Running {
    /// Asks the engine about every ACL in the database, once it is ready.
    pub(super) async fn review_acls(&self, state: &ClusterState) {
        let (Some(engine), Some(database)) = (self.engine(), state.database(self.uid())) else {
            return;
        };
        let mut uids: Vec<_> = database
            .roles_permissions
            .iter()
            .map(|given| given.redis_acl_uid)
            .collect();
        uids.sort_unstable();
        uids.dedup();
        let acls: Vec<_> = uids.into_iter().filter_map(|uid| state.redis_acl(uid)).collect();
        let rules: Vec<_> = acls.iter().map(|acl| &acl.acl).collect();
        for (acl, objection) in acls.into_iter().zip(engine.objections_to(&rules).await) {
            self.refused_acls().learn(database, acl, objection);
        }
    }
}

impl Databases {
    /// Asks the engine of a database about every ACL in it, as far as it answers in time.
    pub async fn review_acls_of(&self, uid: DatabaseUid) {
        let running = self.running().get(&uid).cloned();
        if let Some(running) = running {
            running.review_acls(&self.cluster.state()).await;
        }
    }

    /// Asks engines about an ACL that is created or changed, or would be: the engines of the databases that use it,
    /// else any that runs. Returns a warning for each message, and logs it.
    pub async fn review_acl(&self, acl: &Arc<RedisAcl>, run: Run) -> Vec<String> {
        let state = self.cluster.state();
        let running = self.running().clone();
        let asked = |database: &Arc<Database>| Some((Arc::clone(database), Arc::clone(running.get(&database.uid)?)));
        let giving = state.databases().filter(|database| gives(database, acl.uid));
        let mut all: Vec<_> = giving.filter_map(asked).take(MAX_ASKED).collect();
        let is_given = !all.is_empty();
        if !is_given {
            let ready = |(_, running): &(Arc<Database>, Arc<Running>)| running.is_ready();
            all.extend(state.databases().filter_map(asked).find(ready));
        }
        let answers = all.iter().map(|(database, running)| async move {
            let objection = running.engine()?.objections_to(&[&acl.acl]).await.pop().flatten();
            if run == Run::Apply && is_given {
                running.refused_acls().learn(database, acl, objection.clone());
            }
            let (uid, name, sentence) = (database.uid, &database.name, sentence(acl, &objection?));
            Some(format!("database {uid} ({name}): {sentence}"))
        });
        let warnings: Vec<String> = join_all(answers).await.into_iter().flatten().collect();
        if run == Run::Apply && !is_given {
            for warning in &warnings {
                tracing::warn!("{warning}");
            }
        }
        warnings
    }
}

fn gives(database: &Database, uid: RedisAclUid) -> bool {
    database
        .roles_permissions
        .iter()
        .any(|given| given.redis_acl_uid == uid)
}

fn sentence(acl: &RedisAcl, objection: &str) -> String {
    let RedisAcl { uid, name, .. } = acl;
    format!("the engine refuses Redis ACL {uid} ({name}), so that users with it cannot log in: {objection}")
}

/// Maximum number of databases that are asked about one ACL while an administrator waits. All supervised engines run
/// the same program.
const MAX_ASKED: usize = 16;
