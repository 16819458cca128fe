//! Watches what connections are trusted by, and closes those that lose their trust.

use std::sync::Arc;
use std::time::Duration;

use certward_pki::Thumbprint;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::listener::connections::OpenConnections;
use crate::ravendb::model::registry::Registry;
use crate::server_certificate::ServerCertificates;

/// The changes to the trust, from the moment this was made.
#[derive(Debug)]
pub(crate) struct TrustChanges {
    registry: broadcast::Receiver<Arc<[Thumbprint]>>,
    server_certificate: watch::Receiver<u64>,
    cluster: watch::Receiver<u64>,
}

impl TrustChanges {
    /// Make this before the first connection is accepted, so that no change falls in between.
    pub(crate) fn of(registry: &Registry, server_certificates: &ServerCertificates, cluster: &Cluster) -> Self {
        Self {
            registry: registry.changes(),
            server_certificate: server_certificates.changes(),
            cluster: cluster.changes(),
        }
    }

    /// Reviews the connections that each change concerns, until `stop`: those of RavenDB's API, and those of Redis
    /// Enterprise's when that is served.
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

/// The interval at which expired certificates are searched for by the wall clock: one timer for all connections, which
/// also follows a clock that is set. A connection is closed within one second of the end of its certificate.
const EXPIRY_CHECK: Duration = Duration::from_millis(250);
