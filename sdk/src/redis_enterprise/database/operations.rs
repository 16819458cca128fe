//! Reading, making, changing and deleting databases.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{CreateDatabase, Database, UpdateDatabase};
use crate::Error;
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::{Call, path_segment};
use crate::redis_enterprise::action::{poll, read_action_uid, read_deletion, read_one};
use crate::redis_enterprise::client::Client;
use crate::redis_enterprise::request::Request;
use crate::redis_enterprise::values::{ActionUid, DatabaseUid};

handle! {
    /// Databases of the cluster.
    #[doc(alias = "bdb")]
    #[doc(alias = "bdbs")]
    Databases = databases
}

impl<'a> Databases<'a> {
    /// All databases. Needs `view_all_bdbs_info`.
    ///
    /// ```no_run
    /// # async fn example(client: certward::redis_enterprise::Client) -> Result<(), certward::Error> {
    /// for database in client.databases().list().await? {
    ///     println!("{} listens on {:?}", database.name, database.client_port());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn list(self) -> Result<Vec<Database>, Error> {
        let reply = self.0.send(Call::get("list databases", PATH)).await?;
        let databases = reply.json();
        reply.wipe();
        databases
    }

    /// All databases, with only these fields of the API, such as `name` and `status`, and always `uid`. Other fields
    /// are absent, as if the server's version did not have them. Needs `view_all_bdbs_info`.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for a field with other characters than letters, digits, `_` and `-`, which is not
    /// sent; [`Error::is_forbidden`], and the errors that every operation can return.
    pub async fn list_fields(self, fields: &[&str]) -> Result<Vec<Database>, Error> {
        let operation = "list databases";
        let mut wanted = vec!["uid"];
        for field in fields {
            wanted.push(path_segment(operation, "field", field)?);
        }
        let reply = self
            .0
            .send(Call::get(operation, PATH).query("fields", wanted.join(",")))
            .await?;
        let databases = reply.json();
        reply.wipe();
        databases
    }

    /// One database; `None` when there is none. Needs `view_bdb_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn get(self, uid: DatabaseUid) -> Result<Option<Database>, Error> {
        let call = Call::get("read a database", format!("{PATH}/{uid}")).accept(&[200, 404]);
        read_one(self.0.send(call).await?)
    }

    /// Makes a database; it can be used when [`Databases::wait_until_active`] returns. Needs `create_bdb`. Never repeated once
    /// anything was sent.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use certward::redis_enterprise::{
    ///     ClientAuthentication, ClientCertificate, CreateDatabase, DatabaseTlsMode, RolePermission,
    /// };
    ///
    /// # async fn example(client: certward::redis_enterprise::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let team_ca = ClientCertificate::from_pem(std::fs::read_to_string("team-ca.crt")?);
    /// let orders = CreateDatabase::new("orders", 1 << 30)
    ///     .tls_mode(DatabaseTlsMode::Enabled)
    ///     .enforce_client_authentication(ClientAuthentication::Enabled)
    ///     .authentication_ssl_client_certs([team_ca])
    ///     .default_user(false)
    ///     .roles_permissions([RolePermission::new(7.into(), 3.into())]);
    /// let made = client.databases().create(&orders).send().await?;
    /// let orders = client.databases().wait_until_active(made.uid, Duration::from_secs(60)).await?;
    /// println!("connect to port {:?}", orders.client_port());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_conflict`] when number, name or port are in use, [`Error::is_invalid_input`] for values the cluster
    /// refuses (406), and for a private key among the certificates, which is not sent; the errors that every operation
    /// can return.
    pub fn create(self, database: &CreateDatabase) -> Request<'a, Database> {
        Request::new(self.0, create(database), |reply| reply.json())
    }

    /// Changes a database, and answers with all of it. Changes of who may connect are for new connections on Redis
    /// Enterprise; Certward's server cuts the open ones that they concern. Needs `update_bdb`. Repeated while the cluster
    /// is busy with another change of it.
    ///
    /// # Errors
    /// [`Error::is_not_found`], [`Error::is_conflict`] when it stays busy, [`Error::is_invalid_input`] for values the
    /// cluster refuses (406), and for a private key among the certificates, which is not sent; the errors that every
    /// operation can return.
    pub fn update(self, uid: DatabaseUid, changes: &UpdateDatabase) -> Request<'a, Database> {
        Request::new(self.0, update(uid, changes), |reply| reply.json())
    }

    /// Deletes a database **and its data**. No error when there is none. Redis Enterprise only begins to: the action that
    /// the answer names carries it out, if it names one. Needs `delete_bdb`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] for one of the cluster's own, [`Error::is_conflict`] when it is
    /// busy, and the errors that every operation can return.
    pub async fn delete(self, uid: DatabaseUid) -> Result<Option<ActionUid>, Error> {
        let path = format!("{PATH}/{uid}");
        let call = Call::new("delete a database", Method::DELETE, path, Repeat::NaturalKey).accept(&[200, 404]);
        read_deletion(&self.0.send(call).await?)
    }

    /// Deletes a database **and its data**, and waits until the cluster knows it no more.
    ///
    /// # Errors
    /// As [`Databases::delete`], and [`Error::is_timeout`] when it is still there after the timeout.
    pub async fn delete_and_wait(self, uid: DatabaseUid, timeout: Duration) -> Result<(), Error> {
        self.delete(uid).await?;
        let step = &|| format!("cannot wait for the deletion of database {uid}");
        poll(timeout, step, || async move {
            let gone = self.get(uid).await?.is_none();
            Ok(gone.then_some(()))
        })
        .await
    }

    /// Removes **all data** of a database; its settings stay. The action that the answer names carries it out, if it names
    /// one. Needs `update_bdb_with_action`. Never repeated once anything was sent.
    ///
    /// # Errors
    /// [`Error::is_not_found`], [`Error::is_conflict`] when it is busy, and the errors that every operation can return.
    pub async fn flush(self, uid: DatabaseUid) -> Result<Option<ActionUid>, Error> {
        let path = format!("{PATH}/{uid}/flush");
        let call = Call::new("flush a database", Method::PUT, path, Repeat::Once).json(&json!({}))?;
        read_action_uid(&self.0.send(call).await?)
    }
}

fn create(database: &CreateDatabase) -> Result<Call, Error> {
    let operation = "create a database";
    database.check(operation)?;
    Call::new(operation, Method::POST, PATH, Repeat::Once).json(database)
}

fn update(uid: DatabaseUid, changes: &UpdateDatabase) -> Result<Call, Error> {
    let operation = "change a database";
    changes.check(operation)?;
    Call::new(operation, Method::PUT, format!("{PATH}/{uid}"), Repeat::NaturalKey).json(changes)
}

pub(super) const PATH: &str = "/v1/bdbs";
