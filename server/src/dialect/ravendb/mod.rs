//! RavenDB's certificate administration API, as version 7.2 serves it.

mod answer;
mod json;
mod problem;
mod refusal;
mod wire;
