//! Roles.

use http::Method;
use serde::{Deserialize, Serialize};

use super::action::{read_deletion, read_one};
use super::changes::changes;
use super::client::Client;
use super::request::Request;
use super::values::{ActionUid, ManagementRole, ResourceType, RoleUid};
use crate::Error;
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::Call;

/// A role as the cluster has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Role {
    /// The role's number.
    pub uid: RoleUid,
    /// Its name.
    pub name: String,
    /// The management role. Old versions omit it.
    pub management: Option<ManagementRole>,
    /// The databases that `db_member` and `db_viewer` are limited to (8.2 and later). Empty: all databases.
    #[serde(default)]
    pub resources: Vec<RoleResource>,
    /// The action that carries out a change, in the answer to it.
    pub action_uid: Option<ActionUid>,
}

/// Objects that a role is limited to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoleResource {
    /// The type of the objects.
    #[serde(rename = "type")]
    pub resource_type: ResourceType,
    /// The uids of the objects, as strings.
    #[serde(default)]
    pub uids: Vec<String>,
}

/// A role to make.
#[derive(Debug, Serialize)]
pub struct CreateRole {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<RoleUid>,
    name: String,
    management: ManagementRole,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<RoleResource>>,
}

changes! {
    /// A change to a role.
    UpdateRole {
        /// The new name.
        name: String = impl Into<String>,
        /// The management role.
        management: ManagementRole = ManagementRole,
        /// The databases that the role is limited to; the list replaces the previous one. Empty: all databases.
        resources: Vec<RoleResource> = impl Into<Vec<RoleResource>>,
    }
}

impl RoleResource {
    /// These databases, by their numbers.
    pub fn databases<I>(uids: I) -> Self
    where
        I: IntoIterator,
        I::Item: ToString,
    {
        Self {
            resource_type: ResourceType::Database,
            uids: uids.into_iter().map(|uid| uid.to_string()).collect(),
        }
    }
}

impl CreateRole {
    /// A role of this name. [`ManagementRole::None`] gives access to data only.
    pub fn new(name: impl Into<String>, management: ManagementRole) -> Self {
        Self {
            uid: None,
            name: name.into(),
            management,
            resources: None,
        }
    }

    /// The role's number. Default: the next free one.
    #[must_use]
    pub fn uid(mut self, uid: RoleUid) -> Self {
        self.uid = Some(uid);
        self
    }

    /// The databases that `db_member` and `db_viewer` are limited to (8.2 and later). Default: all databases.
    #[must_use]
    pub fn resources(mut self, resources: impl Into<Vec<RoleResource>>) -> Self {
        self.resources = Some(resources.into());
        self
    }
}

handle! {
    /// Roles of the cluster.
    Roles = roles
}

impl<'a> Roles<'a> {
    /// All roles. Needs `view_all_roles_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn list(self) -> Result<Vec<Role>, Error> {
        self.0.send(Call::get("list roles", PATH)).await?.json()
    }

    /// One role; `None` when there is none. Needs `view_role_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn get(self, uid: RoleUid) -> Result<Option<Role>, Error> {
        let call = Call::get("read a role", format!("{PATH}/{uid}")).accept(&[200, 404]);
        read_one(self.0.send(call).await?)
    }

    /// Makes a role. Needs `create_role`. Never repeated once anything was sent.
    ///
    /// ```no_run
    /// use certward::redis_enterprise::{CreateRole, ManagementRole};
    ///
    /// # async fn example(client: certward::redis_enterprise::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let readers = CreateRole::new("readers", ManagementRole::None);
    /// let readers = client.roles().create(&readers).send().await?;
    /// println!("readers is role {}", readers.uid);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_conflict`] when the name is in use, [`Error::is_invalid_input`] for values the cluster refuses, and
    /// the errors that every operation can return.
    pub fn create(self, role: &CreateRole) -> Request<'a, Role> {
        Request::new(self.0, create(role), |reply| reply.json())
    }

    /// Changes a role, and answers with all of it. Needs `update_role`.
    ///
    /// # Errors
    /// [`Error::is_not_found`], [`Error::is_conflict`] when the name is in use, [`Error::is_invalid_input`] for values
    /// the cluster refuses, among them less than admin for the last admin, and the errors that every operation can
    /// return.
    pub fn update(self, uid: RoleUid, changes: &UpdateRole) -> Request<'a, Role> {
        Request::new(self.0, update(uid, changes), |reply| reply.json())
    }

    /// Deletes a role. No error when there is none. The action that the answer names carries it out, if it names one. Needs
    /// `delete_role`.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] (406) for a role in use, and the errors that every operation can return.
    pub fn delete(self, uid: RoleUid) -> Request<'a, Option<ActionUid>> {
        Request::new(self.0, Ok(delete(uid)), read_deletion)
    }
}

fn create(role: &CreateRole) -> Result<Call, Error> {
    Call::new("create a role", Method::POST, PATH, Repeat::Once).json(role)
}

fn update(uid: RoleUid, changes: &UpdateRole) -> Result<Call, Error> {
    Call::new(
        "change a role",
        Method::PUT,
        format!("{PATH}/{uid}"),
        Repeat::NaturalKey,
    )
    .json(changes)
}

fn delete(uid: RoleUid) -> Call {
    Call::new(
        "delete a role",
        Method::DELETE,
        format!("{PATH}/{uid}"),
        Repeat::NaturalKey,
    )
    .accept(&[200, 404])
}

const PATH: &str = "/v1/roles";
