//! The resource's schema.

use std::collections::HashMap;

use tf_provider::schema::{Attribute, AttributeType, Schema};

use crate::resources::cluster_mtls_settings::authorized_subjects::authorized_subject;
use crate::values::schema::{computed, defaulted, named, optional, required, schema, sensitive, set_of_strings};

/// The schema of `certward_redis_database`.
pub(crate) fn redis_database() -> Schema {
    use AttributeType::{AttributeSet, AttributeSingle, Bool, Number, String};
    let schema = schema(
        "A Redis database on a Redis Enterprise cluster, with who may connect to it by certificate and what the users of \
         each role may do there. On the Certward server it is a real Redis behind a port with mutual TLS.\n\n\
         A client that shows a certificate of the database's own authorities (`mtls`) is the user of the certificate's \
         subject (`certward_cert_user`), with the ACL that its role has in `roles_permissions`; no password is asked for. \
         The resource waits until the database can be used. Making a database that is there already, and equal, takes it \
         over; one that differs is refused with the `import` block that takes it over. **Destroying it destroys its \
         data**, so it is protected by default.",
        [
            (
                "name",
                required(
                    String,
                    "Name of the database: 1 to 63 letters, digits and hyphens, a letter or digit first and last. Unique. \
                     Changed in place.",
                ),
            ),
            (
                "memory_size",
                required(
                    Number,
                    "How many octets its data may take, such as `256 * 1024 * 1024`; 0 for no limit, else 2 MiB at \
                     least. Changed in place.",
                ),
            ),
            (
                "port",
                defaulted(
                    Number,
                    "Where clients reach it, 1024 to 65535 and unique. When it is not set, the cluster chooses a free \
                     one, which is kept. Changed in place, which ends open connections.",
                ),
            ),
            (
                "eviction_policy",
                defaulted(
                    String,
                    "Which keys go when the memory is full: `noeviction`, `allkeys-lru`, `allkeys-lfu`, `allkeys-random`, \
                     `volatile-lru`, `volatile-lfu`, `volatile-random` or `volatile-ttl`. Default `volatile-lru`, as the \
                     cluster's. Changed in place.",
                ),
            ),
            (
                "data_persistence",
                defaulted(
                    String,
                    "What of its data is on the disk: `disabled` (nothing), `snapshot` (all of it from time to time, see \
                     `snapshot_policy`) or `aof` (every write, see `aof_policy`). Default `disabled`, as the cluster's: \
                     then a restart empties the database. Changed in place.",
                ),
            ),
            (
                "aof_policy",
                defaulted(
                    String,
                    "When a write is on the disk, with `data_persistence = \"aof\"` only: `appendfsync-every-sec` (within \
                     a second) or `appendfsync-always` (before it is answered). Default `appendfsync-every-sec`. Changed \
                     in place.",
                ),
            ),
            (
                "snapshot_policy",
                optional(
                    AttributeSet(snapshot_policy()),
                    "When a snapshot is taken, with `data_persistence = \"snapshot\"` only, which needs one at least. \
                     Changed in place.",
                ),
            ),
            (
                "mtls",
                optional(
                    AttributeSingle(mtls()),
                    "TLS of the database and the certificates of its clients. An attribute that is left out, or all of \
                     it, is not managed: it is neither read nor changed; a new database has the cluster's default \
                     there. An import takes in what differs from a database without TLS. Changed in place; Redis \
                     Enterprise heeds it for new connections, the Certward server ends open ones that it would not let \
                     in any more.",
                ),
            ),
            (
                "default_user_enabled",
                defaulted(
                    Bool,
                    "Whether Redis's user `default` may connect: whoever shows no certificate, where none is demanded, \
                     and whoever's certificate is nobody's. Default `true`, as the cluster's. Changed in place.",
                ),
            ),
            (
                "default_user_password_wo",
                sensitive(optional(
                    String,
                    "Password of the user `default`. Write-only: it is in no state and no plan, and can come from an \
                     ephemeral resource. It is sent when the database is made and when \
                     `default_user_password_wo_version` changes, in place of all passwords before. Without one the user \
                     `default` needs none. Line ends and NUL characters are refused. Needs Terraform 1.11.",
                )),
            ),
            (
                "default_user_password_wo_version",
                optional(
                    Number,
                    "A number to change with the password, so that Terraform sees that it has changed; set with \
                     `default_user_password_wo` and only then. Leaving both away leaves the password as it is.",
                ),
            ),
            (
                "roles_permissions",
                defaulted(
                    AttributeSet(named([
                        (
                            "role_id",
                            required(
                                String,
                                "Id of the role, such as `certward_redis_role.app.id`. Each role once.",
                            ),
                        ),
                        (
                            "redis_acl_id",
                            required(
                                String,
                                "Id of the ACL that its users have here, such as `certward_redis_acl.app.id`.",
                            ),
                        ),
                    ])),
                    "What the users of roles may do in this database. Users whose roles are not listed are not let in. \
                     Default `[]`. Changed in place.",
                ),
            ),
            (
                "deletion_protection",
                defaulted(
                    Bool,
                    "`true` makes every plan fail that would remove this database and its data. After `terraform taint` \
                     Terraform does not say in the plan what is replaced, so there the apply fails, before anything is \
                     removed. A database that could not be made, or not in `timeouts.create`, is not protected. Default \
                     `true`. Known to Terraform only; others can still delete it. To remove a protected database, first \
                     apply with `false`.",
                ),
            ),
            (
                "timeouts",
                optional(
                    AttributeSingle(named([
                        ("create", timeout("until a new database can be used")),
                        ("update", timeout("until a changed database can be used again")),
                        ("delete", timeout("until a removed database is gone")),
                    ])),
                    "How long to wait for the cluster. Known to Terraform only.",
                ),
            ),
            ("id", computed(String, "The uid of the database on the cluster.")),
            (
                "status",
                computed(
                    String,
                    "Whether it can be used: `active`, or `pending`, `active-change-pending`, `delete-pending`, \
                     `import-pending`, `creation-failed` or `recovery`.",
                ),
            ),
            (
                "endpoint",
                computed(
                    String,
                    "Where clients connect, such as `redis-12000.cluster.example:12000`.",
                ),
            ),
        ],
    );
    // In version 0, the ids of roles_permissions were numbers.
    Schema { version: 1, ..schema }
}

fn snapshot_policy() -> HashMap<String, Attribute> {
    use AttributeType::Number;
    named([
        (
            "seconds",
            required(Number, "So many seconds after the last snapshot, 1 at least."),
        ),
        (
            "writes",
            required(Number, "When so many writes have come since, 1 at least."),
        ),
    ])
}

fn mtls() -> HashMap<String, Attribute> {
    use AttributeType::{AttributeSet, Bool, String};
    named([
        (
            "tls_mode",
            optional(
                String,
                "Whether clients speak TLS: `enabled`, `disabled`, or `replica_ssl` (replicas only; not on the Certward \
                 server).",
            ),
        ),
        (
            "client_authentication_enforced",
            optional(
                Bool,
                "Whether a client must show a certificate. `true` needs `tls_mode` and one of `client_certificates_pem` \
                 at least.",
            ),
        ),
        (
            "client_certificates_pem",
            optional(
                set_of_strings(),
                "The certificates that clients chain to or show, as texts of one or more PEM blocks `CERTIFICATE`: of \
                 authorities, or a client's own, for which `authorized_subjects` are not asked. They are the database's \
                 own; the cluster's `certward_trusted_ca` does not count here. Refused are private keys, and \
                 certificates that have ended when they come in. Order, repetitions, line ends and text around the \
                 blocks make no difference.",
            ),
        ),
        (
            "subject_validation_type",
            optional(
                String,
                "Which certificates of these authorities are let through: `disabled` (all), `san_cn` (the common name, \
                 or a DNS name among the alternative names, is the `common_name` of an authorized subject) or \
                 `full_subject` (all six attributes are those of an authorized subject).",
            ),
        ),
        (
            "authorized_subjects",
            optional(
                AttributeSet(authorized_subject()),
                "The subjects that `san_cn` and `full_subject` let through. Upper and lower case count, `*` is a plain \
                 character, and an attribute that is left out must be absent from the certificate too under \
                 `full_subject`.",
            ),
        ),
        (
            "allow_outdated_certificates",
            optional(
                Bool,
                "`true` lets in clients whose certificates have ended, with a warning at every plan: a certificate that \
                 was lost is then good for ever.",
            ),
        ),
        (
            "allow_weak_hashing",
            optional(
                Bool,
                "`true` lets in clients whose certificates are signed with SHA-1 or have short keys, with a warning at \
                 every plan: such certificates can be forged.",
            ),
        ),
        (
            "allow_missing_extended_key_usage",
            optional(
                Bool,
                "`true` lets in clients whose certificates have no extended key usage, as cert-manager makes them unless \
                 `usages` says `client auth`, or have `anyExtendedKeyUsage`. Certificates that these authorities issue \
                 to servers without naming a purpose then are clients' too. A setting of the Certward server; with any \
                 other cluster `true` is an error.",
            ),
        ),
    ])
}

fn timeout(until: &str) -> Attribute {
    let description = format!("How long to wait {until}, such as `30s` or `10m`. Default `5m`.");
    optional(AttributeType::String, &description)
}
