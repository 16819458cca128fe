//! The rules for each of the cluster's named certificates.

use certward_pki::{Certificate, PrivateKeyPem, certificates_from_pem};
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;

use super::ClusterError;
use super::cipher_list::Signing;
use certward_certificates::trust::{CaFault, TrustAnchors, UntrustworthyCa};
use certward_redis_model::named_certificate::{CertificateName, NewCertificate};
use certward_redis_model::settings::{ClusterSettings, TlsVersion};
use certward_redis_model::state::ClusterState;

/// Checks a certificate before it is stored. Returns its description for the audit record.
///
/// # Errors
///
/// [`ClusterError::CertificateExpired`] if a certificate of the text has expired, [`ClusterError::InvalidCertificate`]
/// for everything else.
pub(super) fn check(new: &NewCertificate, state: &ClusterState, now: OffsetDateTime) -> Result<String, ClusterError> {
    let name = new.name;
    if name.is_server_certificate() {
        return Err(invalid(
            name,
            "is the server certificate of all APIs; replace the server's certificate file, or call RavenDB's \
             /admin/certificates/replace-cluster-cert",
        ));
    }
    let certificates = match (&new.key, name.is_keyless()) {
        (Some(_), true) => return Err(invalid(name, "comes without a private key; leave \"key\" out")),
        (None, false) => return Err(invalid(name, "needs its private key in \"key\"")),
        (None, true) if name == CertificateName::MtlsTrustedCa => {
            let present = state.trust_anchors().map_or(&[][..], |present| present.certificates());
            let anchors = TrustAnchors::from_pem_bundle(&new.certificate, present, now)
                .map_err(|error| untrustworthy(name, &error))?;
            anchors.certificates().to_vec()
        }
        (_, _) => read(new, now)?,
    };
    if let Some(key) = &new.key {
        let end_entity = &certificates[0];
        check_usage(name, end_entity)?;
        check_key(name, end_entity, key)?;
        check_cipher_suites(name, end_entity, state.settings())?;
    }
    let thumbprints: Vec<_> = certificates
        .iter()
        .map(|certificate| format!("\"{}\" ({})", certificate.subject(), certificate.thumbprint()))
        .collect();
    Ok(thumbprints.join(", "))
}

/// Requires at least one certificate, and that all are valid now; the key belongs to the first.
fn read(new: &NewCertificate, now: OffsetDateTime) -> Result<Vec<Certificate>, ClusterError> {
    let name = new.name;
    let certificates = certificates_from_pem(&new.certificate)
        .map_err(|error| invalid(name, &format!("must be one or more certificates in PEM: {error}")))?;
    for (number, certificate) in (1..).zip(&certificates) {
        let (validity, subject) = (certificate.validity(), certificate.subject());
        if validity.is_over(now) {
            return Err(ClusterError::CertificateExpired {
                name,
                reason: format!(
                    "has expired: certificate {number} (\"{subject}\") ended on {}",
                    validity.not_after
                ),
            });
        }
        if validity.is_early(now) {
            return Err(invalid(
                name,
                &format!(
                    "cannot be used yet: certificate {number} (\"{subject}\") begins on {}",
                    validity.not_before
                ),
            ));
        }
    }
    Ok(certificates)
}

/// An extended key usage must include the service's purpose; most private CAs omit the extension.
fn check_usage(name: CertificateName, certificate: &Certificate) -> Result<(), ClusterError> {
    let Some(usage) = certificate.extended_key_usage() else {
        return Ok(());
    };
    let (fits, purpose) = match name {
        CertificateName::LdapClient => (usage.client_auth(), "clientAuth"),
        CertificateName::SsoService => return Ok(()),
        _ => (usage.server_auth(), "serverAuth"),
    };
    if fits || usage.any() {
        Ok(())
    } else {
        Err(invalid(
            name,
            &format!("has an extended key usage that does not name {purpose}"),
        ))
    }
}

fn check_key(name: CertificateName, certificate: &Certificate, key: &PrivateKeyPem) -> Result<(), ClusterError> {
    let signing_key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key.to_private_key_der()).map_err(|_| {
        invalid(
            name,
            "has a private key that TLS cannot use; expected RSA of 2048 bits or more, ECDSA or Ed25519",
        )
    })?;
    CertifiedKey::new(vec![certificate.der().clone()], signing_key)
        .keys_match()
        .map_err(|_| {
            let subject = certificate.subject();
            invalid(
                name,
                &format!("has a private key that does not belong to its first certificate, \"{subject}\""),
            )
        })
}

/// Checks that clients can connect with the configured cipher suites
/// (`docs/contracts/redis-enterprise.md#cluster-certificates`, 8.2 and newer). TLS 1.3 has the same suites for every
/// key.
fn check_cipher_suites(
    name: CertificateName,
    certificate: &Certificate,
    settings: &ClusterSettings,
) -> Result<(), ClusterError> {
    let (setting, list, oldest) = match name {
        CertificateName::Cm | CertificateName::MetricsExporter => (
            "control_cipher_suites",
            &settings.control_cipher_suites,
            settings.min_control_tls_version,
        ),
        CertificateName::Proxy => (
            "data_cipher_list",
            &settings.data_cipher_list,
            settings.min_data_tls_version,
        ),
        _ => return Ok(()),
    };
    let fits = Signing::of(certificate.public_key()).is_some_and(|signing| signing.is_allowed_by(list));
    if fits || oldest == TlsVersion::V1_3 {
        Ok(())
    } else {
        Err(invalid(
            name,
            &format!(
                "has the key {}, which no cipher suite of {setting} is for ({list})",
                certificate.public_key()
            ),
        ))
    }
}

fn untrustworthy(name: CertificateName, error: &UntrustworthyCa) -> ClusterError {
    match error {
        UntrustworthyCa::Certificate {
            fault: CaFault::Expired(_),
            ..
        } => ClusterError::CertificateExpired {
            name,
            reason: format!("is refused: {error}"),
        },
        UntrustworthyCa::Pem(source) => invalid(name, &format!("must be one or more certificates in PEM: {source}")),
        _ => invalid(name, &format!("is refused: {error}")),
    }
}

fn invalid(name: CertificateName, reason: &str) -> ClusterError {
    ClusterError::InvalidCertificate {
        name,
        reason: reason.to_owned(),
    }
}
