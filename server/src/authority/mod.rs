//! The use cases: what can be done with certificates, whatever the dialect it is asked in.

pub mod clearance;
pub mod definition;
pub mod registry;
