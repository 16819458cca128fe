//! The name of a certificate in messages.

use certward::pki::Certificate;

/// The name of a certificate in messages.
pub(crate) fn called(certificate: &Certificate) -> String {
    if certificate.subject().is_empty() {
        format!("The certificate {}", certificate.fingerprint())
    } else {
        certificate.subject().to_string()
    }
}
