//! From a certificate to one of the trusted CAs.

use std::cell::Cell;
use std::time::Duration;

use certward::pki::{Certificate, Validity};
use rustls_pki_types::{CertificateDer, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use super::anchors::TrustAnchors;
use super::end_entity::{self, EndEntityFault};
use super::proven::PresentedDigest;
use crate::certificate::ChainBounds;

/// Proof that a trusted CA stands above a certificate, and that it is one to log in with at the moment of [`verify`],
/// which alone makes it.
#[derive(Debug)]
pub struct VerifiedChain<'a> {
    end_entity: &'a Certificate,
    valid_until: OffsetDateTime,
}

/// Why no chain was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainRefusal {
    /// Nothing of the chain was read.
    #[error(
        "the client sent {intermediates} intermediate certificates and {bytes} bytes in all; at most {} and {} are looked at",
        ChainBounds::WIDEST.intermediates,
        ChainBounds::WIDEST.bytes
    )]
    TooLarge {
        /// Certificates above the client's own.
        intermediates: usize,
        /// Of all of them.
        bytes: usize,
    },
    /// The certificate itself is none to log in with.
    #[error(transparent)]
    EndEntity(#[from] EndEntityFault),
    /// No trusted CA signed it, nor one of the intermediates sent with it.
    #[error("no certificate of mtls_trusted_ca stands above the certificate; its issuer is \"{issuer}\"")]
    UnknownIssuer {
        /// As the certificate names it.
        issuer: String,
    },
    /// The only CA above it is not trusted now.
    #[error("the trusted CA \"{subject}\" above the certificate may be used from {not_before} to {not_after}")]
    AnchorOutOfDate {
        /// Of the CA.
        subject: String,
        /// Its first second.
        not_before: OffsetDateTime,
        /// Its last second.
        not_after: OffsetDateTime,
    },
    /// More intermediates than the CA allows below it.
    #[error("the trusted CA \"{subject}\" allows {allowed} intermediate certificates below it; the chain has {found}")]
    AnchorPathLength {
        /// Of the CA.
        subject: String,
        /// Its path length constraint.
        allowed: u32,
        /// Intermediates that are not self-issued (RFC 5280 4.2.1.9).
        found: usize,
    },
    /// An intermediate may not sign certificates.
    #[error("the intermediate certificate \"{subject}\" has a key usage without keyCertSign")]
    IntermediateKeyUsage {
        /// Of the intermediate.
        subject: String,
    },
    /// Anything else in the chain.
    #[error("the chain above the certificate does not hold")]
    Path(#[source] webpki::Error),
}

/// Builds the chain from `end_entity` to one of `anchors`, through any of `intermediates`, which may stand in any order.
///
/// Every certificate of it, the anchor too, is in date at `now`, and the end entity is meant for clients. No revocation
/// is looked up: this API has none (contract, section 2.6).
///
/// # Errors
///
/// [`ChainRefusal`], the most telling one of all paths tried.
pub fn verify<'a>(
    anchors: &TrustAnchors,
    end_entity: &'a Certificate,
    intermediates: &[CertificateDer<'static>],
    now: OffsetDateTime,
) -> Result<VerifiedChain<'a>, ChainRefusal> {
    if !ChainBounds::WIDEST.hold(end_entity.der(), intermediates) {
        return Err(ChainRefusal::TooLarge {
            intermediates: intermediates.len(),
            bytes: end_entity.der().len() + intermediates.iter().map(|der| der.len()).sum::<usize>(),
        });
    }
    end_entity::check(end_entity, now, anchors.strength())?;
    let presented = PresentedDigest::of(end_entity.der(), intermediates);
    let issuers = match anchors.proven().get(presented, now) {
        Some(issuers) => issuers,
        None => {
            let issuers = find_issuers(anchors, end_entity, intermediates, now)?;
            anchors.proven().insert(presented, issuers);
            issuers
        }
    };
    Ok(VerifiedChain {
        end_entity,
        valid_until: issuers.not_after.min(end_entity.validity().not_after),
    })
}

/// When all certificates above the end entity are in date: by the path to an anchor that holds at `now`. The end entity
/// itself is checked only as far as webpki does it.
///
/// # Errors
///
/// [`ChainRefusal`], the most telling one of all paths tried.
pub(crate) fn find_issuers(
    anchors: &TrustAnchors,
    end_entity: &Certificate,
    intermediates: &[CertificateDer<'static>],
    now: OffsetDateTime,
) -> Result<Validity, ChainRefusal> {
    let refused_path: Cell<Option<ChainRefusal>> = Cell::new(None);
    let accepted_path: Cell<Option<Validity>> = Cell::new(None);
    // Called for each path whose signatures, dates and constraints hold; the first it accepts is taken.
    let accept_path = |path: &VerifiedPath<'_>| match check_path(anchors, path, now) {
        Ok(issuers) => {
            accepted_path.set(Some(issuers));
            Ok(())
        }
        Err(refusal) => {
            refused_path.set(Some(refusal));
            Err(webpki::Error::CertDistrusted)
        }
    };
    let parsed = EndEntityCert::try_from(end_entity.der()).map_err(ChainRefusal::Path)?;
    let found = parsed.verify_for_usage(
        anchors.strength().algorithms(),
        anchors.as_webpki(),
        intermediates,
        unix_time(now),
        KeyUsage::client_auth(),
        None,
        Some(&accept_path),
    );
    match (found, refused_path.take()) {
        (Ok(_), _) => Ok(accepted_path.take().expect("webpki takes the path that was accepted")),
        // A path that held but for our own rules says more than whatever stopped the others.
        (Err(_), Some(refusal)) => Err(refusal),
        (Err(webpki::Error::UnknownIssuer), None) => Err(ChainRefusal::UnknownIssuer {
            issuer: end_entity.issuer().to_string(),
        }),
        (Err(error), None) => Err(ChainRefusal::Path(error)),
    }
}

impl<'a> VerifiedChain<'a> {
    /// The client's certificate.
    #[must_use]
    pub fn end_entity(&self) -> &'a Certificate {
        self.end_entity
    }

    /// The last second at which every certificate of the chain is in date.
    #[must_use]
    pub fn valid_until(&self) -> OffsetDateTime {
        self.valid_until
    }
}

/// What webpki does not ask of the certificates above the end entity. Gives the time in which all of them are in date.
fn check_path(anchors: &TrustAnchors, path: &VerifiedPath<'_>, now: OffsetDateTime) -> Result<Validity, ChainRefusal> {
    let anchor = anchors.of(path.anchor());
    let validity = anchor.validity();
    if !validity.contains(now) {
        return Err(ChainRefusal::AnchorOutOfDate {
            subject: anchor.subject().to_string(),
            not_before: validity.not_before,
            not_after: validity.not_after,
        });
    }
    let mut issuers = validity;
    let mut counted = 0;
    for intermediate in path.intermediate_certificates() {
        let intermediate = Certificate::from_der(intermediate.der().into_owned())
            .map_err(|_| ChainRefusal::Path(webpki::Error::BadDer))?;
        if intermediate.key_usage().is_some_and(|usage| !usage.key_cert_sign()) {
            return Err(ChainRefusal::IntermediateKeyUsage {
                subject: intermediate.subject().to_string(),
            });
        }
        issuers.not_before = issuers.not_before.max(intermediate.validity().not_before);
        issuers.not_after = issuers.not_after.min(intermediate.validity().not_after);
        counted += usize::from(!intermediate.is_self_issued());
    }
    match anchor.path_length_constraint() {
        Some(allowed) if counted > allowed as usize => Err(ChainRefusal::AnchorPathLength {
            subject: anchor.subject().to_string(),
            allowed,
            found: counted,
        }),
        _ => Ok(issuers),
    }
}

/// A time before 1970 counts as its first second.
fn unix_time(now: OffsetDateTime) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.unix_timestamp()).unwrap_or(0)))
}
