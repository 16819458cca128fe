//! The renewal rule: an unregistered certificate is admitted if it renews a registered one.
//!
//! A renewal has the same public key and a common issuer (`docs/contracts/ravendb.md#renewal`). If the real server
//! finds no issuer of either certificate, it accepts the equal key alone; here the issuer is always proved
//! ([`VerifiedIssuer`]).

use std::sync::Arc;

use certward_pki::{Certificate, Validity};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use super::issuer::{Issuers, VerifiedIssuer};
use super::{Decision, Refusal};
use crate::model::definition::RegisteredCertificate;

/// An unregistered certificate that renews a registered one, to be recorded with its rights. It cannot be created
/// without the proof of its issuer.
#[derive(Debug)]
pub struct Renewal {
    certificate: Certificate,
    issuer: VerifiedIssuer,
    original: Arc<RegisteredCertificate>,
    server_certificate_revision: u64,
}

impl Renewal {
    /// The new certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The proof that the issuer of the original issued it.
    #[must_use]
    pub fn issuer(&self) -> &VerifiedIssuer {
        &self.issuer
    }

    /// The registered certificate that is renewed.
    #[must_use]
    pub fn original(&self) -> &Arc<RegisteredCertificate> {
        &self.original
    }

    /// The revision of the server certificates among which the issuer was searched. After a change of them the decision
    /// is void.
    pub fn server_certificate_revision(&self) -> u64 {
        self.server_certificate_revision
    }

    /// The period in which the original and every issuer are valid. Outside of it the certificate is not a renewal.
    pub(super) fn in_date(&self) -> Validity {
        self.issuer.in_date()
    }
}

/// Decides on an unregistered certificate. `same_key` are the entries with its public key. It renews the one with the
/// highest clearance, and the newest of several, so registering another certificate with the same key and lower
/// clearance does not affect renewals. Disabled and expired entries are never renewed: their holder is not admitted at
/// this moment.
pub(super) fn decide(
    certificate: &Certificate,
    intermediates: &[CertificateDer<'static>],
    same_key: &[Arc<RegisteredCertificate>],
    (server, known, server_certificate_revision): (&Certificate, Vec<Certificate>, u64),
    now: OffsetDateTime,
) -> Decision {
    let can_be_renewed = |entry: &&Arc<RegisteredCertificate>| !entry.disabled && entry.validity.contains(now);
    if !same_key.iter().any(|entry| can_be_renewed(&entry)) {
        return Decision::Refused(Refusal::Unknown);
    }
    let issuers = Issuers::new(server, known, readable(intermediates.iter()), now);
    let mut originals: Vec<_> = same_key.iter().rev().filter(can_be_renewed).collect();
    // Stable: the newest first among equals.
    originals.sort_by_key(|entry| std::cmp::Reverse(entry.clearance.level()));
    for original in originals {
        let Ok(original_certificate) = Certificate::from_der(original.der.clone()) else {
            continue;
        };
        let registered_with = readable(original.issuer_chain.iter());
        if let Some(issuer) = issuers.verify(certificate, &original_certificate, &registered_with) {
            return Decision::Renewed(Arc::new(Renewal {
                certificate: certificate.clone(),
                issuer,
                original: Arc::clone(original),
                server_certificate_revision,
            }));
        }
    }
    Decision::Refused(Refusal::UnfamiliarIssuer)
}

pub(super) fn readable<'a>(ders: impl Iterator<Item = &'a CertificateDer<'static>>) -> Vec<Certificate> {
    ders.filter_map(|der| Certificate::from_der(der.clone()).ok()).collect()
}
