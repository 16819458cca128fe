//! One way from an error of the SDK to what the user reads.

use certward::Error;
use tf_provider::{AttributePath, Diagnostic, Diagnostics};

use crate::report::diagnostic;

/// Adds the explanation of a failed request.
///
/// `attempt` completes "could not …": the step and the object, such as `read the certificate 14C1…`.
pub(crate) fn explain(diags: &mut Diagnostics, attempt: &str, failure: &Error) {
    diags.add_error(explained(attempt, failure));
}

fn explained(attempt: &str, failure: &Error) -> Diagnostic {
    let Explanation {
        summary,
        advice,
        attribute,
    } = explanation(failure);
    diagnostic(
        attribute.map_or_else(AttributePath::root, AttributePath::new),
        summary,
        format!(
            "Could not {attempt}: {}.\n\n{advice}",
            failure.report().to_string().trim_end_matches('.')
        ),
    )
}

struct Explanation {
    summary: &'static str,
    advice: &'static str,
    /// The attribute of the resource that is the cause, when it can be told.
    attribute: Option<&'static str>,
}

fn explanation(failure: &Error) -> Explanation {
    let message = failure.server_message().unwrap_or_default().to_ascii_lowercase();
    let says = |text: &str| message.contains(text);
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
    } else if failure.is_forbidden() && says("public key pinning hash") {
        (
            "Server does not trust this certificate",
            "RavenDB knows the key of the provider's certificate, but not its issuer: it was renewed by another \
             certification authority than before. Register the new certificate, or renew with the same authority.",
            None,
        )
    } else if failure.is_forbidden() && says("expired") {
        (
            "The provider's certificate has expired",
            "RavenDB refuses the certificate the provider logs in with because its time is over. Renew it, and set the \
             new one in the provider block.",
            None,
        )
    } else if failure.is_forbidden() && says("cannot be used before") {
        (
            "The provider's certificate is not valid yet",
            "RavenDB refuses the certificate the provider logs in with until its time begins. Check the clocks of both \
             machines, or use another certificate.",
            None,
        )
    } else if failure.is_forbidden() && says("none was provided") {
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
    } else if failure.is_forbidden() || says("lower clearance") {
        (
            "Insufficient clearance",
            "The provider's certificate may not do this. It needs the clearance Operator; to register, change or \
             remove a ClusterAdmin, it needs ClusterAdmin itself.",
            says("lower clearance").then_some("security_clearance"),
        )
    } else if says("current client certificate being used") {
        (
            "This is the certificate Terraform is using",
            "The provider is logged in with this certificate. Log in with another one first.",
            None,
        )
    } else if says("primary certificate of the collection") {
        (
            "Part of a collection",
            "This certificate was registered together with others, as a collection. RavenDB removes a collection as a \
             whole: delete its primary certificate, which the message names.",
            None,
        )
    } else if failure.is_invalid_input() && says("permissions") {
        (
            "Database permissions refused",
            "Correct database_permissions as the message says.",
            Some("database_permissions"),
        )
    } else if failure.is_invalid_input() && says("name is a required field") {
        ("Name refused", "Correct name as the message says.", Some("name"))
    } else if failure.is_tls() {
        (
            "Cannot verify the server",
            "TLS failed before anything was sent. If the cluster's certificates come from an authority of your own, set \
             ca_certificate_file in provider \"certward\"; if they are for another name than the endpoint's host, set \
             tls_server_name.",
            None,
        )
    } else if failure.is_connect() {
        (
            "Cannot reach the cluster",
            "No connection could be made. Check the endpoints in provider \"certward\", that the server runs, and \
             whether a proxy is needed (proxy_url).",
            None,
        )
    } else if failure.is_timeout() {
        (
            "No answer in time",
            "The cluster took longer than request_timeout of provider \"certward\" allows. Apply again; what was \
             already done is found then. If it happens often, raise request_timeout.",
            None,
        )
    } else if failure.is_configuration() {
        (
            "Provider settings cannot be used",
            "Correct provider \"certward\" as the message says.",
            None,
        )
    } else if failure.is_decode() {
        (
            "This is not RavenDB",
            "The answer is not what RavenDB 7.2 sends. Check that the endpoints in provider \"certward\" are those of \
             the cluster and not of another service or a proxy.",
            None,
        )
    } else if failure.is_retryable() {
        (
            "The cluster is not ready",
            "The request was tried again max_retries times without success. Apply again when the cluster is well; what \
             was already done is found then.",
            None,
        )
    } else {
        (
            "Refused by the cluster",
            "Correct what the message names. If it makes no sense, report it with the log of TF_LOG_PROVIDER=DEBUG.",
            None,
        )
    };
    Explanation {
        summary,
        advice,
        attribute,
    }
}
