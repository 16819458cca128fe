//! Why a request was refused. The log line of the request says it; the caller is told less.

use std::error::Error;

use axum::response::{IntoResponse, Response};
use certward::pki::ErrorChain;

/// Goes with the answer, as an extension, to where the request is logged.
#[derive(Debug, Clone)]
pub(crate) struct WhyRefused {
    /// A word: the `reason` of the audit record and of `certward_refusals_total`.
    pub(super) reason: &'static str,
    /// A sentence for operators, if there is more to say.
    pub(super) detail: Option<String>,
}

impl WhyRefused {
    /// With nothing more to say.
    pub(crate) fn word(reason: &'static str) -> Self {
        Self { reason, detail: None }
    }

    /// With an error and its causes.
    pub(crate) fn error(reason: &'static str, error: &dyn Error) -> Self {
        Self::detailed(reason, ErrorChain::new(error).to_string())
    }

    /// With this sentence.
    pub(crate) fn detailed(reason: &'static str, detail: String) -> Self {
        Self {
            reason,
            detail: Some(detail),
        }
    }

    /// The answer that refuses for this.
    pub(crate) fn answer(self, answer: impl IntoResponse) -> Response {
        let mut answer = answer.into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}
