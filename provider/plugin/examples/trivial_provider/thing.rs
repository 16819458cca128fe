//! The resource.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use terraform_plugin::{MovedFrom, PluginResource, stop_requested};
use tf_provider::schema::{AttributeConstraint, AttributeType, Schema};
use tf_provider::value::{Value, ValueEmpty};
use tf_provider::{AttributePath, Diagnostics, Resource};

use super::{attributes, schema};

/// A resource that is its own state. `behaviour` selects faults and delays on the way.
pub(super) struct Thing;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ThingState {
    id: Value<String>,
    name: Value<String>,
    /// A change of it replaces the thing.
    place: Value<String>,
    behaviour: Value<String>,
    /// Length of the write-only password that was seen last.
    password_length: Value<i64>,
    password_wo: Value<String>,
    password_wo_version: Value<String>,
    size: Value<i64>,
    owner: Value<Owner>,
    parts: Value<Vec<Part>>,
    labels: Value<BTreeMap<String, Part>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Owner {
    name: Value<String>,
    secret_wo: Value<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Part {
    weight: Value<i64>,
    /// Computed: twice the weight.
    double: Value<i64>,
}

impl ThingState {
    fn behaves(&self, behaviour: &str) -> bool {
        matches!(&self.behaviour, Value::Value(value) if value == behaviour)
    }

    fn doubled(mut self) -> Self {
        if let Value::Value(parts) = &mut self.parts {
            parts.iter_mut().for_each(Part::fill);
        }
        if let Value::Value(labels) = &mut self.labels {
            labels.values_mut().for_each(Part::fill);
        }
        self
    }

    async fn happen(mut self, diags: &mut Diagnostics, config: &Self) -> Option<Self> {
        if self.behaves("panic") {
            panic!("a panic with {}", "hunter2-in-a-panic");
        }
        if self.behaves("fail") {
            diags.error("It failed", "as asked", AttributePath::new("behaviour"));
            diags.error("It failed", "as asked", AttributePath::new("behaviour"));
            return None;
        }
        if self.behaves("slow") {
            let stop = stop_requested();
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(30)) => {}
                () = stop.cancelled() => diags.root_error("Stopped", "before the thing was finished"),
            }
        }
        if self.behaves("dawdle") {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if let Value::Value(password) = &config.password_wo {
            terraform_plugin::log::mask(password);
            tracing::info!(%password, "took a password");
            self.password_length = Value::Value(password.len() as i64);
        } else {
            self.password_length = Value::Null;
        }
        Some(self.doubled())
    }
}

impl Part {
    fn fill(&mut self) {
        self.double = match self.weight {
            Value::Value(weight) => Value::Value(weight * 2),
            Value::Null => Value::Null,
            Value::Unknown => Value::Unknown,
        };
    }
}

#[async_trait]
impl Resource for Thing {
    type State<'a> = ThingState;
    type PrivateState<'a> = Value<String>;
    type ProviderMetaState<'a> = ValueEmpty;

    fn schema(&self, _: &mut Diagnostics) -> Option<Schema> {
        let part = || {
            attributes([
                ("weight", AttributeType::Number, AttributeConstraint::Required),
                ("double", AttributeType::Number, AttributeConstraint::Computed),
            ])
        };
        let owner = attributes([
            ("name", AttributeType::String, AttributeConstraint::Required),
            ("secret_wo", AttributeType::String, AttributeConstraint::Optional),
        ]);
        Some(schema(
            2,
            [
                ("id", AttributeType::String, AttributeConstraint::Computed),
                ("name", AttributeType::String, AttributeConstraint::Required),
                ("place", AttributeType::String, AttributeConstraint::Optional),
                ("behaviour", AttributeType::String, AttributeConstraint::Optional),
                ("password_length", AttributeType::Number, AttributeConstraint::Computed),
                ("password_wo", AttributeType::String, AttributeConstraint::Optional),
                (
                    "password_wo_version",
                    AttributeType::String,
                    AttributeConstraint::Optional,
                ),
                ("size", AttributeType::Number, AttributeConstraint::Optional),
                (
                    "owner",
                    AttributeType::AttributeSingle(owner),
                    AttributeConstraint::Optional,
                ),
                (
                    "parts",
                    AttributeType::AttributeList(part()),
                    AttributeConstraint::Optional,
                ),
                (
                    "labels",
                    AttributeType::AttributeMap(part()),
                    AttributeConstraint::Optional,
                ),
            ],
        ))
    }

    async fn read<'a>(
        &self,
        _: &mut Diagnostics,
        state: ThingState,
        private: Value<String>,
        _: ValueEmpty,
    ) -> Option<(ThingState, Value<String>)> {
        (!state.behaves("vanish")).then_some((state, private))
    }

    async fn plan_create<'a>(
        &self,
        diags: &mut Diagnostics,
        mut proposed: ThingState,
        _: ThingState,
        _: ValueEmpty,
    ) -> Option<(ThingState, Value<String>)> {
        if proposed.behaves("refuse") {
            diags.error(
                "Refused",
                "the plan is refused as asked",
                AttributePath::new("behaviour"),
            );
            return None;
        }
        proposed.id = Value::Unknown;
        proposed.password_length = Value::Unknown;
        Some((proposed.doubled(), Value::Null))
    }

    async fn plan_update<'a>(
        &self,
        _: &mut Diagnostics,
        prior: ThingState,
        mut proposed: ThingState,
        _: ThingState,
        private: Value<String>,
        _: ValueEmpty,
    ) -> Option<(ThingState, Value<String>, Vec<AttributePath>)> {
        let mut replace = Vec::new();
        if prior.place != proposed.place {
            replace.push(AttributePath::new("place"));
        }
        if prior.password_wo_version != proposed.password_wo_version {
            proposed.password_length = Value::Unknown;
        }
        Some((proposed.doubled(), private, replace))
    }

    async fn plan_destroy<'a>(
        &self,
        _: &mut Diagnostics,
        _: ThingState,
        private: Value<String>,
        _: ValueEmpty,
    ) -> Option<Value<String>> {
        Some(private)
    }

    async fn create<'a>(
        &self,
        diags: &mut Diagnostics,
        mut planned: ThingState,
        config: ThingState,
        _: Value<String>,
        _: ValueEmpty,
    ) -> Option<(ThingState, Value<String>)> {
        planned.id = planned.name.as_ref().map(|name| format!("thing-{}", name.len()));
        let state = planned.happen(diags, &config).await?;
        Some((state, Value::Value("private to the provider".to_owned())))
    }

    async fn update<'a>(
        &self,
        diags: &mut Diagnostics,
        _: ThingState,
        planned: ThingState,
        config: ThingState,
        private: Value<String>,
        _: ValueEmpty,
    ) -> Option<(ThingState, Value<String>)> {
        if private != Value::Value("private to the provider".to_owned()) {
            diags.root_error("Private data is lost", "what create kept did not come back");
        }
        Some((planned.happen(diags, &config).await?, private))
    }

    async fn destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: ThingState,
        _: Value<String>,
        _: ValueEmpty,
    ) -> Option<()> {
        if prior.behaves("stay") {
            return None;
        }
        if prior.behaves("stay with a reason") {
            diags.root_error("Still in use", "the thing stays");
            return Some(());
        }
        Some(())
    }

    async fn import<'a>(&self, _: &mut Diagnostics, id: String) -> Option<(ThingState, Value<String>)> {
        let state = ThingState {
            id: Value::Value(format!("thing-{}", id.len())),
            name: Value::Value(id),
            place: Value::Null,
            behaviour: Value::Null,
            password_length: Value::Null,
            password_wo: Value::Value("must not be stored".to_owned()),
            password_wo_version: Value::Null,
            size: Value::Null,
            owner: Value::Null,
            parts: Value::Null,
            labels: Value::Null,
        };
        Some((state, Value::Value("private to the provider".to_owned())))
    }
}

#[async_trait]
impl PluginResource for Thing {
    fn write_only(&self) -> Vec<AttributePath> {
        vec![
            AttributePath::new("password_wo"),
            AttributePath::new("owner").attribute("secret_wo"),
        ]
    }

    /// Version 1 had `title` in place of `name`.
    async fn upgrade_state(
        &self,
        diags: &mut Diagnostics,
        version: i64,
        mut state: serde_json::Value,
    ) -> Option<serde_json::Value> {
        if version != 1 {
            diags.root_error("Unknown version", format!("version {version}"));
            return None;
        }
        state["name"] = state["title"].take();
        Some(state)
    }

    async fn move_state(&self, diags: &mut Diagnostics, from: MovedFrom) -> Option<serde_json::Value> {
        if from.type_name != "terraform_data" {
            diags.root_error("Cannot move", format!("from {}", from.type_name));
            return None;
        }
        Some(serde_json::json!({ "id": "thing-5", "name": "moved" }))
    }
}
