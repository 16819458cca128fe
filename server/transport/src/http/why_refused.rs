//! The reason that a request was refused, for the log line of the request. The caller is told less.

use std::error::Error;

use axum::response::{IntoResponse, Response};
use certward_pki::ErrorChain;

/// The reason for a refusal: an extension of the answer, which the log reads.
#[derive(Debug, Clone)]
pub struct WhyRefused {
    /// One word: the `reason` of the audit record and of `certward_refusals_total`.
    pub(super) reason: &'static str,
    /// A sentence for operators, if there is more to say.
    pub(super) detail: Option<String>,
}

impl WhyRefused {
    /// A reason without a detail.
    pub fn word(reason: &'static str) -> Self {
        Self { reason, detail: None }
    }

    /// A reason whose detail is an error with its causes.
    pub fn error(reason: &'static str, error: &dyn Error) -> Self {
        Self::detailed(reason, ErrorChain::new(error).to_string())
    }

    /// A reason with this detail.
    pub fn detailed(reason: &'static str, detail: String) -> Self {
        Self {
            reason,
            detail: Some(detail),
        }
    }

    /// Adds the reason to the answer that refuses.
    pub fn answer(self, answer: impl IntoResponse) -> Response {
        let mut answer = answer.into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}
