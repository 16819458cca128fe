use serde::{Deserialize, Serialize};
use serde_json::json;
use tf_provider::schema::{Description, NestedBlock};
use tf_provider::value::Value as Terraform;

use super::super::stored_state;
use super::*;

#[derive(Serialize, Deserialize)]
struct Thing {
    name: Terraform<String>,
    id: Terraform<String>,
    port: Terraform<i64>,
    share: Terraform<f64>,
    tags: Terraform<Vec<Terraform<String>>>,
    ids: Terraform<Vec<Terraform<String>>>,
    by_key: Terraform<std::collections::BTreeMap<String, Terraform<i64>>>,
    parts: Terraform<Vec<Terraform<Part>>>,
    set: Terraform<Vec<Terraform<Part>>>,
    blocks: Terraform<Vec<Terraform<Part>>>,
}

#[derive(Serialize, Deserialize)]
struct Part {
    weight: Terraform<i64>,
    found: Terraform<String>,
}

fn attribute(constraint: AttributeConstraint, attr_type: AttributeType) -> Attribute {
    Attribute {
        attr_type,
        constraint,
        description: Description::plain(""),
        ..Attribute::default()
    }
}

fn schema() -> Schema {
    use AttributeConstraint::{Computed, Optional, OptionalComputed, Required};
    use AttributeType::{AttributeList, AttributeSet, List, Map, Number, Set, String};
    let named = |attributes: Vec<(&str, Attribute)>| -> HashMap<std::string::String, Attribute> {
        let attributes = attributes.into_iter();
        attributes
            .map(|(name, attribute)| (name.to_owned(), attribute))
            .collect()
    };
    let part = || {
        named(vec![
            ("weight", attribute(Required, Number)),
            ("found", attribute(Computed, String)),
        ])
    };
    let attributes = named(vec![
        ("name", attribute(Required, String)),
        ("id", attribute(Computed, String)),
        ("port", attribute(OptionalComputed, Number)),
        ("share", attribute(Optional, Number)),
        ("tags", attribute(Optional, List(Box::new(String)))),
        ("ids", attribute(Optional, Set(Box::new(String)))),
        ("by_key", attribute(Optional, Map(Box::new(Number)))),
        ("parts", attribute(Optional, AttributeList(part()))),
        ("set", attribute(Optional, AttributeSet(part()))),
    ]);
    let blocks = Block {
        attributes: part(),
        ..Block::default()
    };
    Schema {
        version: 0,
        block: Block {
            attributes,
            blocks: [("blocks".to_owned(), NestedBlock::List(blocks))].into(),
            ..Block::default()
        },
    }
}

/// Path and summary of every error, and what is checked further.
fn checked(config: serde_json::Value) -> (Vec<(String, String)>, Thing) {
    let mut diags = Diagnostics::default();
    let config = codec::from_tree(&stored_state::conform(&config, &schema()));
    let rest = check(&mut diags, config, &schema(), &codec::fits::<Thing>);
    let errors = diags.errors.iter();
    let errors = errors.map(|error| (error.attribute.to_string(), error.summary.to_string()));
    (errors.collect(), rmp_serde::from_slice(&rest).unwrap())
}

#[test]
fn what_the_schema_does_not_allow_is_an_error_on_its_path() {
    const MISSING: &str = "Missing Configuration for Required Attribute";
    const READ_ONLY: &str = "Invalid Configuration for Read-Only Attribute";
    const WHOLE: &str = "Invalid Whole Number";
    for (config, path, summary) in [
        (json!({}), "name", MISSING),
        (json!({ "name": "a", "id": "x" }), "id", READ_ONLY),
        (json!({ "name": "a", "id": "" }), "id", READ_ONLY),
        (json!({ "name": "a", "port": 1024.5 }), "port", WHOLE),
        (json!({ "name": "a", "port": 1e30 }), "port", WHOLE),
        (json!({ "name": "a", "by_key": { "k": 0.5 } }), "by_key[\"k\"]", WHOLE),
        (
            json!({ "name": "a", "tags": ["x", null] }),
            "tags[1]",
            "Null List Value",
        ),
        (json!({ "name": "a", "ids": [null] }), "ids", "Null Set Value"),
        (
            json!({ "name": "a", "by_key": { "k": null } }),
            "by_key[\"k\"]",
            "Null Map Value",
        ),
        (json!({ "name": "a", "parts": [null] }), "parts[0]", "Null List Value"),
        (
            json!({ "name": "a", "parts": [{ "weight": 1 }, {}] }),
            "parts[1].weight",
            MISSING,
        ),
        (
            json!({ "name": "a", "parts": [{ "weight": 1.5 }] }),
            "parts[0].weight",
            WHOLE,
        ),
        (
            json!({ "name": "a", "set": [{ "weight": 1, "found": "x" }] }),
            "set",
            READ_ONLY,
        ),
        (
            json!({ "name": "a", "blocks": [{ "weight": null }] }),
            "blocks[0].weight",
            MISSING,
        ),
    ] {
        let (errors, _) = checked(config.clone());
        assert_eq!(errors, [(path.to_owned(), summary.to_owned())], "{config}");
    }
}

#[test]
fn every_mistake_is_told_at_once_and_the_rest_is_checked_on() {
    let (errors, rest) = checked(json!({ "name": null, "id": "x", "port": 0.5, "tags": [null, "kept"] }));
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert!(rest.name.is_unknown() && rest.id.is_null() && rest.port.is_unknown());
    let tags = rest.tags.as_ref_option().unwrap();
    assert!(tags[0].is_unknown());
    assert_eq!(tags[1], Terraform::Value("kept".to_owned()));
}

#[test]
fn what_the_schema_allows_is_left_alone() {
    let config = json!({
        "name": "a", "port": 7, "share": 0.5, "tags": [], "ids": ["x"], "by_key": { "k": 1 },
        "parts": [{ "weight": 1 }], "set": [{ "weight": 2 }], "blocks": [{ "weight": 3 }],
    });
    let (errors, rest) = checked(config);
    assert_eq!(errors, []);
    assert_eq!((rest.port, rest.share), (Terraform::Value(7), Terraform::Value(0.5)));
}

#[test]
fn a_sensitive_number_is_not_repeated() {
    let mut diags = Diagnostics::default();
    let mut schema = schema();
    schema.block.attributes.get_mut("port").unwrap().sensitive = true;
    let config = codec::from_tree(&stored_state::conform(&json!({ "name": "a", "port": 4711.5 }), &schema));
    check(&mut diags, config, &schema, &codec::fits::<Thing>);
    assert!(!diags.errors[0].detail.contains("4711"), "{:?}", diags.errors);
}

#[test]
fn arguments_of_functions_are_checked_too() {
    let parameter = |name: &str, param_type: Type| Parameter {
        name: name.to_owned(),
        param_type,
        allow_null: false,
        allow_unknown: false,
        description: Description::plain(""),
    };
    let schema = FunctionSchema {
        parameters: vec![parameter("first", Type::String)],
        variadic: Some(parameter("others", Type::List(Box::new(Type::String)))),
        return_type: Type::String,
        summary: String::new(),
        description: Description::plain(""),
        deprecated: None,
    };
    let argument = |value: serde_json::Value| Bytes::from(rmp_serde::to_vec_named(&value).unwrap());
    let mut diags = Diagnostics::default();
    let arguments = [
        argument(json!(null)),
        argument(json!(["a"])),
        argument(json!(["a", null])),
    ];
    check_arguments(&mut diags, &schema, &arguments);
    let errors: Vec<_> = diags.errors.iter().map(|error| error.attribute.to_string()).collect();
    assert_eq!(errors, ["[0]", "[2]"], "{:?}", diags.errors);
}
