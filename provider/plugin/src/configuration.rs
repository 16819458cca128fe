//! Checks of a configuration by its schema alone.
//!
//! Terraform checks the types and leaves the rest to the provider
//! (<https://github.com/hashicorp/terraform/issues/30669>). Summaries are those of HashiCorp's framework for Go where it
//! has one, so that users find them.

use std::collections::HashMap;

use prost::bytes::Bytes;
use rmpv::Value;
use tf_provider::schema::{
    Attribute, AttributeConstraint, AttributeType, Block, FunctionSchema, Parameter, Schema, Type,
};
use tf_provider::{AttributePath, AttributePathStep, Diagnostics};

use super::codec;
use super::schema::{nested, nested_block};
use super::wire::NestingMode;

/// Adds an error for everything that the schema does not allow, and answers with the configuration to check further: what
/// was refused is unknown in it, so that it is not refused a second time in other words.
///
/// Refused are null for a required attribute, a value for a read-only one, null elements of collections, and numbers that
/// `fits` says the resource cannot read: whole numbers are the only ones most resources know.
pub(crate) fn check(diags: &mut Diagnostics, config: Bytes, schema: &Schema, fits: &dyn Fn(&[u8]) -> bool) -> Bytes {
    let Some(mut tree) = codec::tree(&config) else {
        return config;
    };
    let mut walk = Walk::new(diags);
    walk.block(&mut tree, &schema.block);
    let numbers = std::mem::take(&mut walk.numbers);
    let mut changed = walk.changed;
    for number in numbers {
        changed |= !number.restored_in(&mut tree, diags, fits);
    }
    if changed { codec::from_tree(&tree) } else { config }
}

/// Adds an error for each argument of a function that its signature does not allow.
pub(crate) fn check_arguments(diags: &mut Diagnostics, schema: &FunctionSchema, arguments: &[Bytes]) {
    for (index, argument) in arguments.iter().enumerate() {
        let Some(parameter) = schema.parameters.get(index).or(schema.variadic.as_ref()) else {
            continue;
        };
        let Ok(position) = i64::try_from(index) else { continue };
        for problem in argument_problems(parameter, argument) {
            diags.function_error(position, problem);
        }
    }
}

fn argument_problems(parameter: &Parameter, argument: &[u8]) -> Vec<String> {
    if codec::is_null(argument) {
        let refused = !parameter.allow_null;
        return Vec::from_iter(refused.then(|| format!("{} is null; it needs a value", parameter.name)));
    }
    let Some(mut tree) = codec::tree(argument) else {
        return Vec::new();
    };
    let mut found = Diagnostics::default();
    let mut walk = Walk::new(&mut found);
    walk.path = AttributePath::new(parameter.name.clone());
    walk.value(&mut tree, &attribute_type(&parameter.param_type), false);
    found
        .errors
        .into_iter()
        .map(|error| error.detail.into_owned())
        .collect()
}

/// Functions have a type of types of their own, without nested attributes.
fn attribute_type(parameter: &Type) -> AttributeType {
    let boxed = |inner: &Type| Box::new(attribute_type(inner));
    match parameter {
        Type::String => AttributeType::String,
        Type::Number => AttributeType::Number,
        Type::Bool => AttributeType::Bool,
        Type::List(inner) => AttributeType::List(boxed(inner)),
        Type::Set(inner) => AttributeType::Set(boxed(inner)),
        Type::Map(inner) => AttributeType::Map(boxed(inner)),
        Type::Object(members) => {
            let members = members.iter();
            AttributeType::Object(
                members
                    .map(|(name, inner)| (name.clone(), attribute_type(inner)))
                    .collect(),
            )
        }
        Type::Tuple(elements) => AttributeType::Tuple(elements.iter().map(attribute_type).collect()),
        Type::Any => AttributeType::Any,
    }
}

struct Walk<'a> {
    diags: &'a mut Diagnostics,
    /// The path of the present element, for messages. Elements of sets have no step of their own.
    path: AttributePath,
    /// The same as positions of children.
    positions: Vec<usize>,
    /// The number of sets around the present element.
    sets: usize,
    numbers: Vec<Number>,
    changed: bool,
}

/// A number in a form other than a whole one.
struct Number {
    path: AttributePath,
    positions: Vec<usize>,
    value: Value,
    sensitive: bool,
}

impl<'a> Walk<'a> {
    fn new(diags: &'a mut Diagnostics) -> Self {
        Self {
            diags,
            path: AttributePath::root(),
            positions: Vec::new(),
            sets: 0,
            numbers: Vec::new(),
            changed: false,
        }
    }

    fn block(&mut self, value: &mut Value, block: &Block) {
        self.members(value, |walk, name, member| {
            if let Some(attribute) = block.attributes.get(name) {
                walk.attribute(member, name, attribute);
            } else if let Some(nested) = block.blocks.get(name) {
                let (nesting, inner, ..) = nested_block(nested);
                walk.elements(member, nesting, &|walk, element| walk.block(element, inner));
            }
        });
    }

    fn attributes(&mut self, value: &mut Value, attributes: &HashMap<String, Attribute>) {
        self.members(value, |walk, name, member| {
            if let Some(attribute) = attributes.get(name) {
                walk.attribute(member, name, attribute);
            }
        });
    }

    /// Null stays null where nothing is required; unknown values are judged when they are known.
    fn attribute(&mut self, value: &mut Value, name: &str, attribute: &Attribute) {
        match (&attribute.constraint, value.is_nil()) {
            (AttributeConstraint::Required, true) => {
                self.refuse(
                    value,
                    "Missing Configuration for Required Attribute",
                    format!(
                        "Must set a configuration value for the {} attribute as the provider has marked it as required. It is \
                         null here.",
                        self.path
                    ),
                );
            }
            (AttributeConstraint::Computed, false) => {
                self.refuse(
                    value,
                    "Invalid Configuration for Read-Only Attribute",
                    format!(
                        "Cannot set value for this attribute as the provider has marked it as read-only. Remove the \
                         configuration line setting {name}: the provider fills it in."
                    ),
                );
                // Null is what a configuration has there.
                *value = Value::Nil;
            }
            (_, true) => {}
            (_, false) => self.value(value, &attribute.attr_type, attribute.sensitive),
        }
    }

    fn value(&mut self, value: &mut Value, attr_type: &AttributeType, sensitive: bool) {
        if let Some((nesting, attributes)) = nested(attr_type) {
            return self.elements(value, nesting, &|walk, element| walk.attributes(element, attributes));
        }
        match attr_type {
            AttributeType::Number => self.number(value, sensitive),
            AttributeType::List(inner) => {
                self.elements(value, NestingMode::List, &|walk, element| {
                    walk.value(element, inner, sensitive)
                });
            }
            AttributeType::Set(inner) => {
                self.elements(value, NestingMode::Set, &|walk, element| {
                    walk.value(element, inner, sensitive)
                });
            }
            AttributeType::Map(inner) => {
                self.elements(value, NestingMode::Map, &|walk, element| {
                    walk.value(element, inner, sensitive)
                });
            }
            AttributeType::Object(types) => self.members(value, |walk, name, member| {
                if let Some(inner) = types.get(name) {
                    walk.value(member, inner, sensitive);
                }
            }),
            _ => {}
        }
    }

    /// Members of an object, each of which may be null.
    fn members(&mut self, value: &mut Value, visit: impl Fn(&mut Self, &str, &mut Value)) {
        let Value::Map(entries) = value else { return };
        for (position, (name, member)) in entries.iter_mut().enumerate() {
            let Some(name) = name.as_str() else { continue };
            self.step(position, AttributePathStep::Attribute(name.to_owned().into()), |walk| {
                visit(walk, name, member);
            });
        }
    }

    /// Elements of a collection, none of which may be null; the object itself where there is one.
    fn elements(&mut self, value: &mut Value, nesting: NestingMode, visit: &dyn Fn(&mut Self, &mut Value)) {
        let element = |walk: &mut Self, kind: &'static str, value: &mut Value| match value.is_nil() {
            true => walk.refuse(
                value,
                kind,
                format!(
                    "{} contains a null value. Leave the element out, or give it a value.",
                    walk.path
                ),
            ),
            false => visit(walk, value),
        };
        match (nesting, value) {
            (NestingMode::List, Value::Array(elements)) => {
                for (position, value) in elements.iter_mut().enumerate() {
                    let step = AttributePathStep::Index(i64::try_from(position).unwrap_or(i64::MAX));
                    self.step(position, step, |walk| element(walk, "Null List Value", value));
                }
            }
            (NestingMode::Set, Value::Array(elements)) => {
                self.sets += 1;
                for (position, value) in elements.iter_mut().enumerate() {
                    self.step(position, AttributePathStep::Index(0), |walk| {
                        element(walk, "Null Set Value", value);
                    });
                }
                self.sets -= 1;
            }
            (NestingMode::Map, Value::Map(entries)) => {
                for (position, (key, value)) in entries.iter_mut().enumerate() {
                    let step = AttributePathStep::Key(key.as_str().unwrap_or_default().to_owned().into());
                    self.step(position, step, |walk| element(walk, "Null Map Value", value));
                }
            }
            (NestingMode::Single | NestingMode::Group, value) if !value.is_nil() => visit(self, value),
            _ => {}
        }
    }

    fn step(&mut self, position: usize, step: AttributePathStep, visit: impl FnOnce(&mut Self)) {
        let named = self.sets == 0;
        if named {
            self.path.steps.push(step);
        }
        self.positions.push(position);
        visit(self);
        self.positions.pop();
        if named {
            self.path.steps.pop();
        }
    }

    /// A whole number comes as one; any other number as a float, or as text where a float would change it.
    fn number(&mut self, value: &mut Value, sensitive: bool) {
        if matches!(value, Value::F32(_) | Value::F64(_) | Value::String(_)) {
            self.numbers.push(Number {
                path: self.path.clone(),
                positions: self.positions.clone(),
                value: std::mem::replace(value, unknown()),
                sensitive,
            });
        }
    }

    fn refuse(&mut self, value: &mut Value, summary: &'static str, detail: String) {
        self.changed = true;
        *value = unknown();
        self.diags.add_error(tf_provider::Diagnostic {
            summary: summary.into(),
            detail: detail.into(),
            attribute: self.path.clone(),
        });
    }
}

impl Number {
    /// Puts the number back where the resource can read it. Otherwise adds an error and answers `false`.
    fn restored_in(self, tree: &mut Value, diags: &mut Diagnostics, fits: &dyn Fn(&[u8]) -> bool) -> bool {
        let readable_without = fits(&codec::from_tree(tree));
        let Some(place) = child(tree, &self.positions) else {
            return true;
        };
        *place = self.value.clone();
        if !readable_without || fits(&codec::from_tree(tree)) {
            return true;
        }
        if let Some(place) = child(tree, &self.positions) {
            *place = unknown();
        }
        let shown = match (self.sensitive, &self.value) {
            (true, _) => "The value".to_owned(),
            (false, Value::String(text)) => format!("Value {}", text.as_str().unwrap_or_default()),
            (false, value) => format!("Value {value}"),
        };
        diags.add_error(tf_provider::Diagnostic {
            summary: "Invalid Whole Number".into(),
            detail: format!(
                "{shown} is not an integer of 64 bits. Set {} to a whole number.",
                self.path
            )
            .into(),
            attribute: self.path,
        });
        false
    }
}

fn child<'a>(tree: &'a mut Value, positions: &[usize]) -> Option<&'a mut Value> {
    positions.iter().try_fold(tree, |node, position| match node {
        Value::Map(entries) => entries.get_mut(*position).map(|(_, value)| value),
        Value::Array(elements) => elements.get_mut(*position),
        _ => None,
    })
}

/// A value that is not known yet, as Terraform sends it.
fn unknown() -> Value {
    Value::Ext(0, vec![0])
}

#[cfg(test)]
#[path = "configuration_tests.rs"]
mod tests;
