//! `certward-server openapi`.

use super::Failure;
use crate::dialect::ravendb;

/// Prints the OpenAPI document, which the server also serves.
#[expect(clippy::print_stdout, reason = "the document is the program's output")]
pub(super) fn print() -> Result<(), Failure> {
    println!("{}", ravendb::openapi().to_pretty_json().map_err(Failure::failed)?);
    Ok(())
}
