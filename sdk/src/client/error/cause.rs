//! The cause of an operation's failure, with what is known about it.

use super::ErrorKind;
use crate::client::foreign::ForeignAnswer;

/// An operation failed.
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
    /// The server does not know the question: only Certward's does.
    Unsupported,
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
    /// The API's meaning of it.
    pub(crate) kind: ErrorKind,
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
    /// An answer of which nothing but the status is known.
    pub(crate) fn of_status(status: u16) -> Self {
        Self {
            status,
            kind: ErrorKind::of_status(status),
            error_type: None,
            message: None,
            unknown_body: None,
        }
    }
}

impl Cause {
    /// Appends the cause in words, which may hold anything that a server or a file says.
    pub(super) fn describe(&self, text: &mut String) {
        match self {
            Self::Configuration | Self::InvalidInput => {}
            Self::Unsupported => text.push_str("the server does not know the question; only Certward's does"),
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
