//! The pages of `docs/`, made from the schemas, and the tests that hold them, the schemas and the states together.
//!
//! `UPDATE_DOCS=1 cargo test -p terraform-provider-certward documentation` writes the pages anew.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use terraform_plugin::{Block, InProcess};
use tf_provider::AttributePath;
use tf_provider::schema::{Attribute, AttributeConstraint, AttributeType, Schema};

use crate::data_sources::cert_user::CertUserData;
use crate::data_sources::cert_users::CertUsersState;
use crate::data_sources::client_certificates::ClientCertificatesState;
use crate::data_sources::cluster::ClusterState;
use crate::data_sources::redis_databases::RedisDatabasesState;
use crate::data_sources::redis_roles::RedisRolesState;
use crate::data_sources::trusted_cas::TrustedCasState;
use crate::data_sources::whoami::WhoAmIState;
use crate::effects::{self, Act, Loss};
use crate::provider::Certward;
use crate::resources::cert_user::CertUserState;
use crate::resources::client_certificate::ClientCertificateState;
use crate::resources::cluster_mtls_settings::ClusterMtlsSettingsState;
use crate::resources::redis_acl::RedisAclState;
use crate::resources::redis_database::RedisDatabaseState;
use crate::resources::redis_role::RedisRoleState;
use crate::resources::trusted_ca::TrustedCaState;
use crate::resources::trusted_ca_bundle::TrustedCaBundleState;
use crate::session::configuration::ProviderBlock;

#[test]
fn pages_are_those_of_the_schemas() {
    let mut stale = Vec::new();
    for (path, text) in pages() {
        let path = root().join("docs").join(path);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
        } else if fs::read_to_string(&path).ok().as_deref() != Some(&*text) {
            stale.push(path);
        }
    }
    assert!(
        stale.is_empty(),
        "stale, run UPDATE_DOCS=1 cargo test -p terraform-provider-certward documentation: {stale:?}"
    );
}

#[test]
fn schemas_change_on_purpose_only() {
    let mut text = String::new();
    for (name, schema) in schemas() {
        _ = writeln!(text, "{name}, version {}", schema.version);
        golden(&mut text, "  ", &schema.block.attributes);
    }
    let path = root().join("tests/schema.golden.txt");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(path).unwrap());
}

#[test]
fn states_hold_what_their_schemas_say() {
    let schemas: BTreeMap<String, Schema> = schemas().into_iter().collect();
    fits::<ProviderBlock>(&schemas["provider"]);
    fits::<ClientCertificateState>(&schemas["resource certward_client_certificate"]);
    fits::<WhoAmIState>(&schemas["data source certward_whoami"]);
    fits::<ClientCertificatesState>(&schemas["data source certward_client_certificates"]);
    fits::<CertUserState>(&schemas["resource certward_cert_user"]);
    fits::<RedisRoleState>(&schemas["resource certward_redis_role"]);
    fits::<RedisAclState>(&schemas["resource certward_redis_acl"]);
    fits::<RedisDatabaseState>(&schemas["resource certward_redis_database"]);
    fits::<CertUserData>(&schemas["data source certward_cert_user"]);
    fits::<CertUsersState>(&schemas["data source certward_cert_users"]);
    fits::<RedisRolesState>(&schemas["data source certward_redis_roles"]);
    fits::<RedisDatabasesState>(&schemas["data source certward_redis_databases"]);
    fits::<TrustedCaState>(&schemas["resource certward_trusted_ca"]);
    fits::<TrustedCaBundleState>(&schemas["resource certward_trusted_ca_bundle"]);
    fits::<ClusterMtlsSettingsState>(&schemas["resource certward_cluster_mtls_settings"]);
    fits::<ClusterState>(&schemas["data source certward_cluster"]);
    fits::<TrustedCasState>(&schemas["data source certward_trusted_cas"]);
    assert_eq!(schemas.len(), 17, "a new type needs a line above");
}

#[test]
fn every_attribute_is_described() {
    fn check(attributes: &HashMap<String, Attribute>) {
        for (name, attribute) in attributes {
            let text = &attribute.description.content;
            assert!(text.len() > 15 && text.ends_with(['.', '`']), "{name}: {text:?}");
            if let Some(nested) = nested(&attribute.attr_type) {
                check(nested);
            }
        }
    }
    for (name, schema) in schemas() {
        assert!(!schema.block.description.content.is_empty(), "{name}");
        check(&schema.block.attributes);
    }
}

#[test]
fn secrets_are_sensitive() {
    for (_, schema) in schemas() {
        for (name, attribute) in &schema.block.attributes {
            let secret = [
                "client_private_key_pem",
                "pkcs12_base64",
                "pkcs12_password",
                "proxy_url",
                "default_user_password_wo",
            ];
            assert_eq!(attribute.sensitive, secret.contains(&name.as_str()), "{name}");
        }
    }
}

fn fits<T: Serialize + DeserializeOwned>(schema: &Schema) {
    let sample = sample_object(&schema.block.attributes);
    let state: T = serde_json::from_value(sample.clone()).unwrap();
    assert_eq!(serde_json::to_value(state).unwrap(), sample);
    let nulls: Json = schema
        .block
        .attributes
        .keys()
        .map(|name| (name.clone(), Json::Null))
        .collect();
    let state: T = serde_json::from_value(nulls.clone()).unwrap();
    assert_eq!(serde_json::to_value(state).unwrap(), nulls);
}

fn sample_object(attributes: &HashMap<String, Attribute>) -> Json {
    let entries = attributes.iter();
    entries
        .map(|(name, attribute)| (name.clone(), sample(&attribute.attr_type)))
        .collect()
}

fn sample(attr_type: &AttributeType) -> Json {
    match attr_type {
        AttributeType::String => json!("text"),
        AttributeType::Number => json!(7),
        AttributeType::Bool => json!(true),
        AttributeType::List(element) | AttributeType::Set(element) => json!([sample(element)]),
        AttributeType::Map(element) => json!({ "key": sample(element) }),
        AttributeType::AttributeSingle(attributes) => sample_object(attributes),
        AttributeType::AttributeList(attributes) | AttributeType::AttributeSet(attributes) => {
            json!([sample_object(attributes)])
        }
        other => panic!("no sample of {other:?}"),
    }
}

fn schemas() -> Vec<(String, Schema)> {
    let provider = InProcess::new(Certward::new());
    let mut schemas = vec![("provider".to_owned(), provider.schema(Block::Provider))];
    for name in provider.resources() {
        schemas.push((format!("resource {name}"), provider.schema(Block::Resource(name))));
    }
    for name in provider.data_sources() {
        schemas.push((format!("data source {name}"), provider.schema(Block::DataSource(name))));
    }
    schemas
}

fn golden(text: &mut String, indent: &str, attributes: &HashMap<String, Attribute>) {
    for (name, attribute) in sorted(attributes) {
        let sensitive = if attribute.sensitive { ", sensitive" } else { "" };
        _ = writeln!(
            text,
            "{indent}{name}: {}, {:?}{sensitive}",
            type_name(&attribute.attr_type),
            attribute.constraint
        );
        if let Some(nested) = nested(&attribute.attr_type) {
            golden(text, &format!("{indent}  "), nested);
        }
    }
}

fn pages() -> Vec<(String, String)> {
    schemas()
        .into_iter()
        .map(|(name, schema)| match name.rsplit_once(' ') {
            None => ("index.md".to_owned(), index(&schema)),
            Some(("resource", name)) => (
                format!("resources/{}.md", name.trim_start_matches("certward_")),
                page(name, "Resource", &schema, &format!("resources/{name}/resource.tf")) + &import(name),
            ),
            Some((_, name)) => (
                format!("data-sources/{}.md", name.trim_start_matches("certward_")),
                page(
                    name,
                    "Data Source",
                    &schema,
                    &format!("data-sources/{name}/data-source.tf"),
                ),
            ),
        })
        .collect()
}

fn index(schema: &Schema) -> String {
    let description = &schema.block.description.content;
    let mut text = front_matter("certward Provider", description);
    _ = write!(
        text,
        "# certward Provider\n\n{description}\n\n\
         | works with | versions |\n| --- | --- |\n\
         | RavenDB, and the Certward server in its place | 7.2 |\n\
         | Redis Enterprise Software, and the Certward server in its place | 8.2; certificate users from 7.8.4 on. Made \
         from the vendor's documentation: no real cluster was at hand |\n\
         | Terraform | 1.11 and newer: tested with 1.11, 1.12, 1.13, 1.14 and 1.15. 1.8 and 1.10 were tried: all but write-only arguments works |\n\n\
         ## Example\n\n```terraform\n{}```\n\nWith a PKCS#12 file:\n\n```terraform\n{}```\n\n\
         For Redis Enterprise:\n\n```terraform\n{}```\n\n\
         ## Which rights the provider needs\n\n\
         On RavenDB, the certificate it logs in with is registered with the clearance `Operator`; to register, change or \
         remove a `ClusterAdmin`, it is a `ClusterAdmin` itself. The first one comes from `rvn admin-channel` \
         (`generateClientCert`), from RavenDB's setup zip, or from `certward-server setup`. The server's own certificate \
         cannot stand in for it when a public authority issued it recently: such certificates are no longer for clients. \
         The private key stays in the file or variable named here: it is in no state, plan file or log.\n\n\
         On Redis Enterprise, the provider is a user with the management role `admin`; `user_manager` is enough for \
         users, roles and ACLs that are not about administrators, `db_member` for databases. Until the cluster takes certificates, set \
         `username` and `password` of `redis_enterprise`; with those set, the certificate is not shown there.\n\n\
         ## What a destruction would end\n\n\
         With the Certward server, a plan that destroys `certward_cert_user`, `certward_redis_role`, `certward_redis_acl`, \
         `certward_redis_database`, `certward_trusted_ca`, `certward_trusted_ca_bundle` (with `on_destroy = \"remove\"`) or \
         `certward_client_certificate` asks what that would end at this moment. A warning then names the open connections \
         and who would lose access; nothing is changed, and the plan goes on:\n\n\
         ```text\n{}```\n\n\
         So does a plan that replaces an authority or a client certificate, or leaves certificates out of a bundle or of \
         `client_certificates_pem` of a database. Without a warning, nothing would end, or the server did not say: RavenDB and \
         Redis Enterprise cannot, it tells administrators alone (`ClusterAdmin`, or the management role `admin`), and a plan goes on \
         when the question is refused, or not answered within 10 s.\n\n\
         ## Where the values come from\n\n\
         An attribute wins over its environment variable; there is no default endpoint. `_pem` and `_file` are two \
         forms of one value, of which one is set. Values that are known only after apply are allowed: until they are \
         known, plans go by the state of the last run.\n\n\
         Files are read up to 4 MiB. A path may name a pipe, such as a shell's `<(vault read …)` or `/dev/stdin`; it must \
         end within 10 s.\n\n\
         ## One object, one block\n\n\
         A cluster has each certificate, user, role, ACL and database once, and two blocks for one of them would remove it for \
         each other: a plan with two fails and names what they have in common, or the apply does where that is known then \
         only. Provider configurations are looked at one by one, so two aliases for one cluster are not held against each \
         other.\n\n\
         What a block wants is there at the end of a run, whatever else the run removes:\n\n\
         * An object that is there already, and equal, is taken over, with a warning. So a run that was interrupted, or whose \
         answers were lost, goes on with the next apply.\n\
         * A block whose label has changed without a `moved` block is destroyed under one address and created under another, \
         and Terraform does so in any order. The plan warns, and the object is kept, or made anew.\n\
         * `lifecycle {{ create_before_destroy = true }}` has the new object there before the old one goes when they are two \
         objects: another certificate, another authority. With the same certificate or name, as after `terraform taint` or \
         with `-replace`, there is only one, and it stays as it is, with a warning; to have it made anew, replace it without \
         `create_before_destroy`.\n\
         * In a `count` over a list that gets shorter or longer in front, roles, ACLs, users and databases are renamed in \
         place, in the order that their names allow. `for_each` leaves them alone.\n\n\
         ## Retries and logs\n\n\
         Requests that change nothing or can safely be repeated are tried again when the cluster cannot be reached or says \
         it is busy, with random pauses that grow from 0.2 s to 5 s: by default for 13 s to 26 s, so that a run survives the \
         restart of a node. All requests of a run wait for a cluster together; once it has not answered for 30 s, each \
         is tried once on every endpoint. `Retry-After` is honoured, up to 60 s for one operation. Not tried again are refusals \
         (401, 403 and the like), host names that do not exist, and servers that cannot be verified. An endpoint that cannot \
         be connected to, or whose TLS handshake fails, gives way to the next; when all fail, the error has the reason of \
         each.\n\n\
         Of an answer at most 16 MiB are read, of a listing 64 MiB and 200 pages. Redirections are not followed. \
         `TF_LOG_PROVIDER=DEBUG` logs each request by endpoint, method, path and status, and each attempt that failed with its \
         endpoint and reason; bodies and secrets are never logged. The \
         provider talks to your cluster and to nobody else.\n\n{}",
        example("provider.tf"),
        example("provider_pkcs12.tf"),
        example("provider_redis_enterprise.tf"),
        warning(),
        attributes_section(&schema.block.attributes),
    );
    text
}

fn page(name: &str, kind: &str, schema: &Schema, example_file: &str) -> String {
    let description = &schema.block.description.content;
    let title = format!("{name} ({kind})");
    let mut text = front_matter(&format!("{title} - certward"), description);
    _ = write!(
        text,
        "# {title}\n\n{description}\n\nSupported on: {}, Certward server.\n\n## Example\n\n```terraform\n{}```\n\n{}",
        product(name),
        example(example_file),
        attributes_section(&schema.block.attributes)
    );
    text
}

/// Returns the product that a resource or data source is for.
fn product(name: &str) -> &'static str {
    match name {
        "certward_client_certificate" | "certward_client_certificates" | "certward_whoami" => "RavenDB 7.2",
        "certward_trusted_cas" => "Redis Enterprise 8.2, RavenDB 7.2",
        _ => "Redis Enterprise 8.2",
    }
}

fn import(name: &str) -> String {
    format!(
        "\n## Import\n\nWith an `import` block:\n\n```terraform\n{}```\n\nOr with the command:\n\n```shell\n{}```\n",
        example(&format!("resources/{name}/import-by-string-id.tf")),
        example(&format!("resources/{name}/import.sh"))
    )
}

fn front_matter(title: &str, description: &str) -> String {
    let first = description.split("\n\n").next().unwrap_or_default();
    format!("---\npage_title: \"{title}\"\nsubcategory: \"\"\ndescription: |-\n  {first}\n---\n\n")
}

fn attributes_section(attributes: &HashMap<String, Attribute>) -> String {
    let mut text = "## Schema\n".to_owned();
    list(&mut text, "###", attributes);
    nested_sections(&mut text, "", attributes);
    text
}

fn nested_sections(text: &mut String, above: &str, attributes: &HashMap<String, Attribute>) {
    for (name, attribute) in sorted(attributes) {
        if let Some(nested) = nested(&attribute.attr_type) {
            let name = format!("{above}{name}");
            _ = writeln!(text, "\n### Nested schema for `{name}`");
            list(text, "####", nested);
            nested_sections(text, &format!("{name}."), nested);
        }
    }
}

fn list(text: &mut String, heading: &str, attributes: &HashMap<String, Attribute>) {
    use AttributeConstraint::{Computed, Optional, OptionalComputed, Required};
    for (title, constraints) in [
        ("Required", &[Required][..]),
        ("Optional", &[Optional, OptionalComputed]),
        ("Read-Only", &[Computed]),
    ] {
        let mut members = sorted(attributes);
        members.retain(|(_, attribute)| constraints.contains(&attribute.constraint));
        if members.is_empty() {
            continue;
        }
        _ = writeln!(text, "\n{heading} {title}\n");
        for (name, attribute) in members {
            let sensitive = if attribute.sensitive { ", Sensitive" } else { "" };
            let kind = type_name(&attribute.attr_type);
            _ = writeln!(text, "- `{name}` ({kind}{sensitive}) {}", attribute.description.content);
        }
    }
}

fn sorted(attributes: &HashMap<String, Attribute>) -> Vec<(&String, &Attribute)> {
    let mut sorted: Vec<_> = attributes.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    sorted
}

fn nested(attr_type: &AttributeType) -> Option<&HashMap<String, Attribute>> {
    match attr_type {
        AttributeType::AttributeSingle(attributes)
        | AttributeType::AttributeList(attributes)
        | AttributeType::AttributeSet(attributes)
        | AttributeType::AttributeMap(attributes) => Some(attributes),
        _ => None,
    }
}

fn type_name(attr_type: &AttributeType) -> String {
    match attr_type {
        AttributeType::String => "String".to_owned(),
        AttributeType::Number => "Number".to_owned(),
        AttributeType::Bool => "Boolean".to_owned(),
        AttributeType::List(element) => format!("List of {}", type_name(element)),
        AttributeType::Set(element) => format!("Set of {}", type_name(element)),
        AttributeType::Map(element) => format!("Map of {}", type_name(element)),
        AttributeType::AttributeSingle(_) => "Object, see below".to_owned(),
        AttributeType::AttributeList(_) => "List of Object, see below".to_owned(),
        AttributeType::AttributeSet(_) => "Set of Object, see below".to_owned(),
        other => panic!("no name for {other:?}"),
    }
}

/// The warning of a plan, as Terraform prints it.
fn warning() -> String {
    let cache = json!({ "uid": 1, "name": "cache" });
    let connections = [35_004, 35_010].map(|port| {
        json!({
            "listener": "database",
            "database": cache,
            "address": format!("10.0.0.7:{port}"),
            "opened_at": "2026-11-30T13:23:44Z",
            "identity": "certificate",
            "user": { "uid": 5, "name": "app" },
        })
    });
    let effect = json!({
        "connections_total": 2,
        "connections": connections,
        "identities_total": 1,
        "identities": [{ "kind": "user", "id": "5", "name": "app", "databases": [cache], "api": true }],
    });
    let loss = Loss {
        act: Act::Destroy,
        subject: "the role \"readers\"".to_owned(),
        attribute: AttributePath::root(),
    };
    let warning = effects::warning_of(loss, &serde_json::from_value(effect).unwrap());
    format!("Warning: {}\n\n{}\n", warning.summary, warning.detail)
}

fn example(file: &str) -> String {
    let path = root().join("../examples/provider").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}
