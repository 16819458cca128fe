//! The registered certificates in memory, on which every request is decided.
//!
//! The store is authoritative; this is a copy, changed only after a commit. A revision increases with each change, so
//! that a decision based on one revision is valid until the next.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use certward_pki::{PublicKeyPinningHash, Sha256Fingerprint, Thumbprint};
use time::OffsetDateTime;
use tokio::sync::broadcast;

use super::definition::RegisteredCertificate;

/// The registered certificates, by thumbprint and by public key.
#[derive(Debug)]
pub struct Registry {
    entries: RwLock<Entries>,
    revision: AtomicU64,
    changes: broadcast::Sender<Arc<[Thumbprint]>>,
}

/// A change to one entry.
#[derive(Debug, Clone)]
pub enum Change {
    /// The entry is new, or replaces the one with the same thumbprint.
    Put(Arc<RegisteredCertificate>),
    /// The entry is removed. Its certificate may be admitted again as the renewal of another.
    Delete(Thumbprint),
    /// The entry is removed, and its certificate is never admitted again as the renewal of another.
    Revoke {
        /// The deleted entry.
        entry: Arc<RegisteredCertificate>,
        /// The time of the deletion. A certificate that has expired by then is not remembered.
        at: OffsetDateTime,
    },
}

/// A certificate that was deleted before it expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedCertificate {
    /// The SHA-256 of the certificate's DER.
    pub fingerprint: Sha256Fingerprint,
    /// The end of the certificate's validity, after which it no longer has to be remembered.
    pub not_after: OffsetDateTime,
}

impl DeletedCertificate {
    /// Returns the record of a deleted certificate; none if it has expired at the time `at`.
    pub fn of(entry: &RegisteredCertificate, at: OffsetDateTime) -> Option<Self> {
        (!entry.validity.is_over(at)).then(|| Self {
            fingerprint: Sha256Fingerprint::of(&entry.der),
            not_after: entry.validity.not_after,
        })
    }
}

impl Change {
    /// The thumbprint of the entry that changes.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        match self {
            Self::Put(entry) | Self::Revoke { entry, .. } => entry.thumbprint,
            Self::Delete(thumbprint) => *thumbprint,
        }
    }
}

#[derive(Debug, Default)]
struct Entries {
    by_thumbprint: BTreeMap<Thumbprint, Arc<RegisteredCertificate>>,
    by_pinning_hash: HashMap<PublicKeyPinningHash, Vec<Thumbprint>>,
    /// Deleted certificates with their `not_after`.
    deleted: HashMap<Sha256Fingerprint, OffsetDateTime>,
}

impl Registry {
    /// A registry with these entries, at revision 1.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = RegisteredCertificate>) -> Self {
        let mut image = Entries::default();
        for entry in entries {
            image.put(Arc::new(entry));
        }
        Self {
            entries: RwLock::new(image),
            revision: AtomicU64::new(1),
            changes: broadcast::channel(CHANGE_BACKLOG).0,
        }
    }

    /// The registry with these deleted certificates.
    #[must_use]
    pub fn with_deleted(self, deleted: impl IntoIterator<Item = DeletedCertificate>) -> Self {
        self.entries
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .deleted
            .extend(deleted.into_iter().map(|gone| (gone.fingerprint, gone.not_after)));
        self
    }

    /// Applies changes that are already in the store. When this returns, every request that starts later sees them.
    pub fn apply(&self, changes: &[Change]) {
        {
            let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
            for change in changes {
                match change {
                    Change::Put(entry) => entries.put(Arc::clone(entry)),
                    Change::Delete(thumbprint) => entries.delete(thumbprint),
                    Change::Revoke { entry, at } => entries.revoke(entry, *at),
                }
            }
            self.revision.fetch_add(1, Ordering::Release);
        }
        // An error means that nobody listens.
        let _ = self.changes.send(changes.iter().map(Change::thumbprint).collect());
    }

    /// A number that grows with every change.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Subscribes to the thumbprints of each later change. A receiver that falls behind must check every entry again.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Arc<[Thumbprint]>> {
        self.changes.subscribe()
    }

    /// The entry with this thumbprint.
    #[must_use]
    pub fn get(&self, thumbprint: &Thumbprint) -> Option<Arc<RegisteredCertificate>> {
        self.read().by_thumbprint.get(thumbprint).cloned()
    }

    /// The entries that share this public key, in the order of registration.
    #[must_use]
    pub fn with_pinning_hash(&self, hash: &PublicKeyPinningHash) -> Vec<Arc<RegisteredCertificate>> {
        let entries = self.read();
        let thumbprints = entries.by_pinning_hash.get(hash).map(Vec::as_slice).unwrap_or_default();
        thumbprints
            .iter()
            .filter_map(|thumbprint| entries.by_thumbprint.get(thumbprint).cloned())
            .collect()
    }

    /// Returns `true` when this certificate was deleted before it expired.
    #[must_use]
    pub fn was_deleted(&self, fingerprint: &Sha256Fingerprint) -> bool {
        self.read().deleted.contains_key(fingerprint)
    }

    /// All entries in ascending order of thumbprint.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<RegisteredCertificate>> {
        self.read().by_thumbprint.values().cloned().collect()
    }

    /// Skips the first `start` entries and returns at most `count`, in ascending order of thumbprint.
    #[must_use]
    pub fn page(&self, start: usize, count: usize) -> Vec<Arc<RegisteredCertificate>> {
        self.read()
            .by_thumbprint
            .values()
            .skip(start)
            .take(count)
            .cloned()
            .collect()
    }

    /// Returns at most `count` entries after the one with the thumbprint `last`, or from the first one, in ascending
    /// order of thumbprint. Reading all entries in this way takes as long as reading them at once, and holds the lock
    /// for one page at a time.
    #[must_use]
    pub fn page_after(&self, last: Option<&Thumbprint>, count: usize) -> Vec<Arc<RegisteredCertificate>> {
        let start = last.map_or(Bound::Unbounded, Bound::Excluded);
        let entries = self.read();
        let behind = entries.by_thumbprint.range::<Thumbprint, _>((start, Bound::Unbounded));
        behind.take(count).map(|(_, entry)| Arc::clone(entry)).collect()
    }

    /// The latest `not_after` of the enabled entries with this public key; none when fewer than two entries have the
    /// key.
    #[must_use]
    pub fn last_end_of_shared_key(&self, hash: &PublicKeyPinningHash) -> Option<OffsetDateTime> {
        let entries = self.read();
        let thumbprints = entries.by_pinning_hash.get(hash).filter(|sharing| sharing.len() > 1)?;
        thumbprints
            .iter()
            .filter_map(|thumbprint| entries.by_thumbprint.get(thumbprint))
            .filter(|entry| !entry.disabled)
            .map(|entry| entry.validity.not_after)
            .max()
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().by_thumbprint.len()
    }

    /// Returns `true` when no entry is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn put(&mut self, entry: Arc<RegisteredCertificate>) {
        let (thumbprint, hash) = (entry.thumbprint, entry.pinning_hash);
        if self.by_thumbprint.insert(thumbprint, entry).is_none() {
            self.by_pinning_hash.entry(hash).or_default().push(thumbprint);
        }
    }

    fn revoke(&mut self, entry: &RegisteredCertificate, at: OffsetDateTime) {
        self.delete(&entry.thumbprint);
        self.deleted
            .retain(|_, not_after| not_after.unix_timestamp() >= at.unix_timestamp());
        if let Some(gone) = DeletedCertificate::of(entry, at) {
            self.deleted.insert(gone.fingerprint, gone.not_after);
        }
    }

    fn delete(&mut self, thumbprint: &Thumbprint) {
        let Some(entry) = self.by_thumbprint.remove(thumbprint) else {
            return;
        };
        if let Some(same_key) = self.by_pinning_hash.get_mut(&entry.pinning_hash) {
            same_key.retain(|other| other != thumbprint);
            if same_key.is_empty() {
                self.by_pinning_hash.remove(&entry.pinning_hash);
            }
        }
    }
}

/// Number of changes kept for a slow receiver; one that falls further behind reviews every connection.
const CHANGE_BACKLOG: usize = 1024;
