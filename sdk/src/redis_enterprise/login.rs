//! Tokens, and what a login may do.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::client::Client;
use super::values::ManagementRole;
use crate::Error;
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::{Call, path_segment};

/// The permissions of a management role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RolePermissions {
    /// Its permissions in the REST API, such as `view_cluster_info`.
    #[serde(default)]
    pub api_permissions: Vec<String>,
    /// Its permissions in the user interface.
    #[serde(default)]
    pub ui_permissions: Vec<String>,
}

impl Client {
    /// Has the cluster make a token for this login, good for `ttl`: 1 s to 24 h, rounded up to whole seconds; `None` asks
    /// for the server's default, 300 s. For any user with a password.
    ///
    /// # Errors
    /// [`Error::is_unauthorized`], with the [error code](Error::error_type) `password_expired` when that is why;
    /// [`Error::is_invalid_input`] for a `ttl` out of range.
    pub async fn authorize(&self, ttl: Option<Duration>) -> Result<SecretString, Error> {
        self.token("authorize", "/v1/users/authorize", ttl).await
    }

    /// Has the cluster make a new token from the one this client logs in with; `ttl` as in [`Client::authorize`].
    ///
    /// # Errors
    /// [`Error::is_unauthorized`] when this client logs in otherwise or its token has expired, and as
    /// [`Client::authorize`].
    pub async fn refresh_jwt(&self, ttl: Option<Duration>) -> Result<SecretString, Error> {
        self.token("refresh the token", "/v1/users/refresh_jwt", ttl).await
    }

    /// A client that logs in with a new token of [`Client::authorize`], and so sends no password.
    ///
    /// # Errors
    /// As [`Client::authorize`].
    pub async fn log_in(&self, ttl: Option<Duration>) -> Result<Client, Error> {
        self.with_jwt(self.authorize(ttl).await?)
    }

    /// The management role of this login. For any user.
    ///
    /// # Errors
    /// [`Error::is_unauthorized`] and the errors that every operation can return.
    pub async fn own_role(&self) -> Result<ManagementRole, Error> {
        #[derive(Deserialize)]
        struct Wire {
            role: ManagementRole,
        }
        let reply = self.send(Call::get("read the own role", "/v1/users/role")).await?;
        reply.json().map(|wire: Wire| wire.role)
    }

    async fn token(
        &self,
        operation: &'static str,
        path: &'static str,
        ttl: Option<Duration>,
    ) -> Result<SecretString, Error> {
        #[derive(Serialize)]
        struct Request {
            #[serde(skip_serializing_if = "Option::is_none")]
            ttl: Option<u64>,
        }
        #[derive(Deserialize)]
        struct Answer {
            access_token: SecretText,
        }
        let ttl = ttl.map(|ttl| ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0));
        if ttl.is_some_and(|seconds| !(1..=MAX_TTL_SECONDS).contains(&seconds)) {
            return Err(Error::invalid_input(format!(
                "cannot {operation}: the ttl must be 1 s to {MAX_TTL_SECONDS} s"
            )));
        }
        // A second token harms nobody; the first is not kept.
        let call = Call::new(operation, Method::POST, path, Repeat::Read).json(&Request { ttl })?;
        let reply = self.send(call).await?;
        let answer = reply.json().map(|answer: Answer| answer.access_token.0);
        reply.wipe();
        answer
    }
}

handle! {
    /// The permissions of management roles.
    Permissions = permissions
}

impl Permissions<'_> {
    /// Returns the permissions of each management role. Any authenticated user may call it.
    ///
    /// # Errors
    /// The errors that every operation can return.
    pub async fn list(self) -> Result<BTreeMap<ManagementRole, RolePermissions>, Error> {
        self.0.send(Call::get("read permissions", PERMISSIONS)).await?.json()
    }

    /// Returns the permissions of one management role; `None` when the server does not know the role. Any authenticated
    /// user may call it.
    ///
    /// # Errors
    /// The errors that every operation can return.
    pub async fn get(self, role: &ManagementRole) -> Result<Option<RolePermissions>, Error> {
        let operation = "read permissions";
        let path = format!("{PERMISSIONS}/{}", path_segment(operation, "role", role.as_str())?);
        let reply = self.0.send(Call::get(operation, path).accept(&[200, 404])).await?;
        if reply.status == 404 {
            return Ok(None);
        }
        let mut permissions: BTreeMap<ManagementRole, RolePermissions> = reply.json()?;
        Ok(permissions.remove(role))
    }
}

/// A text that goes from the parser into its wiped place.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

const PERMISSIONS: &str = "/v1/users/permissions";
const MAX_TTL_SECONDS: u64 = 86_400;
