//! The certificates of a new server: a private CA, and a server certificate that it signs.

use std::net::IpAddr;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use certward_pki::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize, SerialNumber,
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::IssuerError;
use crate::pkcs12;
use crate::server_certificate::{ServerCertificate, UnusableServerCertificate};

/// A private certification authority with its key.
pub struct CertificateAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    key_pem: Zeroizing<String>,
    certificate: Certificate,
}

/// A server certificate with its key, signed by a [`CertificateAuthority`].
pub struct CreatedServerCertificate {
    certificate: Certificate,
    issuer: Certificate,
    pkcs8: Zeroizing<Vec<u8>>,
    key_pem: Zeroizing<String>,
}

/// Creates a private CA: ECDSA P-256, ten years, no CA below it. Its name ends in random digits, so that the CAs of two
/// set-ups have different names.
///
/// # Errors
///
/// [`IssuerError`]; it should not occur.
pub fn create_ca(now: OffsetDateTime) -> Result<CertificateAuthority, IssuerError> {
    let mut digits = [0; 4];
    SystemRandom::new()
        .fill(&mut digits)
        .map_err(|_| IssuerError::Cryptography("draw a name"))?;
    let mut parameters = parameters(now, CA_LIFETIME)?;
    parameters.distinguished_name.push(
        DnType::CommonName,
        format!("Certward private CA {:08x}", u32::from_be_bytes(digits)),
    );
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(IssuerError::Setup)?;
    let key_pem = Zeroizing::new(key.serialize_pem());
    let issuer = CertifiedIssuer::self_signed(parameters, key).map_err(IssuerError::Setup)?;
    let certificate = readable(issuer.der().to_vec())?;
    Ok(CertificateAuthority {
        issuer,
        key_pem,
        certificate,
    })
}

/// Issues a server certificate for these DNS names and IP addresses, and for `localhost`, `127.0.0.1` and `::1`.
///
/// RSA with 2048 bits: only RSA signs client certificates, and a longer key would cost every handshake milliseconds.
/// Valid for both ends of TLS, because the owner logs in with the server certificate. Valid for 825 days, the maximum
/// that Apple's systems accept. The common name is the first DNS name, and never `localhost`, which OpenSSL clients
/// confuse with the certificate of that name on Debian.
///
/// # Errors
///
/// [`IssuerError::Setup`] if a name is not a DNS name or IP address.
pub fn create_server_certificate(
    authority: &CertificateAuthority,
    hosts: &[String],
    now: OffsetDateTime,
) -> Result<CreatedServerCertificate, IssuerError> {
    let mut parameters = parameters(now, SERVER_LIFETIME)?;
    let mut names: Vec<String> = hosts.to_vec();
    for local in ["localhost", "127.0.0.1", "::1"] {
        if !names.iter().any(|name| name.eq_ignore_ascii_case(local)) {
            names.push(local.to_owned());
        }
    }
    parameters.subject_alt_names = CertificateParams::new(names)
        .map_err(IssuerError::Setup)?
        .subject_alt_names;
    parameters
        .distinguished_name
        .push(DnType::CommonName, common_name(hosts));
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    parameters.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(IssuerError::Setup)?;
    let signed = parameters
        .signed_by(&key, &authority.issuer)
        .map_err(IssuerError::Setup)?;
    Ok(CreatedServerCertificate {
        certificate: readable(signed.der().to_vec())?,
        issuer: authority.certificate.clone(),
        pkcs8: Zeroizing::new(key.serialize_der()),
        key_pem: Zeroizing::new(key.serialize_pem()),
    })
}

impl CertificateAuthority {
    /// The CA's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The CA's key, PKCS#8 in PEM.
    #[must_use]
    pub fn private_key_pem(&self) -> &str {
        &self.key_pem
    }
}

impl CreatedServerCertificate {
    /// The server certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The server certificate and its issuer, in PEM.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        format!("{}{}", self.certificate.to_pem(), self.issuer.to_pem())
    }

    /// The server's key, PKCS#8 in PEM.
    #[must_use]
    pub fn private_key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The certificate, its issuer and the key as a PKCS#12 file.
    ///
    /// # Errors
    ///
    /// [`IssuerError::Cryptography`]; it should not occur.
    pub fn pfx(&self, password: &str) -> Result<Zeroizing<Vec<u8>>, IssuerError> {
        pkcs12::write(&[self.certificate.der(), self.issuer.der()], &self.pkcs8, password)
            .map_err(|_| IssuerError::Cryptography("encrypt a PKCS#12 file"))
    }

    /// The same, ready for TLS and for signing.
    ///
    /// # Errors
    ///
    /// [`UnusableServerCertificate`]; it should not occur.
    pub fn to_server_certificate(&self) -> Result<ServerCertificate, UnusableServerCertificate> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.pkcs8.to_vec()));
        ServerCertificate::new(self.certificate.clone(), vec![self.issuer.der().clone()], key)
    }
}

impl std::fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificateAuthority")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for CreatedServerCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedServerCertificate")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

pub(super) fn parameters(now: OffsetDateTime, lifetime: Duration) -> Result<CertificateParams, IssuerError> {
    let mut serial_number = [0; 20];
    SystemRandom::new()
        .fill(&mut serial_number)
        .map_err(|_| IssuerError::Cryptography("draw a serial number"))?;
    serial_number[0] = serial_number[0] & 0x7f | 0x40;
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.serial_number = Some(SerialNumber::from_slice(&serial_number));
    parameters.not_before = now - BACKDATED;
    parameters.not_after = now + lifetime;
    Ok(parameters)
}

fn common_name(hosts: &[String]) -> String {
    let fits = |host: &&String| {
        !host.eq_ignore_ascii_case("localhost") && host.parse::<IpAddr>().is_err() && host.len() <= MAX_COMMON_NAME
    };
    hosts
        .iter()
        .find(fits)
        .cloned()
        .unwrap_or_else(|| "certward-server".to_owned())
}

pub(super) fn readable(der: Vec<u8>) -> Result<Certificate, IssuerError> {
    Certificate::from_der(der).map_err(IssuerError::Certificate)
}

const CA_LIFETIME: Duration = Duration::days(3650);
const SERVER_LIFETIME: Duration = Duration::days(825);
/// The clocks of other machines may be slow.
const BACKDATED: Duration = Duration::hours(1);
/// X.520, ub-common-name.
const MAX_COMMON_NAME: usize = 64;
