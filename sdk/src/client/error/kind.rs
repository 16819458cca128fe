//! The kind of an error, and questions about it.

use super::{Cause, Error};

/// The cause of an operation's failure, in one word: one for each error, whichever server sent it.
///
/// ```
/// use certward::ErrorKind;
///
/// # fn handle(error: certward::Error) {
/// match error.kind() {
///     ErrorKind::Unauthorized => println!("log in with another certificate or password"),
///     ErrorKind::NotFound => println!("it is gone"),
///     ErrorKind::Busy | ErrorKind::Unavailable | ErrorKind::Timeout => println!("try again later"),
///     _ => println!("{}", error.report()),
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Settings or files given to the SDK cannot be used.
    Configuration,
    /// The input cannot be right: refused by the SDK before sending, or by the server.
    InvalidInput,
    /// No connection could be made; nothing was sent.
    Unreachable,
    /// TLS failed: the server could not be verified, or the two have no common parameters.
    Tls,
    /// The server refuses the TLS connection because of the client certificate, or because there is none.
    ClientCertificateRefused,
    /// No answer in time, from the SDK's own clock or by the server's word (408, 504).
    Timeout,
    /// The connection broke after the request was sent: it may have been done.
    Disconnected,
    /// The server does not accept the client's certificate or password at all.
    Unauthorized,
    /// The certificate needs a one-time code first.
    TwoFactorRequired,
    /// The client lacks the right.
    Forbidden,
    /// The server's licence does not include this.
    LicenseLimit,
    /// There is no such object.
    NotFound,
    /// The request contradicts the server's state, a name in use for instance.
    Conflict,
    /// Another action holds the object; it passes.
    Busy,
    /// The server understood and declined: RavenDB's `InvalidOperationException`.
    Refused,
    /// The server, or a proxy in front of it, cannot work on the request now (429, 502, 503).
    Unavailable,
    /// The server answered with another status that means failure.
    Status,
    /// The answer does not have the form that the API documents.
    Decode,
    /// The answer is larger than the client reads, or a listing does not end.
    TooLarge,
    /// The server took the request, and the action it began for it failed or was cancelled.
    ActionFailed,
    /// The server does not know the question: only Certward's does.
    Unsupported,
}

impl ErrorKind {
    /// The meaning of a status, unless the API means something else by it.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            400 | 406 | 422 => Self::InvalidInput,
            401 => Self::Unauthorized,
            402 => Self::LicenseLimit,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            409 => Self::Conflict,
            428 => Self::TwoFactorRequired,
            429 | 502 | 503 => Self::Unavailable,
            _ => Self::Status,
        }
    }
}

impl Error {
    /// The cause of the operation's failure. Of several endpoints, the most useful one to know.
    pub fn kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Configuration => ErrorKind::Configuration,
            Cause::InvalidInput => ErrorKind::InvalidInput,
            Cause::Connect(_) | Cause::Unreachable(_) => ErrorKind::Unreachable,
            Cause::Tls(failure) if failure.client_certificate => ErrorKind::ClientCertificateRefused,
            Cause::Tls(_) => ErrorKind::Tls,
            Cause::Timeout => ErrorKind::Timeout,
            Cause::Broken(_) => ErrorKind::Disconnected,
            Cause::Answer(answer) => answer.kind,
            Cause::Decode(_) => ErrorKind::Decode,
            Cause::TooLarge(_) => ErrorKind::TooLarge,
            Cause::Action(_) => ErrorKind::ActionFailed,
            Cause::Unsupported => ErrorKind::Unsupported,
        }
    }

    /// There is no such object.
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// The server refused the caller (403): it does not know the certificate, or the certificate lacks the right.
    pub fn is_forbidden(&self) -> bool {
        self.status() == Some(403)
    }

    /// The server does not take the caller's certificate or password at all: 401, or RavenDB's 403 for a certificate
    /// that is missing, unknown, expired or not yet valid.
    pub fn is_unauthorized(&self) -> bool {
        self.kind() == ErrorKind::Unauthorized
    }

    /// The request contradicts the server's state (409), a name in use for instance.
    pub fn is_conflict(&self) -> bool {
        matches!(self.kind(), ErrorKind::Conflict | ErrorKind::Busy)
    }

    /// The input cannot be right, and sending it again will not help: refused by the SDK before sending, or by the server
    /// with 400, 406 or 422, or with RavenDB's 500 for validation.
    pub fn is_invalid_input(&self) -> bool {
        self.kind() == ErrorKind::InvalidInput
    }

    /// The server understood and declined: RavenDB's `InvalidOperationException`, for example the deletion of one's own
    /// certificate, or a clearance above the caller's.
    pub fn is_refused(&self) -> bool {
        self.error_type()
            .is_some_and(|error_type| error_type.ends_with(".InvalidOperationException"))
    }

    /// The server's licence does not include this (402).
    pub fn is_license_limit(&self) -> bool {
        self.kind() == ErrorKind::LicenseLimit
    }

    /// The certificate needs a one-time code first (428).
    pub fn is_two_factor_required(&self) -> bool {
        self.kind() == ErrorKind::TwoFactorRequired
    }

    /// No answer in time, from the SDK's own clock or by the server's word (408, 504).
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// No connection could be made; nothing was sent.
    pub fn is_connect(&self) -> bool {
        self.kind() == ErrorKind::Unreachable
    }

    /// TLS failed: the server could not be verified, or it did not take the client certificate.
    pub fn is_tls(&self) -> bool {
        matches!(self.kind(), ErrorKind::Tls | ErrorKind::ClientCertificateRefused)
    }

    /// The server refuses the TLS connection because of the client certificate, or because there is none. In TLS 1.3 it
    /// says so after the client has begun to send.
    pub fn is_client_certificate_refused(&self) -> bool {
        self.kind() == ErrorKind::ClientCertificateRefused
    }

    /// Nothing of the request was sent to any endpoint, so nothing can have been done.
    pub fn is_unsent(&self) -> bool {
        if let Some(endpoints) = &self.0.endpoints {
            return endpoints.unsent;
        }
        match &self.0.cause {
            Cause::Configuration | Cause::InvalidInput | Cause::Connect(_) | Cause::Unreachable(_) => true,
            Cause::Tls(failure) => !failure.after_handshake,
            _ => false,
        }
    }

    /// No server that could do the work answered: none at all, or a proxy in front of it.
    pub(crate) fn is_away(&self) -> bool {
        self.is_unsent() || matches!(self.status(), Some(502..=504))
    }

    /// The server took the request, and the action it began for it failed or was cancelled.
    pub fn is_failed_action(&self) -> bool {
        self.kind() == ErrorKind::ActionFailed
    }

    /// Settings or files given to the SDK cannot be used.
    pub fn is_configuration(&self) -> bool {
        self.kind() == ErrorKind::Configuration
    }

    /// The answer does not have the form that the API documents: another product, a proxy's page, or a newer version.
    pub fn is_decode(&self) -> bool {
        self.kind() == ErrorKind::Decode
    }

    /// The answer is larger than the client reads (see `max_response_bytes` of the builders), or a listing does not end.
    pub fn is_too_large(&self) -> bool {
        self.kind() == ErrorKind::TooLarge
    }

    /// The same request may succeed later: no connection (unless the host does not exist), no response in time, a
    /// broken connection, 408, 429, 502, 503, 504, or Redis Enterprise's 409 `busy`. Of several endpoints, one. The
    /// caller has to know if repeating it is *safe*; the SDK has already made the retries that are.
    pub fn is_retryable(&self) -> bool {
        if let Some(endpoints) = &self.0.endpoints {
            return endpoints.retryable;
        }
        match &self.0.cause {
            Cause::Connect(_) | Cause::Timeout | Cause::Broken(_) => true,
            Cause::Answer(answer) => matches!(
                answer.kind,
                ErrorKind::Timeout | ErrorKind::Busy | ErrorKind::Unavailable
            ),
            Cause::Action(_)
            | Cause::Unsupported
            | Cause::Configuration
            | Cause::InvalidInput
            | Cause::Unreachable(_)
            | Cause::Tls(_)
            | Cause::Decode(_)
            | Cause::TooLarge(_) => false,
        }
    }
}
