//! Watches the sources of trust, and closes connections that are no longer trusted.

use std::sync::Arc;
use std::time::Duration;

use certward_pki::Thumbprint;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use certward_certificates::server_certificate::ServerCertificates;
use certward_ravendb::model::registry::Registry;
use certward_redis_enterprise::cluster::Cluster;
use certward_system::clock::Clock;
use certward_transport::listener::connections::OpenConnections;

/// Changes to the trust since this was created.
#[derive(Debug)]
pub(crate) struct TrustChanges {
    registry: broadcast::Receiver<Arc<[Thumbprint]>>,
    server_certificate: watch::Receiver<u64>,
    cluster: watch::Receiver<u64>,
}

impl TrustChanges {
    /// Create this before the first connection is accepted, so that no change is missed.
    pub(crate) fn of(registry: &Registry, server_certificates: &ServerCertificates, cluster: &Cluster) -> Self {
        Self {
            registry: registry.changes(),
            server_certificate: server_certificates.changes(),
            cluster: cluster.changes(),
        }
    }

    /// Reviews the connections that each change concerns, until `stop`: those of RavenDB's API, and those of Redis
    /// Enterprise's if it is served.
    pub(crate) async fn watch(
        mut self,
        ravendb: Arc<OpenConnections>,
        redis_enterprise: Option<Arc<OpenConnections>>,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) {
        let mut expiry = tokio::time::interval(EXPIRY_CHECK);
        expiry.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let all = || std::iter::once(&ravendb).chain(&redis_enterprise);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                change = self.registry.recv() => match change {
                    Ok(thumbprints) => all().for_each(|connections| connections.review(&thumbprints)),
                    Err(RecvError::Lagged(_)) => all().for_each(|connections| connections.review_all()),
                    Err(RecvError::Closed) => return,
                },
                changed = self.server_certificate.changed() => match changed {
                    Ok(()) => all().for_each(|connections| connections.review_all()),
                    Err(_) => return,
                },
                changed = self.cluster.changed() => match changed {
                    Ok(()) => redis_enterprise.iter().for_each(|connections| connections.review_all()),
                    Err(_) => return,
                },
                _ = expiry.tick() => {
                    let now = clock.now();
                    all().for_each(|connections| connections.review_expired(now));
                }
            }
        }
    }
}

/// Interval at which expired certificates are searched by the wall clock: one timer for all connections, which also
/// follows a clock that is set. A connection is closed within one second of its certificate's expiry.
const EXPIRY_CHECK: Duration = Duration::from_millis(250);
