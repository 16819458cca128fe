//! Redis ACLs: which commands, keys and channels a role may use in a database.

use http::Method;
use serde::{Deserialize, Serialize};

use super::action::{read_deletion, read_one};
use super::changes::changes;
use super::client::Client;
use super::request::Request;
use super::values::{ActionUid, RedisAclUid};
use crate::Error;
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::Call;

/// A Redis ACL as the cluster has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RedisAcl {
    /// The ACL's number.
    pub uid: RedisAclUid,
    /// Its name.
    pub name: String,
    /// Its rules, such as `+@read ~cache:*`, as in the [redis_acl object].
    ///
    /// [redis_acl object]: https://redis.io/docs/latest/operate/rs/references/rest-api/objects/redis_acl/
    pub acl: String,
    /// The lowest version of Redis that the rules suit.
    pub min_version: Option<String>,
    /// The highest version of Redis that the rules suit; `9999` for any.
    pub max_version: Option<String>,
    /// The action that carries out a change, in the answer to it.
    pub action_uid: Option<ActionUid>,
    /// Warnings of Certward's server in the answer to a change, a sentence each: which engines refuse the rules. Redis
    /// Enterprise does not have this member.
    #[serde(default)]
    pub certward_warnings: Vec<String>,
}

/// A Redis ACL to make.
#[derive(Debug, Serialize)]
pub struct CreateRedisAcl {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<RedisAclUid>,
    name: String,
    acl: String,
}

changes! {
    /// A change to a Redis ACL.
    UpdateRedisAcl {
        /// The new name.
        name: String = impl Into<String>,
        /// The new rules, which replace the previous ones.
        acl: String = impl Into<String>,
    }
}

impl CreateRedisAcl {
    /// A Redis ACL of this name with these rules.
    pub fn new(name: impl Into<String>, acl: impl Into<String>) -> Self {
        Self {
            uid: None,
            name: name.into(),
            acl: acl.into(),
        }
    }

    /// The ACL's number. Default: the next free one.
    #[must_use]
    pub fn uid(mut self, uid: RedisAclUid) -> Self {
        self.uid = Some(uid);
        self
    }
}

handle! {
    /// Redis ACLs of the cluster.
    RedisAcls = redis_acls
}

impl<'a> RedisAcls<'a> {
    /// All Redis ACLs. Needs `view_all_redis_acls_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn list(self) -> Result<Vec<RedisAcl>, Error> {
        self.0.send(Call::get("list Redis ACLs", PATH)).await?.json()
    }

    /// One Redis ACL; `None` when there is none. Needs `view_redis_acl_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn get(self, uid: RedisAclUid) -> Result<Option<RedisAcl>, Error> {
        let call = Call::get("read a Redis ACL", format!("{PATH}/{uid}")).accept(&[200, 404]);
        read_one(self.0.send(call).await?)
    }

    /// Makes a Redis ACL. Needs `create_redis_acl`. Never repeated once anything was sent.
    ///
    /// ```no_run
    /// use certward::redis_enterprise::CreateRedisAcl;
    ///
    /// # async fn example(client: certward::redis_enterprise::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = CreateRedisAcl::new("cache", "+@read ~cache:*");
    /// client.redis_acls().create(&cache).dry_run().send().await?; // are the rules right?
    /// let cache = client.redis_acls().create(&cache).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::is_conflict`] when the name is in use, [`Error::is_invalid_input`] for rules the cluster refuses, and
    /// the errors that every operation can return.
    pub fn create(self, acl: &CreateRedisAcl) -> Request<'a, RedisAcl> {
        Request::new(self.0, create(acl), |reply| reply.json())
    }

    /// Checks by the older route whether the cluster accepts these rules. Nothing is stored.
    /// [`Request::dry_run`] looks at the name too. Needs `create_redis_acl`.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for rules the cluster refuses, and the errors that every operation can return.
    pub async fn validate(self, acl: &CreateRedisAcl) -> Result<(), Error> {
        let path = "/v1/redis_acls/validate";
        let call = Call::new("validate a Redis ACL", Method::POST, path, Repeat::Read).json(acl)?;
        self.0.send(call).await.map(drop)
    }

    /// Changes a Redis ACL, and answers with all of it. Needs `update_redis_acl`.
    ///
    /// # Errors
    /// [`Error::is_not_found`], [`Error::is_conflict`] when the name is in use or the ACL is one that comes with the
    /// product, [`Error::is_invalid_input`] for rules the cluster refuses, and the errors that every operation can
    /// return.
    pub fn update(self, uid: RedisAclUid, changes: &UpdateRedisAcl) -> Request<'a, RedisAcl> {
        Request::new(self.0, update(uid, changes), |reply| reply.json())
    }

    /// Deletes a Redis ACL. No error when there is none. The action that the answer names carries it out, if it names one.
    /// Needs `delete_redis_acl`.
    ///
    /// # Errors
    /// [`Error::is_conflict`] for one that comes with the product, [`Error::is_invalid_input`]
    /// (406) for one in use, and the errors that every operation can return.
    pub async fn delete(self, uid: RedisAclUid) -> Result<Option<ActionUid>, Error> {
        let call = Call::new(
            "delete a Redis ACL",
            Method::DELETE,
            format!("{PATH}/{uid}"),
            Repeat::NaturalKey,
        )
        .accept(&[200, 404]);
        read_deletion(&self.0.send(call).await?)
    }
}

fn create(acl: &CreateRedisAcl) -> Result<Call, Error> {
    Call::new("create a Redis ACL", Method::POST, PATH, Repeat::Once).json(acl)
}

fn update(uid: RedisAclUid, changes: &UpdateRedisAcl) -> Result<Call, Error> {
    Call::new(
        "change a Redis ACL",
        Method::PUT,
        format!("{PATH}/{uid}"),
        Repeat::NaturalKey,
    )
    .json(changes)
}

const PATH: &str = "/v1/redis_acls";
