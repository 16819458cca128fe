//! Routes: the router, the OpenAPI document and the authorization test are made from the one [table](ROUTES).

mod table;

use std::sync::Arc;

use axum::routing::MethodRouter;

pub use table::ROUTES;

use super::Dialect;
use super::described::View;
use super::json::{Kind, Schema};
use crate::cluster::access::{ClusterAction, Required};

/// A route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method in capitals.
    pub method: &'static str,
    /// The path, in axum's pattern language.
    pub path: &'static str,
    /// The callers who may use the route.
    pub access: Access,
    /// The summary in the OpenAPI document.
    pub summary: &'static str,
    /// True when the route has `?dry_run`.
    pub dry_run: bool,
    /// Further query parameters it reads.
    pub(super) query: &'static [Parameter],
    /// The types of those parts of the path that are not uids.
    pub(super) parts: &'static [(&'static str, Kind)],
    /// The body of the request.
    pub(super) request: Option<RequestBody>,
    /// The content of the answer.
    pub(super) content: Content,
    /// The statuses of refusals besides 400, 401 and 403.
    pub(super) refusals: &'static [u16],
    pub(super) handler: fn() -> MethodRouter<Arc<Dialect>>,
}

/// The callers who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// All clients; the handler checks credentials itself.
    Anybody,
    /// Everybody until the cluster is created, then everybody who is let in.
    UntilCreated,
    /// Callers who are let in and may do this.
    Caller(Required),
}

/// A query parameter: its name, what its value is, and what it means.
pub(super) type Parameter = (&'static str, Kind, &'static str);

/// The body of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestBody {
    pub(super) schema: &'static Schema,
    /// True when the request creates an object; otherwise omitted members stay as they are.
    pub(super) is_new: bool,
    /// True when the request may omit the body.
    pub(super) is_optional: bool,
}

impl RequestBody {
    pub(super) const fn view(&self) -> View {
        if self.is_new { View::New } else { View::Change }
    }
}

/// The content of a response.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// No content.
    Nothing,
    /// An object.
    One(&'static Schema),
    /// An array of objects.
    Many(&'static Schema),
    /// An object without a schema.
    Json,
    /// An object without a schema, or an array of names.
    JsonOrNames,
}

const fn to<A: ClusterAction>() -> Access {
    Access::Caller(A::REQUIRED)
}

const fn route(
    method: &'static str,
    path: &'static str,
    access: Access,
    summary: &'static str,
    handler: fn() -> MethodRouter<Arc<Dialect>>,
) -> Route {
    Route {
        method,
        path,
        access,
        summary,
        dry_run: false,
        query: &[],
        parts: &[],
        request: None,
        content: Content::Nothing,
        refusals: &[],
        handler,
    }
}

impl Route {
    const fn dry_run(self) -> Self {
        Self { dry_run: true, ..self }
    }

    const fn query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    const fn parts(self, parts: &'static [(&'static str, Kind)]) -> Self {
        Self { parts, ..self }
    }

    /// Takes a body that makes something new, or is the whole request.
    const fn body(self, schema: &'static Schema) -> Self {
        self.takes(schema, true, false)
    }

    /// Takes a body that changes something.
    const fn change(self, schema: &'static Schema) -> Self {
        self.takes(schema, false, false)
    }

    const fn optional_body(self) -> Self {
        match self.request {
            Some(request) => self.takes(request.schema, request.is_new, true),
            None => self,
        }
    }

    const fn takes(self, schema: &'static Schema, is_new: bool, is_optional: bool) -> Self {
        Self {
            request: Some(RequestBody {
                schema,
                is_new,
                is_optional,
            }),
            ..self
        }
    }

    const fn answers(self, content: Content) -> Self {
        Self { content, ..self }
    }

    const fn refuses(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }
}
