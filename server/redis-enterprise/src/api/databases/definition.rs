//! From the body of a request to a database that is to be.

use std::num::NonZeroU16;

use secrecy::ExposeSecret as _;
use serde_json::Map;

use super::super::json::{self, Body as _, Object, Request};
use super::super::problem::{Code, Problem};
use super::super::wire::{Bdb, ClientCertificate, Switch, TlsWord, bdb_fixed, subjects};
use crate::cluster::databases::{DatabaseUpdate, NewDatabase};
use certward_redis_model::database::{ClientCertificates, TlsMode};

/// A database to be made. `fresh` are the members of one with nothing but defaults.
///
/// # Errors
///
/// In this order: what [`refuse_unsupported`] says; what breaks the schema; `missing_db_name`, `missing_memory_size`; as
/// [`database_update`].
pub(super) fn new_database(body: &mut Object, fresh: &Map<String, serde_json::Value>) -> Result<NewDatabase, Problem> {
    let mut database = read(body, fresh)?;
    let missing = |code, field| Problem::new(code, format!("the field '{field}' is missing"));
    let name = database.name.take();
    Ok(NewDatabase {
        uid: database.uid,
        name: name.ok_or_else(|| missing(Code::MissingDatabaseName, "name"))?,
        memory_size: database
            .memory_size
            .ok_or_else(|| missing(Code::MissingMemorySize, "memory_size"))?,
        rest: update(database)?,
    })
}

/// Reads a change to the database that is shown as `current`. A member that only the server writes does not depend on the state
/// of the cluster, so that nothing is left to be checked when the change is made.
///
/// # Errors
///
/// In this order: the errors of [`refuse_unsupported`]; violations of the schema; `invalid_certificate` for text that
/// is no certificate; `not_supported` for `replica_ssl`.
pub(super) fn database_update(
    body: &mut Object,
    current: &Map<String, serde_json::Value>,
) -> Result<DatabaseUpdate, Problem> {
    let database = read(body, current)?;
    if let (Some(uid), Some(current)) = (body.get("uid"), current.get("uid"))
        && !uid.says(current)
    {
        return Err(Problem::new(
            Code::InvalidSchema,
            "the field 'uid' cannot be changed; leave it out",
        ));
    }
    update(database)
}

fn read(body: &mut Object, shown: &Map<String, serde_json::Value>) -> Result<Bdb, Problem> {
    body.forget(&INFORMATION);
    refuse_unsupported(body, shown)?;
    json::check(body, Bdb::SCHEMA, Request::Change(shown))?;
    Ok(Bdb::of(body)?)
}

/// Refuses members that would change what cannot be changed here, by the vendor's code for the case.
fn refuse_unsupported(body: &Object, shown: &Map<String, serde_json::Value>) -> Result<(), Problem> {
    for (name, value) in body.iter() {
        let is_fixed = bdb_fixed().values.contains_key(name) || ["version", "redis_version"].contains(&name);
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

fn update(database: Bdb) -> Result<DatabaseUpdate, Problem> {
    Ok(DatabaseUpdate {
        name: database.name,
        // 0 is what asks for any, and so for the one that it has.
        port: database.port.and_then(NonZeroU16::new),
        memory_size: database.memory_size,
        eviction_policy: database.eviction_policy,
        persistence: database.data_persistence,
        aof_policy: database.aof_policy,
        snapshot_policy: database.snapshot_policy,
        tls_mode: tls_mode(database.tls_mode, database.ssl)?,
        enforce_client_authentication: database
            .enforce_client_authentication
            .map(|word| word == Switch::Enabled),
        client_certificates: client_certificates(database.authentication_ssl_client_certs)?,
        subject_validation: database.client_cert_subject_validation_type,
        authorized_subjects: database.authorized_subjects.map(subjects),
        authorized_names: database.authorized_names,
        allow_outdated_certificates: database.mtls_allow_outdated_certs,
        allow_weak_hashing: database.mtls_allow_weak_hashing,
        allow_missing_extended_key_usage: database.certward_mtls_allow_missing_eku,
        default_user: database.default_user,
        // Empty is what answers show, whatever the password.
        default_password: database
            .authentication_redis_pass
            .filter(|password| !password.expose_secret().is_empty()),
        roles_permissions: database.roles_permissions,
    })
}

/// `ssl` is what databases had before `tls_mode`, and counts when that is left out.
fn tls_mode(mode: Option<TlsWord>, ssl: Option<bool>) -> Result<Option<TlsMode>, Problem> {
    match (mode, ssl) {
        (Some(TlsWord::Enabled), _) | (None, Some(true)) => Ok(Some(TlsMode::Enabled)),
        (Some(TlsWord::Disabled), _) | (None, Some(false)) => Ok(Some(TlsMode::Disabled)),
        (None, None) => Ok(None),
        (Some(TlsWord::ReplicaSsl), _) => Err(Problem::new(
            Code::DatabaseNotSupported,
            "the tls_mode replica_ssl is for replicas of other clusters, which this server has none of; use enabled or disabled",
        )),
    }
}

fn client_certificates(entries: Option<Vec<ClientCertificate>>) -> Result<Option<ClientCertificates>, Problem> {
    let Some(entries) = entries else { return Ok(None) };
    let texts = entries.into_iter().map(|entry| entry.client_cert).collect();
    let read = ClientCertificates::from_pem_texts(texts);
    read.map(Some).map_err(|(number, error)| {
        Problem::new(
            Code::InvalidClientCertificate,
            format!("authentication_ssl_client_certs[{number}].client_cert must be certificates in PEM: {error}"),
        )
    })
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
