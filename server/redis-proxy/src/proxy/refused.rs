//! Refused connections: they get a Redis error with the reason, and are closed.

use std::future::poll_fn;
use std::time::Duration;

use super::admission::Refusal;
use super::stream::ClientStream;
use crate::engine::EngineError;

/// A connection fails after its TLS handshake.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// The client is refused.
    #[error(transparent)]
    Client(Refusal),
    /// The engine is not available now.
    #[error(transparent)]
    Engine(EngineError),
    /// The database has been deleted.
    #[error("the database has been deleted")]
    Gone,
}

impl Refused {
    /// The line that the client gets, without its end. Its first word is the error's code, by which clients decide what
    /// to do: they retry after `LOADING`.
    fn line(&self) -> String {
        match self {
            Self::Client(refusal) => line(refusal.code(), self),
            Self::Engine(error) => error_line(error),
            Self::Gone => line("ERR", self),
        }
    }

    /// Label for logs and metrics.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Client(refusal) => refusal.reason(),
            Self::Engine(error) => error.reason(),
            Self::Gone => "database_deleted",
        }
    }
}

/// The error for a client whose login the engine does not accept, without the end of its line.
pub(super) fn error_line(error: &EngineError) -> String {
    let code = match error {
        EngineError::NotReady | EngineError::TimedOut | EngineError::Unreachable(_) => "LOADING",
        EngineError::ReservedName { .. } | EngineError::RulesRefused { .. } => "NOPERM",
        EngineError::Busy { .. } => "BUSY",
        _ => "ERR",
    };
    line(code, error)
}

fn line(code: &str, text: &impl ToString) -> String {
    let text: String = text
        .to_string()
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    format!("-{code} {text}")
}

/// Sends the client the reason.
pub(super) async fn send_refusal(stream: &mut ClientStream, refused: &Refused) {
    let line = refused.line() + "\r\n";
    let told = poll_fn(|context| std::task::Poll::Ready(stream.send(context, line.as_bytes()))).await;
    if told.is_ok() {
        say_goodbye(stream).await;
    }
}

/// Ends the client's side after all sent bytes, and waits briefly until the client has read them.
pub(super) async fn say_goodbye(stream: &mut ClientStream) {
    let mut most = MOST_DRAINED;
    // A client that does not read, or goes on sending, has had its time.
    let _ = tokio::time::timeout(FAREWELL, async {
        if poll_fn(|context| stream.poll_finish(context)).await.is_ok() {
            poll_fn(|context| stream.poll_drain(context, &mut most)).await;
        }
    })
    .await;
}

/// Time for the line and the end to reach the client.
const FAREWELL: Duration = Duration::from_secs(2);
/// More than clients send before they read.
const MOST_DRAINED: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_line_that_starts_with_its_code() {
        let refused = Refused::Client(Refusal::NoUser {
            subject: "CN=a\r\nb".to_owned(),
        });
        assert_eq!(
            refused.line(),
            "-NOAUTH no user has the certificate subject \"CN=a  b\", and the database has no default user"
        );
        assert!(
            Refused::Engine(EngineError::NotReady)
                .line()
                .starts_with("-LOADING the engine ")
        );
    }
}
