//! Redis Enterprise Software's certificate-authentication API, as version 8.2 serves it
//! (`docs/contracts/redis-enterprise.md`).
//!
//! A request is routed first: what has no route is answered 404 whoever asks. Then a handler's arguments are made, the
//! `authorized::Authorized` permit first, so that nobody without it makes the server read a body. Then the body is
//! checked against its schema, the use case of [`crate::cluster`] called, and its outcome rendered.
//!
//! `r-auth-user` and the `X-…-Client-Cert` headers, by which the vendor's gateway tells its services who the caller is,
//! are not read anywhere: this server has no gateway before it, and a client could send them.

mod actions;
mod answer;
mod authorized;
mod body;
mod bootstrap;
mod certificates;
mod cluster;
mod connected;
mod databases;
mod described;
mod json;
mod jsonschema;
mod license;
mod node;
mod ocsp;
mod openapi;
mod policy;
mod problem;
mod query;
mod redis_acls;
mod roles;
mod routes;
mod services;
mod timestamp;
mod unchanged;
mod users;
mod wire;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Router};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use tower::Service as _;

pub use openapi::openapi;

/// Reads a body, and checks it against the schemas of requests.
#[cfg(any(test, feature = "fuzzing"))]
pub fn read_body(body: &[u8]) {
    let Ok(object) = json::read(body) else { return };
    read_as::<wire::Bdb>(&object);
    read_as::<wire::Cluster>(&object);
    read_as::<wire::User>(&object);
    read_as::<wire::Role>(&object);
    read_as::<wire::RedisAcl>(&object);
}

/// A body that passes the check can be read, and an error names what is wrong, whatever it is.
#[cfg(any(test, feature = "fuzzing"))]
fn read_as<T: json::Body>(object: &json::Object) {
    let nothing = serde_json::Map::new();
    for request in [json::Request::New, json::Request::Change(&nothing)] {
        match json::check(object, T::SCHEMA, request) {
            Ok(()) => assert!(T::of(object).is_ok(), "{} has passed its check", T::SCHEMA.name),
            Err(error) => drop(error.to_string()),
        }
    }
}
pub use problem::{Code, Origin};
pub use routes::{Access, ROUTES, Route};
pub use services::{Connected, Services, Settings};

use self::actions::Actions;
use self::answer::CLUSTER_STATE_ID;
use self::problem::Problem;
use certward_transport::http::Api;
use certward_transport::http::Origins;

/// The routes of [`ROUTES`] for one server.
pub fn api(app: Arc<Services>) -> Api {
    let dialect = Arc::new(Dialect {
        actions: Actions::new(Arc::clone(&app.clock)),
        app,
    });
    let entrance = Arc::new(Entrance {
        origins: origins(&dialect.app),
        routes: router(Arc::clone(&dialect)),
        dialect,
    });
    Api::new(ROUTES.iter().map(|route| route.path), move |request| {
        Box::pin(Arc::clone(&entrance).answer(request))
    })
}

/// The state that handlers use.
struct Dialect {
    app: Arc<Services>,
    actions: Actions,
}

/// Comes with a request to a route that changes something and has no `dry_run`.
#[derive(Debug, Clone, Copy)]
struct CannotBeTried;

/// The entry point of all requests.
struct Entrance {
    dialect: Arc<Dialect>,
    origins: Origins,
    routes: Router,
}

impl Entrance {
    /// Handles a request: the common first steps, its route, and the common last steps.
    async fn answer(self: Arc<Self>, request: Request) -> Response {
        let mut response = self.routed(request).await;
        if answer::is_to_a_caller(&response) {
            let state_id = self.dialect.app.cluster.state().revision();
            response
                .headers_mut()
                .insert(CLUSTER_STATE_ID, HeaderValue::from(state_id));
        }
        response
    }

    async fn routed(&self, request: Request) -> Response {
        if let Err(problem) = check_api_version(request.headers()) {
            return answer::anonymous(problem.into_response());
        }
        if self.origins.refuse(&request) {
            let problem = Problem::new(Code::ForeignOrigin, "the page that made this request is another site's");
            return answer::anonymous(problem.into_response());
        }
        let mut response = match self.routes.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        // The router leaves out the blanks that lists in headers have.
        if let Some(methods) = response
            .headers()
            .get(header::ALLOW)
            .map(|value| value.to_str().unwrap_or_default())
            && let Ok(spaced) = HeaderValue::try_from(methods.replace(',', ", "))
        {
            response.headers_mut().insert(header::ALLOW, spaced);
        }
        response
    }
}

fn router(dialect: Arc<Dialect>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let handler = (route.handler)();
        let is_read = route.method == Method::GET.as_str();
        let handler = if is_read || route.dry_run {
            handler
        } else {
            handler.layer(Extension(CannotBeTried))
        };
        router = router.route(route.path, handler);
    }
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(dialect)
}

/// The sites whose pages may send requests: this listener's own, and those that the settings name.
fn origins(app: &Services) -> Origins {
    let settings = &app.settings;
    Origins::new(
        &settings.origins,
        settings.url.as_ref().unwrap_or(&settings.listening_url),
    )
}

/// The version of the API stands in the path; a header that asks for another one is answered 505
/// (`docs/contracts/redis-enterprise.md#wire-conventions`).
fn check_api_version(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(X_API_VERSION).map(HeaderValue::as_bytes) {
        None | Some(b"" | b"1" | b"v1" | b"1.0") => Ok(()),
        Some(_) => Err(Problem::new(
            Code::UnsupportedApiVersion,
            "the header x-api-version must be 1 or left out",
        )),
    }
}

async fn not_found(uri: Uri) -> Response {
    answer::anonymous(Problem::no_route(uri.path()).into_response())
}

/// Answers a method that the path does not have; the router adds the header `Allow`.
async fn method_not_allowed(State(dialect): State<Arc<Dialect>>, method: Method, uri: Uri) -> Response {
    if method == Method::OPTIONS && !dialect.app.cluster.state().settings().options_method_forbidden {
        return answer::anonymous(Response::new(Body::empty()));
    }
    let description = format!("{} does not have the method {method}", uri.path());
    answer::anonymous(Problem::new(Code::MethodNotAllowed, description).into_response())
}

const X_API_VERSION: HeaderName = HeaderName::from_static("x-api-version");
