//! The open connections, and the effects of a removal. The prediction uses the same functions that close connections,
//! so it is correct.

mod effect;
mod grounds;

use std::net::SocketAddr;
use std::sync::Arc;

use certward_pki::Thumbprint;
use time::OffsetDateTime;

use crate::app::ApiConnections;
use certward_ravendb::access::authn::Authenticator;
use certward_ravendb::api as ravendb;
use certward_ravendb::usecases::Authority;
use certward_redis_enterprise::api as redis_enterprise;
use certward_redis_enterprise::cluster::access::ClusterAccess;
use certward_redis_enterprise::cluster::{Cluster, ClusterState};
use certward_redis_model::removal::{NotThere, Removal};
use certward_redis_proxy::{DatabaseConnection, Databases};
use certward_transport::connected::{ConnectedClient, ConnectionList, Page, RemovalEffect, ShownCertificate};
use certward_transport::listener::connection_table::Listed as _;
use certward_transport::listener::connections::OpenConnection;
use certward_transport::listener::identity_counts::ListenerKind;

/// The parts of the server that hold connections.
#[derive(Debug)]
pub(crate) struct ConnectionView {
    pub(crate) authority: Arc<Authority>,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) cluster_access: Arc<ClusterAccess>,
    pub(crate) databases: Arc<Databases>,
    pub(crate) connections: Arc<ApiConnections>,
}

/// The listeners whose connections are requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// All listeners: for administrators of RavenDB's API, who are administrators of the other one too.
    Everything,
    /// Redis Enterprise's API and the databases.
    Cluster,
}

/// An open connection, before its description.
#[derive(Debug)]
enum Connection {
    /// To an API.
    Api(ListenerKind, Arc<OpenConnection>),
    /// To a database.
    Database(DatabaseConnection),
}

impl ravendb::Connected for ConnectionView {
    fn list(&self, page: Page) -> ConnectionList {
        list(self, Scope::Everything, page)
    }

    fn effect_of_deletion(&self, thumbprint: &Thumbprint) -> Option<RemovalEffect> {
        effect::effect_of_certificate(self, thumbprint)
    }
}

impl redis_enterprise::Connected for ConnectionView {
    fn list(&self, page: Page) -> ConnectionList {
        list(self, Scope::Cluster, page)
    }

    fn effect_of(&self, removal: Removal) -> Result<RemovalEffect, NotThere> {
        effect::effect_of(self, removal)
    }
}

/// The open connections, the oldest first.
fn list(view: &ConnectionView, scope: Scope, page: Page) -> ConnectionList {
    let state = view.cluster.state();
    let databases = view.databases.connections(&state).into_iter().map(Connection::Database);
    let apis = api_connections(view, scope).map(|(listener, connection)| Connection::Api(listener, connection));
    shown(view, &state, databases.chain(apis).collect(), page)
}

/// A page of the connections. Only these are described, because a description looks up certificates and rights.
fn shown(view: &ConnectionView, state: &ClusterState, connections: Vec<Connection>, page: Page) -> ConnectionList {
    let (total, page) = cut(connections, Connection::age, page);
    ConnectionList {
        total,
        connections: page.map(|connection| connection.described(view, state)).collect(),
    }
}

/// Returns the number of all entries, and those on the page, the oldest first.
fn cut<T, A: Ord>(mut all: Vec<T>, age: impl Fn(&T) -> A, page: Page) -> (usize, impl Iterator<Item = T>) {
    all.sort_by_key(age);
    (all.len(), all.into_iter().skip(page.offset).take(page.limit))
}

/// The connections of the APIs.
fn api_connections(view: &ConnectionView, scope: Scope) -> impl Iterator<Item = (ListenerKind, Arc<OpenConnection>)> {
    let ravendb = (scope == Scope::Everything).then(|| view.connections.ravendb.all());
    let redis_enterprise = view.connections.redis_enterprise.all();
    let of = |listener| move |connection| (listener, connection);
    let others = ravendb.into_iter().flatten().map(of(ListenerKind::Ravendb));
    redis_enterprise
        .into_iter()
        .map(of(ListenerKind::RedisEnterprise))
        .chain(others)
}

fn describe(
    view: &ConnectionView,
    listener: ListenerKind,
    connection: &OpenConnection,
    state: &ClusterState,
) -> ConnectedClient {
    let peer = connection.peer();
    let grounds = match listener {
        ListenerKind::RedisEnterprise => grounds::on_redis_enterprise(view, peer, state),
        ListenerKind::Ravendb | ListenerKind::Database => grounds::on_ravendb(view, peer),
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

    fn described(&self, view: &ConnectionView, state: &ClusterState) -> ConnectedClient {
        match self {
            Self::Api(listener, connection) => describe(view, *listener, connection, state),
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
