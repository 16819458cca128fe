//! The bodies of requests and responses as JSON Schema, for the OpenAPI document.

use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};

use crate::model::clearance::{DatabaseAccess, SecurityClearance};

/// A member of a body.
pub(super) struct Member {
    name: &'static str,
    kind: Kind,
    /// True when the member is always present.
    is_required: bool,
}

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Boolean,
    /// A whole number in this range.
    Integer(i64, i64),
    /// Any number.
    Number,
    Text,
    /// Text that matches this pattern, with at most this many characters.
    Form(&'static str, usize),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Texts.
    Texts,
    /// An object without a schema.
    Object,
    /// An array of objects without a schema.
    Objects,
    /// Databases and the access to them.
    Permissions,
    /// A clearance, by its name or its index.
    Clearance,
    /// An array of bodies with this name.
    Bodies(&'static str),
    /// The same or `null`.
    OrNull(&'static Kind),
}

/// Makes bodies: the members that are always present, and those that may be.
macro_rules! bodies {
    ($($name:ident { $($member:ident: $kind:expr),* $(,)? } $(maybe { $($may:ident: $of:expr),* $(,)? })?;)*) => {
        &[$((
            stringify!($name),
            &[
                $(Member { name: stringify!($member), kind: $kind, is_required: true },)*
                $($(Member { name: stringify!($may), kind: $of, is_required: false },)*)?
            ],
        )),*]
    };
}

/// A body. Further members are ignored in requests, as on the real server.
pub(super) fn body(members: &[Member], direction: Direction) -> Schema {
    let mut object = ObjectBuilder::new().schema_type(Type::Object);
    for member in members {
        // `null` in a request is as good as nothing, where nothing is allowed.
        let may_be_null = direction == Direction::Request && !member.is_required;
        object = object.property(member.name, value(member.kind, may_be_null));
        if member.is_required {
            object = object.required(member.name);
        }
    }
    Schema::Object(object.build())
}

/// The direction of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Answer,
}

pub(super) fn value(kind: Kind, may_be_null: bool) -> RefOr<Schema> {
    let of = |kind: Type| {
        let kinds = if may_be_null {
            vec![kind, Type::Null]
        } else {
            vec![kind]
        };
        ObjectBuilder::new().schema_type(kinds.into_iter().collect::<SchemaType>())
    };
    let object = match kind {
        Kind::Boolean => of(Type::Boolean),
        Kind::Integer(min, max) => of(Type::Integer).minimum(Some(min)).maximum(Some(max)),
        Kind::Number => of(Type::Number),
        Kind::Text => of(Type::String),
        Kind::Form(pattern, max) => of(Type::String).pattern(Some(pattern)).max_length(Some(max)),
        Kind::OneOf(words) => ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(words.iter().copied())),
        Kind::Object => of(Type::Object),
        Kind::Permissions => of(Type::Object)
            .property_names(Some(Schema::Object(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some(DATABASE))
                    .build(),
            )))
            .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some(DatabaseAccess::ALL.map(DatabaseAccess::as_str)))
                    .build(),
            ))))),
        Kind::Clearance => return clearance(may_be_null),
        Kind::Texts => return array(value(Kind::Text, false), may_be_null),
        Kind::Objects => return array(value(Kind::Object, false), may_be_null),
        Kind::Bodies(name) => return array(reference(name), may_be_null),
        Kind::OrNull(kind) => return value(*kind, true),
    };
    RefOr::T(Schema::Object(object.build()))
}

fn clearance(may_be_null: bool) -> RefOr<Schema> {
    let names = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(SecurityClearance::ALL.map(SecurityClearance::as_str)));
    if !may_be_null {
        return RefOr::T(Schema::Object(names.build()));
    }
    let places = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(4));
    let null = ObjectBuilder::new().schema_type(Type::Null);
    let mut any = AnyOfBuilder::new();
    for kind in [names, places, null] {
        any = any.item(Schema::Object(kind.build()));
    }
    RefOr::T(Schema::AnyOf(any.build()))
}

fn array(items: RefOr<Schema>, may_be_null: bool) -> RefOr<Schema> {
    let array = ArrayBuilder::new().items(items);
    let array = if may_be_null {
        array.schema_type([Type::Array, Type::Null].into_iter().collect::<SchemaType>())
    } else {
        array
    };
    RefOr::T(Schema::Array(array.build()))
}

fn reference(name: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(name))
}

/// The bodies of requests.
pub(super) const REQUESTS: &[(&str, &[Member])] = bodies! {
    GenerateCertificate { Name: NAME } maybe {
        SecurityClearance: Kind::Clearance, Permissions: Kind::Permissions, Password: Kind::Text, NotAfter: DATE,
        TwoFactorAuthenticationKey: SECRET,
    };
    RegisterCertificate { Name: NAME, Certificate: BASE64 } maybe {
        SecurityClearance: Kind::Clearance, Permissions: Kind::Permissions, Password: Kind::Text,
        TwoFactorAuthenticationKey: SECRET,
    };
    EditCertificate { Thumbprint: Kind::Form("^[0-9A-Fa-f]{40}$", 40), Name: NAME } maybe {
        SecurityClearance: Kind::Clearance, Permissions: Kind::Permissions, Disabled: Kind::Boolean,
        TwoFactorAuthenticationKey: SECRET,
    };
    ReplaceServerCertificate { Certificate: BASE64 } maybe { Password: Kind::Text };
    OneTimeCode { Token: Kind::Integer(0, 999_999) };
};

/// The bodies of answers. Dates are text in the form `yyyy-MM-ddTHH:mm:ss.fffffffZ`. `null` stands for administrators
/// that the settings do not name, for the dates and the certificate of those that they do, and for no session.
pub(super) const ANSWERS: &[(&str, &[Member])] = bodies! {
    Certificate {
        Name: Kind::Text, Thumbprint: THUMBPRINT, SecurityClearance: Kind::Clearance, Permissions: Kind::Permissions,
        NotAfter: DATE, NotBefore: DATE, CollectionSecondaryKeys: Kind::Texts, CollectionPrimaryKey: Kind::Text,
        PublicKeyPinningHash: Kind::Text, Disabled: Kind::Boolean, Usage: Kind::Text,
        SsoServerPublicKeyPinningHashes: Kind::Texts, AllowAnySsoServer: Kind::Boolean, SsoIdentifiers: Kind::Objects,
    } maybe { Certificate: Kind::Text };
    CertificateList {
        Results: Kind::Bodies("Certificate"), LoadedServerCert: THUMBPRINT,
        WellKnownAdminCerts: Kind::OrNull(&Kind::Texts), WellKnownIssuers: Kind::Texts,
    };
    WhoAmI {
        Name: Kind::Text, Thumbprint: THUMBPRINT, SecurityClearance: Kind::Clearance, Permissions: Kind::Permissions,
        NotAfter: Kind::OrNull(&DATE), NotBefore: Kind::OrNull(&DATE), Certificate: Kind::OrNull(&Kind::Text),
        HasTwoFactor: Kind::Boolean, TwoFactorExpirationDate: Kind::OrNull(&DATE),
    };
    ReplacementStatus {
        Confirmations: COUNT, Thumbprint: THUMBPRINT, OldThumbprint: THUMBPRINT, ReplaceImmediately: Kind::Boolean,
        Replaced: COUNT,
    };
    SetupMode { SetupMode: Kind::Text };
    ClusterDomains { ClusterDomains: Kind::Texts };
    ConnectionList { total: COUNT, connections: Kind::Objects };
    RemovalEffect {
        connections_total: COUNT, connections: Kind::Objects, identities_total: COUNT, identities: Kind::Objects,
    };
    LocalState { Results: Kind::Bodies("Certificate") };
    TwoFactorSecret { Secret: Kind::Form("^[A-Z2-7]{32}$", 32) };
    TwoFactorConfiguration { DefaultTwoFactorSessionDurationInMin: COUNT, MaxTwoFactorSessionDurationInMin: COUNT };
    TwoFactorError { Error: Kind::Text };
    ClusterTopology {
        Topology: Kind::Object, Etag: COUNT, Leader: Kind::Text, LeaderShipDuration: Kind::Number,
        CurrentState: Kind::Text, NodeTag: Kind::Text, ServerRole: Kind::Text, CurrentTerm: COUNT,
        NodeLicenseDetails: Kind::Object, LastStateChangeReason: Kind::Text, Status: Kind::Object,
    };
    BuildVersion { BuildVersion: COUNT, ProductVersion: Kind::Text, CommitHash: Kind::Text, FullVersion: Kind::Text };
    LicenseStatus { Status: Kind::Text, Type: Kind::Text, HasReadOnlyCertificates: Kind::Boolean };
    Routes { Debug: Kind::Objects, Production: Kind::Objects };
    OpenApi { openapi: Kind::Text, paths: Kind::Object };
    Error { Url: Kind::Text, Type: Kind::Text, Message: Kind::Text, Error: Kind::Text } maybe {
        LimitType: Kind::Text,
    };
    Refusal { Type: Kind::OneOf(&["InvalidAuth"]), Message: Kind::Text };
};

/// Not blank, without NUL.
const NAME: Kind = Kind::Form("^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$", 256);
const BASE64: Kind = Kind::Form(
    "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    1_048_576,
);
const DATE: Kind = Kind::Form(
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,7})?(Z|[+-][0-9]{2}:[0-9]{2})?$",
    33,
);
const THUMBPRINT: Kind = Kind::Form("^[0-9A-F]{40}$", 40);
const SECRET: Kind = Kind::Form("^([A-Z2-7]{8}){2,12}$", 96);
const COUNT: Kind = Kind::Integer(0, 4_294_967_295);
const DATABASE: &str = "^[0-9A-Za-z_.-]{1,128}$";
