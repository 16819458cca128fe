//! The effect of a removal: the connections that would end, and the identities that would lose access.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::{Connection, ConnectionView, Scope, api_connections, grounds, shown};
use certward_pki::Thumbprint;
use certward_redis_model::removal::{NotThere, Removal};
use certward_redis_model::rights::rights_in;
use certward_redis_model::state::ClusterState;
use certward_redis_model::user::User;
use certward_transport::connected::{ConnectionList, LosingIdentity, LosingKind, Numbered, Page, RemovalEffect};

use certward_ravendb::model::definition::RegisteredCertificate;
use certward_transport::listener::identity_counts::ListenerKind;

fn effect(
    view: &ConnectionView,
    state: &ClusterState,
    connections: Vec<Connection>,
    identities: Vec<LosingIdentity>,
) -> RemovalEffect {
    let page = Page {
        offset: 0,
        limit: MAX_SHOWN,
    };
    let ConnectionList { total, connections } = shown(view, state, connections, page);
    let identities_total = identities.len();
    RemovalEffect {
        connections_total: total,
        connections,
        identities_total,
        identities: identities.into_iter().take(MAX_SHOWN).collect(),
    }
}

/// Returns the effect of a removal from the cluster.
///
/// # Errors
///
/// There is nothing to remove.
pub(super) fn effect_of(view: &ConnectionView, removal: Removal) -> Result<RemovalEffect, NotThere> {
    let state = view.cluster.state();
    let next = state.without(removal)?;
    let to_databases = view.databases.connections_ended_by(&state, &next);
    let mut connections: Vec<_> = to_databases.into_iter().map(Connection::Database).collect();
    let ended = api_connections(view, Scope::Cluster).filter(|(_, connection)| {
        let holder = |state| view.cluster_access.holder(connection.peer(), state);
        holder(&state).is_some() && holder(&next).is_none()
    });
    connections.extend(ended.map(|(listener, connection)| Connection::Api(listener, connection)));
    let identities = match removal {
        // Nobody knows which certificates a CA has issued: those that are connected are counted.
        Removal::Certificate(..) => connected_users(view, &state, &connections),
        _ => losing_users(&state, &next),
    };
    Ok(effect(view, &state, connections, identities))
}

/// Returns the effect of deleting a registered certificate of RavenDB's API; none when it is not registered.
pub(super) fn effect_of_certificate(view: &ConnectionView, thumbprint: &Thumbprint) -> Option<RemovalEffect> {
    let going = view.authority.would_delete(thumbprint)?;
    let thumbprints: HashSet<Thumbprint> = going.iter().map(|entry| entry.thumbprint).collect();
    let state = view.cluster.state();
    let ended = api_connections(view, Scope::Everything).filter(|(listener, connection)| {
        let peer = connection.peer();
        // On Redis Enterprise's API administrators alone are let in by it, and may stay as users of the cluster.
        let rests_on_it = || {
            *listener == ListenerKind::Ravendb
                || (view.cluster_access.holder(peer, &state).is_some() && !view.cluster_access.is_user(peer, &state))
        };
        view.authenticator.is_ended_without(peer, &thumbprints) && rests_on_it()
    });
    let connections = ended
        .map(|(listener, connection)| Connection::Api(listener, connection))
        .collect();
    let certificate = |entry: &Arc<RegisteredCertificate>| LosingIdentity {
        kind: LosingKind::Certificate,
        id: entry.thumbprint.to_string(),
        name: entry.name.clone(),
        databases: Vec::new(),
        api: true,
    };
    let identities = going.iter().map(certificate).collect();
    Some(effect(view, &state, connections, identities))
}

/// The users of these connections, each with its connected databases.
fn connected_users(view: &ConnectionView, state: &ClusterState, connections: &[Connection]) -> Vec<LosingIdentity> {
    let mut users: BTreeMap<Numbered, (BTreeSet<Numbered>, bool)> = BTreeMap::new();
    for connection in connections {
        match connection {
            Connection::Database(connection) => {
                if let Some(user) = connection.user() {
                    users.entry(user).or_default().0.insert(connection.database());
                }
            }
            Connection::Api(ListenerKind::RedisEnterprise, connection) => {
                if let Some(user) = grounds::user_of(view, connection.peer(), state) {
                    users.entry(user).or_default().1 = true;
                }
            }
            Connection::Api(..) => {}
        }
    }
    let identity = |(user, (databases, api)): (Numbered, (BTreeSet<Numbered>, bool))| LosingIdentity {
        kind: LosingKind::User,
        id: user.uid.to_string(),
        name: user.name,
        databases: databases.into_iter().collect(),
        api,
    };
    users.into_iter().map(identity).collect()
}

/// The users with rights in `state` that they lack in `next`, connected or not.
fn losing_users(state: &ClusterState, next: &ClusterState) -> Vec<LosingIdentity> {
    let losing = |user: &Arc<User>| {
        let then = next.user(user.uid);
        let databases: Vec<_> = state
            .databases()
            .filter(|database| {
                let Ok(rights) = rights_in(database, user, state) else {
                    return false;
                };
                let later = next.database(database.uid).zip(then);
                later.is_none_or(|(database, user)| rights_in(database, user, next).ok() != Some(rights))
            })
            .map(|database| Numbered::new(database.uid.get(), &database.name))
            .collect();
        let api = then.is_none_or(|then| next.permissions_of(then) != state.permissions_of(user));
        (api || !databases.is_empty()).then(|| LosingIdentity {
            kind: LosingKind::User,
            id: user.uid.to_string(),
            name: user.name.to_string(),
            databases,
            api,
        })
    };
    state.users().filter_map(losing).collect()
}

/// Maximum number of connections and of identities that are listed; all are counted.
const MAX_SHOWN: usize = 1000;
