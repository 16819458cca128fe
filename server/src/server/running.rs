//! A running server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::app::App;
use certward_redis_proxy::ENGINE_TIME;
use certward_store::Store;
use certward_transport::listener::connections::OpenConnections;

/// A running server. Dropping it stops it at once; [`Self::shutdown`] lets current requests finish.
#[derive(Debug)]
pub struct RunningServer {
    app: Arc<App>,
    store: Store,
    addresses: Addresses,
    connections: Vec<Arc<OpenConnections>>,
    tasks: TaskTracker,
    stop: DropGuard,
    abort: DropGuard,
}

/// The addresses that a server listens on, with the actual ports.
#[derive(Debug)]
pub(super) struct Addresses {
    pub(super) ravendb: SocketAddr,
    pub(super) redis_enterprise: Option<SocketAddr>,
    pub(super) operations: Option<SocketAddr>,
}

impl RunningServer {
    pub(super) fn new(
        app: Arc<App>,
        store: Store,
        addresses: Addresses,
        connections: Vec<Arc<OpenConnections>>,
        (stop, abort, tasks): (CancellationToken, CancellationToken, TaskTracker),
    ) -> Self {
        Self {
            app,
            store,
            addresses,
            connections,
            tasks,
            stop: stop.drop_guard(),
            abort: abort.drop_guard(),
        }
    }

    /// The address of RavenDB's API, with the actual port.
    #[must_use]
    pub fn ravendb_address(&self) -> SocketAddr {
        self.addresses.ravendb
    }

    /// The address of Redis Enterprise's API, with the actual port, if it is on.
    #[must_use]
    pub fn redis_enterprise_address(&self) -> Option<SocketAddr> {
        self.addresses.redis_enterprise
    }

    /// The address of health and metrics, if they are served.
    #[must_use]
    pub fn operations_address(&self) -> Option<SocketAddr> {
        self.addresses.operations
    }

    /// The parts of the server.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Stops accepting connections, lets current requests finish within `Certward.Limits.DrainTimeout`, ends the
    /// engines, and closes the store. It returns at most 4 s after the drain time, even if something does not end.
    ///
    /// HTTP/1.1 connections are closed with their next response, HTTP/2 connections get a GOAWAY, idle ones are closed
    /// at once.
    pub async fn shutdown(self) {
        let Self {
            app,
            store,
            connections,
            tasks,
            stop,
            abort,
            ..
        } = self;
        drop(stop);
        connections.iter().for_each(|connections| connections.end_all());
        tasks.close();
        if tokio::time::timeout(app.settings.limits.drain_timeout, tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                "requests are under way, or databases have not ended, at the end of the drain time; what is left is cut off"
            );
        }
        drop(abort);
        if tokio::time::timeout(ENGINE_TIME + AFTER_KILL, tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("parts of the server have not ended; they are not waited for");
        }
        if !store.health().is_writable() {
            tracing::warn!("the store cannot be written; refusals that it has not taken are lost with the server");
            store.stop_waiting();
        }
        let close = async {
            app.audit.flush().await;
            store.close().await;
        };
        if tokio::time::timeout(STORE_TIME, close).await.is_err() {
            tracing::warn!("the store has not been closed in time; the next start reads it as after a crash");
        }
    }
}

/// Time to reap killed engines.
const AFTER_KILL: Duration = Duration::from_millis(500);
/// Time for the last audit records, and for closing the store.
const STORE_TIME: Duration = Duration::from_millis(500);
