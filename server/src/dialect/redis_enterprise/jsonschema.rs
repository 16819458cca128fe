//! `/v1/jsonschema`: the objects of the API as JSON Schema (draft 2020-12), made from the tables that requests are
//! checked against.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::answer;
use super::authorized::Authorized;
use super::json::{Access, Kind, Schema, Unknown};
use super::problem::{Code, Problem};
use super::query::Query;
use super::schemas::ALL;
use crate::cluster::access::action::ViewSchema;

/// `GET /v1/jsonschema`: one object's schema, or, without `object`, the names of those that have one.
pub(super) async fn read(_: Authorized<ViewSchema>, query: Query) -> Result<Response, Problem> {
    let Some(name) = query.text("object")?.filter(|name| !name.is_empty()) else {
        let names: Vec<&str> = ALL.iter().map(|schema| schema.name).collect();
        return Ok(answer::json(&names));
    };
    match ALL.iter().find(|schema| schema.name == name) {
        Some(schema) => Ok(answer::json(&object(schema))),
        None => Err(Problem::new(
            Code::UnknownObject,
            "there is no object of this name; the names are the answer to GET /v1/jsonschema",
        )),
    }
}

fn object(schema: &Schema) -> Value {
    let properties: Map<String, Value> = schema
        .members
        .iter()
        .map(|member| {
            let mut value = kind(member.kind);
            if let Value::Object(value) = &mut value {
                value.insert("description".to_owned(), member.meaning.into());
                match member.access {
                    Access::ReadOnly => value.insert("readOnly".to_owned(), true.into()),
                    Access::WriteOnly | Access::RequiredWriteOnly => value.insert("writeOnly".to_owned(), true.into()),
                    Access::Optional | Access::Required | Access::Fixed => None,
                };
            }
            (member.name.to_owned(), value)
        })
        .collect();
    let required: Vec<&str> = schema
        .members
        .iter()
        .filter(|member| matches!(member.access, Access::Required | Access::RequiredWriteOnly))
        .map(|member| member.name)
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": schema.name,
        "description": schema.summary,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": schema.unknown == Unknown::Ignored,
    })
}

fn kind(kind: Kind) -> Value {
    match kind {
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Integer { min, max: i64::MAX } => json!({ "type": "integer", "minimum": min }),
        Kind::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Text { max } => json!({ "type": "string", "maxLength": max }),
        Kind::Pattern { regex, .. } => json!({ "type": "string", "pattern": regex }),
        Kind::OneOf(words) => json!({ "type": "string", "enum": words }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true }),
        Kind::TextList => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Uids => {
            json!({ "type": "array", "items": { "type": "integer", "minimum": 1 }, "uniqueItems": true, "minItems": 1 })
        }
        Kind::Object(schema) => object(schema),
        Kind::Objects(schema) => json!({ "type": "array", "items": object(schema) }),
        Kind::Anything => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_a_schema_and_a_name_of_its_own() {
        let mut names: Vec<&str> = ALL.iter().map(|schema| schema.name).collect();
        for schema in ALL {
            let written = object(schema);
            let members = written["properties"].as_object().map(Map::len);
            assert_eq!(members, Some(schema.members.len()), "{}", schema.name);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
