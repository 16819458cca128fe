//! The table of a run: its plans and operations, by object.
//!
//! Terraform starts one provider process for a plan and one for an apply, and knows blocks, not objects: it destroys
//! the object of one block and creates that of another in any order, and cannot know that both are the same object of
//! the cluster. The table does. It refuses two blocks for one object, and keeps an object that one block of this run
//! has created or adopted when the instance that had it before is destroyed.

mod circle;
pub(crate) mod collections;
pub(crate) mod interruption;
pub(crate) mod leftovers;
mod objects;
mod plan;
pub(crate) mod removal;
pub(crate) mod trials;
pub(crate) mod witness;

use std::fmt;

pub(crate) use objects::{Objects, Release, Turn, Working, taken_over};
pub(crate) use plan::{Plans, Way};

use crate::report::shown;

/// The table of one run.
#[derive(Default)]
pub(crate) struct RunTable {
    pub(crate) plans: Plans,
    pub(crate) objects: Objects,
}

/// Identifies one object of a cluster: an attribute whose value is unique within its type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The type of the resource, such as `certward_redis_role`.
    pub(crate) type_name: &'static str,
    /// The attribute, such as `name`, or `id` for the cluster's own identifier.
    pub(crate) attribute: &'static str,
    /// Its value.
    pub(crate) value: String,
}

impl Key {
    pub(crate) fn new(type_name: &'static str, attribute: &'static str, value: impl Into<String>) -> Self {
        Self {
            type_name,
            attribute,
            value: value.into(),
        }
    }
}

/// As it stands in a configuration: `certward_redis_role with name = "app"`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            type_name,
            attribute,
            value,
        } = self;
        write!(
            f,
            "{type_name} with {attribute} = \"{}\"",
            shown(value).at_most(LONGEST_VALUE)
        )
    }
}

/// Of a value in a message.
const LONGEST_VALUE: usize = 200;
