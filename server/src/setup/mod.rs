//! RavenDB's setup wizard: everything a new server needs, in one folder, written all or not at all.

mod folder;
mod host;
mod leftover;
mod settings_file;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use certward_certificates::issuer::setup::{
    CertificateAuthority, CreatedServerCertificate, create_ca, create_server_certificate,
};
use certward_certificates::issuer::{IssuedCertificate, Issuer, IssuerError, KeyAlgorithm};
use certward_certificates::server_certificate::{ServerCertificates, UnusableServerCertificate};
use certward_ravendb::access::authn::{Authenticator, WellKnown};
use certward_ravendb::model::clearance::{Permissions, SecurityClearance};
use certward_ravendb::model::definition::Grant;
use certward_ravendb::model::registry::Registry;
use certward_ravendb::usecases::{self, Authority, AuthorityParts, GenerateRequest};
use certward_store::audit::{Audit, AuditError};
use certward_store::{Store, StoreError};
use certward_system::clock::Clock;
use folder::Staging;
pub use folder::{FolderError, SETTINGS_FILE};
pub use host::{Host, HostError};

/// The plan of a setup.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The folder for all files. It is created when it is missing.
    pub folder: PathBuf,
    /// Names and addresses under which clients reach the server, beside `localhost`, `127.0.0.1` and `::1`. With none,
    /// the server listens on `127.0.0.1`; with any, on every address, and the first one becomes `PublicServerUrl`.
    pub hosts: Vec<Host>,
    /// The port of RavenDB's API.
    pub port: u16,
    /// Of the first administrator's key, and of the keys that the server generates afterwards.
    pub key_algorithm: KeyAlgorithm,
}

impl Plan {
    /// The port of Redis Enterprise's API: the vendor's, unless RavenDB's API is to have that one.
    #[must_use]
    pub fn redis_enterprise_port(&self) -> u16 {
        if self.port == REDIS_ENTERPRISE_PORT {
            OTHER_REDIS_ENTERPRISE_PORT
        } else {
            REDIS_ENTERPRISE_PORT
        }
    }
}

/// The vendor's port for the REST API.
pub const REDIS_ENTERPRISE_PORT: u16 = 9443;
/// Free where RavenDB's API has the vendor's port: it is the usual one of RavenDB's.
const OTHER_REDIS_ENTERPRISE_PORT: u16 = 8443;

/// The result of a setup.
#[derive(Debug)]
pub struct Outcome {
    /// The files and folders, in the order to read about them; absolute or as the plan's folder was given.
    pub files: Vec<PathBuf>,
    /// The URL of the server for clients.
    pub url: String,
    /// The name that the first administrator's certificate is registered under.
    pub administrator: String,
    /// The thumbprint of that certificate.
    pub thumbprint: String,
}

/// The reason that a setup failed. Nothing has been created then.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The folder or a file in it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A certificate or key.
    #[error("the certificates could not be made")]
    Issuer(#[from] IssuerError),
    /// TLS cannot use the certificate made.
    #[error("the server certificate made cannot be used")]
    ServerCertificate(#[from] UnusableServerCertificate),
    /// The store.
    #[error("the store could not be made")]
    Store(#[from] StoreError),
    /// The audit.
    #[error("the audit could not be started")]
    Audit(#[from] AuditError),
    /// The first administrator's certificate.
    #[error("the first administrator's certificate could not be made")]
    Administrator(#[from] usecases::Error),
}

/// Makes a private CA, a server certificate, a store with the first administrator's certificate in it, and
/// `settings.json`, in a folder of their own beside their final place, and moves them there in one go.
///
/// # Errors
///
/// [`SetupError`]; [`FolderError::Exists`] when any of the files is there already. The folder is then as it was.
pub async fn run(plan: &Plan, clock: Arc<dyn Clock>) -> Result<Outcome, SetupError> {
    let staging = Staging::open(&plan.folder)?;
    let now = clock.now();
    let names: Vec<String> = plan.hosts.iter().map(ToString::to_string).collect();
    let ca = create_ca(now)?;
    let server = create_server_certificate(&ca, &names, now)?;
    let administrator = administrator_name(&plan.hosts);
    let issued = register_administrator(&staging, &server, &administrator, plan.key_algorithm, clock).await?;

    let archive_file = format!("{administrator}.zip");
    write_files(&staging, &ca, &server, &issued, &archive_file)?;
    let url = settings_file::public_url(plan);
    staging.write(SETTINGS_FILE, settings_file::text(plan).as_bytes())?;
    let files = staging.publish(&archive_file)?;
    Ok(Outcome {
        files,
        url,
        administrator,
        thumbprint: issued.certificate.thumbprint().to_string(),
    })
}

/// Issues and registers the certificate as the running server does it, in the store that this server will open.
async fn register_administrator(
    staging: &Staging,
    server: &CreatedServerCertificate,
    name: &str,
    key_algorithm: KeyAlgorithm,
    clock: Arc<dyn Clock>,
) -> Result<IssuedCertificate, SetupError> {
    let store = Store::open(&staging.path(folder::DATA_DIR)).await?;
    let audit = Audit::start(store.clone(), Arc::clone(&clock), None).await?;
    let registry = Arc::new(Registry::new([]));
    let server_certificates = Arc::new(ServerCertificates::new(server.to_server_certificate()?));
    let authority = Authority::new(AuthorityParts {
        store: store.clone(),
        registry: Arc::clone(&registry),
        authenticator: Arc::new(Authenticator::new(
            registry,
            Arc::clone(&server_certificates),
            WellKnown::default(),
            Arc::clone(&clock),
        )),
        issuer: Issuer::new(key_algorithm, 0),
        server_certificates,
        clock,
        audit,
    });
    let grant = Grant {
        name: name.to_owned(),
        clearance: SecurityClearance::ClusterAdmin,
        permissions: Permissions::none(),
        disabled: false,
        two_factor_key: None,
    };
    let request = GenerateRequest {
        grant,
        password: None,
        not_after: None,
        request_id: None,
    };
    let issued = authority.generate_first(request).await;
    store.close().await;
    Ok(issued?)
}

fn write_files(
    staging: &Staging,
    ca: &CertificateAuthority,
    server: &CreatedServerCertificate,
    issued: &IssuedCertificate,
    archive_file: &str,
) -> Result<(), SetupError> {
    staging.write("ca.crt", ca.certificate().to_pem().as_bytes())?;
    staging.write("ca.key", ca.private_key_pem().as_bytes())?;
    staging.write("server.crt", server.chain_pem().as_bytes())?;
    staging.write("server.key", server.private_key_pem().as_bytes())?;
    staging.write("server.pfx", &server.pfx("")?)?;
    staging.write(archive_file, &issued.archive)?;
    staging.write("admin.crt", with_line_end(&issued.certificate_pem).as_bytes())?;
    staging.write("admin.key", with_line_end(&issued.private_key_pem).as_bytes())?;
    staging.write("admin.pfx", &issued.pfx)?;
    Ok(())
}

/// The archive's files have no final line end, as on the real server; unpacked, people put them together with `cat`.
fn with_line_end(pem: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(pem.len() + 1));
    text.push_str(pem);
    text.push('\n');
    text
}

/// `admin.client.certificate.` and the server's domain, as RavenDB's wizard names it
/// (`docs/contracts/ravendb.md#setup-wizard`).
fn administrator_name(hosts: &[Host]) -> String {
    let domain = hosts
        .iter()
        .map(ToString::to_string)
        .find(|host| host.parse::<IpAddr>().is_err() && host != "localhost");
    format!(
        "admin.client.certificate.{}",
        domain.as_deref().unwrap_or("certward-server")
    )
}
