//! The registered certificates in memory: what every request is decided from.
//!
//! The store is the truth; this is its image, changed only after a commit. A revision grows with each change, so that
//! a decision made on one revision need not be made again until the next.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use certward::pki::{PublicKeyPinningHash, Sha256Fingerprint, Thumbprint};
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
    /// The entry is new, or takes the place of the one with its thumbprint.
    Put(Arc<RegisteredCertificate>),
    /// The entry is gone. Its certificate may come back as the renewal of another.
    Delete(Thumbprint),
    /// The entry is gone, and its certificate is never admitted as the renewal of another.
    Revoke {
        /// What is gone.
        entry: Arc<RegisteredCertificate>,
        /// When it goes: deleted certificates that have expired by then are forgotten.
        at: OffsetDateTime,
    },
}

/// A certificate that was deleted before it expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedCertificate {
    /// Over the whole of it.
    pub fingerprint: Sha256Fingerprint,
    /// From the certificate; past it, nobody needs to remember it.
    pub not_after: OffsetDateTime,
}

impl DeletedCertificate {
    /// What is remembered of the certificate, unless it has expired at this moment.
    pub(crate) fn of(entry: &RegisteredCertificate, at: OffsetDateTime) -> Option<Self> {
        (!entry.validity.is_over(at)).then(|| Self {
            fingerprint: Sha256Fingerprint::of(&entry.der),
            not_after: entry.validity.not_after,
        })
    }
}

impl Change {
    /// Which entry changes.
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
    /// With their `not_after`.
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

    /// The registry with these certificates remembered as deleted.
    #[must_use]
    pub fn with_deleted(self, deleted: impl IntoIterator<Item = DeletedCertificate>) -> Self {
        self.entries
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .deleted
            .extend(deleted.into_iter().map(|gone| (gone.fingerprint, gone.not_after)));
        self
    }

    /// Makes changes that are already in the store. When this returns, every request that starts later sees them.
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

    /// Grows with every change.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// The thumbprints of each later change. A receiver that falls behind must look at everything again.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Arc<[Thumbprint]>> {
        self.changes.subscribe()
    }

    /// The entry under this thumbprint.
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

    /// Whether this certificate was deleted, before it expired.
    #[must_use]
    pub fn was_deleted(&self, fingerprint: &Sha256Fingerprint) -> bool {
        self.read().deleted.contains_key(fingerprint)
    }

    /// Every entry, by ascending thumbprint.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<RegisteredCertificate>> {
        self.read().by_thumbprint.values().cloned().collect()
    }

    /// `count` entries from the place `start` on, by ascending thumbprint.
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

    /// `count` entries behind the one with the thumbprint `last`, or from the first on, by ascending thumbprint. Reading all
    /// entries so takes as long as reading them at once, and holds up nobody for longer than one call.
    #[must_use]
    pub fn page_after(&self, last: Option<&Thumbprint>, count: usize) -> Vec<Arc<RegisteredCertificate>> {
        let start = last.map_or(Bound::Unbounded, Bound::Excluded);
        let entries = self.read();
        let behind = entries.by_thumbprint.range::<Thumbprint, _>((start, Bound::Unbounded));
        behind.take(count).map(|(_, entry)| Arc::clone(entry)).collect()
    }

    /// When the last of the enabled entries with this public key ends; none when there are not two entries with it.
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

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().by_thumbprint.len()
    }

    /// Whether nothing is registered yet.
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

/// Changes kept for a receiver that is busy; one that falls further behind looks at every connection again.
const CHANGE_BACKLOG: usize = 1024;
