//! The open port of a database.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::running::Opening;
use crate::engine::Engine;
use crate::proxy::DatabaseProxy;
use certward_redis_model::database::Database;

/// The open port of a database, and its connections.
pub(super) struct DatabaseListener {
    port: NonZeroU16,
    proxy: Arc<DatabaseProxy>,
    connections: TaskTracker,
    stop: CancellationToken,
    abort: CancellationToken,
}

impl DatabaseListener {
    /// Accepts clients on `tcp`.
    pub(super) fn open(tcp: TcpListener, database: &Database, engine: &Arc<Engine>, opening: &Opening<'_>) -> Self {
        let parts = opening.databases.proxy.clone();
        let proxy = DatabaseProxy::new(tcp, database.uid, Arc::clone(engine), parts);
        let (stop, abort) = (opening.stop.child_token(), opening.abort.child_token());
        let connections = TaskTracker::new();
        let run = Arc::clone(&proxy).run(connections.clone(), stop.clone(), abort.clone());
        connections.spawn(run);
        Self {
            port: database.port,
            proxy,
            connections,
            stop,
            abort,
        }
    }

    /// The port.
    pub(super) fn port(&self) -> NonZeroU16 {
        self.port
    }

    /// Its connections.
    pub(super) fn proxy(&self) -> &Arc<DatabaseProxy> {
        &self.proxy
    }

    /// Stops accepting clients, and waits until the connections have ended: with `at_once` they are cut; otherwise
    /// commands in progress are answered first.
    pub(super) async fn close(self, at_once: bool) {
        self.stop.cancel();
        self.connections.close();
        if at_once {
            self.proxy.cut_all();
            if tokio::time::timeout(PATIENCE, self.connections.wait()).await.is_err() {
                self.abort.cancel();
            }
        }
        self.connections.wait().await;
    }
}

/// Time for the engine to process the cut connections. Connections left after that have not even finished their
/// handshake.
const PATIENCE: Duration = Duration::from_secs(1);
