//! An error with its causes, as one sentence.

use std::error::Error;
use std::fmt;

/// Prints an error and every cause behind it, outermost first, with `: ` between them.
///
/// Libraries repeat their cause in their own text, and some explain an error whose own text follows two causes later. A
/// cause that the sentence has already is left out, so that each step stands there once. So are addresses of libraries'
/// manuals on docs.rs, which are written for the library's programmers.
///
/// ```
/// # use certward_pki::ErrorChain;
/// let error = std::io::Error::other("the disk is full");
/// assert_eq!(ErrorChain::new(&error).to_string(), "the disk is full");
/// ```
#[derive(Clone, Copy)]
pub struct ErrorChain<'a>(&'a dyn Error);

impl<'a> ErrorChain<'a> {
    /// Of this error.
    pub fn new(error: &'a dyn Error) -> Self {
        Self(error)
    }
}

impl ErrorChain<'_> {
    /// Returns the text of the error alone, without its causes.
    pub fn text(&self) -> String {
        text_of(self.0)
    }

    /// Returns the text of the error and of each cause that adds something, outermost first.
    pub fn steps(self) -> Vec<String> {
        let mut steps = vec![text_of(self.0)];
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = text_of(cause);
            if !text.is_empty() && !steps.iter().any(|step| has_text(step, &text)) {
                steps.push(text);
            }
            next = cause.source();
        }
        steps
    }
}

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.steps().join(": "))
    }
}

impl fmt::Debug for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}

/// The text of one error, without the address of a library's manual: rustls sends whoever reads of a connection that was
/// closed too early to its page on docs.rs.
fn text_of(error: &(impl Error + ?Sized)) -> String {
    let mut text = error.to_string();
    while let Some(start) = text.find(MANUAL) {
        let address = start + MANUAL.len();
        let end = text[address..]
            .find(char::is_whitespace)
            .map_or(text.len(), |length| address + length);
        text.replace_range(start..end, "");
    }
    text
}

/// Before the name of a crate.
const MANUAL: &str = ": https://docs.rs/";

/// Returns `true` if a sentence contains `text`, from the beginning of a word to the end of one.
fn has_text(sentence: &str, text: &str) -> bool {
    let is_in_word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    sentence.match_indices(text).any(|(at, _)| {
        !is_in_word(sentence[..at].chars().next_back()) && !is_in_word(sentence[at + text.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Step(&'static str, Option<Box<Step>>);

    impl fmt::Display for Step {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Step {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|step| step as _)
        }
    }

    #[test]
    fn each_step_stands_there_once() {
        for (steps, expected) in [
            (&["a", "b", "c"][..], "a: b: c"),
            (&["a: b", "b", "c"], "a: b: c"),
            // A TLS error, explained first, and told again behind the HTTP library's words.
            (
                &[
                    "GET x: invalid peer certificate: UnknownIssuer",
                    "client error (Connect)",
                    "invalid peer certificate: UnknownIssuer",
                ],
                "GET x: invalid peer certificate: UnknownIssuer: client error (Connect)",
            ),
            (&["a", "a", "a"], "a"),
            (&["cannot read", "read"], "cannot read"),
            (&["already", "read"], "already: read"),
            (&["x", "", "y"], "x: y"),
        ] {
            let error = steps
                .iter()
                .rev()
                .fold(None, |cause, text| Some(Box::new(Step(text, cause))))
                .unwrap();
            assert_eq!(ErrorChain::new(error.as_ref()).to_string(), expected);
        }
    }

    #[test]
    fn nobody_is_sent_to_the_manual_of_a_library() {
        for (steps, expected) in [
            (
                &["closed early: https://docs.rs/rustls/latest/rustls/manual/_03_howto/index.html#unexpected-eof"][..],
                "closed early",
            ),
            (&["a: https://docs.rs/a, b", "c: https://docs.rs/d"], "a b: c"),
            (&["see https://docs.example/", "x"], "see https://docs.example/: x"),
        ] {
            let error = steps
                .iter()
                .rev()
                .fold(None, |cause, text| Some(Box::new(Step(text, cause))))
                .unwrap();
            assert_eq!(ErrorChain::new(error.as_ref()).to_string(), expected);
        }
    }
}
