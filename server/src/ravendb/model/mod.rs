//! Registered certificates and the rights that they give.

pub mod clearance;
pub mod definition;
pub mod registry;
