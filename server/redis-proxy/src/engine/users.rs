//! The rules that each user has in an engine, so that a login sets them only when they have changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::command::Command;
use super::control::Control;
use super::error::{EngineError, SET_USER};
use super::external_users::{UserMark, UserOwner};
use super::login::EngineUser;
use super::secrets::EngineSecrets;
use certward_redis_model::rights::DEFAULT;

/// The users that have been written to an engine.
#[derive(Default)]
pub(super) struct EngineUsers {
    known: Mutex<HashMap<Arc<str>, Entry>>,
}

/// Locked while the engine is updated, so that logins of one user share one `ACL SETUSER` and logins of others do not
/// wait.
type Entry = Arc<tokio::sync::Mutex<Told>>;

/// The state of a user in an engine, as last set.
#[derive(Default)]
struct Told {
    /// Incarnation of the engine; none when it is not certain that the engine has applied the rules.
    incarnation: Option<u64>,
    revision: u64,
    rules: Option<Arc<[String]>>,
}

impl EngineUsers {
    /// Creates or changes `user` in the engine atomically; open connections of the user get the new rights. With a
    /// `mark`, the engine also has users of others, which are not changed.
    ///
    /// # Errors
    ///
    /// [`EngineError::Superseded`]; [`EngineError::ForeignUser`]; every error of [`Control::ask`].
    pub(super) async fn sync_user(
        &self,
        control: &Control,
        secrets: &EngineSecrets,
        mark: Option<&UserMark>,
        user: &EngineUser,
    ) -> Result<(), EngineError> {
        let entry = self.entry(&user.name);
        let mut told = entry.lock().await;
        if told.rules.as_ref() == Some(&user.rules) && told.incarnation == Some(control.incarnation()) {
            told.revision = told.revision.max(user.revision);
            return Ok(());
        }
        if user.revision < told.revision && told.rules.as_ref() != Some(&user.rules) {
            return Err(EngineError::Superseded);
        }
        if let Some(mark) = mark
            && mark.owner(control, &user.name).await? == UserOwner::Operator
        {
            let name = Arc::clone(&user.name);
            return Err(EngineError::ForeignUser { name });
        }
        // Whoever waits may hang up, and the engine has heard or has not.
        *told = Told {
            incarnation: None,
            revision: told.revision.max(user.revision),
            rules: Some(Arc::clone(&user.rules)),
        };
        let password = secrets.of(&user.name).rule();
        let mark = mark.map(|mark| mark.rule(&user.name));
        let words = [&*user.name, "reset", "on", &password]
            .into_iter()
            .chain(mark.as_deref());
        let rules = control.restrict(user.rules.iter().map(String::as_str));
        let command = Command::new(SET_USER, words.chain(rules.iter().map(String::as_str)));
        control.ask(command).await?;
        told.incarnation = Some(control.incarnation());
        Ok(())
    }

    /// Makes the next login of the user `name` write it to the engine again.
    pub(super) async fn doubt(&self, name: &Arc<str>) {
        self.entry(name).lock().await.incarnation = None;
    }

    /// Deletes the user `name` in the engine, which closes the user's connections there.
    ///
    /// # Errors
    ///
    /// Every error of [`Control::ask`].
    pub(super) async fn forget(
        &self,
        control: &Control,
        mark: Option<&UserMark>,
        name: &str,
    ) -> Result<(), EngineError> {
        let Some(entry) = self.known().get(name).cloned() else {
            return Ok(());
        };
        let mut told = entry.lock().await;
        let was_told = told.rules.take().is_some();
        told.incarnation = None;
        // Somebody else's by now, or never ours.
        let is_ours = match mark {
            None => true,
            Some(mark) => was_told && mark.owner(control, name).await? == UserOwner::Server,
        };
        if name == DEFAULT {
            // No engine deletes it.
            control.ask(Command::new(SET_USER, [name, "reset"])).await?;
        } else if is_ours {
            control.ask(Command::new("ACL DELUSER", [name])).await?;
        }
        drop(told);
        let mut known = self.known();
        // Nobody waits for it but this task.
        if Arc::strong_count(&entry) == 2 {
            known.remove(name);
        }
        Ok(())
    }

    /// The names of all users.
    pub(super) fn names(&self) -> Vec<Arc<str>> {
        self.known().keys().cloned().collect()
    }

    fn entry(&self, name: &Arc<str>) -> Entry {
        Arc::clone(self.known().entry(Arc::clone(name)).or_default())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Arc<str>, Entry>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
