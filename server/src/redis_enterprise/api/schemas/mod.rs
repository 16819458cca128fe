//! The objects of the API, member for member: what requests are checked against, and what the OpenAPI document and
//! `/v1/jsonschema` show (`docs/contracts/redis-enterprise.md`).

mod certificates;
mod cluster;
mod connected;
mod databases;
mod operations;
mod people;

pub(super) use certificates::{
    CERTIFICATE_NAME, CERTIFICATE_ROTATION, CERTIFICATE_UPLOAD, CERTIFICATE_UPLOADS, CERTIFICATES,
};
pub(super) use cluster::{AUTHORIZED_SUBJECT, CLUSTER, HASHING_ALGORITHM, OCSP, OCSP_STATUS, POLICY};
pub(super) use connected::{CONNECTION_LIST, REMOVAL_EFFECT};
pub(super) use databases::{
    BDB, BDB_CERTIFICATE, BDB_PASSWORD, CLIENT_CERTIFICATE, NEW_BDB, ROLE_PERMISSION, SNAPSHOT_POLICY,
};
pub(super) use operations::{
    ACTION, ACTIONS, BOOTSTRAP, BOOTSTRAP_STATUS, CREDENTIALS, DELETED, DONE, ERROR, LICENSE, LOCAL_NODE, NEW_CLUSTER,
    NEW_LICENSE, NODE,
};
pub(super) use people::{
    ACCESS_TOKEN, AUTHORIZE, NEW_PASSWORD, OLD_PASSWORD, OWN_ROLE, PERMISSIONS, REDIS_ACL, REFRESH, RESOURCE, ROLE,
    ROLE_PERMISSIONS, USER,
};

pub(super) use people::USER_NAME;

use super::json::{Kind, MAX_UID, Member, Schema, Unknown};

/// A strict object.
const fn strict(name: &'static str, summary: &'static str, members: &'static [Member]) -> Schema {
    Schema {
        name,
        summary,
        members,
        unknown: Unknown::Refused,
    }
}

/// An object that holds more than this server looks at.
const fn open(name: &'static str, summary: &'static str, members: &'static [Member]) -> Schema {
    Schema {
        name,
        summary,
        members,
        unknown: Unknown::Ignored,
    }
}

pub(super) const UID: Kind = Kind::Integer { min: 1, max: MAX_UID };
const COUNT: Kind = Kind::Integer { min: 0, max: i64::MAX };
pub(super) const TEXT: Kind = Kind::Text { max: MAX_TEXT };
const PEM: Kind = Kind::Text { max: MAX_PEM };
const PORT: Kind = Kind::Integer { min: 1024, max: 65535 };
/// Text without control characters, which no subject of a certificate that is let in has.
const PLAIN_TEXT: Kind = Kind::Pattern {
    is_right: |text| text.chars().count() <= MAX_TEXT && !text.chars().any(char::is_control),
    wanted: "a string of at most 4096 characters, none of them a control character",
    regex: "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
    max: MAX_TEXT,
};
/// As [`PLAIN_TEXT`], and not empty.
const FILLED_PLAIN_TEXT: Kind = Kind::Pattern {
    is_right: |text| (1..=MAX_TEXT).contains(&text.chars().count()) && !text.chars().any(char::is_control),
    wanted: "a string of 1 to 4096 characters, none of them a control character",
    regex: "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
    max: MAX_TEXT,
};
/// Text that repeats some of a request's, which has its own limit.
pub(super) const LONG_TEXT: Kind = Kind::Text { max: usize::MAX };
/// `password_min_length` asks for 8 characters at least, and for more than the schema can know.
const CHOSEN_PASSWORD: Kind = Kind::CheckedLater {
    regex: "^[\\s\\S]{8,}$",
    max: 1024,
};
/// The uid of an object, or the SHA-256 fingerprint of a certificate.
pub(super) const REMOVABLE: Kind = Kind::CheckedLater {
    regex: "^([1-9][0-9]{0,8}|[0-9A-Fa-f]{64})$",
    max: 64,
};
/// A uid as text.
const UID_TEXT: Kind = Kind::CheckedLater {
    regex: "^[1-9][0-9]{0,8}$",
    max: MAX_TEXT,
};
pub(super) const MANAGEMENT: Kind = Kind::OneOf(&[
    "none",
    "db_viewer",
    "cluster_viewer",
    "db_member",
    "cluster_member",
    "user_manager",
    "admin",
]);

/// No text of this API but PEM needs more.
const MAX_TEXT: usize = 4096;
/// A bundle of a hundred CAs; the limit of the whole body is of the same order.
const MAX_PEM: usize = 1024 * 1024;

/// Every object, for the documents.
pub(super) const ALL: &[&Schema] = &[
    &CLUSTER,
    &AUTHORIZED_SUBJECT,
    &HASHING_ALGORITHM,
    &POLICY,
    &CERTIFICATES,
    &CERTIFICATE_UPLOAD,
    &CERTIFICATE_UPLOADS,
    &CERTIFICATE_ROTATION,
    &USER,
    &NEW_PASSWORD,
    &OLD_PASSWORD,
    &AUTHORIZE,
    &REFRESH,
    &ACCESS_TOKEN,
    &OWN_ROLE,
    &PERMISSIONS,
    &ROLE_PERMISSIONS,
    &ROLE,
    &RESOURCE,
    &REDIS_ACL,
    &BDB,
    &NEW_BDB,
    &CLIENT_CERTIFICATE,
    &SNAPSHOT_POLICY,
    &ROLE_PERMISSION,
    &BDB_PASSWORD,
    &BDB_CERTIFICATE,
    &BOOTSTRAP,
    &BOOTSTRAP_STATUS,
    &NEW_CLUSTER,
    &CREDENTIALS,
    &NODE,
    &LOCAL_NODE,
    &LICENSE,
    &NEW_LICENSE,
    &OCSP,
    &OCSP_STATUS,
    &ACTION,
    &ACTIONS,
    &DELETED,
    &DONE,
    &ERROR,
];

/// Their names.
pub(super) const NAMES: [&str; ALL.len()] = {
    let mut names = [""; ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = ALL[at].name;
        at += 1;
    }
    names
};
