//! Users, their passwords and tokens, roles and ACLs (`docs/contracts/redis-enterprise.md#users`,
//! `docs/contracts/redis-enterprise.md#roles` and `docs/contracts/redis-enterprise.md#redis-acls`).

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serializer;

use super::json::{self, Body as _, Kind, Schema, Value, Wire, member, objects, words};
use super::{CHOSEN_PASSWORD, COUNT, MAX_TEXT, TEXT, UID_TEXT, int, open, texts};
use certward_redis_model::name::{EmailAddress, ObjectName, UserName};
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::uid::{RedisAclUid, RoleUid, UserUid};
use certward_redis_model::user::{AuthMethod, UserStatus};

objects! {
    #[derive(Default)]
    strict User = "user", "An API object that represents a user of the cluster." {
        action_uid: Option<String>, "The action that made the user.", read_only;
        auth_method: Option<AuthMethod>, "How the user proves who it is; regular.";
        bdbs_email_alerts: Option<Vec<String>> = Kind::Texts,
            "The uids of the databases about which alerts are wanted, or [\"all\"].";
        certificate_subject_line: Option<String>,
            "The subject of the user's certificates as RFC 2253 text; for auth_method certificate only.";
        cluster_email_alerts: Option<bool>, "Whether alerts about the cluster are wanted.";
        email: Option<Email>, "The user's e-mail address, or an empty string.";
        email_alerts: Option<bool>, "Whether alerts are wanted by e-mail; true.";
        last_login: Option<i64> = COUNT, "When the user was last let in: seconds since 1970.", read_only;
        name: Option<UserName>, "The user's name. Databases know a certificate user by it.";
        password_issue_date: Option<String>, "When the newest password was set.", read_only;
        role: Option<ManagementRole>, "Deprecated: the first role with this management role.";
        role_uids: Option<Vec<RoleUid>>, "The user's roles; their permissions add up.";
        status: Option<UserStatus>, "Whether the user can log in.", read_only;
        uid: Option<UserUid>, "The user's number; the next one when it is left out.", fixed;
        password: Option<SecretString> = CHOSEN_PASSWORD, "The user's one password from now on.", write_only;
        password_hash_method: Option<u64> = int(1, 1), "Not supported: passwords are given as they are.", refused;
    }

    strict NewPassword = "new_password", "A password for a user." {
        username: Option<String>, "Whose it is, by name or e-mail address; the caller's own when it is left out.";
        new_password: SecretString = CHOSEN_PASSWORD, "The password.", write_only, required;
        old_password: Option<SecretString> = PASSWORD, "Not looked at.", write_only;
        password_hash_method: Option<u64> = int(1, 1), "Not supported: passwords are given as they are.", refused;
    }

    strict OldPassword = "old_password", "A password of a user." {
        username: Option<String>, "Whose it is, by name or e-mail address; the caller's own when it is left out.";
        old_password: SecretString = PASSWORD, "The password.", write_only, required;
    }

    strict Authorize = "jwt_authorize", "Who asks for a token, and how long it is to last." {
        ttl: Option<u64> = TTL, "Seconds; 300.";
        username: Option<String>, "A name or an e-mail address, when there is no Authorization header.";
        password: Option<SecretString> = PASSWORD, "The password that goes with it.", write_only;
    }

    strict Refresh = "jwt_refresh", "How long the next token is to last." {
        ttl: Option<u64> = TTL, "Seconds; 300.";
    }

    strict AccessToken = "jwt", "A token." {
        access_token: Token, "For the header Authorization: JWT <token>.", required;
    }

    strict OwnRole = "user_role", "The caller's management role." {
        role: Option<ManagementRole>, "The highest of the caller's management roles.", required;
    }

    strict RolePermissions = "role_permissions", "The permissions of a management role." {
        api_permissions: Vec<&'static str> = Kind::Texts, "What it may do over the API.", required;
        ui_permissions: Vec<&'static str> = Kind::Texts, "The same: this server has no UI.", required;
    }

    strict Role = "role", "An API object that represents a role." {
        management: Option<ManagementRole>, "What its users may do with the cluster; none.";
        name: Option<ObjectName>, "The role's name.", required;
        resources: Option<Vec<Resource>>,
            "The databases that db_member and db_viewer are limited to; all when it is left out or empty.";
        uid: Option<RoleUid>, "The role's number; the next one when it is left out.", fixed;
        action_uid: Option<String>, "The action that made the role.", read_only;
    }

    strict Resource = "resource", "Databases, by type and uids." {
        kind "type": String = DATABASES, "db.", required;
        uids: Vec<String> = Kind::TextsOf(&UID_TEXT), "The uids of databases, as strings.", required;
    }

    #[derive(Default)]
    strict RedisAcl = "redis_acl", "An API object that represents a Redis access control list." {
        uid: Option<RedisAclUid>, "The ACL's number; the next one when it is left out.", fixed;
        name: Option<ObjectName>, "The ACL's name.", required;
        acl: Option<String> = ACL, "The rules, in the syntax of ACL SETUSER without users and passwords.", required;
        min_version: Option<String>, "The oldest database that knows the rules.", read_only;
        max_version: Option<&'static str>, "The newest one: 9999.", read_only;
        certward_warnings: Option<Vec<String>>,
            "What engines say against the rules, a sentence each, in the answer to a change; absent without any. Certward's own.", read_only;
        action_uid: Option<String>, "The action that made the ACL.", read_only;
    }
}

/// The permissions of each management role.
pub(in super::super) const PERMISSIONS: Schema = open(
    "permissions",
    "The permissions of management roles, by the role's name.",
    &[member(
        "admin",
        Kind::Object(RolePermissions::SCHEMA),
        "Those of admin; the others likewise.",
    )],
);

words! {
    AuthMethod.as_str: Regular, Certificate, EntraId, Sso;
    UserStatus.as_str: Active, Locked, PasswordExpired;
    ManagementRole.as_str: None, DbViewer, ClusterViewer, DbMember, ClusterMember, UserManager, Admin;
}

texts! {
    UserName: "a string of 1 to 255 printable ASCII characters without \", &, < and >", 255, "^[ -!#-%'-;=?-~]+$";
    ObjectName: "a string of 1 to 255 letters, digits, blanks and _[]()@,.;#-", 255, "^[a-zA-Z0-9_ \\[\\]()@,.;#-]+$";
}

/// An e-mail address, or none, which is written as an empty string.
pub(in super::super) struct Email(pub(in super::super) Option<EmailAddress>);

impl Wire for Email {
    const KIND: Kind = Kind::Pattern {
        is_right: |text| text.is_empty() || text.parse::<EmailAddress>().is_ok(),
        wanted: "an e-mail address such as alice@example.com, or an empty string",
        regex: "(^$|^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\\.[a-zA-Z0-9-.]+$)",
        max: 255,
    };

    fn read(value: &Value) -> Option<Self> {
        match value.as_text()? {
            "" => Some(Self(None)),
            text => text.parse().ok().map(|address| Self(Some(address))),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_ref().map_or("", |address| address.as_str()))
    }
}

/// A token, which the one answer tells that is about it.
pub(in super::super) struct Token(pub(in super::super) SecretString);

impl Wire for Token {
    const KIND: Kind = TEXT;

    fn read(value: &Value) -> Option<Self> {
        SecretString::read(value).map(Self)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

const DATABASES: Kind = Kind::CheckedLater {
    regex: "^db$",
    max: MAX_TEXT,
};

/// Longer than the longest that `password_min_length` can ask for, and short enough to be hashed.
const PASSWORD: Kind = Kind::Text { max: 1024 };

/// The grammar has its own limit and says more.
const ACL: Kind = Kind::Text { max: 64 * 1024 };

const TTL: Kind = int(1, 86_400);
