//! What Redis Enterprise says, in words for the user.

use certward::Error;

use super::{Explanation, transport};

/// What Redis Enterprise's refusals mean: by error code where the contract has one (`redis-enterprise.md`, 1.1), else by
/// status.
pub(super) fn explanation(failure: &Error) -> Explanation {
    if let Some(explanation) = transport(failure) {
        return explanation;
    }
    let by_code = failure.error_type().and_then(by_code);
    let (summary, advice, attribute) = by_code.unwrap_or_else(|| by_status(failure));
    Explanation {
        summary,
        advice,
        attribute,
    }
}

type Words = (&'static str, &'static str, Option<&'static str>);

fn by_code(code: &str) -> Option<Words> {
    let words = match code {
        "name_already_exists" => (
            "Name is in use",
            "Another object of the cluster has this name, and names are unique. Choose another name, or import the \
             other object.",
            Some("name"),
        ),
        "email_already_exists" => (
            "E-mail address is in use",
            "Another user of the cluster has this e-mail address. Choose another one, or import that user.",
            Some("email"),
        ),
        "subject_already_exists" => (
            "Subject is in use",
            "Another user of the cluster is known by this subject; a certificate can be one user only. Choose another \
             subject, or import that user.",
            Some("certificate_subject_line"),
        ),
        "change_last_admin_role_not_allowed" => (
            "Last administrator",
            "This is the last user with the management role admin, and nobody could manage the cluster without one. \
             Make another administrator first.",
            None,
        ),
        "password_expired" => (
            "Password has expired",
            "The password of redis_enterprise.username has expired. Set a new one on the cluster and in provider \
             \"certward\", or log in with a certificate, which needs no password.",
            None,
        ),
        "redis_acl_read_only" => (
            "Predefined ACL",
            "This ACL came with the cluster and can be neither changed nor deleted. Make one of your own, with another \
             name.",
            None,
        ),
        "missing_trusted_ca" => (
            "No trusted authority",
            "The cluster trusts no authority that could vouch for clients. Trust one first (certward_trusted_ca), and let \
             this resource depend on it (depends_on).",
            Some("certificate_authentication_enabled"),
        ),
        "would_lock_out_caller" => (
            "Would lock you out",
            "The provider logs in with a password and could not do so afterwards. Log in with a certificate first: \
             client_certificate_file and client_private_key_file of provider \"certward\", without \
             redis_enterprise.username.",
            Some("basic_authentication_enabled"),
        ),
        "certificate_expired" => (
            "Certificate has expired",
            "The cluster takes the certificates of its trusted authorities as one text, and refuses all of it because of \
             one that has ended: the one that the message names, which may be another than that of this resource. End \
             the trust in it first; where several have ended, certward_trusted_ca_bundle without them does so at once. A \
             database's mtls.client_certificates_pem is one list in the same way: leave out those that have ended.",
            None,
        ),
        "port_unavailable" => (
            "Port is in use",
            "Another database or program has this port. Choose another one, or leave port away to have the cluster choose.",
            Some("port"),
        ),
        "invalid_certificate" => (
            "Unsuitable client certificates",
            "The cluster cannot use a certificate of mtls.client_certificates_pem, or has none although \
             client_authentication_enforced is true. Pass the certificates of the clients' authorities, with \
             basicConstraints=critical,CA:TRUE, or clients' own.",
            Some("mtls"),
        ),
        "duplicated_certs" => (
            "Certificate listed twice",
            "A certificate is twice in the database's list. Apply again; if it stays, report it with the log of \
             TF_LOG_PROVIDER=DEBUG.",
            Some("mtls"),
        ),
        "redis_acl_unsupported" => (
            "ACL does not fit the database",
            "The database's version of Redis does not know a rule of an ACL in roles_permissions. Correct the ACL \
             (certward_redis_acl).",
            Some("roles_permissions"),
        ),
        "insufficient_resources" => (
            "The cluster cannot run the database",
            "On Redis Enterprise, too little memory or shards are left: lower memory_size, or make room. On a Certward \
             server, there is no Redis to run: the message says what to install or to set.",
            None,
        ),
        "invalid_data_persistence" => (
            "Persistence is not possible",
            "The cluster cannot keep the data as asked. Correct data_persistence and its policy.",
            Some("data_persistence"),
        ),
        "eviction_policy_violation" => (
            "Eviction is not possible",
            "The cluster does not take this eviction_policy for this database.",
            Some("eviction_policy"),
        ),
        "name_violation" => (
            "Unsuitable name",
            "The cluster does not take this name for a database.",
            Some("name"),
        ),
        "certificate_in_use" => (
            "Last trusted authority",
            "The cluster keeps its last authority while authentication by certificate is on. Switch that off first \
             (certificate_authentication_enabled of certward_cluster_mtls_settings), or trust another authority.",
            None,
        ),
        "unsupported_resource" => (
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
        _ if failure.is_decode() => (
            "This is not Redis Enterprise",
            "The answer is not what Redis Enterprise 8.2 sends. Check that the endpoints in redis_enterprise of provider \
             \"certward\" are those of the cluster's API (port 9443) and not of another service or a proxy.",
            None,
        ),
        _ => (
            "Refused by the cluster",
            "Correct what the message names. If it makes no sense, report it with the log of TF_LOG_PROVIDER=DEBUG.",
            None,
        ),
    }
}

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
        ] {
            assert_eq!(by_code(code).unwrap().2, attribute, "{code}");
        }
        assert_eq!(by_code("something_else"), None);
    }
}
