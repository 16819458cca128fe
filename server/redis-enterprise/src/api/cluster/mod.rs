//! `/v1/cluster`: the cluster and its settings (`docs/contracts/redis-enterprise.md#cluster`).

mod view;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::authorized::Authorized;
use super::body::RequestBody;
use super::json::{self, Body as _, Request};
use super::problem::{Code, Problem};
use super::query::Query;
use super::unchanged::Unchanged;
use super::wire::{Cluster, HashingAlgorithm, subjects};
use super::{Dialect, answer};
use crate::cluster::access::action::{UpdateCluster, ViewCluster};
use crate::cluster::settings_update::SettingsUpdate;
use crate::cluster::{ClusterState, Run};
use certward_redis_model::settings::ClusterSettings;

/// `GET /v1/cluster`
pub(super) async fn read(_: Authorized<ViewCluster>, State(dialect): State<Arc<Dialect>>) -> Response {
    let state = dialect.app.cluster.state();
    answer::json(&shown(&dialect, &state, state.settings()))
}

/// `PUT /v1/cluster`, answered with the whole cluster.
pub(super) async fn update(
    Authorized(permit): Authorized<UpdateCluster>,
    State(dialect): State<Arc<Dialect>>,
    query: Query,
    body: RequestBody,
) -> Result<Response, Problem> {
    let run = query.run()?;
    let mut body = body.object().await?;
    let known = Arc::clone(&dialect);
    let present = move |state: &ClusterState| answer::members(&shown(&known, state, state.settings()));
    json::check(
        &body,
        Cluster::SCHEMA,
        Request::Change(&present(&dialect.app.cluster.state())),
    )?;
    let unchanged = Unchanged::take_out_of::<Cluster>(&mut body);
    let body = Cluster::of(&body)?;
    let update = SettingsUpdate {
        mtls_authorized_subjects: body.mtls_authorized_subjects.clone().map(subjects),
        precondition: unchanged.precondition(move |state| Some(present(state))),
        ..body.into()
    };
    let settings = dialect.app.cluster.update_settings(&permit, update, run).await?;
    Ok(answer::json(&shown(&dialect, &dialect.app.cluster.state(), &settings)))
}

fn shown(dialect: &Dialect, state: &ClusterState, settings: &ClusterSettings) -> Cluster {
    view::shown(state, settings, &dialect.app.server_certificates.current().to_pem())
}

/// `PATCH /v1/cluster/change_password_hashing_algorithm`
/// (`docs/contracts/redis-enterprise.md#password-hashing-algorithm`): what is shown changes; passwords are hashed by
/// Argon2id all the same.
pub(super) async fn change_password_hashing_algorithm(
    Authorized(permit): Authorized<UpdateCluster>,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let HashingAlgorithm { algorithm } = body.read().await?;
    if algorithm == Some(dialect.app.cluster.state().settings().password_hashing_algorithm) {
        return Err(Problem::new(
            Code::InvalidSchema,
            "the field 'algorithm' is what the cluster has already",
        ));
    }
    let update = SettingsUpdate {
        password_hashing_algorithm: algorithm,
        ..SettingsUpdate::default()
    };
    dialect.app.cluster.update_settings(&permit, update, Run::Apply).await?;
    Ok(answer::done())
}
