//! The whole, proved with real programs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, too, end the test when something is missing, and tell what was skipped"
)]

mod certificate_files;
mod client_certificate_recipe;
mod conformance;
mod connected;
mod documentation;
mod durability;
mod logs_and_signals;
mod published_clients;
mod quickstart;
mod ravendb_recorded;
mod redis_databases;
mod redis_enterprise_page;
mod redis_enterprise_revocation;
mod redis_enterprise_sdk;
mod revocation;
mod store_faults;
mod terraform_examples;
mod terraform_inputs;
mod terraform_lifecycle;
mod terraform_provider_block;
mod terraform_redis_databases;
mod terraform_redis_trust;
mod terraform_redis_users;
mod terraform_same_object;
mod terraform_secrets;
mod terraform_versions;
mod terraform_world;
mod well_known;
