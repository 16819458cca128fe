//! Requirements on a client's own certificate, in addition to webpki's.

use certward_pki::{Certificate, PublicKey};
use time::OffsetDateTime;

use super::authority_certificate::KNOWN_EXTENSIONS;
use super::strength::{STRONG_KEYS, Strength};
use crate::certificate::ClientPurpose;
use certward_system::clock::rfc3339;

/// A certificate cannot be used to log in, whoever issued it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndEntityFault {
    /// The certificate has version 1 or 2. `openssl x509 -req` of OpenSSL 3.0 writes version 1 without `-extfile`
    /// (`docs/contracts/redis-enterprise.md#certificates-in-the-field`).
    #[error(
        "the certificate is X.509 version {0}; expected version 3 with extendedKeyUsage=clientAuth, as openssl x509 -req makes it with -extfile"
    )]
    Version(u8),
    /// A CA's certificate.
    #[error("the certificate is a CA's; expected one that a CA issued to a client")]
    IsAuthority,
    /// It is not valid yet; its first second.
    #[error("the certificate is not valid before {}", rfc3339(.0))]
    NotYetValid(OffsetDateTime),
    /// It has expired; its last second.
    #[error("the certificate has expired on {}", rfc3339(.0))]
    Expired(OffsetDateTime),
    /// Its extended key usage or, without one, its Netscape certificate type excludes clients.
    #[error(
        "the certificate is not for clients; expected an extended key usage that names clientAuth (1.3.6.1.5.5.7.3.2)"
    )]
    Purpose,
    /// It has no extended key usage. Servers' certificates often have none either.
    #[error("the certificate has no extendedKeyUsage; expected one that names clientAuth (1.3.6.1.5.5.7.3.2)")]
    NoPurpose,
    /// It has anyExtendedKeyUsage.
    #[error(
        "the certificate's extendedKeyUsage names anyExtendedKeyUsage; expected clientAuth (1.3.6.1.5.5.7.3.2) without it"
    )]
    AnyPurpose,
    /// Its key must not sign a handshake, or claims to sign certificates, which is reserved to CAs (RFC 5280 4.2.1.3).
    #[error("the certificate's key usage must name digitalSignature and must not name keyCertSign")]
    KeyUsage,
    /// A key that is weak, or that TLS does not support.
    #[error("the certificate's key is {0}; expected {STRONG_KEYS}")]
    WeakKey(PublicKey),
    /// RFC 5280 4.2: a program that does not know the extension must not use the certificate. webpki rejects it too,
    /// but does not say which extension.
    #[error(
        "the certificate has the critical extension {0}, which is not known here; expected a certificate without it"
    )]
    CriticalExtension(String),
    /// An extension for CAs only (RFC 5280 4.2.1.10).
    #[error("the certificate has name constraints, which only a CA's may have")]
    NameConstraints,
}

/// Makes all checks that do not depend on the issuer.
pub(super) fn check(
    certificate: &Certificate,
    now: OffsetDateTime,
    strength: Strength,
    purpose: ClientPurpose,
) -> Result<(), EndEntityFault> {
    if certificate.version() != 3 {
        return Err(EndEntityFault::Version(certificate.version()));
    }
    if certificate.is_ca() {
        return Err(EndEntityFault::IsAuthority);
    }
    check_dates(certificate, now)?;
    check_purpose(certificate, purpose)?;
    if certificate
        .key_usage()
        .is_some_and(|usage| !usage.digital_signature() || usage.key_cert_sign())
    {
        return Err(EndEntityFault::KeyUsage);
    }
    check_key(certificate, strength)?;
    for extension in certificate.extensions() {
        if extension.identifier().as_der_content() == NAME_CONSTRAINTS {
            return Err(EndEntityFault::NameConstraints);
        }
    }
    unknown_critical_extension(certificate).map_or(Ok(()), |unknown| Err(EndEntityFault::CriticalExtension(unknown)))
}

/// The object identifier of the first critical extension that path validation here does not support.
pub(super) fn unknown_critical_extension(certificate: &Certificate) -> Option<String> {
    certificate
        .extensions()
        .iter()
        .find(|extension| {
            extension.is_critical() && !KNOWN_EXTENSIONS.contains(&extension.identifier().as_der_content())
        })
        .map(|extension| extension.identifier().to_string())
}

fn check_purpose(certificate: &Certificate, purpose: ClientPurpose) -> Result<(), EndEntityFault> {
    let is_any_allowed = purpose == ClientPurpose::AnyAllowed;
    match certificate.extended_key_usage() {
        Some(usage) if usage.any() && !is_any_allowed => Err(EndEntityFault::AnyPurpose),
        Some(usage) if usage.any() || usage.client_auth() => Ok(()),
        Some(_) => Err(EndEntityFault::Purpose),
        None if certificate.netscape_type_excludes_clients() => Err(EndEntityFault::Purpose),
        None if is_any_allowed => Ok(()),
        None => Err(EndEntityFault::NoPurpose),
    }
}

/// Checks that a client certificate is valid at `now`.
///
/// # Errors
///
/// [`EndEntityFault`] concerning the dates.
pub fn check_dates(certificate: &Certificate, now: OffsetDateTime) -> Result<(), EndEntityFault> {
    let validity = certificate.validity();
    if validity.is_early(now) {
        return Err(EndEntityFault::NotYetValid(validity.not_before));
    }
    if validity.is_over(now) {
        return Err(EndEntityFault::Expired(validity.not_after));
    }
    Ok(())
}

/// Checks that the key of a client certificate has at least this strength.
///
/// # Errors
///
/// [`EndEntityFault`] concerning the key.
pub fn check_key(certificate: &Certificate, strength: Strength) -> Result<(), EndEntityFault> {
    if strength.admits_key(certificate.public_key()) {
        Ok(())
    } else {
        Err(EndEntityFault::WeakKey(certificate.public_key().clone()))
    }
}

/// 2.5.29.30 (RFC 5280 4.2.1.10).
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
