//! One value of the configuration, and where it comes from.

use std::fmt;

use tf_provider::AttributePath;
use tf_provider::value::Value;

use super::environment::{Environment, variable};

/// A value of the provider block or of the environment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Setting<T> {
    /// Neither the block nor the environment says anything.
    Absent,
    /// The block refers to something that is known only after apply.
    Unknown(Origin),
    /// This value.
    Known(T, Origin),
}

/// The origin of a value; prints as the user would find it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Origin {
    /// An attribute of the provider block, with dots between the steps.
    Attribute(&'static str),
    /// An environment variable.
    Variable(&'static str),
}

impl Setting<String> {
    /// The attribute if it is set, else its variable.
    pub(crate) fn text(attribute: &'static str, value: &Value<String>, environment: Option<&dyn Environment>) -> Self {
        match value {
            Value::Value(value) => Self::Known(value.clone(), Origin::Attribute(attribute)),
            Value::Unknown => Self::Unknown(Origin::Attribute(attribute)),
            Value::Null => Self::from_environment(attribute, environment),
        }
    }

    /// The variable of an attribute.
    pub(crate) fn from_environment(attribute: &'static str, environment: Option<&dyn Environment>) -> Self {
        match variable(attribute).and_then(|name| Some((name, environment?.get(name)?))) {
            Some((name, value)) => Self::Known(value, Origin::Variable(name)),
            None => Self::Absent,
        }
    }
}

impl<T> Setting<T> {
    /// The origin of the value, if there is one.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Absent => None,
            Self::Unknown(origin) | Self::Known(_, origin) => Some(origin),
        }
    }

    /// Nothing, unless the value comes from the block.
    pub(crate) fn without_variable(self) -> Self {
        match self.origin() {
            Some(Origin::Variable(_)) => Self::Absent,
            _ => self,
        }
    }

    /// Returns `true` when the value comes from the block.
    pub(crate) fn is_attribute(&self) -> bool {
        matches!(self.origin(), Some(Origin::Attribute(_)))
    }
}

impl Origin {
    /// The attribute to mark; the whole block for a variable. Of a nested one the outer: Terraform shows no line for a
    /// path that goes into an object.
    pub(crate) fn path(&self) -> AttributePath {
        match self {
            Self::Attribute(name) => AttributePath::new(name.split('.').next().unwrap_or(name)),
            Self::Variable(_) => AttributePath::root(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(name) => f.write_str(name),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
        }
    }
}
