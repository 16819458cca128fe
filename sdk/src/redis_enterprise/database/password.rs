//! Passwords of a database's default user. It may have several at once, so that one can be replaced without an outage.

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::operations::{Databases, PATH};
use crate::Error;
use crate::client::retry::Repeat;
use crate::client::transport::Call;
use crate::redis_enterprise::values::DatabaseUid;

impl Databases<'_> {
    /// Sets the password of a database's default user, in place of all it had. Needs `update_bdb`.
    ///
    /// # Errors
    /// [`Error::is_not_found`], [`Error::is_invalid_input`] (406), and the errors that every operation can return.
    pub async fn set_password(self, uid: DatabaseUid, password: &SecretString) -> Result<(), Error> {
        let operation = "set the password of a database";
        self.0
            .send(call(operation, Method::PUT, Repeat::NaturalKey, uid, password)?)
            .await
            .map(drop)
    }

    /// Gives a database's default user a further password. Needs `update_bdb`. Never repeated once anything was sent.
    ///
    /// # Errors
    /// As [`Databases::set_password`].
    pub async fn add_password(self, uid: DatabaseUid, password: &SecretString) -> Result<(), Error> {
        let operation = "add a password to a database";
        self.0
            .send(call(operation, Method::POST, Repeat::Once, uid, password)?)
            .await
            .map(drop)
    }

    /// Takes one password away from a database's default user. **With none left it needs none.** Needs `update_bdb`.
    ///
    /// # Errors
    /// As [`Databases::set_password`].
    pub async fn delete_password(self, uid: DatabaseUid, password: &SecretString) -> Result<(), Error> {
        let operation = "delete a password of a database";
        self.0
            .send(call(operation, Method::DELETE, Repeat::NaturalKey, uid, password)?)
            .await
            .map(drop)
    }
}

fn call(
    operation: &'static str,
    method: Method,
    repeat: Repeat,
    uid: DatabaseUid,
    password: &SecretString,
) -> Result<Call, Error> {
    #[derive(Serialize)]
    struct Wire<'a> {
        password: &'a str,
    }
    let password = password.expose_secret();
    Call::new(operation, method, format!("{PATH}/{uid}/passwords"), repeat).json(&Wire { password })
}
