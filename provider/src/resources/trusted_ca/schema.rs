//! The schema: the attributes that users can set and read.

use tf_provider::schema::{AttributeType, Schema};

use crate::values::schema::{computed, defaulted, optional, required, schema};

/// The schema of `certward_trusted_ca`.
pub(crate) fn trusted_ca() -> Schema {
    use AttributeType::{Bool, String};
    schema(
        "One certification authority that a Redis Enterprise cluster trusts to vouch for clients (`mtls_trusted_ca`). \
         Every other authority the cluster trusts is left alone; `certward_trusted_ca_bundle` decides about all of them \
         at once. Do not use both on one cluster.\n\n\
         The cluster keeps its authorities as one text, so each change reads it, changes this certificate in it, writes \
         it back and looks whether that held; somebody else who writes at the same moment is noticed, and the change is \
         made again. An authority that is trusted already is taken over as it is.\n\n\
         Destroying is refused when the provider's own login depends on this authority. RavenDB has nothing of the \
         kind: whom it trusts beside registered certificates is in its settings (`Security.WellKnownIssuers.Admin`).",
        [
            (
                "certificate_pem",
                required(
                    String,
                    "The certificate of the authority: text with exactly one PEM block `CERTIFICATE`, for example \
                     `file(\"ca.crt\")`. Refused are texts with a private key, certificates without the basic \
                     constraint CA or whose key usage leaves out keyCertSign, RSA keys under 2048 bits, and signatures \
                     with MD5 or SHA-1 of another authority; and, when it is added, a certificate that is expired or not valid yet. One that \
                     ends within 30 days is a warning. Line ends, indentation and text around the block make no \
                     difference. **Another certificate forces replacement**; with `lifecycle { create_before_destroy = \
                     true }` the new one is trusted before the old one goes.",
                ),
            ),
            (
                "name",
                optional(
                    String,
                    "What people call the authority. Known to Terraform only: the cluster stores no names.",
                ),
            ),
            (
                "allow_lockout",
                defaulted(
                    Bool,
                    "`true` lets this authority be removed even when the provider's own certificate is let in because \
                     of it, or when it is the last one while authentication by certificate is on. Default `false`. \
                     Known to Terraform only; to use it, first apply with `true`.",
                ),
            ),
            ("id", computed(String, "The same as `fingerprint_sha256`.")),
            (
                "fingerprint_sha256",
                computed(
                    String,
                    "SHA-256 over the DER certificate, 64 upper-case hexadecimal digits.",
                ),
            ),
            (
                "subject_dn",
                computed(String, "Subject of the certificate in the form of RFC 4514."),
            ),
            (
                "issuer_dn",
                computed(String, "Issuer of the certificate in the form of RFC 4514."),
            ),
            (
                "not_before",
                computed(
                    String,
                    "First moment at which the certificate is valid, RFC 3339 in UTC.",
                ),
            ),
            (
                "not_after",
                computed(
                    String,
                    "Last moment at which the certificate is valid, RFC 3339 in UTC.",
                ),
            ),
            (
                "self_signed",
                computed(
                    Bool,
                    "Whether subject and issuer are the same, as they are in a root authority.",
                ),
            ),
        ],
    )
}
