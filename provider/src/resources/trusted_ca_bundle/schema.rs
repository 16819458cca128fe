//! The schema: the attributes that users can set and read.

use tf_provider::schema::{AttributeType, Schema};

use crate::values::schema::{computed, defaulted, required, schema, set_of_strings};

/// The schema of `certward_trusted_ca_bundle`.
pub(crate) fn trusted_ca_bundle() -> Schema {
    use AttributeType::{Bool, String};
    schema(
        "Every certification authority that a Redis Enterprise cluster trusts to vouch for clients (`mtls_trusted_ca`): \
         what is not listed here is removed. Write one of it for each cluster, and none beside `certward_trusted_ca`, \
         which adds single authorities: each would undo the other, so a plan with both fails. One can take the other's place \
         in one run: an authority that the new blocks want stays trusted.\n\n\
         Removing an authority is refused when the provider's own login depends on it. RavenDB has nothing of the kind: \
         whom it trusts beside registered certificates is in its settings (`Security.WellKnownIssuers.Admin`).",
        [
            (
                "certificates_pem",
                required(
                    set_of_strings(),
                    "The certificates of the authorities as texts of one or more PEM blocks `CERTIFICATE`, for example \
                     `[file(\"ca.crt\")]`; one at least: a list that is null, empty or holds only null is refused, so that a variable that is not set never empties the trust store. Refused are the same as in `certward_trusted_ca`. Order, \
                     repetitions, line ends and text around the blocks make no difference. Changed in place.",
                ),
            ),
            (
                "on_destroy",
                defaulted(
                    String,
                    "What destroying does: `keep` leaves the authorities trusted, `remove` removes them. Default `keep`, \
                     with a warning that says so.",
                ),
            ),
            (
                "allow_lockout",
                defaulted(
                    Bool,
                    "`true` lets an authority be removed even when the provider's own certificate is let in because of \
                     it, or when it is the last one while authentication by certificate is on. Default `false`. Known \
                     to Terraform only.",
                ),
            ),
            ("id", computed(String, "Always `bundle`: a cluster has one.")),
            (
                "fingerprints_sha256",
                computed(
                    set_of_strings(),
                    "SHA-256 over each DER certificate, 64 upper-case hexadecimal digits.",
                ),
            ),
        ],
    )
}
