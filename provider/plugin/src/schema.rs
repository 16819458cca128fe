//! Schemas as messages.

use std::collections::HashMap;

use prost::bytes::Bytes;
use tf_provider::schema::{
    Attribute, AttributeConstraint, AttributeType, Block, Description, FunctionSchema, NestedBlock, Parameter, Schema,
    StringKind,
};
use tf_provider::{AttributePath, AttributePathStep};

use super::wire;
use super::wire::NestingMode;
use super::wire::schema as message;

/// A schema as a message. Attributes and blocks are in alphabetical order, so that equal schemas are equal bytes.
pub(crate) fn to_wire(schema: &Schema, write_only: &[AttributePath]) -> wire::Schema {
    wire::Schema {
        version: schema.version,
        block: Some(block(&schema.block, &mut Vec::new(), write_only)),
    }
}

/// A function's signature as a message.
pub(crate) fn function_to_wire(schema: &FunctionSchema) -> wire::Function {
    wire::Function {
        parameters: schema.parameters.iter().map(parameter).collect(),
        variadic_parameter: schema.variadic.as_ref().map(parameter),
        r#return: Some(wire::function::Return {
            r#type: schema.return_type.to_string().into(),
        }),
        summary: schema.summary.clone(),
        description: schema.description.content.clone(),
        description_kind: kind(&schema.description),
        deprecation_message: match schema.deprecated.as_deref() {
            Some("") => "deprecated".to_owned(),
            message => message.unwrap_or_default().to_owned(),
        },
    }
}

/// The attributes of a nested attribute, with how they repeat.
pub(crate) fn nested(attr_type: &AttributeType) -> Option<(NestingMode, &HashMap<String, Attribute>)> {
    match attr_type {
        AttributeType::AttributeSingle(attributes) => Some((NestingMode::Single, attributes)),
        AttributeType::AttributeList(attributes) => Some((NestingMode::List, attributes)),
        AttributeType::AttributeSet(attributes) => Some((NestingMode::Set, attributes)),
        AttributeType::AttributeMap(attributes) => Some((NestingMode::Map, attributes)),
        _ => None,
    }
}

/// The block of a nested block, with how it repeats and its bounds; an upper bound of 0 is none.
pub(crate) fn nested_block(nested: &NestedBlock) -> (NestingMode, &Block, i64, i64) {
    match nested {
        NestedBlock::Single(block) => (NestingMode::Single, block, 1, 1),
        NestedBlock::List(block) => (NestingMode::List, block, 0, 0),
        NestedBlock::Set(block) => (NestingMode::Set, block, 0, 0),
        NestedBlock::Map(block) => (NestingMode::Map, block, 0, 0),
        NestedBlock::Group(block) => (NestingMode::Group, block, 0, 0),
        NestedBlock::Optional(block) => (NestingMode::List, block, 0, 1),
    }
}

fn block<'a>(block: &'a Block, path: &mut Vec<&'a str>, write_only: &[AttributePath]) -> message::Block {
    let block_types = sorted(&block.blocks)
        .map(|(name, nested)| {
            let (nesting, inner, min_items, max_items) = nested_block(nested);
            path.push(name);
            let inner = self::block(inner, path, write_only);
            path.pop();
            message::NestedBlock {
                type_name: name.to_owned(),
                block: Some(inner),
                nesting: nesting.into(),
                min_items,
                max_items,
            }
        })
        .collect();
    message::Block {
        version: block.version,
        attributes: attributes(&block.attributes, path, write_only),
        block_types,
        description: block.description.content.clone(),
        description_kind: kind(&block.description),
        deprecated: block.deprecated,
    }
}

fn attributes<'a>(
    attributes: &'a HashMap<String, Attribute>,
    path: &mut Vec<&'a str>,
    write_only: &[AttributePath],
) -> Vec<message::Attribute> {
    sorted(attributes)
        .map(|(name, attribute)| {
            path.push(name);
            let nested_type = nested(&attribute.attr_type).map(|(nesting, inner)| message::Object {
                attributes: self::attributes(inner, path, write_only),
                nesting: nesting.into(),
            });
            let write_only = write_only.iter().any(|write_only| is(write_only, path));
            path.pop();
            message::Attribute {
                name: name.to_owned(),
                r#type: match nested_type {
                    Some(_) => Bytes::new(),
                    None => attribute.attr_type.to_string().into(),
                },
                description: attribute.description.content.clone(),
                required: attribute.constraint == AttributeConstraint::Required,
                optional: matches!(
                    attribute.constraint,
                    AttributeConstraint::Optional | AttributeConstraint::OptionalComputed
                ),
                computed: matches!(
                    attribute.constraint,
                    AttributeConstraint::Computed | AttributeConstraint::OptionalComputed
                ),
                sensitive: attribute.sensitive,
                description_kind: kind(&attribute.description),
                deprecated: attribute.deprecated,
                nested_type,
                write_only,
            }
        })
        .collect()
}

fn is(path: &AttributePath, names: &[&str]) -> bool {
    path.steps.len() == names.len()
        && path.steps.iter().zip(names).all(|(step, name)| match step {
            AttributePathStep::Attribute(step) => step == name,
            _ => false,
        })
}

fn parameter(parameter: &Parameter) -> wire::function::Parameter {
    wire::function::Parameter {
        name: parameter.name.clone(),
        r#type: parameter.param_type.to_string().into(),
        allow_null_value: parameter.allow_null,
        allow_unknown_values: parameter.allow_unknown,
        description: parameter.description.content.clone(),
        description_kind: kind(&parameter.description),
    }
}

fn kind(description: &Description) -> i32 {
    match description.kind {
        StringKind::Plain => wire::StringKind::Plain.into(),
        StringKind::Markdown => wire::StringKind::Markdown.into(),
    }
}

fn sorted<T>(named: &HashMap<String, T>) -> impl Iterator<Item = (&str, &T)> {
    let mut entries: Vec<(&str, &T)> = named.iter().map(|(name, item)| (name.as_str(), item)).collect();
    entries.sort_unstable_by_key(|(name, _)| *name);
    entries.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_attribute_has_a_nested_type_and_no_type() {
        let inner = |name: &str| {
            (
                name.to_owned(),
                Attribute {
                    attr_type: AttributeType::String,
                    ..Attribute::default()
                },
            )
        };
        let nested = Attribute {
            attr_type: AttributeType::AttributeSet([inner("b"), inner("a_wo")].into()),
            ..Attribute::default()
        };
        let block = Block {
            attributes: [("n".to_owned(), nested)].into(),
            ..Block::default()
        };
        let write_only = [AttributePath::new("n").attribute("a_wo")];
        let message = to_wire(&Schema { version: 1, block }, &write_only);
        let attribute = &message.block.unwrap().attributes[0];
        assert!(attribute.r#type.is_empty() && !attribute.write_only);
        let inner = &attribute.nested_type.as_ref().unwrap().attributes;
        let flags: Vec<_> = inner
            .iter()
            .map(|inner| (inner.name.as_str(), inner.write_only))
            .collect();
        assert_eq!(flags, [("a_wo", true), ("b", false)]);
        assert_eq!(inner[0].r#type, b"\"string\"".as_slice());
    }

    #[test]
    fn block_without_bounds_has_none() {
        let nested = NestedBlock::List(Block::default());
        assert!(matches!(nested_block(&nested), (NestingMode::List, _, 0, 0)));
    }
}
