//! Users.

use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::action::{poll, read_deletion, read_one};
use super::changes::changes;
use super::client::Client;
use super::request::Request;
use super::values::{ActionUid, AuthMethod, ManagementRole, RoleUid, UserStatus, UserUid};
use super::wire;
use crate::Error;
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::Call;

/// A user as the cluster has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The user's number.
    pub uid: UserUid,
    /// Its name; databases see it.
    #[serde(default)]
    pub name: String,
    /// Its e-mail address, when it has one.
    #[serde(default, deserialize_with = "wire::non_empty")]
    pub email: Option<String>,
    /// The authentication method.
    #[serde(default = "regular")]
    pub auth_method: AuthMethod,
    /// The subject of its certificate, as it was given (RFC 2253).
    #[serde(default, deserialize_with = "wire::non_empty")]
    pub certificate_subject_line: Option<String>,
    /// The management role of its role; with several roles, of one of them.
    pub role: Option<ManagementRole>,
    /// Its roles.
    #[serde(default)]
    pub role_uids: Vec<RoleUid>,
    /// The user receives e-mails about alerts.
    pub email_alerts: Option<bool>,
    /// The user receives e-mails about alerts of the cluster.
    pub cluster_email_alerts: Option<bool>,
    /// The databases whose alerts are sent to the user, or `all`.
    #[serde(default)]
    pub bdbs_email_alerts: Vec<String>,
    /// The status of the user.
    pub status: Option<UserStatus>,
    /// The time of the last login.
    #[serde(default, deserialize_with = "wire::unix_time")]
    pub last_login: Option<OffsetDateTime>,
    /// The time at which the password was set. Certificate users have no password.
    #[serde(default, deserialize_with = "wire::date")]
    pub password_issue_date: Option<OffsetDateTime>,
    /// In the answer to a change: the action that carries it out.
    pub action_uid: Option<ActionUid>,
}

/// A user to make.
#[derive(Debug, Serialize)]
pub struct CreateUser {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<UserUid>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    auth_method: AuthMethod,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_subject_line: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "wire::secret")]
    password: Option<SecretString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<ManagementRole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_uids: Option<Vec<RoleUid>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_alerts: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_email_alerts: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bdbs_email_alerts: Option<Vec<String>>,
}

changes! {
    /// A change to a user.
    UpdateUser {
        /// The new name.
        name: String = impl Into<String>,
        /// The new e-mail address; `""` removes it.
        email: String = impl Into<String>,
        /// The authentication method.
        auth_method: AuthMethod = AuthMethod,
        /// The subject of its certificate (RFC 2253, CN first).
        certificate_subject_line: String = impl Into<String>,
        /// The new password, which replaces all previous ones.
        #[serde(serialize_with = "wire::secret")]
        password: SecretString = SecretString,
        /// The management role. Redis Enterprise accepts this member until the end of 2027; prefer
        /// [`UpdateUser::role_uids`].
        role: ManagementRole = ManagementRole,
        /// The roles; the list replaces the previous one.
        role_uids: Vec<RoleUid> = impl Into<Vec<RoleUid>>,
        /// The user receives e-mails about alerts.
        email_alerts: bool = bool,
        /// The user receives e-mails about alerts of the cluster.
        cluster_email_alerts: bool = bool,
        /// The databases whose alerts are sent to the user, or `all`.
        bdbs_email_alerts: Vec<String> = impl Into<Vec<String>>,
    }
}

impl CreateUser {
    /// A user that logs in with a certificate of this subject (RFC 2253, CN first). It has no password.
    pub fn certificate(name: impl Into<String>, subject_line: impl Into<String>) -> Self {
        Self {
            certificate_subject_line: Some(subject_line.into()),
            ..Self::of(name.into(), AuthMethod::Certificate)
        }
    }

    /// A user that logs in with a password.
    pub fn regular(name: impl Into<String>, password: SecretString) -> Self {
        Self {
            password: Some(password),
            ..Self::of(name.into(), AuthMethod::Regular)
        }
    }

    fn of(name: String, auth_method: AuthMethod) -> Self {
        Self {
            uid: None,
            name,
            email: None,
            auth_method,
            certificate_subject_line: None,
            password: None,
            role: None,
            role_uids: None,
            email_alerts: None,
            cluster_email_alerts: None,
            bdbs_email_alerts: None,
        }
    }

    /// The user's number. Default: the next free one.
    #[must_use]
    pub fn uid(mut self, uid: UserUid) -> Self {
        self.uid = Some(uid);
        self
    }

    /// Its e-mail address.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// The management role. Redis Enterprise accepts this member until the end of 2027; prefer
    /// [`CreateUser::role_uids`].
    #[must_use]
    pub fn role(mut self, role: ManagementRole) -> Self {
        self.role = Some(role);
        self
    }

    /// Its roles, at least one.
    #[must_use]
    pub fn role_uids(mut self, role_uids: impl Into<Vec<RoleUid>>) -> Self {
        self.role_uids = Some(role_uids.into());
        self
    }

    /// The user receives e-mails about alerts. Default: yes.
    #[must_use]
    pub fn email_alerts(mut self, email_alerts: bool) -> Self {
        self.email_alerts = Some(email_alerts);
        self
    }

    /// The user receives e-mails about alerts of the cluster.
    #[must_use]
    pub fn cluster_email_alerts(mut self, cluster_email_alerts: bool) -> Self {
        self.cluster_email_alerts = Some(cluster_email_alerts);
        self
    }

    /// The databases whose alerts are sent to the user, or `all`.
    #[must_use]
    pub fn bdbs_email_alerts(mut self, databases: impl Into<Vec<String>>) -> Self {
        self.bdbs_email_alerts = Some(databases.into());
        self
    }
}

handle! {
    /// Users of the cluster.
    Users = users
}

impl<'a> Users<'a> {
    /// All users. Needs `view_all_users_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn list(self) -> Result<Vec<User>, Error> {
        self.0.send(Call::get("list users", PATH)).await?.json()
    }

    /// One user; `None` when there is none. Needs `view_user_info`, but for oneself.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn get(self, uid: UserUid) -> Result<Option<User>, Error> {
        let call = Call::get("read a user", format!("{PATH}/{uid}")).accept(&[200, 404]);
        read_one(self.0.send(call).await?)
    }

    /// Makes a user. Needs `create_new_user`.
    ///
    /// Never repeated once anything was sent: after [`Error::is_timeout`] or a broken connection, look for it with
    /// [`Users::list`].
    ///
    /// ```no_run
    /// use certward::redis_enterprise::CreateUser;
    ///
    /// # async fn example(client: certward::redis_enterprise::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let app = CreateUser::certificate("app", "CN=app,O=Example").role_uids([2.into()]);
    /// let app = client.users().create(&app).send().await?;
    /// println!("app is user {}", app.uid);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_conflict`] when name, e-mail address or subject are in use, [`Error::is_invalid_input`] for values
    /// the cluster refuses, and the errors that every operation can return.
    pub fn create(self, user: &CreateUser) -> Request<'a, User> {
        Request::new(self.0, create(user), |reply| reply.json())
    }

    /// Changes a user, and answers with all of it. Needs `update_user`; anybody may change their own name, password and
    /// alert settings.
    ///
    /// # Errors
    /// [`Error::is_not_found`], [`Error::is_conflict`] when a value is in use, [`Error::is_invalid_input`] for values
    /// the cluster refuses, among them another role for the last admin, and the errors that every operation can return.
    #[doc(alias = "edit")]
    pub fn update(self, uid: UserUid, changes: &UpdateUser) -> Request<'a, User> {
        Request::new(self.0, update(uid, changes), |reply| reply.json())
    }

    /// Deletes a user. No error when there is none. Redis Enterprise only begins to: the action that the answer names
    /// carries it out, if it names one. Needs `delete_user`.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] (406) for the last admin, and the errors that every operation can return.
    pub async fn delete(self, uid: UserUid) -> Result<Option<ActionUid>, Error> {
        let call = Call::new(
            "delete a user",
            Method::DELETE,
            format!("{PATH}/{uid}"),
            Repeat::NaturalKey,
        )
        .accept(&[200, 404]);
        read_deletion(&self.0.send(call).await?)
    }

    /// Deletes a user, and waits until the cluster knows it no more.
    ///
    /// # Errors
    /// As [`Users::delete`], and [`Error::is_timeout`] when it is still there after the timeout.
    pub async fn delete_and_wait(self, uid: UserUid, timeout: Duration) -> Result<(), Error> {
        self.delete(uid).await?;
        let step = &|| format!("cannot wait for the deletion of user {uid}");
        poll(timeout, step, || async move {
            let gone = self.get(uid).await?.is_none();
            Ok(gone.then_some(()))
        })
        .await
    }
}

fn create(user: &CreateUser) -> Result<Call, Error> {
    Call::new("create a user", Method::POST, PATH, Repeat::Once).json(user)
}

fn update(uid: UserUid, changes: &UpdateUser) -> Result<Call, Error> {
    Call::new(
        "change a user",
        Method::PUT,
        format!("{PATH}/{uid}"),
        Repeat::NaturalKey,
    )
    .json(changes)
}

/// Versions without other methods leave the member out.
fn regular() -> AuthMethod {
    AuthMethod::Regular
}

const PATH: &str = "/v1/users";
