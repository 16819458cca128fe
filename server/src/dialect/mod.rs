//! The APIs of the products that this server speaks; their words stay in these folders.

mod origin;
pub mod ravendb;
pub mod redis_enterprise;

use certward_pki::Printable;

pub use self::origin::CsrfSettings;

/// What a request to one of Certward's own routes is told of a query parameter that the route does not have.
fn unknown_parameter(unknown: &str, known: impl Iterator<Item = &'static str>) -> String {
    let known: Vec<_> = known.map(|name| format!("'{name}'")).collect();
    format!(
        "this route has no query parameter '{}'; it has {}",
        Printable::escaped(unknown).at_most(LONGEST_SHOWN),
        known.join(" and ")
    )
}

/// Of a name that a client made up.
const LONGEST_SHOWN: usize = 100;
