//! Diagnostics on their way to Terraform: masked, printable, bounded, without backtraces, each once.

use std::collections::HashSet;

use certward_pki::Printable;

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
    let mut messages: Vec<wire::Diagnostic> = errors
        .chain(warnings)
        .filter(|message| seen.insert(prost::Message::encode_to_vec(message)))
        .collect();
    if messages.len() > MOST_MESSAGES {
        let more = messages.len() - MOST_MESSAGES;
        messages.truncate(MOST_MESSAGES);
        messages.push(wire::Diagnostic {
            severity: Severity::Warning.into(),
            summary: "Further messages are left out".to_owned(),
            detail: format!("There are {more} more errors and warnings than are shown."),
            attribute: None,
        });
    }
    messages
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
        summary: Printable::line(&masked(&diagnostic.summary))
            .at_most(LONGEST_SUMMARY)
            .to_string(),
        detail: Printable::lines(&masked(without_backtrace(&diagnostic.detail)))
            .at_most(LONGEST_DETAIL)
            .to_string(),
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

/// Maximum sizes of a message, whose texts may come from a server that could flood the terminal.
const LONGEST_SUMMARY: usize = 500;
const LONGEST_DETAIL: usize = 20_000;
const MOST_MESSAGES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_reach_terraform_without_hidden_characters_and_within_bounds() {
        let hostile = "a\u{202e}b\u{1b}]8;;x\u{7}\u{9b}c\u{200b}\u{2066}\u{feff}\u{e0041}";
        let escaped = "a\\u{202e}b\\u{1b}]8;;x\\u{7}\\u{9b}c\\u{200b}\\u{2066}\\u{feff}\\u{e0041}";
        let mut diags = Diagnostics::default();
        diags.root_error(format!("{hostile}\nsummary"), format!("{hostile}\n\nAdvice."));
        diags.root_warning(hostile, "x".repeat(1_000_000));
        let sent = to_wire(diags);
        assert_eq!(sent[0].summary, format!("{escaped} summary"));
        assert_eq!(sent[0].detail, format!("{escaped}\n\nAdvice."));
        assert_eq!(sent[1].summary, escaped);
        assert!(sent[1].detail.len() < 20_100 && sent[1].detail.contains("980000 more characters"));

        let mut diags = Diagnostics::default();
        for number in 0..1_000 {
            diags.root_error("many", number.to_string());
        }
        let sent = to_wire(diags);
        assert_eq!(sent.len(), 201);
        assert!(sent[200].detail.contains("800 more"), "{}", sent[200].detail);
    }

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
