//! `/v1/bootstrap`: the making of the cluster (`docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`).

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, Path, Request, State};
use axum::response::Response;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::authorized::{Authorized, AuthorizedToCreateCluster};
use super::body::RequestBody;
use super::json::{self, Request as Made, Value as Given};
use super::problem::{Code, Problem};
use super::schemas::NEW_CLUSTER;
use super::timestamp::timestamp;
use super::{Dialect, answer, node};
use crate::cluster::NewCluster;
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
    let body = body.object().await?;
    json::check(&body, &NEW_CLUSTER, Made::New)?;
    let credentials = body.get("credentials").and_then(Given::as_object);
    let credential = |name| {
        credentials
            .and_then(|credentials| credentials.text(name))
            .unwrap_or_default()
    };
    let login = credential("username");
    let cluster = body.get("cluster").and_then(Given::as_object);
    let new = NewCluster {
        name: cluster.and_then(|cluster| cluster.text("name")).map(str::to_owned),
        administrator: login.parse().map_err(|error: crate::cluster::name::NameError| {
            Problem::new(Code::InvalidSchema, format!("credentials.username: {error}"))
        })?,
        email: login.parse().ok(),
        password: SecretString::from(credential("password")),
    };
    dialect.app.cluster.create(&permit, new).await?;
    Ok(answer::json(&shown(&dialect)))
}

fn shown(dialect: &Dialect) -> Value {
    let state = dialect.app.cluster.state();
    let status = if state.is_created() {
        let at = timestamp(state.bootstrapped_at().unwrap_or(state.identity().created_at));
        json!({ "state": "completed", "start_time": at, "end_time": at })
    } else {
        json!({ "state": "idle" })
    };
    json!({ "bootstrap_status": status, "local_node_info": node::local_node_info(dialect) })
}
