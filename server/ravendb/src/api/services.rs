//! Dependencies of the API.

use std::fmt;
use std::sync::Arc;

use certward_pki::Thumbprint;
use certward_transport::connected::{ConnectionList, Page, RemovalEffect};
use time::OffsetDateTime;
use url::Url;

use crate::access::authn::Authenticator;
use crate::access::two_factor::{SessionLength, TwoFactorSessions};
use crate::usecases::Authority;
use crate::usecases::replacement::Replacement;
use certward_certificates::server_certificate::ServerCertificates;
use certward_store::audit::Audit;
use certward_system::clock::Clock;
use certward_transport::http::OriginSettings;

/// Dependencies of the API in one server.
#[derive(Debug)]
pub struct Services {
    /// The use cases.
    pub authority: Arc<Authority>,
    /// Authenticates peers.
    pub authenticator: Arc<Authenticator>,
    /// The server certificate in force.
    pub server_certificates: Arc<ServerCertificates>,
    /// Replaces the server certificate.
    pub replacement: Arc<Replacement>,
    /// The sessions that one-time codes have opened.
    pub two_factor: Arc<TwoFactorSessions>,
    /// Lists connections and predicts the effects of a deletion.
    pub connected: Arc<dyn Connected>,
    /// Records refusals.
    pub audit: Audit,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// The settings of the API.
    pub settings: Settings,
    /// The time at which the server was started.
    pub started_at: OffsetDateTime,
    /// The URL of the API for clients: `PublicServerUrl`, or else `ServerUrl` with the port that was bound.
    pub listening_url: Url,
    /// The identifier of this server's topology: a UUID in `DataDir` that does not change.
    pub topology_id: String,
}

/// The settings of the API.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Maximum size of a request's body, in bytes (`Certward.Limits.…`).
    pub body_bytes: usize,
    /// `Setup.Mode`, by the API's name.
    pub setup_mode: &'static str,
    /// The durations of sessions that one-time codes open.
    pub two_factor: SessionLength,
    /// True if read-only certificates are licensed (`Certward.License.ReadOnlyCertificates`).
    pub licensed_read_only_access: bool,
    /// The sites whose pages may send requests.
    pub origins: OriginSettings,
}

/// Knows the connections to every listener of the server.
pub trait Connected: fmt::Debug + Send + Sync {
    /// The open connections on `page`, the oldest first.
    fn list(&self, page: Page) -> ConnectionList;

    /// The effect of deleting a registered certificate; none when it is not registered.
    fn effect_of_deletion(&self, thumbprint: &Thumbprint) -> Option<RemovalEffect>;
}
