//! Objects that this run has created, adopted or changed, and therefore does not remove.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use terraform_plugin::{Instance, instance_call};
use tf_provider::{AttributePath, Diagnostics};
use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::{Instant as Moment, timeout};

use super::Key;
use crate::report::{error, warning};

/// The objects that this run has touched, by their ids.
pub(crate) struct Objects {
    table: Mutex<HashMap<Key, Entry>>,
    changed: Notify,
    changes: AtomicU64,
    /// Operations in progress that are not waiting for another one.
    working: AtomicUsize,
    /// Maximum wait for an object while no other operation of this run is in progress.
    patience: Duration,
}

#[derive(Default)]
struct Entry {
    turn: Arc<tokio::sync::Mutex<()>>,
    holder: Option<Instance>,
}

/// An object between a look at it and what follows from that; no other operation of this run comes in between.
pub(crate) struct Turn<'a> {
    objects: &'a Objects,
    key: Key,
    _turn: OwnedMutexGuard<()>,
}

/// Decision about the removal of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// No other block has it.
    Remove,
    /// Another block of this run has adopted it.
    Keep,
}

/// An operation under way; ends when it is dropped.
pub(crate) struct Working<'a>(&'a Objects);

impl Objects {
    /// Notes that an operation is under way, until the answer is dropped.
    pub(crate) fn working(&self) -> Working<'_> {
        self.working.fetch_add(1, Ordering::SeqCst);
        Working(self)
    }

    /// Waits until no other operation of this run is between a look at this object and its end.
    pub(crate) async fn turn(&self, working: &Working<'_>, key: Key) -> Turn<'_> {
        let turn = Arc::clone(&self.table().entry(key.clone()).or_default().turn);
        let _pause = working.pause();
        Turn {
            objects: self,
            key,
            _turn: turn.lock_owned().await,
        }
    }

    /// Notes that the instance of this call has the object.
    pub(crate) fn hold(&self, key: &Key) {
        let instance = instance_call().instance;
        self.change(key, |entry| entry.holder = Some(instance));
    }

    /// Notes that the object is gone.
    pub(crate) fn removed(&self, key: &Key) {
        self.change(key, |entry| entry.holder = None);
    }

    /// True if an instance of this run has the object.
    pub(crate) fn is_held(&self, key: &Key) -> bool {
        self.holder(key).is_some()
    }

    fn holder(&self, key: &Key) -> Option<Instance> {
        self.table().get(key).and_then(|entry| entry.holder)
    }

    /// Notes that the instance of this call has the object; an error when another block has made or changed it in this run.
    pub(crate) fn claim(&self, diags: &mut Diagnostics, key: &Key, what: &str, attribute: AttributePath) -> Option<()> {
        let instance = instance_call().instance;
        if self.holder(key).is_some_and(|holder| holder != instance) {
            error(
                diags,
                attribute,
                "Two blocks for one object",
                format!(
                    "Another block of this configuration is a {key} too, and has made or changed it in this run: {what}. \
                     Nothing was changed for this one. Keep one of the two blocks."
                ),
            );
            return None;
        }
        self.hold(key);
        Some(())
    }

    /// Takes an object over that was there already, and says so; an error as [`Self::claim`].
    pub(crate) fn adopt(&self, diags: &mut Diagnostics, key: &Key, what: &str, attribute: AttributePath) -> Option<()> {
        self.claim(diags, key, what, attribute.clone())?;
        taken_over(diags, what, attribute);
        Some(())
    }

    /// Decides whether the object of a destroyed instance is removed. If not, adds a warning with the reason.
    pub(crate) fn release(&self, diags: &mut Diagnostics, key: &Key, what: &str) -> Release {
        if !self.is_held(key) {
            return Release::Remove;
        }
        tracing::info!(%key, "{what} stays, because another block of this run has it");
        warning(
            diags,
            AttributePath::root(),
            "Not removed",
            format!(
                "{what} stays on the cluster: this run has made it, or taken it over, for another block, or for the \
                 replacement of this one. The cluster has one such object, so with lifecycle {{ create_before_destroy = true \
                 }} an equal one cannot be made before this one is removed; to have it made anew, replace it without \
                 create_before_destroy."
            ),
        );
        Release::Keep
    }

    /// Number of changes that this run has made, for waiting for the next one with [`Self::another_change`].
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Waits until this run has changed an object other than that of `working`, which may have been the obstacle: a
    /// name that another instance gives up, an entry that is removed. `false` if no operation in progress could do so.
    pub(crate) async fn another_change(&self, working: &Working<'_>, changes: u64) -> bool {
        let _pause = working.pause();
        let start = Moment::now();
        let mut quiet_since = start;
        loop {
            let changed = self.changed.notified();
            if self.changes() != changes {
                return true;
            }
            let now = Moment::now();
            if self.working.load(Ordering::SeqCst) > 0 {
                quiet_since = now;
            }
            if now - quiet_since >= self.patience || now - start >= LONGEST_WAIT {
                return false;
            }
            _ = timeout(LONGEST_PAUSE.min(self.patience), changed).await;
        }
    }

    fn change(&self, key: &Key, change: impl FnOnce(&mut Entry)) {
        let mut table = self.table();
        let entry = table.entry(key.clone()).or_default();
        change(entry);
        self.changes.fetch_add(1, Ordering::SeqCst);
        drop(table);
        self.changed.notify_waiters();
    }

    fn table(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that an object was there already when it was to be made.
pub(crate) fn taken_over(diags: &mut Diagnostics, what: &str, attribute: AttributePath) {
    tracing::info!("{what} was there already, and equal; taken over");
    warning(
        diags,
        attribute,
        "Taken over",
        format!(
            "{what} was there already, as this block wants it, and Terraform manages it from now on. That is so after a run \
             that was interrupted, when a replacement is made before what it replaces is destroyed, and when the address has \
             changed without a moved block; else find out who made it."
        ),
    );
}

impl Turn<'_> {
    /// Notes that the instance of this call has made the object, or keeps it as it was planned.
    pub(crate) fn hold(&self) {
        self.objects.hold(&self.key);
    }

    /// True if another instance has the object, because of an operation of this run.
    pub(crate) fn is_of_another(&self) -> bool {
        let instance = instance_call().instance;
        self.objects.holder(&self.key).is_some_and(|holder| holder != instance)
    }

    /// As [`Objects::adopt`].
    pub(crate) fn adopt(&self, diags: &mut Diagnostics, what: &str, attribute: AttributePath) -> Option<()> {
        self.objects.adopt(diags, &self.key, what, attribute)
    }

    /// As [`Objects::release`].
    pub(crate) fn release(&self, diags: &mut Diagnostics, what: &str) -> Release {
        self.objects.release(diags, &self.key, what)
    }

    /// Notes that the object is gone.
    pub(crate) fn removed(&self) {
        self.objects.removed(&self.key);
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

impl Working<'_> {
    /// The operation waits for another one until the answer is dropped.
    fn pause(&self) -> Pause<'_> {
        self.0.working.fetch_sub(1, Ordering::SeqCst);
        Pause(self.0)
    }
}

struct Pause<'a>(&'a Objects);

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        self.0.working.fetch_add(1, Ordering::SeqCst);
    }
}

impl Default for Objects {
    fn default() -> Self {
        Self {
            table: Mutex::default(),
            changed: Notify::new(),
            changes: AtomicU64::new(0),
            working: AtomicUsize::new(0),
            patience: if cfg!(test) {
                Duration::from_millis(20)
            } else {
                PATIENCE
            },
        }
    }
}

/// Terraform begins the next operation within milliseconds; on a busy machine within this.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// A wait ends then also when other operations are still under way, such as a database that takes minutes.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::new("certward_redis_role", "id", "7")
    }

    async fn in_instance<T>(call: impl Future<Output = T>) -> T {
        instance_call().scope(call).await
    }

    #[tokio::test]
    async fn what_this_run_has_made_is_not_removed() {
        let objects = Objects::default();
        let working = objects.working();
        let mut diags = Diagnostics::default();
        let removal = objects.turn(&working, key()).await.release(&mut diags, "the role");
        assert_eq!((removal, &diags), (Release::Remove, &Diagnostics::default()));
        in_instance(async { objects.hold(&key()) }).await;
        let turn = objects.turn(&working, key()).await;
        let removal = in_instance(async { turn.release(&mut diags, "the role") }).await;
        assert_eq!((removal, diags.warnings.len()), (Release::Keep, 1));
    }

    #[tokio::test]
    async fn what_another_block_has_made_is_not_taken_over_until_it_is_removed() {
        let objects = Objects::default();
        let adopt = || async {
            let mut diags = Diagnostics::default();
            let turn = objects.turn(&objects.working(), key()).await;
            let adopted = turn.adopt(&mut diags, "the role", AttributePath::new("name"));
            (adopted, diags)
        };
        assert_eq!(in_instance(adopt()).await.0, Some(()));
        let (adopted, diags) = in_instance(adopt()).await;
        assert_eq!(
            (adopted, &*diags.errors[0].summary),
            (None, "Two blocks for one object")
        );
        objects.removed(&key());
        assert_eq!(in_instance(adopt()).await.0, Some(()));
    }

    #[tokio::test]
    async fn creation_and_removal_of_one_object_do_not_interleave() {
        let objects = Objects::default();
        let working = objects.working();
        let turn = objects.turn(&working, key()).await;
        let second = timeout(Duration::from_millis(20), objects.turn(&working, key())).await;
        assert!(second.is_err());
        drop(turn);
        objects.turn(&working, key()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_change_or_when_nothing_is_under_way() {
        let objects = Objects::default();
        let waiting = objects.working();
        assert!(!objects.another_change(&waiting, 0).await);

        let other = objects.working();
        let change = async {
            tokio::time::sleep(objects.patience * 4).await;
            objects.removed(&key());
            drop(other);
        };
        let (changed, ()) = tokio::join!(objects.another_change(&waiting, 0), change);
        assert!(changed);
    }
}
