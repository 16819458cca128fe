//! States from the state file: JSON, perhaps of another schema version, made to fit the schema of today.

use std::collections::HashMap;

use rmpv::Value;
use serde_json::Value as Json;
use tf_provider::schema::{Attribute, AttributeType, Block, Schema};

use super::schema::{nested, nested_block};
use super::wire::NestingMode;

/// The state as msgpack in the shape of the schema: what it lacks is null, what the schema does not have is dropped.
pub(crate) fn conform(state: &Json, schema: &Schema) -> Value {
    in_block(state, &schema.block)
}

fn in_block(state: &Json, block: &Block) -> Value {
    let Json::Object(members) = state else {
        return Value::Nil;
    };
    let attributes = block.attributes.iter().map(|(name, attribute)| {
        let value = members.get(name).unwrap_or(&Json::Null);
        (Value::from(name.as_str()), in_type(value, &attribute.attr_type))
    });
    let blocks = block.blocks.iter().map(|(name, nested)| {
        let (nesting, inner, _, _) = nested_block(nested);
        let value = members.get(name).unwrap_or(&Json::Null);
        (Value::from(name.as_str()), in_block_type(value, nesting, inner))
    });
    Value::Map(attributes.chain(blocks).collect())
}

/// A block that repeats is never null: none is an empty collection.
fn in_block_type(value: &Json, nesting: NestingMode, block: &Block) -> Value {
    match (nesting, value) {
        (NestingMode::List | NestingMode::Set, Json::Array(elements)) => {
            Value::Array(elements.iter().map(|element| in_block(element, block)).collect())
        }
        (NestingMode::List | NestingMode::Set, _) => Value::Array(Vec::new()),
        (NestingMode::Map, Json::Object(members)) => Value::Map(
            members
                .iter()
                .map(|(key, element)| (Value::from(key.as_str()), in_block(element, block)))
                .collect(),
        ),
        (NestingMode::Map, _) => Value::Map(Vec::new()),
        (NestingMode::Group, Json::Null) => in_block(&Json::Object(serde_json::Map::new()), block),
        _ => in_block(value, block),
    }
}

fn in_type(value: &Json, attr_type: &AttributeType) -> Value {
    if value.is_null() {
        return Value::Nil;
    }
    if let Some((nesting, attributes)) = nested(attr_type) {
        return match (nesting, value) {
            (NestingMode::List | NestingMode::Set, Json::Array(elements)) => {
                Value::Array(elements.iter().map(|element| in_object(element, attributes)).collect())
            }
            (NestingMode::Map, Json::Object(members)) => Value::Map(
                members
                    .iter()
                    .map(|(key, element)| (Value::from(key.as_str()), in_object(element, attributes)))
                    .collect(),
            ),
            _ => in_object(value, attributes),
        };
    }
    match (attr_type, value) {
        (AttributeType::List(element) | AttributeType::Set(element), Json::Array(elements)) => {
            Value::Array(elements.iter().map(|value| in_type(value, element)).collect())
        }
        (AttributeType::Map(element), Json::Object(members)) => Value::Map(
            members
                .iter()
                .map(|(key, value)| (Value::from(key.as_str()), in_type(value, element)))
                .collect(),
        ),
        (AttributeType::Object(types), Json::Object(members)) => Value::Map(
            types
                .iter()
                .map(|(name, attr_type)| {
                    (
                        Value::from(name.as_str()),
                        in_type(members.get(name).unwrap_or(&Json::Null), attr_type),
                    )
                })
                .collect(),
        ),
        (AttributeType::Tuple(types), Json::Array(elements)) => Value::Array(
            elements
                .iter()
                .zip(types)
                .map(|(value, attr_type)| in_type(value, attr_type))
                .collect(),
        ),
        (AttributeType::Any, Json::Object(members)) => dynamic(members),
        _ => plain(value),
    }
}

fn in_object(value: &Json, attributes: &HashMap<String, Attribute>) -> Value {
    let Json::Object(members) = value else {
        return plain(value);
    };
    Value::Map(
        attributes
            .iter()
            .map(|(name, attribute)| {
                let value = members.get(name).unwrap_or(&Json::Null);
                (Value::from(name.as_str()), in_type(value, &attribute.attr_type))
            })
            .collect(),
    )
}

/// A value of a dynamic type brings its type along: `{"type": T, "value": V}` in JSON, `[bytes of T, V]` in msgpack.
fn dynamic(members: &serde_json::Map<String, Json>) -> Value {
    match (members.get("type"), members.get("value")) {
        (Some(attr_type), Some(value)) => {
            Value::Array(vec![Value::Binary(attr_type.to_string().into_bytes()), plain(value)])
        }
        _ => Value::Nil,
    }
}

/// A value as it is.
fn plain(value: &Json) -> Value {
    match value {
        Json::Null => Value::Nil,
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => Value::from(number),
            (_, Some(number), _) => Value::from(number),
            // Terraform sends a number with a fraction as text where binary floating point would change it.
            (_, _, Some(float)) if serde_json::Number::from_f64(float).as_ref() == Some(number) => Value::F64(float),
            _ => Value::from(number.to_string()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(elements) => Value::Array(elements.iter().map(plain).collect()),
        Json::Object(members) => Value::Map(
            members
                .iter()
                .map(|(key, value)| (Value::from(key.as_str()), plain(value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::codec;
    use super::*;

    fn conformed(attr_type: AttributeType, value: &Json) -> Value {
        let attribute = Attribute {
            attr_type,
            ..Attribute::default()
        };
        let block = Block {
            attributes: [("a".to_owned(), attribute)].into(),
            ..Block::default()
        };
        let state = conform(
            &json!({ "a": value, "unknown to the schema": 1 }),
            &Schema { version: 0, block },
        );
        let Value::Map(mut entries) = state else {
            panic!("not an object")
        };
        assert_eq!(entries.len(), 1);
        entries.remove(0).1
    }

    #[test]
    fn attributes_that_are_missing_become_null() {
        let block = Block {
            attributes: [("new".to_owned(), Attribute::default())].into(),
            blocks: [(
                "blocks".to_owned(),
                tf_provider::schema::NestedBlock::List(Block::default()),
            )]
            .into(),
            ..Block::default()
        };
        let state = conform(&json!({}), &Schema { version: 0, block });
        assert_eq!(
            state,
            Value::Map(vec![
                ("new".into(), Value::Nil),
                ("blocks".into(), Value::Array(Vec::new()))
            ])
        );
        assert!(codec::tree(&codec::from_tree(&state)).is_some());
    }

    #[test]
    fn nested_attributes_are_conformed_too() {
        let inner = [(
            "x".to_owned(),
            Attribute {
                attr_type: AttributeType::Bool,
                ..Attribute::default()
            },
        )];
        let state = conformed(AttributeType::AttributeMap(inner.into()), &json!({ "k": { "y": 1 } }));
        let object = Value::Map(vec![("x".into(), Value::Nil)]);
        assert_eq!(state, Value::Map(vec![("k".into(), object)]));
    }

    #[test]
    fn numbers_keep_their_value() {
        assert_eq!(conformed(AttributeType::Number, &json!(-7)), Value::from(-7));
        assert_eq!(
            conformed(AttributeType::Number, &json!(u64::MAX)),
            Value::from(u64::MAX)
        );
        assert_eq!(conformed(AttributeType::Number, &json!(0.5)), Value::F64(0.5));
    }

    #[test]
    fn dynamic_value_carries_its_type() {
        let state = conformed(AttributeType::Any, &json!({ "type": "string", "value": "v" }));
        assert_eq!(
            state,
            Value::Array(vec![Value::Binary(b"\"string\"".to_vec()), "v".into()])
        );
    }
}
