//! One way from an error of the SDK to what the user reads.

mod ravendb;
mod redis_enterprise;

use certward::Error;
use certward::redis_enterprise::ErrorCode;
use tf_provider::{AttributePath, Diagnostic, Diagnostics};

use crate::report::diagnostic;

/// Adds the explanation of a failed request to RavenDB.
///
/// `attempt` completes "could not …": the step and the object, such as `read the certificate 14C1…`.
pub(crate) fn ravendb(diags: &mut Diagnostics, attempt: &str, failure: &Error) {
    diags.add_error(explained(attempt, failure, ravendb::explanation(failure)));
}

/// Adds the explanation of a failed request to Redis Enterprise; `attempt` as for [`ravendb()`].
pub(crate) fn redis_enterprise(diags: &mut Diagnostics, attempt: &str, failure: &Error) {
    diags.add_error(explained(attempt, failure, redis_enterprise::explanation(failure)));
}

/// Adds what a trial run of Redis Enterprise (`dry_run`) found against the values of a plan.
///
/// Only a refusal of values counts, and an address that is not the cluster's. A cluster that cannot be asked now is no reason
/// to refuse a plan; neither is a conflict, because its other side may be what the same run removes first: a name, or a
/// database's port.
pub(crate) fn redis_enterprise_at_plan(diags: &mut Diagnostics, attempt: &str, failure: &Error) {
    let refuses_values = failure.status().is_some()
        && failure.is_invalid_input()
        && failure.redis_enterprise_code() != Some(ErrorCode::PortUnavailable);
    if refuses_values || failure.foreign_answer().is_some() {
        redis_enterprise(diags, attempt, failure);
    } else {
        tracing::debug!(error = %failure.report(), "the trial run gave no verdict on the plan");
    }
}

/// True if a failed request may have had its effect: its response was lost, or cannot be read.
pub(crate) fn may_have_been_done(failure: &Error) -> bool {
    let answered_badly = matches!(failure.status(), Some(500..));
    let is_lost = failure.is_retryable()
        || failure.is_decode()
        || failure.is_too_large()
        || failure.is_client_certificate_refused();
    !failure.is_unsent() && (is_lost || answered_badly)
}

fn explained(attempt: &str, failure: &Error, explanation: Explanation) -> Diagnostic {
    let Explanation {
        summary,
        advice,
        attribute,
    } = explanation;
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

/// Explains a transport error, which is independent of the product. `None` if the cluster responded.
fn transport(failure: &Error) -> Option<Explanation> {
    let (summary, advice) = if failure.is_client_certificate_refused() {
        (
            "The cluster refuses the client certificate",
            "The server, or a proxy in front of it, ended the TLS connection because of the certificate that provider \
             \"certward\" logs in with, or because it has none. Check that its authority is trusted there, that it has \
             not expired, and that client_certificate_file and client_private_key_file, or pkcs12_file, are the right ones.",
        )
    } else if failure.is_tls() {
        (
            "Cannot verify the server",
            "TLS failed before anything was sent. If the cluster's certificates come from an authority of your own, set \
             ca_certificate_file in provider \"certward\"; if they are for another name than the endpoint's host, set \
             tls_server_name.",
        )
    } else if failure.is_connect() {
        (
            "Cannot reach the cluster",
            "No connection could be made; where waiting can help, it was tried again as max_retries of provider \"certward\" \
             allows. Check the endpoints in provider \"certward\", that the server runs, and whether a proxy is needed, or the \
             one that the message names is the right one (proxy_url, HTTPS_PROXY, NO_PROXY).",
        )
    } else if failure.is_timeout() {
        (
            "No answer in time",
            "The cluster took longer than request_timeout of provider \"certward\" allows. Apply again; what was \
             already done is found then. If it happens often, raise request_timeout.",
        )
    } else if failure.is_too_large() {
        (
            "The answer is too large",
            "The provider reads 16 MiB of one answer, 64 MiB of one listing, and 200 pages of it. A cluster that is well stays \
             far below that: check that the endpoints in provider \"certward\" are those of the cluster.",
        )
    } else if failure.is_configuration() {
        (
            "Provider settings cannot be used",
            "Correct provider \"certward\" as the message says.",
        )
    } else if failure.is_retryable() {
        (
            "The cluster is not ready",
            "The cluster did not answer, or says that it cannot work on the request now. Whatever may be \
             sent twice was tried again as max_retries of provider \"certward\" allows; a creation is sent once. Apply again when the cluster is well; what was already done is found \
             then.",
        )
    } else {
        return None;
    };
    Some(Explanation {
        summary,
        advice,
        attribute: None,
    })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use wiremock::matchers::any;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::session::testing::{of_ravendb, of_redis_enterprise};

    /// The diagnostics of both APIs, as summary and detail, for a server with this response.
    async fn told(status: u16, body: &str) -> [(String, String); 2] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(status).set_body_string(body);
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let now = datetime!(2026-11-21 0:00 UTC);
        let mut diags = Diagnostics::default();
        let session = of_ravendb(&server.uri(), now);
        let problem = session.ravendb.configured().unwrap().who_am_i().await.unwrap_err();
        ravendb(&mut diags, "ask", &problem);
        let session = of_redis_enterprise(&server.uri(), None, now);
        let client = &session.redis_enterprise.configured().unwrap().client;
        redis_enterprise(&mut diags, "ask", &client.users().list().await.unwrap_err());
        let errors: Vec<_> = diags.errors.into_iter().collect();
        [&errors[0], &errors[1]].map(|error| (error.summary.to_string(), error.detail.to_string()))
    }

    #[tokio::test]
    async fn address_of_another_server_is_told_with_the_attribute_and_what_belongs_there() {
        const RAVENDB: &str = r#"{"Url":"/","Type":"InvalidAuth","Message":"unknown","Error":"unknown"}"#;
        const REDIS: &str = r#"{"error_code":"unauthorized","description":"unknown"}"#;
        const PAGE: &str = "<html><title>Welcome</title></html>";
        for (status, body, by_ravendb, by_redis) in [
            (403, RAVENDB, None, Some("exchanged")),
            (401, REDIS, Some("exchanged"), None),
            (
                404,
                PAGE,
                Some("a web page, \"Welcome\""),
                Some("a web page, \"Welcome\""),
            ),
            (
                200,
                PAGE,
                Some("a web page, \"Welcome\""),
                Some("a web page, \"Welcome\""),
            ),
            (404, "", Some("answered 404"), Some("answered 404")),
            (405, "no", Some("answered 405"), Some("answered 405")),
        ] {
            let [ravendb, redis] = told(status, body).await;
            for ((summary, detail), expected, name, value) in [
                (ravendb, by_ravendb, "This is not RavenDB", "https://a.example:443"),
                (
                    redis,
                    by_redis,
                    "This is not Redis Enterprise",
                    "https://a.example:9443",
                ),
            ] {
                assert_eq!(
                    summary == name,
                    expected.is_some(),
                    "{status} {body}: {summary}: {detail}"
                );
                if let Some(expected) = expected {
                    for part in [expected, ".endpoints", value] {
                        assert!(detail.contains(part), "{part}: {detail}");
                    }
                }
            }
        }
    }
}
