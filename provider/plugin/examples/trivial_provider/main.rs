//! A provider that touches nothing outside of its own memory; the plugin module's tests drive it with Terraform.

mod thing;

use std::process::ExitCode;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use terraform_plugin::{EphemeralResource, Opened, PluginProvider, Registry, Renewed};
use tf_provider::schema::{
    Attribute, AttributeConstraint, AttributeType, Block, Description, FunctionSchema, Parameter, Schema, Type,
};
use tf_provider::value::{StructEmpty, Value, ValueEmpty};
use tf_provider::{DataSource, Diagnostics, Function};

use self::thing::Thing;

fn main() -> ExitCode {
    terraform_plugin::serve(Trivial)
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
