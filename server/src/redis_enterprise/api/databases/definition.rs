//! From the body of a request to a database that is to be.

use std::num::{NonZeroU16, NonZeroU32, NonZeroU64};

use secrecy::SecretString;
use serde_json::Map;

use super::super::cluster::{subjects, validation_named};
use super::super::json::{self, Object, Request, Value};
use super::super::problem::{Code, Problem};
use super::super::schemas::BDB;
use super::view;
use crate::cluster::database::{
    AofPolicy, ClientCertificates, DatabaseName, DatabaseNameError, EvictionPolicy, RolePermission, SnapshotPolicy,
    TlsMode,
};
use crate::cluster::databases::{DatabaseUpdate, NewDatabase, PersistenceKind};
use crate::cluster::uid::{DatabaseUid, RedisAclUid, RoleUid};

/// A database to be made. `fresh` are the members of one with nothing but defaults.
///
/// # Errors
///
/// In this order: what [`refuse_unsupported`] says; `missing_db_name`, `missing_memory_size`; what breaks the schema; as
/// [`database_update`].
pub(super) fn new_database(body: &mut Object, fresh: &Map<String, serde_json::Value>) -> Result<NewDatabase, Problem> {
    prepare(body, fresh)?;
    let missing = |code, field| Problem::new(code, format!("the field '{field}' is missing"));
    let name = name(body)?.ok_or_else(|| missing(Code::MissingDatabaseName, "name"))?;
    let memory_size = body
        .integer("memory_size")
        .ok_or_else(|| missing(Code::MissingMemorySize, "memory_size"))?;
    Ok(NewDatabase {
        uid: body.integer("uid").and_then(DatabaseUid::new),
        name,
        memory_size,
        rest: update(body)?,
    })
}

/// Reads a change to the database that is shown as `current`.
///
/// # Errors
///
/// In this order: the errors of [`refuse_unsupported`]; violations of the schema; `invalid_certificate` for text that
/// is no certificate; `not_supported` for `replica_ssl`.
pub(super) fn database_update(
    body: &mut Object,
    current: &Map<String, serde_json::Value>,
) -> Result<DatabaseUpdate, Problem> {
    prepare(body, current)?;
    if let (Some(uid), Some(current)) = (body.get("uid"), current.get("uid"))
        && !uid.says(current)
    {
        return Err(Problem::new(
            Code::InvalidSchema,
            "the field 'uid' cannot be changed; leave it out",
        ));
    }
    update(body)
}

fn prepare(body: &mut Object, shown: &Map<String, serde_json::Value>) -> Result<(), Problem> {
    body.forget(&INFORMATION);
    refuse_unsupported(body, shown)?;
    json::check(body, &BDB, Request::Change(shown))?;
    Ok(())
}

/// Refuses members that would change what cannot be changed here, by the vendor's code for the case.
fn refuse_unsupported(body: &Object, shown: &Map<String, serde_json::Value>) -> Result<(), Problem> {
    for (name, value) in body.iter() {
        let is_fixed = view::fixed().contains_key(name) || ["version", "redis_version"].contains(&name);
        if !is_fixed || shown.get(name).is_some_and(|shown| value.says(shown)) {
            continue;
        }
        let code = match name {
            "replication" => Code::InvalidReplication,
            "sharding" | "shards_count" | "shard_key_regex" | "oss_sharding" | "shards_placement" => {
                Code::InvalidSharding
            }
            "oss_cluster" => Code::InvalidOssCluster,
            "rack_aware" => Code::NotRackAware,
            "proxy_policy" => Code::InvalidProxyPolicy,
            "version" | "redis_version" => Code::InvalidVersion,
            "module_list" => Code::MissingModule,
            "authentication_sasl_pass" | "authentication_sasl_uname" => Code::InvalidSasl,
            _ => Code::DatabaseNotSupported,
        };
        let only = shown.get(name).map_or_else(String::new, ToString::to_string);
        return Err(Problem::new(
            code,
            format!("the field '{name}' cannot be changed on this server; leave it out, or say {only}"),
        ));
    }
    Ok(())
}

fn update(body: &Object) -> Result<DatabaseUpdate, Problem> {
    Ok(DatabaseUpdate {
        name: name(body)?,
        // 0 is what asks for any, and so for the one that it has.
        port: body.integer("port").and_then(NonZeroU16::new),
        memory_size: body.integer("memory_size"),
        eviction_policy: body.text("eviction_policy").and_then(eviction),
        persistence: body.text("data_persistence").map(persistence),
        aof_policy: body.text("aof_policy").map(aof_policy),
        snapshot_policy: body.array("snapshot_policy").map(snapshot_policies),
        tls_mode: tls_mode(body)?,
        enforce_client_authentication: body.text("enforce_client_authentication").map(|word| word == "enabled"),
        client_certificates: client_certificates(body)?,
        subject_validation: body
            .text("client_cert_subject_validation_type")
            .and_then(validation_named),
        authorized_subjects: body.array("authorized_subjects").map(subjects),
        authorized_names: body.texts("authorized_names"),
        allow_outdated_certificates: body.boolean("mtls_allow_outdated_certs"),
        allow_weak_hashing: body.boolean("mtls_allow_weak_hashing"),
        allow_missing_extended_key_usage: body.boolean("certward_mtls_allow_missing_eku"),
        default_user: body.boolean("default_user"),
        // Empty is what answers show, whatever the password.
        default_password: body
            .text("authentication_redis_pass")
            .filter(|password| !password.is_empty())
            .map(SecretString::from),
        roles_permissions: body.array("roles_permissions").map(roles_permissions),
    })
}

fn name(body: &Object) -> Result<Option<DatabaseName>, Problem> {
    let name = body.text("name").map(str::parse).transpose();
    name.map_err(|error: DatabaseNameError| Problem::new(Code::InvalidSchema, error.to_string()))
}

fn eviction(name: &str) -> Option<EvictionPolicy> {
    [
        EvictionPolicy::NoEviction,
        EvictionPolicy::AllkeysLru,
        EvictionPolicy::AllkeysLfu,
        EvictionPolicy::AllkeysRandom,
        EvictionPolicy::VolatileLru,
        EvictionPolicy::VolatileLfu,
        EvictionPolicy::VolatileRandom,
        EvictionPolicy::VolatileTtl,
    ]
    .into_iter()
    .find(|policy| view::eviction(*policy) == name)
}

fn persistence(name: &str) -> PersistenceKind {
    match name {
        "aof" => PersistenceKind::Aof,
        "snapshot" => PersistenceKind::Snapshot,
        _ => PersistenceKind::Disabled,
    }
}

fn aof_policy(name: &str) -> AofPolicy {
    match name {
        "appendfsync-always" => AofPolicy::Always,
        _ => AofPolicy::EverySecond,
    }
}

fn snapshot_policies(entries: &[Value]) -> Vec<SnapshotPolicy> {
    let entries = entries.iter().filter_map(Value::as_object);
    entries
        .filter_map(|entry| {
            Some(SnapshotPolicy {
                seconds: entry.integer("secs").and_then(NonZeroU64::new)?,
                writes: entry.integer("writes").and_then(NonZeroU32::new)?,
            })
        })
        .collect()
}

/// `ssl` is what databases had before `tls_mode`, and counts when that is left out.
fn tls_mode(body: &Object) -> Result<Option<TlsMode>, Problem> {
    match body.text("tls_mode") {
        Some("enabled") => Ok(Some(TlsMode::Enabled)),
        Some("disabled") => Ok(Some(TlsMode::Disabled)),
        Some(_) => Err(Problem::new(
            Code::DatabaseNotSupported,
            "the tls_mode replica_ssl is for replicas of other clusters, which this server has none of; use enabled or disabled",
        )),
        None => Ok(body
            .boolean("ssl")
            .map(|ssl| if ssl { TlsMode::Enabled } else { TlsMode::Disabled })),
    }
}

fn client_certificates(body: &Object) -> Result<Option<ClientCertificates>, Problem> {
    let Some(entries) = body.array("authentication_ssl_client_certs") else {
        return Ok(None);
    };
    let texts = entries
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|entry| entry.text("client_cert"))
        .map(str::to_owned)
        .collect();
    let read = ClientCertificates::from_pem_texts(texts);
    read.map(Some).map_err(|(number, error)| {
        Problem::new(
            Code::InvalidClientCertificate,
            format!("authentication_ssl_client_certs[{number}].client_cert must be certificates in PEM: {error}"),
        )
    })
}

fn roles_permissions(entries: &[Value]) -> Vec<RolePermission> {
    let entries = entries.iter().filter_map(Value::as_object);
    entries
        .filter_map(|entry| {
            Some(RolePermission {
                role_uid: entry.integer("role_uid").and_then(RoleUid::new)?,
                redis_acl_uid: entry.integer("redis_acl_uid").and_then(RedisAclUid::new)?,
            })
        })
        .collect()
}

/// Members of answers that may have changed since: they are ignored when they are sent back.
const INFORMATION: [&str; 10] = [
    "certward_warnings",
    "status",
    "action_uid",
    "created_time",
    "last_changed_time",
    "endpoints",
    "shard_list",
    "background_op",
    "conns",
    "topology_epoch",
];
