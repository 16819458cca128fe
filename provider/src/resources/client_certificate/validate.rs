//! Validation before planning: of the configuration alone, without clock and network.

use tf_provider::Diagnostics;
use tf_provider::value::Value;

use super::state::ClientCertificateState;
use super::{certificate_pem, clearance, database_permissions, name};
use crate::report::error;

/// Adds what is wrong with the configuration. Values that are not known yet are left for a later call.
pub(crate) fn validate(diags: &mut Diagnostics, config: &ClientCertificateState) {
    if let Value::Value(name) = &config.name {
        diags.errors.extend(name::check(name));
        diags.warnings.extend(name::warning(name));
    }
    if let Value::Value(clearance) = &config.security_clearance {
        diags.errors.extend(clearance::check(clearance));
    }
    if let Value::Value(permissions) = &config.database_permissions {
        diags.errors.extend(database_permissions::check(permissions));
        if let Value::Value(clearance) = &config.security_clearance
            && clearance != clearance::DEFAULT
            && !permissions.is_empty()
        {
            error(
                diags,
                database_permissions::path(),
                "Permissions without effect",
                format!(
                    "A certificate with the clearance {clearance} has every database already; database_permissions \
                     count for ValidUser only. Remove them, or lower security_clearance to \"ValidUser\"."
                ),
            );
        }
    }
    if let Value::Value(text) = &config.certificate_pem {
        match certificate_pem::parse(text) {
            Ok(certificate) => {
                diags.errors.extend(certificate_pem::check(&certificate));
                diags.warnings.extend(certificate_pem::warnings(&certificate));
            }
            Err(finding) => diags.add_error(finding),
        }
    }
}
