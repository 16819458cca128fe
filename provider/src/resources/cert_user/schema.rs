//! The resource's schema.

use tf_provider::schema::{AttributeType, Schema};

use crate::values::schema::{computed, defaulted, list_of_strings, named, optional, required, schema, set_of_strings};

/// The schema of `certward_cert_user`.
pub(crate) fn cert_user() -> Schema {
    use AttributeType::{AttributeSingle, Bool, String};
    let schema = schema(
        "A user of Redis Enterprise who is known by the subject of a certificate, and has no password: a person or a \
         service. Whoever holds a certificate of this subject, from a certification authority the cluster trusts, is \
         this user.\n\n\
         The certificate itself is not stored anywhere: a renewed one with the same subject needs no change here. The \
         cluster must trust its authority and have certificate authentication on. Making a user that is there already, \
         and equal, takes it over; one that differs is refused with the `import` block that takes it over.",
        [
            (
                "name",
                required(
                    String,
                    "Name of the user, 1 to 255 printable ASCII characters without `\"`, `&`, `<` and `>`. Unique. It is \
                     what databases see (`ACL WHOAMI`). A Certward server refuses `default` and `certward`, which are users \
                     of every Redis there, and a user whose name has a blank cannot log in to its databases. Changed in place.",
                ),
            ),
            (
                "email",
                defaulted(
                    String,
                    "E-mail address of the user, unique. Default: none (`\"\"`). Changed in place.",
                ),
            ),
            (
                "certificate_subject",
                defaulted(
                    AttributeSingle(named([
                        ("common_name", required(String, "Common name (CN).")),
                        (
                            "organizational_units",
                            optional(
                                list_of_strings(),
                                "Organizational units (OU), in the order of the subject line. Redis Enterprise documents \
                                 one at most.",
                            ),
                        ),
                        ("organization", optional(String, "Organization (O).")),
                        ("locality", optional(String, "The locality (L).")),
                        ("province", optional(String, "State or province (ST).")),
                        ("country", optional(String, "Country (C), two letters.")),
                    ])),
                    "The subject of the certificate, in parts, in the usual order of certificates. One of \
                     `certificate_subject`, `certificate_subject_line` and `certificate_pem` is set; when it is not this \
                     one, the parts are filled in if the subject has these and no others. Changed in place.",
                ),
            ),
            (
                "certificate_subject_line",
                defaulted(
                    String,
                    "The subject of the certificate as text: RFC 2253, the common name first, such as \
                     `CN=app,OU=payments,O=Example,C=US`. Blanks after commas make no difference and are not sent. \
                     Redis Enterprise documents one organizational unit at most. When it is not set, it is filled in. \
                     Changed in place. A certificate's own line is printed by `openssl x509 -noout -subject -nameopt \
                     RFC2253`.",
                ),
            ),
            (
                "certificate_pem",
                optional(
                    String,
                    "A certificate of the user, as text: one PEM block `CERTIFICATE`, or that block with those of its \
                     issuers; its subject is taken, and nothing else of it reaches the cluster. Private keys are refused. A \
                     certificate that nobody can log in with is warned of: of an authority, of X.509 version 1, without \
                     clientAuth by name, with a key that no TLS handshake takes, with critical extensions that are not \
                     known, or of more than 16 KiB. Another certificate with the same subject \
                     changes the state only; so does, after an `import` block, the first plan with this attribute, \
                     `certificate_subject` or `role`, none of which an import knows.",
                ),
            ),
            (
                "role_ids",
                defaulted(
                    set_of_strings(),
                    "Ids of the user's roles, such as `[certward_redis_role.app.id]`. Either `role_ids` or `role` is \
                     set; the other is filled in. Changed in place.",
                ),
            ),
            (
                "role",
                defaulted(
                    String,
                    "Management role, in place of `role_ids`: `none`, `db_viewer`, `cluster_viewer`, `db_member`, \
                     `cluster_member`, `user_manager` or `admin`. The cluster picks its role for it. Redis Enterprise \
                     calls this form deprecated and takes it until the end of 2027; prefer `role_ids`. Changed in place.",
                ),
            ),
            (
                "email_alerts",
                defaulted(
                    Bool,
                    "Whether the user gets mails about alerts. Default `true`, as the cluster's. Changed in place.",
                ),
            ),
            (
                "deletion_protection",
                defaulted(
                    Bool,
                    "`true` makes every plan fail that would remove this user; after `terraform taint`, of which a plan does \
                     not say what it replaces, the apply, before anything is removed. Default `false`. Known to Terraform \
                     only; others can still delete the user. To remove a protected user, first apply with `false`.",
                ),
            ),
            ("id", computed(String, "The uid of the user on the cluster.")),
            (
                "auth_method",
                computed(String, "How the user logs in: always `certificate`."),
            ),
            (
                "status",
                computed(String, "Whether the user can log in: `active` or `locked`."),
            ),
        ],
    );
    // In version 0, role_ids were numbers.
    Schema { version: 1, ..schema }
}
