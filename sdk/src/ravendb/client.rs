//! The client and its builder.

use std::sync::Arc;

use http::{HeaderMap, Method};
use serde::Deserialize;
use uuid::Uuid;

use super::refusal;
use crate::Error;
use crate::client::retry::Repeat;
use crate::client::settings::{Settings, builder_methods};
use crate::client::transport::{Call, Refusals, Reply, Transport, static_header};
use crate::pki::Certificate;

/// A client of RavenDB's certificate administration. Cloning is cheap, and clones share their connections.
///
/// Nothing is connected to before the first operation. Every operation is a future for the tokio runtime.
#[derive(Clone)]
pub struct Client {
    pub(super) transport: Arc<Transport>,
}

/// Collects what a [`Client`] needs.
pub struct ClientBuilder {
    settings: Settings,
}

impl Client {
    /// Begins a new client. At least one endpoint is needed.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            settings: Settings::default(),
        }
    }

    /// The certificate this client logs in with.
    pub fn own_certificate(&self) -> Option<&Certificate> {
        self.transport.certificate.as_ref()
    }

    pub(super) async fn send(&self, call: Call) -> Result<Reply, Error> {
        self.transport.send(call).await
    }

    /// A call that changes something, with an id by which a server can tell a repetition.
    pub(super) fn write(operation: &'static str, method: Method, path: &'static str, repeat: Repeat) -> Call {
        Call::new(operation, method, path, repeat)
            .query("raft-request-id", Uuid::new_v4())
            .accept(&[200, 201, 202, 204])
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let endpoints: Vec<&str> = self.transport.endpoints.urls.iter().map(url::Url::as_str).collect();
        f.debug_struct("ravendb::Client")
            .field("endpoints", &endpoints)
            .field("certificate", &self.transport.certificate)
            .finish()
    }
}

impl ClientBuilder {
    builder_methods!();

    /// Makes the client, without connecting.
    ///
    /// # Errors
    /// [`Error::is_configuration`]: no endpoint, a key that does not fit its certificate, or no trust anchor.
    pub fn build(self) -> Result<Client, Error> {
        // Without this header RavenDB adds advice about browser caches to its refusals
        // (`docs/contracts/ravendb.md#errors`).
        let headers = HeaderMap::from_iter([
            static_header("raven-client-version", "7.2.7"),
            static_header("accept", "application/json, application/octet-stream"),
        ]);
        Ok(Client {
            transport: self.settings.build(headers, REFUSALS)?,
        })
    }
}

const REFUSALS: Refusals = Refusals {
    read: read_problem,
    kind: refusal::kind,
};

/// The two shapes of refusals (`docs/contracts/ravendb.md#errors`), and the third of `/authentication/2fa` with `Error`
/// alone.
fn read_problem(body: &[u8]) -> (Option<String>, Option<String>) {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Problem {
        r#type: Option<String>,
        message: Option<String>,
        error: Option<String>,
    }
    let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    let first_line = |error: String| error.lines().next().map(str::to_owned);
    let (message, error) = (problem.message, problem.error.and_then(first_line));
    // RavenDB's wrapped failures ("Failed to put certificate …") tell their cause in `Error` only.
    let message = match (message, error) {
        (Some(message), Some(error)) if !error.contains(&message) => Some(format!("{message} ({error})")),
        (Some(message), _) => Some(message),
        (None, error) => error,
    };
    (problem.r#type, message)
}
