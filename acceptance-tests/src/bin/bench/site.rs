//! The certificates that all servers under measurement share: what `certward-server setup` writes, and clients of its CA.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_RSA_SHA256, RsaKeySize, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Failure;

/// A folder that `certward-server setup` filled.
pub(crate) struct Site {
    directory: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    /// The CA of the server certificate and of all clients.
    pub(crate) ca: CertificateDer<'static>,
    /// The server's own certificate, which may administer.
    pub(crate) server: Identity,
}

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// The kind of a client's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientKey {
    EcdsaP256,
    Rsa2048,
}

impl Site {
    /// Runs `certward-server setup` in the new folder `directory`.
    pub(crate) fn set_up(certward_server: &Path, directory: &Path) -> Result<Self, Failure> {
        let setup = Command::new(certward_server)
            .args(["setup", "--non-interactive", "--dir"])
            .arg(directory)
            .output()
            .map_err(|error| format!("{} does not start: {error}", certward_server.display()))?;
        if !setup.status.success() {
            return Err(format!(
                "certward-server setup failed: {}",
                String::from_utf8_lossy(&setup.stderr)
            )
            .into());
        }
        let ca_pem = fs::read_to_string(directory.join("ca.crt"))?;
        let ca_key = KeyPair::from_pem(&fs::read_to_string(directory.join("ca.key"))?)?;
        Ok(Self {
            ca: CertificateDer::from_pem_slice(ca_pem.as_bytes())?,
            issuer: Issuer::from_ca_cert_pem(&ca_pem, ca_key)?,
            server: Identity {
                certificate: CertificateDer::from_pem_file(directory.join("server.crt"))?,
                key: PrivateKeyDer::from_pem_file(directory.join("server.key"))?,
            },
            directory: directory.to_owned(),
        })
    }

    /// A file of the folder, such as `server.key`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A new client of the CA.
    pub(crate) fn client(&self, name: &str, key: ClientKey) -> Result<Identity, Failure> {
        let key = match key {
            ClientKey::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
            ClientKey::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?,
        };
        let certificate = client_parameters(name).signed_by(&key, &self.issuer)?;
        Ok(Identity {
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::try_from(key.serialize_der())?,
        })
    }
}

/// What a client certificate says: a name, and that it is for clients.
pub(crate) fn client_parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = date_time_ymd(2025, 1, 1);
    parameters.not_after = date_time_ymd(2045, 1, 1);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    parameters
}
