//! `/v1/jsonschema`: the objects of the API as JSON Schema (draft 2020-12), made from the tables that requests are
//! checked against.

use axum::response::Response;
use serde_json::{Value, json};

use super::answer;
use super::authorized::Authorized;
use super::described::{Nested, View, described};
use super::json::Schema;
use super::problem::{Code, Problem};
use super::query::Query;
use super::wire::ALL;
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

/// The members of requests and answers together, as the vendor writes them.
fn object(schema: &Schema) -> Value {
    let described = described(schema, View::Whole, Nested::Inline);
    let mut object = json!(described);
    if let Value::Object(members) = &mut object {
        members.shift_insert(0, "$schema".to_owned(), DRAFT.into());
        members.entry("properties").or_insert_with(|| json!({}));
        members.entry("required").or_insert_with(|| json!([]));
    }
    object
}

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn every_object_has_a_schema_and_a_name_of_its_own() {
        let mut names: Vec<&str> = ALL.iter().map(|schema| schema.name).collect();
        for schema in ALL {
            let written = object(schema);
            let members = written["properties"].as_object().map(Map::len);
            assert_eq!(members, Some(schema.members().count()), "{}", schema.name);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
