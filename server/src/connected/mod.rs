//! Who is connected, and what a removal would end. Each connection is judged by the functions that also end it, so that
//! what is foretold here is what happens.

mod effect;
mod grounds;

use std::net::SocketAddr;
use std::sync::Arc;

use serde::Serialize;
use time::OffsetDateTime;

pub(crate) use self::effect::{effect_of, effect_of_certificate};
use crate::app::App;
use crate::cluster::ClusterState;
use crate::connected_client::{ConnectedClient, ShownCertificate};
use crate::listener::connections::OpenConnection;
use crate::listener::identity_counts::ListenerKind;

/// Whose connections are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of every listener: for administrators of RavenDB's API, who are administrators of the other one too.
    Everything,
    /// Those of Redis Enterprise's API and of the databases.
    Cluster,
}

/// A part of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// How many connections are passed over.
    pub(crate) offset: usize,
    /// How many are shown at most.
    pub(crate) limit: usize,
}

/// Some of the open connections, and how many there are.
#[derive(Debug, Serialize)]
pub(crate) struct ConnectionList {
    total: usize,
    connections: Vec<ConnectedClient>,
}

impl Page {
    /// The limit unless a request says otherwise.
    pub(crate) const DEFAULT_LIMIT: usize = 1000;
    /// The highest limit.
    pub(crate) const MAX_LIMIT: usize = 10_000;
}

/// The open connections, the oldest first.
pub(crate) fn list(app: &App, scope: Scope, page: Page) -> ConnectionList {
    let state = app.cluster.state();
    let mut all = app.databases.clients(&state);
    all.extend(api_connections(app, scope).map(|(listener, connection)| describe(app, listener, &connection, &state)));
    all.sort_by_key(age);
    let total = all.len();
    ConnectionList {
        total,
        connections: all.into_iter().skip(page.offset).take(page.limit).collect(),
    }
}

/// The connections of the APIs.
fn api_connections(app: &App, scope: Scope) -> impl Iterator<Item = (ListenerKind, Arc<OpenConnection>)> {
    let ravendb = (scope == Scope::Everything).then(|| app.connections.ravendb.all());
    let redis_enterprise = app.connections.redis_enterprise.all();
    let of = |listener| move |connection| (listener, connection);
    let others = ravendb.into_iter().flatten().map(of(ListenerKind::Ravendb));
    redis_enterprise
        .into_iter()
        .map(of(ListenerKind::RedisEnterprise))
        .chain(others)
}

fn describe(app: &App, listener: ListenerKind, connection: &OpenConnection, state: &ClusterState) -> ConnectedClient {
    let peer = connection.peer();
    let grounds = match listener {
        ListenerKind::RedisEnterprise => grounds::on_redis_enterprise(app, peer, state),
        ListenerKind::Ravendb | ListenerKind::Database => grounds::on_ravendb(app, peer),
    };
    let is_admitted = !grounds.rests_on.is_empty();
    ConnectedClient {
        listener,
        database: None,
        address: peer.address(),
        opened_at: connection.opened_at(),
        identity: peer.identity(),
        user: grounds.user,
        certificate: peer.certificate().map(ShownCertificate::of),
        rests_on: grounds.rests_on,
        valid_until: connection.valid_until().filter(|_| is_admitted),
    }
}

/// The oldest first; of one moment, in the order of their addresses.
fn age(client: &ConnectedClient) -> (OffsetDateTime, SocketAddr) {
    (client.opened_at, client.address)
}
