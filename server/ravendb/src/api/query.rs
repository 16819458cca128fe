//! Query strings, parsed as by the real server: names are case-insensitive, unknown ones are ignored (except on
//! Certward's own routes), and an empty value counts as absent (observed record `305-get-empty-thumbprint`).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::problem::Problem;
use super::routes::Parameter;
use certward_transport::http::unknown_parameter;

/// The names and values of a query string.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// The non-empty value of `name`.
    ///
    /// # Errors
    ///
    /// The parameter is given twice, so its value is ambiguous.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self
            .0
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value);
        let first = values
            .next()
            .map(String::as_str)
            .filter(|value| !value.trim().is_empty());
        if values.next().is_some() {
            return Err(Problem::argument(format!(
                "the query string has more than one '{name}'"
            )));
        }
        Ok(first)
    }

    /// Refuses unknown parameters on Certward's own routes: ignoring one could hide a client's mistake.
    ///
    /// # Errors
    ///
    /// The query has a parameter that is not in `known`.
    pub(super) fn only(&self, known: &[Parameter]) -> Result<(), Problem> {
        let names = || known.iter().map(|parameter| parameter.name);
        let is_unknown = |name: &str| names().all(|known| !known.eq_ignore_ascii_case(name));
        match self.0.iter().find(|(name, _)| is_unknown(name)) {
            None => Ok(()),
            Some((unknown, _)) => Err(Problem::argument(unknown_parameter(unknown, names()))),
        }
    }

    /// The value of `name`, which is required.
    ///
    /// # Errors
    ///
    /// The parameter is missing, empty or given twice (record `434-delete-no-thumbprint`).
    pub(super) fn required_text(&self, name: &str) -> Result<&str, Problem> {
        self.text(name)?
            .ok_or_else(|| Problem::argument(format!("the query string must have a '{name}' that is not empty")))
    }

    /// A non-negative number of 32 bits, for Certward's own routes.
    ///
    /// # Errors
    ///
    /// The value is not a number in this range.
    pub(super) fn count(&self, name: &str) -> Result<Option<u32>, Problem> {
        match self.number(name)?.map(|number| (number, u32::try_from(number))) {
            None => Ok(None),
            Some((_, Ok(count))) => Ok(Some(count)),
            Some((number, Err(_))) => Err(Problem::argument(format!(
                "'{name}' must not be negative, and is {number}"
            ))),
        }
    }

    /// The start or the size of a page: a negative value counts as 0, as in RavenDB 7.2.7.
    ///
    /// # Errors
    ///
    /// The value is not an integer of 32 bits (record `312-get-paging-bad`).
    pub(super) fn paging(&self, name: &str) -> Result<Option<u32>, Problem> {
        Ok(self.number(name)?.map(|number| u32::try_from(number).unwrap_or(0)))
    }

    fn number(&self, name: &str) -> Result<Option<i32>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.trim().parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Problem::argument(format!(
                "'{name}' must be a whole number, and is '{text}'"
            ))),
        }
    }

    /// `true` or `false`, regardless of case.
    ///
    /// # Errors
    ///
    /// The value is neither (record `316-get-metadataonly-bad`).
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.text(name)?.map(|text| (text, text.trim().to_ascii_lowercase())) {
            None => Ok(None),
            Some((_, value)) if value == "true" => Ok(Some(true)),
            Some((_, value)) if value == "false" => Ok(Some(false)),
            Some((text, _)) => Err(Problem::argument(format!(
                "'{name}' must be true or false, and is '{text}'"
            ))),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    #[test]
    fn names_have_no_case_and_empty_values_count_as_none() {
        assert_eq!(query("Thumbprint=AB").text("thumbprint").unwrap(), Some("AB"));
        for empty in ["", "thumbprint", "thumbprint=", "thumbprint=%20", "thumbprin=AB"] {
            assert_eq!(query(empty).text("thumbprint").unwrap(), None, "{empty}");
            assert!(query(empty).required_text("thumbprint").is_err(), "{empty}");
        }
    }

    #[test]
    fn route_of_certwards_own_refuses_a_parameter_that_it_does_not_have() {
        let known = super::super::connected::CONNECTIONS_QUERY;
        for fine in ["", "offset=1&LIMIT=2"] {
            assert!(query(fine).only(known).is_ok(), "{fine}");
        }
        let refusal = query("limit=1&ofset=2").only(known).unwrap_err();
        assert!(
            format!("{refusal:?}").contains("no query parameter 'ofset'; it has 'offset' and 'limit'"),
            "{refusal:?}"
        );
    }

    #[test]
    fn two_values_of_one_name_are_refused() {
        assert!(query("thumbprint=AB&THUMBPRINT=CD").text("thumbprint").is_err());
    }

    #[test]
    fn a_count_is_a_whole_number_from_0_and_paging_takes_a_negative_one_for_0() {
        for (text, count) in [("start=7", Some(7)), ("start=-1", None)] {
            assert_eq!(query(text).count("start").ok().flatten(), count, "{text}");
            assert_eq!(query(text).paging("start").unwrap(), count.or(Some(0)), "{text}");
        }
        assert_eq!(query("start=").count("start").unwrap(), None);
        for bad in ["abc", "1.5", "0x10", "99999999999", "1e3", "%00"] {
            assert!(query(&format!("start={bad}")).count("start").is_err(), "{bad}");
            assert!(query(&format!("start={bad}")).paging("start").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_flag_is_true_or_false_in_any_case() {
        assert_eq!(query("metadataOnly=TRUE").flag("metadataOnly").unwrap(), Some(true));
        assert_eq!(query("metadataonly=false").flag("metadataOnly").unwrap(), Some(false));
        for bad in ["maybe", "1", "0", "yes", "tru"] {
            assert!(
                query(&format!("metadataOnly={bad}")).flag("metadataOnly").is_err(),
                "{bad}"
            );
        }
    }
}
