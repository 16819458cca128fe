//! `/v1/cluster/policy`: the cluster's policy for its resources
//! (`docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::authorized::Authorized;
use super::body::RequestBody;
use super::json::{self, Object, Request};
use super::problem::Problem;
use super::schemas::POLICY;
use super::{Dialect, answer};
use crate::cluster::access::action::{UpdateCluster, ViewCluster};
use crate::cluster::policy::{ClusterPolicy, PolicyUpdate, PubSubDefault};

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
    json::check(&body, &POLICY, Request::Change(&answer::members(&current)))?;
    dialect.app.cluster.update_policy(&permit, from_body(&body)).await?;
    Ok(answer::done())
}

fn from_body(body: &Object) -> PolicyUpdate {
    let text = |name| body.text(name).map(str::to_owned);
    PolicyUpdate {
        acl_pubsub_default: body.text("acl_pubsub_default").map(|word| match word {
            "allchannels" => PubSubDefault::AllChannels,
            _ => PubSubDefault::ResetChannels,
        }),
        db_conns_auditing: body.boolean("db_conns_auditing"),
        default_non_sharded_proxy_policy: text("default_non_sharded_proxy_policy"),
        default_provisioned_redis_version: text("default_provisioned_redis_version"),
        default_sharded_proxy_policy: text("default_sharded_proxy_policy"),
        default_shards_placement: text("default_shards_placement"),
        redis_upgrade_policy: text("redis_upgrade_policy"),
        resp3_default: body.boolean("resp3_default"),
    }
}

fn shown(policy: &ClusterPolicy) -> Value {
    json!({
        "acl_pubsub_default": policy.acl_pubsub_default.as_str(),
        "db_conns_auditing": policy.db_conns_auditing,
        "default_non_sharded_proxy_policy": policy.default_non_sharded_proxy_policy,
        "default_provisioned_redis_version": policy.default_provisioned_redis_version,
        "default_sharded_proxy_policy": policy.default_sharded_proxy_policy,
        "default_shards_placement": policy.default_shards_placement,
        "login_lockout_counter_reset_after": 900,
        "login_lockout_duration": 1800,
        "login_lockout_threshold": 5,
        "rack_aware": false,
        "redis_upgrade_policy": policy.redis_upgrade_policy,
        "resp3_default": policy.resp3_default,
    })
}
