//! The whole, proved with real programs.

mod durability;
mod published_clients;
mod ravendb_recorded;
mod revocation;
mod terraform_inputs;
mod terraform_lifecycle;
mod terraform_provider_block;
mod terraform_secrets;
