//! States from the state file: JSON, perhaps of another schema version, made to fit the schema of today.

use std::collections::HashMap;

use rmpv::Value;
use serde_json::Value as Json;
use tf_provider::schema::{Attribute, AttributeType, Block, Schema};

use super::schema::{nested, nested_block};
use super::wire::schema::NestingMode;

/// The state as msgpack in the shape of the schema: what it lacks is null, what the schema does not have is dropped.
pub(crate) fn conform(state: &Json, schema: &Schema) -> Value {
    in_block(state, &schema.block)
}

fn in_block(state: &Json, block: &Block) -> Value {
    let Json::Object(members) = state else { return Value::Nil };
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
            members.iter().map(|(key, element)| (Value::from(key.as_str()), in_block(element, block))).collect(),
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
            members.iter().map(|(key, value)| (Value::from(key.as_str()), in_type(value, element))).collect(),
        ),
        (AttributeType::Object(types), Json::Object(members)) => Value::Map(
            types
                .iter()
                .map(|(name, attr_type)| {
                    (Value::from(name.as_str()), in_type(members.get(name).unwrap_or(&Json::Null), attr_type))
                })
                .collect(),
        ),
        (AttributeType::Tuple(types), Json::Array(elements)) => {
            Value::Array(elements.iter().zip(types).map(|(value, attr_type)| in_type(value, attr_type)).collect())
        }
        (AttributeType::Any, Json::Object(members)) => dynamic(members),
        _ => plain(value),
    }
}

fn in_object(value: &Json, attributes: &HashMap<String, Attribute>) -> Value {
    let Json::Object(members) = value else { return plain(value) };
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
        Json::Object(members) => {
            Value::Map(members.iter().map(|(key, value)| (Value::from(key.as_str()), plain(value))).collect())
        }
    }
}
