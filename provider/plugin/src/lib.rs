//! A server of Terraform's plugin protocol 6 for resources written against the traits of the crate `tf-provider`.
//!
//! A provider is a type that implements [`PluginProvider`]: it has a schema, a way to be configured, and it registers
//! its resources, data sources, functions and ephemeral resources. [`serve`] does the rest: it is the whole `main` of
//! a provider.
//!
//! ```no_run
//! # use std::process::ExitCode;
//! # use async_trait::async_trait;
//! # use tf_provider::{Diagnostics, schema::{Block, Schema}, value::StructEmpty};
//! use terraform_plugin::{PluginProvider, Registry};
//!
//! struct Example;
//!
//! #[async_trait]
//! impl PluginProvider for Example {
//!     type Config = StructEmpty;
//!
//!     fn schema(&self, _: &mut Diagnostics) -> Option<Schema> {
//!         Some(Schema { version: 0, block: Block::default() })
//!     }
//!
//!     async fn configure(&self, _: &mut Diagnostics, _terraform_version: &str, _: StructEmpty) -> Option<()> {
//!         Some(())
//!     }
//!
//!     fn register(&self, _registry: &mut Registry) {
//!         // registry.resource("example_thing", Thing { ... });
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     terraform_plugin::serve(Example)
//! }
//! ```
//!
//! Further traits cover the gaps of `tf-provider`'s: [`PluginResource`] (write-only attributes, state
//! upgrades, moves) and [`EphemeralResource`]. A running operation asks [`stop_requested`] whether the user wants it
//! to end early. Secrets that a resource comes to know are named to [`log::mask()`].
//!
//! The crate knows nothing of the provider it serves. It speaks the messages of the minor versions 6.5 to 6.9. It is
//! tested with Terraform 1.11 to 1.15; ephemeral resources need Terraform 1.10, write-only attributes 1.11. Newer calls
//! (list resources and actions of 1.14) are answered as unimplemented, which Terraform takes for "has none".

mod call;
mod codec;
mod configuration;
mod data_source;
mod diagnostics;
mod ephemeral;
mod function;
mod instance;
pub mod log;
mod provider;
mod resource;
mod schema;
mod server;
mod service;
mod stored_state;
pub mod testing;
mod transport;
mod wire;
mod write_only;

pub use call::stop_requested;
pub use ephemeral::{EphemeralResource, Opened, Renewed};
pub use instance::{Instance, InstanceCall, instance_call};
pub use provider::{Configured, PluginProvider, Registry};
pub use resource::{MovedFrom, PluginResource};
pub use server::serve;

#[cfg(any(test, feature = "test-util"))]
pub use service::in_process::{Block, InProcess, Reported};
