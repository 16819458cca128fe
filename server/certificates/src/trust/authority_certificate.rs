//! Requirements on certificates that are trusted as CAs.

use aws_lc_rs::signature::{RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use certward_pki::{AttributeValue, Certificate, DistinguishedName, PublicKey, SignatureAlgorithm};
use time::OffsetDateTime;

use super::strength::{STRONG_KEYS, Strength, is_strong};
use crate::asn1::{self, NotDer, Reader};
use crate::certificate::{Anchor, KeyFault, key_fitness, signature};

/// A certificate cannot be trusted as a CA. Worded as the rest of a sentence that begins with the certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaFault {
    /// Version 1 or 2, which lack basic constraints.
    #[error(
        "is X.509 version {0}, which cannot say that it is a CA; expected version 3 with basicConstraints=critical,CA:TRUE"
    )]
    Version(u8),
    /// An end entity's certificate.
    #[error("is no CA: its basic constraints do not say CA:TRUE; expected the certificate of its issuer, \"{issuer}\"")]
    NotAuthority {
        /// The issuer's name.
        issuer: String,
    },
    /// RFC 5280 4.2.1.9: a program that does not know the extension must not take the certificate for a CA's.
    #[error("has basic constraints that are not critical; expected basicConstraints=critical,CA:TRUE")]
    BasicConstraintsNotCritical,
    /// A key usage that does not include keyCertSign.
    #[error("has a key usage without keyCertSign; expected keyUsage=critical,keyCertSign,cRLSign, or none")]
    KeyUsage,
    /// An extended key usage that excludes clients.
    #[error("has an extended key usage without clientAuth, so that nobody could log in below it; expected none")]
    Purpose,
    /// It is not valid yet; its first second.
    #[error("is not valid before {0}")]
    NotYetValid(OffsetDateTime),
    /// It has expired; its last second.
    #[error("has expired on {0}; expected the CA's renewed certificate")]
    Expired(OffsetDateTime),
    /// An empty subject, which no certificate can have as its issuer.
    #[error("has an empty subject; a CA is named")]
    EmptySubject,
    /// A misleading name: for programs that end a text at a NUL, in logs and on consoles.
    #[error("has a control character in its subject; expected names of printable characters")]
    ControlCharacter,
    /// Numbers that are not a valid key, such as an RSA exponent of 1.
    #[error("has a key that {0}")]
    InvalidKey(#[source] KeyFault),
    /// A key that is weak, or that path building does not support.
    #[error("has the key {0}; expected {STRONG_KEYS}")]
    WeakKey(PublicKey),
    /// A weak signature of another issuer.
    #[error("is signed by \"{issuer}\" with {algorithm:?}, which can be forged; expected SHA-256 or stronger")]
    WeakSignature {
        /// The issuer's name.
        issuer: String,
        /// The signature algorithm.
        algorithm: SignatureAlgorithm,
    },
    /// A root whose signature is not valid.
    #[error("names itself as its issuer, but was not signed with its own key: it is damaged or forged")]
    OwnSignature,
    /// RFC 5280 4.2: a program that does not know the extension must not use the certificate.
    #[error("has the critical extension {0}, which is not known here; expected a CA without it")]
    CriticalExtension(String),
    /// Constraints that path building does not support, and would apply to every client.
    #[error(
        "limits the directory names of the certificates below it, which is not checked here, so that nobody could log in; expected name constraints on DNS names and IP addresses, or none"
    )]
    DirectoryNameConstraints,
    /// Content that path building cannot parse.
    #[error("cannot be read for path building ({0})")]
    Unreadable(webpki::Error),
}

/// Converts a certificate to a trust anchor. Without `now`, its dates are not checked.
pub(super) fn to_anchor(
    certificate: &Certificate,
    now: Option<OffsetDateTime>,
    strength: Strength,
) -> Result<Anchor, CaFault> {
    check_constraints(certificate)?;
    if let Some(now) = now {
        check_dates(certificate, now)?;
    }
    if certificate.subject().is_empty() {
        return Err(CaFault::EmptySubject);
    }
    if !strength.admits_key(certificate.public_key()) {
        return Err(CaFault::WeakKey(certificate.public_key().clone()));
    }
    if names_control_characters(certificate.subject()) {
        return Err(CaFault::ControlCharacter);
    }
    key_fitness::check(certificate).map_err(CaFault::InvalidKey)?;
    check_signature(certificate, strength)?;
    let anchor = Anchor::new(certificate.clone()).map_err(CaFault::Unreadable)?;
    if let Some(name_constraints) = anchor.name_constraints()
        && constrain_directory_names(name_constraints).unwrap_or(true)
    {
        return Err(CaFault::DirectoryNameConstraints);
    }
    Ok(anchor)
}

/// RFC 5280 4.2.1.3, 4.2.1.9 and 4.2.1.12.
fn check_constraints(certificate: &Certificate) -> Result<(), CaFault> {
    if certificate.version() != 3 {
        return Err(CaFault::Version(certificate.version()));
    }
    if !certificate.is_ca() {
        return Err(CaFault::NotAuthority {
            issuer: certificate.issuer().to_string(),
        });
    }
    for extension in certificate.extensions() {
        let identifier = extension.identifier().as_der_content();
        if identifier == BASIC_CONSTRAINTS && !extension.is_critical() {
            return Err(CaFault::BasicConstraintsNotCritical);
        }
        if extension.is_critical() && !KNOWN_EXTENSIONS.contains(&identifier) && identifier != CERTIFICATE_POLICIES {
            return Err(CaFault::CriticalExtension(extension.identifier().to_string()));
        }
    }
    // `openssl req -x509` writes none into a CA, which then may do everything.
    if certificate.key_usage().is_some_and(|usage| !usage.key_cert_sign()) {
        return Err(CaFault::KeyUsage);
    }
    let purpose = certificate.extended_key_usage();
    if purpose.is_some_and(|purpose| !purpose.client_auth() && !purpose.any()) {
        return Err(CaFault::Purpose);
    }
    Ok(())
}

/// Values in other encodings (T61, BMP and Universal strings) are searched character by character as well.
fn names_control_characters(name: &DistinguishedName) -> bool {
    let is_control = |character: u32| char::from_u32(character).is_none_or(char::is_control);
    name.attributes().any(|attribute| match attribute.value() {
        AttributeValue::Text(text) => text.chars().any(char::is_control),
        AttributeValue::Encoded(encoded) => {
            let Ok(element) = Reader::new(encoded).value() else {
                return true;
            };
            let content = element.content;
            match element.tag {
                BMP_STRING => content
                    .chunks(2)
                    .any(|pair| pair.len() < 2 || is_control(u32::from(u16::from_be_bytes([pair[0], pair[1]])))),
                UNIVERSAL_STRING => content.chunks(4).any(|four| match four {
                    [a, b, c, d] => is_control(u32::from_be_bytes([*a, *b, *c, *d])),
                    _ => true,
                }),
                _ => content.iter().any(u8::is_ascii_control),
            }
        }
        _ => true,
    })
}

fn check_dates(certificate: &Certificate, now: OffsetDateTime) -> Result<(), CaFault> {
    let validity = certificate.validity();
    if validity.is_early(now) {
        return Err(CaFault::NotYetValid(validity.not_before));
    }
    if validity.is_over(now) {
        return Err(CaFault::Expired(validity.not_after));
    }
    Ok(())
}

/// A root's own signature only proves its integrity, so an old root may have made it with SHA-1. The administrator may
/// have relied on another issuer's signature, so it must not be weak.
fn check_signature(certificate: &Certificate, strength: Strength) -> Result<(), CaFault> {
    let algorithm = certificate.signature_algorithm();
    if !is_self_signed(certificate) {
        return if strength.admits_signature(algorithm) {
            Ok(())
        } else {
            Err(CaFault::WeakSignature {
                issuer: certificate.issuer().to_string(),
                algorithm: algorithm.clone(),
            })
        };
    }
    let is_its_own = match algorithm {
        SignatureAlgorithm::RsaSha1 => is_own_sha1_signature(certificate).unwrap_or(false),
        // webpki checks no signature of a key that is weak; whoever trusts one does not go by its own signature.
        _ => !is_strong(certificate.public_key()) || signature::is_by(certificate, certificate),
    };
    if is_its_own { Ok(()) } else { Err(CaFault::OwnSignature) }
}

/// Returns `true` if the certificate claims to be self-signed. A certificate with the identifier of another key of the
/// same issuer does not, as in a CA's key rollover (RFC 4210, section 4.4).
fn is_self_signed(certificate: &Certificate) -> bool {
    let other_key = certificate
        .authority_key_identifier()
        .zip(certificate.subject_key_identifier())
        .is_some_and(|(authority, subject)| authority != subject);
    certificate.is_self_issued() && !other_key
}

/// `None` if the certificate does not have the structure of one with an RSA key.
fn is_own_sha1_signature(certificate: &Certificate) -> Option<bool> {
    let mut outer = Reader::new(certificate.der()).enter(asn1::SEQUENCE).ok()?;
    let to_be_signed = outer.value().ok()?.encoded;
    outer.value().ok()?;
    let signature = outer.expect(BIT_STRING).ok()?.strip_prefix(&[0])?;
    let mut key_info = Reader::new(certificate.subject_public_key_info_der())
        .enter(asn1::SEQUENCE)
        .ok()?;
    key_info.value().ok()?;
    let key = key_info.expect(BIT_STRING).ok()?.strip_prefix(&[0])?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, key);
    Some(key.verify(to_be_signed, signature).is_ok())
}

/// Returns `true` if the content of a `NameConstraints` (RFC 5280, section 4.2.1.10) permits or excludes directory
/// names, for which webpki rejects every certificate.
fn constrain_directory_names(content: &[u8]) -> Result<bool, NotDer> {
    let mut subtrees = Reader::new(content);
    while !subtrees.is_empty() {
        let mut list = Reader::new(subtrees.value()?.content);
        while !list.is_empty() {
            if list.enter(asn1::SEQUENCE)?.value()?.tag == DIRECTORY_NAME {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

const BMP_STRING: u8 = 0x1e;
const UNIVERSAL_STRING: u8 = 0x1c;
/// 2.5.29.19.
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
/// 2.5.29.32. All policies are acceptable here, and a trust anchor's own policies restrict nothing else (RFC 5280,
/// section 6.1); restrictions would be in policy constraints.
const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 32];
/// Extensions that webpki processes: key usage, subject alternative name, basic constraints, name constraints, CRL
/// distribution points, extended key usage. Others, such as key identifiers, must not be critical.
pub(super) const KNOWN_EXTENSIONS: [&[u8]; 6] = [
    &[0x55, 0x1d, 15],
    &[0x55, 0x1d, 17],
    BASIC_CONSTRAINTS,
    &[0x55, 0x1d, 30],
    &[0x55, 0x1d, 31],
    &[0x55, 0x1d, 37],
];
const BIT_STRING: u8 = 0x03;
/// `[4]` of a `GeneralName` (RFC 5280 4.2.1.6).
const DIRECTORY_NAME: u8 = 0xa4;
