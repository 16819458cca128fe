//! `/v1/users/password`: the passwords of a user, of which it may have several while it moves from one to the next.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::super::authorized::AuthorizedToChangePassword;
use super::super::body::RequestBody;
use super::super::problem::Problem;
use super::super::wire::{NewPassword, OldPassword};
use super::super::{Dialect, answer};
use super::definition;
use crate::cluster::PasswordChange;

/// `PUT /v1/users/password`: from now on this is the user's one password.
pub(in super::super) async fn set_password(
    AuthorizedToChangePassword(permit): AuthorizedToChangePassword,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    dialect
        .app
        .cluster
        .set_password(&permit, new_password(body).await?)
        .await?;
    Ok(answer::done())
}

/// `POST /v1/users/password`: this is a password of the user's too.
pub(in super::super) async fn add_password(
    AuthorizedToChangePassword(permit): AuthorizedToChangePassword,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    dialect
        .app
        .cluster
        .add_password(&permit, new_password(body).await?)
        .await?;
    Ok(answer::done())
}

/// `DELETE /v1/users/password`, which has a body.
pub(in super::super) async fn remove_password(
    AuthorizedToChangePassword(permit): AuthorizedToChangePassword,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let body: OldPassword = body.read().await?;
    let change = PasswordChange {
        username: body.username,
        password: body.old_password,
    };
    dialect.app.cluster.delete_password(&permit, change).await?;
    Ok(answer::done())
}

async fn new_password(body: RequestBody) -> Result<PasswordChange, Problem> {
    let body: NewPassword = body.read().await?;
    definition::refuse_hashed_password(body.password_hash_method)?;
    Ok(PasswordChange {
        username: body.username,
        password: body.new_password,
    })
}
