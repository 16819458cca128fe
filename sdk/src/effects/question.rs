//! The questions themselves, the same on both APIs.

use std::collections::HashSet;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::list::{ConnectionList, ListConnections};
use super::removal::RemovalEffect;
use crate::Error;
use crate::client::budget::{Budget, Pages};
use crate::client::transport::{Call, Transport};

/// An API on which Certward's server answers questions of its own.
pub(crate) trait Asked: Sync {
    /// The route of the list of connections.
    const CONNECTIONS: &'static str;

    fn transport(&self) -> &Arc<Transport>;

    /// The call with what this client logs in with.
    fn with_login(&self, call: Call) -> Result<Call, Error>;

    /// Returns `true` when the server refused because it has no such route, and not because the object does not exist.
    fn lacks_route(refusal: &Error) -> bool;
}

/// One page of connections.
pub(crate) async fn connections<A: Asked>(api: &A, list: &ListConnections) -> Result<Option<ConnectionList>, Error> {
    page(api, list, &mut api.transport().limits.budget()).await
}

/// Every connection from the start of `list` on, with one budget for all pages.
pub(crate) async fn all_connections<A: Asked>(
    api: &A,
    list: &ListConnections,
) -> Result<Option<ConnectionList>, Error> {
    let mut budget = api.transport().limits.budget();
    let mut pages = Pages::default();
    let mut seen = HashSet::new();
    let mut connections = Vec::new();
    let mut start = list.start();
    loop {
        let Some(mut answer) = page(api, &list.clone().offset(start), &mut budget).await? else {
            return Ok(None);
        };
        let entries = answer.connections.len();
        answer.connections.retain(|connection| {
            seen.insert((
                connection.listener.clone(),
                connection.database.clone(),
                connection.address.clone(),
                connection.opened_at,
            ))
        });
        let new = answer.connections.len();
        connections.append(&mut answer.connections);
        start = start.saturating_add(entries as u64);
        if entries == 0 || start >= answer.total {
            return Ok(Some(ConnectionList { connections, ..answer }));
        }
        pages
            .add(entries, new)
            .map_err(|cause| Error::new("cannot list connections", cause))?;
    }
}

/// Returns the effect of a removal.
pub(crate) async fn removal_effect<A: Asked>(api: &A, call: Call) -> Result<Option<RemovalEffect>, Error> {
    ask(api, call, &mut api.transport().limits.budget()).await
}

/// A list names no object: every 404 is for want of the route.
async fn page<A: Asked>(api: &A, list: &ListConnections, budget: &mut Budget) -> Result<Option<ConnectionList>, Error> {
    match ask(api, list.call(A::CONNECTIONS), budget).await {
        Err(refusal) if refusal.is_not_found() => Ok(None),
        answer => answer,
    }
}

/// `None` if the server does not know the route. A body that is not a JSON object comes from another product, or from a
/// proxy that has a page for every path.
async fn ask<A: Asked, T: DeserializeOwned>(api: &A, call: Call, budget: &mut Budget) -> Result<Option<T>, Error> {
    let call = api.with_login(call)?;
    match api.transport().send_within(call, budget).await {
        Ok(reply) if !reply.body.trim_ascii_start().starts_with(b"{") => Ok(None),
        Ok(reply) => reply.json().map(Some),
        Err(refusal) if A::lacks_route(&refusal) => Ok(None),
        Err(problem) => Err(problem),
    }
}
