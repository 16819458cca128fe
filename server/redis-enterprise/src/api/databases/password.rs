//! `/v1/bdbs/{uid}/passwords`: the passwords of a database's default user.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use secrecy::SecretString;

use super::super::authorized::Authorized;
use super::super::body::RequestBody;
use super::super::problem::Problem;
use super::super::wire::BdbPassword;
use super::super::{Dialect, answer};
use super::number;
use crate::cluster::access::action::UpdateDatabase;

/// `PUT /v1/bdbs/{uid}/passwords`: from now on this is the one password.
pub(in super::super) async fn set_password(
    Authorized(permit): Authorized<UpdateDatabase>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let (uid, password) = (number(&uid)?, read(body).await?);
    dialect.app.administration.set_password(&permit, uid, &password).await?;
    Ok(answer::done())
}

/// `POST /v1/bdbs/{uid}/passwords`: this is a password too.
pub(in super::super) async fn add_password(
    Authorized(permit): Authorized<UpdateDatabase>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let (uid, password) = (number(&uid)?, read(body).await?);
    dialect.app.administration.add_password(&permit, uid, &password).await?;
    Ok(answer::done())
}

/// `DELETE /v1/bdbs/{uid}/passwords`, which has a body.
pub(in super::super) async fn remove_password(
    Authorized(permit): Authorized<UpdateDatabase>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let (uid, password) = (number(&uid)?, read(body).await?);
    dialect
        .app
        .administration
        .delete_password(&permit, uid, &password)
        .await?;
    Ok(answer::done())
}

async fn read(body: RequestBody) -> Result<SecretString, Problem> {
    let BdbPassword { password } = body.read().await?;
    Ok(password)
}
