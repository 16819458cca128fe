//! The renewal rule: a certificate nobody registered is admitted when it carries on a registered one.
//!
//! Same public key, and an issuer in common, compared by key and not by name (contract `ravendb.md`, section 2). A
//! certificate whose issuer cannot be found stands alone; two that stand alone have their issuer in common when they
//! name the same one, which is what lets the holder of a self-signed certificate renew it.

use std::sync::Arc;

use certward::pki::{Certificate, PublicKeyPinningHash};
use rustls_pki_types::CertificateDer;

use super::{Decision, Refusal};
use crate::authority::definition::RegisteredCertificate;
use crate::certificate::signature;

/// An unregistered certificate that renews a registered one, to be recorded with the rights of that one.
#[derive(Debug)]
pub struct Renewal {
    certificate: Certificate,
    issuer_chain: Vec<CertificateDer<'static>>,
    original: Arc<RegisteredCertificate>,
}

impl Renewal {
    /// The new certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The issuers found above it, nearest first.
    #[must_use]
    pub fn issuer_chain(&self) -> &[CertificateDer<'static>] {
        &self.issuer_chain
    }

    /// The registered certificate it carries on.
    #[must_use]
    pub fn original(&self) -> &Arc<RegisteredCertificate> {
        &self.original
    }
}

/// Decides about a certificate that is not registered. `same_key` are the entries with its public key.
pub(super) fn decide<'a>(
    certificate: &Certificate,
    intermediates: &[CertificateDer<'static>],
    same_key: &[Arc<RegisteredCertificate>],
    known_issuers: impl Iterator<Item = &'a CertificateDer<'static>>,
) -> Decision {
    if same_key.is_empty() {
        return Decision::Refused(Refusal::Unknown);
    }
    let known: Vec<Certificate> = readable(known_issuers);
    let presented: Vec<Certificate> = readable(intermediates.iter());
    let chain = issuers_above(certificate, presented.iter().chain(&known));
    for original in same_key.iter().rev().filter(|entry| !entry.disabled) {
        let Ok(original_certificate) = Certificate::from_der(original.der.clone()) else {
            continue;
        };
        let stored: Vec<Certificate> = readable(original.issuer_chain.iter());
        let original_chain = issuers_above(&original_certificate, stored.iter().chain(&known));
        let in_common = if chain.is_empty() && original_chain.is_empty() {
            certificate.issuer() == original_certificate.issuer()
        } else {
            key_hashes(&chain).any(|hash| key_hashes(&original_chain).any(|other| hash == other))
        };
        if in_common {
            return Decision::Renewed(Arc::new(Renewal {
                certificate: certificate.clone(),
                issuer_chain: chain.iter().map(|issuer| issuer.der().clone()).collect(),
                original: Arc::clone(original),
            }));
        }
    }
    Decision::Refused(if same_key.iter().all(|entry| entry.disabled) {
        Refusal::Unknown
    } else {
        Refusal::UnfamiliarIssuer
    })
}

/// The issuers that can be found above a certificate, nearest first, each proved by its signature.
fn issuers_above<'a>(
    certificate: &Certificate,
    candidates: impl Iterator<Item = &'a Certificate> + Clone,
) -> Vec<Certificate> {
    let mut chain: Vec<Certificate> = Vec::new();
    let mut below = certificate.clone();
    while chain.len() < MAX_ISSUERS && !below.is_self_issued() {
        let Some(issuer) = candidates
            .clone()
            .find(|candidate| candidate.issued(&below) && signature::is_by(&below, candidate))
        else {
            break;
        };
        chain.push(issuer.clone());
        below = issuer.clone();
    }
    chain
}

fn readable<'a>(ders: impl Iterator<Item = &'a CertificateDer<'static>>) -> Vec<Certificate> {
    ders.filter_map(|der| Certificate::from_der(der.clone()).ok()).collect()
}

fn key_hashes(chain: &[Certificate]) -> impl Iterator<Item = PublicKeyPinningHash> {
    chain.iter().map(Certificate::public_key_pinning_hash)
}

/// Enough for any real hierarchy; a client can send at most four.
const MAX_ISSUERS: usize = 6;
