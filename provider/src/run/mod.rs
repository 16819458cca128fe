//! What one run of Terraform plans and does with which object.
//!
//! Terraform starts one process of the provider for a plan and one for an apply, and knows blocks, not objects: it destroys
//! what one block had and makes what another wants in any order, and cannot tell that both are the same object of the
//! cluster. The table of the run can. It refuses two blocks for one object, and keeps what a block of this run has made or
//! taken over when the instance that had it before is destroyed.

mod circle;
pub(crate) mod interruption;
mod objects;
mod plan;
pub(crate) mod removal;
pub(crate) mod trials;

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

/// What tells one object of a cluster from all others: an attribute that no two of a type can have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The type of the resource, such as `certward_redis_role`.
    pub(crate) type_name: &'static str,
    /// The attribute, such as `name`, or `id` for what the cluster itself tells objects apart by.
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
