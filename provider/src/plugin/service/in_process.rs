//! Calls of the protocol without a process and a socket, for tests of a provider's answers.

use std::sync::Arc;

use serde_json::Value as Json;
use tf_provider::Diagnostics;
use tf_provider::schema::Schema;
use tokio_util::sync::CancellationToken;

use super::Service;
use crate::plugin::wire::calls::{
    ConfigureProviderRequest, PlanResourceChangeRequest, UpgradeResourceStateRequest, ValidateConfigRequest,
    ValidateProviderConfigRequest,
};
use crate::plugin::wire::{self, ClientCapabilities, DynamicValue, RawState, Selector, Severity};
use crate::plugin::{PluginProvider, codec, stored_state};

/// A provider, called as Terraform calls it.
pub(crate) struct InProcess(Arc<Service>);

/// The kind of block that a configuration is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block<'a> {
    Provider,
    Resource(&'a str),
    DataSource(&'a str),
}

/// An error or a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) is_error: bool,
    pub(crate) summary: String,
    pub(crate) detail: String,
    /// Such as `parts[1].weight`; empty for the whole block.
    pub(crate) path: String,
}

impl InProcess {
    pub(crate) fn new(provider: impl PluginProvider) -> Self {
        Self(Arc::new(Service::new(provider, CancellationToken::new())))
    }

    pub(crate) fn schema(&self, block: Block<'_>) -> Schema {
        let mut diags = Diagnostics::default();
        let schema = match block {
            Block::Provider => self.0.provider.schema(&mut diags),
            Block::Resource(name) => self.0.registry.resources[name].schema(&mut diags),
            Block::DataSource(name) => self.0.registry.data_sources[name].schema(&mut diags),
        };
        schema.unwrap()
    }

    pub(crate) fn resources(&self) -> impl Iterator<Item = &str> {
        self.0.registry.resources.keys().map(String::as_str)
    }

    pub(crate) fn data_sources(&self) -> impl Iterator<Item = &str> {
        self.0.registry.data_sources.keys().map(String::as_str)
    }

    /// Validates a configuration; attributes that it leaves out are null.
    pub(crate) async fn validate(&self, block: Block<'_>, config: &Json) -> Vec<Told> {
        let config = self.value(block, config);
        let request = |name: &str| ValidateConfigRequest {
            type_name: name.to_owned(),
            config: config.clone(),
            client_capabilities: Some(ClientCapabilities {
                deferral_allowed: false,
                write_only_attributes_allowed: true,
            }),
        };
        told(match block {
            Block::Provider => {
                let request = ValidateProviderConfigRequest { config };
                self.0.validate_provider_config(request).await.diagnostics
            }
            Block::Resource(name) => self.0.validate_resource_config(request(name)).await.diagnostics,
            Block::DataSource(name) => self.0.validate_data_resource_config(request(name)).await.diagnostics,
        })
    }

    pub(crate) async fn configure(&self, config: &Json) -> Vec<Told> {
        let request = ConfigureProviderRequest {
            terraform_version: "1.11.4".to_owned(),
            config: self.value(Block::Provider, config),
            ..ConfigureProviderRequest::default()
        };
        told(self.0.configure_provider(request).await.diagnostics)
    }

    /// Plans a resource that is not there yet.
    pub(crate) async fn plan(&self, name: &str, config: &Json) -> Vec<Told> {
        let config = self.value(Block::Resource(name), config);
        let request = PlanResourceChangeRequest {
            type_name: name.to_owned(),
            prior_state: codec::to_wire(codec::null()),
            proposed_new_state: config.clone(),
            config,
            ..PlanResourceChangeRequest::default()
        };
        told(self.0.plan_resource_change(request).await.diagnostics)
    }

    /// Upgrades a stored state.
    pub(crate) async fn upgrade(&self, name: &str, version: i64, state: &Json) -> Json {
        let request = UpgradeResourceStateRequest {
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

fn told(diagnostics: Vec<wire::Diagnostic>) -> Vec<Told> {
    let diagnostics = diagnostics.into_iter();
    diagnostics
        .map(|diagnostic| Told {
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
