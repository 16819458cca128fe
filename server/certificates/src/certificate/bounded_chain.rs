//! Limits of a client's chain, and the verification of the only path in it.
//!
//! webpki tries every order that names allow: four intermediates with the subject of a trusted CA make 65 paths, each
//! with a signature check by that CA's key, 1 ms for P-384. Here names decide first. No two intermediates share a
//! subject and none has that of an anchor, so every certificate has one issuer and a chain has one path: at most one
//! signature check per certificate, and the first failure ends the verification. Signatures of genuine intermediates,
//! which anyone can send along with a forged certificate, are cached.

use std::sync::{LazyLock, Mutex, PoisonError};

use aws_lc_rs::digest;
use certward_pki::Certificate;
use hashlink::LruCache;
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, TrustAnchor, UnixTime,
};
use time::OffsetDateTime;
use webpki::EndEntityCert;

use super::ClientPurpose;

/// Limits of a chain, checked before it is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainBounds {
    /// Number of certificates above the end entity's own.
    pub intermediates: usize,
    /// Total size of all certificates, in bytes.
    pub bytes: usize,
}

impl ChainBounds {
    /// The widest limits with which a path is built: four intermediates, 16 KiB in total.
    pub const WIDEST: Self = Self {
        intermediates: 4,
        bytes: 16 * 1024,
    };

    /// Returns `true` if the chain is within these limits.
    pub fn hold(&self, end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> bool {
        intermediates.len() <= self.intermediates && total_bytes(end_entity, intermediates) <= self.bytes
    }
}

/// A certificate with the intermediates sent with it: few, small, and with distinct subjects. Paths are verified in
/// such chains only.
#[derive(Debug)]
pub struct BoundedChain<'a> {
    end_entity: &'a Certificate,
    intermediates: Vec<Certificate>,
}

/// A chain is rejected before a path is searched in it.
#[derive(Debug)]
pub enum UnboundedChain {
    /// The chain exceeds [`ChainBounds::WIDEST`].
    TooLarge {
        /// Number of intermediates.
        intermediates: usize,
        /// Total size of all certificates, in bytes.
        bytes: usize,
    },
    /// Two intermediates have the same subject; this is the second.
    RepeatedSubject(Certificate),
}

/// A trust anchor in webpki's form.
#[derive(Debug)]
pub struct Anchor {
    certificate: Certificate,
    anchor: TrustAnchor<'static>,
}

/// The only path that names allow, from a certificate to the anchors with one subject.
#[derive(Debug)]
pub struct NamedPath<'a> {
    end_entity: &'a Certificate,
    /// The intermediates from the end entity's issuer upwards.
    intermediates: Vec<&'a Certificate>,
    /// The anchors that may be the top: several if a CA has changed its key and kept its name.
    anchors: Vec<&'a Anchor>,
}

impl<'a> BoundedChain<'a> {
    /// Parses a chain within [`ChainBounds::WIDEST`]. A repeated certificate counts once, and one that cannot be parsed
    /// is ignored.
    ///
    /// # Errors
    ///
    /// [`UnboundedChain`].
    pub fn new(end_entity: &'a Certificate, intermediates: &[CertificateDer<'static>]) -> Result<Self, UnboundedChain> {
        if !ChainBounds::WIDEST.hold(end_entity.der(), intermediates) {
            return Err(UnboundedChain::TooLarge {
                intermediates: intermediates.len(),
                bytes: total_bytes(end_entity.der(), intermediates),
            });
        }
        let mut read: Vec<Certificate> = Vec::with_capacity(intermediates.len());
        for der in intermediates {
            if read.iter().any(|other| other.der() == der) {
                continue;
            }
            let Ok(certificate) = Certificate::from_der(der.clone()) else {
                continue;
            };
            if read
                .iter()
                .any(|other| other.subject().as_der() == certificate.subject().as_der())
            {
                return Err(UnboundedChain::RepeatedSubject(certificate));
            }
            read.push(certificate);
        }
        Ok(Self {
            end_entity,
            intermediates: read,
        })
    }

    /// Follows the issuers' names up to `anchors`; none if they lead to no anchor. An anchor that is valid at `now` is
    /// preferred to an intermediate with its name, because clients send their root along, or an older certificate of
    /// it.
    pub fn path_to<'b>(&'b self, anchors: &'b [Anchor], now: OffsetDateTime) -> Option<NamedPath<'b>> {
        let mut intermediates: Vec<&Certificate> = Vec::new();
        let mut below = self.end_entity;
        loop {
            let (in_date, outdated): (Vec<&Anchor>, Vec<&Anchor>) = anchors
                .iter()
                .filter(|anchor| is_named_as_issuer(&anchor.certificate, below))
                .partition(|anchor| anchor.certificate.validity().contains(now));
            let next = self
                .intermediates
                .iter()
                .filter(|_| in_date.is_empty())
                .find(|candidate| is_named_as_issuer(candidate, below) && !intermediates.contains(candidate));
            match next {
                Some(next) => {
                    intermediates.push(next);
                    below = next;
                }
                None => {
                    let anchors = if in_date.is_empty() { outdated } else { in_date };
                    return (!anchors.is_empty()).then(|| NamedPath {
                        end_entity: self.end_entity,
                        intermediates,
                        anchors: likeliest(anchors, below),
                    });
                }
            }
        }
    }

    /// All certificates.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(self.end_entity).chain(&self.intermediates)
    }
}

impl Anchor {
    /// # Errors
    ///
    /// webpki cannot parse the certificate.
    pub fn new(certificate: Certificate) -> Result<Self, webpki::Error> {
        let anchor = webpki::anchor_from_trusted_cert(certificate.der())?.to_owned();
        Ok(Self { certificate, anchor })
    }

    /// The DER of its name constraints, without the tag.
    pub fn name_constraints(&self) -> Option<&[u8]> {
        self.anchor.name_constraints.as_deref()
    }
}

/// A path is rejected.
#[derive(Debug)]
pub enum PathFault<E> {
    /// webpki rejects it.
    Broken(webpki::Error),
    /// The caller's own rule rejects it.
    Unacceptable(E),
}

impl<'a> NamedPath<'a> {
    /// The intermediates from the end entity's issuer upwards.
    pub fn intermediates(&self) -> &[&'a Certificate] {
        &self.intermediates
    }

    /// Verifies signatures, dates, constraints and `purpose` from the top down, and then calls `accept` with the anchor
    /// and the intermediates, nearest to the end entity first. Returns the value of `accept`.
    ///
    /// # Errors
    ///
    /// The error of `accept`, if it was called, or else the error of webpki.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place with a chain that is bounded"
    )]
    pub fn verify<T, E>(
        &self,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
        purpose: ClientPurpose,
        now: OffsetDateTime,
        accept: impl Fn(&Certificate, &[&Certificate]) -> Result<T, E>,
    ) -> Result<T, PathFault<E>> {
        let end_entity = EndEntityCert::try_from(self.end_entity.der()).map_err(PathFault::Broken)?;
        let intermediates: Vec<CertificateDer<'_>> = self
            .intermediates
            .iter()
            .map(|certificate| CertificateDer::from(certificate.der().as_ref()))
            .collect();
        let remembering: Vec<Remembering<'_>> = algorithms.iter().map(|algorithm| Remembering(*algorithm)).collect();
        let algorithms: Vec<&dyn SignatureVerificationAlgorithm> =
            remembering.iter().map(|algorithm| algorithm as _).collect();
        let (mut refused, mut unacceptable) = (None, None);
        for anchor in &self.anchors {
            let found = end_entity.verify_for_usage(
                &algorithms,
                std::slice::from_ref(&anchor.anchor),
                &intermediates,
                unix_time(now),
                purpose,
                None,
                None,
            );
            // Of several anchors the first is the likeliest, and its error says most.
            match found.map(|_| accept(&anchor.certificate, &self.intermediates)) {
                Ok(Ok(accepted)) => return Ok(accepted),
                Ok(Err(refusal)) => unacceptable = unacceptable.or(Some(refusal)),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(unacceptable.map_or_else(
            || PathFault::Broken(refused.unwrap_or(webpki::Error::UnknownIssuer)),
            PathFault::Unacceptable,
        ))
    }
}

/// Caches valid signatures of an algorithm. Paths are verified from the top down, so all of these are signatures by the
/// keys of anchors and of genuine certificates below them.
#[derive(Debug)]
struct Remembering<'a>(&'a dyn SignatureVerificationAlgorithm);

impl SignatureVerificationAlgorithm for Remembering<'_> {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        static HOLD: LazyLock<Mutex<LruCache<[u8; digest::SHA256_OUTPUT_LEN], ()>>> =
            LazyLock::new(|| Mutex::new(LruCache::new(MAX_SIGNATURES)));
        let hold = || HOLD.lock().unwrap_or_else(PoisonError::into_inner);
        let (key_algorithm, algorithm) = (self.0.public_key_alg_id(), self.0.signature_alg_id());
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [key_algorithm.as_ref(), algorithm.as_ref(), key, message, signature] {
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        let digest = context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes");
        if hold().get(&digest).is_some() {
            return Ok(());
        }
        self.0.verify_signature(key, message, signature)?;
        hold().insert(digest, ());
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}

/// Compares names as webpki does: by their bytes.
fn is_named_as_issuer(issuer: &Certificate, of: &Certificate) -> bool {
    issuer.subject().as_der() == of.issuer().as_der()
}

/// Sorts the anchors so that those with the key identifier in `below` come first (RFC 5280, section 4.2.1.1), and keeps
/// at most [`MAX_NAMESAKES`].
fn likeliest<'a>(mut anchors: Vec<&'a Anchor>, below: &Certificate) -> Vec<&'a Anchor> {
    let key = below.authority_key_identifier();
    anchors.sort_by_key(|anchor| key.is_none() || anchor.certificate.subject_key_identifier() != key);
    anchors.truncate(MAX_NAMESAKES);
    anchors
}

/// Total size of a chain, in bytes.
pub fn total_bytes(end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> usize {
    end_entity.len() + intermediates.iter().map(|certificate| certificate.len()).sum::<usize>()
}

/// Converts a time; one before 1970 counts as the first second of it.
fn unix_time(now: OffsetDateTime) -> UnixTime {
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
}

/// About 200 KiB.
const MAX_SIGNATURES: usize = 2048;
/// Maximum number of anchors with the same name: the old key of a CA and its new one. Each costs a signature check for
/// a forged certificate. OpenSSL tries one.
const MAX_NAMESAKES: usize = 2;
