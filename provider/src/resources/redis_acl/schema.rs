//! The schema: the attributes that users can set and read.

use tf_provider::schema::{AttributeType, Schema};

use crate::values::schema::{computed, required, schema};

/// The schema of `certward_redis_acl`.
pub(crate) fn redis_acl() -> Schema {
    use AttributeType::String;
    schema(
        "A Redis ACL on a Redis Enterprise cluster: which commands, keys and channels may be used. A database gives it \
         to a role.\n\n\
         Making an ACL that is there already, and equal, takes it over; one that differs is refused with the `import` \
         block that takes it over. ACLs that came with the cluster can be neither changed nor removed.",
        [
            (
                "name",
                required(
                    String,
                    "Name of the ACL: ASCII letters, digits, blanks and `_ [ ] ( ) @ , . ; # -`. Unique. Changed in place.",
                ),
            ),
            (
                "acl",
                required(
                    String,
                    "The rules, as of `ACL SETUSER`: `+command`, `-command`, `+@category`, `-@category`, keys as `~pattern` \
                     (from Redis 7.2 on also `%R~pattern`, `%W~pattern`), channels as `&pattern`, and selectors in \
                     parentheses, not in one another. Passwords are refused. Blanks between rules make no difference. \
                     Changed in place.",
                ),
            ),
            ("id", computed(String, "The uid of the ACL on the cluster.")),
            (
                "min_version",
                computed(
                    String,
                    "The oldest version of Redis that knows all of the rules, such as `6.0`.",
                ),
            ),
            (
                "max_version",
                computed(String, "The newest version of Redis they are for; `9999` is any."),
            ),
        ],
    )
}
