//! Values that this server stores for its clients and does not use: the resource policy, the OCSP settings, the licence
//! (`docs/contracts/redis-enterprise.md#ocsp` and `docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`).

use serde::{Deserialize, Serialize};

/// Makes stored settings with their defaults, and the change to them, which leaves a setting as it is by `None`.
macro_rules! stored {
    ($(
        $(#[$about:meta])*
        $Settings:ident, $(#[$change:meta])* $Update:ident {
            $($(#[$doc:meta])* $field:ident: $type:ty = $default:expr;)*
        }
    )*) => {
        $(
            $(#[$about])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(default)]
            pub struct $Settings {
                $(
                    $(#[$doc])*
                    pub $field: $type,
                )*
            }

            $(#[$change])*
            #[derive(Debug, Default)]
            pub struct $Update {
                $(
                    #[doc = concat!("As [`", stringify!($Settings), "::", stringify!($field), "`].")]
                    pub $field: Option<$type>,
                )*
            }

            /// The defaults in a real cluster's responses and documentation.
            impl Default for $Settings {
                fn default() -> Self {
                    Self { $($field: $default,)* }
                }
            }

            impl $Update {
                /// Makes the change.
                pub fn apply_to(self, settings: &mut $Settings) {
                    $(if let Some(value) = self.$field {
                        settings.$field = value;
                    })*
                }
            }
        )*
    };
}

stored! {
    /// The policy for resources, under the names of `/v1/cluster/policy`.
    ClusterPolicy,
    /// A change to the policy; `None` leaves a member as it is.
    PolicyUpdate {
        /// The channels that an ACL without a rule for channels allows. Default: none.
        acl_pubsub_default: PubSubDefault = PubSubDefault::ResetChannels;
        /// Default: no.
        db_conns_auditing: bool = false;
        /// Default: `single`.
        default_non_sharded_proxy_policy: String = "single".to_owned();
        /// Default: `7.4`.
        default_provisioned_redis_version: String = "7.4".to_owned();
        /// Default: `single`.
        default_sharded_proxy_policy: String = "single".to_owned();
        /// Default: `dense`.
        default_shards_placement: String = "dense".to_owned();
        /// Default: `major`.
        redis_upgrade_policy: String = "major".to_owned();
        /// Default: yes.
        resp3_default: bool = true;
    }

    /// Settings for OCSP requests about the proxy certificate: seconds, and a number of attempts. This server makes no
    /// such requests.
    OcspSettings,
    /// A change to the OCSP settings; `None` leaves a member as it is. The ranges have been checked.
    OcspUpdate {
        /// 60 to 86400. Default: 3600.
        query_frequency: u32 = 3600;
        /// 60 to 86400. Default: 60.
        recovery_frequency: u32 = 60;
        /// 1 to 100. Default: 5.
        recovery_max_tries: u32 = 5;
        /// 1 to 60. Default: 1.
        response_timeout: u32 = 1;
    }
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
