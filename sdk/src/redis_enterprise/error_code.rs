//! The error codes of Redis Enterprise.

use crate::Error;
use crate::client::error::{Answer, ErrorKind};
use crate::client::words::words;

words! {
    /// An error code of Redis Enterprise (`error_code`), or one that Certward's server adds: [`Error::redis_enterprise_code`].
    ErrorCode {
        /// There is no such action.
        ActionNotExist = "action_not_exist",
        /// The path for debug information cannot be used.
        BadDebuginfoPath = "bad_debuginfo_path",
        /// The settings of the control plane's web server cannot be used.
        BadNginxConf = "bad_nginx_conf",
        /// The placement of shards cannot be used.
        BadShardsBlueprint = "bad_shards_blueprint",
        /// The database does not answer its clients.
        BdbUnavailable = "bdb_unavailable",
        /// Another action holds the object; it passes.
        Busy = "busy",
        /// A user keeps at least one password.
        CannotDeleteLastPassword = "cannot_delete_last_password",
        /// A certificate has expired.
        CertificateExpired = "certificate_expired",
        /// The cluster needs the certificate.
        CertificateInUse = "certificate_in_use",
        /// There is no such certificate.
        CertificateNotExist = "certificate_not_exist",
        /// The server demands a client certificate (Certward).
        CertificateRequired = "certificate_required",
        /// The last administrator must remain one.
        ChangeLastAdminRoleNotAllowed = "change_last_admin_role_not_allowed",
        /// The server does not accept the client certificate (Certward).
        ClientCertificateRefused = "client_certificate_refused",
        /// Another change of the settings is under way.
        ConfigEditConflict = "config_edit_conflict",
        /// An Active-Active database cannot be sharded so.
        CrdtShardingViolation = "crdt_sharding_violation",
        /// There is no such database.
        DbNotFound = "db_not_found",
        /// The last administrator cannot be deleted.
        DeleteLastAdminNotAllowed = "delete_last_admin_not_allowed",
        /// A certificate is listed twice.
        DuplicatedCerts = "duplicated_certs",
        /// Another user has the e-mail address.
        EmailAlreadyExists = "email_already_exists",
        /// The body has no members.
        EmptyRequest = "empty_request",
        /// The eviction policy does not suit the database.
        EvictionPolicyViolation = "eviction_policy_violation",
        /// Members contradict each other.
        IllegalFieldsCombination = "illegal_fields_combination",
        /// Memory or shards are lacking.
        InsufficientResources = "insufficient_resources",
        /// The tags of the database cannot be used.
        InvalidBdbTags = "invalid_bdb_tags",
        /// A certificate is missing, malformed or unfit.
        InvalidCertificate = "invalid_certificate",
        /// There is no certificate of this name.
        InvalidCertificateName = "invalid_certificate_name",
        /// The subject line is no distinguished name (RFC 2253).
        InvalidCertificateSubjectLine = "invalid_certificate_subject_line",
        /// The persistence does not suit the database.
        InvalidDataPersistence = "invalid_data_persistence",
        /// The licence is missing, broken or expired.
        InvalidLicense = "invalid_license",
        /// The OSS Cluster API cannot be set up so.
        InvalidOssClusterConfiguration = "invalid_oss_cluster_configuration",
        /// A value cannot be used.
        InvalidParam = "invalid_param",
        /// The proxy policy does not suit the database.
        InvalidProxyPolicy = "invalid_proxy_policy",
        /// The replication cannot be set up so.
        InvalidReplication = "invalid_replication",
        /// The ACLs of roles cannot be used.
        InvalidRolesPermissions = "invalid_roles_permissions",
        /// The user name or password of SASL cannot be used.
        InvalidSaslCredentials = "invalid_sasl_credentials",
        /// The body breaks the schema.
        InvalidSchema = "invalid_schema",
        /// The sharding cannot be set up so.
        InvalidSharding = "invalid_sharding",
        /// The version of Redis cannot be used.
        InvalidVersion = "invalid_version",
        /// A Memcached database has no modules.
        MemcachedCannotUseModules = "memcached_cannot_use_modules",
        /// The path has no such method.
        MethodNotAllowed = "method_not_allowed",
        /// Backups need an interval.
        MissingBackupInterval = "missing_backup_interval",
        /// A certificate is missing.
        MissingCertificate = "missing_certificate",
        /// A database needs a name.
        MissingDbName = "missing_db_name",
        /// A member is missing.
        MissingField = "missing_field",
        /// A database needs a memory size.
        MissingMemorySize = "missing_memory_size",
        /// The cluster does not have the module.
        MissingModule = "missing_module",
        /// Certificate authentication needs a trusted CA (Certward).
        MissingTrustedCa = "missing_trusted_ca",
        /// Another object has the name.
        NameAlreadyExists = "name_already_exists",
        /// The name does not suit a database.
        NameViolation = "name_violation",
        /// The new password is the current one.
        NewPasswordSameAsCurrent = "new_password_same_as_current",
        /// The certificate names no OCSP responder.
        NoResponderUrl = "no_responder_url",
        /// There is no such node.
        NodeNotExist = "node_not_exist",
        /// There is no such path.
        NotFound = "not_found",
        /// The cluster has no racks.
        NotRackAware = "not_rack_aware",
        /// The cluster does not support this.
        NotSupported = "not_supported",
        /// An Active-Active database does not support this.
        NotSupportedActionOnCrdt = "not_supported_action_on_crdt",
        /// A part of the cluster does not support OCSP.
        OcspUnsupportedByCapability = "ocsp_unsupported_by_capability",
        /// The password must be changed first.
        PasswordExpired = "password_expired",
        /// The password is too simple.
        PasswordNotComplex = "password_not_complex",
        /// The user has no such password.
        PasswordNotExist = "password_not_exist",
        /// The port is in use.
        PortUnavailable = "port_unavailable",
        /// The racks do not allow this.
        RackAwarenessViolation = "rack_awareness_violation",
        /// Databases use the Redis ACL.
        RedisAclInUse = "redis_acl_in_use",
        /// There is no such Redis ACL.
        RedisAclNotExist = "redis_acl_not_exist",
        /// The Redis ACL comes with the product.
        RedisAclReadOnly = "redis_acl_read_only",
        /// The database's version of Redis does not know a rule of the ACL.
        RedisAclUnsupported = "redis_acl_unsupported",
        /// The nodes do not allow the replication.
        ReplicationNodeViolation = "replication_node_violation",
        /// The size does not allow the replication.
        ReplicationSizeViolation = "replication_size_violation",
        /// The replication does not suit the database.
        ReplicationViolation = "replication_violation",
        /// The cluster took too long.
        RequestTimeout = "request_timeout",
        /// Users or databases use the role.
        RoleInUse = "role_in_use",
        /// There is no such role.
        RoleNotExist = "role_not_exist",
        /// The cluster does not make this certificate.
        RotationNotSupported = "rotation_not_supported",
        /// The node cannot answer now.
        ServiceUnavailable = "service_unavailable",
        /// Another user has the subject line.
        SubjectAlreadyExists = "subject_already_exists",
        /// FIPS does not allow other ciphers.
        TlsCipherUpdateNotAllowed = "tls_cipher_update_not_allowed",
        /// The user has as many passwords as it may.
        TooManyPasswords = "too_many_passwords",
        /// Another object has the uid.
        UidExists = "uid_exists",
        /// The login is not accepted.
        Unauthorized = "unauthorized",
        /// The user lacks the right.
        UnauthorizedAction = "unauthorized_action",
        /// There is no such kind of object.
        UnknownObject = "unknown_object",
        /// The server does not have this version of the API.
        UnsupportedApiVersion = "unsupported_api_version",
        /// The module lacks a capability.
        UnsupportedModuleCapabilities = "unsupported_module_capabilities",
        /// A role cannot be limited to these objects.
        UnsupportedResource = "unsupported_resource",
        /// There is no such user.
        UserNotExist = "user_not_exist",
        /// The change would lock the caller out (Certward).
        WouldLockOutCaller = "would_lock_out_caller",
        /// The state of the cluster has changed since it was read.
        WrongClusterStateId = "wrong_cluster_state_id",
    }
}

impl Error {
    /// The error code of the answer, or of the action that failed. For errors of
    /// [`redis_enterprise::Client`](super::Client).
    ///
    /// ```
    /// use certward::redis_enterprise::ErrorCode;
    ///
    /// # fn handle(error: certward::Error) {
    /// match error.redis_enterprise_code() {
    ///     Some(ErrorCode::NameAlreadyExists) => println!("choose another name"),
    ///     Some(ErrorCode::RoleInUse) => println!("take the role from its users first"),
    ///     Some(other) => println!("refused: {other}"),
    ///     None => println!("{}", error.report()),
    /// }
    /// # }
    /// ```
    pub fn redis_enterprise_code(&self) -> Option<ErrorCode> {
        self.error_type().map(ErrorCode::from)
    }
}

/// The meaning of an answer of Redis Enterprise's, when it is not what its status says: a conflict with an action that holds the
/// object passes, and nothing was done.
pub(super) fn kind(answer: &Answer) -> Option<ErrorKind> {
    let is_busy = answer.status == 409 && answer.error_type.as_deref() == Some(ErrorCode::Busy.as_str());
    is_busy.then_some(ErrorKind::Busy)
}
