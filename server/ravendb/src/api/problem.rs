//! Errors after authorization: their status, type and text on the wire.
//!
//! The types are exactly the real server's, because clients depend on them; the texts are Certward's own, and contain
//! the phrases of `docs/contracts/ravendb.md#errors`.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::answer;
use super::json::{ReadError, WrongType};
use crate::usecases::Error;
use certward_store::StoreError;

/// An error response without its URL, which [`super::router`] adds.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: StatusCode,
    kind: &'static str,
    message: String,
    cause: Option<String>,
    limit_type: Option<&'static str>,
    routed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    url: &'a str,
    #[serde(rename = "Type")]
    kind: &'a str,
    message: &'a str,
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_type: Option<&'a str>,
}

impl Problem {
    /// A value is missing or invalid.
    pub(super) fn argument(message: impl Into<String>) -> Self {
        Self::internal("System.ArgumentException", message)
    }

    /// A value is `null` where that is not allowed.
    pub(super) fn argument_null(message: impl Into<String>) -> Self {
        Self::internal("System.ArgumentNullException", message)
    }

    /// An operation is not possible in this state, or not for this caller.
    pub(super) fn invalid_operation(message: impl Into<String>) -> Self {
        Self::internal("System.InvalidOperationException", message)
    }

    /// An edit without a thumbprint: the real server fails with this exception (record `408-edit-missing-thumbprint`).
    pub(super) fn null_reference(message: impl Into<String>) -> Self {
        Self::internal("System.NullReferenceException", message)
    }

    /// There is no route with this method and path.
    pub(super) fn route_not_found(method: &http::Method, path: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            routed: false,
            ..Self::internal(
                "Raven.Client.Exceptions.Routing.RouteNotFoundException",
                format!("no route handles {method} {path}"),
            )
        }
    }

    /// `Read` access, for which the real server requires a licence (record `132-post-read-access`).
    pub(super) fn read_only_not_licensed() -> Self {
        Self {
            status: StatusCode::PAYMENT_REQUIRED,
            limit_type: Some("ReadOnlyCertificates"),
            ..Self::internal(
                "Raven.Client.Exceptions.Commercial.LicenseLimitException",
                "read-only certificates are not part of the licence in force",
            )
        }
    }

    /// The body exceeds the limit.
    pub(super) fn body_too_large(limit: usize) -> Self {
        Self {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            ..Self::internal(
                "Microsoft.AspNetCore.Server.Kestrel.Core.BadHttpRequestException",
                format!("the request body is larger than {limit} bytes"),
            )
        }
    }

    /// The body did not arrive, its coding is invalid, or its length is ambiguous.
    pub(super) fn unreadable_body(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            ..Self::internal("Raven.Client.Exceptions.BadRequestException", message)
        }
    }

    /// The same refusal on one of Certward's own routes. RavenDB answers a wrong parameter with 500, which means that
    /// the server has failed.
    pub(super) fn of_own_route(self) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "Raven.Client.Exceptions.BadRequestException",
            ..self
        }
    }

    /// The body did not arrive in time.
    pub(super) fn request_timeout(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::REQUEST_TIMEOUT,
            ..Self::internal("System.TimeoutException", message)
        }
    }

    /// The body has an unsupported content coding.
    pub(super) fn unsupported_coding() -> Self {
        Self {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ..Self::internal("System.NotSupportedException", "the only content coding taken is gzip")
        }
    }

    /// A compressed body from a client that is not admitted yet.
    pub(super) fn no_coding_here() -> Self {
        Self {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ..Self::internal("System.NotSupportedException", "a compressed body is not taken here")
        }
    }

    /// Content in an unknown format.
    pub(super) fn invalid_data(message: impl Into<String>) -> Self {
        Self::internal("System.IO.InvalidDataException", message)
    }

    /// The server is temporarily unable to work; the same request may succeed later.
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            ..Self::internal("System.TimeoutException", message)
        }
    }

    /// Adds the cause, for the `Error` member only.
    pub(super) fn because(mut self, cause: &(dyn std::error::Error + 'static)) -> Self {
        self.cause = Some(certward_pki::ErrorChain::new(cause).to_string());
        self
    }

    /// The response to a request for `url`, which is the path and query as the client wrote them.
    pub(super) fn answer(self, url: &str) -> Response {
        let error = match &self.cause {
            None => format!("{}: {}", self.kind, self.message),
            Some(cause) => format!("{}: {} ---> {cause}", self.kind, self.message),
        };
        let body = Body {
            url,
            kind: self.kind,
            message: &self.message,
            error,
            limit_type: self.limit_type,
        };
        let response = answer::unrouted_json(self.status, &body);
        let mut response = if self.routed {
            answer::with_version(response)
        } else {
            response
        };
        if self.status == StatusCode::PAYLOAD_TOO_LARGE {
            // The rest of the body is not read, so that nothing can follow on this connection.
            response
                .headers_mut()
                .insert(http::header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// The .NET name of the error's type.
    #[cfg(test)]
    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// The HTTP status.
    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    fn internal(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind,
            message: message.into(),
            cause: None,
            limit_type: None,
            routed: true,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::BlankName => super::grant::blank_name(),
            Error::NulInName | Error::NameTooLong { .. } => Self::argument(error.to_string()),
            Error::InvalidNotAfter { .. } => Self::argument("NotAfter must be in the future"),
            Error::ServerCertificate { name } => {
                Self::invalid_operation(format!("Failed to put certificate {name} in the cluster.")).because(&error)
            }
            Error::NotRegistered { thumbprint } => Self::invalid_operation(format!(
                "the certificate with thumbprint '{thumbprint}' cannot be edited: it doesn't exist in the cluster"
            )),
            Error::SecondaryCertificate {
                name,
                thumbprint,
                primary,
            } => Self::invalid_operation(format!(
                "'{name}' ({thumbprint}) is not deleted by itself: delete the primary certificate of the collection, \
                 {primary}"
            )),
            Error::OwnCertificate { name, .. } => Self::invalid_operation(format!(
                "'{name}' cannot be changed this way: it is the current client certificate being used"
            )),
            Error::ClearanceTooLow {
                attempt,
                name,
                wanted,
                caller,
            } => Self::invalid_operation(format!(
                "cannot {attempt} the certificate '{name}' with clearance '{wanted}': the certificate of this request \
                 has a lower clearance, {caller}"
            )),
            Error::UnusableKey { .. } => Self::argument("Unable to load the provided certificate.").because(&error),
            Error::ThumbprintCollision { .. }
            | Error::ClusterNodeDisabled { .. }
            | Error::LastAdministrator { .. }
            | Error::NotRenewable { .. }
            | Error::OneTimeCodeMissing { .. }
            | Error::RepeatedRequest { .. } => Self::invalid_operation(error.to_string()),
            Error::CallerLostRights => Self {
                status: StatusCode::FORBIDDEN,
                ..Self::internal(
                    "Raven.Client.Exceptions.Security.AuthorizationException",
                    error.to_string(),
                )
            },
            Error::Store(unknown @ (StoreError::OutcomeUnknown { .. } | StoreError::Unavailable { .. })) => {
                Self::unavailable(unknown.to_string()).because(&error)
            }
            Error::Store(_) => Self::unavailable("the change could not be recorded; try again").because(&error),
            Error::Issuer(_) => Self::invalid_operation("the certificate could not be generated").because(&error),
        }
    }
}

/// Passes the problem to the router's last step, which knows the URL.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = answer::empty(self.status);
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        if error.is_stricter() {
            return Self::unreadable_body(error.to_string());
        }
        let kind = match &error {
            ReadError::Truncated => "System.IO.EndOfStreamException",
            ReadError::NotAnObject { .. } => "Sparrow.Exceptions.InvalidStartOfObjectException",
            _ => "System.IO.InvalidDataException",
        };
        Self::internal(kind, error.to_string())
    }
}

impl From<WrongType> for Problem {
    fn from(error: WrongType) -> Self {
        Self::internal("System.FormatException", error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json;

    #[test]
    fn a_body_that_the_real_server_takes_and_this_one_does_not_is_a_bad_request_that_says_why() {
        let deep = format!("{}1{}", "{\"a\":".repeat(33), "}".repeat(33));
        for (body, words) in [
            ("{\"Name\":\"a\"} xyz", "behind its JSON object"),
            ("{\"Name\":\"a\",\"Name\":\"b\"}", "'Name' is given more than once"),
            ("{\"Name\":\"a\\u0000\"}", "'Name' holds a NUL"),
            (deep.as_str(), "nested deeper than 32"),
        ] {
            let problem = Problem::from(json::read(body.as_bytes()).err().unwrap());
            assert_eq!(problem.status, StatusCode::BAD_REQUEST, "{body}");
            assert!(problem.message.contains(words), "{}", problem.message);
        }
    }
}
