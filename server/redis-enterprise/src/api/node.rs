//! `/v1/nodes`: the one node of the cluster (`docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::authorized::Authorized;
use super::databases::major_and_minor;
use super::problem::{Code, Problem};
use super::{Dialect, answer};
use crate::cluster::access::action::{ViewNode, ViewNodes};

/// `GET /v1/nodes`
pub(super) async fn list(_: Authorized<ViewNodes>, State(dialect): State<Arc<Dialect>>) -> Response {
    answer::json(&[members(&dialect)])
}

/// `GET /v1/nodes/{uid}`
pub(super) async fn read(
    _: Authorized<ViewNode>,
    State(dialect): State<Arc<Dialect>>,
    Path(uid): Path<String>,
) -> Result<Response, Problem> {
    if uid == UID.to_string() {
        Ok(answer::json(&members(&dialect)))
    } else {
        Err(Problem::new(
            Code::NodeNotExist,
            "there is no such node; the only one is 1",
        ))
    }
}

/// The node with the members of the captured one (`nodes/read.answer.json`). Sizes of memory and disks are 0: nothing
/// here depends on them, and they are not measured.
fn members(dialect: &Dialect) -> Map<String, Value> {
    let state = dialect.app.cluster.state();
    let shards: Vec<u32> = state.databases().map(|database| database.uid.get()).collect();
    let members = json!({
        "accept_servers": true,
        "addr": address(dialect),
        "architecture": std::env::consts::ARCH,
        "bigredis_storage_path": "",
        "bigstore_enabled": false,
        "cores": cores(),
        "ephemeral_storage_path": "",
        "ephemeral_storage_size": 0.0,
        "external_addr": [],
        "fips_enabled": false,
        "flash_shard_count": 0,
        "max_listeners": 100,
        "max_redis_forks": -1,
        "max_redis_servers": 100,
        "max_slave_full_syncs": -1,
        "os_family": std::env::consts::FAMILY,
        "os_name": std::env::consts::OS,
        "os_semantic_version": "",
        "os_version": "",
        "persistent_storage_path": "",
        "persistent_storage_size": 0.0,
        "rack_id": "",
        "ram_shard_count": shards.len(),
        "second_rack_id": "",
        "shard_count": shards.len(),
        "shard_list": shards,
        "software_version": SOFTWARE_VERSION,
        "status": "active",
        "supported_database_versions": supported_versions(dialect),
        "total_memory": 0,
        "uid": UID,
        "uptime": uptime(dialect),
        "use_internal_ipv6": false,
    });
    match members {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The node as `GET /v1/bootstrap` shows it (`bootstrap/read.answer.json`), where its uid is text.
pub(super) fn local_node_info(dialect: &Dialect) -> Value {
    json!({
        "architecture": std::env::consts::ARCH,
        "available_addresses": [],
        "bigredis_storage_path": "",
        "bridge_interfaces": [],
        "cores": cores(),
        "ephemeral_storage_path": "",
        "ephemeral_storage_size": 0.0,
        "fips_enabled": false,
        "os_family": std::env::consts::FAMILY,
        "os_name": std::env::consts::OS,
        "os_semantic_version": "",
        "os_version": "",
        "persistent_storage_path": "",
        "persistent_storage_size": 0.0,
        "software_version": SOFTWARE_VERSION,
        "supported_database_versions": supported_versions(dialect),
        "total_memory": 0,
        "uid": UID.to_string(),
        "uptime": uptime(dialect),
    })
}

/// The version of the program that databases are, once it has been found.
fn supported_versions(dialect: &Dialect) -> Vec<Value> {
    let version = dialect.app.databases.program_version();
    let described = |version: String| {
        json!({
            "db_type": "redis",
            "major": true,
            "redis_version": major_and_minor(&version),
            "version": version,
        })
    };
    version
        .map(|version| described(version.to_string()))
        .into_iter()
        .collect()
}

/// The host that clients reach the node by, of the setting that names this listener.
fn address(dialect: &Dialect) -> &str {
    let url = dialect.app.settings.url.as_ref();
    url.and_then(url::Url::host_str).unwrap_or_default()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn uptime(dialect: &Dialect) -> i64 {
    let app = &dialect.app;
    (app.clock.now() - app.started_at).whole_seconds().max(0)
}

const UID: u32 = 1;

/// The version of the vendor's product whose API this is (`docs/contracts/redis-enterprise.md#versions`).
pub(super) const SOFTWARE_VERSION: &str = "8.2.0-25";
