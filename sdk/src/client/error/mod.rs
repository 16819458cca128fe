//! The one error type of the SDK.

mod cause;
mod kind;
mod setting;
mod shown;

use std::error::Error as StdError;

pub(crate) use cause::{ActionFailure, Answer, Cause, TlsFailure, UnknownBody};
pub use kind::ErrorKind;
pub use setting::BuilderSetting;
pub(crate) use shown::one_line;

use super::foreign::ForeignAnswer;
use super::proxy::Proxy;

/// The cause of an operation's failure.
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
/// invisible characters are printed escaped (see [`Printable`](crate::pki::Printable)).
pub struct Error(Box<Inner>);

struct Inner {
    step: String,
    cause: Cause,
    source: Option<Box<dyn StdError + Send + Sync>>,
    /// The failures of all endpoints, if several failed; `cause` is the most helpful of them.
    endpoints: Option<EndpointFailures>,
    /// The proxy on the path of a connection without a response.
    proxy: Option<String>,
    setting: Option<BuilderSetting>,
}

/// The failures of several endpoints.
#[derive(Debug)]
struct EndpointFailures {
    /// Each with its reason, in the order of their use to the reader.
    text: String,
    unsent: bool,
    retryable: bool,
}

impl Error {
    pub(crate) fn new(step: impl Into<String>, cause: Cause) -> Self {
        Self(Box::new(Inner {
            step: step.into(),
            cause,
            source: None,
            endpoints: None,
            proxy: None,
            setting: None,
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
            Cause::Configuration
            | Cause::InvalidInput
            | Cause::Decode(_)
            | Cause::TooLarge(_)
            | Cause::Action(_)
            | Cause::Unsupported => 3,
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

    pub(crate) fn answer(&self) -> Option<&Answer> {
        match &self.0.cause {
            Cause::Answer(answer) => Some(answer),
            _ => None,
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests;
