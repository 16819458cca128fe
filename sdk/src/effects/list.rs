//! Pages of open connections.

use serde::Deserialize;

use super::connection::Connection;
use crate::client::transport::Call;

/// A selection of connections. Default: the oldest 1,000.
#[derive(Clone, Debug, Default)]
pub struct ListConnections {
    limit: Option<u32>,
    offset: Option<u64>,
}

/// A page of open connections.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ConnectionList {
    /// Number of connections that are open, on all pages together.
    pub total: u64,
    /// The connections of this page, oldest first.
    #[serde(default)]
    pub connections: Vec<Connection>,
}

impl ListConnections {
    /// The oldest 1,000 connections.
    pub fn new() -> Self {
        Self::default()
    }

    /// Maximum number of connections in an answer, 1 to 10,000. Default: 1,000.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Skips the oldest `offset` connections. Default: 0.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// The number of connections to skip.
    pub(super) fn start(&self) -> u64 {
        self.offset.unwrap_or_default()
    }

    pub(super) fn call(&self, path: &'static str) -> Call {
        let mut call = Call::get("list connections", path);
        if let Some(limit) = self.limit {
            call = call.query("limit", limit);
        }
        if let Some(offset) = self.offset {
            call = call.query("offset", offset);
        }
        call
    }
}
