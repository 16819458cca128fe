//! The issuer of a renewal, proved by signatures, never by names.
//!
//! Any certificate can carry an issuer's name; only the signature proves the issuer. The issuers of the *original* are
//! proved by certificates from administrators: those registered with it, those of the server, the well-known ones. The
//! issuers of the *renewal* may come from its holder, so each of them must lead, signature by signature, to a proved
//! one. A certificate from the holder is never proved by another one from the holder.

use std::cell::Cell;

use certward_pki::{Certificate, Validity};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use certward_certificates::certificate::signature;

/// Proof that the issuer of a registered certificate has also issued its renewal. Only `Issuers::verify` creates one.
#[derive(Debug, Clone)]
pub struct VerifiedIssuer {
    chain: Vec<CertificateDer<'static>>,
    in_date: Validity,
}

impl VerifiedIssuer {
    /// The issuers above the renewal, nearest first, as far as certificates from administrators prove them.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The period in which every certificate of the proof is valid, including the original.
    #[must_use]
    pub fn in_date(&self) -> Validity {
        self.in_date
    }
}

/// The certificates among which an issuer is searched.
pub(super) struct Issuers<'a> {
    /// The server's own certificate issues client certificates without being a CA
    /// (`docs/contracts/ravendb.md#generated-certificate`).
    pub(super) server: &'a Certificate,
    /// Certificates from administrators.
    pub(super) known: Vec<Certificate>,
    /// Certificates from the holder of the renewal.
    pub(super) sent: Vec<Certificate>,
    pub(super) now: OffsetDateTime,
    signatures_left: Cell<u32>,
}

/// An issuer, and the number of CAs below it.
#[derive(Clone)]
struct Proved {
    issuer: Certificate,
    depth: u32,
}

impl<'a> Issuers<'a> {
    pub(super) fn new(
        server: &'a Certificate,
        known: Vec<Certificate>,
        sent: Vec<Certificate>,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            server,
            known,
            sent,
            now,
            signatures_left: Cell::new(MAX_SIGNATURES),
        }
    }

    /// The common issuer of `renewal` and `original`, which have the same key.
    ///
    /// `registered_with` are the issuers that were registered with the original. There are three ways, in this order:
    /// 1. Both are self-signed: their key issued both, under one name. The renewal may not outlive the original,
    ///    because only its holder has chosen the end of its validity.
    /// 2. The renewal leads to a proved issuer of the original.
    /// 3. The key that signed the original has also signed the renewal, through a CA certificate that was sent with the
    ///    renewal.
    pub(super) fn verify(
        &self,
        renewal: &Certificate,
        original: &Certificate,
        registered_with: &[Certificate],
    ) -> Option<VerifiedIssuer> {
        if original.public_key_pinning_hash() != renewal.public_key_pinning_hash()
            || !original.validity().contains(self.now)
        {
            return None;
        }
        let holds = |chain: &[Certificate]| VerifiedIssuer {
            chain: chain.iter().map(|issuer| issuer.der().clone()).collect(),
            in_date: chain
                .iter()
                .fold(original.validity(), |all, issuer| common(all, issuer.validity())),
        };
        if original.is_self_issued() && renewal.is_self_issued() {
            let is_renewed = original.subject() == renewal.subject()
                && renewal.validity().lifetime() <= original.validity().lifetime()
                && self.is_by(original, original)
                && self.is_by(renewal, renewal);
            return is_renewed.then(|| holds(&[]));
        }
        let proved = self.proved_above(original, registered_with);
        if let Some(chain) = self.path(renewal, 0, &proved, &mut Vec::new()) {
            return Some(holds(&chain));
        }
        self.sent
            .iter()
            .find(|sent| self.has_issued(sent, renewal, 0) && self.has_issued(sent, original, 0))
            // What the holder says of this CA is believed for this once: nothing later may rest on it.
            .map(|sent| VerifiedIssuer {
                chain: Vec::new(),
                in_date: common(original.validity(), sent.validity()),
            })
    }

    /// Every known certificate above `original`, each proved by the signature on the one below.
    fn proved_above(&self, original: &Certificate, registered_with: &[Certificate]) -> Vec<Proved> {
        let mut proved: Vec<Proved> = Vec::new();
        let mut next = 0;
        let (mut below, mut depth) = (original.clone(), 0);
        loop {
            let candidates = registered_with.iter().chain(&self.known).chain([self.server]);
            for candidate in candidates {
                let is_new = proved.iter().all(|known| known.issuer != *candidate);
                if is_new && self.has_issued(candidate, &below, depth) {
                    proved.push(Proved {
                        issuer: candidate.clone(),
                        depth,
                    });
                }
            }
            let Some(Proved { issuer, depth: at }) = proved.get(next).cloned() else {
                return proved;
            };
            next += 1;
            depth = at + u32::from(!issuer.is_self_issued());
            below = issuer;
        }
    }

    /// The issuers from above `below` to the top: first those from the holder, then the proved ones.
    fn path(
        &self,
        below: &Certificate,
        depth: u32,
        proved: &[Proved],
        used: &mut Vec<Certificate>,
    ) -> Option<Vec<Certificate>> {
        if let Some(place) = proved
            .iter()
            .position(|known| self.has_issued(&known.issuer, below, depth))
        {
            let from = proved[place].depth;
            let above = proved[place + 1..].iter().filter(|known| known.depth > from);
            let chain = std::iter::once(&proved[place]).chain(above);
            return Some(chain.map(|known| known.issuer.clone()).collect());
        }
        for candidate in &self.sent {
            if used.contains(candidate) || !self.has_issued(candidate, below, depth) {
                continue;
            }
            used.push(candidate.clone());
            let next = depth + u32::from(!candidate.is_self_issued());
            if let Some(mut chain) = self.path(candidate, next, proved, used) {
                chain.insert(0, candidate.clone());
                return Some(chain);
            }
            used.pop();
        }
        None
    }

    /// Returns `true` if `issuer` may issue certificates, is valid now, and signed `below` with its key.
    fn has_issued(&self, issuer: &Certificate, below: &Certificate, depth: u32) -> bool {
        issuer.issued(below)
            // The holder's own key is no issuer of the holder's.
            && issuer.public_key_pinning_hash() != below.public_key_pinning_hash()
            && self.may_issue(issuer, depth)
            && issuer.validity().contains(self.now)
            && self.is_by(below, issuer)
    }

    fn may_issue(&self, issuer: &Certificate, depth: u32) -> bool {
        if depth == 0 && issuer == self.server {
            return true;
        }
        issuer.version() == 3
            && issuer.is_ca()
            && issuer.key_usage().is_none_or(|usage| usage.key_cert_sign())
            && issuer.path_length_constraint().is_none_or(|allowed| depth <= allowed)
    }

    fn is_by(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        let Some(left) = self.signatures_left.get().checked_sub(1) else {
            return false;
        };
        self.signatures_left.set(left);
        signature::is_by(certificate, issuer)
    }
}

fn common(one: Validity, other: Validity) -> Validity {
    Validity {
        not_before: one.not_before.max(other.not_before),
        not_after: one.not_after.min(other.not_after),
    }
}

/// Maximum number of signature checks for one decision, over all originals: the holder chooses the certificates, and a
/// real hierarchy needs one check each.
const MAX_SIGNATURES: u32 = 64;
