//! The certificates of one key that a run leaves registered.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use certward::pki::{PublicKeyPinningHash, Thumbprint};
use tokio::sync::OnceCell;

/// The entries of the same key. One listing serves every removal of this run.
#[derive(Default)]
pub(crate) struct Leftovers {
    listing: OnceCell<Vec<Listed>>,
    changed: Mutex<BTreeSet<Thumbprint>>,
}

/// One entry, as far as it matters here.
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) thumbprint: Thumbprint,
    pub(crate) public_key_pin: PublicKeyPinningHash,
}

impl Leftovers {
    /// Notes that this run has registered or removed an entry, so that it is nothing to warn about.
    pub(crate) fn note(&self, thumbprint: Thumbprint) {
        self.changed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(thumbprint);
    }

    /// The entries of this key, but for `except`, that this run has neither registered nor removed, as `name (thumbprint)`.
    pub(crate) async fn of<E>(
        &self,
        public_key_pin: PublicKeyPinningHash,
        except: Option<Thumbprint>,
        list: impl AsyncFnOnce() -> Result<Vec<Listed>, E>,
    ) -> Result<Vec<String>, E> {
        let listing = self.listing.get_or_try_init(async || list().await).await?;
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(listing
            .iter()
            .filter(|listed| listed.public_key_pin == public_key_pin && !changed.contains(&listed.thumbprint))
            .filter(|listed| Some(listed.thumbprint) != except)
            .map(|listed| format!("\"{}\" ({})", listed.name, listed.thumbprint))
            .collect())
    }
}
