//! What a client's own certificate must be, beyond what webpki asks.

use certward::pki::{Certificate, PublicKey};
use time::OffsetDateTime;

use super::strength::{STRONG_KEYS, Strength};
use crate::clock::rfc3339;

/// Why a certificate is none to log in with, whoever issued it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndEntityFault {
    /// Version 1 or 2. `openssl x509 -req` of OpenSSL 3.0 makes version 1 without `-extfile` (contract, section 4.5).
    #[error(
        "the certificate is X.509 version {0}; expected version 3 with extendedKeyUsage=clientAuth, as openssl x509 -req makes it with -extfile"
    )]
    Version(u8),
    /// A CA's own certificate.
    #[error("the certificate is a CA's; expected one that a CA issued to a client")]
    IsAuthority,
    /// The first second lies ahead.
    #[error("the certificate is not valid before {}", rfc3339(.0))]
    NotYetValid(OffsetDateTime),
    /// The last second has passed.
    #[error("the certificate has expired on {}", rfc3339(.0))]
    Expired(OffsetDateTime),
    /// Not meant for clients. One rule for all: the purpose is named. A certificate that names none, as those of servers
    /// sometimes do, or any, is refused too.
    #[error(
        "the certificate's extended key usage must name clientAuth (1.3.6.1.5.5.7.3.2), and must not name anyExtendedKeyUsage"
    )]
    Purpose,
    /// Its key may not sign a handshake, or is said to sign certificates, which only a CA's may (RFC 5280 4.2.1.3).
    #[error("the certificate's key usage must name digitalSignature and must not name keyCertSign")]
    KeyUsage,
    /// A key that can be broken, or that TLS cannot use.
    #[error("the certificate's key is {0}; expected {STRONG_KEYS}")]
    WeakKey(PublicKey),
    /// An extension for CAs only (RFC 5280 4.2.1.10).
    #[error("the certificate has name constraints, which only a CA's may have")]
    NameConstraints,
}

/// Checks everything that does not depend on the issuer.
pub(super) fn check(certificate: &Certificate, now: OffsetDateTime, strength: Strength) -> Result<(), EndEntityFault> {
    if certificate.version() != 3 {
        return Err(EndEntityFault::Version(certificate.version()));
    }
    if certificate.is_ca() {
        return Err(EndEntityFault::IsAuthority);
    }
    check_dates(certificate, now)?;
    if !certificate
        .extended_key_usage()
        .is_some_and(|usage| usage.client_auth() && !usage.any())
    {
        return Err(EndEntityFault::Purpose);
    }
    if certificate
        .key_usage()
        .is_some_and(|usage| !usage.digital_signature() || usage.key_cert_sign())
    {
        return Err(EndEntityFault::KeyUsage);
    }
    check_key(certificate, strength)?;
    let has_name_constraints = certificate
        .extensions()
        .iter()
        .any(|extension| extension.identifier().as_der_content() == NAME_CONSTRAINTS);
    if has_name_constraints {
        return Err(EndEntityFault::NameConstraints);
    }
    Ok(())
}

pub(super) fn check_dates(certificate: &Certificate, now: OffsetDateTime) -> Result<(), EndEntityFault> {
    let validity = certificate.validity();
    if validity.is_early(now) {
        return Err(EndEntityFault::NotYetValid(validity.not_before));
    }
    if validity.is_over(now) {
        return Err(EndEntityFault::Expired(validity.not_after));
    }
    Ok(())
}

pub(super) fn check_key(certificate: &Certificate, strength: Strength) -> Result<(), EndEntityFault> {
    if strength.admits_key(certificate.public_key()) {
        Ok(())
    } else {
        Err(EndEntityFault::WeakKey(certificate.public_key().clone()))
    }
}

/// 2.5.29.30 (RFC 5280 4.2.1.10).
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
