//! The errors of a server's start.

use std::io;
use std::path::PathBuf;

use time::OffsetDateTime;
use url::Url;

use certward_certificates::server_certificate::CertificateFileError;
use certward_redis_enterprise::cluster::ClusterError;
use certward_store::StoreError;
use certward_store::audit::AuditError;

/// A server does not start. No socket has listened when one of these is returned.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The machine's clock is wrong, and so would be every decision about validity.
    #[error("the clock says {now}, which is before this program was written; set the clock")]
    Clock {
        /// The time that the clock shows.
        now: OffsetDateTime,
    },
    /// A file of `DataDir` cannot be read or written.
    #[error("cannot use {} in DataDir", path.display())]
    DataDir {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The store cannot be opened or read.
    #[error("cannot open the store in DataDir")]
    Store(#[source] StoreError),
    /// The server certificate cannot be used.
    #[error("cannot use the server certificate of Security.Certificate.Path")]
    ServerCertificate(#[source] CertificateFileError),
    /// The audit log cannot be written.
    #[error("cannot start the audit log of Security.AuditLog.FolderPath")]
    Audit(#[source] AuditError),
    /// The certificates of the cluster's services could not be generated.
    #[error("cannot make the certificates of the cluster's services")]
    Cluster(#[source] ClusterError),
    /// The system has no threads or descriptors left for the connections.
    #[error("cannot start the threads that serve connections")]
    Threads(#[source] io::Error),
    /// TLS cannot be configured.
    #[error("cannot configure TLS")]
    Tls(#[source] rustls::Error),
    /// The address cannot be bound, or not be opened to all clients.
    #[error("cannot listen on {url}, which is {key}")]
    Listen {
        /// The key of the settings.
        key: &'static str,
        /// The URL to listen on.
        url: Url,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Health and metrics are served on this machine only, because their clients are not authenticated.
    #[error("Certward.Operations.ServerUrl is {url}, which other machines can reach; use 127.0.0.1 or [::1]")]
    OperationsNotLoopback {
        /// The URL to listen on.
        url: Url,
    },
}
