//! Errors on the wire: which status, code and text each one has.
//!
//! A body has `error_code` and `description`, as the vendor's machine-made reference says, and `message` with the same
//! text for clients that go by the hand-written pages (`docs/contracts/redis-enterprise.md#error-body`). Codes are the
//! vendor's where a document names one for the case; [`Code::origin`] says which are ours.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::json::{ReadError, SchemaError};
use super::{answer, wire};
use crate::cluster::ClusterError;
use certward_store::StoreError;

/// An error on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    code: Code,
    description: String,
    challenge: bool,
}

/// The origin of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A document of the vendor's names it for this case.
    Vendor,
    /// No document names a code for this case; ours.
    Certward,
}

macro_rules! codes {
    ($($name:ident: $text:literal, $status:ident, $origin:ident, $case:literal;)*) => {
        /// The error code of a problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(
                #[doc = $case]
                $name,
            )*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The `error_code` of the body.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text),*
                }
            }

            /// The status it comes with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status),*
                }
            }

            /// The origin of the code.
            #[must_use]
            pub const fn origin(self) -> Origin {
                match self {
                    $(Self::$name => Origin::$origin),*
                }
            }
        }
    };
}

codes! {
    // The request cannot be read.
    InvalidJson: "invalid_json", BAD_REQUEST, Certward, "The body is no JSON object, or one in doubt.";
    EmptyRequest: "empty_request", BAD_REQUEST, Vendor, "There is no body, and one is needed.";
    InvalidSchema: "invalid_schema", BAD_REQUEST, Vendor, "The body breaks its schema.";
    MissingField: "missing_field", BAD_REQUEST, Vendor, "A member of the body is missing.";
    InvalidContentType: "invalid_content_type", BAD_REQUEST, Certward, "`Content-Type` is not `application/json`.";
    InvalidQuery: "invalid_query", BAD_REQUEST, Certward, "A query parameter has a wrong value, or two.";
    RequestTimeout: "request_timeout", REQUEST_TIMEOUT, Certward, "The body did not arrive in time.";
    RequestTooLarge: "request_too_large", PAYLOAD_TOO_LARGE, Certward, "The body is too large.";
    UnsupportedCoding: "unsupported_content_encoding", UNSUPPORTED_MEDIA_TYPE, Certward, "The body is compressed.";
    UnsupportedApiVersion: "unsupported_api_version", HTTP_VERSION_NOT_SUPPORTED, Certward, "`x-api-version` asks for another version.";

    // The caller.
    Unauthorized: "unauthorized", UNAUTHORIZED, Certward, "Credentials are missing or wrong, or the user is locked.";
    ClientCertificateRefused: "client_certificate_refused", UNAUTHORIZED, Certward, "The certificate of the connection lets nobody in.";
    PasswordExpired: "password_expired", UNAUTHORIZED, Vendor, "The password is right and too old.";
    UnauthorizedAction: "unauthorized_action", FORBIDDEN, Vendor, "The caller's role does not allow it.";
    ForeignOrigin: "foreign_origin", FORBIDDEN, Certward, "A browser sent the request for another site's page.";
    NotSupported: "not_supported", BAD_REQUEST, Certward, "This server does not do it.";

    // What was asked for is not there.
    NotFound: "not_found", NOT_FOUND, Certward, "No route has this path.";
    MethodNotAllowed: "method_not_allowed", METHOD_NOT_ALLOWED, Certward, "The path has no such method.";
    UserNotExist: "user_not_exist", NOT_FOUND, Vendor, "There is no such user.";
    RoleNotExist: "role_not_exist", NOT_FOUND, Certward, "There is no such role.";
    RedisAclNotExist: "redis_acl_not_exist", NOT_FOUND, Certward, "There is no such ACL.";
    CertificateNotExist: "certificate_not_exist", NOT_FOUND, Certward, "There is no such certificate.";
    DatabaseNotExist: "db_not_found", NOT_FOUND, Vendor, "There is no such database.";
    NodeNotExist: "node_not_exist", NOT_FOUND, Certward, "There is no such node.";
    ActionNotExist: "action_not_exist", NOT_FOUND, Certward, "There is no such action.";
    InvalidLicense: "invalid_license", BAD_REQUEST, Vendor, "The text is no licence.";
    UnknownObject: "unknown_object", NOT_ACCEPTABLE, Certward, "There is no schema of this object.";

    // What was asked for is taken.
    UidExists: "uid_exists", CONFLICT, Vendor, "The uid is taken.";
    NameAlreadyExists: "name_already_exists", CONFLICT, Vendor, "The name is taken.";
    EmailAlreadyExists: "email_already_exists", CONFLICT, Vendor, "The e-mail address is taken.";
    PortUnavailable: "port_unavailable", NOT_ACCEPTABLE, Vendor, "The port of a database is taken.";
    SubjectAlreadyExists: "subject_already_exists", CONFLICT, Certward, "Another user has the subject.";

    // What was asked for does not go together.
    UnsupportedResource: "unsupported_resource", BAD_REQUEST, Vendor, "A role is limited to something else than databases.";
    InvalidParam: "invalid_param", BAD_REQUEST, Vendor, "The rules of an ACL break its grammar.";
    InvalidSubjectLine: "invalid_certificate_subject_line", BAD_REQUEST, Certward, "The subject line is no distinguished name.";
    IllegalFieldsCombination: "illegal_fields_combination", BAD_REQUEST, Vendor, "Two members of the body exclude each other.";
    PasswordNotComplex: "password_not_complex", BAD_REQUEST, Vendor, "The password breaks a rule of the settings.";
    SamePassword: "new_password_same_as_current", BAD_REQUEST, Vendor, "The new password is the old one.";
    TooManyPasswords: "too_many_passwords", BAD_REQUEST, Certward, "The user has as many passwords as are kept.";
    LastPassword: "cannot_delete_last_password", BAD_REQUEST, Vendor, "The password is the last one.";
    PasswordNotExist: "password_not_exist", BAD_REQUEST, Certward, "The user has no such password.";
    MissingTrustedCa: "missing_trusted_ca", BAD_REQUEST, Certward, "Certificate authentication is to be on, and there is no CA.";
    WouldLockOutCaller: "would_lock_out_caller", BAD_REQUEST, Certward, "The caller could not call again.";
    NoResponderUrl: "no_responder_url", BAD_REQUEST, Vendor, "OCSP is to be on, and there is no responder.";

    // The database cannot be so: 406, where the rest of the API has 400.
    MissingDatabaseName: "missing_db_name", NOT_ACCEPTABLE, Vendor, "A new database has no name.";
    MissingMemorySize: "missing_memory_size", NOT_ACCEPTABLE, Vendor, "A new database has no memory limit.";
    InvalidPersistence: "invalid_data_persistence", NOT_ACCEPTABLE, Vendor, "The policies of persistence do not go together.";
    InvalidReplication: "invalid_replication", NOT_ACCEPTABLE, Vendor, "A copy is asked for, and there is one node.";
    InvalidSharding: "invalid_sharding", NOT_ACCEPTABLE, Vendor, "Several shards are asked for.";
    InvalidOssCluster: "invalid_oss_cluster_configuration", NOT_ACCEPTABLE, Vendor, "The OSS Cluster API is asked for.";
    NotRackAware: "not_rack_aware", NOT_ACCEPTABLE, Vendor, "Racks are asked for.";
    InvalidProxyPolicy: "invalid_proxy_policy", NOT_ACCEPTABLE, Vendor, "Several proxies are asked for.";
    InvalidVersion: "invalid_version", NOT_ACCEPTABLE, Vendor, "Another version than the engine's is asked for.";
    InvalidSasl: "invalid_sasl_credentials", NOT_ACCEPTABLE, Vendor, "SASL is asked for, which memcached has.";
    MissingModule: "missing_module", NOT_ACCEPTABLE, Vendor, "A module is asked for.";
    InsufficientResources: "insufficient_resources", NOT_ACCEPTABLE, Vendor, "There is nothing to run a database with.";
    DatabaseNotSupported: "not_supported", NOT_ACCEPTABLE, Certward, "This server's databases do not do it.";
    InvalidClientCertificate: "invalid_certificate", NOT_ACCEPTABLE, Vendor, "A client certificate is missing or cannot be read.";
    DuplicateCertificates: "duplicated_certs", NOT_ACCEPTABLE, Vendor, "A client certificate is given twice.";
    InvalidRolesPermissions: "invalid_roles_permissions", NOT_ACCEPTABLE, Certward, "A role or an ACL of a database is not there, or a role has two.";
    RedisAclUnsupported: "redis_acl_unsupported", NOT_ACCEPTABLE, Vendor, "The engine does not take the rules of an ACL.";
    DatabasePasswordNotExist: "password_not_exist", NOT_ACCEPTABLE, Certward, "The default user has no such password.";
    TooManyDatabasePasswords: "too_many_passwords", NOT_ACCEPTABLE, Certward, "The default user has as many passwords as are kept.";

    // The cluster would be the worse for it.
    LastAdmin: "change_last_admin_role_not_allowed", NOT_ACCEPTABLE, Vendor, "The last administrator would be none.";
    DeleteLastAdmin: "delete_last_admin_not_allowed", NOT_ACCEPTABLE, Certward, "The last administrator would be gone.";
    RoleInUse: "role_in_use", NOT_ACCEPTABLE, Certward, "A user has the role, or a database names it.";
    RedisAclInUse: "redis_acl_in_use", NOT_ACCEPTABLE, Certward, "A database gives the ACL to a role.";
    RedisAclReadOnly: "redis_acl_read_only", CONFLICT, Certward, "The ACL comes with the cluster.";

    // Certificates.
    InvalidCertificateName: "invalid_certificate_name", FORBIDDEN, Certward, "No certificate has this name.";
    InvalidCertificate: "invalid_certificate", BAD_REQUEST, Vendor, "The certificate cannot be used for this.";
    CertificateExpired: "certificate_expired", NOT_ACCEPTABLE, Vendor, "The certificate is past its end.";
    CertificateInUse: "certificate_in_use", FORBIDDEN, Certward, "Certificate authentication needs the certificate.";
    CertificateRequired: "certificate_required", FORBIDDEN, Certward, "The cluster needs the certificate.";
    RotationNotSupported: "rotation_not_supported", FORBIDDEN, Certward, "The certificate is not rotated.";

    // The state of the server.
    AlreadyBootstrapped: "already_bootstrapped", CONFLICT, Certward, "The cluster has been created.";
    Busy: "busy", SERVICE_UNAVAILABLE, Vendor, "Try again.";
    DatabaseUnavailable: "bdb_unavailable", SERVICE_UNAVAILABLE, Vendor, "The database cannot be reached.";
    ServiceUnavailable: "service_unavailable", SERVICE_UNAVAILABLE, Certward, "The change could not be recorded.";
    InternalError: "internal_error", INTERNAL_SERVER_ERROR, Vendor, "The server failed.";
}

impl Problem {
    pub(super) fn new(code: Code, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
            challenge: false,
        }
    }

    /// Credentials are missing or wrong; the answer says that a name and a password are asked for.
    pub(super) fn challenge(description: impl Into<String>) -> Self {
        Self {
            challenge: true,
            ..Self::new(Code::Unauthorized, description)
        }
    }

    /// No route of this path.
    pub(super) fn no_route(path: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no {path} on this server"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = wire::Error {
            error_code: self.code.as_str(),
            message: self.description.clone(),
            description: self.description,
        };
        let mut response = answer::json_with_status(self.code.status(), &body);
        if self.challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, BASIC);
        }
        response
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        let code = match &error {
            ReadError::Empty => Code::EmptyRequest,
            ReadError::NotAnObject { .. } | ReadError::Nul { .. } => Code::InvalidSchema,
            ReadError::Truncated
            | ReadError::Syntax { .. }
            | ReadError::Repeated { .. }
            | ReadError::Trailing { .. }
            | ReadError::TooDeep => Code::InvalidJson,
        };
        Self::new(code, error.to_string())
    }
}

impl From<SchemaError> for Problem {
    fn from(error: SchemaError) -> Self {
        let code = match &error {
            SchemaError::Missing { .. } => Code::MissingField,
            SchemaError::Unknown { .. } | SchemaError::Wrong { .. } | SchemaError::ReadOnly { .. } => {
                Code::InvalidSchema
            }
        };
        Self::new(code, error.to_string())
    }
}

impl From<ClusterError> for Problem {
    fn from(error: ClusterError) -> Self {
        use ClusterError as E;
        let code = match &error {
            E::NoSuchUser { .. } | E::NoSuchUserName { .. } => Code::UserNotExist,
            E::NoSuchRole { .. } => Code::RoleNotExist,
            E::NoSuchRedisAcl { .. } => Code::RedisAclNotExist,
            E::NoSuchDatabase { .. } => Code::DatabaseNotExist,
            E::NoSuchCertificate { .. } | E::NoDatabaseCertificate { .. } => Code::CertificateNotExist,
            E::PortTaken { .. } | E::PortOfTheSystem { .. } | E::NoPortLeft { .. } => Code::PortUnavailable,
            E::InvalidPersistence { .. } => Code::InvalidPersistence,
            E::ClientCertificateMissing | E::TooManyClientCertificates { .. } | E::ClientCertificateUnusable { .. } => {
                Code::InvalidClientCertificate
            }
            E::DuplicateClientCertificate { .. } => Code::DuplicateCertificates,
            E::InvalidRolePermission { .. } => Code::InvalidRolesPermissions,
            E::RedisAclUnsupported { .. } => Code::RedisAclUnsupported,
            E::NoSuchDatabasePassword => Code::DatabasePasswordNotExist,
            E::TooManyDatabasePasswords { .. } => Code::TooManyDatabasePasswords,
            E::RedisAclInUse { .. } => Code::RedisAclInUse,
            E::NoEngine { .. } => Code::InsufficientResources,
            E::DatabaseUnavailable { .. } => Code::DatabaseUnavailable,
            E::UidTaken { .. } => Code::UidExists,
            E::NameTaken { .. } | E::NameReserved { .. } => Code::NameAlreadyExists,
            E::EmailTaken { .. } => Code::EmailAlreadyExists,
            E::SubjectTaken { .. } => Code::SubjectAlreadyExists,
            E::PasswordMissing | E::SubjectLineMissing => Code::MissingField,
            E::UnknownRole { .. }
            | E::NoRoleWithManagement { .. }
            | E::InvalidSetting { .. }
            | E::ReadOnlyField { .. }
            | E::NoUidLeft => Code::InvalidSchema,
            E::ResourcesNotAllowed { .. } => Code::UnsupportedResource,
            E::PasswordNotAllowed { .. } | E::SubjectLineNotAllowed { .. } => Code::IllegalFieldsCombination,
            E::PasswordTooWeak { .. } => Code::PasswordNotComplex,
            E::PasswordSameAsCurrent => Code::SamePassword,
            E::NoSuchPassword => Code::PasswordNotExist,
            E::LastPassword => Code::LastPassword,
            E::TooManyPasswords { .. } => Code::TooManyPasswords,
            E::LastAdminDemoted { .. } | E::LastAdminRole { .. } => Code::LastAdmin,
            E::LastAdminDeleted { .. } => Code::DeleteLastAdmin,
            E::RoleInUse { .. } => Code::RoleInUse,
            E::ReadOnlyRedisAcl { .. } => Code::RedisAclReadOnly,
            E::MissingTrustedCa => Code::MissingTrustedCa,
            E::CertificateInUse { .. } => Code::CertificateInUse,
            E::CertificateRequired { .. } => Code::CertificateRequired,
            E::NotRotatable { .. } => Code::RotationNotSupported,
            E::InvalidCertificate { .. } => Code::InvalidCertificate,
            E::CertificateExpired { .. } | E::ClientCertificateExpired { .. } => Code::CertificateExpired,
            E::WouldLockOutCaller { .. } => Code::WouldLockOutCaller,
            E::AlreadyBootstrapped => Code::AlreadyBootstrapped,
            E::AboveOwnRights { .. }
            | E::PasswordOfAnother
            | E::NotOwnBusiness { .. }
            | E::CallerLostRights
            | E::OutsideScope { .. }
            | E::MakingOutsideScope
            | E::NoTokenForCaller => Code::UnauthorizedAction,
            E::Busy => Code::Busy,
            E::Store(_) => Code::ServiceUnavailable,
            E::Issue(_) => Code::InternalError,
        };
        // The client cannot see the log, and has to know whether to try again.
        if let E::Store(known @ (StoreError::OutcomeUnknown { .. } | StoreError::Unavailable { .. })) = &error {
            return Self::new(code, known.to_string());
        }
        // A database that is down is no failure of a request; it is logged where it is looked after.
        if code.status().is_server_error() && code != Code::DatabaseUnavailable {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a request to the cluster failed"
            );
        }
        Self::new(code, error.to_string())
    }
}

const BASIC: HeaderValue = HeaderValue::from_static("Basic realm=\"Redis Enterprise\", charset=\"UTF-8\"");

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_codes_have_one_text_and_status() {
        let texts: HashSet<_> = Code::ALL.iter().map(|code| (code.as_str(), code.status())).collect();
        assert_eq!(texts.len(), Code::ALL.len());
    }

    #[test]
    fn every_code_of_ours_stands_in_the_documentation_with_its_status() {
        let page = include_str!("../../../../docs/differences.md");
        for code in Code::ALL.iter().filter(|code| code.origin() == Origin::Certward) {
            let line = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
            assert!(page.contains(&line), "docs/differences.md has no line {line}");
        }
    }
}
