//! `certward-server openapi`.

use clap::ValueEnum;

use super::{Failure, output};
use certward_ravendb::api as ravendb;
use certward_redis_enterprise::api as redis_enterprise;

/// An API that the server serves.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Api {
    /// RavenDB's, also at /openapi.json
    Ravendb,
    /// Redis Enterprise's, also at /v1/openapi.json
    RedisEnterprise,
}

/// Prints the OpenAPI document of an API.
pub(super) fn print(api: Api) -> Result<(), Failure> {
    let document = match api {
        Api::Ravendb => ravendb::openapi(),
        Api::RedisEnterprise => redis_enterprise::openapi(),
    };
    output::print(&document.to_pretty_json().map_err(Failure::failed)?)
}
