//! The questions themselves, the same on both APIs.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::Stream;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use super::connection::{Connection, ConnectionDatabase, Listener};
use super::list::{ConnectionList, ListConnections};
use super::removal::RemovalEffect;
use crate::Error;
use crate::client::budget::{Budget, Limits, Pages};
use crate::client::error::Cause;
use crate::client::paging::{self, Cursor};
use crate::client::transport::{Call, Transport};

/// An API on which Certward's server answers questions of its own.
pub(crate) trait Asked: Clone + Send + Sync + 'static {
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
    let mut pages = ConnectionPages::new(api, list);
    let mut budget = pages.limits().budget();
    let mut connections = Vec::new();
    loop {
        let Some(mut page) = pages.page(&mut budget).await? else {
            return Ok(None);
        };
        connections.append(&mut page.connections);
        if pages.is_over {
            return Ok(Some(ConnectionList { connections, ..page }));
        }
    }
}

/// Every connection from the start of `list` on, one by one.
pub(crate) fn connection_stream<A: Asked>(
    api: &A,
    list: &ListConnections,
) -> impl Stream<Item = Result<Connection, Error>> + Send + Unpin + use<A> {
    paging::stream(ConnectionPages::new(api, list))
}

/// The position of a listing.
struct ConnectionPages<A> {
    api: A,
    list: ListConnections,
    start: u64,
    pages: Pages,
    seen: HashSet<(Listener, Option<ConnectionDatabase>, String, OffsetDateTime)>,
    is_over: bool,
}

impl<A: Asked> ConnectionPages<A> {
    fn new(api: &A, list: &ListConnections) -> Self {
        Self {
            api: api.clone(),
            list: list.clone(),
            start: list.start(),
            pages: Pages::default(),
            seen: HashSet::new(),
            is_over: false,
        }
    }

    /// The next page, without the connections that were on one before; `None` when the server does not know the question.
    async fn page(&mut self, budget: &mut Budget) -> Result<Option<ConnectionList>, Error> {
        let Some(mut answer) = page(&self.api, &self.list.clone().offset(self.start), budget).await? else {
            return Ok(None);
        };
        let entries = answer.connections.len();
        answer.connections.retain(|connection| {
            self.seen.insert((
                connection.listener.clone(),
                connection.database.clone(),
                connection.address.clone(),
                connection.opened_at,
            ))
        });
        self.start = self.start.saturating_add(entries as u64);
        self.is_over = entries == 0 || self.start >= answer.total;
        if !self.is_over {
            self.pages
                .add(entries, answer.connections.len())
                .map_err(|cause| Error::new(LISTING, cause))?;
        }
        Ok(Some(answer))
    }
}

impl<A: Asked> Cursor for ConnectionPages<A> {
    type Entry = Connection;

    fn limits(&self) -> Limits {
        self.api.transport().limits
    }

    async fn next(&mut self, budget: &mut Budget) -> Result<Option<Vec<Connection>>, Error> {
        if self.is_over {
            return Ok(None);
        }
        match self.page(budget).await? {
            Some(page) => Ok(Some(page.connections)),
            None => Err(Error::new(LISTING, Cause::Unsupported)),
        }
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

const LISTING: &str = "cannot list connections";
