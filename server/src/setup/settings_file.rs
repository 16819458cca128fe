//! The `settings.json` of a new server.

use serde_json::{Map, Value};

use super::{Plan, folder};
use crate::config::SetupMode;
use crate::config::key::Key;
use crate::config::table::{
    CERTIFICATE_PATH, DATA_DIR, KEY_ALGORITHM, PUBLIC_SERVER_URL, REDIS_ENTERPRISE_URL, SERVER_URL, SETUP_MODE,
};
use certward_certificates::issuer::KeyAlgorithm;

/// The file's text.
pub(super) fn text(plan: &Plan) -> String {
    let mut settings = Map::new();
    let mut set = |key: &Key, value: String| settings.insert(key.name.to_owned(), Value::String(value));
    set(&SERVER_URL.key, listening_url(plan, plan.port));
    if !plan.hosts.is_empty() {
        set(&PUBLIC_SERVER_URL.key, public_url(plan));
    }
    set(
        &REDIS_ENTERPRISE_URL.key,
        listening_url(plan, plan.redis_enterprise_port()),
    );
    set(&SETUP_MODE.key, SetupMode::Secured.as_str().to_owned());
    set(&DATA_DIR.key, folder::DATA_DIR.to_owned());
    set(&CERTIFICATE_PATH.key, "server.pfx".to_owned());
    if plan.key_algorithm != KeyAlgorithm::default() {
        set(&KEY_ALGORITHM.key, plan.key_algorithm.as_str().to_owned());
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
