//! A user: who it is, how it proves that, and which roles it has.

use secrecy::SecretString;
use time::OffsetDateTime;

use super::Precondition;
use super::access::PasswordHash;
use super::name::{EmailAddress, UserName};
use super::permission::ManagementRole;
use super::trust::SubjectLine;
use super::uid::{RoleUid, UserUid};

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
    /// The cluster's revision when that was last changed: what a token was issued for is void afterwards.
    pub credentials_revision: u64,
    /// The roles, in the order given; their permissions add up.
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
        /// The time at which the newest password was set, from which its expiry is counted.
        issued_at: OffsetDateTime,
    },
    /// By a certificate with this subject, from a CA that the cluster trusts.
    Certificate {
        /// The subject, as given.
        subject: SubjectLine,
    },
    /// By Entra ID, which this server does not ask: such a user is kept, and does not get in.
    EntraId,
    /// By single sign-on, which this server does not offer: such a user is kept, and does not get in.
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
    /// Any at all.
    pub enabled: bool,
    /// Those about the cluster; none when it was never said.
    pub cluster: Option<bool>,
    /// Those about these databases, or `all`; none when it was never said.
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
    /// Too many wrong passwords; the lock ends by itself.
    Locked,
    /// Its password is too old.
    PasswordExpired,
}

/// A user to be made.
#[derive(Debug)]
pub struct NewUser {
    /// The number wanted; otherwise the next.
    pub uid: Option<UserUid>,
    /// The name; otherwise the e-mail address, or else `user-` and the number.
    pub name: Option<UserName>,
    /// The e-mail address.
    pub email: Option<EmailAddress>,
    /// The authentication method.
    pub auth_method: AuthMethod,
    /// For `regular`, and only there.
    pub password: Option<SecretString>,
    /// For `certificate`, and only there.
    pub certificate_subject_line: Option<SubjectLine>,
    /// The roles.
    pub roles: RoleSelection,
    /// The alerts to send.
    pub alerts: EmailAlerts,
}

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
    /// For `certificate`, and only there.
    pub certificate_subject_line: Option<SubjectLine>,
    /// The roles.
    pub roles: Option<RoleSelection>,
    /// Any alerts at all.
    pub email_alerts: Option<bool>,
    /// Alerts about the cluster.
    pub cluster_email_alerts: Option<bool>,
    /// Alerts about databases.
    pub bdbs_email_alerts: Option<Vec<String>>,
    /// What else must be so.
    pub precondition: Precondition,
}

/// The roles of a user, as a request names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleSelection {
    /// By number.
    Uids(Vec<RoleUid>),
    /// By management role, as the deprecated `role` does: the role with the lowest number that has it. For `none`, no
    /// role at all when there is none.
    Management(ManagementRole),
}

impl User {
    /// The API's name of how the user proves who it is.
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
