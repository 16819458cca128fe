//! Integration tests of the server, through its public interfaces.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end the test when something is missing"
)]

mod authorization_table;
mod bundles;
mod console;
mod front;
mod generated;
mod layering;
mod metric_labels;
mod program;
mod redis_enterprise;
mod settings;
mod setup;
mod store;
mod support;
mod x509_client_suite;
