//! The rules for server certificates.

use certward_pki::Certificate;
use time::OffsetDateTime;

use certward_system::clock::rfc3339;

/// A certificate cannot be a server's (`docs/contracts/ravendb.md#server-certificate`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitServerCertificate {
    /// Clients that check the extended key usage reject it.
    #[error("its extended key usage must name serverAuth (1.3.6.1.5.5.7.3.1)")]
    ExtendedKeyUsage,
    /// Its key must not sign handshakes.
    #[error("its key usage must name digitalSignature, unless Security.Certificate.Validation.KeyUsages is false")]
    KeyUsage,
    /// Clients reject it.
    #[error("it expired on {}; put a certificate there that is valid now", rfc3339(not_after))]
    Expired {
        /// The last second of its validity.
        not_after: OffsetDateTime,
    },
    /// Clients reject it until then.
    #[error(
        "it cannot be used before {}; put a certificate there that is valid now, or set the clock",
        rfc3339(not_before)
    )]
    NotYetValid {
        /// Its first second.
        not_before: OffsetDateTime,
    },
}

/// Checks that a server can present `certificate` at `now`. Used by start, reload and replacement.
pub(super) fn check(
    certificate: &Certificate,
    validate_key_usages: bool,
    now: OffsetDateTime,
) -> Result<(), UnfitServerCertificate> {
    if !certificate
        .extended_key_usage()
        .is_some_and(|usage| usage.server_auth())
    {
        return Err(UnfitServerCertificate::ExtendedKeyUsage);
    }
    if validate_key_usages && !certificate.key_usage().is_some_and(|usage| usage.digital_signature()) {
        return Err(UnfitServerCertificate::KeyUsage);
    }
    let validity = certificate.validity();
    if validity.is_over(now) {
        let not_after = validity.not_after;
        return Err(UnfitServerCertificate::Expired { not_after });
    }
    if validity.is_early(now) {
        let not_before = validity.not_before;
        return Err(UnfitServerCertificate::NotYetValid { not_before });
    }
    Ok(())
}
