//! The settings: read once at start from the command line, the environment and `settings.json`, and typed.
//!
//! The keys are RavenDB's (`docs/contracts/ravendb.md#settings`) and Certward's own under `Certward.`; `table` has both.
//! For each key the command line wins over the file, the file over the environment, and the environment over the default.
//! Every mistake is found before anything is opened, and all are reported together.

pub mod key;
mod mistake;
mod reader;
mod relaxed_json;
mod source;
pub(crate) mod table;
mod values;
mod well_known;
mod without_effect;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use certward_pki::{Certificate, Thumbprint};
use secrecy::SecretString;
use url::Url;

pub use mistake::{Mistake, Mistakes, Origin};
pub use source::{CommandLine, Sources};

use reader::Reader;

use crate::expiry::WarnDays;
use certward_certificates::issuer::KeyAlgorithm;
use certward_ravendb::access::two_factor::SessionLength;
use certward_system::telemetry::LogSettings;
use certward_transport::http::OriginSettings;
use certward_transport::listener::Limits;

/// Everything the server was told. Paths are absolute, or relative to the working directory of the process.
#[derive(Debug)]
pub struct Settings {
    /// `ServerUrl`: where RavenDB's API listens. Always `https`; port 0 asks the system for a free one.
    pub server_url: Url,
    /// `PublicServerUrl`: where clients reach it, when that differs.
    pub public_server_url: Option<Url>,
    /// `Setup.Mode`.
    pub setup_mode: SetupMode,
    /// `DataDir`: the store and the console's socket.
    pub data_dir: PathBuf,
    /// `Security.Certificate.Path`: the server certificate with its private key.
    pub certificate_path: PathBuf,
    /// `Security.Certificate.Password`: of that file.
    pub certificate_password: Option<SecretString>,
    /// `Security.Certificate.Validation.KeyUsages`: whether the server certificate must have the key usages of TLS.
    pub certificate_validate_key_usages: bool,
    /// `Security.WellKnownCertificates.Admin`.
    pub well_known_administrators: Vec<Thumbprint>,
    /// `Security.WellKnownIssuers.Admin`.
    pub well_known_issuers: Vec<Certificate>,
    /// `Security.WellKnownIssuers.Admin.ValidateCertificateNames`.
    pub validate_certificate_names: bool,
    /// `Security.TwoFactor.*`.
    pub two_factor: SessionLength,
    /// `Security.AuditLog.FolderPath`: none turns the audit log's file off.
    pub audit_log_folder: Option<PathBuf>,
    /// `Certward.Audit.RetentionDays`: how long the store keeps audit records; none keeps them all.
    pub audit_retention_days: Option<u32>,
    /// `Certward.Expiry.WarnDaysBefore` and `Security.Certificate.ExpiringThresholdInDays`: how long before their end the log
    /// warns of certificates.
    pub warn_days: WarnDays,
    /// `Certward.Operations.ServerUrl`: health and metrics, over plain http on loopback; none turns them off.
    pub operations_url: Option<Url>,
    /// `Certward.RedisEnterprise.ServerUrl`; none turns Redis Enterprise's API off.
    pub redis_enterprise_url: Option<Url>,
    /// `Certward.Redis.*`.
    pub redis: Arc<certward_redis_proxy::Settings>,
    /// `Security.Csrf.*`.
    pub csrf: OriginSettings,
    /// `Certward.Store`.
    pub store: StoreSetting,
    /// `Certward.ClientCertificate.KeyAlgorithm`: of the keys the server generates for clients.
    pub key_algorithm: KeyAlgorithm,
    /// `Certward.ClientCertificate.KeyPoolSize`: how many such keys are kept ready; 0 makes each when it is asked for.
    pub key_pool_size: usize,
    /// `Certward.License.ReadOnlyCertificates`: whether `Read` access may be given, as with a licence. Without it, 402.
    pub licensed_read_only_access: bool,
    /// `Certward.Limits.*`.
    pub limits: Limits,
    /// `Certward.Log.*`.
    pub log: LogSettings,
    /// Settings that are accepted and have no effect.
    pub warnings: Vec<Mistake>,
}

impl Settings {
    /// Reads the settings of this process, which is to serve: a program that they name is run, to say its version.
    ///
    /// # Errors
    ///
    /// [`Mistakes`], with every one that was found.
    pub fn load(command_line: &CommandLine) -> Result<Self, Mistakes> {
        let sources = Sources::of_process(command_line)?;
        let mut reader = Reader::new(&sources);
        let settings = reader.read();
        reader.try_program();
        reader.finish(settings)
    }

    /// Types what the sources say.
    ///
    /// # Errors
    ///
    /// [`Mistakes`], with every one that was found.
    pub fn from_sources(sources: &Sources) -> Result<Self, Mistakes> {
        let mut reader = Reader::new(sources);
        let settings = reader.read();
        reader.finish(settings)
    }

    /// The Unix socket of the console.
    #[must_use]
    pub fn admin_socket(&self) -> PathBuf {
        admin_socket(&self.data_dir)
    }
}

/// The Unix socket of the console of the server that keeps its data in `data_dir`.
#[must_use]
pub fn admin_socket(data_dir: &Path) -> PathBuf {
    data_dir.join("admin.sock")
}

/// The way in which the server was set up (`Setup.Mode`). RavenDB's other modes are refused: Certward has no wizard
/// that waits on the network, no ACME client and no unsecured listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupMode {
    /// By hand.
    None,
    /// By `certward-server setup`.
    Secured,
}

impl SetupMode {
    /// The name in the settings and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Secured => "Secured",
        }
    }
}

/// Storage of registered certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSetting {
    /// In a file of [`Settings::data_dir`].
    Sqlite,
}

#[cfg(test)]
mod tests;
