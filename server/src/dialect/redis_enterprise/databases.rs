//! `/v1/bdbs`: the databases. There are none yet.

use axum::response::Response;

use super::answer;
use super::authorized::Authorized;
use crate::cluster::access::action::ViewDatabases;

/// `GET /v1/bdbs`
pub(super) async fn list(_: Authorized<ViewDatabases>) -> Response {
    answer::json::<[(); 0]>(&[])
}
