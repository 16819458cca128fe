//! The OpenAPI 3.1 document, made from the table of routes and the tables that requests are checked against.

use std::collections::BTreeSet;

use axum::response::Response;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required as Needed,
    ResponseBuilder, Schema as Described,
};

use super::answer;
use super::authorized::Authorized;
use super::json::{Access as Written, Kind, Schema, Unknown};
use super::node::SOFTWARE_VERSION;
use super::routes::{Access, Content, ROUTES, Route};
use super::schemas::{self, ERROR};
use crate::cluster::access::Required;
use crate::cluster::access::action::ViewSchema;

/// The document for every route of [`ROUTES`].
#[must_use]
pub fn openapi() -> OpenApi {
    let mut paths = Paths::new();
    for route in ROUTES {
        for (method, name) in METHODS {
            if route.method == name {
                paths.add_path_operation(route.path, vec![method], operation(route));
            }
        }
    }
    let mut components = ComponentsBuilder::new()
        .security_scheme(
            CERTIFICATE,
            SecurityScheme::MutualTls {
                description: Some("The certificate of a certificate user, or of an administrator".to_owned()),
                deprecated: None,
                extensions: None,
            },
        )
        .security_scheme(BASIC, SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)))
        .security_scheme(TOKEN, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    for schema in schemas::ALL {
        components = components.schema(schema.name, object(schema));
    }
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Redis Enterprise Software's certificate authentication, served by Certward")
                .version(SOFTWARE_VERSION)
                .build(),
        )
        .paths(paths)
        .components(Some(components.build()))
        .build()
}

/// `GET /v1/openapi.json`
pub(super) async fn document(_: Authorized<ViewSchema>) -> Response {
    answer::json(&openapi())
}

fn operation(route: &Route) -> Operation {
    let mut operation = OperationBuilder::new()
        .summary(Some(route.summary))
        .description(Some(who(route.access)));
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')) {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name.trim_end_matches('}'))
                .parameter_in(ParameterIn::Path)
                .required(Needed::True)
                .schema(Some(simple(Type::String))),
        );
    }
    let dry_run: &[(&str, &str, &str)] = if route.dry_run { &[DRY_RUN] } else { &[] };
    for (name, kind, meaning) in route.query.iter().chain(dry_run) {
        let kind = if *kind == "boolean" {
            Type::Boolean
        } else {
            Type::String
        };
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(*name)
                .parameter_in(ParameterIn::Query)
                .required(Needed::False)
                .description(Some(*meaning))
                .schema(Some(simple(kind))),
        );
    }
    if let Some(schema) = route.request {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(schema.name)))
            .build();
        operation = operation.request_body(Some(
            RequestBodyBuilder::new()
                .content(JSON, content)
                .required(Some(Needed::True))
                .build(),
        ));
    }
    operation = operation.response("200", answer_of(route.content));
    let mut refusals: BTreeSet<u16> = route.refusals.iter().copied().collect();
    if route.request.is_some() {
        refusals.extend([400, 413]);
    }
    match route.access {
        Access::Anybody | Access::UntilCreated | Access::Caller(Required::Authenticated) => {
            refusals.insert(401);
        }
        Access::Caller(Required::Permission(_) | Required::PermissionOrSelf(_)) => refusals.extend([401, 403]),
    }
    for status in refusals {
        operation = operation.response(status.to_string(), json_answer("See error_code", reference(&ERROR)));
    }
    if route.access != Access::Anybody {
        for scheme in [CERTIFICATE, BASIC, TOKEN] {
            operation = operation.security(SecurityRequirement::new::<_, [&str; 0], &str>(scheme, []));
        }
    }
    operation.build()
}

fn who(access: Access) -> String {
    match access {
        Access::Anybody => "Credentials are part of the request.".to_owned(),
        Access::UntilCreated => "Everybody until the cluster is created, then everybody who is let in.".to_owned(),
        Access::Caller(Required::Authenticated) => "Everybody who is let in.".to_owned(),
        Access::Caller(Required::Permission(permission)) => format!("Needs {permission}."),
        Access::Caller(Required::PermissionOrSelf(permission)) => {
            format!("Needs {permission}, except for the caller's own user.")
        }
    }
}

fn answer_of(content: Content) -> utoipa::openapi::Response {
    match content {
        Content::Nothing => ResponseBuilder::new().description("Done").build(),
        Content::One(schema) => json_answer("The answer", reference(schema)),
        Content::Many(schema) => json_answer("The answer", array(reference(schema))),
        Content::Json => json_answer("The answer", simple(Type::Object)),
    }
}

fn json_answer(description: &str, schema: RefOr<Described>) -> utoipa::openapi::Response {
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(description)
        .content(JSON, content)
        .build()
}

fn object(schema: &Schema) -> Described {
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(schema.summary))
        .additional_properties(Some(AdditionalProperties::<Described>::FreeForm(
            schema.unknown == Unknown::Ignored,
        )));
    for member in schema.members {
        object = object.property(member.name, kind(member.kind));
        if matches!(member.access, Written::Required | Written::RequiredWriteOnly) {
            object = object.required(member.name);
        }
    }
    Described::Object(object.build())
}

fn kind(kind: Kind) -> RefOr<Described> {
    match kind {
        Kind::Boolean => simple(Type::Boolean),
        Kind::Integer { .. } => simple(Type::Integer),
        Kind::Text { .. } | Kind::Pattern { .. } => simple(Type::String),
        Kind::OneOf(words) => RefOr::T(Described::Object(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some(words.iter().copied()))
                .build(),
        )),
        Kind::Texts | Kind::TextList => array(simple(Type::String)),
        Kind::Uids => array(simple(Type::Integer)),
        Kind::Object(schema) => nested(schema),
        Kind::Objects(schema) => array(nested(schema)),
        Kind::Anything => RefOr::T(Described::Object(ObjectBuilder::new().build())),
    }
}

/// An object within another: by name when it has an entry of its own.
fn nested(schema: &Schema) -> RefOr<Described> {
    if schemas::ALL.iter().any(|known| known.name == schema.name) {
        reference(schema)
    } else {
        RefOr::T(object(schema))
    }
}

fn reference(schema: &Schema) -> RefOr<Described> {
    RefOr::Ref(Ref::from_schema_name(schema.name))
}

fn array(items: RefOr<Described>) -> RefOr<Described> {
    RefOr::T(Described::Array(ArrayBuilder::new().items(items).build()))
}

fn simple(kind: Type) -> RefOr<Described> {
    RefOr::T(Described::Object(ObjectBuilder::new().schema_type(kind).build()))
}

const METHODS: [(HttpMethod, &str); 5] = [
    (HttpMethod::Get, "GET"),
    (HttpMethod::Post, "POST"),
    (HttpMethod::Put, "PUT"),
    (HttpMethod::Delete, "DELETE"),
    (HttpMethod::Patch, "PATCH"),
];

const DRY_RUN: (&str, &str, &str) = ("dry_run", "boolean", "check and answer, and change nothing; false");
const CERTIFICATE: &str = "client_certificate";
const BASIC: &str = "basic";
const TOKEN: &str = "token";
const JSON: &str = "application/json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_describes_every_route_and_no_other() {
        let document = serde_json::to_value(openapi()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["responses"].get("200").is_some(), "{method} {path}");
                described.insert((method.to_uppercase(), path.clone()));
            }
        }
        let served: BTreeSet<_> = ROUTES
            .iter()
            .map(|route| (route.method.to_owned(), route.path.to_owned()))
            .collect();
        assert_eq!(described, served);
        assert_eq!(served.len(), ROUTES.len());
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
