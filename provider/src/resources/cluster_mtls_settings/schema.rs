//! The schema: the attributes that users can set and read.

use tf_provider::schema::{AttributeType, Schema};

use super::authorized_subjects::authorized_subject;
use crate::values::schema::{computed, defaulted, optional, schema};

/// The schema of `certward_cluster_mtls_settings`.
pub(crate) fn cluster_mtls_settings() -> Schema {
    use AttributeType::{AttributeSet, Bool, String};
    schema(
        "How a Redis Enterprise cluster decides about client certificates on its API, and whether it takes passwords \
         there. Write one of it for each cluster; a plan with two fails. An attribute that is left out is not managed: it is neither read nor \
         changed. An import takes every setting into the state; one that the configuration leaves out then shows once as \
         becoming null, which changes nothing on the cluster.\n\n\
         Before anything is changed, the provider looks whether it could still log in afterwards; after the change it \
         asks the cluster again, and if that fails, it puts the old values back. Who is let in by certificate has three \
         parts: an authority (`certward_trusted_ca`), the settings here, and a user (`certward_cert_user`). RavenDB has \
         nothing of the kind.",
        [
            (
                "certificate_authentication_enabled",
                optional(
                    Bool,
                    "Whether clients may log in with a certificate (`mtls_certificate_authentication`). To switch it on, \
                     the cluster must trust an authority: let this resource depend on `certward_trusted_ca`.",
                ),
            ),
            (
                "subject_validation_type",
                optional(
                    String,
                    "Which certificates of trusted authorities are let through: `disabled` (all), `san_cn` (the common \
                     name, or a DNS name among the alternative names, is the `common_name` of an authorized subject) or \
                     `full_subject` (all six attributes are those of an authorized subject). It is a gate only; who the \
                     client is, its user decides.",
                ),
            ),
            (
                "authorized_subjects",
                optional(
                    AttributeSet(authorized_subject()),
                    "The subjects that `san_cn` and `full_subject` let through. Upper and lower case count, `*` is a \
                     plain character, and an attribute that is left out must be absent from the certificate too under \
                     `full_subject`.",
                ),
            ),
            (
                "basic_authentication_enabled",
                optional(
                    Bool,
                    "Whether clients may log in with a password (`control_plane_basic_authentication`, Redis Enterprise \
                     8.2 and newer). `false` is refused as long as the provider itself logs in with one.",
                ),
            ),
            (
                "on_destroy",
                defaulted(
                    String,
                    "What destroying does: `keep` leaves the settings as they are, `restore` puts back the values that \
                     were found before Terraform first changed them. Default `keep`, with a warning that says so.",
                ),
            ),
            (
                "allow_lockout",
                defaulted(
                    Bool,
                    "`true` makes changes also when the provider could not log in afterwards, and leaves out the request \
                     that checks it. Default `false`. Known to Terraform only.",
                ),
            ),
            ("id", computed(String, "Name of the cluster.")),
        ],
    )
}
