//! `/v1/cluster`: the cluster and its settings (contract section 2.1).

mod update;
mod view;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::authorized::Authorized;
use super::body::RequestBody;
use super::json::{self, Request};
use super::problem::Problem;
use super::query::Query;
use super::schemas::CLUSTER;
use super::{Dialect, answer};
use crate::cluster::access::action::{UpdateCluster, ViewCluster};

/// `GET /v1/cluster`
pub(super) async fn read(_: Authorized<ViewCluster>, State(dialect): State<Arc<Dialect>>) -> Response {
    let state = dialect.app.cluster.state();
    answer::json(&view::members(&state, state.settings()))
}

/// `PUT /v1/cluster`, answered with the whole cluster.
pub(super) async fn update(
    Authorized(permit): Authorized<UpdateCluster>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    let body = body.object()?;
    let state = dialect.app.cluster.state();
    let shown = view::members(&state, state.settings());
    json::check(&body, &CLUSTER, Request::Change(&shown))?;
    let update = update::from_body(&body);
    let settings = dialect.app.cluster.update_settings(&permit, update, run).await?;
    Ok(answer::json(&view::members(&dialect.app.cluster.state(), &settings)))
}
