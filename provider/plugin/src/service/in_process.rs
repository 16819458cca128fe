//! Calls of the protocol without a process and a socket, for tests of a provider's answers. A call panics where a test
//! should fail.

#![allow(clippy::unwrap_used, reason = "clippy knows helpers of tests only inside cfg(test)")]

use std::sync::Arc;

use serde_json::Value as Json;
use tf_provider::Diagnostics;
use tf_provider::schema::Schema;
use tokio_util::sync::CancellationToken;

use super::Service;
use crate::wire::{
    self, ClientCapabilities, DynamicValue, RawState, Selector, Severity, configure_provider, plan_resource_change,
    upgrade_resource_state, validate_data_resource_config, validate_provider_config, validate_resource_config,
};
use crate::{PluginProvider, codec, stored_state};

/// A provider, called as Terraform calls it.
pub struct InProcess(Arc<Service>);

/// The kind of block that a configuration is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block<'a> {
    /// The provider block.
    Provider,
    /// A resource of this type.
    Resource(&'a str),
    /// A data source of this type.
    DataSource(&'a str),
}

/// An error or a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// Otherwise it is a warning.
    pub is_error: bool,
    /// Its first line.
    pub summary: String,
    /// The text below it.
    pub detail: String,
    /// Such as `parts[1].weight`; empty for the whole block.
    pub path: String,
}

impl InProcess {
    /// Serves a provider.
    pub fn new(provider: impl PluginProvider) -> Self {
        Self(Arc::new(Service::new(provider, CancellationToken::new())))
    }

    /// Returns the schema of a block.
    pub fn schema(&self, block: Block<'_>) -> Schema {
        let mut diags = Diagnostics::default();
        let schema = match block {
            Block::Provider => self.0.provider.schema(&mut diags),
            Block::Resource(name) => self.0.registry.resources[name].schema(&mut diags),
            Block::DataSource(name) => self.0.registry.data_sources[name].schema(&mut diags),
        };
        schema.unwrap()
    }

    /// Lists the types of resources.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.0.registry.resources.keys().map(String::as_str)
    }

    /// Lists the types of data sources.
    pub fn data_sources(&self) -> impl Iterator<Item = &str> {
        self.0.registry.data_sources.keys().map(String::as_str)
    }

    /// Validates a configuration; attributes that it leaves out are null.
    pub async fn validate(&self, block: Block<'_>, config: &Json) -> Vec<Reported> {
        let config = self.value(block, config);
        reported(match block {
            Block::Provider => {
                let request = validate_provider_config::Request { config };
                self.0.validate_provider_config(request).await.diagnostics
            }
            Block::Resource(name) => {
                let request = validate_resource_config::Request {
                    type_name: name.to_owned(),
                    config,
                    client_capabilities: Some(ClientCapabilities {
                        deferral_allowed: false,
                        write_only_attributes_allowed: true,
                    }),
                };
                self.0.validate_resource_config(request).await.diagnostics
            }
            Block::DataSource(name) => {
                let type_name = name.to_owned();
                let request = validate_data_resource_config::Request { type_name, config };
                self.0.validate_data_resource_config(request).await.diagnostics
            }
        })
    }

    /// Configures the provider.
    pub async fn configure(&self, config: &Json) -> Vec<Reported> {
        let request = configure_provider::Request {
            terraform_version: "1.11.4".to_owned(),
            config: self.value(Block::Provider, config),
            ..configure_provider::Request::default()
        };
        reported(self.0.configure_provider(request).await.diagnostics)
    }

    /// Plans a resource that is not there yet.
    pub async fn plan(&self, name: &str, config: &Json) -> Vec<Reported> {
        let config = self.value(Block::Resource(name), config);
        let request = plan_resource_change::Request {
            type_name: name.to_owned(),
            prior_state: codec::to_wire(codec::null()),
            proposed_new_state: config.clone(),
            config,
            ..plan_resource_change::Request::default()
        };
        reported(self.0.plan_resource_change(request).await.diagnostics)
    }

    /// Upgrades a stored state.
    pub async fn upgrade(&self, name: &str, version: i64, state: &Json) -> Json {
        let request = upgrade_resource_state::Request {
            type_name: name.to_owned(),
            version,
            raw_state: Some(RawState {
                json: state.to_string().into_bytes().into(),
                ..RawState::default()
            }),
        };
        let response = self.0.upgrade_resource_state(request).await;
        assert!(response.diagnostics.is_empty(), "{:?}", response.diagnostics);
        rmp_serde::from_slice(&response.upgraded_state.unwrap().msgpack).unwrap()
    }

    fn value(&self, block: Block<'_>, config: &Json) -> Option<DynamicValue> {
        codec::to_wire(codec::from_tree(&stored_state::conform(config, &self.schema(block))))
    }
}

fn reported(diagnostics: Vec<wire::Diagnostic>) -> Vec<Reported> {
    let diagnostics = diagnostics.into_iter();
    diagnostics
        .map(|diagnostic| Reported {
            is_error: diagnostic.severity == i32::from(Severity::Error),
            summary: diagnostic.summary,
            detail: diagnostic.detail,
            path: diagnostic.attribute.map(path).unwrap_or_default(),
        })
        .collect()
}

fn path(path: wire::AttributePath) -> String {
    let mut text = String::new();
    for step in path.steps {
        match step.selector {
            Some(Selector::AttributeName(name)) if text.is_empty() => text.push_str(&name),
            Some(Selector::AttributeName(name)) => text.push_str(&format!(".{name}")),
            Some(Selector::ElementKeyString(key)) => text.push_str(&format!("[{key:?}]")),
            Some(Selector::ElementKeyInt(index)) => text.push_str(&format!("[{index}]")),
            None => {}
        }
    }
    text
}
