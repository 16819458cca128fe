//! Which certificates a server can show.

use certward::pki::Certificate;

/// Why a certificate is not one for a server (contract `ravendb.md`, section 2, "Server certificate").
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitServerCertificate {
    /// Clients that check the purpose refuse it.
    #[error("its extended key usage must name serverAuth (1.3.6.1.5.5.7.3.1)")]
    ExtendedKeyUsage,
    /// Its key may not sign handshakes.
    #[error("its key usage must name digitalSignature, unless Security.Certificate.Validation.KeyUsages is false")]
    KeyUsage,
}

/// Whether a server can show `certificate`. Its dates are no part of this: a server that starts again after they have
/// passed must be reachable for the one who replaces it.
pub(super) fn check(certificate: &Certificate, validate_key_usages: bool) -> Result<(), UnfitServerCertificate> {
    if !certificate
        .extended_key_usage()
        .is_some_and(|usage| usage.server_auth())
    {
        return Err(UnfitServerCertificate::ExtendedKeyUsage);
    }
    if validate_key_usages && !certificate.key_usage().is_some_and(|usage| usage.digital_signature()) {
        return Err(UnfitServerCertificate::KeyUsage);
    }
    Ok(())
}
