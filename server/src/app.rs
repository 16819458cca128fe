//! The parts of one running server, which request handlers use.

use std::sync::Arc;

use time::OffsetDateTime;
use url::Url;

use crate::config::Settings;
use crate::expiry;
use certward_certificates::server_certificate::ServerCertificates;
use certward_ravendb::access::authn::Authenticator;
use certward_ravendb::access::two_factor::TwoFactorSessions;
use certward_ravendb::usecases::Authority;
use certward_ravendb::usecases::replacement::Replacement;
use certward_redis_enterprise::cluster::Cluster;
use certward_redis_enterprise::cluster::access::ClusterAccess;
use certward_redis_proxy::Databases;
use certward_store::audit::Audit;
use certward_system::clock::Clock;
use certward_transport::listener::connections::OpenConnections;
use certward_transport::listener::identity_counts::ConnectionCounts;

/// The open connections to each API.
#[derive(Debug)]
pub(crate) struct ApiConnections {
    /// To RavenDB's.
    pub(crate) ravendb: Arc<OpenConnections>,
    /// To Redis Enterprise's: none where it is not served.
    pub(crate) redis_enterprise: Arc<OpenConnections>,
}

/// The parts of one running server, put together by [`crate::server::Server::start`] and shared by all its listeners.
#[derive(Debug)]
pub struct App {
    /// The use cases.
    pub authority: Arc<Authority>,
    /// Authenticates peers.
    pub authenticator: Arc<Authenticator>,
    /// The cluster of Redis Enterprise's API.
    pub cluster: Arc<Cluster>,
    /// Decides who calls that API.
    pub cluster_access: Arc<ClusterAccess>,
    /// The running databases.
    pub(crate) databases: Arc<Databases>,
    /// The open connections to both APIs.
    pub(crate) connections: Arc<ApiConnections>,
    /// The numbers of open connections.
    pub(crate) connection_counts: ConnectionCounts,
    /// The certificates in use.
    pub(crate) certificates_in_use: Arc<expiry::Sources>,
    /// The server certificate in force.
    pub server_certificates: Arc<ServerCertificates>,
    /// Replaces the server certificate.
    pub replacement: Arc<Replacement>,
    /// The sessions that one-time codes have opened.
    pub two_factor: Arc<TwoFactorSessions>,
    /// Records refusals.
    pub audit: Audit,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// The settings of the server.
    pub settings: Arc<Settings>,
    /// The time at which the server was started.
    pub started_at: OffsetDateTime,
    /// The URL of RavenDB's API for clients: `PublicServerUrl`, or else `ServerUrl` with the port that was bound.
    pub listening_url: Url,
    /// The identifier of this server's topology: a UUID in `DataDir` that does not change.
    pub topology_id: String,
}
