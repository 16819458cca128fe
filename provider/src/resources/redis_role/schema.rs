//! The schema: the attributes that users can set and read.

use tf_provider::schema::{AttributeType, Schema};

use crate::values::schema::{computed, defaulted, named, required, schema, set_of_strings};

/// The schema of `certward_redis_role`.
pub(crate) fn redis_role() -> Schema {
    use AttributeType::{AttributeList, String};
    schema(
        "A role on a Redis Enterprise cluster: what its users may do with the cluster itself. What they may do with the \
         data of a database follows from the ACL that the database gives the role.\n\n\
         Making a role that is there already, and equal, takes it over; one that differs is refused with the `import` \
         block that takes it over. A role that users or databases still have cannot be removed.",
        [
            (
                "name",
                required(
                    String,
                    "Name of the role: ASCII letters, digits, blanks and `_ [ ] ( ) @ , . ; # -`. Unique. Changed in \
                     place.",
                ),
            ),
            (
                "management",
                required(
                    String,
                    "What its users may do with the cluster: `none` (access to data only), `db_viewer`, \
                     `cluster_viewer`, `db_member`, `cluster_member`, `user_manager` or `admin`. Changed in place. Only \
                     an `admin` can give `admin`.",
                ),
            ),
            (
                "resources",
                defaulted(
                    AttributeList(named([
                        ("type", required(String, "What kind of objects: `db`, databases.")),
                        ("uids", required(set_of_strings(), "The uids of the objects, as text.")),
                    ])),
                    "What the role is limited to, for the management roles `db_member` and `db_viewer`. Default `[]`: \
                     every database. Changed in place. Needs Redis Enterprise 8.2.",
                ),
            ),
            ("id", computed(String, "The uid of the role on the cluster.")),
        ],
    )
}
