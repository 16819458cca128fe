//! Tests of the provider as a whole, and what tests of its parts share.

pub(crate) mod certificates;
mod documentation;
mod wrong_inputs;
