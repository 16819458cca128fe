//! Certificates for the services of a cluster, each signed with its own key.

use certward_pki::{Certificate, PrivateKeyPem};
use rcgen::{DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::IssuerError;
use super::setup::{parameters, readable};

/// Issues a self-signed certificate for a service: ECDSA P-256, for both ends of TLS, valid for a year, like those of a
/// new Redis Enterprise cluster.
///
/// # Errors
///
/// [`IssuerError`]; it should not occur.
pub fn create_service_certificate(
    common_name: &str,
    now: OffsetDateTime,
) -> Result<(Certificate, PrivateKeyPem), IssuerError> {
    let mut parameters = parameters(now, LIFETIME)?;
    parameters.distinguished_name.push(DnType::CommonName, common_name);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(IssuerError::Setup)?;
    let signed = parameters.self_signed(&key).map_err(IssuerError::Setup)?;
    let key_pem = Zeroizing::new(key.serialize_pem());
    let private_key =
        PrivateKeyPem::from_pem(&key_pem).map_err(|_| IssuerError::Cryptography("write a private key"))?;
    Ok((readable(signed.der().to_vec())?, private_key))
}

const LIFETIME: Duration = Duration::days(365);
