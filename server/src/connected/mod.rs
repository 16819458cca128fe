//! The open connections, and the effect of a removal. Each connection is judged by the functions that also end it, so
//! that the prediction is correct.

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
use crate::redis::DatabaseConnection;

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
    /// The number of connections to skip.
    pub(crate) offset: usize,
    /// The maximum number of connections to return.
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

/// An open connection that is not described yet.
#[derive(Debug)]
enum Connection {
    /// To an API.
    Api(ListenerKind, Arc<OpenConnection>),
    /// To a database.
    Database(DatabaseConnection),
}

/// The open connections, the oldest first.
pub(crate) fn list(app: &App, scope: Scope, page: Page) -> ConnectionList {
    let state = app.cluster.state();
    let databases = app.databases.connections(&state).into_iter().map(Connection::Database);
    let apis = api_connections(app, scope).map(|(listener, connection)| Connection::Api(listener, connection));
    shown(app, &state, databases.chain(apis).collect(), page)
}

/// A page of these. Only what is on it is described: that takes a look at certificates and rights.
fn shown(app: &App, state: &ClusterState, connections: Vec<Connection>, page: Page) -> ConnectionList {
    let (total, page) = cut(connections, Connection::age, page);
    ConnectionList {
        total,
        connections: page.map(|connection| connection.described(app, state)).collect(),
    }
}

/// Returns the number of all entries, and those on the page, the oldest first.
fn cut<T, A: Ord>(mut all: Vec<T>, age: impl Fn(&T) -> A, page: Page) -> (usize, impl Iterator<Item = T>) {
    all.sort_by_key(age);
    (all.len(), all.into_iter().skip(page.offset).take(page.limit))
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

impl Connection {
    /// Orders the oldest first; of one moment, by address.
    fn age(&self) -> (OffsetDateTime, SocketAddr) {
        match self {
            Self::Api(_, connection) => (connection.opened_at(), connection.peer().address()),
            Self::Database(connection) => connection.age(),
        }
    }

    fn described(&self, app: &App, state: &ClusterState) -> ConnectedClient {
        match self {
            Self::Api(listener, connection) => describe(app, *listener, connection, state),
            Self::Database(connection) => connection.described(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_is_cut_in_the_order_of_age_before_anything_is_described() {
        let page = Page { offset: 2, limit: 3 };
        let (total, page) = cut((0..1000_u32).rev().collect(), |number| *number, page);
        let mut described = 0;
        let seen: Vec<_> = page.inspect(|_| described += 1).collect();
        assert_eq!((total, seen, described), (1000, vec![2, 3, 4], 3));
    }
}
