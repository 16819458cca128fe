//! Short forms for schemas. Every attribute has a description; there is no way to leave it out.

use std::collections::HashMap;

use tf_provider::schema::{Attribute, AttributeConstraint, AttributeType, Block, Description, Schema};

/// A schema of version 0 with these attributes and a description in Markdown.
pub(crate) fn schema<const N: usize>(description: &str, attributes: [(&str, Attribute); N]) -> Schema {
    Schema {
        version: 0,
        block: Block {
            version: 0,
            attributes: named(attributes),
            blocks: HashMap::new(),
            description: Description::markdown(description),
            deprecated: false,
        },
    }
}

/// Attributes by name.
pub(crate) fn named<const N: usize>(attributes: [(&str, Attribute); N]) -> HashMap<String, Attribute> {
    attributes
        .into_iter()
        .map(|(name, attribute)| (name.to_owned(), attribute))
        .collect()
}

/// An attribute the user must set.
pub(crate) fn required(attr_type: AttributeType, description: &str) -> Attribute {
    attribute(AttributeConstraint::Required, attr_type, description)
}

/// An attribute the user may set, without a default.
pub(crate) fn optional(attr_type: AttributeType, description: &str) -> Attribute {
    attribute(AttributeConstraint::Optional, attr_type, description)
}

/// An attribute the user may set, with a default.
pub(crate) fn defaulted(attr_type: AttributeType, description: &str) -> Attribute {
    attribute(AttributeConstraint::OptionalComputed, attr_type, description)
}

/// An attribute the provider fills in.
pub(crate) fn computed(attr_type: AttributeType, description: &str) -> Attribute {
    attribute(AttributeConstraint::Computed, attr_type, description)
}

/// The attribute, hidden in everything Terraform prints.
pub(crate) fn sensitive(attribute: Attribute) -> Attribute {
    Attribute {
        sensitive: true,
        ..attribute
    }
}

/// A map of text.
pub(crate) fn map_of_strings() -> AttributeType {
    AttributeType::Map(Box::new(AttributeType::String))
}

/// A list of text.
pub(crate) fn list_of_strings() -> AttributeType {
    AttributeType::List(Box::new(AttributeType::String))
}

/// A set of text.
pub(crate) fn set_of_strings() -> AttributeType {
    AttributeType::Set(Box::new(AttributeType::String))
}

fn attribute(constraint: AttributeConstraint, attr_type: AttributeType, description: &str) -> Attribute {
    Attribute {
        attr_type,
        description: Description::markdown(description),
        constraint,
        sensitive: false,
        deprecated: false,
    }
}
