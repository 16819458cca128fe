//! Help for the tests of a provider.

use std::collections::{BTreeMap, BTreeSet};

use rmpv::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tf_provider::schema::{Attribute, AttributeType, Block, Schema};

use super::codec;
use super::schema::{nested, nested_block};
use super::wire::NestingMode;

/// Holds a schema against the struct that carries its values, and says in sentences where the two differ.
///
/// Nothing in the types ties them together, so every resource, data source and ephemeral resource has a test that
/// this list is empty. It finds, down through nested attributes and blocks: an attribute of the schema that the struct
/// does not carry, a field that the schema does not have, a field of another type, and a field that cannot be null or
/// unknown although Terraform can send it so.
///
/// The struct is tried with made-up values (`"text"`, `1`, `true`, one element in each collection), so a field whose
/// own type accepts only certain texts differs here; keep such parsing behind a plain field.
pub fn differences<State: Serialize + DeserializeOwned>(schema: &Schema) -> Vec<String> {
    let round = |value: &Value| -> Option<Value> {
        let state: State = rmp_serde::from_slice(&codec::from_tree(value)).ok()?;
        codec::tree(&rmp_serde::to_vec_named(&state).ok()?)
    };
    let sample = block_sample(&schema.block);
    let mut differences = BTreeSet::new();
    match round(&sample) {
        None => unreadable(
            &sample,
            &mut Vec::new(),
            &sample,
            &|value| round(value).is_some(),
            &mut differences,
        ),
        Some(back) => {
            compare(&sample, &back, "", &mut differences);
            let leaves = paths(&schema.block);
            for (path, may_be_unknown) in &leaves {
                if round(&replaced(&sample, path, Value::Nil)).is_none() {
                    differences.insert(format!("`{}` cannot be null", path.join(".")));
                }
                if *may_be_unknown && round(&replaced(&sample, path, Value::Ext(0, vec![0]))).is_none() {
                    differences.insert(format!("`{}` cannot be unknown", path.join(".")));
                }
            }
        }
    }
    differences.into_iter().collect()
}

/// Names the parts without which the sample can be read, or the place below which something is missing.
fn unreadable(
    root: &Value,
    path: &mut Vec<String>,
    node: &Value,
    readable: &dyn Fn(&Value) -> bool,
    differences: &mut BTreeSet<String>,
) {
    let mut found = false;
    for (name, child) in children(node) {
        path.push(name);
        if readable(&replaced(root, path, Value::Nil)) {
            found = true;
            unreadable(root, path, child, readable, differences);
        }
        path.pop();
    }
    if found {
        return;
    }
    let place = if path.is_empty() {
        "the struct".to_owned()
    } else {
        format!("the field `{}`", path.join("."))
    };
    differences.insert(match children(node).is_empty() {
        true => format!("{place} is of another type than the schema says"),
        false => {
            format!("{place} cannot be read: it has a field that the schema does not have, or several of other types")
        }
    });
}

fn compare(sent: &Value, back: &Value, path: &str, differences: &mut BTreeSet<String>) {
    let sent_children: BTreeMap<String, &Value> = children(sent).into_iter().collect();
    let back_children: BTreeMap<String, &Value> = children(back).into_iter().collect();
    let place = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    for (name, child) in &sent_children {
        match back_children.get(name) {
            None => _ = differences.insert(format!("no field carries the attribute `{}`", place(name))),
            Some(other) => compare(child, other, &place(name), differences),
        }
    }
    for name in back_children.keys().filter(|name| !sent_children.contains_key(*name)) {
        differences.insert(format!("the schema does not have the field `{}`", place(name)));
    }
    if sent_children.is_empty() && back_children.is_empty() && sent != back {
        differences.insert(format!("the field `{path}` gives back another value than it got"));
    }
}

fn children(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Map(entries) => entries
            .iter()
            .filter_map(|(name, child)| Some((name.as_str()?.to_owned(), child)))
            .collect(),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .map(|(index, child)| (index.to_string(), child))
            .collect(),
        _ => Vec::new(),
    }
}

/// The tree with another value at the path; an element of an array that becomes null is removed.
fn replaced(root: &Value, path: &[String], value: Value) -> Value {
    let Some((name, rest)) = path.split_first() else {
        return value;
    };
    match root {
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, child)| match key.as_str() == Some(name) {
                    true => (key.clone(), replaced(child, rest, value.clone())),
                    false => (key.clone(), child.clone()),
                })
                .collect(),
        ),
        Value::Array(elements) => Value::Array(
            elements
                .iter()
                .enumerate()
                .filter(|(index, _)| !(rest.is_empty() && value.is_nil() && index.to_string() == *name))
                .map(|(index, child)| match index.to_string() == *name {
                    true => replaced(child, rest, value.clone()),
                    false => child.clone(),
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

fn block_sample(block: &Block) -> Value {
    let attributes = block
        .attributes
        .iter()
        .map(|(name, attribute)| (name, sample(&attribute.attr_type)));
    let blocks = block.blocks.iter().map(|(name, nested)| {
        let (nesting, inner, ..) = nested_block(nested);
        (name, repeated(nesting, block_sample(inner)))
    });
    Value::Map(
        attributes
            .chain(blocks)
            .map(|(name, value)| (Value::from(name.as_str()), value))
            .collect(),
    )
}

fn sample(attr_type: &AttributeType) -> Value {
    if let Some((nesting, attributes)) = nested(attr_type) {
        let object = attributes
            .iter()
            .map(|(name, inner)| (Value::from(name.as_str()), sample(&inner.attr_type)));
        return repeated(nesting, Value::Map(object.collect()));
    }
    match attr_type {
        AttributeType::String => "text".into(),
        AttributeType::Number => 1.into(),
        AttributeType::Bool => true.into(),
        AttributeType::List(element) | AttributeType::Set(element) => Value::Array(vec![sample(element)]),
        AttributeType::Map(element) => Value::Map(vec![("key".into(), sample(element))]),
        AttributeType::Object(types) => Value::Map(
            types
                .iter()
                .map(|(name, inner)| (Value::from(name.as_str()), sample(inner)))
                .collect(),
        ),
        AttributeType::Tuple(types) => Value::Array(types.iter().map(sample).collect()),
        _ => Value::Array(vec![Value::Binary(b"\"string\"".to_vec()), "text".into()]),
    }
}

fn repeated(nesting: NestingMode, object: Value) -> Value {
    match nesting {
        NestingMode::List | NestingMode::Set => Value::Array(vec![object]),
        NestingMode::Map => Value::Map(vec![("key".into(), object)]),
        _ => object,
    }
}

/// Every place of the sample that Terraform can send as null, and whether as unknown too.
fn paths(block: &Block) -> Vec<(Vec<String>, bool)> {
    let mut found = Vec::new();
    for (name, attribute) in &block.attributes {
        attribute_paths(name, attribute, &mut Vec::new(), &mut found);
    }
    for (name, nested) in &block.blocks {
        let (nesting, inner, ..) = nested_block(nested);
        for (path, unknown) in paths(inner) {
            found.push(([vec![name.clone()], element(nesting), path].concat(), unknown));
        }
    }
    found
}

fn attribute_paths(name: &str, attribute: &Attribute, at: &mut Vec<String>, found: &mut Vec<(Vec<String>, bool)>) {
    at.push(name.to_owned());
    found.push((at.clone(), true));
    if let Some((nesting, attributes)) = nested(&attribute.attr_type) {
        let depth = at.len();
        at.extend(element(nesting));
        attributes
            .iter()
            .for_each(|(name, inner)| attribute_paths(name, inner, at, found));
        at.truncate(depth);
    }
    at.pop();
}

fn element(nesting: NestingMode) -> Vec<String> {
    match nesting {
        NestingMode::List | NestingMode::Set => vec!["0".to_owned()],
        NestingMode::Map => vec!["key".to_owned()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use tf_provider::schema::{AttributeConstraint, Description};
    use tf_provider::value::Value as Terraform;

    use super::*;

    fn attributes(named: &[(&str, AttributeType)]) -> std::collections::HashMap<String, Attribute> {
        named
            .iter()
            .map(|(name, attr_type)| {
                let attribute = Attribute {
                    attr_type: attr_type.clone(),
                    description: Description::plain("described"),
                    constraint: AttributeConstraint::Optional,
                    ..Attribute::default()
                };
                ((*name).to_owned(), attribute)
            })
            .collect()
    }

    fn schema(parts: &[(&str, AttributeType)], more: &[(&str, AttributeType)]) -> Schema {
        let mut all = attributes(more);
        all.extend(attributes(&[
            ("name", AttributeType::String),
            ("parts", AttributeType::AttributeList(attributes(parts))),
        ]));
        Schema {
            version: 0,
            block: Block {
                attributes: all,
                ..Block::default()
            },
        }
    }

    #[derive(Serialize, Deserialize)]
    struct Thing {
        name: Terraform<String>,
        parts: Terraform<Vec<Part>>,
    }

    #[derive(Serialize, Deserialize)]
    struct Part {
        weight: Terraform<i64>,
    }

    #[derive(Serialize, Deserialize)]
    struct Lenient {
        name: String,
        #[serde(default)]
        extra: Terraform<String>,
        parts: Terraform<Vec<Part>>,
    }

    const WEIGHT: (&str, AttributeType) = ("weight", AttributeType::Number);

    #[test]
    fn equal_shapes_have_no_differences() {
        assert_eq!(differences::<Thing>(&schema(&[WEIGHT], &[])), Vec::<String>::new());
    }

    #[test]
    fn attribute_without_field_is_found_inside_nested_attributes_too() {
        let schema = schema(
            &[WEIGHT, ("height", AttributeType::Number)],
            &[("colour", AttributeType::String)],
        );
        assert_eq!(
            differences::<Thing>(&schema),
            [
                "no field carries the attribute `colour`",
                "no field carries the attribute `parts.0.height`"
            ]
        );
    }

    #[test]
    fn field_without_attribute_is_found_inside_nested_attributes_too() {
        assert_eq!(
            differences::<Thing>(&schema(&[("height", AttributeType::Number)], &[])),
            [
                "the field `parts.0` cannot be read: it has a field that the schema does not have, or several of other types"
            ]
        );
    }

    #[test]
    fn field_of_another_type_is_found() {
        assert_eq!(
            differences::<Thing>(&schema(&[("weight", AttributeType::String)], &[])),
            ["the field `parts.0.weight` is of another type than the schema says"]
        );
    }

    #[test]
    fn field_with_a_default_and_field_that_cannot_be_unknown_are_found() {
        assert_eq!(
            differences::<Lenient>(&schema(&[WEIGHT], &[])),
            [
                "`name` cannot be null",
                "`name` cannot be unknown",
                "the schema does not have the field `extra`"
            ]
        );
    }
}
