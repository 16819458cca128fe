//! The OpenAPI 3.1 document, generated from the table of routes.

use std::collections::BTreeMap;

use axum::response::Response;
use serde::Serialize;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, Required, ResponseBuilder,
};

use super::answer;
use super::authorized::Authorized;
use super::described::{ANSWERS, Direction, Kind, REQUESTS, body, value};
use super::routes::{Access, Content, ROUTES, Route};
use crate::access::authz::action::ReadTopology;
use crate::model::clearance::Level;

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
    for (bodies, direction) in [(REQUESTS, Direction::Request), (ANSWERS, Direction::Answer)] {
        for (name, members) in bodies {
            components = components.schema(*name, body(members, direction));
        }
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
                .schema(Some(value(Kind::Text, false))),
        );
    }
    for parameter in route.query {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(parameter.name)
                .parameter_in(ParameterIn::Query)
                .required(if parameter.is_required {
                    Required::True
                } else {
                    Required::False
                })
                .description(Some(parameter.meaning))
                .schema(Some(value(parameter.kind, false))),
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
    for (status, answer) in answers(route) {
        operation = operation.response(status.to_string(), answer);
    }
    if let Access::Level(_) = route.access {
        operation = operation.security(SecurityRequirement::new::<_, [&str; 0], &str>(CLIENT_CERTIFICATE, []));
    }
    operation.build()
}

/// All responses of a route, by status.
fn answers(route: &Route) -> BTreeMap<u16, utoipa::openapi::Response> {
    let mut answers = BTreeMap::new();
    let mut add = |status: u16, description: &str, schema: &str| {
        answers.insert(status, json_answer(description, schema));
    };
    if !route.query.is_empty() || route.request.is_some() || route.access != Access::Anybody {
        add(500, "The request is wrong, or cannot be carried out; see Type", "Error");
    }
    if route.request.is_some() {
        add(400, "The body cannot be read", "Error");
        add(408, "The body did not arrive in time", "Error");
        add(413, "The body is too large", "Error");
        add(415, "The body has an unknown content coding", "Error");
    }
    if let Access::Level(_) = route.access {
        add(
            403,
            "The certificate is missing, unknown, not valid now, or its rank too low",
            "Refusal",
        );
        add(428, "A one-time code is needed first", "Refusal");
        add(503, "The change could not be recorded: try again", "Error");
    }
    for (status, description, schema) in route.further {
        if schema.is_empty() {
            answers.insert(*status, ResponseBuilder::new().description(*description).build());
        } else {
            answers.insert(*status, json_answer(description, schema));
        }
    }
    answers.insert(route.status, answer_of(route));
    answers
}

fn answer_of(route: &Route) -> utoipa::openapi::Response {
    match route.content {
        Content::Nothing => ResponseBuilder::new().description("Done").build(),
        Content::Json(name) => json_answer("The answer", name),
        Content::File(media_type) => {
            let content = ContentBuilder::new().schema(Some(value(Kind::Text, false))).build();
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

const METHODS: [(HttpMethod, &str); 5] = [
    (HttpMethod::Get, "GET"),
    (HttpMethod::Post, "POST"),
    (HttpMethod::Put, "PUT"),
    (HttpMethod::Delete, "DELETE"),
    (HttpMethod::Patch, "PATCH"),
];

const CLIENT_CERTIFICATE: &str = "client_certificate";

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
    fn what_a_request_must_have_and_how_long_it_may_be_is_written_down() {
        let document = serde_json::to_value(openapi()).unwrap();
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["GenerateCertificate"]["required"], serde_json::json!(["Name"]));
        assert_eq!(schemas["GenerateCertificate"]["properties"]["Name"]["maxLength"], 256);
        assert_eq!(schemas["OneTimeCode"]["properties"]["Token"]["maximum"], 999_999);
        let delete = &document["paths"]["/admin/certificates"]["delete"];
        assert_eq!(delete["parameters"][0]["required"], true);
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
