//! Explanations of RavenDB's errors for users.

use certward::ravendb::Refusal;
use certward::{Error, ForeignAnswer};

use super::{Explanation, transport};

/// Explains the refusals of RavenDB (`docs/contracts/ravendb.md#errors`).
pub(super) fn explanation(failure: &Error) -> Explanation {
    // RavenDB itself refuses a certificate with 403.
    if failure.foreign_answer().is_some() || failure.status() == Some(401) {
        return Explanation {
            summary: NOT_RAVENDB,
            advice: match failure.foreign_answer() {
                Some(ForeignAnswer::RedisEnterprise) => EXCHANGED,
                _ => WRONG_ADDRESS,
            },
            attribute: None,
        };
    }
    if let Some(explanation) = transport(failure) {
        return explanation;
    }
    let refusal = failure.ravendb_refusal();
    let is = |reason: Refusal| refusal == Some(reason);
    let (summary, advice, attribute) = if failure.is_two_factor_required() {
        (
            "Two-factor certificate",
            "The certificate the provider logs in with needs a one-time code, which nobody can type during a run. Log \
             in with a certificate without two-factor authentication.",
            None,
        )
    } else if failure.is_license_limit() {
        (
            "Read permission needs a licence",
            "The cluster's licence has no read-only certificates. Write \"ReadWrite\" instead of \"Read\", or change \
             the licence.",
            Some("database_permissions"),
        )
    } else if is(Refusal::UnknownIssuer) {
        (
            "Server does not trust this certificate",
            "RavenDB knows the key of the provider's certificate, but not its issuer: it was renewed by another \
             certification authority than before. Register the new certificate, or renew with the same authority.",
            None,
        )
    } else if is(Refusal::Expired) {
        (
            "The provider's certificate has expired",
            "RavenDB refuses the certificate the provider logs in with because its time is over. Renew it, and set the \
             new one in the provider block.",
            None,
        )
    } else if is(Refusal::NotYetValid) {
        (
            "The provider's certificate is not valid yet",
            "RavenDB refuses the certificate the provider logs in with until its time begins. Check the clocks of both \
             machines, or use another certificate.",
            None,
        )
    } else if is(Refusal::NoCertificate) {
        (
            "No client certificate",
            "The cluster saw no client certificate. Set client_certificate_file and client_private_key_file, or \
             pkcs12_file, in provider \"certward\"; if they are set, a proxy on the way may end TLS.",
            None,
        )
    } else if failure.is_unauthorized() {
        (
            "Server does not trust this certificate",
            "The cluster does not know the certificate the provider logs in with. Register it (in the Studio, or with \
             the server's command generateClientCert or trustClientCert), or set one that is registered. The data \
             source certward_whoami shows whom the cluster sees.",
            None,
        )
    } else if failure.is_forbidden() || is(Refusal::ClearanceAboveOwn) {
        (
            "Insufficient clearance",
            "The provider's certificate may not do this. It needs the clearance Operator; to register, change or \
             remove a ClusterAdmin, it needs ClusterAdmin itself.",
            is(Refusal::ClearanceAboveOwn).then_some("security_clearance"),
        )
    } else if is(Refusal::OwnCertificate) {
        (
            "This is the certificate Terraform is using",
            "The provider is logged in with this certificate. Log in with another one first.",
            None,
        )
    } else if is(Refusal::SecondaryOfCollection) {
        (
            "Part of a collection",
            "This certificate was registered together with others, as a collection. RavenDB removes a collection as a \
             whole: delete its primary certificate, which the message names.",
            None,
        )
    } else if is(Refusal::Permissions) {
        (
            "Database permissions refused",
            "Correct database_permissions as the message says.",
            Some("database_permissions"),
        )
    } else if is(Refusal::BlankName) {
        ("Name refused", "Correct name as the message says.", Some("name"))
    } else if failure.is_decode() {
        (NOT_RAVENDB, WRONG_ADDRESS, None)
    } else {
        (
            "Refused by the cluster",
            "Correct what the message names. What was sent and answered is in the log of TF_LOG_PROVIDER=DEBUG.",
            None,
        )
    };
    Explanation {
        summary,
        advice,
        attribute,
    }
}

const NOT_RAVENDB: &str = "This is not RavenDB";
const WRONG_ADDRESS: &str = "What answers at this address does not answer as RavenDB 7.2 does. ravendb.endpoints of provider \
                             \"certward\" (CERTWARD_RAVENDB_ENDPOINTS) names the nodes of a RavenDB cluster by the URL of \
                             their Studio without a path, such as \"https://a.example:443\". Check that it names neither \
                             another service nor a proxy that does not pass every path on.";
const EXCHANGED: &str = "Redis Enterprise answers at this address. Are the endpoints of ravendb and redis_enterprise in provider \
                         \"certward\" exchanged? ravendb.endpoints (CERTWARD_RAVENDB_ENDPOINTS) names the nodes of a RavenDB \
                         cluster by the URL of their Studio without a path, such as \"https://a.example:443\".";
