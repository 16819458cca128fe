//! The error for query parameters that a route does not have.

use certward_pki::Printable;

/// The error for a query parameter that one of Certward's own routes does not have.
pub fn unknown_parameter(unknown: &str, known: impl Iterator<Item = &'static str>) -> String {
    let known: Vec<_> = known.map(|name| format!("'{name}'")).collect();
    format!(
        "this route has no query parameter '{}'; it has {}",
        Printable::escaped(unknown).at_most(LONGEST_SHOWN),
        known.join(" and ")
    )
}

/// Maximum length of the unknown name in the error, in characters.
const LONGEST_SHOWN: usize = 100;
