//! The OpenAPI 3.1 document, made from the table of routes and the tables that requests are checked against.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, RefOr, Required as Needed,
    ResponseBuilder, Schema as Described,
};

use super::answer;
use super::authorized::Authorized;
use super::described::{Nested, View, array, component_name, described, kind, object_or_names, reference};
use super::json::{Body as _, Kind, Schema};
use super::node::SOFTWARE_VERSION;
use super::routes::{Access, Content, Parameter, ROUTES, Route};
use super::wire::{Error, UID};
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
        // RFC 9110, section 9.3.2: the answer to GET without its content.
        if route.method == "GET" {
            paths.add_path_operation(route.path, vec![HttpMethod::Head], head(route));
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
    for (name, schema) in objects() {
        components = components.schema(name, schema);
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

/// Every object that a request or an answer is or holds, by the name of its component.
fn objects() -> BTreeMap<String, Described> {
    let mut objects = BTreeMap::new();
    add(Error::SCHEMA, View::Answer, &mut objects);
    for route in ROUTES {
        if let Content::One(schema) | Content::Many(schema) = route.content {
            add(schema, View::Answer, &mut objects);
        }
        if let Some(request) = route.request {
            add(request.schema, request.view(), &mut objects);
        }
    }
    objects
}

fn add(schema: &Schema, view: View, objects: &mut BTreeMap<String, Described>) {
    objects.insert(component_name(schema, view), described(schema, view, Nested::Referred));
    for member in schema.members() {
        if let Kind::Object(inner) | Kind::Objects(inner) | Kind::Later(inner) = member.kind {
            add(inner, view.within(), objects);
        }
    }
}

fn operation(route: &Route) -> Operation {
    let mut operation = described_request(route);
    if let Some(request) = route.request {
        let content = ContentBuilder::new()
            .schema(Some(reference(request.schema, request.view())))
            .build();
        operation = operation.request_body(Some(
            RequestBodyBuilder::new()
                .content(JSON, content)
                .required(Some(if request.is_optional {
                    Needed::False
                } else {
                    Needed::True
                }))
                .build(),
        ));
    }
    operation = operation.response("200", answer_of(route.content));
    for status in refusals(route) {
        let answer = match status {
            // Written before there is a request to route.
            431 => nothing(reason(status)),
            _ => json_answer(reason(status), reference(Error::SCHEMA, View::Answer)),
        };
        operation = operation.response(status.to_string(), answer);
    }
    operation.build()
}

fn head(route: &Route) -> Operation {
    let mut operation = described_request(route).response("200", nothing("As for GET, without content"));
    for status in refusals(route) {
        operation = operation.response(status.to_string(), nothing(reason(status)));
    }
    operation.build()
}

/// Describes the requirement of a route and its parameters.
fn described_request(route: &Route) -> OperationBuilder {
    let mut operation = OperationBuilder::new()
        .summary(Some(route.summary))
        .description(Some(who(route.access)));
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')) {
        let name = name.trim_end_matches('}');
        let part = route.parts.iter().find(|(part, _)| *part == name);
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Needed::True)
                .schema(Some(kind(
                    part.map_or(UID, |(_, kind)| *kind),
                    View::New,
                    Nested::Inline,
                ))),
        );
    }
    let dry_run: &[Parameter] = if route.dry_run { &[DRY_RUN] } else { &[] };
    for (name, value, meaning) in route.query.iter().chain(dry_run) {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(*name)
                .parameter_in(ParameterIn::Query)
                .required(Needed::False)
                .description(Some(*meaning))
                .schema(Some(kind(*value, View::New, Nested::Inline))),
        );
    }
    if route.access != Access::Anybody {
        for scheme in [CERTIFICATE, BASIC, TOKEN] {
            operation = operation.security(SecurityRequirement::new::<_, [&str; 0], &str>(scheme, []));
        }
    }
    operation
}

/// Every status that a route may answer with beside 200.
fn refusals(route: &Route) -> BTreeSet<u16> {
    let mut refusals: BTreeSet<u16> = route.refusals.iter().copied().collect();
    refusals.extend([400, 401, 403, 431, 503, 505]);
    if route.request.is_some() {
        refusals.extend([408, 413, 415]);
    }
    refusals
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "The request is malformed, or cannot be carried out as it is",
        401 => "No credentials, or none that let anybody in",
        403 => "The caller may not do this, or a page of another site made the request",
        404 => "There is no such object",
        406 => "The object cannot be so, or is needed as it is",
        408 => "The body did not arrive in time",
        409 => "The uid, the name or the state is taken",
        413 => "The body is too large",
        415 => "The body has a content coding",
        431 => "The header is too large",
        500 => "The server failed",
        503 => "The server is busy, or could not record the change: try again",
        505 => "The header x-api-version names another version",
        _ => "See error_code",
    }
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
        Content::Nothing => nothing("Done"),
        Content::One(schema) => json_answer("The answer", reference(schema, View::Answer)),
        Content::Many(schema) => json_answer("The answer", array(reference(schema, View::Answer))),
        Content::Json => json_answer("The answer", object_or_names(false)),
        Content::JsonOrNames => json_answer("The answer", object_or_names(true)),
    }
}

fn nothing(description: &str) -> utoipa::openapi::Response {
    ResponseBuilder::new().description(description).build()
}

fn json_answer(description: &str, schema: RefOr<Described>) -> utoipa::openapi::Response {
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(description)
        .content(JSON, content)
        .build()
}

const METHODS: [(HttpMethod, &str); 5] = [
    (HttpMethod::Get, "GET"),
    (HttpMethod::Post, "POST"),
    (HttpMethod::Put, "PUT"),
    (HttpMethod::Delete, "DELETE"),
    (HttpMethod::Patch, "PATCH"),
];

const DRY_RUN: Parameter = (
    "dry_run",
    Kind::OneOf(&["true", "false", "1", "0", ""]),
    "check and answer, and change nothing; false when it is left out, true when it is empty",
);
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
        let mut served: BTreeSet<_> = ROUTES
            .iter()
            .map(|route| (route.method.to_owned(), route.path.to_owned()))
            .collect();
        assert_eq!(served.len(), ROUTES.len());
        let read = ROUTES.iter().filter(|route| route.method == "GET");
        served.extend(read.map(|route| ("HEAD".to_owned(), route.path.to_owned())));
        assert_eq!(described, served);
    }

    #[test]
    fn an_answer_has_no_secret_and_a_request_nothing_that_only_the_server_writes() {
        let document = serde_json::to_value(openapi()).unwrap();
        let members = |name: &str| document["components"]["schemas"][name]["properties"].clone();
        assert!(members("user").get("password").is_none());
        assert!(members("user").get("status").is_some());
        assert!(members("user_create").get("password").is_some());
        assert!(members("user_create").get("status").is_none());
        assert!(members("user_update").get("uid").is_none());
        assert!(members("bdb_certificate_create").get("private_key").is_some());
    }

    #[test]
    fn limits_of_values_are_written_down() {
        let document = serde_json::to_value(openapi()).unwrap();
        let members = |name: &str| document["components"]["schemas"][name]["properties"].clone();
        assert_eq!(members("jwt_authorize")["ttl"]["maximum"], 86_400);
        assert_eq!(members("user_create")["name"]["maxLength"], 255);
        assert!(members("user_create")["name"]["pattern"].is_string());
        assert_eq!(members("user_create")["role_uids"]["minItems"], 1);
        assert_eq!(
            document["components"]["schemas"]["bdb_create"]["required"],
            serde_json::json!(["name", "memory_size"])
        );
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
