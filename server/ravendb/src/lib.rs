//! RavenDB's certificate administration.

pub mod access;
pub mod api;
pub mod model;
pub mod rows;
pub mod usecases;
