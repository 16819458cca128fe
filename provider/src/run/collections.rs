//! The collections of certificates that a run has seen.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use certward::pki::Thumbprint;

/// The collections that this run has seen, for its plans.
#[derive(Default)]
pub(crate) struct Collections(Mutex<HashMap<Thumbprint, Vec<Thumbprint>>>);

impl Collections {
    /// Notes what an entry is the primary of.
    pub(crate) fn note(&self, primary: Thumbprint, secondaries: &[Thumbprint]) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(primary, secondaries.to_vec());
    }

    /// The further certificates of the collection of this primary; `None` when it was not read in this run.
    pub(crate) fn of(&self, primary: Thumbprint) -> Option<Vec<Thumbprint>> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&primary).cloned()
    }
}
