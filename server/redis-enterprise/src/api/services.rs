//! Dependencies of the API.

use std::fmt;
use std::sync::Arc;

use certward_transport::connected::{ConnectionList, Page, RemovalEffect};
use time::OffsetDateTime;
use url::{Host, Url};

use crate::cluster::Cluster;
use crate::cluster::access::ClusterAccess;
use crate::cluster::databases::DatabaseAdministration;
use certward_certificates::server_certificate::ServerCertificates;
use certward_redis_model::removal::{NotThere, Removal};
use certward_redis_proxy::Databases;
use certward_store::audit::Audit;
use certward_system::clock::Clock;
use certward_transport::http::OriginSettings;

/// Dependencies of the API in one server.
#[derive(Debug)]
pub struct Services {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// Authenticates requests.
    pub cluster_access: Arc<ClusterAccess>,
    /// The running databases.
    pub databases: Arc<Databases>,
    /// The use cases of databases, with what runs for them.
    pub administration: DatabaseAdministration,
    /// The certificate the server shows.
    pub server_certificates: Arc<ServerCertificates>,
    /// Lists connections and predicts the effects of a removal.
    pub connected: Arc<dyn Connected>,
    /// Records refusals.
    pub audit: Audit,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// The settings of the API.
    pub settings: Settings,
    /// The time at which the server was started.
    pub started_at: OffsetDateTime,
}

/// The settings of the API.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Maximum size of a request's body, in bytes (`Certward.Limits.…`).
    pub body_bytes: usize,
    /// The URL of the API for clients (`Certward.RedisEnterprise.ServerUrl`).
    pub url: Option<Url>,
    /// The host that databases listen on.
    pub databases_listen_on: Host,
    /// The hosts that clients reach the server by, the best first.
    pub hosts: Vec<Host>,
    /// The sites whose pages may send requests.
    pub origins: OriginSettings,
    /// The URL of the server, whose pages may send requests where [`Self::url`] is not set.
    pub listening_url: Url,
}

/// Knows who is connected to this API and to the databases.
pub trait Connected: fmt::Debug + Send + Sync {
    /// The open connections on `page`, the oldest first.
    fn list(&self, page: Page) -> ConnectionList;

    /// The effect of a removal from the cluster.
    ///
    /// # Errors
    ///
    /// There is nothing to remove.
    fn effect_of(&self, removal: Removal) -> Result<RemovalEffect, NotThere>;
}
