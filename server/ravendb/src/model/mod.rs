//! Registered certificates and their rights.

pub mod clearance;
pub mod definition;
pub mod registry;
