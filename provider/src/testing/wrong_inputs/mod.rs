//! Users' mistakes, made through Terraform's calls: each is reported on its attribute, and never as a fault of the
//! provider.

mod client_certificates;
mod cluster;
mod databases;
mod texts;
mod users;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use terraform_plugin::{Block, InProcess};
use tf_provider::schema::{Attribute, AttributeConstraint, AttributeType};

use self::texts::Texts;
use crate::provider::Certward;
use crate::session::clock::SystemClock;
use crate::session::configuration::Environment;

struct NoVariables;

impl Environment for NoVariables {
    fn get(&self, _: &str) -> Option<String> {
        None
    }
}

fn provider() -> InProcess {
    InProcess::new(Certward::with(NoVariables, Arc::new(SystemClock)))
}

/// A mistake: where, what is written, the attribute, and the first words.
type Row = (Block<'static>, Json, String, &'static str);

#[tokio::test]
async fn every_wrong_input_is_told_on_its_attribute_and_none_as_a_bug() {
    let provider = provider();
    // Nothing listens there: a plan does not need the cluster to find these.
    let block = json!({
        "ravendb": { "endpoints": ["https://127.0.0.1:1"] },
        "redis_enterprise": { "endpoints": ["https://127.0.0.1:1"] },
        "max_retries": 0,
    });
    let told = provider.configure(&block).await;
    assert!(told.iter().all(|told| !told.is_error), "{told:?}");
    let texts = Texts::new();
    let mut rows = of_schemas(&provider, &texts);
    rows.extend(written(&texts));
    assert!(rows.len() >= 215, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for (block, config, path, summary) in rows {
        let mut told = provider.validate(block, &config).await;
        if let (Block::Resource(name), true) = (block, told.iter().all(|told| !told.is_error)) {
            told.extend(provider.plan(name, &config).await);
        }
        let found = told
            .iter()
            .any(|told| told.path == path && told.summary.starts_with(summary));
        let blames_us = told.iter().any(|told| {
            let text = format!("{} {}", told.summary, told.detail).to_lowercase();
            ["a bug", "report it", "report this", "panicked"]
                .iter()
                .any(|words| text.contains(words))
        });
        if !found || blames_us {
            wrong.push(format!("{block:?} {path} {summary:?}: {told:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.concat());
}

/// The base of the rows itself has no mistake, or they would prove nothing.
#[tokio::test]
async fn right_inputs_are_told_nothing_at_validation() {
    let provider = provider();
    let texts = Texts::new();
    let resources = provider.resources().map(Block::Resource);
    for block in resources.chain(provider.data_sources().map(Block::DataSource)) {
        let told = provider.validate(block, &texts.right(block)).await;
        assert_eq!(told, [], "{block:?}");
    }
    assert_eq!(
        provider.validate(Block::Provider, &texts.right(Block::Provider)).await,
        []
    );
}

#[tokio::test]
async fn states_of_the_first_schema_version_are_upgraded() {
    let provider = provider();
    let user = json!({ "id": "7", "name": "a", "role_ids": [2, 3], "certificate_subject_line": "CN=a" });
    let upgraded = provider.upgrade("certward_cert_user", 0, &user).await;
    assert_eq!(upgraded["role_ids"], json!(["2", "3"]));
    assert_eq!(provider.upgrade("certward_cert_user", 1, &upgraded).await, upgraded);
    let database = json!({ "id": "3", "port": 12000, "roles_permissions": [{ "role_id": 2, "redis_acl_id": 11 }] });
    let upgraded = provider.upgrade("certward_redis_database", 0, &database).await;
    assert_eq!(
        upgraded["roles_permissions"],
        json!([{ "role_id": "2", "redis_acl_id": "11" }])
    );
    assert_eq!(upgraded["port"], json!(12000));
}

/// Wrong inputs that follow from the schema, for every attribute of every type.
fn of_schemas(provider: &InProcess, texts: &Texts) -> Vec<Row> {
    let leaked = |name: &str| -> &'static str { Box::leak(name.to_owned().into_boxed_str()) };
    let resources = provider.resources().map(|name| Block::Resource(leaked(name)));
    let data_sources = provider.data_sources().map(|name| Block::DataSource(leaked(name)));
    let mut rows = Vec::new();
    for block in resources.chain(data_sources).chain([Block::Provider]) {
        for (name, attribute) in &provider.schema(block).block.attributes {
            let mut row = |value: Json, path: String, summary| {
                let mut config = texts.right(block);
                config[name] = value;
                rows.push((block, config, path, summary));
            };
            for (value, inside, summary) in mistakes(attribute) {
                row(value, format!("{name}{inside}"), summary);
            }
        }
    }
    rows
}

fn mistakes(attribute: &Attribute) -> Vec<(Json, String, &'static str)> {
    const MISSING: &str = "Missing Configuration for Required Attribute";
    let mut found = Vec::new();
    match attribute.constraint {
        AttributeConstraint::Computed => {
            let value = sample(&attribute.attr_type);
            return vec![(value, String::new(), "Invalid Configuration for Read-Only Attribute")];
        }
        AttributeConstraint::Required => found.push((Json::Null, String::new(), MISSING)),
        _ => {}
    }
    match &attribute.attr_type {
        AttributeType::Number => found.push((json!(1.5), String::new(), "Invalid Whole Number")),
        AttributeType::List(_) => found.push((json!([null]), "[0]".to_owned(), "Null List Value")),
        AttributeType::Set(_) => found.push((json!([null]), String::new(), "Null Set Value")),
        AttributeType::Map(_) => found.push((json!({ "k": null }), "[\"k\"]".to_owned(), "Null Map Value")),
        AttributeType::AttributeList(attributes) => {
            found.push((json!([null]), "[0]".to_owned(), "Null List Value"));
            for (name, inner) in attributes {
                for (value, inside, summary) in mistakes(inner) {
                    let object = with(attributes, name, value);
                    found.push((json!([object]), format!("[0].{name}{inside}"), summary));
                }
            }
        }
        AttributeType::AttributeSet(attributes) => {
            found.push((json!([null]), String::new(), "Null Set Value"));
            for (name, inner) in attributes {
                for (value, _, summary) in mistakes(inner) {
                    found.push((json!([with(attributes, name, value)]), String::new(), summary));
                }
            }
        }
        AttributeType::AttributeSingle(attributes) => {
            for (name, inner) in attributes {
                for (value, inside, summary) in mistakes(inner) {
                    found.push((with(attributes, name, value), format!(".{name}{inside}"), summary));
                }
            }
        }
        _ => {}
    }
    found
}

/// An object with everything that is required, and this.
fn with(attributes: &HashMap<String, Attribute>, name: &str, value: Json) -> Json {
    let required = attributes
        .iter()
        .filter(|(_, attribute)| attribute.constraint == AttributeConstraint::Required);
    let mut object: Json = required
        .map(|(name, attribute)| (name.clone(), sample(&attribute.attr_type)))
        .collect();
    object[name] = value;
    object
}

fn sample(attr_type: &AttributeType) -> Json {
    match attr_type {
        AttributeType::String => json!("1"),
        AttributeType::Number => json!(1),
        AttributeType::Bool => json!(true),
        AttributeType::List(inner) | AttributeType::Set(inner) => json!([sample(inner)]),
        AttributeType::Map(inner) => json!({ "k": sample(inner) }),
        AttributeType::AttributeList(_) | AttributeType::AttributeSet(_) => json!([{}]),
        _ => json!({}),
    }
}

/// Wrong inputs that no schema shows.
fn written(texts: &Texts) -> Vec<Row> {
    let mut rows = Rows {
        texts,
        rows: Vec::new(),
    };
    client_certificates::add(&mut rows);
    users::add(&mut rows);
    databases::add(&mut rows);
    cluster::add(&mut rows);
    rows.rows
}

struct Rows<'a> {
    texts: &'a Texts,
    rows: Vec<Row>,
}

impl Rows<'_> {
    /// Adds what is right in all but these attributes.
    fn add(&mut self, block: Block<'static>, changes: Json, path: &str, summary: &'static str) {
        let mut config = self.texts.right(block);
        for (name, value) in changes.as_object().unwrap() {
            config[name] = value.clone();
        }
        self.rows.push((block, config, path.to_owned(), summary));
    }
}
