//! A provider that touches nothing outside of its own memory; the plugin module's tests drive it with Terraform.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use terraform_provider_certward::plugin::{
    self, EphemeralResource, MovedFrom, Opened, PluginProvider, PluginResource, Registry, Renewed, stop_requested,
};
use tf_provider::schema::{
    Attribute, AttributeConstraint, AttributeType, Block, Description, FunctionSchema, Parameter, Schema, Type,
};
use tf_provider::value::{StructEmpty, Value, ValueEmpty};
use tf_provider::{AttributePath, DataSource, Diagnostics, Function, Resource};

fn main() -> ExitCode {
    plugin::serve(Trivial)
}

struct Trivial;

#[async_trait]
impl PluginProvider for Trivial {
    type Config = StructEmpty;

    fn schema(&self, _: &mut Diagnostics) -> Option<Schema> {
        Some(schema(0, []))
    }

    async fn configure(&self, _: &mut Diagnostics, terraform_version: &str, _: StructEmpty) -> Option<()> {
        tracing::info!(terraform_version, "configured");
        Some(())
    }

    fn register(&self, registry: &mut Registry) {
        registry
            .resource("trivial_thing", Thing)
            .data_source("trivial_echo", Echo)
            .function("join", Join)
            .function("total", Total)
            .ephemeral_resource("trivial_secret", Secret);
    }
}

/// A resource that is its own state. What it does on the way depends on `behaviour`.
struct Thing;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ThingState {
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
struct Owner {
    name: Value<String>,
    secret_wo: Value<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
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
            plugin::log::mask(password);
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

/// A data source that answers with what it was asked.
struct Echo;

#[derive(Serialize, Deserialize)]
struct EchoState {
    text: Value<String>,
    echo: Value<String>,
}

#[async_trait]
impl DataSource for Echo {
    type State<'a> = EchoState;
    type ProviderMetaState<'a> = ValueEmpty;

    fn schema(&self, _: &mut Diagnostics) -> Option<Schema> {
        Some(schema(
            0,
            [
                ("text", AttributeType::String, AttributeConstraint::Required),
                ("echo", AttributeType::String, AttributeConstraint::Computed),
            ],
        ))
    }

    async fn read<'a>(&self, _: &mut Diagnostics, config: EchoState, _: ValueEmpty) -> Option<EchoState> {
        Some(EchoState {
            echo: config.text.clone(),
            text: config.text,
        })
    }
}

/// `provider::trivial::join(separator, texts...)`.
struct Join;

#[async_trait]
impl Function for Join {
    type Input<'a> = (String, Vec<String>);
    type Output<'a> = String;

    fn schema(&self, _: &mut Diagnostics) -> Option<FunctionSchema> {
        Some(FunctionSchema {
            parameters: vec![parameter("separator", Type::String)],
            variadic: Some(parameter("texts", Type::String)),
            return_type: Type::String,
            summary: "Joins texts".to_owned(),
            ..FunctionSchema::default()
        })
    }

    async fn call<'a>(&self, diags: &mut Diagnostics, (separator, texts): Self::Input<'a>) -> Option<String> {
        if texts.is_empty() {
            diags.function_error(1, "there is nothing to join");
            return None;
        }
        Some(texts.join(&separator))
    }
}

/// `provider::trivial::total(numbers...)`: variadic alone.
struct Total;

#[async_trait]
impl Function for Total {
    type Input<'a> = Vec<i64>;
    type Output<'a> = i64;

    fn schema(&self, _: &mut Diagnostics) -> Option<FunctionSchema> {
        Some(FunctionSchema {
            variadic: Some(parameter("numbers", Type::Number)),
            return_type: Type::Number,
            summary: "Adds numbers".to_owned(),
            ..FunctionSchema::default()
        })
    }

    async fn call<'a>(&self, _: &mut Diagnostics, numbers: Vec<i64>) -> Option<i64> {
        Some(numbers.iter().sum())
    }
}

/// An ephemeral resource whose value is made of its configuration. Wants to be renewed soon, and closes loudly.
struct Secret;

#[derive(Serialize, Deserialize)]
struct SecretState {
    seed: Value<String>,
    value: Value<String>,
}

#[async_trait]
impl EphemeralResource for Secret {
    type State = SecretState;
    type Private = String;

    fn schema(&self, _: &mut Diagnostics) -> Option<Schema> {
        Some(schema(
            0,
            [
                ("seed", AttributeType::String, AttributeConstraint::Required),
                ("value", AttributeType::String, AttributeConstraint::Computed),
            ],
        ))
    }

    async fn open(&self, _: &mut Diagnostics, config: SecretState) -> Option<Opened<SecretState, String>> {
        let Value::Value(seed) = config.seed else { return None };
        let value = Value::Value(format!("opened-{seed}"));
        Some(Opened {
            result: SecretState {
                seed: Value::Value(seed.clone()),
                value,
            },
            private: seed,
            renew_at: Some(soon()),
        })
    }

    async fn renew(&self, _: &mut Diagnostics, private: String) -> Option<Renewed<String>> {
        tracing::info!(seed = private, "renewed an ephemeral secret");
        Some(Renewed {
            private,
            renew_at: None,
        })
    }

    async fn close(&self, _: &mut Diagnostics, private: String) -> Option<()> {
        tracing::info!(seed = private, "closed an ephemeral secret");
        Some(())
    }
}

#[expect(clippy::disallowed_methods, reason = "an example has no clock of its own")]
fn soon() -> time::OffsetDateTime {
    time::OffsetDateTime::now_utc() + Duration::from_millis(200)
}

type Named<const N: usize> = [(&'static str, AttributeType, AttributeConstraint); N];

fn schema<const N: usize>(version: i64, named: Named<N>) -> Schema {
    let block = Block {
        version,
        attributes: attributes(named).into_iter().collect(),
        ..Block::default()
    };
    Schema { version, block }
}

fn attributes<const N: usize>(named: Named<N>) -> std::collections::HashMap<String, Attribute> {
    named
        .into_iter()
        .map(|(name, attr_type, constraint)| {
            let description = Description::plain(name);
            (
                name.to_owned(),
                Attribute {
                    attr_type,
                    constraint,
                    description,
                    ..Attribute::default()
                },
            )
        })
        .collect()
}

fn parameter(name: &str, param_type: Type) -> Parameter {
    Parameter {
        name: name.to_owned(),
        param_type,
        ..Parameter::default()
    }
}
