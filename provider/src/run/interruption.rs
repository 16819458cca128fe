//! Ending early when the user wants it.

use terraform_plugin::stop_requested;
use tf_provider::{AttributePath, Diagnostics};

use crate::report::error;

/// The end of an operation.
pub(crate) enum Ended<T> {
    /// By itself.
    Done(Option<T>),
    /// At the user's wish, in the middle.
    Stopped,
}

/// Runs `work` until it is done, or until the user interrupts Terraform: then it cancels the current request or the
/// pause between retries.
///
/// Cancellation is safe at any point. Every request names its certificate by thumbprint, so the next run finds the
/// result of this one: it adopts an entry that was registered, finds one removed that was removed, and sees a change or
/// repeats it. Work without this property (a change with its own check and rollback) must not run inside this function.
pub(crate) async fn until_stopped<T>(work: impl Future<Output = Option<T>>) -> Ended<T> {
    let stop = stop_requested();
    tokio::select! {
        answer = work => Ended::Done(answer),
        () = stop.cancelled() => Ended::Stopped,
    }
}

impl<T> Ended<T> {
    /// The answer; an interruption becomes an error.
    pub(crate) fn or_interrupted(self, diags: &mut Diagnostics) -> Option<T> {
        match self {
            Self::Done(answer) => answer,
            Self::Stopped => {
                error(
                    diags,
                    AttributePath::root(),
                    "Interrupted",
                    "Stopped before the cluster had answered. Run Terraform again: it finds what was already done.",
                );
                None
            }
        }
    }
}
