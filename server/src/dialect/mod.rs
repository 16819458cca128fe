//! The APIs of the products that this server speaks; their words stay in these folders.

/// Makes the table of an API's routes: method, path, access and handler of each, its summary, and what else there is to
/// say of it by the methods of `Route`.
macro_rules! routes {
    ($($method:ident $path:literal $access:ident $handler:path => $summary:literal $(: $($with:ident $what:tt)+)?;)*) => {
        &[$(
            route(routes!(@name $method), $path, access!($access), $summary, || routes!(@serve $method $handler))
            $($(.$with $what)+)?,
        )*]
    };
    (@name ANY) => { "*" };
    (@name $method:ident) => { stringify!($method) };
    (@serve ANY $handler:path) => { axum::routing::any($handler) };
    (@serve $method:ident $handler:path) => { axum::routing::on(axum::routing::MethodFilter::$method, $handler) };
}

mod json;
mod origin;
pub mod ravendb;
pub mod redis_enterprise;

use certward_pki::Printable;

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
