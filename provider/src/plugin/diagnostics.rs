//! Diagnostics on their way to Terraform: masked, without backtraces, each once.

use std::collections::HashSet;

use tf_provider::{AttributePath, AttributePathStep, Diagnostic, Diagnostics};

use super::log::mask::masked;
use super::wire::{self, Selector, Severity, Step};

/// Diagnostics as messages, errors first.
pub(crate) fn to_wire(diags: Diagnostics) -> Vec<wire::Diagnostic> {
    let errors = diags
        .errors
        .into_iter()
        .map(|diagnostic| message(diagnostic, Severity::Error));
    let warnings = diags
        .warnings
        .into_iter()
        .map(|diagnostic| message(diagnostic, Severity::Warning));
    let mut seen = HashSet::new();
    errors
        .chain(warnings)
        .filter(|message| seen.insert(prost::Message::encode_to_vec(message)))
        .collect()
}

/// The errors as the one text that a function call can answer with; the first argument named is the one to blame.
pub(crate) fn to_function_error(diags: Diagnostics) -> Option<wire::FunctionError> {
    let function_argument = diags
        .errors
        .iter()
        .find_map(|error| match error.attribute.steps.as_slice() {
            [AttributePathStep::Index(index)] => Some(*index),
            _ => None,
        });
    let texts: Vec<String> = to_wire(Diagnostics {
        errors: diags.errors,
        warnings: Vec::new(),
    })
    .into_iter()
    .map(|error| match error.detail.is_empty() {
        true => error.summary,
        false => format!("{}: {}", error.summary, error.detail),
    })
    .collect();
    (!texts.is_empty()).then(|| wire::FunctionError {
        text: texts.join("\n"),
        function_argument,
    })
}

/// A path as a message; the path of the whole value has none.
pub(crate) fn path_to_wire(path: AttributePath) -> wire::AttributePath {
    let selector = |step| match step {
        AttributePathStep::Attribute(name) => Selector::AttributeName(name.into_owned()),
        AttributePathStep::Key(key) => Selector::ElementKeyString(key.into_owned()),
        AttributePathStep::Index(index) => Selector::ElementKeyInt(index),
    };
    wire::AttributePath {
        steps: path
            .steps
            .into_iter()
            .map(|step| Step {
                selector: Some(selector(step)),
            })
            .collect(),
    }
}

fn message(diagnostic: Diagnostic, severity: Severity) -> wire::Diagnostic {
    wire::Diagnostic {
        severity: severity.into(),
        summary: masked(&diagnostic.summary).into_owned(),
        detail: masked(without_backtrace(&diagnostic.detail)).into_owned(),
        attribute: (!diagnostic.attribute.steps.is_empty()).then(|| path_to_wire(diagnostic.attribute)),
    }
}

/// `tf_provider::Diagnostic::new` appends a backtrace to the detail when RUST_BACKTRACE is set; users of a provider
/// set it for other programs. A backtrace begins with a line of blanks and `0: `.
fn without_backtrace(detail: &str) -> &str {
    let mut start = 0;
    for line in detail.split_inclusive('\n') {
        if line.starts_with(' ') && line.trim_start().starts_with("0: ") {
            return detail[..start].trim_end();
        }
        start += line.len();
    }
    detail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_diagnostics_are_sent_once() {
        let mut diags = Diagnostics::default();
        diags.root_error("a", "b");
        diags.root_error("a", "b");
        diags.error("a", "b", AttributePath::new("c"));
        diags.root_warning("a", "b");
        assert_eq!(to_wire(diags).len(), 3);
    }

    #[test]
    fn backtraces_are_cut_off() {
        let backtrace = std::backtrace::Backtrace::force_capture();
        assert_eq!(
            without_backtrace(&format!("what happened\n{backtrace}")),
            "what happened"
        );
        assert_eq!(without_backtrace(&backtrace.to_string()), "");
        assert_eq!(without_backtrace("two\nlines 0: of text"), "two\nlines 0: of text");
    }

    #[test]
    fn function_error_blames_its_argument() {
        let mut diags = Diagnostics::default();
        diags.root_error("first", "detail");
        diags.function_error(1, "second");
        let error = to_function_error(diags).unwrap();
        assert_eq!(error.function_argument, Some(1));
        assert!(error.text.starts_with("first: detail\nsecond"), "{}", error.text);
    }
}
