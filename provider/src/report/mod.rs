//! Diagnostics: what happened, to which attribute, why, and what to do next.

pub(crate) mod failure;

use std::borrow::Cow;

use certward::pki::{ErrorChain, Printable};
use tf_provider::{AttributePath, Diagnostic, Diagnostics};

/// A diagnostic on an attribute.
///
/// Made from its fields, because `Diagnostic::new` would put a backtrace into the text when the user's environment has
/// `RUST_BACKTRACE` set.
pub(crate) fn diagnostic(
    attribute: AttributePath,
    summary: impl Into<Cow<'static, str>>,
    detail: impl Into<Cow<'static, str>>,
) -> Diagnostic {
    Diagnostic {
        summary: summary.into(),
        detail: detail.into(),
        attribute,
    }
}

/// Adds an error on an attribute; on the whole object when the path is empty.
pub(crate) fn error(
    diags: &mut Diagnostics,
    attribute: AttributePath,
    summary: impl Into<Cow<'static, str>>,
    detail: impl Into<Cow<'static, str>>,
) {
    diags.add_error(diagnostic(attribute, summary, detail));
}

/// Adds a warning on an attribute; on the whole object when the path is empty.
pub(crate) fn warning(
    diags: &mut Diagnostics,
    attribute: AttributePath,
    summary: impl Into<Cow<'static, str>>,
    detail: impl Into<Cow<'static, str>>,
) {
    diags.add_warning(diagnostic(attribute, summary, detail));
}

/// A text of the cluster's inside a message: on one line, so that it cannot pass for a part of the message.
pub(crate) fn shown(text: &str) -> Printable<'_> {
    Printable::line(text)
}

/// An error and its causes, outermost first: `step: cause: cause`.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    ErrorChain::new(error).to_string()
}
