//! The server certificate's file, as named by the settings.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use certward_pki::archive::pkcs12::Pkcs12Error;
use rustls_pki_types::PrivateKeyDer;
use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::fitness::{self, UnfitServerCertificate};
use super::loaded::ServerCertificate;
use super::parse::{ParseError, parse_server_certificate};
use crate::certificate::{self, BundleError, is_about_password};
use crate::pkcs12;
use certward_system::files::{FileError, TrustedDirectory, TrustedFile, without_links};

/// `Security.Certificate.Path` and the related settings.
#[derive(Debug)]
pub struct CertificateFile {
    path: PathBuf,
    password: Option<SecretString>,
    validate_key_usages: bool,
}

/// The server certificate cannot be read from a file, or not be written to one.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFileError {
    /// The file cannot be read, or other users can read or change it.
    #[error(transparent)]
    File(#[from] FileError),
    /// It holds no certificate with its key, or not under this password.
    #[error("no server certificate with its private key can be taken from it")]
    Parse(#[source] ParseError),
    /// Its password differs from that of the settings.
    #[error("Security.Certificate.Password does not open {}", path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: Pkcs12Error,
    },
    /// The certificate is not suitable for a server.
    #[error("the certificate is not fit for a server")]
    Unfit(#[source] UnfitServerCertificate),
    /// The certificate and its key cannot be encrypted as a PKCS#12 file.
    #[error("cannot encrypt the private key for {}", path.display())]
    Encrypt {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written. The old one is unchanged.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
}

impl CertificateFile {
    /// The file at `path`, encrypted with `password`. With `validate_key_usages`, its certificate must allow
    /// signatures.
    #[must_use]
    pub fn new(path: PathBuf, password: Option<&SecretString>, validate_key_usages: bool) -> Self {
        Self {
            path,
            password: password.map(copy),
            validate_key_usages,
        }
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads its certificate, and checks all requirements on a server certificate at `now`.
    ///
    /// # Errors
    ///
    /// [`CertificateFileError::File`], [`CertificateFileError::Password`], [`CertificateFileError::Parse`],
    /// [`CertificateFileError::Unfit`].
    pub async fn load(&self, now: OffsetDateTime) -> Result<ServerCertificate, CertificateFileError> {
        self.parse_own(&self.read().await?, now).await
    }

    /// Like [`Self::load`], for its content.
    pub async fn parse_own(
        &self,
        content: &[u8],
        now: OffsetDateTime,
    ) -> Result<ServerCertificate, CertificateFileError> {
        let parsed = self.parse(content, self.password.as_ref(), now).await;
        parsed.map_err(|error| match error {
            CertificateFileError::Parse(ParseError::Bundle(BundleError::Pkcs12(source)))
                if is_about_password(&source) =>
            {
                let path = self.path.clone();
                CertificateFileError::Password { path, source }
            }
            error => error,
        })
    }

    /// Its content, if no other user can read or change the file.
    pub async fn read(&self) -> Result<Zeroizing<Vec<u8>>, CertificateFileError> {
        let path = self.path.clone();
        let read = move || {
            let file = TrustedFile::open(&path)?;
            file.check_secret()?;
            file.read(MAX_BYTES)
        };
        Ok(in_background(&self.path, read).await?)
    }

    /// The certificate in `content`, if a server can present it at `now`.
    pub async fn parse(
        &self,
        content: &[u8],
        password: Option<&SecretString>,
        now: OffsetDateTime,
    ) -> Result<ServerCertificate, CertificateFileError> {
        let parsed = parse_server_certificate(content.to_vec(), password.map(copy))
            .await
            .map_err(CertificateFileError::Parse)?;
        fitness::check(parsed.certificate(), self.validate_key_usages, now).map_err(CertificateFileError::Unfit)?;
        Ok(parsed)
    }

    /// Replaces the certificate in the file: with the unchanged `content` if the file's own password opens it, so that
    /// the next start can read it; otherwise with the same certificates and key under the file's password. Symbolic
    /// links are kept: their target is replaced.
    pub async fn write(
        &self,
        content: Zeroizing<Vec<u8>>,
        password: Option<&SecretString>,
        certificate: &ServerCertificate,
    ) -> Result<(), CertificateFileError> {
        let path = self.path.clone();
        let path = in_background(&self.path, move || {
            let path = without_links(&path)?;
            TrustedDirectory::open(directory_of(&path))?;
            Ok(path)
        })
        .await?;
        let same_password = text(password) == text(self.password.as_ref());
        let content = if same_password {
            content
        } else {
            self.encrypted(certificate)?
        };
        write_file_atomically(path.clone(), content)
            .await
            .map_err(|source| CertificateFileError::Write { path, source })
    }

    fn encrypted(&self, certificate: &ServerCertificate) -> Result<Zeroizing<Vec<u8>>, CertificateFileError> {
        let failed = || CertificateFileError::Encrypt {
            path: self.path.clone(),
        };
        // A key out of PKCS#12 is PKCS#8; only PEM, which needs no password, has other forms.
        let PrivateKeyDer::Pkcs8(key) = certificate.private_key() else {
            return Err(failed());
        };
        let certificates: Vec<&[u8]> = std::iter::once(certificate.certificate().der())
            .chain(certificate.chain())
            .map(AsRef::as_ref)
            .collect();
        pkcs12::write(&certificates, key.secret_pkcs8_der(), text(self.password.as_ref())).map_err(|_| failed())
    }
}

/// The reason why `password` does not open the file at `path`. None if it does, or if the file is not PKCS#12 or cannot
/// be read, which its loader reports.
pub fn refused_password(path: &Path, password: Option<&SecretString>) -> Option<Pkcs12Error> {
    let content = TrustedFile::open(path).and_then(|file| file.read(MAX_BYTES)).ok()?;
    certificate::refused_password(&content, text(password))
}

/// Writes a file that only its owner can read. A reader sees the old content or the new one completely, even after a
/// power failure.
pub async fn write_file_atomically(path: PathBuf, content: impl AsRef<[u8]> + Send + 'static) -> io::Result<()> {
    let write = move || {
        let mut temporary = path.clone().into_os_string();
        temporary.push(".new");
        let temporary = PathBuf::from(temporary);
        // One left over by a crash would keep its own permissions.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(content.as_ref())?;
        file.sync_all()?;
        fs::rename(&temporary, &path)?;
        fs::File::open(directory_of(&path))?.sync_all()
    };
    tokio::task::spawn_blocking(write)
        .await
        .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}

/// Runs blocking work on a thread for that.
async fn in_background<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| {
        Err(FileError::Open {
            path: path.to_owned(),
            source: io::Error::other(stopped),
        })
    })
}

fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn copy(password: &SecretString) -> SecretString {
    SecretString::from(password.expose_secret())
}

/// No password and an empty one open the same files.
fn text(password: Option<&SecretString>) -> &str {
    password.map_or("", |password| password.expose_secret())
}

/// A key with its certificate and a long chain takes about 20 kilobytes.
const MAX_BYTES: usize = 1024 * 1024;
