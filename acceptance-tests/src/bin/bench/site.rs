//! The certificates that all servers under measurement share: what `certward-server setup` writes, and clients of its CA.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_RSA_SHA256, RsaKeySize, SanType, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Failure;
use crate::client::{Client, KeyExchange};

/// A folder that `certward-server setup` filled.
pub(crate) struct Site {
    directory: PathBuf,
    server_certificate: &'static str,
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

/// The kind of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    EcdsaP256,
    Rsa2048,
    Rsa4096,
}

impl Key {
    fn generate(self) -> Result<KeyPair, rcgen::Error> {
        match self {
            Self::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            Self::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
            Self::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096),
        }
    }
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
        Self::load(directory, "server.pfx")
    }

    /// A file of the folder, such as `server.key`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The same CA with a server certificate of another kind, in the new folder `directory`.
    pub(crate) fn with_server_key(&self, key: Key, directory: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(directory)?;
        for name in ["ca.crt", "ca.key", SETTINGS] {
            fs::copy(self.file(name), directory.join(name))?;
        }
        let key = key.generate()?;
        let mut parameters = client_parameters("bench");
        parameters.subject_alt_names = vec![
            SanType::DnsName("localhost".try_into()?),
            SanType::IpAddress(Ipv4Addr::LOCALHOST.into()),
        ];
        parameters.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        let certificate = parameters.signed_by(&key, &self.issuer)?.pem();
        fs::write(
            directory.join("server.crt"),
            format!("{certificate}{}", fs::read_to_string(self.file("ca.crt"))?),
        )?;
        write_secret(&directory.join("server.key"), &key.serialize_pem())?;
        write_secret(
            &directory.join("server.pem"),
            &format!("{certificate}{}", key.serialize_pem()),
        )?;
        Self::load(directory, "server.pem")
    }

    /// The file of the server certificate with its key, for the settings.
    pub(crate) fn server_certificate(&self) -> PathBuf {
        self.file(self.server_certificate)
    }

    /// A client that presents the server's own certificate to the server at `address`.
    pub(crate) fn administrator(&self, address: SocketAddr) -> Result<Client, Failure> {
        Client::new(address, &self.ca, &self.server, KeyExchange::X25519)
    }

    /// A new client of the CA.
    pub(crate) fn client(&self, name: &str, key: Key) -> Result<Identity, Failure> {
        let key = key.generate()?;
        let certificate = client_parameters(name).signed_by(&key, &self.issuer)?;
        Ok(Identity {
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::try_from(key.serialize_der())?,
        })
    }

    /// The same, with the certificate and the key in the files `client.crt` and `client.key` of `directory` too.
    pub(crate) fn client_with_files(&self, name: &str, key: Key, directory: &Path) -> Result<Identity, Failure> {
        let key = key.generate()?;
        let certificate = client_parameters(name).signed_by(&key, &self.issuer)?;
        fs::write(directory.join("client.crt"), certificate.pem())?;
        write_secret(&directory.join("client.key"), &key.serialize_pem())?;
        Ok(Identity {
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::try_from(key.serialize_der())?,
        })
    }

    fn load(directory: &Path, server_certificate: &'static str) -> Result<Self, Failure> {
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
            server_certificate,
        })
    }
}

/// Readable for its owner only, as the server demands.
fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?
        .write_all(text.as_bytes())
}

/// Contents of a client certificate: a name, and the extended key usage for clients.
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

/// The settings that `setup` writes.
pub(crate) const SETTINGS: &str = "settings.json";
