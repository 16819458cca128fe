//! The one error type of the SDK.

use std::error::Error as StdError;
use std::fmt;

use super::foreign::ForeignAnswer;
use super::proxy::Proxy;
use crate::pki::{ErrorChain, Printable};

/// An operation failed.
///
/// Match on it with the predicates, which work the same for every server:
///
/// ```
/// # fn handle(error: certward::Error) {
/// if error.is_two_factor_required() {
///     // log in with a one-time code first
/// } else if error.is_retryable() {
///     // try again later
/// }
/// eprintln!("{}", error.report()); // the whole chain of causes on one line
/// # }
/// ```
///
/// `Display` tells its own step only, with every endpoint that failed; [`Error::report`] prints the causes too. No form of it holds a request or response
/// body, a password or a key; it does hold the message a server sent, or the title of its page. Whatever a text holds, control, bidirectional and
/// invisible characters are printed escaped (see [`Printable`]).
pub struct Error(Box<Inner>);

struct Inner {
    step: String,
    cause: Cause,
    source: Option<Box<dyn StdError + Send + Sync>>,
    /// The failures of all endpoints, if several failed; `cause` is the most helpful of them.
    endpoints: Option<EndpointFailures>,
    /// The proxy on the path of a connection without a response.
    proxy: Option<String>,
}

/// The failures of several endpoints.
#[derive(Debug)]
struct EndpointFailures {
    /// Each with its reason, in the order of their use to the reader.
    text: String,
    unsent: bool,
    retryable: bool,
}

/// Kind of a failure, with its details.
#[derive(Debug)]
pub(crate) enum Cause {
    /// Settings or files given to the SDK are invalid.
    Configuration,
    /// An argument is invalid; nothing was sent.
    InvalidInput,
    /// The connection could not be opened, with the reason; nothing was sent. The failure may be temporary.
    Connect(String),
    /// No connection, and why; nothing was sent. It will not pass: no such host, a proxy that demands a login.
    Unreachable(String),
    /// TLS failed.
    Tls(TlsFailure),
    /// No answer in time.
    Timeout,
    /// The connection broke after the request was sent, and how.
    Broken(String),
    /// The server answered, and refused.
    Answer(Answer),
    /// The answer does not have the form that the API documents.
    Decode(String),
    /// The answer is larger than the client reads, or never ends.
    TooLarge(String),
    /// An asynchronous action of the server failed.
    Action(ActionFailure),
}

/// Details of a TLS failure.
#[derive(Debug)]
pub(crate) struct TlsFailure {
    pub(crate) explanation: String,
    /// The server refuses the certificate of the client, or the lack of one.
    pub(crate) client_certificate: bool,
    /// The client's side of the handshake had ended, so that the request may have been sent.
    pub(crate) after_handshake: bool,
}

/// An answer with a status that means failure.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) error_type: Option<String>,
    pub(crate) message: Option<String>,
    /// The body, if it is not an error of the API.
    pub(crate) unknown_body: Option<UnknownBody>,
}

/// A body that is no error of the API that was asked.
#[derive(Debug)]
pub(crate) struct UnknownBody {
    pub(crate) sent_by: ForeignAnswer,
    /// True if it certainly comes from a server other than the API's.
    pub(crate) is_certain: bool,
}

/// Details of a failed asynchronous action of Redis Enterprise, in the server's words.
#[derive(Debug)]
pub(crate) struct ActionFailure {
    pub(crate) status: String,
    pub(crate) error_code: Option<String>,
    pub(crate) message: Option<String>,
}

impl Answer {
    /// Redis Enterprise's 409 for an object that another action holds: nothing was done, and it passes.
    pub(crate) fn is_busy(&self) -> bool {
        self.status == 409 && self.error_type.as_deref() == Some("busy")
    }
}

impl Error {
    pub(crate) fn new(step: impl Into<String>, cause: Cause) -> Self {
        Self(Box::new(Inner {
            step: step.into(),
            cause,
            source: None,
            endpoints: None,
            proxy: None,
        }))
    }

    /// Names the endpoint in the step.
    pub(crate) fn at(mut self, endpoint: &str) -> Self {
        self.0.step.push_str(" at ");
        self.0.step.push_str(endpoint);
        self
    }

    /// Names the proxy that the connection goes through, if one does.
    pub(crate) fn through(mut self, proxy: Option<&Proxy>) -> Self {
        self.0.proxy = proxy.map(Proxy::to_string);
        self
    }

    /// One error of the failures of these endpoints; `None` without any. `operation` completes "cannot …".
    pub(crate) fn of_endpoints(operation: &str, mut failures: Vec<(String, Self)>) -> Option<Self> {
        failures.sort_by_key(|(_, error)| error.use_to_reader());
        if failures.len() < 2 {
            return failures.pop().map(|(_, error)| error);
        }
        let mut reasons: Vec<(String, String)> = Vec::new();
        for (endpoint, error) in &failures {
            let reason = error.reason();
            match reasons.iter_mut().find(|(_, known)| *known == reason) {
                Some((endpoints, _)) => *endpoints = format!("{endpoints} and {endpoint}"),
                None => reasons.push((format!("at {endpoint}"), reason)),
            }
        }
        let reasons: Vec<String> = reasons
            .into_iter()
            .map(|(endpoints, reason)| format!("{endpoints}: {reason}"))
            .collect();
        let together = EndpointFailures {
            text: reasons.join("; "),
            unsent: failures.iter().all(|(_, error)| error.is_unsent()),
            retryable: failures.iter().any(|(_, error)| error.is_retryable()),
        };
        let (_, mut error) = failures.swap_remove(0);
        error.0.step = format!("cannot {operation}");
        error.0.source = None;
        error.0.endpoints = Some(together);
        Some(error)
    }

    /// The cause, without the operation's name.
    fn reason(&self) -> String {
        let mut reason = String::new();
        self.0.cause.describe(&mut reason);
        if let Some(proxy) = &self.0.proxy {
            reason.push_str(", through ");
            reason.push_str(proxy);
        }
        reason
    }

    /// The order of failures of several endpoints: what somebody must mend stands before what may pass.
    fn use_to_reader(&self) -> u8 {
        match &self.0.cause {
            Cause::Answer(_) => 0,
            Cause::Tls(_) => 1,
            Cause::Unreachable(_) => 2,
            Cause::Timeout => 4,
            Cause::Broken(_) => 5,
            Cause::Connect(_) => 6,
            Cause::Configuration | Cause::InvalidInput | Cause::Decode(_) | Cause::TooLarge(_) | Cause::Action(_) => 3,
        }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn configuration(step: impl Into<String>) -> Self {
        Self::new(step, Cause::Configuration)
    }

    pub(crate) fn invalid_input(step: impl Into<String>) -> Self {
        Self::new(step, Cause::InvalidInput)
    }

    pub(crate) fn cause(&self) -> &Cause {
        &self.0.cause
    }

    /// The HTTP status of the answer, when there was one.
    pub fn status(&self) -> Option<u16> {
        self.answer().map(|answer| answer.status)
    }

    /// The error code of the answer: RavenDB's `Type`, such as `System.ArgumentException`, or Redis Enterprise's `error_code`.
    pub fn error_type(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Answer(answer) => answer.error_type.as_deref(),
            Cause::Action(failure) => failure.error_code.as_deref(),
            _ => None,
        }
    }

    /// The message of the answer on one line, at most 2,000 characters of it; control, bidirectional and invisible
    /// characters are escaped. For people; servers change such texts.
    pub fn server_message(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Answer(answer) => answer.message.as_deref(),
            Cause::Action(failure) => failure.message.as_deref(),
            _ => None,
        }
    }

    /// The sender of the response, if it was not the API: the endpoint is wrong, or something in front of the API
    /// responds instead. An older version of the API without that route may respond like that as well.
    ///
    /// A response with an accepted status that cannot be decoded is [`Error::is_decode`].
    pub fn foreign_answer(&self) -> Option<&ForeignAnswer> {
        let body = self.answer()?.unknown_body.as_ref()?;
        body.is_certain.then_some(&body.sent_by)
    }

    /// The thing asked for does not exist (404).
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// The server refused the caller (403): it does not know the certificate, or the certificate lacks the right.
    pub fn is_forbidden(&self) -> bool {
        self.status() == Some(403)
    }

    /// The server does not take the caller's certificate or password at all: 401, or RavenDB's 403 for a certificate
    /// that is missing, unknown, expired or not yet valid.
    pub fn is_unauthorized(&self) -> bool {
        let refused_certificate = |message: &str| {
            UNACCEPTED_CERTIFICATE_MESSAGES
                .iter()
                .any(|text| message.to_lowercase().contains(text))
        };
        let ravendb_refusal = self.is_forbidden() && self.error_type() == Some("InvalidAuth");
        self.status() == Some(401) || (ravendb_refusal && self.server_message().is_some_and(refused_certificate))
    }

    /// The request contradicts the server's state (409), a name in use for instance.
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// The input cannot be right, and sending it again will not help: refused by the SDK before sending, or by the server
    /// with 400, 406 or 422, or with RavenDB's 500 for validation.
    pub fn is_invalid_input(&self) -> bool {
        let validation = |error_type: &str| VALIDATION_TYPES.iter().any(|known| error_type.ends_with(known));
        match &self.0.cause {
            Cause::InvalidInput => true,
            Cause::Answer(answer) => {
                matches!(answer.status, 400 | 406 | 422)
                    || (answer.status == 500 && answer.error_type.as_deref().is_some_and(validation))
            }
            _ => false,
        }
    }

    /// The server understood and declined: RavenDB's `InvalidOperationException`, for example the deletion of one's own
    /// certificate, or a clearance above the caller's.
    pub fn is_refused(&self) -> bool {
        self.error_type()
            .is_some_and(|error_type| error_type.ends_with(".InvalidOperationException"))
    }

    /// The server's licence does not include this (402).
    pub fn is_license_limit(&self) -> bool {
        self.status() == Some(402)
    }

    /// The certificate needs a one-time code first (428).
    pub fn is_two_factor_required(&self) -> bool {
        self.status() == Some(428)
    }

    /// No answer in time, from the SDK's own clock or by the server's word (408, 504).
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.cause, Cause::Timeout) || matches!(self.status(), Some(408 | 504))
    }

    /// No connection could be made; nothing was sent.
    pub fn is_connect(&self) -> bool {
        matches!(self.0.cause, Cause::Connect(_) | Cause::Unreachable(_))
    }

    /// TLS failed: the server could not be verified, or it did not take the client certificate.
    pub fn is_tls(&self) -> bool {
        matches!(self.0.cause, Cause::Tls(_))
    }

    /// The server refuses the TLS connection because of the client certificate, or because there is none. In TLS 1.3 it
    /// says so after the client has begun to send.
    pub fn is_client_certificate_refused(&self) -> bool {
        matches!(&self.0.cause, Cause::Tls(failure) if failure.client_certificate)
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
        matches!(self.0.cause, Cause::Action(_))
    }

    /// Settings or files given to the SDK cannot be used.
    pub fn is_configuration(&self) -> bool {
        matches!(self.0.cause, Cause::Configuration)
    }

    /// The answer does not have the form that the API documents: another product, a proxy's page, or a newer version.
    pub fn is_decode(&self) -> bool {
        matches!(self.0.cause, Cause::Decode(_))
    }

    /// The answer is larger than the client reads (see `max_response_bytes` of the builders), or a listing does not end.
    pub fn is_too_large(&self) -> bool {
        matches!(self.0.cause, Cause::TooLarge(_))
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
            Cause::Answer(answer) => matches!(answer.status, 408 | 429 | 502 | 503 | 504) || answer.is_busy(),
            Cause::Action(_)
            | Cause::Configuration
            | Cause::InvalidInput
            | Cause::Unreachable(_)
            | Cause::Tls(_)
            | Cause::Decode(_)
            | Cause::TooLarge(_) => false,
        }
    }

    /// This error and every cause behind it, outermost first, with `: ` between them.
    pub fn report(&self) -> impl fmt::Display + '_ {
        Report(self)
    }

    fn answer(&self) -> Option<&Answer> {
        match &self.0.cause {
            Cause::Answer(answer) => Some(answer),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { step, endpoints, .. } = &*self.0;
        let text = match endpoints {
            Some(endpoints) => format!("{step} {}", endpoints.text),
            None => match self.reason() {
                reason if reason.is_empty() => step.clone(),
                reason => format!("{step}: {reason}"),
            },
        };
        fmt::Display::fmt(&printable(&text), f)
    }
}

impl Cause {
    /// Appends the cause in words, which may hold anything that a server or a file says.
    fn describe(&self, text: &mut String) {
        match self {
            Self::Configuration | Self::InvalidInput => {}
            Self::Connect(problem) | Self::Unreachable(problem) => append(text, "cannot connect", problem),
            Self::Tls(failure) => text.push_str(&failure.explanation),
            Self::Timeout => text.push_str("no answer in time"),
            Self::Broken(problem) => append(text, "the connection broke before the answer was complete", problem),
            Self::Decode(problem) | Self::TooLarge(problem) => text.push_str(problem),
            Self::Answer(answer) => {
                text.push_str(&format!("the server answered {}", answer.status));
                explain(text, answer.error_type.as_deref(), answer.message.as_deref());
                if let Some(body) = &answer.unknown_body {
                    text.push_str(&format!(" with {}", body.sent_by));
                }
            }
            Self::Action(failure) => {
                text.push_str(&format!("the action ended as {}", failure.status));
                explain(text, failure.error_code.as_deref(), failure.message.as_deref());
            }
        }
    }
}

fn append(text: &mut String, what: &str, problem: &str) {
    text.push_str(what);
    if !problem.is_empty() {
        text.push_str(": ");
        text.push_str(problem);
    }
}

/// The server's code and message.
fn explain(text: &mut String, code: Option<&str>, message: Option<&str>) {
    if let Some(code) = code {
        text.push_str(&format!(" ({code})"));
    }
    if let Some(message) = message {
        text.push_str(": ");
        text.push_str(message);
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            step,
            cause,
            source,
            endpoints,
            proxy,
        } = &*self.0;
        f.debug_struct("Error")
            .field("step", step)
            .field("cause", cause)
            .field("source", source)
            .field("endpoints", endpoints)
            .field("proxy", proxy)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

struct Report<'a>(&'a Error);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = ErrorChain::new(self.0).steps();
        // The first one is this error's own, which is printable.
        let Some((own, causes)) = steps.split_first() else {
            return Ok(());
        };
        f.write_str(own)?;
        causes.iter().try_for_each(|cause| write!(f, ": {}", printable(cause)))
    }
}

/// The one way of any text into what an error prints. A step names several values, each of which may have the length of a
/// message.
fn printable(text: &str) -> Printable<'_> {
    Printable::line(text).at_most(8_000)
}

/// A server's text, made fit for one line of a log.
pub(crate) fn one_line(text: &str) -> String {
    Printable::line(text).to_string()
}

/// Parts of the messages of RavenDB's 403 answers (`docs/contracts/ravendb.md#errors`), in lower case.
const UNACCEPTED_CERTIFICATE_MESSAGES: [&str; 5] = [
    "is unknown to the server",
    "none was provided",
    "has expired",
    "cannot be used before",
    "issuer is unknown",
];

/// Ends of RavenDB's `Type` that mean the request cannot be read or is incomplete (`docs/contracts/ravendb.md#errors`;
/// records `108`, `112`, `114`, `115`, `408`).
const VALIDATION_TYPES: [&str; 5] = [
    "ArgumentException",
    "FormatException",
    "EndOfStreamException",
    "InvalidStartOfObjectException",
    "NullReferenceException",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, error_type: &str, message: &str) -> Error {
        let answer = Answer {
            status,
            error_type: Some(error_type.to_owned()),
            message: Some(message.to_owned()),
            unknown_body: None,
        };
        Error::new("cannot list certificates", Cause::Answer(answer))
    }

    #[test]
    fn answers_are_told_apart_by_status_and_type() {
        let format = answer(500, "System.FormatException", "Could not convert");
        assert!(format.is_invalid_input() && !format.is_retryable() && !format.is_refused());
        let operation = answer(500, "System.InvalidOperationException", "Cannot delete");
        assert!(operation.is_refused() && !operation.is_invalid_input() && !operation.is_retryable());
        let unknown = answer(
            403,
            "InvalidAuth",
            "The supplied client certificate 'CN=a' is unknown to the server.",
        );
        assert!(unknown.is_unauthorized() && unknown.is_forbidden());
        let insufficient = answer(403, "InvalidAuth", "Insufficient security clearance");
        assert!(insufficient.is_forbidden() && !insufficient.is_unauthorized());
        assert!(answer(503, "NodeIsPassiveException", "").is_retryable());
    }

    #[test]
    fn no_text_of_a_server_or_file_prints_hidden_characters() {
        const HOSTILE: &str = "a\u{202e}b\u{1b}[2J\u{9b}c\u{200b}\nd\u{2028}\u{e0041}\u{feff}";
        const ESCAPED: &str = "a\\u{202e}b\\u{1b}[2J\\u{9b}c\\u{200b} d\\u{2028}\\u{e0041}\\u{feff}";
        let owned = || Some(HOSTILE.to_owned());
        for cause in [
            Cause::Tls(TlsFailure {
                explanation: HOSTILE.to_owned(),
                client_certificate: false,
                after_handshake: false,
            }),
            Cause::Connect(HOSTILE.to_owned()),
            Cause::Broken(HOSTILE.to_owned()),
            Cause::Decode(HOSTILE.to_owned()),
            Cause::TooLarge(HOSTILE.to_owned()),
            Cause::Answer(Answer {
                status: 500,
                error_type: owned(),
                message: owned(),
                unknown_body: None,
            }),
            Cause::Action(ActionFailure {
                status: HOSTILE.to_owned(),
                error_code: owned(),
                message: owned(),
            }),
        ] {
            let error = Error::new(HOSTILE, cause).with_source(Error::configuration(HOSTILE));
            let (shown, report) = (error.to_string(), error.report().to_string());
            assert!(shown.starts_with(&format!("{ESCAPED}: ")), "{shown}");
            assert!(
                shown.ends_with(ESCAPED) && report.ends_with(ESCAPED),
                "{shown}\n{report}"
            );
            for text in [shown, report, format!("{error:?}")] {
                assert_eq!(Printable::lines(&text).at_most(usize::MAX).to_string(), text);
            }
        }
        let endless = Error::configuration("x".repeat(1_000_000)).to_string();
        assert!(endless.len() < 9_000 && endless.contains("more characters"));
    }

    #[test]
    fn a_report_tells_each_cause_once() {
        let inner = Error::configuration("no such file");
        let outer = Error::configuration("cannot read the key").with_source(inner);
        assert_eq!(outer.to_string(), "cannot read the key");
        assert_eq!(outer.report().to_string(), "cannot read the key: no such file");
    }
}
