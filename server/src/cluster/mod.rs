//! A Redis Enterprise cluster as values and use cases; no HTTP, no JSON.

pub mod trust;
