//! Explanations of Redis Enterprise's errors for users.

use certward::redis_enterprise::ErrorCode;
use certward::{Error, ForeignAnswer};

use super::{Explanation, transport};

/// Explains an error of Redis Enterprise: by error code where the contract has one
/// (`docs/contracts/redis-enterprise.md#error-codes`), else by status.
pub(super) fn explanation(failure: &Error) -> Explanation {
    if let Some(sender) = failure.foreign_answer() {
        return Explanation {
            summary: NOT_REDIS_ENTERPRISE,
            advice: match sender {
                ForeignAnswer::RavenDb => EXCHANGED,
                _ => WRONG_ADDRESS,
            },
            attribute: None,
        };
    }
    if let Some(explanation) = transport(failure) {
        return explanation;
    }
    if failure.is_invalid_input()
        && failure
            .server_message()
            .is_some_and(|says| says.contains("certward_mtls_"))
    {
        return Explanation {
            summary: "Setting of the Certward server",
            advice: "The cluster does not have allow_missing_extended_key_usage. The Certward server has it, Redis Enterprise \
                     does not. Remove it, or bring the Certward server up to date.",
            attribute: Some("mtls"),
        };
    }
    let by_code = failure.redis_enterprise_code().and_then(by_code);
    let (summary, advice, attribute) = by_code.unwrap_or_else(|| by_status(failure));
    Explanation {
        summary,
        advice,
        attribute,
    }
}

type Words = (&'static str, &'static str, Option<&'static str>);

fn by_code(code: ErrorCode) -> Option<Words> {
    let words = match code {
        ErrorCode::NameAlreadyExists => (
            "Name is in use",
            "Another object of the cluster has this name, and names are unique. If a block of this configuration gives the \
             name up, its turn may come later than this one's, and longer than this one waits: apply again. Blocks that \
             exchange their names wait for each other without end: give one of them a name that nothing has, apply, and \
             give it the wanted one then. Else choose another name, or import the other object.",
            Some("name"),
        ),
        ErrorCode::EmailAlreadyExists => (
            "E-mail address is in use",
            "Another user of the cluster has this e-mail address. Choose another one, or import that user.",
            Some("email"),
        ),
        ErrorCode::SubjectAlreadyExists => (
            "Subject is in use",
            "Another user of the cluster is known by this subject; a certificate can be one user only. Choose another \
             subject, or import that user.",
            Some("certificate_subject_line"),
        ),
        ErrorCode::ChangeLastAdminRoleNotAllowed | ErrorCode::DeleteLastAdminNotAllowed => (
            "Last administrator",
            "This is the last user with the management role admin, and nobody could manage the cluster without one. \
             Make another administrator first.",
            None,
        ),
        ErrorCode::PasswordExpired => (
            "Password has expired",
            "The password of redis_enterprise.username has expired. Set a new one on the cluster and in provider \
             \"certward\", or log in with a certificate, which needs no password.",
            None,
        ),
        ErrorCode::RoleInUse => (
            "Role is in use",
            "Users or databases still have this role, and a role in use cannot be removed. Take it out of role_ids of the \
             users (certward_cert_user) and out of roles_permissions of the databases (certward_redis_database) first; \
             those that Terraform does not manage, on the cluster itself. Where the same plan replaces the role by another and \
             moves its users, Terraform removes it before it changes them: put the old block back, apply, and remove it then.",
            None,
        ),
        ErrorCode::RedisAclInUse => (
            "ACL is in use",
            "Databases still give this ACL to a role, and an ACL in use cannot be removed. Take it out of \
             roles_permissions of the databases (certward_redis_database) first; of those that Terraform does not manage, on \
             the cluster itself. Where the same plan replaces the ACL by another, put the old block back, apply, and remove \
             it then.",
            None,
        ),
        ErrorCode::RoleNotExist => (
            "No such role",
            "The cluster has no role with this id; it was removed, or the id is of another kind of object. Use the id of a \
             certward_redis_role, or of the data source certward_redis_roles.",
            None,
        ),
        ErrorCode::RedisAclNotExist => (
            "No such ACL",
            "The cluster has no ACL with this id; it was removed, or the id is of another kind of object. Use the id of a \
             certward_redis_acl.",
            Some("roles_permissions"),
        ),
        ErrorCode::UserNotExist
        | ErrorCode::DbNotFound
        | ErrorCode::NodeNotExist
        | ErrorCode::ActionNotExist
        | ErrorCode::CertificateNotExist
        | ErrorCode::NotFound
        | ErrorCode::UnknownObject => (
            "No longer there",
            "The cluster does not have what the request is about; it was removed after this plan was made. Plan again.",
            None,
        ),
        ErrorCode::InvalidParam
        | ErrorCode::MissingField
        | ErrorCode::InvalidSchema
        | ErrorCode::EmptyRequest
        | ErrorCode::IllegalFieldsCombination => (
            "Value refused",
            "The cluster does not take a value of this object. Correct the attribute that the message is about; an older \
             version of Redis Enterprise than 8.2 may not know it: then leave it out.",
            None,
        ),
        ErrorCode::InvalidCertificateSubjectLine => (
            "Subject refused",
            "The cluster does not take this subject line. It is the certificate's subject as openssl x509 -noout -subject \
             -nameopt RFC2253 prints it, with the common name first.",
            Some("certificate_subject_line"),
        ),
        ErrorCode::InvalidRolesPermissions => (
            "Roles refused",
            "The cluster does not take roles_permissions: each role once, with the id of an ACL that is there.",
            Some("roles_permissions"),
        ),
        ErrorCode::UidExists => (
            "Id is in use",
            "Another object of the cluster has this id already. Import it, or apply again to get another id.",
            None,
        ),
        ErrorCode::MissingDbName => ("Name refused", "A database needs a name. Set name.", Some("name")),
        ErrorCode::MissingMemorySize => (
            "Memory size refused",
            "A database needs a memory_size here. Set it, in bytes.",
            Some("memory_size"),
        ),
        ErrorCode::InvalidLicense
        | ErrorCode::MissingModule
        | ErrorCode::InvalidVersion
        | ErrorCode::InvalidSharding
        | ErrorCode::InvalidReplication
        | ErrorCode::InvalidProxyPolicy
        | ErrorCode::InvalidOssClusterConfiguration
        | ErrorCode::NotRackAware
        | ErrorCode::RackAwarenessViolation
        | ErrorCode::ReplicationViolation
        | ErrorCode::BadShardsBlueprint => (
            "The cluster cannot make this database",
            "The cluster's licence or its set-up does not allow the database as it is asked for: the message says what. \
             Change that on the cluster, or manage the database there.",
            None,
        ),
        ErrorCode::Busy
        | ErrorCode::ServiceUnavailable
        | ErrorCode::BdbUnavailable
        | ErrorCode::RequestTimeout
        | ErrorCode::WrongClusterStateId
        | ErrorCode::ConfigEditConflict => (
            "The cluster is busy",
            "Another change of the same object is under way. Apply again when it is over.",
            None,
        ),
        ErrorCode::CertificateRequired | ErrorCode::ClientCertificateRefused => (
            "Server does not let the provider in",
            "The cluster wants a certificate of a client that it trusts. Set client_certificate_file and \
             client_private_key_file of provider \"certward\" to one that chains to the cluster's trusted CA, whose subject \
             is a user's and among mtls_authorized_subjects, where the cluster checks these, while certificate authentication \
             is on; or log in with redis_enterprise.username and a password.",
            None,
        ),
        ErrorCode::UnauthorizedAction => (
            "Insufficient permission",
            "The user the provider logs in as may not do this to itself or to others. Log in as a user with the management \
             role admin.",
            None,
        ),
        ErrorCode::PasswordNotComplex
        | ErrorCode::NewPasswordSameAsCurrent
        | ErrorCode::TooManyPasswords
        | ErrorCode::CannotDeleteLastPassword
        | ErrorCode::PasswordNotExist => (
            "Password refused",
            "The cluster's rules for passwords do not allow this one: the message says which rule. Choose another password.",
            None,
        ),
        ErrorCode::UnsupportedApiVersion
        | ErrorCode::MethodNotAllowed
        | ErrorCode::NotSupported
        | ErrorCode::RotationNotSupported => (
            "The cluster cannot do this",
            "This version of the cluster does not have the function. The provider is made for Redis Enterprise 8.2; upgrade \
             the cluster, or leave out what the message names.",
            None,
        ),
        ErrorCode::RedisAclReadOnly => (
            "Predefined ACL",
            "This ACL came with the cluster and can be neither changed nor deleted. Make one of your own, with another \
             name.",
            None,
        ),
        ErrorCode::MissingTrustedCa => (
            "No trusted authority",
            "The cluster trusts no authority that could vouch for clients. Trust one first (certward_trusted_ca), and let \
             this resource depend on it (depends_on).",
            Some("certificate_authentication_enabled"),
        ),
        ErrorCode::WouldLockOutCaller => (
            "Would lock you out",
            "The provider logs in with a password and could not do so afterwards. Log in with a certificate first: \
             client_certificate_file and client_private_key_file of provider \"certward\", without \
             redis_enterprise.username.",
            Some("basic_authentication_enabled"),
        ),
        ErrorCode::CertificateExpired => (
            "Certificate has expired",
            "The cluster takes the certificates of its trusted authorities as one text, and refuses all of it because of \
             one that has ended: the one that the message names, which may be another than that of this resource. End \
             the trust in it first; where several have ended, certward_trusted_ca_bundle without them does so at once. A \
             database's mtls.client_certificates_pem is one list in the same way: leave out those that have ended.",
            None,
        ),
        ErrorCode::PortUnavailable => (
            "Port is in use",
            "Another database or program has this port. Choose another one, or leave port away to have the cluster choose.",
            Some("port"),
        ),
        ErrorCode::InvalidCertificate => (
            "Unsuitable client certificates",
            "The cluster cannot use a certificate of mtls.client_certificates_pem, or has none although \
             client_authentication_enforced is true. Pass the certificates of the clients' authorities, with \
             basicConstraints=critical,CA:TRUE, or clients' own.",
            Some("mtls"),
        ),
        ErrorCode::DuplicatedCerts => (
            "Certificate listed twice",
            "A certificate is twice in the database's list: two changes of it crossed. Plan and apply again.",
            Some("mtls"),
        ),
        ErrorCode::RedisAclUnsupported => (
            "ACL does not fit the database",
            "The database's version of Redis does not know a rule of an ACL in roles_permissions. Correct the ACL \
             (certward_redis_acl).",
            Some("roles_permissions"),
        ),
        ErrorCode::InsufficientResources => (
            "The cluster cannot run the database",
            "On Redis Enterprise, too little memory or shards are left: lower memory_size, or make room. On a Certward \
             server, there is no Redis to run: the message says what to install or to set.",
            None,
        ),
        ErrorCode::InvalidDataPersistence => (
            "Persistence is not possible",
            "The cluster cannot keep the data as asked. Correct data_persistence and its policy.",
            Some("data_persistence"),
        ),
        ErrorCode::EvictionPolicyViolation => (
            "Eviction is not possible",
            "The cluster does not take this eviction_policy for this database.",
            Some("eviction_policy"),
        ),
        ErrorCode::NameViolation => (
            "Unsuitable name",
            "The cluster does not take this name for a database.",
            Some("name"),
        ),
        ErrorCode::CertificateInUse => (
            "Last trusted authority",
            "The cluster keeps its last authority while authentication by certificate is on. Switch that off first \
             (certificate_authentication_enabled of certward_cluster_mtls_settings), or trust another authority.",
            None,
        ),
        ErrorCode::UnsupportedResource => (
            "Databases refused",
            "The cluster cannot limit this role to databases as asked. Limits need Redis Enterprise 8.2, and one of the \
             management roles db_viewer and db_member.",
            Some("resources"),
        ),
        _ => return None,
    };
    Some(words)
}

fn by_status(failure: &Error) -> Words {
    match failure.status() {
        Some(401) => (
            "Server does not let the provider in",
            "The cluster takes neither a certificate nor a password from the provider. With a certificate: it must chain \
             to the cluster's trusted CA (mtls_trusted_ca), pass the subject validation, and a user must have its \
             subject; and certificate authentication must be on. With redis_enterprise.username and password: check \
             both, and that control_plane_basic_authentication is on; after five failures a user is locked out for half \
             an hour.",
            None,
        ),
        Some(403) => (
            "Insufficient permission",
            "The user the provider logs in as may not do this. Users, roles and ACLs need the management role \
             user_manager or admin, databases db_member, cluster_member or admin; everything else, and whatever concerns an \
             administrator, needs admin.",
            None,
        ),
        Some(409) => (
            "Conflict with what is there",
            "The cluster is busy with a change of the same object, or has another object with a name, e-mail address or \
             subject of this one. Apply again, or correct what the message names.",
            None,
        ),
        _ if failure.is_decode() => (NOT_REDIS_ENTERPRISE, WRONG_ADDRESS, None),
        _ => (
            "Refused by the cluster",
            "Correct what the message names. What was sent and answered is in the log of TF_LOG_PROVIDER=DEBUG.",
            None,
        ),
    }
}

const NOT_REDIS_ENTERPRISE: &str = "This is not Redis Enterprise";
const WRONG_ADDRESS: &str = "What answers at this address does not answer as the API of Redis Enterprise 8.2 does. \
                             redis_enterprise.endpoints of provider \"certward\" (CERTWARD_REDIS_ENTERPRISE_ENDPOINTS) names \
                             the nodes of a Redis Enterprise cluster by the URL of their REST API without a path, such as \
                             \"https://a.example:9443\"; the web interface (8443) and the databases have other ports. Check \
                             that it names neither another service nor a proxy that does not pass every path on. An older \
                             version, which lacks what was asked for, can answer so too.";
const EXCHANGED: &str = "RavenDB answers at this address. Are the endpoints of ravendb and redis_enterprise in provider \
                         \"certward\" exchanged? redis_enterprise.endpoints (CERTWARD_REDIS_ENTERPRISE_ENDPOINTS) names the \
                         nodes of a Redis Enterprise cluster by the URL of their REST API without a path, such as \
                         \"https://a.example:9443\".";

#[cfg(test)]
mod tests {
    use super::by_code;

    #[test]
    fn codes_of_the_contract_name_the_attribute() {
        for (code, attribute) in [
            ("name_already_exists", Some("name")),
            ("email_already_exists", Some("email")),
            ("subject_already_exists", Some("certificate_subject_line")),
            ("change_last_admin_role_not_allowed", None),
            ("unsupported_resource", Some("resources")),
            ("port_unavailable", Some("port")),
            ("invalid_certificate", Some("mtls")),
            ("redis_acl_unsupported", Some("roles_permissions")),
            ("role_in_use", None),
            ("delete_last_admin_not_allowed", None),
            ("invalid_param", None),
        ] {
            assert_eq!(by_code(code.into()).unwrap().2, attribute, "{code}");
        }
        assert_eq!(by_code("something_else".into()), None);
    }

    /// Contract 1.1, and what the Certward server adds.
    #[test]
    fn every_code_says_what_to_do_and_none_asks_for_a_report() {
        for code in [
            "password_not_complex",
            "email_already_exists",
            "name_already_exists",
            "new_password_same_as_current",
            "change_last_admin_role_not_allowed",
            "delete_last_admin_not_allowed",
            "password_expired",
            "user_not_exist",
            "unauthorized_action",
            "cannot_delete_last_password",
            "unsupported_resource",
            "missing_field",
            "invalid_param",
            "config_edit_conflict",
            "uid_exists",
            "missing_db_name",
            "missing_memory_size",
            "missing_module",
            "port_unavailable",
            "invalid_sharding",
            "bad_shards_blueprint",
            "not_rack_aware",
            "invalid_version",
            "busy",
            "invalid_data_persistence",
            "invalid_proxy_policy",
            "invalid_replication",
            "insufficient_resources",
            "rack_awareness_violation",
            "invalid_certificate",
            "certificate_expired",
            "duplicated_certs",
            "replication_violation",
            "eviction_policy_violation",
            "invalid_oss_cluster_configuration",
            "wrong_cluster_state_id",
            "redis_acl_unsupported",
            "name_violation",
            "illegal_fields_combination",
            "invalid_schema",
            "empty_request",
            "role_in_use",
            "role_not_exist",
            "redis_acl_in_use",
            "redis_acl_not_exist",
            "redis_acl_read_only",
            "invalid_roles_permissions",
            "invalid_certificate_subject_line",
            "subject_already_exists",
            "would_lock_out_caller",
            "missing_trusted_ca",
            "certificate_in_use",
        ] {
            let (_, advice, _) = by_code(code.into()).unwrap_or_else(|| panic!("{code} is not explained"));
            assert!(!advice.contains("report"), "{code}: {advice}");
        }
    }
}
