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

/// Works until done, or until the user interrupts Terraform: a request under way is dropped, and so are pauses between
/// repetitions.
///
/// Stopping anywhere is safe. Every request names its certificate by thumbprint, so the next run finds what this one
/// reached: an entry that was registered is taken over, one that was removed is gone, and a change is seen or made again.
/// What is not so (a change with its own check and rollback) is done outside of this.
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
