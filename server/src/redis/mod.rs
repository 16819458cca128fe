//! What runs for the databases of the cluster: a Redis engine behind each, and a port before it.

#[allow(
    dead_code,
    unused_imports,
    reason = "the fronts and the databases that use it are not all there yet"
)]
pub(crate) mod engine;
#[allow(dead_code, reason = "the front's half of it is not there yet")]
pub(crate) mod resp;
