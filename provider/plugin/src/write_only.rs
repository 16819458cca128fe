//! Write-only attributes: values that reach the provider in the configuration and are stored nowhere.

use prost::bytes::Bytes;
use rmpv::Value;
use tf_provider::schema::{Attribute, Schema};
use tf_provider::{AttributePath, AttributePathStep, Diagnostics};

use super::codec;
use super::schema::{nested, nested_block};
use super::wire::NestingMode;

/// The state with every write-only attribute set to null.
pub(crate) fn without(state: Bytes, schema: &Schema, write_only: &[AttributePath]) -> Bytes {
    if write_only.is_empty() || codec::is_null(&state) {
        return state;
    }
    let Some(mut tree) = codec::tree(&state) else {
        return state;
    };
    for path in write_only {
        visit(&mut tree, schema, path, &mut |value| *value = Value::Nil);
    }
    codec::from_tree(&tree)
}

/// Refuses a configuration that sets a write-only attribute when the client would store it.
pub(crate) fn refuse(diags: &mut Diagnostics, config: &[u8], schema: &Schema, write_only: &[AttributePath]) {
    if write_only.is_empty() {
        return;
    }
    let Some(mut tree) = codec::tree(config) else { return };
    for path in write_only {
        let mut set = false;
        visit(&mut tree, schema, path, &mut |value| set |= !value.is_nil());
        if set {
            diags.error(
                "WriteOnly Attribute Not Allowed",
                format!(
                    "The resource contains a non-null value for the write-only attribute `{path}`. Write-only \
                     attributes are supported in Terraform 1.11 and later."
                ),
                path.clone(),
            );
        }
    }
}

/// Runs `action` on every value that the path of attribute names reaches, going through the elements of collections.
fn visit(root: &mut Value, schema: &Schema, path: &AttributePath, action: &mut dyn FnMut(&mut Value)) {
    let names: Vec<&str> = path
        .steps
        .iter()
        .filter_map(|step| match step {
            AttributePathStep::Attribute(name) => Some(name.as_ref()),
            _ => None,
        })
        .collect();
    in_block(root, &schema.block, &names, action);
}

fn in_block(
    object: &mut Value,
    block: &tf_provider::schema::Block,
    names: &[&str],
    action: &mut dyn FnMut(&mut Value),
) {
    let Some((name, rest)) = names.split_first() else {
        return;
    };
    let Some(value) = member(object, name) else { return };
    if let Some(nested) = block.blocks.get(*name) {
        let (nesting, inner, _, _) = nested_block(nested);
        each(value, nesting, &mut |element| in_block(element, inner, rest, action));
    } else if let Some(attribute) = block.attributes.get(*name) {
        in_attribute(value, attribute, rest, action);
    }
}

fn in_attribute(value: &mut Value, attribute: &Attribute, names: &[&str], action: &mut dyn FnMut(&mut Value)) {
    let Some((name, rest)) = names.split_first() else {
        return action(value);
    };
    let Some((nesting, attributes)) = nested(&attribute.attr_type) else {
        return;
    };
    let Some(inner) = attributes.get(*name) else { return };
    each(value, nesting, &mut |element| {
        if let Some(value) = member(element, name) {
            in_attribute(value, inner, rest, action);
        }
    });
}

fn each(value: &mut Value, nesting: NestingMode, action: &mut dyn FnMut(&mut Value)) {
    match (nesting, value) {
        (NestingMode::List | NestingMode::Set, Value::Array(elements)) => elements.iter_mut().for_each(action),
        (NestingMode::Map, Value::Map(entries)) => entries.iter_mut().for_each(|(_, element)| action(element)),
        (NestingMode::Single | NestingMode::Group, value) => action(value),
        _ => {}
    }
}

fn member<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let Value::Map(entries) = object else { return None };
    entries
        .iter_mut()
        .find(|(key, _)| key.as_str() == Some(name))
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;
    use tf_provider::schema::{AttributeType, Block, NestedBlock};

    use super::*;

    fn text() -> (String, Attribute) {
        (
            "wo".to_owned(),
            Attribute {
                attr_type: AttributeType::String,
                ..Attribute::default()
            },
        )
    }

    fn schema() -> Schema {
        let attribute = |attr_type| Attribute {
            attr_type,
            ..Attribute::default()
        };
        let attributes = HashMap::from([
            text(),
            (
                "list".to_owned(),
                attribute(AttributeType::AttributeList([text()].into())),
            ),
            (
                "map".to_owned(),
                attribute(AttributeType::AttributeMap([text()].into())),
            ),
        ]);
        let inner = Block {
            attributes: [text()].into(),
            ..Block::default()
        };
        let blocks = HashMap::from([("block".to_owned(), NestedBlock::Set(inner))]);
        Schema {
            version: 0,
            block: Block {
                attributes,
                blocks,
                ..Block::default()
            },
        }
    }

    fn write_only() -> Vec<AttributePath> {
        let under = |name: &'static str| AttributePath::new(name).attribute("wo");
        vec![AttributePath::new("wo"), under("list"), under("map"), under("block")]
    }

    fn msgpack(value: serde_json::Value) -> Bytes {
        rmp_serde::to_vec_named(&value).unwrap().into()
    }

    #[test]
    fn values_become_null_wherever_they_are() {
        let state = |secret: Option<&str>| {
            let object = json!({ "wo": secret, "kept": 1 });
            msgpack(json!({ "wo": secret, "list": [object, object], "map": { "k": object }, "block": [object] }))
        };
        assert_eq!(without(state(Some("secret")), &schema(), &write_only()), state(None));
    }

    #[test]
    fn client_that_would_store_them_is_refused_for_each() {
        let config =
            |secret: Option<&str>| msgpack(json!({ "wo": secret, "list": [], "map": { "k": { "wo": secret } } }));
        let mut diags = Diagnostics::default();
        refuse(&mut diags, &config(None), &schema(), &write_only());
        assert_eq!(diags, Diagnostics::default());
        refuse(&mut diags, &config(Some("secret")), &schema(), &write_only());
        let refused: Vec<String> = diags.errors.iter().map(|error| error.attribute.to_string()).collect();
        assert_eq!(refused, ["wo", "map.wo"]);
        assert!(
            diags
                .errors
                .iter()
                .all(|error| error.summary == "WriteOnly Attribute Not Allowed")
        );
        assert!(!format!("{diags:?}").contains("secret"));
    }
}
