//! The reason for a refusal, for the log record of the request. The response to the caller says less.

use std::error::Error;

use axum::response::{IntoResponse, Response};
use certward_pki::ErrorChain;

/// The reason for a refusal: an extension of the response, for the log.
#[derive(Debug, Clone)]
pub struct WhyRefused {
    /// Label: the `reason` of the audit record and of `certward_refusals_total`.
    pub(super) reason: &'static str,
    /// A sentence for operators, if there is more information.
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

    /// Adds the reason to the response of the refusal.
    pub fn answer(self, answer: impl IntoResponse) -> Response {
        let mut answer = answer.into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}
