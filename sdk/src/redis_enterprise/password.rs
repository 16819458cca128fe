//! Passwords of users. A user may have several at once, so that one can be replaced without an outage.

use std::fmt;

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::user::Users;
use crate::Error;
use crate::client::retry::Repeat;
use crate::client::transport::Call;

/// A password for a user to have.
pub struct NewPassword {
    username: Option<String>,
    password: SecretString,
    hashed: bool,
}

impl NewPassword {
    /// A password for the user that this client logs in as.
    pub fn new(password: SecretString) -> Self {
        Self {
            username: None,
            password,
            hashed: false,
        }
    }

    /// For another user. Only admins may.
    #[must_use]
    pub fn of_user(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Says that what is given is not the password but the SHA-256, in hex, of `username:clustername:password`.
    #[must_use]
    pub fn hashed(mut self) -> Self {
        self.hashed = true;
        self
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPassword")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl Users<'_> {
    /// Sets a user's password, in place of all it had. A client that logs in with one of them is shut out then: build a
    /// new one. For oneself; for others, admins.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for a password that is too simple or the one before, [`Error::is_not_found`],
    /// [`Error::is_forbidden`], and the errors that every operation can return.
    pub async fn set_password(self, password: &NewPassword) -> Result<(), Error> {
        self.change_password("set a password", Method::PUT, Repeat::NaturalKey, password)
            .await
    }

    /// Gives a user a further password. For oneself; for others, admins. Never repeated once anything was sent.
    ///
    /// # Errors
    /// As [`Users::set_password`].
    pub async fn add_password(self, password: &NewPassword) -> Result<(), Error> {
        self.change_password("add a password", Method::POST, Repeat::Once, password)
            .await
    }

    /// Takes one password away: of the user that this client logs in as, or for admins of another.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for the last password, [`Error::is_not_found`], [`Error::is_forbidden`], and the
    /// errors that every operation can return.
    pub async fn delete_password(self, username: Option<&str>, password: &SecretString) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            username: Option<&'a str>,
            old_password: &'a str,
        }
        let old_password = password.expose_secret();
        let call = Call::new("delete a password", Method::DELETE, PATH, Repeat::NaturalKey)
            .json(&Wire { username, old_password })?;
        self.0.send(call).await.map(drop)
    }

    async fn change_password(
        self,
        operation: &'static str,
        method: Method,
        repeat: Repeat,
        password: &NewPassword,
    ) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            username: Option<&'a str>,
            new_password: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            password_hash_method: Option<u8>,
        }
        let body = Wire {
            username: password.username.as_deref(),
            new_password: password.password.expose_secret(),
            password_hash_method: password.hashed.then_some(1),
        };
        let call = Call::new(operation, method, PATH, repeat).json(&body)?;
        self.0.send(call).await.map(drop)
    }
}

const PATH: &str = "/v1/users/password";
