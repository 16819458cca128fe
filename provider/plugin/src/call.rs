//! Context of every call: cancellation and panics.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use tf_provider::Diagnostics;
use tokio_util::sync::CancellationToken;

tokio::task_local! {
    static STOP: CancellationToken;
}

/// The wish of the user that the call running in this task ends early (Ctrl-C in Terraform, or Terraform is gone).
///
/// A resource that waits selects on [`CancellationToken::cancelled`]; one that loops looks at
/// [`CancellationToken::is_cancelled`] in between. It then ends with what it has reached: a state as of now, and an
/// error that says what is missing. A task that the call spawns takes the token along. Outside of a call the token is
/// one that is never cancelled.
pub fn stop_requested() -> CancellationToken {
    STOP.try_with(CancellationToken::clone).unwrap_or_default()
}

/// Tells the calls of this moment to stop, and leaves later ones alone.
#[derive(Default)]
pub(crate) struct Stop {
    running: Mutex<CancellationToken>,
}

impl Stop {
    /// Runs a call so that [`stop_requested`] answers inside of it.
    pub(crate) async fn scope<F: Future>(&self, call: F) -> F::Output {
        let token = self.running.lock().unwrap_or_else(PoisonError::into_inner).clone();
        STOP.scope(token, call).await
    }

    /// Tells every call of this moment to stop.
    pub(crate) fn request(&self) {
        std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner)).cancel();
    }
}

/// Runs a call; a panic inside becomes an error that says what to report, without backtrace and without values.
pub(crate) async fn catch<T>(call: impl Future<Output = Option<T>>) -> Outcome<T> {
    match AssertUnwindSafe(call).catch_unwind().await {
        Ok(answer) => Outcome::Answer(answer),
        Err(_payload) => Outcome::Panic(PANICKED_AT.take()),
    }
}

/// The outcome of a call.
pub(crate) enum Outcome<T> {
    Answer(Option<T>),
    /// The place of the panic, as far as it is known.
    Panic(Option<String>),
}

impl<T> Outcome<T> {
    /// The answer; a missing one has an error in `diags`.
    pub(crate) fn or_error(self, diags: &mut Diagnostics, call: &str, type_name: &str) -> Option<T> {
        let answer = self.optional(diags, call, type_name);
        if answer.is_none() && diags.errors.is_empty() {
            diags.root_error(
                "The provider gave no answer",
                format!(
                    "{call} of `{type_name}` ended without a result and without saying why. This is a bug in the \
                     provider; please report it."
                ),
            );
        }
        answer
    }

    /// The answer, which may be missing without an error.
    pub(crate) fn optional(self, diags: &mut Diagnostics, call: &str, type_name: &str) -> Option<T> {
        match self {
            Self::Answer(answer) => answer,
            Self::Panic(place) => {
                let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
                diags.root_error(
                    "The provider crashed",
                    format!(
                        "{call} of `{type_name}` panicked{place}. This is a bug in the provider; please report it \
                         with this message and the versions of Terraform and of the provider."
                    ),
                );
                None
            }
        }
    }
}

/// Makes panics silent but for their place: the message of a panic can hold values.
pub(crate) fn install_panic_hook() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place = place.as_deref().unwrap_or("unknown"), "the provider panicked");
        PANICKED_AT.set(place);
    }));
}

thread_local! {
    // `catch_unwind` returns on the thread that panicked, so the place is found where the hook left it.
    static PANICKED_AT: RefCell<Option<String>> = const { RefCell::new(None) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stopping_reaches_running_calls_and_no_later_ones() {
        let stop = Stop::default();
        stop.scope(async {
            let token = stop_requested();
            stop.request();
            assert!(token.is_cancelled());
        })
        .await;
        stop.scope(async { assert!(!stop_requested().is_cancelled()) }).await;
        assert!(!stop_requested().is_cancelled());
    }

    #[tokio::test]
    async fn panic_becomes_an_error_without_its_message() {
        let mut diags = Diagnostics::default();
        let outcome = catch(async { panic!("secret {}", "value") }).await;
        let answer: Option<()> = outcome.or_error(&mut diags, "Reading", "example_thing");
        assert!(answer.is_none());
        let text = format!("{diags:?}");
        assert!(text.contains("Reading of `example_thing` panicked"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }

    #[tokio::test]
    async fn missing_answer_has_an_error() {
        let mut diags = Diagnostics::default();
        let answer: Option<()> = catch(async { None })
            .await
            .or_error(&mut diags, "Destroying", "example_thing");
        assert!(answer.is_none());
        assert_eq!(diags.errors.len(), 1);
    }
}
