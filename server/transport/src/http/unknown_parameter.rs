//! Query parameters that a route does not have.

use certward_pki::Printable;

/// What a request to one of Certward's own routes is told of a query parameter that the route does not have.
pub fn unknown_parameter(unknown: &str, known: impl Iterator<Item = &'static str>) -> String {
    let known: Vec<_> = known.map(|name| format!("'{name}'")).collect();
    format!(
        "this route has no query parameter '{}'; it has {}",
        Printable::escaped(unknown).at_most(LONGEST_SHOWN),
        known.join(" and ")
    )
}

/// Of a name that a client made up.
const LONGEST_SHOWN: usize = 100;
