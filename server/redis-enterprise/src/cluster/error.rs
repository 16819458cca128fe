//! The errors of use cases.

use time::OffsetDateTime;

use certward_certificates::certificate::KeyFault;
use certward_redis_model::named_certificate::CertificateName;
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::uid::{DatabaseUid, RedisAclUid, RoleUid, UserUid};
use certward_store::StoreError;
use certward_system::clock::rfc3339;

/// A use case failed, and nothing has changed. The variants are grouped by the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    // Ask for something that is there.
    /// No user has this number.
    #[error("there is no user {uid}")]
    NoSuchUser {
        /// The requested value.
        uid: UserUid,
    },
    /// No user has this name or e-mail address.
    #[error("there is no user {name:?}")]
    NoSuchUserName {
        /// The requested value.
        name: String,
    },
    /// No role has this number.
    #[error("there is no role {uid}")]
    NoSuchRole {
        /// The requested value.
        uid: RoleUid,
    },
    /// No ACL has this number.
    #[error("there is no Redis ACL {uid}")]
    NoSuchRedisAcl {
        /// The requested value.
        uid: RedisAclUid,
    },
    /// No certificate is stored under this name.
    #[error("the cluster has no certificate {name}")]
    NoSuchCertificate {
        /// The requested value.
        name: CertificateName,
    },

    /// No database has this number.
    #[error("there is no database {uid}")]
    NoSuchDatabase {
        /// The requested value.
        uid: DatabaseUid,
    },
    /// The database has no server certificate of its own.
    #[error("database {uid} has no certificate of its own; it shows the cluster's certificate proxy")]
    NoDatabaseCertificate {
        /// The database.
        uid: DatabaseUid,
    },

    // Conflicts: ask for something else.
    /// The number is in use.
    #[error("uid {uid} is in use")]
    UidTaken {
        /// The requested value.
        uid: u32,
    },
    /// Another database, another program or the settings have the port.
    #[error("port {port} is in use by {holder}; name another, or none to be given one")]
    PortTaken {
        /// The requested value.
        port: u16,
        /// For example `database 3`.
        holder: String,
    },
    /// A system port: on many systems, a service that listens there is trusted.
    #[error("port {port} belongs to the system; expected a port from {first} to 65535, or none to be given one")]
    PortOfTheSystem {
        /// The requested value.
        port: u16,
        /// The lowest port for databases.
        first: u16,
    },
    /// All ports for databases are in use.
    #[error("none of the ports {ports} is free; Certward.Redis.Ports names them")]
    NoPortLeft {
        /// For example `10000-19999`.
        ports: String,
    },
    /// Another user, role, ACL or database has the name.
    #[error("the name {name:?} is in use by {holder}")]
    NameTaken {
        /// The requested value.
        name: String,
        /// For example `user 3`.
        holder: String,
    },
    /// Another user has the e-mail address.
    #[error("the e-mail address {email:?} is in use by user {holder}")]
    EmailTaken {
        /// The requested value.
        email: String,
        /// The user who has it.
        holder: UserUid,
    },
    /// A client certificate of a database has a key that no handshake accepts.
    #[error("the key of the client certificate \"{subject}\" {fault}")]
    ClientCertificateUnusable {
        /// The subject of the certificate.
        subject: String,
        /// The fault of the key, and a valid alternative.
        fault: KeyFault,
    },
    /// Another user has the subject: a certificate would match two users.
    #[error("the subject {subject:?} is that of user {holder}")]
    SubjectTaken {
        /// The requested value.
        subject: String,
        /// The user who has it.
        holder: UserUid,
    },

    /// A name that Redis or the server reserves in engines.
    #[error(
        "the name {name:?} is kept for Redis' default user or the server itself, in any case; name the user otherwise"
    )]
    NameReserved {
        /// The requested value.
        name: String,
    },

    // Ask for something else: it does not go together.
    /// The requested role does not exist.
    #[error("there is no role {uid} to give to a user")]
    UnknownRole {
        /// The requested value.
        uid: RoleUid,
    },
    /// No role has the requested management role.
    #[error("no role has the management role {management}; create one and name its uid in role_uids")]
    NoRoleWithManagement {
        /// The requested value.
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
    /// The `certificate` method needs a subject line.
    #[error("a user with auth_method certificate needs a certificate_subject_line")]
    SubjectLineMissing,
    /// Only the `certificate` method has a subject line.
    #[error("only users with auth_method certificate have a certificate_subject_line; this one has {auth_method}")]
    SubjectLineNotAllowed {
        /// The authentication method that the user has or would get.
        auth_method: &'static str,
    },
    /// The password violates a rule of the settings.
    #[error("the password {rule}")]
    PasswordTooWeak {
        /// For example `has fewer than 8 characters`.
        rule: String,
    },
    /// The password is the user's current one.
    #[error("the new password is the same as the current one")]
    PasswordSameAsCurrent,
    /// The password to delete is not the user's.
    #[error("the user has no such password")]
    NoSuchPassword,
    /// A user keeps at least one password.
    #[error("the last password of a user cannot be deleted; set another one first")]
    LastPassword,
    /// The user would have too many passwords.
    #[error("a user has at most {limit} passwords; delete one first")]
    TooManyPasswords {
        /// The maximum number.
        limit: usize,
    },
    /// A setting is out of its range, or conflicts with another.
    #[error("{setting} {problem}")]
    InvalidSetting {
        /// The API's name.
        setting: &'static str,
        /// The problem, and a valid alternative.
        problem: String,
    },

    /// The policies of a database's persistence conflict.
    #[error("{problem}")]
    InvalidPersistence {
        /// The problem, and a valid alternative.
        problem: String,
    },
    /// Clients must present certificates, and none is trusted.
    #[error(
        "enforce_client_authentication needs at least one certificate in authentication_ssl_client_certs while tls_mode is enabled"
    )]
    ClientCertificateMissing,
    /// A client certificate has expired.
    #[error(
        "the client certificate \"{subject}\" has expired on {}; give its successor, or set mtls_allow_outdated_certs",
        rfc3339(not_after)
    )]
    ClientCertificateExpired {
        /// The subject of the certificate.
        subject: String,
        /// The last second of its validity.
        not_after: OffsetDateTime,
    },
    /// A client certificate is given twice.
    #[error("the client certificate \"{subject}\" is given more than once")]
    DuplicateClientCertificate {
        /// The subject of the certificate.
        subject: String,
    },
    /// The database would have too many client certificates.
    #[error("authentication_ssl_client_certs has {count} certificates; at most {limit} are kept")]
    TooManyClientCertificates {
        /// The requested number.
        count: usize,
        /// The maximum number.
        limit: usize,
    },
    /// A role or ACL does not exist, or a role has two ACLs.
    #[error("the roles_permissions {problem}")]
    InvalidRolePermission {
        /// The fault.
        problem: String,
    },
    /// The engine refuses the rules of an ACL.
    #[error("Redis ACL {uid} {problem}")]
    RedisAclUnsupported {
        /// The ACL.
        uid: RedisAclUid,
        /// For example `needs Redis 7.0, and the engine of the database is 6.2.6`.
        problem: String,
    },
    /// The password to delete is not the default user's.
    #[error("the default user has no such password")]
    NoSuchDatabasePassword,
    /// The default user would have too many passwords.
    #[error("the default user has at most {limit} passwords; delete one first")]
    TooManyDatabasePasswords {
        /// The maximum number.
        limit: usize,
    },

    // Ask for something else: the cluster would be the worse for it.
    /// No administrator of the cluster would be left.
    #[error("user {uid} is the last administrator and cannot be demoted")]
    LastAdminDemoted {
        /// The user.
        uid: UserUid,
    },
    /// No administrator of the cluster would be left.
    #[error("user {uid} is the last administrator and cannot be deleted")]
    LastAdminDeleted {
        /// The user.
        uid: UserUid,
    },
    /// The last administrators are administrators through this role.
    #[error("role {uid} makes the last administrators; it keeps its management role")]
    LastAdminRole {
        /// The role.
        uid: RoleUid,
    },
    /// Users have the role, or databases use it.
    #[error("role {uid} is in use by {holder}, and cannot be deleted")]
    RoleInUse {
        /// The role.
        uid: RoleUid,
        /// One of them, such as `user 3`.
        holder: String,
    },
    /// Databases use the ACL.
    #[error("Redis ACL {uid} is in use by database {database}, and cannot be deleted")]
    RedisAclInUse {
        /// The ACL.
        uid: RedisAclUid,
        /// One of them.
        database: DatabaseUid,
    },
    /// The ACL is built in.
    #[error("Redis ACL {uid} is read-only")]
    ReadOnlyRedisAcl {
        /// The ACL.
        uid: RedisAclUid,
    },
    /// Certificate authentication needs a CA.
    #[error("mtls_certificate_authentication needs a trusted CA; upload mtls_trusted_ca first")]
    MissingTrustedCa,
    /// A certificate that certificate authentication depends on cannot be deleted while it is on.
    #[error("certificate {name} is in use; switch mtls_certificate_authentication off first")]
    CertificateInUse {
        /// The certificate.
        name: CertificateName,
    },
    /// The cluster needs the certificate.
    #[error("certificate {name} is required and cannot be deleted; replace it instead")]
    CertificateRequired {
        /// The certificate.
        name: CertificateName,
    },
    /// Only the cluster's internal certificates are rotated.
    #[error("certificate {name} is not rotated by the cluster; upload a new one instead")]
    NotRotatable {
        /// The certificate.
        name: CertificateName,
    },
    /// The certificate cannot be used under this name.
    #[error("certificate {name} {reason}")]
    InvalidCertificate {
        /// The certificate.
        name: CertificateName,
        /// The problem, and a valid alternative.
        reason: String,
    },
    /// The certificate has expired.
    #[error("certificate {name} {reason}")]
    CertificateExpired {
        /// The certificate.
        name: CertificateName,
        /// The PEM block, and its last second of validity.
        reason: String,
    },
    /// The change would lock out the caller.
    #[error("{setting} would lock out the caller, who {reason}")]
    WouldLockOutCaller {
        /// The API's name.
        setting: &'static str,
        /// For example `authenticated by password`.
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
    /// All numbers have been used.
    #[error("there is no uid left")]
    NoUidLeft,

    // Ask somebody else.
    /// A caller cannot grant, take or change rights that exceed its own.
    #[error("{attempt} needs the management role admin: the caller's permissions do not cover it")]
    AboveOwnRights {
        /// For example `giving a user the role Admin`.
        attempt: String,
    },
    /// Only administrators change the passwords of others.
    #[error("only an administrator changes the passwords of other users")]
    PasswordOfAnother,
    /// Without the permission, users may change only some of their own members.
    #[error("{member} cannot be changed by the user itself; update_user is needed")]
    NotOwnBusiness {
        /// The API's name.
        member: &'static str,
    },
    /// The caller lost its rights during the request.
    #[error("the caller lost its rights while the request was under way")]
    CallerLostRights,
    /// Tokens are for users with a password.
    #[error("only a user who authenticated by password or token is given a token")]
    NoTokenForCaller,

    /// The caller's roles are limited to other databases.
    #[error("the caller's roles are limited to other databases than {uid}")]
    OutsideScope {
        /// The requested value.
        uid: DatabaseUid,
    },
    /// The caller's roles are limited to existing databases.
    #[error("the caller's roles are limited to some databases, and make no others")]
    MakingOutsideScope,

    // Come again.
    /// The queue for password hashing is full.
    #[error("the server is busy with checking passwords; try again")]
    Busy,

    /// The engine of a database does not answer.
    #[error("database {uid} cannot be reached: {reason}; try again")]
    DatabaseUnavailable {
        /// The database.
        uid: DatabaseUid,
        /// The last error of its engine.
        reason: String,
    },

    // Look at the server.
    /// No engine program is installed.
    #[error("{reason}")]
    NoEngine {
        /// The missing program, and the way to install it.
        reason: String,
    },
    /// The store failed.
    #[error("the change could not be recorded")]
    Store(#[from] StoreError),
    /// A key or a certificate of the cluster could not be generated.
    #[error("the certificate could not be made")]
    Issue(#[source] Box<dyn std::error::Error + Send + Sync>),
}
