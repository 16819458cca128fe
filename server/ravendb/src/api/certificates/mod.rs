//! `/admin/certificates`: the registered certificates.

mod delete;
mod edit;
mod generate;
mod list;
mod register;

pub(super) use delete::{delete, purge};
pub(super) use edit::edit;
pub(super) use generate::generate;
pub(super) use list::list;
pub(super) use register::{from_base64, register};

use super::json::{Object, Properties as _};
use super::problem::Problem;

/// Refuses registrations for single sign-on, which this server does not support. Other values of `Usage` are accepted
/// and not stored: every certificate registered here is a client's (observed record `926-post-usage`).
fn refuse_single_sign_on(definition: &Object) -> Result<(), Problem> {
    match definition.one_of("Usage", &USAGES, USAGE_TYPE)? {
        Some("SsoServer" | "SsoClient") => Err(Problem::invalid_operation(
            "certificates for single sign-on cannot be registered on this server",
        )),
        _ => Ok(()),
    }
}

const USAGES: [&str; 6] = [
    "RavenServer",
    "RavenServerForCommunication",
    "Client",
    "SsoServer",
    "SsoClient",
    "WellKnownIssuer",
];

const USAGE_TYPE: &str = "Raven.Client.ServerWide.Operations.Certificates.CertificateUsage";
