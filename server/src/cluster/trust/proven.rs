//! Chains that were found before.
//!
//! A service shows the same certificate with each new connection, and under the same anchors the same signatures hold:
//! only the dates can change the answer. Finding a chain anew is a fifth of what a login costs.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use certward::pki::Validity;
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

/// Which certificates a chain was found for, and when all its issuers are in date. Belongs to one set of anchors and is
/// forgotten with it; what was refused is never kept.
#[derive(Default)]
pub(super) struct ProvenChains(Mutex<HashMap<PresentedDigest, Validity>>);

/// SHA-256 over everything a client sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PresentedDigest([u8; digest::SHA256_OUTPUT_LEN]);

impl PresentedDigest {
    pub(super) fn of(end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for der in std::iter::once(end_entity).chain(intermediates) {
            // The length first, so that no two lists of certificates are the same octets.
            context.update(&der.len().to_be_bytes());
            context.update(der);
        }
        let digest = context.finish();
        Self(digest.as_ref().try_into().expect("SHA-256 has 32 octets"))
    }
}

impl ProvenChains {
    /// When the issuers of the chain found for these certificates are in date, if one was found and they are at `now`.
    pub(super) fn get(&self, presented: PresentedDigest, now: OffsetDateTime) -> Option<Validity> {
        self.lock()
            .get(&presented)
            .copied()
            .filter(|issuers| issuers.contains(now))
    }

    pub(super) fn insert(&self, presented: PresentedDigest, issuers: Validity) {
        let mut chains = self.lock();
        if chains.len() >= MAX_CHAINS {
            chains.clear();
        }
        chains.insert(presented, issuers);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PresentedDigest, Validity>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ProvenChains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProvenChains({})", self.lock().len())
    }
}

/// About 1 MiB. Only certificates of trusted CAs fill it, and then it starts anew.
const MAX_CHAINS: usize = 8192;
