//! `/databases/…`: this server stores no documents, but checks the rights on databases.

use std::sync::Arc;

use axum::extract::{Extension, FromRequestParts as _, Path, Request, State};
use axum::response::{IntoResponse, Response};

use super::authorized::{Authenticated, refused};
use super::problem::Problem;
use super::refusal::{Reason, Required};
use crate::api::Services;
use crate::model::clearance::Level;
use certward_transport::http::WhyRefused;
use certward_transport::listener::peer::Peer;

/// Every route of a database: refused without rights on it (observed record `654`), otherwise unknown.
pub(super) async fn database(
    State(app): State<Arc<Services>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path((name, _)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    let caller = match Authenticated::from_request_parts(&mut parts, &app).await {
        Ok(Authenticated(caller)) => caller,
        Err(refusal) => return refusal,
    };
    if caller.access_to(&name).is_none() {
        let word = "no_access";
        app.audit.refused(caller.actor(), "use_database", name, word);
        let required = Required::Level(Level::ValidUser);
        let refused = refused(&peer, Reason::RankTooLow(Level::ValidUser), required);
        return WhyRefused::word(word).answer(refused.answer(&parts.headers));
    }
    Problem::route_not_found(&parts.method, parts.uri.path()).into_response()
}
