//! Answers: always 200 and JSON when the request succeeds (`docs/contracts/redis-enterprise.md#wire-conventions`).

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

/// 200 with a JSON body.
pub(super) fn json<T: Serialize>(value: &T) -> Response {
    json_with_status(StatusCode::OK, value)
}

/// 200 with an empty object: what is written there, where the vendor's reference has no body. A client that parses
/// every answer as JSON gets by with it, and none is known that minds.
pub(super) fn done() -> Response {
    with_json(StatusCode::OK, Bytes::from_static(b"{}"))
}

/// 200 and nothing else, as a real cluster answers a new licence
/// (`docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`, LIVE).
pub(super) fn empty() -> Response {
    Response::new(Body::empty())
}

/// A JSON body under any status.
pub(super) fn json_with_status<T: Serialize>(status: StatusCode, value: &T) -> Response {
    let body =
        serde_json::to_vec(value).expect("the wire types hold text, numbers and lists of them, which have a JSON form");
    with_json(status, body.into())
}

/// The members of an answer, to compare a request with.
pub(super) fn members<T: Serialize>(value: &T) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// Marks an answer as one to somebody whose name was not asked for: it does not tell the state of the cluster.
pub(super) fn anonymous(mut response: Response) -> Response {
    response.extensions_mut().insert(Anonymous);
    response
}

/// Returns `true` when the answer may contain the number of the cluster's state.
pub(super) fn is_to_a_caller(response: &Response) -> bool {
    response.status() != StatusCode::UNAUTHORIZED && response.extensions().get::<Anonymous>().is_none()
}

#[derive(Clone)]
struct Anonymous;

fn with_json(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// As a real cluster writes it.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The number of changes that made the cluster what it is.
pub(super) const CLUSTER_STATE_ID: HeaderName = HeaderName::from_static("cluster-state-id");
