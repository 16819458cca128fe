//! Path building from a certificate to a trusted CA.

use certward_pki::{Certificate, Sha256Fingerprint, Validity};
use rustls_pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

use super::anchors::TrustAnchors;
use super::decided::PresentedDigest;
use super::end_entity::{self, EndEntityFault};
use crate::certificate::{BoundedChain, ChainBounds, PathFault, UnboundedChain, shown};

/// Proof that a certificate chains to a trusted CA, and is suitable for a login, at the time of [`verify`], which alone
/// creates it.
#[derive(Debug)]
pub struct VerifiedChain<'a> {
    end_entity: &'a Certificate,
    valid_until: OffsetDateTime,
    anchor: Sha256Fingerprint,
}

/// The issuers of a trusted certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Issuers {
    /// The period in which all of them are valid.
    pub in_date: Validity,
    /// The trusted CA at the end of the path.
    pub anchor: Sha256Fingerprint,
}

/// A refusal, which is stable under the same anchors.
#[derive(Debug, Clone)]
pub struct RefusedChain {
    pub refusal: ChainRefusal,
    /// The decision is void from this time on, because a validity period begins or ends.
    pub until: Option<OffsetDateTime>,
}

/// No valid chain was found. Names are truncated for logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainRefusal {
    /// The chain is too large to be parsed.
    #[error(
        "the client sent {intermediates} intermediate certificates and {bytes} bytes in all; at most {} and {} are looked at",
        ChainBounds::WIDEST.intermediates,
        ChainBounds::WIDEST.bytes
    )]
    TooLarge {
        /// Number of intermediates.
        intermediates: usize,
        /// Total size of all certificates, in bytes.
        bytes: usize,
    },
    /// Two intermediates have the same subject; only a chain without a choice is verified.
    #[error(
        "the client sent two intermediate certificates with the subject \"{subject}\"; expected one of each subject"
    )]
    RepeatedSubject {
        /// Subject of both.
        subject: String,
    },
    /// The certificate itself is not suitable for a login.
    #[error(transparent)]
    EndEntity(#[from] EndEntityFault),
    /// Neither a trusted CA nor one of the client's intermediates has signed it.
    #[error("no certificate of mtls_trusted_ca stands above the certificate; its issuer is \"{issuer}\"")]
    UnknownIssuer {
        /// The issuer's name in the certificate.
        issuer: String,
    },
    /// The only CA above it is not valid now.
    #[error("the trusted CA \"{subject}\" above the certificate may be used from {not_before} to {not_after}")]
    AnchorOutOfDate {
        /// Subject of the CA.
        subject: String,
        /// Its first second.
        not_before: OffsetDateTime,
        /// The last second of its validity.
        not_after: OffsetDateTime,
    },
    /// The CA's path length constraint is exceeded.
    #[error("the trusted CA \"{subject}\" allows {allowed} intermediate certificates below it; the chain has {found}")]
    AnchorPathLength {
        /// Subject of the CA.
        subject: String,
        /// Its path length constraint.
        allowed: u32,
        /// Number of intermediates that are not self-issued (RFC 5280 4.2.1.9).
        found: usize,
    },
    /// An intermediate must not sign certificates.
    #[error("the intermediate certificate \"{subject}\" has a key usage without keyCertSign")]
    IntermediateKeyUsage {
        /// Subject of the intermediate.
        subject: String,
    },
    /// An intermediate is not valid now.
    #[error("the intermediate certificate \"{subject}\" may be used from {not_before} to {not_after}")]
    IntermediateOutOfDate {
        /// Subject of the intermediate.
        subject: String,
        /// Its first second.
        not_before: OffsetDateTime,
        /// The last second of its validity.
        not_after: OffsetDateTime,
    },
    /// An intermediate has an unknown critical extension.
    #[error(
        "the intermediate certificate \"{subject}\" has the critical extension {extension}, which is not known here"
    )]
    IntermediateExtension {
        /// Subject of the intermediate.
        subject: String,
        /// Its object identifier.
        extension: String,
    },
    /// The extended key usage of an intermediate excludes clients.
    #[error("the intermediate certificate \"{subject}\" has an extended key usage without clientAuth")]
    IntermediatePurpose {
        /// Subject of the intermediate.
        subject: String,
    },
    /// Any other error in the chain.
    #[error("the chain above the certificate is refused: {}", explanation(.0))]
    Path(webpki::Error),
}

/// Builds the chain from `end_entity` to one of `anchors`, through any of `intermediates`, in any order.
///
/// All of its certificates, including the anchor, are valid at `now`, and the end entity's purpose includes clients.
/// Revocation is not checked: this API has none (`docs/contracts/redis-enterprise.md#revocation`).
///
/// # Errors
///
/// [`ChainRefusal`], the most informative one of all paths tried.
pub fn verify<'a>(
    anchors: &TrustAnchors,
    end_entity: &'a Certificate,
    intermediates: &[CertificateDer<'static>],
    now: OffsetDateTime,
) -> Result<VerifiedChain<'a>, ChainRefusal> {
    decide(anchors, end_entity, intermediates, now).map_err(|refused| refused.refusal)
}

/// Like [`verify`], with the period in which a refusal holds.
///
/// # Errors
///
/// `RefusedChain`.
pub fn decide<'a>(
    anchors: &TrustAnchors,
    end_entity: &'a Certificate,
    intermediates: &[CertificateDer<'static>],
    now: OffsetDateTime,
) -> Result<VerifiedChain<'a>, RefusedChain> {
    end_entity::check(end_entity, now, anchors.strength(), anchors.purpose()).map_err(|fault| RefusedChain {
        refusal: fault.into(),
        until: next_date(std::iter::once(end_entity), now),
    })?;
    let presented = PresentedDigest::of(end_entity.der(), intermediates);
    let issuers = anchors.decided().get_or_decide(presented, now, || {
        let chain = BoundedChain::new(end_entity, intermediates).map_err(|refusal| RefusedChain {
            refusal: refusal.into(),
            until: None,
        })?;
        find_issuers(anchors, &chain, end_entity, now).map_err(|refusal| RefusedChain {
            refusal,
            until: next_date(chain.certificates().chain(anchors.certificates()), now),
        })
    })?;
    Ok(VerifiedChain {
        end_entity,
        valid_until: issuers.in_date.not_after.min(end_entity.validity().not_after),
        anchor: issuers.anchor,
    })
}

/// Returns the issuers of the end entity on the path to an anchor that is valid at `now`. Of the end entity itself,
/// only webpki's checks are made.
///
/// # Errors
///
/// [`ChainRefusal`], the most informative one of all paths tried.
pub fn find_issuers(
    anchors: &TrustAnchors,
    chain: &BoundedChain<'_>,
    end_entity: &Certificate,
    now: OffsetDateTime,
) -> Result<Issuers, ChainRefusal> {
    let Some(path) = chain.path_to(anchors.as_anchors(), now) else {
        return Err(ChainRefusal::UnknownIssuer {
            issuer: shown(end_entity.issuer()),
        });
    };
    let algorithms = anchors.strength().algorithms();
    path.verify(algorithms, anchors.purpose(), now, |anchor, intermediates| {
        check_path(anchor, intermediates, now)
    })
    .map_err(|fault| match fault {
        PathFault::Unacceptable(refusal) => refusal,
        PathFault::Broken(error) => explain(error, path.intermediates(), now),
    })
}

/// Finds the certificate to which webpki's error applies.
fn explain(error: webpki::Error, intermediates: &[&Certificate], now: OffsetDateTime) -> ChainRefusal {
    if let webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } = error
        && let Some(intermediate) = intermediates
            .iter()
            .find(|intermediate| !intermediate.validity().contains(now))
    {
        return ChainRefusal::IntermediateOutOfDate {
            subject: shown(intermediate.subject()),
            not_before: intermediate.validity().not_before,
            not_after: intermediate.validity().not_after,
        };
    }
    if error == webpki::Error::UnsupportedCriticalExtension {
        let unknown = |intermediate: &&Certificate| {
            end_entity::unknown_critical_extension(intermediate).map(|extension| ChainRefusal::IntermediateExtension {
                subject: shown(intermediate.subject()),
                extension,
            })
        };
        if let Some(refusal) = intermediates.iter().find_map(unknown) {
            return refusal;
        }
    }
    ChainRefusal::Path(error)
}

/// Rewords webpki's errors.
fn explanation(error: &webpki::Error) -> String {
    use webpki::Error;
    let known = match error {
        Error::InvalidSignatureForPublicKey => {
            "a signature is not by the key of the CA that the name of the issuer leads to"
        }
        Error::UnknownIssuer => "no trusted CA has signed it",
        Error::EndEntityUsedAsCa => "an intermediate is no CA (basicConstraints, RFC 5280 4.2.1.9)",
        Error::PathLenConstraintViolated => {
            "a CA allows fewer intermediates below it (pathLenConstraint, RFC 5280 4.2.1.9)"
        }
        Error::NameConstraintViolation => "a name lies outside a CA's name constraints (RFC 5280 4.2.1.10)",
        Error::RequiredEkuNotFoundContext(_) => {
            "the extended key usage of an intermediate does not include clientAuth (RFC 5280 4.2.1.12)"
        }
        Error::UnsupportedCriticalExtension => "a certificate has a critical extension that is not supported",
        Error::UnsupportedSignatureAlgorithmContext(_) | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "a signature algorithm is not supported, or too weak"
        }
        Error::UnsupportedCertVersion => "an intermediate is not an X.509 version 3 certificate",
        Error::MaximumPathDepthExceeded | Error::MaximumPathBuildCallsExceeded => "it is too long",
        Error::MaximumSignatureChecksExceeded | Error::MaximumNameConstraintComparisonsExceeded => {
            "too much would have to be checked"
        }
        other => return format!("a certificate is malformed ({other})"),
    };
    known.to_owned()
}

impl<'a> VerifiedChain<'a> {
    /// The client's certificate.
    #[must_use]
    pub fn end_entity(&self) -> &'a Certificate {
        self.end_entity
    }

    /// The trusted CA at the end of the chain.
    #[must_use]
    pub fn anchor(&self) -> Sha256Fingerprint {
        self.anchor
    }

    /// The last second in which every certificate of the chain is valid.
    #[must_use]
    pub fn valid_until(&self) -> OffsetDateTime {
        self.valid_until
    }
}

/// Makes the checks of the issuers that webpki omits. Returns the period in which all of them are valid.
fn check_path(
    anchor: &Certificate,
    intermediates: &[&Certificate],
    now: OffsetDateTime,
) -> Result<Issuers, ChainRefusal> {
    let validity = anchor.validity();
    if !validity.contains(now) {
        return Err(ChainRefusal::AnchorOutOfDate {
            subject: shown(anchor.subject()),
            not_before: validity.not_before,
            not_after: validity.not_after,
        });
    }
    let mut in_date = validity;
    let mut counted = 0;
    for intermediate in intermediates {
        if intermediate.key_usage().is_some_and(|usage| !usage.key_cert_sign()) {
            return Err(ChainRefusal::IntermediateKeyUsage {
                subject: shown(intermediate.subject()),
            });
        }
        // webpki has looked at it, and takes anyExtendedKeyUsage where end entities may have it.
        if intermediate
            .extended_key_usage()
            .is_some_and(|usage| !usage.client_auth())
        {
            return Err(ChainRefusal::IntermediatePurpose {
                subject: shown(intermediate.subject()),
            });
        }
        in_date.not_before = in_date.not_before.max(intermediate.validity().not_before);
        in_date.not_after = in_date.not_after.min(intermediate.validity().not_after);
        counted += usize::from(!intermediate.is_self_issued());
    }
    match anchor.path_length_constraint() {
        Some(allowed) if counted > allowed as usize => Err(ChainRefusal::AnchorPathLength {
            subject: shown(anchor.subject()),
            allowed,
            found: counted,
        }),
        _ => Ok(Issuers {
            in_date,
            anchor: anchor.fingerprint(),
        }),
    }
}

impl From<UnboundedChain> for ChainRefusal {
    fn from(refusal: UnboundedChain) -> Self {
        match refusal {
            UnboundedChain::TooLarge { intermediates, bytes } => Self::TooLarge { intermediates, bytes },
            UnboundedChain::RepeatedSubject(certificate) => Self::RepeatedSubject {
                subject: shown(certificate.subject()),
            },
        }
    }
}

/// The earliest time after `now` at which one of the certificates becomes valid or has expired.
fn next_date<'a>(certificates: impl Iterator<Item = &'a Certificate>, now: OffsetDateTime) -> Option<OffsetDateTime> {
    certificates
        .map(Certificate::validity)
        // The last second is included.
        .flat_map(|Validity { not_before, not_after }| [not_before, not_after.saturating_add(Duration::SECOND)])
        .filter(|date| *date > now)
        .min()
}
