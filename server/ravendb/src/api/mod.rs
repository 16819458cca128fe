//! RavenDB's certificate administration API, in version 7.2.
//!
//! A request is routed first: a path without a route is answered with 400 for every caller (observed record
//! `162-unknown-path`). Then the handler's arguments are extracted, the `authorized::Authorized` permit first, so that
//! a caller without it cannot make the server read a body. Then the body is parsed, the use case of
//! [`crate::usecases`] called, and its outcome rendered.

mod answer;
mod authorized;
mod body;
mod browser;
mod certificates;
mod cluster;
mod compression;
mod connected;
mod databases;
mod described;
mod grant;
mod json;
mod openapi;
mod problem;
mod query;
mod refusal;
mod routes;
mod server_certificate;
mod services;
mod two_factor;
mod whoami;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use tower::Service as _;

pub use openapi::openapi;
pub use services::{Connected, Services, Settings};

/// Parses a body, and every property in each permitted form.
#[cfg(any(test, feature = "fuzzing"))]
pub fn read_body(body: &[u8]) {
    use self::json::Properties as _;

    const PROPERTIES: [&str; 4] = ["Name", "SecurityClearance", "Permissions", "NotAfter"];
    let Ok(object) = json::read(body) else { return };
    for property in PROPERTIES {
        let _ = object.text(property);
        let _ = object.clearance(property);
        let _ = object.boolean(property);
        let _ = object.integer(property);
        let _ = object.date(property);
        let _ = object.object(property);
    }
}
pub use routes::{Access, ROUTES, Route};

use self::problem::Problem;
use certward_transport::http::{Api, Origins};

/// The routes of [`ROUTES`] for one server.
pub fn api(app: Arc<Services>) -> Api {
    let origins = Origins::new(&app.settings.origins, &app.listening_url);
    let dialect = Arc::new(Dialect {
        origins,
        routes: router(app),
    });
    Api::new(ROUTES.iter().map(|route| route.path), move |request| {
        Box::pin(Arc::clone(&dialect).answer(request))
    })
}

fn router(app: Arc<Services>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let handler = (route.handler)();
        let handler = if route.between_nodes {
            handler.layer(map_response(vary_by_origin))
        } else {
            handler
        };
        router = router.route(route.path, handler);
    }
    let routes = router
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .with_state(app);
    let any_case = routes.clone();
    routes.fallback(move |request| in_any_case(any_case, request))
}

/// The dialect of one server.
struct Dialect {
    origins: Origins,
    routes: Router,
}

impl Dialect {
    /// Handles a request: the common first steps, its route, and the common last steps.
    async fn answer(self: Arc<Self>, request: Request) -> Response {
        if self.origins.refuse(&request) {
            let mut refusal = Response::new(Body::empty());
            *refusal.status_mut() = StatusCode::FORBIDDEN;
            return refusal;
        }
        let target = request.uri().clone();
        let gzip = compression::accepted(request.headers());
        // axum would answer HEAD and OPTIONS for GET routes; the real server has no such routes (records `161`, `318`).
        let mut response = if matches!(
            *request.method(),
            Method::HEAD | Method::OPTIONS | Method::CONNECT | Method::TRACE
        ) {
            Problem::route_not_found(request.method(), target.path()).into_response()
        } else {
            routed(self.routes.clone(), request).await
        };
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            let vary = response.headers().get(header::VARY).cloned();
            response = problem.answer(target.path_and_query().map_or("", PathAndQuery::as_str));
            if let Some(vary) = vary {
                response.headers_mut().insert(header::VARY, vary);
            }
        }
        if gzip {
            compression::compressed(response).await
        } else {
            response
        }
    }
}

async fn routed(mut routes: Router, request: Request) -> Response {
    match routes.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Paths are case-insensitive on the real server: a path without a route is looked up in lower case.
async fn in_any_case(routes: Router, mut request: Request) -> Response {
    let target = request.uri().path().to_ascii_lowercase();
    let target = match request.uri().query() {
        Some(query) => format!("{target}?{query}"),
        None => target,
    };
    if let Ok(target) = target.parse() {
        *request.uri_mut() = target;
    }
    routed(routes, request).await
}

async fn not_found(method: Method, uri: Uri) -> Problem {
    Problem::route_not_found(&method, uri.path())
}

async fn vary_by_origin(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("Origin"));
    response
}
