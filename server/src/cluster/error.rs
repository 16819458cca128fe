//! The errors of use cases.

use time::OffsetDateTime;

use super::named_certificate::CertificateName;
use super::permission::ManagementRole;
use super::uid::{DatabaseUid, RedisAclUid, RoleUid, UserUid};
use crate::certificate::KeyFault;
use crate::clock::rfc3339;
use crate::store::StoreError;

/// The reason that a use case failed. Nothing has changed then. The variants are grouped by the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    // Ask for something that is there.
    /// No user has this number.
    #[error("there is no user {uid}")]
    NoSuchUser {
        /// As asked for.
        uid: UserUid,
    },
    /// No user has this name or e-mail address.
    #[error("there is no user {name:?}")]
    NoSuchUserName {
        /// As asked for.
        name: String,
    },
    /// No role has this number.
    #[error("there is no role {uid}")]
    NoSuchRole {
        /// As asked for.
        uid: RoleUid,
    },
    /// No ACL has this number.
    #[error("there is no Redis ACL {uid}")]
    NoSuchRedisAcl {
        /// As asked for.
        uid: RedisAclUid,
    },
    /// No certificate is kept under this name.
    #[error("the cluster has no certificate {name}")]
    NoSuchCertificate {
        /// As asked for.
        name: CertificateName,
    },

    /// No database has this number.
    #[error("there is no database {uid}")]
    NoSuchDatabase {
        /// As asked for.
        uid: DatabaseUid,
    },
    /// The database has no server certificate of its own.
    #[error("database {uid} has no certificate of its own; it shows the cluster's certificate proxy")]
    NoDatabaseCertificate {
        /// Which.
        uid: DatabaseUid,
    },

    // Ask for something else: it is taken.
    /// The number is taken.
    #[error("uid {uid} is in use")]
    UidTaken {
        /// As asked for.
        uid: u32,
    },
    /// Another database, another program or the settings have the port.
    #[error("port {port} is in use by {holder}; name another, or none to be given one")]
    PortTaken {
        /// As asked for.
        port: u16,
        /// Such as `database 3`.
        holder: String,
    },
    /// A port that belongs to the machine: on many systems, what listens there counts as trusted.
    #[error("port {port} belongs to the system; expected a port from {first} to 65535, or none to be given one")]
    PortOfTheSystem {
        /// As asked for.
        port: u16,
        /// The first that databases get.
        first: u16,
    },
    /// Every port for databases is taken.
    #[error("none of the ports {ports} is free; Certward.Redis.Ports names them")]
    NoPortLeft {
        /// Such as `10000-19999`.
        ports: String,
    },
    /// Another user, role, ACL or database has the name.
    #[error("the name {name:?} is in use by {holder}")]
    NameTaken {
        /// As asked for.
        name: String,
        /// Such as `user 3`.
        holder: String,
    },
    /// Another user has the e-mail address.
    #[error("the e-mail address {email:?} is in use by user {holder}")]
    EmailTaken {
        /// As asked for.
        email: String,
        /// The user who has it.
        holder: UserUid,
    },
    /// A client certificate of a database whose key lets nobody in.
    #[error("the key of the client certificate \"{subject}\" {fault}")]
    ClientCertificateUnusable {
        /// The subject of the certificate.
        subject: String,
        /// The fault of the key, and what would have been right.
        fault: KeyFault,
    },
    /// Another user has the subject: a certificate would be two users'.
    #[error("the subject {subject:?} is that of user {holder}")]
    SubjectTaken {
        /// As asked for.
        subject: String,
        /// The user who has it.
        holder: UserUid,
    },

    /// A name that Redis or the server has for itself in the engines of databases.
    #[error(
        "the name {name:?} is kept for Redis' default user or the server itself, in any case; name the user otherwise"
    )]
    NameReserved {
        /// As asked for.
        name: String,
    },

    // Ask for something else: it does not go together.
    /// A user is to get a role that does not exist.
    #[error("there is no role {uid} to give to a user")]
    UnknownRole {
        /// As asked for.
        uid: RoleUid,
    },
    /// A user is to get the role of a management role, and no role has it.
    #[error("no role has the management role {management}; create one and name its uid in role_uids")]
    NoRoleWithManagement {
        /// As asked for.
        management: ManagementRole,
    },
    /// The `regular` method needs a password.
    #[error("a user with auth_method regular needs a password")]
    PasswordMissing,
    /// Only the `regular` method has passwords.
    #[error("only users with auth_method regular have passwords; this one has {auth_method}")]
    PasswordNotAllowed {
        /// The authentication method that the user has or would get.
        auth_method: &'static str,
    },
    /// The `certificate` method needs a subject.
    #[error("a user with auth_method certificate needs a certificate_subject_line")]
    SubjectLineMissing,
    /// Only the `certificate` method has a subject.
    #[error("only users with auth_method certificate have a certificate_subject_line; this one has {auth_method}")]
    SubjectLineNotAllowed {
        /// The authentication method that the user has or would get.
        auth_method: &'static str,
    },
    /// The password breaks a rule of the settings.
    #[error("the password {rule}")]
    PasswordTooWeak {
        /// Such as `has fewer than 8 characters`.
        rule: String,
    },
    /// The password is the one the user has.
    #[error("the new password is the same as the current one")]
    PasswordSameAsCurrent,
    /// The password to be removed is not the user's.
    #[error("the user has no such password")]
    NoSuchPassword,
    /// A user keeps at least one password.
    #[error("the last password of a user cannot be deleted; set another one first")]
    LastPassword,
    /// More passwords than are kept.
    #[error("a user has at most {limit} passwords; delete one first")]
    TooManyPasswords {
        /// The highest number that is allowed.
        limit: usize,
    },
    /// A setting is out of its range, or does not go with another.
    #[error("{setting} {problem}")]
    InvalidSetting {
        /// The name of the API.
        setting: &'static str,
        /// The fault, and what would be right.
        problem: String,
    },

    /// The policies of a database's persistence do not go together.
    #[error("{problem}")]
    InvalidPersistence {
        /// The fault, and what would be right.
        problem: String,
    },
    /// Clients are to show certificates, and none is trusted.
    #[error(
        "enforce_client_authentication needs at least one certificate in authentication_ssl_client_certs while tls_mode is enabled"
    )]
    ClientCertificateMissing,
    /// A client certificate is past its end.
    #[error(
        "the client certificate \"{subject}\" has expired on {}; give its successor, or set mtls_allow_outdated_certs",
        rfc3339(not_after)
    )]
    ClientCertificateExpired {
        /// Whose it is.
        subject: String,
        /// Its last second.
        not_after: OffsetDateTime,
    },
    /// A client certificate is given twice.
    #[error("the client certificate \"{subject}\" is given more than once")]
    DuplicateClientCertificate {
        /// Whose it is.
        subject: String,
    },
    /// More client certificates than are kept.
    #[error("authentication_ssl_client_certs has {count} certificates; at most {limit} are kept")]
    TooManyClientCertificates {
        /// The present number.
        count: usize,
        /// The highest number that is allowed.
        limit: usize,
    },
    /// Roles and ACLs of a database that are not there, or not one to one.
    #[error("the roles_permissions {problem}")]
    InvalidRolePermission {
        /// The fault.
        problem: String,
    },
    /// The engine does not take the rules of an ACL.
    #[error("Redis ACL {uid} {problem}")]
    RedisAclUnsupported {
        /// Which.
        uid: RedisAclUid,
        /// Such as `needs Redis 7.0, and the engine of the database is 6.2.6`.
        problem: String,
    },
    /// The password to be removed is not the default user's.
    #[error("the default user has no such password")]
    NoSuchDatabasePassword,
    /// More passwords than are kept.
    #[error("the default user has at most {limit} passwords; delete one first")]
    TooManyDatabasePasswords {
        /// The highest number that is allowed.
        limit: usize,
    },

    // Ask for something else: the cluster would be the worse for it.
    /// Nobody would be left who can administer the cluster.
    #[error("user {uid} is the last administrator and cannot be demoted")]
    LastAdminDemoted {
        /// Who.
        uid: UserUid,
    },
    /// Nobody would be left who can administer the cluster.
    #[error("user {uid} is the last administrator and cannot be deleted")]
    LastAdminDeleted {
        /// Who.
        uid: UserUid,
    },
    /// The role is what makes the last administrators administrators.
    #[error("role {uid} makes the last administrators; it keeps its management role")]
    LastAdminRole {
        /// Which.
        uid: RoleUid,
    },
    /// Users have the role, or databases give it an ACL.
    #[error("role {uid} is in use by {holder}, and cannot be deleted")]
    RoleInUse {
        /// Which.
        uid: RoleUid,
        /// One of them, such as `user 3`.
        holder: String,
    },
    /// Databases give the ACL to roles.
    #[error("Redis ACL {uid} is in use by database {database}, and cannot be deleted")]
    RedisAclInUse {
        /// Which.
        uid: RedisAclUid,
        /// One of them.
        database: DatabaseUid,
    },
    /// The ACL comes with the cluster.
    #[error("Redis ACL {uid} is read-only")]
    ReadOnlyRedisAcl {
        /// Which.
        uid: RedisAclUid,
    },
    /// Certificate authentication needs a CA.
    #[error("mtls_certificate_authentication needs a trusted CA; upload mtls_trusted_ca first")]
    MissingTrustedCa,
    /// A certificate that certificate authentication depends on cannot be deleted while it is on.
    #[error("certificate {name} is in use; switch mtls_certificate_authentication off first")]
    CertificateInUse {
        /// Which.
        name: CertificateName,
    },
    /// The cluster does not work without the certificate.
    #[error("certificate {name} is required and cannot be deleted; replace it instead")]
    CertificateRequired {
        /// Which.
        name: CertificateName,
    },
    /// Only the cluster's internal certificates are rotated.
    #[error("certificate {name} is not rotated by the cluster; upload a new one instead")]
    NotRotatable {
        /// Which.
        name: CertificateName,
    },
    /// The certificate cannot be used under this name.
    #[error("certificate {name} {reason}")]
    InvalidCertificate {
        /// Which.
        name: CertificateName,
        /// The fault, and what would be right.
        reason: String,
    },
    /// The certificate is past its end.
    #[error("certificate {name} {reason}")]
    CertificateExpired {
        /// Which.
        name: CertificateName,
        /// The PEM block, and the end of its validity.
        reason: String,
    },
    /// The caller could not call again.
    #[error("{setting} would lock out the caller, who {reason}")]
    WouldLockOutCaller {
        /// The name of the API.
        setting: &'static str,
        /// Such as `authenticated by password`.
        reason: &'static str,
    },
    /// The cluster has been created.
    #[error("the cluster has already been created")]
    AlreadyBootstrapped,
    /// A field that only the server writes has another value, or no longer this one.
    #[error("the field '{field}' cannot be changed; leave it out")]
    ReadOnlyField {
        /// Its name in the API.
        field: &'static str,
    },
    /// Only two management roles can be limited to databases (`docs/contracts/redis-enterprise.md#roles`).
    #[error("the field 'resources' limits db_member and db_viewer; the role has the management role {management}")]
    ResourcesNotAllowed {
        /// The role's.
        management: ManagementRole,
    },
    /// Every number has been given.
    #[error("there is no uid left")]
    NoUidLeft,

    // Ask somebody else.
    /// Nobody gives, takes or changes rights above its own.
    #[error("{attempt} needs the management role admin: the caller's permissions do not cover it")]
    AboveOwnRights {
        /// Such as `giving a user the role Admin`.
        attempt: String,
    },
    /// The passwords of others are an administrator's business.
    #[error("only an administrator changes the passwords of other users")]
    PasswordOfAnother,
    /// Without the permission, users change only some parts of themselves.
    #[error("{member} cannot be changed by the user itself; update_user is needed")]
    NotOwnBusiness {
        /// The name of the API.
        member: &'static str,
    },
    /// The caller lost its rights while the request was under way.
    #[error("the caller lost its rights while the request was under way")]
    CallerLostRights,
    /// Tokens are for users with a password.
    #[error("only a user who authenticated by password or token is given a token")]
    NoTokenForCaller,

    /// The caller's roles are limited to other databases.
    #[error("the caller's roles are limited to other databases than {uid}")]
    OutsideScope {
        /// As asked for.
        uid: DatabaseUid,
    },
    /// The caller's roles are limited to databases that are there.
    #[error("the caller's roles are limited to some databases, and make no others")]
    MakingOutsideScope,

    // Come again.
    /// More passwords are being checked than the server takes on at once.
    #[error("the server is busy with checking passwords; try again")]
    Busy,

    /// The engine of a database does not answer.
    #[error("database {uid} cannot be reached: {reason}; try again")]
    DatabaseUnavailable {
        /// Which.
        uid: DatabaseUid,
        /// The last error of its engine.
        reason: String,
    },

    // Look at the server.
    /// There is nothing to run a database with.
    #[error("{reason}")]
    NoEngine {
        /// The missing program, and the way to install it.
        reason: String,
    },
    /// The store failed.
    #[error("the change could not be recorded")]
    Store(#[source] StoreError),
    /// A key or a certificate of the cluster could not be made.
    #[error("the certificate could not be made")]
    Issue(#[source] Box<dyn std::error::Error + Send + Sync>),
}
