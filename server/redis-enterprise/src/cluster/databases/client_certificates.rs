//! The rules for the trusted client certificates of a database.

use std::collections::HashSet;

use certward_pki::Certificate;
use time::OffsetDateTime;

use crate::cluster::ClusterError;
use certward_certificates::certificate::key_fitness::{self, KeyFitness};
use certward_redis_model::database::{DatabaseTls, TlsMode};

/// Checks the client certificates of a database. The dates of existing ones are not checked again: one that has expired
/// must not prevent other changes (Redis Enterprise 7.8.2, RS133653).
///
/// # Errors
///
/// In this order: [`ClusterError::TooManyClientCertificates`]; [`ClusterError::DuplicateClientCertificate`];
/// [`ClusterError::ClientCertificateUnusable`]; [`ClusterError::ClientCertificateExpired`];
/// [`ClusterError::ClientCertificateMissing`] if clients must present certificates and none is trusted.
pub(super) fn check(tls: &DatabaseTls, present: Option<&DatabaseTls>, now: OffsetDateTime) -> Result<(), ClusterError> {
    let certificates = tls.client_certificates.certificates();
    if certificates.len() > MAX_CERTIFICATES {
        return Err(ClusterError::TooManyClientCertificates {
            count: certificates.len(),
            limit: MAX_CERTIFICATES,
        });
    }
    let mut seen = HashSet::new();
    for certificate in certificates {
        if !seen.insert(certificate.der().as_ref()) {
            return Err(ClusterError::DuplicateClientCertificate {
                subject: certificate.subject().to_string(),
            });
        }
    }
    let kept: HashSet<&[u8]> = present
        .map_or(&[][..], |present| present.client_certificates.certificates())
        .iter()
        .map(|certificate| certificate.der().as_ref())
        .collect();
    let is_new = |certificate: &&Certificate| !kept.contains(certificate.der().as_ref());
    for certificate in certificates.iter().filter(is_new) {
        check_key(certificate)?;
    }
    if !tls.allow_outdated_certificates {
        let mut new = certificates.iter().filter(is_new);
        if let Some(expired) = new.find(|certificate| certificate.validity().is_over(now)) {
            return Err(ClusterError::ClientCertificateExpired {
                subject: expired.subject().to_string(),
                not_after: expired.validity().not_after,
            });
        }
    }
    if tls.mode == TlsMode::Enabled && tls.enforce_client_authentication && certificates.is_empty() {
        return Err(ClusterError::ClientCertificateMissing);
    }
    Ok(())
}

/// Refuses a key that works with no handshake and no path building. A short key is accepted with a warning, for
/// `mtls_allow_weak_hashing`.
fn check_key(certificate: &Certificate) -> Result<(), ClusterError> {
    let subject = certificate.subject().to_string();
    match key_fitness::check(certificate) {
        Ok(KeyFitness::Fit) => Ok(()),
        Ok(KeyFitness::Short { bits }) => {
            tracing::warn!(
                subject,
                bits,
                "a client certificate of a database has a short RSA key, which counts only with mtls_allow_weak_hashing"
            );
            Ok(())
        }
        Err(fault) => Err(ClusterError::ClientCertificateUnusable { subject, fault }),
    }
}

/// Path building tries each of them for every client's certificate.
const MAX_CERTIFICATES: usize = 100;
