//! The cluster's policy: defaults for databases, and the lock-out after wrong passwords.

use http::Method;
use serde::Deserialize;

use super::changes::changes;
use super::client::Client;
use crate::Error;
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::Call;

/// The cluster's policy. `None` means that this version of Redis Enterprise does not have the setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ClusterPolicy {
    /// The default for ACLs that name no channels: all (`allchannels`) or none (`resetchannels`).
    pub acl_pubsub_default: Option<String>,
    /// The placement of shards of new databases: together (`dense`) or apart (`sparse`).
    pub default_shards_placement: Option<String>,
    /// The nodes that have an endpoint of a new database with several shards.
    pub default_sharded_proxy_policy: Option<String>,
    /// The nodes that have an endpoint of a new database with one shard.
    pub default_non_sharded_proxy_policy: Option<String>,
    /// The version of Redis of new databases.
    pub default_provisioned_redis_version: Option<String>,
    /// Databases upgraded to 7.2 use RESP3.
    pub resp3_default: Option<bool>,
    /// The number of wrong passwords after which a user is locked.
    pub login_lockout_threshold: Option<u64>,
    /// The number of seconds without a wrong password after which the count is reset.
    pub login_lockout_counter_reset_after: Option<u64>,
    /// The number of seconds for which a user is locked; 0 until an administrator unlocks it.
    pub login_lockout_duration: Option<u64>,
}

changes! {
    /// A change to the cluster's policy.
    UpdateClusterPolicy {
        /// The default for ACLs that name no channels: all (`allchannels`) or none (`resetchannels`).
        acl_pubsub_default: String = impl Into<String>,
        /// The placement of shards of new databases: together (`dense`) or apart (`sparse`).
        default_shards_placement: String = impl Into<String>,
        /// The nodes that have an endpoint of a new database with several shards.
        default_sharded_proxy_policy: String = impl Into<String>,
        /// The nodes that have an endpoint of a new database with one shard.
        default_non_sharded_proxy_policy: String = impl Into<String>,
        /// The version of Redis of new databases.
        default_provisioned_redis_version: String = impl Into<String>,
        /// Databases upgraded to 7.2 use RESP3.
        resp3_default: bool = bool,
        /// The number of wrong passwords after which a user is locked.
        login_lockout_threshold: u64 = u64,
        /// The number of seconds without a wrong password after which the count is reset.
        login_lockout_counter_reset_after: u64 = u64,
        /// The number of seconds for which a user is locked; 0 until an administrator unlocks it.
        login_lockout_duration: u64 = u64,
    }
}

handle! {
    /// The cluster's policy.
    ClusterPolicies = cluster_policy
}

impl ClusterPolicies<'_> {
    /// The cluster's policy. Needs `view_cluster_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn get(self) -> Result<ClusterPolicy, Error> {
        self.0.send(Call::get("read the cluster's policy", PATH)).await?.json()
    }

    /// Changes the cluster's policy. Needs `update_cluster`.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for values the cluster refuses, and the errors that every operation can return.
    pub async fn update(self, changes: &UpdateClusterPolicy) -> Result<(), Error> {
        let call = Call::new("change the cluster's policy", Method::PUT, PATH, Repeat::NaturalKey).json(changes)?;
        self.0.send(call).await.map(drop)
    }
}

const PATH: &str = "/v1/cluster/policy";
