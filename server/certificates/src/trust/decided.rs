//! A cache of decisions about chains.
//!
//! A client presents the same certificate with each new connection, and with the same anchors the same signatures are
//! valid or invalid: only dates can change the decision. Verifying a chain is a fifth of the cost of a login.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use hashlink::LruCache;
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use super::chain::{Issuers, RefusedChain};

/// Cached decisions about chains to one set of anchors, and dropped with it.
///
/// Refused chains cannot displace valid ones: a stranger can create any number of them.
pub(super) struct DecidedChains {
    /// The accepted chains, with the period in which all issuers are valid.
    hold: Mutex<LruCache<PresentedDigest, Issuers>>,
    refused: Mutex<LruCache<PresentedDigest, Refused>>,
}

struct Refused {
    refused: RefusedChain,
    decided_at: OffsetDateTime,
}

/// SHA-256 over all certificates from a client.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PresentedDigest([u8; digest::SHA256_OUTPUT_LEN]);

impl PresentedDigest {
    pub(super) fn of(end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for der in std::iter::once(end_entity).chain(intermediates) {
            // The length first, so that no two lists of certificates are the same bytes.
            context.update(&der.len().to_be_bytes());
            context.update(der);
        }
        let digest = context.finish();
        Self(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }
}

impl DecidedChains {
    /// Returns the issuers of these certificates from the cache, or else from `decide`.
    ///
    /// # Errors
    ///
    /// [`RefusedChain`].
    pub(super) fn get_or_decide(
        &self,
        presented: PresentedDigest,
        now: OffsetDateTime,
        decide: impl FnOnce() -> Result<Issuers, RefusedChain>,
    ) -> Result<Issuers, RefusedChain> {
        if let Some(issuers) = lock(&self.hold).get(&presented)
            && issuers.in_date.contains(now)
        {
            return Ok(*issuers);
        }
        if let Some(remembered) = lock(&self.refused).get(&presented)
            && remembered.decided_at <= now
            && remembered.refused.until.is_none_or(|until| now < until)
        {
            return Err(remembered.refused.clone());
        }
        let decided = decide();
        match &decided {
            Ok(issuers) => {
                lock(&self.hold).insert(presented, *issuers);
            }
            Err(refused) => {
                let refused = Refused {
                    refused: refused.clone(),
                    decided_at: now,
                };
                lock(&self.refused).insert(presented, refused);
            }
        }
        decided
    }
}

impl Default for DecidedChains {
    fn default() -> Self {
        Self {
            hold: Mutex::new(LruCache::new(MAX_CHAINS)),
            refused: Mutex::new(LruCache::new(MAX_REFUSED)),
        }
    }
}

impl fmt::Debug for DecidedChains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hold, refused) = (lock(&self.hold).len(), lock(&self.refused).len());
        write!(f, "DecidedChains({hold} hold, {refused} refused)")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// About 1 MiB. Only certificates of trusted CAs add entries.
const MAX_CHAINS: usize = 8192;
/// Strangers can fill it: about 2 MiB at most.
const MAX_REFUSED: usize = 4096;

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use certward_pki::{Sha256Fingerprint, Validity};
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::trust::ChainRefusal;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    fn presented(number: u32) -> PresentedDigest {
        PresentedDigest::of(&CertificateDer::from(number.to_be_bytes().to_vec()), &[])
    }

    fn refused(until: Option<OffsetDateTime>) -> Result<Issuers, RefusedChain> {
        Err(RefusedChain {
            refusal: ChainRefusal::UnknownIssuer {
                issuer: "CN=unknown".to_owned(),
            },
            until,
        })
    }

    #[test]
    fn a_refused_chain_is_decided_once_until_a_date_changes_or_the_clock_is_set_back() {
        let (decided, times) = (DecidedChains::default(), Cell::new(0));
        let ask = |now| {
            let refuse = || {
                times.set(times.get() + 1);
                refused(Some(NOW + Duration::HOUR))
            };
            decided.get_or_decide(presented(1), now, refuse).unwrap_err();
            times.get()
        };
        assert_eq!(ask(NOW), 1);
        assert_eq!(ask(NOW + Duration::HOUR - Duration::SECOND), 1);
        assert_eq!(ask(NOW + Duration::HOUR), 2);
        assert_eq!(ask(NOW), 3);
    }

    #[test]
    fn refused_chains_are_bounded_and_displace_none_that_holds() {
        let decided = DecidedChains::default();
        let issuers = Issuers {
            in_date: Validity {
                not_before: NOW,
                not_after: NOW + Duration::DAY,
            },
            anchor: Sha256Fingerprint::from_bytes([0; 32]),
        };
        decided.get_or_decide(presented(0), NOW, || Ok(issuers)).unwrap();
        for number in 1..=2 * u32::try_from(MAX_REFUSED).unwrap() {
            decided
                .get_or_decide(presented(number), NOW, || refused(None))
                .unwrap_err();
        }
        assert_eq!(lock(&decided.refused).len(), MAX_REFUSED);
        let known = decided.get_or_decide(presented(0), NOW, || panic!("it is known"));
        assert_eq!(known.unwrap(), issuers);
    }
}
