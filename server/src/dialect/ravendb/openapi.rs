//! The OpenAPI 3.1 document, made from the table of routes.

use axum::response::Response;
use serde::Serialize;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::security::{SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required, ResponseBuilder,
    Schema,
};

use super::answer;
use super::authorized::Authorized;
use super::routes::{Access, Content, ROUTES, Route};
use crate::authority::clearance::Level;
use crate::authz::action::ReadTopology;

/// The document for every route of [`ROUTES`].
#[must_use]
pub fn openapi() -> OpenApi {
    let mut paths = Paths::new();
    for route in ROUTES {
        let path = route.path.replace("{*", "{");
        for (method, name) in METHODS {
            if route.method == name || route.method == "*" {
                paths.add_path_operation(&path, vec![method], operation(route));
            }
        }
    }
    let mut components = ComponentsBuilder::new().security_scheme(
        CLIENT_CERTIFICATE,
        SecurityScheme::MutualTls {
            description: Some("A registered client certificate".to_owned()),
            deprecated: None,
            extensions: None,
        },
    );
    for (name, properties) in SCHEMAS {
        components = components.schema(*name, object(properties));
    }
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("RavenDB certificate administration, served by Certward")
                .version("7.2")
                .build(),
        )
        .paths(paths)
        .components(Some(components.build()))
        .build()
}

/// `GET /openapi.json`
pub(super) async fn document(_: Authorized<ReadTopology>) -> Response {
    answer::json(&openapi())
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Routes {
    debug: Vec<RouteLine>,
    production: Vec<RouteLine>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RouteLine {
    path: &'static str,
    methods: &'static str,
}

/// `GET /debug/routes` (observed record `942-debug-routes`)
pub(super) async fn routes(_: Authorized<ReadTopology>) -> Response {
    let (mut debug, mut production) = (Vec::new(), Vec::new());
    for route in ROUTES {
        let line = RouteLine {
            path: route.path,
            methods: route.method,
        };
        if route.path.starts_with("/debug/") {
            &mut debug
        } else {
            &mut production
        }
        .push(line);
    }
    answer::json(&Routes { debug, production })
}

fn operation(route: &Route) -> Operation {
    let mut operation = OperationBuilder::new()
        .summary(Some(route.summary))
        .description(Some(match route.access {
            Access::Anybody => "No certificate is needed.",
            Access::Level(Level::ValidUser) => "Any valid certificate.",
            Access::Level(Level::Operator) => "Operator or above.",
            Access::Level(Level::ClusterAdmin) => "ClusterAdmin.",
        }));
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')) {
        let name = name.trim_start_matches('*').trim_end_matches('}');
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(schema("string"))),
        );
    }
    for (name, kind, meaning) in route.query {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(*name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(*meaning))
                .schema(Some(schema(kind))),
        );
    }
    if let Some(request) = route.request {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(request)))
            .build();
        operation = operation.request_body(Some(
            RequestBodyBuilder::new()
                .content("application/json", content)
                .required(Some(Required::True))
                .build(),
        ));
    }
    operation = operation.response(route.status.to_string(), answer_of(route));
    if route.status != 500 && route.access != Access::Anybody {
        operation = operation.response(
            "500",
            json_answer("The request is wrong, or cannot be carried out; see Type", "Error"),
        );
    }
    if let Access::Level(_) = route.access {
        operation = operation
            .response(
                "403",
                json_answer(
                    "The certificate is missing, unknown, not valid now, or its rank too low",
                    "Refusal",
                ),
            )
            .response("428", json_answer("A one-time code is needed first", "Refusal"))
            .security(SecurityRequirement::new::<_, [&str; 0], &str>(CLIENT_CERTIFICATE, []));
    }
    operation.build()
}

fn answer_of(route: &Route) -> utoipa::openapi::Response {
    match route.content {
        Content::Nothing => ResponseBuilder::new().description("Done").build(),
        Content::Json(name) => json_answer("The answer", name),
        Content::File(media_type) => {
            let content = ContentBuilder::new().schema(Some(schema("string"))).build();
            ResponseBuilder::new()
                .description("The file")
                .content(media_type, content)
                .build()
        }
    }
}

fn json_answer(description: &str, name: &str) -> utoipa::openapi::Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content)
        .build()
}

/// `text`, `text?`, … in the tables below.
fn schema(kind: &str) -> RefOr<Schema> {
    let simple = |kind| RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(kind).build()));
    match kind {
        "boolean" => simple(Type::Boolean),
        "integer" => simple(Type::Integer),
        "object" => simple(Type::Object),
        "string" => simple(Type::String),
        "strings" => RefOr::T(Schema::Array(ArrayBuilder::new().items(schema("string")).build())),
        "map" => RefOr::T(Schema::Object(
            ObjectBuilder::new()
                .schema_type(Type::Object)
                .additional_properties(Some(AdditionalProperties::RefOr(schema("string"))))
                .build(),
        )),
        "definitions" => RefOr::T(Schema::Array(
            ArrayBuilder::new().items(Ref::from_schema_name("Certificate")).build(),
        )),
        name => RefOr::Ref(Ref::from_schema_name(name)),
    }
}

fn object(properties: &[(&str, &str)]) -> Schema {
    let mut object = ObjectBuilder::new().schema_type(Type::Object);
    for (name, kind) in properties {
        object = object.property(*name, schema(kind));
    }
    Schema::Object(object.build())
}

const METHODS: [(HttpMethod, &str); 5] = [
    (HttpMethod::Get, "GET"),
    (HttpMethod::Post, "POST"),
    (HttpMethod::Put, "PUT"),
    (HttpMethod::Delete, "DELETE"),
    (HttpMethod::Patch, "PATCH"),
];

const CLIENT_CERTIFICATE: &str = "client_certificate";

/// The bodies: their members and types. Dates are text in the form `yyyy-MM-ddTHH:mm:ss.fffffffZ`.
const SCHEMAS: &[(&str, &[(&str, &str)])] = &[
    ("Certificate", CERTIFICATE),
    (
        "CertificateList",
        &[
            ("Results", "definitions"),
            ("LoadedServerCert", "string"),
            ("WellKnownAdminCerts", "strings"),
            ("WellKnownIssuers", "strings"),
        ],
    ),
    (
        "WhoAmI",
        &[
            ("Name", "string"),
            ("Thumbprint", "string"),
            ("SecurityClearance", "string"),
            ("Permissions", "map"),
            ("NotAfter", "string"),
            ("NotBefore", "string"),
            ("Certificate", "string"),
            ("HasTwoFactor", "boolean"),
            ("TwoFactorExpirationDate", "string"),
        ],
    ),
    (
        "GenerateCertificate",
        &[
            ("Name", "string"),
            ("SecurityClearance", "string"),
            ("Permissions", "map"),
            ("Password", "string"),
            ("NotAfter", "string"),
            ("TwoFactorAuthenticationKey", "string"),
        ],
    ),
    (
        "RegisterCertificate",
        &[
            ("Name", "string"),
            ("Certificate", "string"),
            ("SecurityClearance", "string"),
            ("Permissions", "map"),
            ("Password", "string"),
            ("TwoFactorAuthenticationKey", "string"),
        ],
    ),
    (
        "EditCertificate",
        &[
            ("Thumbprint", "string"),
            ("Name", "string"),
            ("SecurityClearance", "string"),
            ("Permissions", "map"),
            ("Disabled", "boolean"),
            ("TwoFactorAuthenticationKey", "string"),
        ],
    ),
    (
        "ReplaceServerCertificate",
        &[("Certificate", "string"), ("Password", "string")],
    ),
    (
        "ReplacementStatus",
        &[
            ("Confirmations", "integer"),
            ("Thumbprint", "string"),
            ("OldThumbprint", "string"),
            ("ReplaceImmediately", "boolean"),
            ("Replaced", "integer"),
        ],
    ),
    ("SetupMode", &[("SetupMode", "string")]),
    ("ClusterDomains", &[("ClusterDomains", "strings")]),
    ("LocalState", &[("Results", "definitions")]),
    ("TwoFactorSecret", &[("Secret", "string")]),
    (
        "TwoFactorConfiguration",
        &[
            ("DefaultTwoFactorSessionDurationInMin", "integer"),
            ("MaxTwoFactorSessionDurationInMin", "integer"),
        ],
    ),
    ("OneTimeCode", &[("Token", "integer")]),
    (
        "ClusterTopology",
        &[
            ("Topology", "object"),
            ("Etag", "integer"),
            ("Leader", "string"),
            ("NodeTag", "string"),
            ("Status", "object"),
        ],
    ),
    (
        "BuildVersion",
        &[
            ("BuildVersion", "integer"),
            ("ProductVersion", "string"),
            ("CommitHash", "string"),
            ("FullVersion", "string"),
        ],
    ),
    (
        "LicenseStatus",
        &[
            ("Status", "string"),
            ("Type", "string"),
            ("HasReadOnlyCertificates", "boolean"),
        ],
    ),
    ("Routes", &[("Debug", "object"), ("Production", "object")]),
    ("OpenApi", &[("openapi", "string"), ("paths", "object")]),
    (
        "Error",
        &[
            ("Url", "string"),
            ("Type", "string"),
            ("Message", "string"),
            ("Error", "string"),
            ("LimitType", "string"),
        ],
    ),
    ("Refusal", &[("Type", "string"), ("Message", "string")]),
];

const CERTIFICATE: &[(&str, &str)] = &[
    ("Name", "string"),
    ("Thumbprint", "string"),
    ("SecurityClearance", "string"),
    ("Permissions", "map"),
    ("NotAfter", "string"),
    ("NotBefore", "string"),
    ("CollectionSecondaryKeys", "strings"),
    ("CollectionPrimaryKey", "string"),
    ("PublicKeyPinningHash", "string"),
    ("Disabled", "boolean"),
    ("Usage", "string"),
    ("SsoServerPublicKeyPinningHashes", "strings"),
    ("AllowAnySsoServer", "boolean"),
    ("SsoIdentifiers", "strings"),
    ("Certificate", "string"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_describes_every_route_and_no_other() {
        let document = serde_json::to_value(openapi()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(
                    !operation["responses"].as_object().unwrap().is_empty(),
                    "{method} {path}"
                );
                described.insert((method.to_uppercase(), path.clone()));
            }
        }
        let mut served = BTreeSet::new();
        for route in ROUTES {
            for (_, method) in METHODS {
                if route.method == method || route.method == "*" {
                    served.insert((method.to_owned(), route.path.replace("{*", "{")));
                }
            }
        }
        assert_eq!(described, served);
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let document = serde_json::to_value(openapi()).unwrap();
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
    }
}
