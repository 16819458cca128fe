//! The port before a database.

use std::num::NonZeroU16;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::engine::Engine;
use super::running::Opening;
use crate::cluster::database::Database;

/// The port before a database, and whoever came through it.
pub(super) struct Door {
    port: NonZeroU16,
    _tcp: TcpListener,
}

impl Door {
    /// Lets clients in on `tcp`.
    pub(super) fn open(tcp: TcpListener, database: &Database, _engine: &Arc<Engine>, _opening: &Opening<'_>) -> Self {
        Self {
            port: database.port,
            _tcp: tcp,
        }
    }

    /// Which port it is.
    pub(super) fn port(&self) -> NonZeroU16 {
        self.port
    }

    /// Lets nobody in any more; at once, ends the connections of those who are in.
    pub(super) async fn close(self, _at_once: bool) {}
}
