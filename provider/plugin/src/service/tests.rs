//! Calls that Terraform 1.11 never makes in this way: an older client, answers that contradict themselves.

use std::sync::Arc;

use async_trait::async_trait;
use prost::bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tf_provider::schema::{Attribute, AttributeType, Block, Schema};
use tf_provider::value::{StructEmpty, Value, ValueEmpty};
use tf_provider::{AttributePath, Diagnostics, Resource};
use tokio_util::sync::CancellationToken;

use super::Service;
use crate::wire::{
    ClientCapabilities, DynamicValue, RawState, ResourceIdentityData, apply_resource_change, get_metadata,
    get_provider_schema, import_resource_state, read_resource, stop_provider, upgrade_resource_state,
    validate_resource_config,
};
use crate::{PluginProvider, PluginResource, Registry, codec, stop_requested};

struct Example;

#[async_trait]
impl PluginProvider for Example {
    type Config = StructEmpty;

    fn schema(&self, _: &mut Diagnostics) -> Option<Schema> {
        Some(Schema {
            version: 0,
            block: Block::default(),
        })
    }

    async fn configure(&self, _: &mut Diagnostics, _: &str, _: StructEmpty) -> Option<()> {
        Some(())
    }

    fn register(&self, registry: &mut Registry) {
        registry.resource("example_thing", Thing);
    }
}

/// A resource whose `does` says what the next call does.
struct Thing;

#[derive(Serialize, Deserialize)]
struct State {
    does: Value<String>,
    key_wo: Value<String>,
}

impl State {
    fn act(self, diags: &mut Diagnostics) -> Option<(Self, Value<String>)> {
        let Value::Value(does) = &self.does else {
            return Some((self, Value::Null));
        };
        if does.contains("error") {
            diags.root_error_short("an error");
        }
        (!does.contains("none")).then_some((self, Value::Null))
    }
}

#[async_trait]
impl Resource for Thing {
    type State<'a> = State;
    type PrivateState<'a> = Value<String>;
    type ProviderMetaState<'a> = ValueEmpty;

    fn schema(&self, _: &mut Diagnostics) -> Option<Schema> {
        let text = || Attribute {
            attr_type: AttributeType::String,
            ..Attribute::default()
        };
        let attributes = [("does".to_owned(), text()), ("key_wo".to_owned(), text())].into();
        let block = Block {
            attributes,
            ..Block::default()
        };
        Some(Schema { version: 3, block })
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        state: State,
        _: Value<String>,
        _: ValueEmpty,
    ) -> Option<(State, Value<String>)> {
        state.act(diags)
    }

    async fn plan_create<'a>(
        &self,
        diags: &mut Diagnostics,
        proposed: State,
        _: State,
        _: ValueEmpty,
    ) -> Option<(State, Value<String>)> {
        proposed.act(diags)
    }

    async fn plan_update<'a>(
        &self,
        diags: &mut Diagnostics,
        _: State,
        proposed: State,
        _: State,
        _: Value<String>,
        _: ValueEmpty,
    ) -> Option<(State, Value<String>, Vec<AttributePath>)> {
        proposed.act(diags).map(|(state, private)| (state, private, Vec::new()))
    }

    async fn plan_destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: State,
        _: Value<String>,
        _: ValueEmpty,
    ) -> Option<Value<String>> {
        prior.act(diags).map(|(_, private)| private)
    }

    async fn create<'a>(
        &self,
        diags: &mut Diagnostics,
        planned: State,
        _: State,
        _: Value<String>,
        _: ValueEmpty,
    ) -> Option<(State, Value<String>)> {
        planned.act(diags)
    }

    async fn update<'a>(
        &self,
        diags: &mut Diagnostics,
        _: State,
        planned: State,
        _: State,
        _: Value<String>,
        _: ValueEmpty,
    ) -> Option<(State, Value<String>)> {
        planned.act(diags)
    }

    async fn destroy<'a>(&self, diags: &mut Diagnostics, prior: State, _: Value<String>, _: ValueEmpty) -> Option<()> {
        prior.act(diags).map(drop)
    }
}

impl PluginResource for Thing {
    fn write_only(&self) -> Vec<AttributePath> {
        vec![AttributePath::new("key_wo")]
    }
}

fn service() -> Arc<Service> {
    Arc::new(Service::new(Example, CancellationToken::new()))
}

fn value(does: &str) -> Option<DynamicValue> {
    let state = json!({ "does": does, "key_wo": null });
    codec::to_wire(rmp_serde::to_vec_named(&state).unwrap().into())
}

fn null() -> Option<DynamicValue> {
    codec::to_wire(codec::null())
}

async fn apply(prior: Option<DynamicValue>, planned: Option<DynamicValue>) -> (Option<DynamicValue>, usize) {
    let request = apply_resource_change::Request {
        type_name: "example_thing".to_owned(),
        prior_state: prior,
        config: planned.clone(),
        planned_state: planned,
        ..apply_resource_change::Request::default()
    };
    let response = service().apply_resource_change(request).await;
    (response.new_state, response.diagnostics.len())
}

#[tokio::test]
async fn write_only_value_of_an_older_client_is_refused() {
    let config = rmp_serde::to_vec_named(&json!({ "does": null, "key_wo": "k" })).unwrap();
    let mut request = validate_resource_config::Request {
        type_name: "example_thing".to_owned(),
        config: codec::to_wire(config.into()),
        client_capabilities: None,
    };
    let response = service().validate_resource_config(request.clone()).await;
    assert_eq!(response.diagnostics[0].summary, "WriteOnly Attribute Not Allowed");
    request.client_capabilities = Some(ClientCapabilities {
        deferral_allowed: false,
        write_only_attributes_allowed: true,
    });
    assert!(service().validate_resource_config(request).await.diagnostics.is_empty());
}

#[tokio::test]
async fn failed_read_keeps_the_state_and_a_silent_one_says_gone() {
    let read = async |does: &str| {
        let request = read_resource::Request {
            type_name: "example_thing".to_owned(),
            current_state: value(does),
            private: Bytes::from_static(b"\xa1p"),
            ..read_resource::Request::default()
        };
        service().read_resource(request).await
    };
    let failed = read("error none").await;
    assert_eq!((failed.new_state, failed.diagnostics.len()), (value("error none"), 1));
    assert_eq!(failed.private, b"\xa1p".as_slice());
    let gone = read("none").await;
    assert_eq!((gone.new_state, gone.diagnostics.len()), (null(), 0));
}

#[tokio::test]
async fn applied_state_is_what_was_reached() {
    assert_eq!(
        apply(null(), value("error")).await,
        (value("error"), 1),
        "made with errors"
    );
    assert_eq!(apply(null(), value("none")).await, (null(), 1), "not made");
    assert_eq!(apply(value("x"), value("none")).await, (value("x"), 1), "not changed");
    assert_eq!(
        apply(value("x"), value("error")).await,
        (value("error"), 1),
        "changed with errors"
    );
    assert_eq!(apply(value("x"), null()).await, (null(), 0), "destroyed");
    assert_eq!(apply(value("none"), null()).await, (value("none"), 1), "not destroyed");
    assert_eq!(
        apply(value("error"), null()).await,
        (value("error"), 1),
        "destroyed with errors stays"
    );
}

#[tokio::test]
async fn stopping_the_provider_leaves_later_calls_alone() {
    let service = service();
    assert_eq!(service.stop_provider(stop_provider::Request {}).await.error, "");
    let request = read_resource::Request {
        type_name: "example_thing".to_owned(),
        current_state: value("x"),
        ..read_resource::Request::default()
    };
    let response = service.read_resource(request).await;
    assert_eq!((response.new_state, response.diagnostics.len()), (value("x"), 0));
    service
        .stop
        .scope(async { assert!(!stop_requested().is_cancelled()) })
        .await;
}

#[tokio::test]
async fn default_upgrade_refuses_another_version_and_import_an_identity() {
    let upgrade = async |version| {
        let request = upgrade_resource_state::Request {
            type_name: "example_thing".to_owned(),
            version,
            raw_state: Some(RawState {
                json: Bytes::from_static(br#"{ "does": "x", "gone": 1 }"#),
                ..RawState::default()
            }),
        };
        service().upgrade_resource_state(request).await
    };
    let same = upgrade(3).await;
    let state: serde_json::Value = rmp_serde::from_slice(&same.upgraded_state.unwrap().msgpack).unwrap();
    assert_eq!(state, json!({ "does": "x", "key_wo": null }));
    assert!(upgrade(2).await.diagnostics[0].detail.contains("schema version 2"));

    let request = import_resource_state::Request {
        type_name: "example_thing".to_owned(),
        identity: Some(ResourceIdentityData::default()),
        ..import_resource_state::Request::default()
    };
    let response = service().import_resource_state(request).await;
    assert_eq!(response.diagnostics[0].summary, "Import by identity is not supported");
}

#[tokio::test]
async fn unknown_type_is_an_error_and_keeps_the_state() {
    let request = read_resource::Request {
        type_name: "example_other".to_owned(),
        current_state: value("x"),
        ..read_resource::Request::default()
    };
    let response = service().read_resource(request).await;
    assert_eq!(response.new_state, value("x"));
    assert!(response.diagnostics[0].detail.contains("`example_other`"));
}

#[tokio::test]
async fn schema_and_metadata_name_what_is_registered() {
    let schemas = service().get_provider_schema(get_provider_schema::Request {}).await;
    let thing = &schemas.resource_schemas["example_thing"];
    let write_only: Vec<bool> = thing
        .block
        .as_ref()
        .unwrap()
        .attributes
        .iter()
        .map(|a| a.write_only)
        .collect();
    assert_eq!((thing.version, write_only), (3, vec![false, true]));
    assert!(schemas.diagnostics.is_empty());
    let metadata = service().get_metadata(get_metadata::Request {}).await;
    assert_eq!(metadata.resources[0].type_name, "example_thing");
    assert!(metadata.server_capabilities.unwrap().plan_destroy);
}
