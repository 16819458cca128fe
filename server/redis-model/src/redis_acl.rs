//! An ACL: a named set of Redis rules for commands, keys and channels.

use super::name::ObjectName;
use super::redis_acl_rules::RedisAclRules;
use super::uid::RedisAclUid;

/// An ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisAcl {
    /// The number.
    pub uid: RedisAclUid,
    /// The name; no two ACLs share one.
    pub name: ObjectName,
    /// The rules.
    pub acl: RedisAclRules,
}

impl RedisAcl {
    /// Returns `true` for the built-in ACL that can be neither changed nor deleted.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.uid == FULL_ACCESS
    }
}

/// An ACL to create.
#[derive(Debug, Clone)]
pub struct NewRedisAcl {
    /// The requested number; otherwise the next one.
    pub uid: Option<RedisAclUid>,
    /// The name.
    pub name: ObjectName,
    /// The rules.
    pub acl: RedisAclRules,
}

/// The ACLs of a fresh cluster, from uid 1 on (`docs/contracts/redis-enterprise.md#redis-acls`).
pub const BUILT_IN: [(&str, &str); 3] = [
    ("Full Access", "+@all ~*"),
    ("Not Dangerous", "+@all -@dangerous ~*"),
    ("Read Only", "+@read ~*"),
];

/// The built-in ACL that is read-only.
const FULL_ACCESS: RedisAclUid = RedisAclUid::new(1).expect("1 is a uid");
