//! Users, their passwords and tokens, roles and ACLs (`docs/contracts/redis-enterprise.md#users`,
//! `docs/contracts/redis-enterprise.md#roles` and `docs/contracts/redis-enterprise.md#redis-acls`).

use super::{CHOSEN_PASSWORD, COUNT, MANAGEMENT, MAX_TEXT, TEXT, UID, UID_TEXT, open, strict};
use crate::cluster::name::{EmailAddress, ObjectName, UserName};
use crate::redis_enterprise::api::json::{Kind, Schema, member};

/// A user.
pub(in super::super) const USER: Schema = strict(
    "user",
    "An API object that represents a user of the cluster.",
    &[
        member("uid", UID, "The user's number; the next one when it is left out.").fixed(),
        member(
            "name",
            USER_NAME,
            "The user's name. Databases know a certificate user by it.",
        ),
        member("email", EMAIL, "The user's e-mail address, or an empty string."),
        member("password", CHOSEN_PASSWORD, "The user's one password from now on.").write_only(),
        member(
            "password_hash_method",
            Kind::Integer { min: 1, max: 1 },
            "Not supported: passwords are given as they are.",
        )
        .refused(),
        member(
            "role",
            MANAGEMENT,
            "Deprecated: the first role with this management role.",
        ),
        member("role_uids", Kind::Uids, "The user's roles; their permissions add up."),
        member("auth_method", AUTH_METHOD, "How the user proves who it is; regular."),
        member(
            "certificate_subject_line",
            TEXT,
            "The subject of the user's certificates as RFC 2253 text; for auth_method certificate only.",
        ),
        member(
            "email_alerts",
            Kind::Boolean,
            "Whether alerts are wanted by e-mail; true.",
        ),
        member(
            "cluster_email_alerts",
            Kind::Boolean,
            "Whether alerts about the cluster are wanted.",
        ),
        member(
            "bdbs_email_alerts",
            Kind::Texts,
            "The uids of the databases about which alerts are wanted, or [\"all\"].",
        ),
        member(
            "status",
            Kind::OneOf(&["active", "locked", "password_expired"]),
            "Whether the user can log in.",
        )
        .read_only(),
        member(
            "last_login",
            COUNT,
            "When the user was last let in: seconds since 1970.",
        )
        .read_only(),
        member("password_issue_date", TEXT, "When the newest password was set.").read_only(),
        member("action_uid", TEXT, "The action that made the user.").read_only(),
    ],
);

/// A password to be set or added.
pub(in super::super) const NEW_PASSWORD: Schema = strict(
    "new_password",
    "A password for a user.",
    &[
        member(
            "username",
            TEXT,
            "Whose it is, by name or e-mail address; the caller's own when it is left out.",
        ),
        member("new_password", CHOSEN_PASSWORD, "The password.")
            .write_only()
            .required(),
        member("old_password", PASSWORD, "Not looked at.").write_only(),
        member(
            "password_hash_method",
            Kind::Integer { min: 1, max: 1 },
            "Not supported: passwords are given as they are.",
        )
        .refused(),
    ],
);

/// A password to be removed.
pub(in super::super) const OLD_PASSWORD: Schema = strict(
    "old_password",
    "A password of a user.",
    &[
        member(
            "username",
            TEXT,
            "Whose it is, by name or e-mail address; the caller's own when it is left out.",
        ),
        member("old_password", PASSWORD, "The password.")
            .write_only()
            .required(),
    ],
);

/// A request for a token.
pub(in super::super) const AUTHORIZE: Schema = strict(
    "jwt_authorize",
    "Who asks for a token, and how long it is to last.",
    &[
        member("ttl", TTL, "Seconds; 300."),
        member(
            "username",
            TEXT,
            "A name or an e-mail address, when there is no Authorization header.",
        ),
        member("password", PASSWORD, "The password that goes with it.").write_only(),
    ],
);

/// A request for another token.
pub(in super::super) const REFRESH: Schema = strict(
    "jwt_refresh",
    "How long the next token is to last.",
    &[member("ttl", TTL, "Seconds; 300.")],
);

/// A token.
pub(in super::super) const ACCESS_TOKEN: Schema = strict(
    "jwt",
    "A token.",
    &[member("access_token", TEXT, "For the header Authorization: JWT <token>.").required()],
);

/// The caller's role.
pub(in super::super) const OWN_ROLE: Schema = strict(
    "user_role",
    "The caller's management role.",
    &[member("role", MANAGEMENT, "The highest of the caller's management roles.").required()],
);

/// Permissions of each management role.
pub(in super::super) const PERMISSIONS: Schema = open(
    "permissions",
    "The permissions of management roles, by the role's name.",
    &[member(
        "admin",
        Kind::Object(&ROLE_PERMISSIONS),
        "Those of admin; the others likewise.",
    )],
);

/// Permissions of one management role.
pub(in super::super) const ROLE_PERMISSIONS: Schema = strict(
    "role_permissions",
    "The permissions of a management role.",
    &[
        member("api_permissions", Kind::Texts, "What it may do over the API.").required(),
        member("ui_permissions", Kind::Texts, "The same: this server has no UI.").required(),
    ],
);

/// A role.
pub(in super::super) const ROLE: Schema = strict(
    "role",
    "An API object that represents a role.",
    &[
        member("uid", UID, "The role's number; the next one when it is left out.").fixed(),
        member("name", OBJECT_NAME, "The role's name.").required(),
        member(
            "management",
            MANAGEMENT,
            "What its users may do with the cluster; none.",
        ),
        member(
            "resources",
            Kind::Objects(&RESOURCE),
            "The databases that db_member and db_viewer are limited to; all when it is left out or empty.",
        ),
        member("action_uid", TEXT, "The action that made the role.").read_only(),
    ],
);

/// Restriction of a role to databases.
pub(in super::super) const RESOURCE: Schema = strict(
    "resource",
    "Databases, by type and uids.",
    &[
        member(
            "type",
            Kind::CheckedLater {
                regex: "^db$",
                max: MAX_TEXT,
            },
            "db.",
        )
        .required(),
        member("uids", Kind::TextsOf(&UID_TEXT), "The uids of databases, as strings.").required(),
    ],
);

/// An ACL.
pub(in super::super) const REDIS_ACL: Schema = strict(
    "redis_acl",
    "An API object that represents a Redis access control list.",
    &[
        member("uid", UID, "The ACL's number; the next one when it is left out.").fixed(),
        member("name", OBJECT_NAME, "The ACL's name.").required(),
        member(
            "acl",
            ACL,
            "The rules, in the syntax of ACL SETUSER without users and passwords.",
        )
        .required(),
        member("min_version", TEXT, "The oldest database that knows the rules.").read_only(),
        member("max_version", TEXT, "The newest one: 9999.").read_only(),
        member(
            "certward_warnings",
            Kind::TextList,
            "What engines say against the rules, a sentence each, in the answer to a change; absent without any. Certward's own.",
        )
        .read_only(),
        member("action_uid", TEXT, "The action that made the ACL.").read_only(),
    ],
);

pub(in super::super) const USER_NAME: Kind = Kind::Pattern {
    is_right: |text| text.parse::<UserName>().is_ok(),
    wanted: "a string of 1 to 255 printable ASCII characters without \", &, < and >",
    regex: "^[ -!#-%'-;=?-~]+$",
    max: 255,
};

const OBJECT_NAME: Kind = Kind::Pattern {
    is_right: |text| text.parse::<ObjectName>().is_ok(),
    wanted: "a string of 1 to 255 letters, digits, blanks and _[]()@,.;#-",
    regex: "^[a-zA-Z0-9_ \\[\\]()@,.;#-]+$",
    max: 255,
};

const EMAIL: Kind = Kind::Pattern {
    is_right: |text| text.is_empty() || text.parse::<EmailAddress>().is_ok(),
    wanted: "an e-mail address such as alice@example.com, or an empty string",
    regex: "(^$|^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\\.[a-zA-Z0-9-.]+$)",
    max: 255,
};

const AUTH_METHOD: Kind = Kind::OneOf(&["regular", "certificate", "entraid", "sso"]);

/// Longer than the longest that `password_min_length` can ask for, and short enough to be hashed.
const PASSWORD: Kind = Kind::Text { max: 1024 };

/// The grammar has its own limit and says more.
const ACL: Kind = Kind::Text { max: 64 * 1024 };

const TTL: Kind = Kind::Integer { min: 1, max: 86_400 };
