//! A user: its identity, its authentication and its roles.

use secrecy::SecretString;
use time::OffsetDateTime;

use super::name::{EmailAddress, UserName};
use super::password_hash::PasswordHash;
use super::permission::ManagementRole;
use super::uid::{RoleUid, UserUid};
use certward_certificates::trust::SubjectLine;

/// A user.
#[derive(Debug)]
pub struct User {
    /// The number.
    pub uid: UserUid,
    /// The name; no two users share one.
    pub name: UserName,
    /// The e-mail address; no two users share one.
    pub email: Option<EmailAddress>,
    /// The authentication of the user.
    pub authentication: Authentication,
    /// The cluster's revision when the authentication was last changed: earlier tokens are void.
    pub credentials_revision: u64,
    /// The roles, in the order given; the permissions are their union.
    pub role_uids: Vec<RoleUid>,
    /// The alerts to send by e-mail. The setting is stored, and no alerts are sent.
    pub alerts: EmailAlerts,
}

/// The authentication of a user.
#[derive(Debug, Clone)]
pub enum Authentication {
    /// By one of its passwords.
    Regular {
        /// Hashes of the passwords, oldest first; never empty.
        passwords: Vec<PasswordHash>,
        /// The time at which the newest password was set, from which the expiry is counted.
        issued_at: OffsetDateTime,
    },
    /// By a certificate with this subject, from a CA that the cluster trusts.
    Certificate {
        /// The subject, as given.
        subject: SubjectLine,
    },
    /// By Entra ID, which this server does not contact: such a user is stored, and cannot log in.
    EntraId,
    /// By single sign-on, which this server does not offer: such a user is stored, and cannot log in.
    Sso,
}

/// The API's names of [`Authentication`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthMethod {
    /// `regular`.
    Regular,
    /// `certificate`.
    Certificate,
    /// `entraid`.
    EntraId,
    /// `sso`.
    Sso,
}

/// The alerts that a user receives by e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAlerts {
    /// Enables all alerts of the user.
    pub enabled: bool,
    /// Alerts about the cluster; none if it was never set.
    pub cluster: Option<bool>,
    /// Alerts about these databases, or `all`; none if it was never set.
    pub databases: Option<Vec<String>>,
}

impl Default for EmailAlerts {
    fn default() -> Self {
        Self {
            enabled: true,
            cluster: None,
            databases: None,
        }
    }
}

/// The status of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserStatus {
    /// The user can log in.
    Active,
    /// Too many wrong passwords; the lock expires by itself.
    Locked,
    /// Its password has expired.
    PasswordExpired,
}

/// A user to create.
#[derive(Debug)]
pub struct NewUser {
    /// The requested number; otherwise the next one.
    pub uid: Option<UserUid>,
    /// The name; otherwise the e-mail address, or else `user-` and the number.
    pub name: Option<UserName>,
    /// The e-mail address.
    pub email: Option<EmailAddress>,
    /// The authentication method.
    pub auth_method: AuthMethod,
    /// For `regular` only.
    pub password: Option<SecretString>,
    /// For `certificate` only.
    pub certificate_subject_line: Option<SubjectLine>,
    /// The roles.
    pub roles: RoleSelection,
    /// The alerts to send.
    pub alerts: EmailAlerts,
}

/// The roles of a user, as given in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleSelection {
    /// By number.
    Uids(Vec<RoleUid>),
    /// By management role, as in the deprecated `role`: the role with the lowest number that has it. For `none`, no
    /// role at all if no role has it.
    Management(ManagementRole),
}

impl NewUser {
    /// The label of the user in audit records.
    #[must_use]
    pub fn label(&self) -> String {
        match (&self.name, &self.email) {
            (Some(name), _) => format!("user {name:?}"),
            (None, Some(email)) => format!("user {email:?}", email = email.as_str()),
            (None, None) => "a user without a name".to_owned(),
        }
    }
}

impl Authentication {
    /// True if this server supports the login, provided its settings enable it.
    #[must_use]
    pub fn lets_in(&self) -> bool {
        matches!(self, Self::Regular { .. } | Self::Certificate { .. })
    }
}

impl User {
    /// The API's name of the user's authentication method.
    #[must_use]
    pub fn auth_method(&self) -> AuthMethod {
        match self.authentication {
            Authentication::Regular { .. } => AuthMethod::Regular,
            Authentication::Certificate { .. } => AuthMethod::Certificate,
            Authentication::EntraId => AuthMethod::EntraId,
            Authentication::Sso => AuthMethod::Sso,
        }
    }

    /// The subject of a certificate user.
    #[must_use]
    pub fn certificate_subject_line(&self) -> Option<&SubjectLine> {
        match &self.authentication {
            Authentication::Certificate { subject } => Some(subject),
            _ => None,
        }
    }

    /// The time at which the newest password was set, for users with passwords.
    #[must_use]
    pub fn password_issued_at(&self) -> Option<OffsetDateTime> {
        match &self.authentication {
            Authentication::Regular { issued_at, .. } => Some(*issued_at),
            _ => None,
        }
    }
}

impl AuthMethod {
    /// The API's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Certificate => "certificate",
            Self::EntraId => "entraid",
            Self::Sso => "sso",
        }
    }
}

impl UserStatus {
    /// The API's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Locked => "locked",
            Self::PasswordExpired => "password_expired",
        }
    }
}
