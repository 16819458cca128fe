//! Values that this server stores for its clients and does not use: the resource policy, the OCSP settings, the licence
//! (`docs/contracts/redis-enterprise.md#ocsp` and `docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`).

use serde::{Deserialize, Serialize};

/// The resource policy, by the names of `/v1/cluster/policy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterPolicy {
    /// The channels that an ACL without a rule for channels allows. Default: none.
    pub acl_pubsub_default: PubSubDefault,
    /// Default: no.
    pub db_conns_auditing: bool,
    /// Default: `single`.
    pub default_non_sharded_proxy_policy: String,
    /// Default: `7.4`.
    pub default_provisioned_redis_version: String,
    /// Default: `single`.
    pub default_sharded_proxy_policy: String,
    /// Default: `dense`.
    pub default_shards_placement: String,
    /// Default: `major`.
    pub redis_upgrade_policy: String,
    /// Default: yes.
    pub resp3_default: bool,
}

/// The channels that an ACL without a rule for channels allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PubSubDefault {
    /// No channel.
    #[default]
    ResetChannels,
    /// Every channel.
    AllChannels,
}

/// A change to the policy; `None` leaves a member as it is.
#[derive(Debug, Default)]
pub struct PolicyUpdate {
    /// As [`ClusterPolicy::acl_pubsub_default`]; the others likewise.
    pub acl_pubsub_default: Option<PubSubDefault>,
    /// See above.
    pub db_conns_auditing: Option<bool>,
    /// See above.
    pub default_non_sharded_proxy_policy: Option<String>,
    /// See above.
    pub default_provisioned_redis_version: Option<String>,
    /// See above.
    pub default_sharded_proxy_policy: Option<String>,
    /// See above.
    pub default_shards_placement: Option<String>,
    /// See above.
    pub redis_upgrade_policy: Option<String>,
    /// See above.
    pub resp3_default: Option<bool>,
}

/// Settings for OCSP requests about the proxy certificate: seconds, and a number of attempts. This server makes no such
/// requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OcspSettings {
    /// 60 to 86400. Default: 3600.
    pub query_frequency: u32,
    /// 60 to 86400. Default: 60.
    pub recovery_frequency: u32,
    /// 1 to 100. Default: 5.
    pub recovery_max_tries: u32,
    /// 1 to 60. Default: 1.
    pub response_timeout: u32,
}

/// A change to the OCSP settings; `None` leaves a member as it is. The ranges have been checked.
#[derive(Debug, Default)]
pub struct OcspUpdate {
    /// As [`OcspSettings::query_frequency`]; the others likewise.
    pub query_frequency: Option<u32>,
    /// See above.
    pub recovery_frequency: Option<u32>,
    /// See above.
    pub recovery_max_tries: Option<u32>,
    /// See above.
    pub response_timeout: Option<u32>,
}

impl PubSubDefault {
    /// The API's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResetChannels => "resetchannels",
            Self::AllChannels => "allchannels",
        }
    }
}

/// The defaults of a real cluster, in its responses and its documentation.
impl Default for ClusterPolicy {
    fn default() -> Self {
        Self {
            acl_pubsub_default: PubSubDefault::default(),
            db_conns_auditing: false,
            default_non_sharded_proxy_policy: "single".to_owned(),
            default_provisioned_redis_version: "7.4".to_owned(),
            default_sharded_proxy_policy: "single".to_owned(),
            default_shards_placement: "dense".to_owned(),
            redis_upgrade_policy: "major".to_owned(),
            resp3_default: true,
        }
    }
}

/// The defaults in a real cluster's responses.
impl Default for OcspSettings {
    fn default() -> Self {
        Self {
            query_frequency: 3600,
            recovery_frequency: 60,
            recovery_max_tries: 5,
            response_timeout: 1,
        }
    }
}
