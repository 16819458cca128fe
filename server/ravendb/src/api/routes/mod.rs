//! Routes: the router and the OpenAPI document are both made from the one [table](ROUTES).

mod table;

use std::sync::Arc;

use axum::routing::MethodRouter;

pub use table::ROUTES;

use super::described::Kind;
use crate::api::Services;
use crate::model::clearance::Level;

/// A route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method in capitals; `*` for all methods.
    pub method: &'static str,
    /// The path, in axum's pattern language. Paths in requests are case-insensitive.
    pub path: &'static str,
    /// The callers who may use the route.
    pub access: Access,
    /// The summary in the OpenAPI document.
    pub summary: &'static str,
    /// The query parameters it reads.
    pub(super) query: &'static [Parameter],
    /// The name of the schema of its body.
    pub(super) request: Option<&'static str>,
    /// The status of a successful response.
    pub(super) status: u16,
    /// The content of that response.
    pub(super) content: Content,
    /// Further responses of the route: status, meaning, and name of the schema, which is empty for a response without
    /// content.
    pub(super) further: &'static [(u16, &'static str, &'static str)],
    /// True for routes between nodes, whose responses depend on the origin (observed records `611`, `708`).
    pub(super) between_nodes: bool,
    pub(super) handler: fn() -> MethodRouter<Arc<Services>>,
}

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) meaning: &'static str,
    pub(super) is_required: bool,
}

pub(super) const fn parameter(name: &'static str, kind: Kind, meaning: &'static str) -> Parameter {
    Parameter {
        name,
        kind,
        meaning,
        is_required: false,
    }
}

/// The callers who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// All clients, with and without a certificate.
    Anybody,
    /// Callers of this level and above.
    Level(Level),
}

/// The content of a response.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// No content.
    Nothing,
    /// JSON of the schema with this name.
    Json(&'static str),
    /// Bytes of this type.
    File(&'static str),
}

const fn route(
    method: &'static str,
    path: &'static str,
    access: Access,
    summary: &'static str,
    handler: fn() -> MethodRouter<Arc<Services>>,
) -> Route {
    Route {
        method,
        path,
        access,
        summary,
        query: &[],
        request: None,
        status: 200,
        content: Content::Nothing,
        further: &[],
        between_nodes: false,
        handler,
    }
}

impl Route {
    const fn query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    const fn body(self, schema: &'static str) -> Self {
        Self {
            request: Some(schema),
            ..self
        }
    }

    const fn answers(self, status: u16, content: Content) -> Self {
        Self {
            status,
            content,
            ..self
        }
    }

    const fn also(self, further: &'static [(u16, &'static str, &'static str)]) -> Self {
        Self { further, ..self }
    }

    const fn between_nodes(self) -> Self {
        Self {
            between_nodes: true,
            ..self
        }
    }
}
