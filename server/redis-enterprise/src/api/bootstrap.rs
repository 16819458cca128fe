//! `/v1/bootstrap`: the making of the cluster (`docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`).

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, Path, Request, State};
use axum::response::Response;

use super::authorized::{Authorized, AuthorizedToCreateCluster};
use super::body::RequestBody;
use super::problem::{Code, Problem};
use super::timestamp::timestamp;
use super::wire::{Bootstrap, BootstrapStatus, NewCluster};
use super::{Dialect, answer, node};
use crate::cluster;
use crate::cluster::access::action::ViewSchema;

/// `GET /v1/bootstrap`: open to everybody until there is a cluster, and to callers who are let in afterwards.
pub(super) async fn read(State(dialect): State<Arc<Dialect>>, request: Request) -> Result<Response, Response> {
    if !dialect.app.cluster.state().is_created() {
        return Ok(answer::anonymous(answer::json(&shown(&dialect))));
    }
    let (mut parts, _) = request.into_parts();
    Authorized::<ViewSchema>::from_request_parts(&mut parts, &dialect).await?;
    Ok(answer::json(&shown(&dialect)))
}

/// `POST /v1/bootstrap/{action}`. The cluster is there when the answer comes, though the vendor's makes its clients wait.
pub(super) async fn start(
    AuthorizedToCreateCluster(permit): AuthorizedToCreateCluster,
    State(dialect): State<Arc<Dialect>>,
    Path(action): Path<String>,
    body: RequestBody,
) -> Result<Response, Problem> {
    match action.as_str() {
        "create_cluster" => {}
        "join_cluster" | "recover_cluster" => {
            return Err(Problem::new(
                Code::NotSupported,
                format!("{action} is not supported: this server is a cluster of one node; use create_cluster"),
            ));
        }
        _ => {
            return Err(Problem::no_route(
                "such action; the actions are create_cluster, join_cluster, recover_cluster",
            ));
        }
    }
    let NewCluster {
        cluster, credentials, ..
    } = body.read().await?;
    let login = credentials.username;
    let new = cluster::NewCluster {
        name: Some(cluster.name),
        email: login.as_str().parse().ok(),
        administrator: login,
        password: credentials.password,
    };
    dialect.app.cluster.create(&permit, new).await?;
    Ok(answer::json(&shown(&dialect)))
}

fn shown(dialect: &Dialect) -> Bootstrap {
    let state = dialect.app.cluster.state();
    let bootstrapped_at = state.bootstrapped_at().unwrap_or(state.identity().created_at);
    let at = state.is_created().then(|| timestamp(bootstrapped_at));
    Bootstrap {
        bootstrap_status: BootstrapStatus {
            state: if at.is_some() { "completed" } else { "idle" },
            start_time: at.clone(),
            end_time: at,
        },
        local_node_info: node::local_node_info(dialect),
    }
}
