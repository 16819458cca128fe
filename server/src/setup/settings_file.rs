//! The `settings.json` of a new server.

use serde_json::{Map, Value};

use super::{Plan, folder};
use crate::issuer::KeyAlgorithm;

/// The file's text.
pub(super) fn text(plan: &Plan) -> String {
    let mut settings = Map::new();
    let mut set = |key: &str, value: String| settings.insert(key.to_owned(), Value::String(value));
    set("ServerUrl", listening_url(plan, plan.port));
    if !plan.hosts.is_empty() {
        set("PublicServerUrl", public_url(plan));
    }
    set(
        "Certward.RedisEnterprise.ServerUrl",
        listening_url(plan, plan.redis_enterprise_port()),
    );
    set("Setup.Mode", "Secured".to_owned());
    set("DataDir", folder::DATA_DIR.to_owned());
    set("Security.Certificate.Path", "server.pfx".to_owned());
    if plan.key_algorithm != KeyAlgorithm::default() {
        set(
            "Certward.ClientCertificate.KeyAlgorithm",
            plan.key_algorithm.as_str().to_owned(),
        );
    }
    format!("{:#}\n", Value::Object(settings))
}

/// Returns the URL of the server for clients.
pub(super) fn public_url(plan: &Plan) -> String {
    let host = plan.hosts.first().map_or("127.0.0.1".to_owned(), super::Host::in_url);
    format!("https://{host}:{}", plan.port)
}

fn listening_url(plan: &Plan, port: u16) -> String {
    let address = if plan.hosts.is_empty() { "127.0.0.1" } else { "0.0.0.0" };
    format!("https://{address}:{port}")
}
