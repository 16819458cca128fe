//! The interface between a listener's connections and an API.

use std::fmt;
use std::pin::Pin;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use tower::ServiceExt as _;

/// The future of a response.
pub(super) type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// An API: its routes by name, and the function that handles requests.
///
/// Names and handler are separate because a layer around each of the router's routes would cost every request several
/// allocations.
pub struct Api {
    routes: matchit::Router<&'static str>,
    answer: Box<dyn Fn(Request<Body>) -> Answer + Send + Sync>,
}

impl Api {
    /// An API with these paths, in axum's pattern language; a path may be listed more than once.
    pub fn new(
        paths: impl IntoIterator<Item = &'static str>,
        answer: impl Fn(Request<Body>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let mut routes = matchit::Router::new();
        for path in paths {
            // The one thing that can be wrong with a path that axum's router takes is that it is there already.
            let _ = routes.insert(path, path);
        }
        Self {
            routes,
            answer: Box::new(answer),
        }
    }

    /// The pattern of the route of `path`, which logs and metrics show instead of the path, because a path may hold
    /// confidential values.
    pub(super) fn route(&self, path: &str) -> &'static str {
        match self.routes.at(path) {
            Ok(found) => found.value,
            Err(_) => self
                .routes
                .at(&path.to_ascii_lowercase())
                .map_or(NO_ROUTE, |found| found.value),
        }
    }

    /// Handles a request, which carries its [`Peer`](crate::listener::peer::Peer) in an `Extension<Arc<Peer>>`.
    pub(super) fn answer(&self, request: Request<Body>) -> Answer {
        (self.answer)(request)
    }
}

/// An API without named routes.
impl From<Router> for Api {
    fn from(router: Router) -> Self {
        Self::new([], move |request| {
            let router = router.clone();
            Box::pin(async move {
                match router.oneshot(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            })
        })
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Api").finish_non_exhaustive()
    }
}

/// The name of the route for a path without one.
const NO_ROUTE: &str = "none";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_by_its_pattern_in_any_case_and_a_strangers_path_not_at_all() {
        let api = Api::new(["/a/b", "/a/b", "/databases/{name}/{*route}"], |_| unreachable!());
        assert_eq!(api.route("/a/b"), "/a/b");
        assert_eq!(api.route("/A/b"), "/a/b");
        assert_eq!(api.route("/databases/orders/docs"), "/databases/{name}/{*route}");
        assert_eq!(api.route("/token=secret"), "none");
    }
}
