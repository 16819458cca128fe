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

const fn required(name: &'static str, kind: Kind) -> Member {
    Member {
        name,
        kind,
        is_required: true,
    }
}

const fn optional(name: &'static str, kind: Kind) -> Member {
    Member {
        name,
        kind,
        is_required: false,
    }
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
pub(super) const REQUESTS: &[(&str, &[Member])] = &[
    (
        "GenerateCertificate",
        &[
            required("Name", NAME),
            optional("SecurityClearance", Kind::Clearance),
            optional("Permissions", Kind::Permissions),
            optional("Password", Kind::Text),
            optional("NotAfter", DATE),
            optional("TwoFactorAuthenticationKey", SECRET),
        ],
    ),
    (
        "RegisterCertificate",
        &[
            required("Name", NAME),
            required("Certificate", BASE64),
            optional("SecurityClearance", Kind::Clearance),
            optional("Permissions", Kind::Permissions),
            optional("Password", Kind::Text),
            optional("TwoFactorAuthenticationKey", SECRET),
        ],
    ),
    (
        "EditCertificate",
        &[
            required("Thumbprint", Kind::Form("^[0-9A-Fa-f]{40}$", 40)),
            required("Name", NAME),
            optional("SecurityClearance", Kind::Clearance),
            optional("Permissions", Kind::Permissions),
            optional("Disabled", Kind::Boolean),
            optional("TwoFactorAuthenticationKey", SECRET),
        ],
    ),
    (
        "ReplaceServerCertificate",
        &[required("Certificate", BASE64), optional("Password", Kind::Text)],
    ),
    ("OneTimeCode", &[required("Token", Kind::Integer(0, 999_999))]),
];

/// The bodies of responses. Dates are text in the form `yyyy-MM-ddTHH:mm:ss.fffffffZ`.
pub(super) const ANSWERS: &[(&str, &[Member])] = &[
    ("Certificate", CERTIFICATE),
    (
        "CertificateList",
        &[
            required("Results", Kind::Bodies("Certificate")),
            required("LoadedServerCert", THUMBPRINT),
            // `null` when the settings name none.
            required("WellKnownAdminCerts", Kind::OrNull(&Kind::Texts)),
            required("WellKnownIssuers", Kind::Texts),
        ],
    ),
    (
        "WhoAmI",
        &[
            required("Name", Kind::Text),
            required("Thumbprint", THUMBPRINT),
            required("SecurityClearance", Kind::Clearance),
            required("Permissions", Kind::Permissions),
            // `null` for certificates that the settings trust.
            required("NotAfter", Kind::OrNull(&DATE)),
            required("NotBefore", Kind::OrNull(&DATE)),
            required("Certificate", Kind::OrNull(&Kind::Text)),
            required("HasTwoFactor", Kind::Boolean),
            // `null` without a session.
            required("TwoFactorExpirationDate", Kind::OrNull(&DATE)),
        ],
    ),
    (
        "ReplacementStatus",
        &[
            required("Confirmations", COUNT),
            required("Thumbprint", THUMBPRINT),
            required("OldThumbprint", THUMBPRINT),
            required("ReplaceImmediately", Kind::Boolean),
            required("Replaced", COUNT),
        ],
    ),
    ("SetupMode", &[required("SetupMode", Kind::Text)]),
    ("ClusterDomains", &[required("ClusterDomains", Kind::Texts)]),
    (
        "ConnectionList",
        &[required("total", COUNT), required("connections", Kind::Objects)],
    ),
    (
        "RemovalEffect",
        &[
            required("connections_total", COUNT),
            required("connections", Kind::Objects),
            required("identities_total", COUNT),
            required("identities", Kind::Objects),
        ],
    ),
    ("LocalState", &[required("Results", Kind::Bodies("Certificate"))]),
    (
        "TwoFactorSecret",
        &[required("Secret", Kind::Form("^[A-Z2-7]{32}$", 32))],
    ),
    (
        "TwoFactorConfiguration",
        &[
            required("DefaultTwoFactorSessionDurationInMin", COUNT),
            required("MaxTwoFactorSessionDurationInMin", COUNT),
        ],
    ),
    ("TwoFactorError", &[required("Error", Kind::Text)]),
    (
        "ClusterTopology",
        &[
            required("Topology", Kind::Object),
            required("Etag", COUNT),
            required("Leader", Kind::Text),
            required("LeaderShipDuration", Kind::Number),
            required("CurrentState", Kind::Text),
            required("NodeTag", Kind::Text),
            required("ServerRole", Kind::Text),
            required("CurrentTerm", COUNT),
            required("NodeLicenseDetails", Kind::Object),
            required("LastStateChangeReason", Kind::Text),
            required("Status", Kind::Object),
        ],
    ),
    (
        "BuildVersion",
        &[
            required("BuildVersion", COUNT),
            required("ProductVersion", Kind::Text),
            required("CommitHash", Kind::Text),
            required("FullVersion", Kind::Text),
        ],
    ),
    (
        "LicenseStatus",
        &[
            required("Status", Kind::Text),
            required("Type", Kind::Text),
            required("HasReadOnlyCertificates", Kind::Boolean),
        ],
    ),
    (
        "Routes",
        &[required("Debug", Kind::Objects), required("Production", Kind::Objects)],
    ),
    (
        "OpenApi",
        &[required("openapi", Kind::Text), required("paths", Kind::Object)],
    ),
    (
        "Error",
        &[
            required("Url", Kind::Text),
            required("Type", Kind::Text),
            required("Message", Kind::Text),
            required("Error", Kind::Text),
            optional("LimitType", Kind::Text),
        ],
    ),
    (
        "Refusal",
        &[
            required("Type", Kind::OneOf(&["InvalidAuth"])),
            required("Message", Kind::Text),
        ],
    ),
];

const CERTIFICATE: &[Member] = &[
    required("Name", Kind::Text),
    required("Thumbprint", THUMBPRINT),
    required("SecurityClearance", Kind::Clearance),
    required("Permissions", Kind::Permissions),
    required("NotAfter", DATE),
    required("NotBefore", DATE),
    required("CollectionSecondaryKeys", Kind::Texts),
    required("CollectionPrimaryKey", Kind::Text),
    required("PublicKeyPinningHash", Kind::Text),
    required("Disabled", Kind::Boolean),
    required("Usage", Kind::Text),
    required("SsoServerPublicKeyPinningHashes", Kind::Texts),
    required("AllowAnySsoServer", Kind::Boolean),
    required("SsoIdentifiers", Kind::Objects),
    optional("Certificate", Kind::Text),
];

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
