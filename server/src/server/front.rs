//! An API's listener, with its connections.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use url::Url;

use super::StartError;
use crate::app::App;
use certward_transport::http::Http;
use certward_transport::http::HttpsListener;
use certward_transport::listener::connections::OpenConnections;
use certward_transport::listener::identity_counts::ListenerKind;
use certward_transport::listener::tls::Tls;
use certward_transport::listener::workers::Workers;

/// An API's listener, with its connections.
pub(super) struct Front {
    pub(super) listener: HttpsListener,
    pub(super) address: SocketAddr,
    pub(super) connections: Arc<OpenConnections>,
}

impl Front {
    /// Wraps a listening socket; errors name its URL. Nothing is accepted before the listener runs.
    ///
    /// # Errors
    ///
    /// [`StartError::Tls`], [`StartError::Listen`].
    pub(super) fn open(
        app: &App,
        (key, url): (&'static str, &Url),
        kind: ListenerKind,
        (tcp, workers): (TcpListener, &Workers),
        http: Arc<Http>,
        connections: &Arc<OpenConnections>,
        tls_1_3_alone: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let limits = &app.settings.limits;
        let tls = Tls::new(&app.server_certificates, limits, tls_1_3_alone).map_err(StartError::Tls)?;
        let address = tcp.local_addr().map_err(|source| StartError::Listen {
            key,
            url: url.clone(),
            source,
        })?;
        let parts = (workers.clone(), limits, app.connection_counts.of(kind));
        Ok(Self {
            listener: HttpsListener::new(tcp, tls, http, Arc::clone(connections), parts),
            address,
            connections: Arc::clone(connections),
        })
    }
}
