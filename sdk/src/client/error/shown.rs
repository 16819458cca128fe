//! The texts of errors.

use std::fmt;

use super::{Error, Inner};
use crate::pki::{ErrorChain, Printable};

impl Error {
    /// This error and every cause behind it, outermost first, with `: ` between them.
    pub fn report(&self) -> impl fmt::Display + '_ {
        Report(self)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { step, endpoints, .. } = &*self.0;
        let text = match endpoints {
            Some(endpoints) => format!("{step} {}", endpoints.text),
            None => match self.reason() {
                reason if reason.is_empty() => step.clone(),
                reason => format!("{step}: {reason}"),
            },
        };
        fmt::Display::fmt(&printable(&text), f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            step,
            cause,
            source,
            endpoints,
            proxy,
            setting,
        } = &*self.0;
        f.debug_struct("Error")
            .field("step", step)
            .field("cause", cause)
            .field("source", source)
            .field("endpoints", endpoints)
            .field("proxy", proxy)
            .field("setting", setting)
            .finish()
    }
}

struct Report<'a>(&'a Error);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = ErrorChain::new(self.0).steps();
        // The first one is this error's own, which is printable.
        let Some((own, causes)) = steps.split_first() else {
            return Ok(());
        };
        f.write_str(own)?;
        causes.iter().try_for_each(|cause| write!(f, ": {}", printable(cause)))
    }
}

/// The one way of any text into what an error prints. A step names several values, each of which may have the length of a
/// message.
fn printable(text: &str) -> Printable<'_> {
    Printable::line(text).at_most(8_000)
}

/// A server's text, made fit for one line of a log.
pub(crate) fn one_line(text: &str) -> String {
    Printable::line(text).to_string()
}
