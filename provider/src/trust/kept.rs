//! Data that the plan of a destruction passes to the apply, which is another process.

use certward::pki::Certificate;
use serde::{Deserialize, Serialize};

use crate::run::Key;

/// The authorities that stay trusted when their block is destroyed, because another block wants them; kept in the private
/// data of the plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// SHA-256 fingerprints.
    #[serde(default)]
    fingerprints: Vec<String>,
}

impl Kept {
    pub(crate) fn of(keys: Vec<Key>) -> Self {
        Self {
            fingerprints: keys.into_iter().map(|key| key.value).collect(),
        }
    }

    /// Returns `true` when an authority stays trusted.
    pub(crate) fn has(&self, authority: &Certificate) -> bool {
        self.fingerprints.contains(&authority.fingerprint().to_string())
    }
}
