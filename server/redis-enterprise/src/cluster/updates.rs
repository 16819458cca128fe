//! Changes of objects, as they are asked for; `None` leaves a member as it is.

use certward_certificates::trust::SubjectLine;
use certward_redis_model::name::{EmailAddress, ObjectName, UserName};
use certward_redis_model::redis_acl_rules::RedisAclRules;
use certward_redis_model::user::{AuthMethod, RoleSelection};
use secrecy::SecretString;

use super::precondition::Precondition;

/// A change to a user; `None` leaves a member as it is.
#[derive(Debug, Default)]
pub struct UserUpdate {
    /// The name.
    pub name: Option<UserName>,
    /// The e-mail address; the inner `None` removes it.
    pub email: Option<Option<EmailAddress>>,
    /// The authentication method. A change away from `regular` deletes the user's passwords.
    pub auth_method: Option<AuthMethod>,
    /// The password that replaces all previous ones.
    pub password: Option<SecretString>,
    /// For `certificate` only.
    pub certificate_subject_line: Option<SubjectLine>,
    /// The roles.
    pub roles: Option<RoleSelection>,
    /// Enables all alerts of the user.
    pub email_alerts: Option<bool>,
    /// Alerts about the cluster.
    pub cluster_email_alerts: Option<bool>,
    /// Alerts about databases.
    pub bdbs_email_alerts: Option<Vec<String>>,
    /// Values that the state must still have.
    pub precondition: Precondition,
}

/// A change to an ACL; `None` leaves a member as it is.
#[derive(Debug, Clone, Default)]
pub struct RedisAclUpdate {
    /// The name.
    pub name: Option<ObjectName>,
    /// The rules.
    pub acl: Option<RedisAclRules>,
    /// Values that the state must still have.
    pub precondition: Precondition,
}
