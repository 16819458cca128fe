//! The query string. Names are the API's exactly; unknown ones are ignored, but on Certward's own routes.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::Uri;
use http::request::Parts;

use super::problem::{Code, Problem};
use super::routes::Parameter;
use crate::cluster::Run;
use certward_transport::http::unknown_parameter;

/// The names and values of a query string.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Of a request's target.
    pub(super) fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The value under `name`.
    ///
    /// # Errors
    ///
    /// The parameter is given twice, so its value is ambiguous.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(other, _)| other == name);
        let first = values.next().map(|(_, value)| value.as_str());
        match values.next() {
            None => Ok(first),
            Some(_) => Err(Problem::new(
                Code::InvalidQuery,
                format!("the query parameter '{name}' is given more than once"),
            )),
        }
    }

    /// Refuses unknown parameters on Certward's own routes: ignoring one could hide a client's mistake.
    ///
    /// # Errors
    ///
    /// The query has a parameter that is not in `known`.
    pub(super) fn only(&self, known: &[Parameter]) -> Result<(), Problem> {
        let names = || known.iter().map(|(name, ..)| *name);
        match self.0.iter().find(|(name, _)| names().all(|known| known != name)) {
            None => Ok(()),
            Some((unknown, _)) => Err(Problem::new(Code::InvalidQuery, unknown_parameter(unknown, names()))),
        }
    }

    /// Returns whether the request is a trial: `?dry_run`, with or without a value
    /// (`docs/contracts/redis-enterprise.md#wire-conventions`).
    ///
    /// # Errors
    ///
    /// The parameter is given twice, or its value is no boolean: a change that was meant as a trial could not be
    /// undone.
    pub(super) fn run(&self) -> Result<Run, Problem> {
        match self.text("dry_run")?.map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "0") => Ok(Run::Apply),
            Some("" | "true" | "1") => Ok(Run::Dry),
            Some(_) => Err(Problem::new(
                Code::InvalidQuery,
                "the query parameter 'dry_run' must be true, false or empty",
            )),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    #[test]
    fn a_dry_run_is_asked_for_with_and_without_a_value() {
        for text in ["dry_run", "dry_run=", "dry_run=true", "a=b&dry_run=1", "dry_run=True"] {
            assert_eq!(query(text).run().unwrap(), Run::Dry, "{text}");
        }
        for text in ["", "dry_run=false", "dry_run=0", "dryrun", "DRY_RUN"] {
            assert_eq!(query(text).run().unwrap(), Run::Apply, "{text}");
        }
    }

    #[test]
    fn a_dry_run_in_doubt_is_refused() {
        for text in ["dry_run=yes", "dry_run&dry_run=false", "dry_run=2"] {
            assert!(query(text).run().is_err(), "{text}");
        }
    }
}
