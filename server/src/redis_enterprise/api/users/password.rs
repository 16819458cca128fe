//! `/v1/users/password`: the passwords of a user, of which it may have several while it moves from one to the next.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::super::authorized::AuthorizedToChangePassword;
use super::super::body::RequestBody;
use super::super::json::{self, Request, Schema};
use super::super::problem::Problem;
use super::super::schemas::{NEW_PASSWORD, OLD_PASSWORD};
use super::super::{Dialect, answer};
use super::definition;
use crate::cluster::PasswordChange;

/// `PUT /v1/users/password`: from now on this is the user's one password.
pub(in super::super) async fn set_password(
    AuthorizedToChangePassword(permit): AuthorizedToChangePassword,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let change = read(body, &NEW_PASSWORD, "new_password").await?;
    dialect.app.cluster.set_password(&permit, change).await?;
    Ok(answer::done())
}

/// `POST /v1/users/password`: this is a password of the user's too.
pub(in super::super) async fn add_password(
    AuthorizedToChangePassword(permit): AuthorizedToChangePassword,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let change = read(body, &NEW_PASSWORD, "new_password").await?;
    dialect.app.cluster.add_password(&permit, change).await?;
    Ok(answer::done())
}

/// `DELETE /v1/users/password`, which has a body.
pub(in super::super) async fn remove_password(
    AuthorizedToChangePassword(permit): AuthorizedToChangePassword,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let change = read(body, &OLD_PASSWORD, "old_password").await?;
    dialect.app.cluster.delete_password(&permit, change).await?;
    Ok(answer::done())
}

/// Whose password is meant, and which: the text of `member`.
async fn read(body: RequestBody, schema: &Schema, member: &'static str) -> Result<PasswordChange, Problem> {
    let body = body.object().await?;
    json::check(&body, schema, Request::New)?;
    definition::refuse_hashed_password(&body)?;
    Ok(PasswordChange {
        username: body.text("username").map(str::to_owned),
        password: definition::password(&body, member).unwrap_or_default(),
    })
}
