//! The objects of the API, member for member: what requests are checked against, and what the OpenAPI document and
//! `/v1/jsonschema` show (`docs/contracts/redis-enterprise.md`).

mod certificates;
mod cluster;
mod connected;
mod databases;
mod operations;
mod people;

pub(super) use certificates::{
    CERTIFICATE_NAME, CERTIFICATES, CertificateRotation, CertificateUpload, CertificateUploads,
};
pub(super) use cluster::{Cluster, HashingAlgorithm, Ocsp, OcspStatus, Policy, subjects};
pub(super) use connected::{CONNECTION_LIST, REMOVAL_EFFECT};
pub(super) use databases::{Bdb, BdbCertificate, BdbPassword, ClientCertificate, NEW_BDB, Switch, TlsWord, bdb_fixed};
pub(super) use operations::{
    Action, Actions, Bootstrap, BootstrapStatus, Credentials, DONE, Deleted, Error, LICENSE, LOCAL_NODE, NODE,
    NewCluster, NewLicense,
};
pub(super) use people::{
    AccessToken, Authorize, Email, NewPassword, OldPassword, OwnRole, PERMISSIONS, RedisAcl, Refresh, Resource, Role,
    RolePermissions, Token, User,
};

use super::json::{self, Body as _, Kind, MAX_UID, Member, Schema, Unknown};
pub(super) use super::json::{TEXT, Wire};
use certward_certificates::trust::AuthorizedSubject;
use certward_redis_model::database::{RolePermission, SnapshotPolicy};
use certward_redis_model::permission::ManagementRole;

/// Makes the members that are names, by their own grammar: what it takes, in words, in characters and as a regular expression.
macro_rules! texts {
    ($($Type:ident: $wanted:literal, $max:literal, $regex:literal;)*) => {
        $(impl json::Wire for $Type {
            const KIND: json::Kind = json::Kind::Pattern {
                is_right: |text| text.parse::<$Type>().is_ok(),
                wanted: $wanted,
                regex: $regex,
                max: $max,
            };

            fn read(value: &json::Value) -> Option<Self> {
                value.as_text()?.parse().ok()
            }

            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        })*
    };
}
use texts;

/// Makes the schemas of answers that are written without a type of this module's.
macro_rules! answers {
    ($($unknown:ident $NAME:ident = $name:literal, $summary:literal {
        $($member:ident: $kind:expr, $meaning:expr;)*
    })*) => {
        $(
            #[doc = $summary]
            pub(in super::super) const $NAME: json::Schema = super::$unknown(
                $name,
                $summary,
                &[$(json::member(stringify!($member), $kind, $meaning).read_only()),*],
            );
        )*
    };
}
use answers;

/// A strict object.
const fn strict(name: &'static str, summary: &'static str, members: &'static [Member]) -> Schema {
    Schema {
        name,
        summary,
        members,
        unknown: Unknown::Refused,
        fixed: None,
    }
}

/// An object that holds more than this server looks at.
const fn open(name: &'static str, summary: &'static str, members: &'static [Member]) -> Schema {
    Schema {
        name,
        summary,
        members,
        unknown: Unknown::Ignored,
        fixed: None,
    }
}

/// A whole number in this range.
pub(super) const fn int(min: i64, max: i64) -> Kind {
    Kind::Integer { min, max }
}

pub(super) const UID: Kind = int(1, MAX_UID);
const COUNT: Kind = int(0, i64::MAX);
const PEM: Kind = Kind::Text { max: MAX_PEM };
const PORT: Kind = int(1024, 65535);
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
pub(super) const MANAGEMENT: Kind = <ManagementRole as Wire>::KIND;

/// No text of this API but PEM needs more.
const MAX_TEXT: usize = 4096;
/// A bundle of a hundred CAs; the limit of the whole body is of the same order.
const MAX_PEM: usize = 1024 * 1024;

/// Every object, for the documents.
pub(super) const ALL: &[&Schema] = &[
    Cluster::SCHEMA,
    AuthorizedSubject::SCHEMA,
    HashingAlgorithm::SCHEMA,
    Policy::SCHEMA,
    &CERTIFICATES,
    CertificateUpload::SCHEMA,
    CertificateUploads::SCHEMA,
    CertificateRotation::SCHEMA,
    User::SCHEMA,
    NewPassword::SCHEMA,
    OldPassword::SCHEMA,
    Authorize::SCHEMA,
    Refresh::SCHEMA,
    AccessToken::SCHEMA,
    OwnRole::SCHEMA,
    &PERMISSIONS,
    RolePermissions::SCHEMA,
    Role::SCHEMA,
    Resource::SCHEMA,
    RedisAcl::SCHEMA,
    Bdb::SCHEMA,
    &NEW_BDB,
    ClientCertificate::SCHEMA,
    SnapshotPolicy::SCHEMA,
    RolePermission::SCHEMA,
    BdbPassword::SCHEMA,
    BdbCertificate::SCHEMA,
    Bootstrap::SCHEMA,
    BootstrapStatus::SCHEMA,
    NewCluster::SCHEMA,
    Credentials::SCHEMA,
    &NODE,
    &LOCAL_NODE,
    &LICENSE,
    NewLicense::SCHEMA,
    Ocsp::SCHEMA,
    OcspStatus::SCHEMA,
    Action::SCHEMA,
    Actions::SCHEMA,
    Deleted::SCHEMA,
    &DONE,
    Error::SCHEMA,
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
