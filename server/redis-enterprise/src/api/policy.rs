//! `/v1/cluster/policy`: the cluster's policy for its resources
//! (`docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::authorized::Authorized;
use super::body::RequestBody;
use super::json::{self, Body as _, Request};
use super::problem::Problem;
use super::wire::Policy;
use super::{Dialect, answer};
use crate::cluster::access::action::{UpdateCluster, ViewCluster};
use certward_redis_model::policy::ClusterPolicy;

/// `GET /v1/cluster/policy`
pub(super) async fn read(_: Authorized<ViewCluster>, State(dialect): State<Arc<Dialect>>) -> Response {
    answer::json(&shown(&dialect.app.cluster.state().settings().policy))
}

/// `PUT /v1/cluster/policy`
pub(super) async fn update(
    Authorized(permit): Authorized<UpdateCluster>,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let body = body.object().await?;
    let current = shown(&dialect.app.cluster.state().settings().policy);
    // What only the server writes never changes.
    json::check(&body, Policy::SCHEMA, Request::Change(&answer::members(&current)))?;
    let update = Policy::of(&body)?.into();
    dialect.app.cluster.update_policy(&permit, update).await?;
    Ok(answer::done())
}

fn shown(policy: &ClusterPolicy) -> Policy {
    Policy {
        login_lockout_counter_reset_after: Some(900),
        login_lockout_duration: Some(1800),
        login_lockout_threshold: Some(5),
        rack_aware: Some(false),
        ..Policy::showing(policy)
    }
}
