//! A database as answers show it: its own members among those that a real cluster has.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use url::Host;

use super::super::Dialect;
use super::super::cluster::{subject, validation};
use super::super::timestamp::timestamp;
use crate::cluster::database::{AofPolicy, Database, EvictionPolicy, Persistence, TlsMode};
use crate::redis::DatabaseStatus;

/// The members of a database. No password and no hash of one is ever shown.
pub(super) fn members(database: &Database, status: DatabaseStatus, dialect: &Dialect) -> Map<String, Value> {
    let tls = &database.tls;
    let version = version(database, dialect);
    let mut members = FIXED.clone();
    let own: [(&str, Value); 27] = [
        ("uid", database.uid.get().into()),
        ("name", database.name.as_str().into()),
        ("port", database.port.get().into()),
        ("memory_size", database.memory_size.into()),
        ("eviction_policy", eviction(database.eviction_policy).into()),
        ("data_persistence", persistence(&database.persistence).into()),
        ("aof_policy", aof_policy(&database.persistence).into()),
        ("snapshot_policy", snapshot_policy(&database.persistence)),
        ("tls_mode", switch(tls.mode == TlsMode::Enabled).into()),
        ("ssl", (tls.mode == TlsMode::Enabled).into()),
        (
            "enforce_client_authentication",
            switch(tls.enforce_client_authentication).into(),
        ),
        (
            "authentication_ssl_client_certs",
            tls.client_certificates
                .texts()
                .iter()
                .map(|text| json!({ "client_cert": text }))
                .collect(),
        ),
        (
            "client_cert_subject_validation_type",
            validation(tls.subject_validation).into(),
        ),
        (
            "authorized_subjects",
            tls.authorized_subjects.iter().map(subject).collect(),
        ),
        ("mtls_allow_outdated_certs", tls.allow_outdated_certificates.into()),
        ("mtls_allow_weak_hashing", tls.allow_weak_hashing.into()),
        (
            "certward_mtls_allow_missing_eku",
            tls.allow_missing_extended_key_usage.into(),
        ),
        ("default_user", database.default_user.is_enabled.into()),
        ("authentication_redis_pass", "".into()),
        ("roles_permissions", roles_permissions(database)),
        ("status", status.as_str().into()),
        ("created_time", timestamp(database.created_at).into()),
        ("last_changed_time", timestamp(database.changed_at).into()),
        ("endpoints", endpoints(database, dialect)),
        ("shard_list", json!([database.uid.get()])),
        ("redis_version", major_and_minor(&version).into()),
        ("version", version.as_str().into()),
    ];
    members.extend(own.map(|(name, value)| (name.to_owned(), value)));
    if !tls.authorized_names.is_empty() {
        let names = tls.authorized_names.iter().map(String::as_str).collect();
        members.insert("authorized_names".to_owned(), names);
    }
    let warnings = dialect.app.databases.warnings(database.uid);
    if !warnings.is_empty() {
        members.insert("certward_warnings".to_owned(), warnings.into());
    }
    members
}

/// The members that mean nothing to this server, as captured from a real cluster (`databases/read.answer.json`), without
/// its modules and its password.
pub(super) fn fixed() -> &'static Map<String, Value> {
    &FIXED
}

/// The API's name.
pub(super) const fn eviction(policy: EvictionPolicy) -> &'static str {
    match policy {
        EvictionPolicy::NoEviction => "noeviction",
        EvictionPolicy::AllkeysLru => "allkeys-lru",
        EvictionPolicy::AllkeysLfu => "allkeys-lfu",
        EvictionPolicy::AllkeysRandom => "allkeys-random",
        EvictionPolicy::VolatileLru => "volatile-lru",
        EvictionPolicy::VolatileLfu => "volatile-lfu",
        EvictionPolicy::VolatileRandom => "volatile-random",
        EvictionPolicy::VolatileTtl => "volatile-ttl",
    }
}

/// The two parts that name a version to clients.
pub(in super::super) fn major_and_minor(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(parts, _)| parts)
}

const fn switch(is_on: bool) -> &'static str {
    if is_on { "enabled" } else { "disabled" }
}

fn persistence(persistence: &Persistence) -> &'static str {
    match persistence {
        Persistence::Disabled => "disabled",
        Persistence::Snapshot(_) => "snapshot",
        Persistence::Aof(_) => "aof",
    }
}

fn aof_policy(persistence: &Persistence) -> &'static str {
    match persistence {
        Persistence::Aof(AofPolicy::Always) => "appendfsync-always",
        _ => "appendfsync-every-sec",
    }
}

fn snapshot_policy(persistence: &Persistence) -> Value {
    match persistence {
        Persistence::Snapshot(policies) => policies
            .iter()
            .map(|policy| json!({ "secs": policy.seconds, "writes": policy.writes }))
            .collect(),
        _ => json!([]),
    }
}

fn roles_permissions(database: &Database) -> Value {
    let permissions = database.roles_permissions.iter();
    permissions
        .map(|permission| {
            json!({
                "role_uid": permission.role_uid.get(),
                "redis_acl_uid": permission.redis_acl_uid.get(),
            })
        })
        .collect()
}

/// Returns the endpoints of the database, in the form of the captured answer.
fn endpoints(database: &Database, dialect: &Dialect) -> Value {
    let host = host(dialect);
    let address = match &host {
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
        Host::Domain(_) => None,
    };
    let name = address.clone().unwrap_or_else(|| host.to_string());
    json!([{
        "addr": address.as_slice(),
        "addr_type": "external",
        "dns_name": name,
        "oss_cluster_api_preferred_endpoint_type": "ip",
        "oss_cluster_api_preferred_ip_type": "internal",
        "port": database.port.get(),
        "proxy_policy": "single",
        "uid": format!("{}:1", database.uid),
    }])
}

/// The host by which clients reach databases: where they listen, or, when that is everywhere, what the APIs are reached
/// by.
fn host(dialect: &Dialect) -> Host {
    let settings = &dialect.app.settings;
    let listens = settings.databases_listen_on.clone();
    [listens.clone()]
        .into_iter()
        .chain(settings.hosts.iter().cloned())
        .find(|host| match host {
            Host::Ipv4(address) => !address.is_unspecified(),
            Host::Ipv6(address) => !address.is_unspecified(),
            Host::Domain(_) => true,
        })
        .unwrap_or(listens)
}

/// The version of its engine; empty until that is known.
fn version(database: &Database, dialect: &Dialect) -> String {
    let version = dialect.app.databases.version_of(database.uid);
    version.map_or_else(String::new, |version| version.to_string())
}

static FIXED: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("fixed.json")).expect("the file is a JSON object"));

#[cfg(test)]
mod tests {
    use super::super::super::json::Access;
    use super::super::super::schemas::BDB;
    use super::*;

    #[test]
    fn the_schema_has_every_fixed_member_as_one_that_cannot_be_changed() {
        for name in FIXED.keys() {
            let member = BDB.members.iter().find(|member| member.name == name);
            assert!(member.is_some_and(|member| member.access == Access::ReadOnly), "{name}");
        }
    }

    #[test]
    fn the_fixed_members_are_those_captured_from_a_real_cluster() {
        let captured: Value = serde_json::from_str(include_str!(
            "../../../../../acceptance-tests/contract/redis_enterprise/databases/read.answer.json"
        ))
        .unwrap();
        // The modules and the password that this server does not have.
        let own = ["module_list", "authentication_admin_pass"];
        for (name, value) in FIXED.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
            assert_eq!(captured["body"].get(name), Some(value), "{name}");
        }
    }

    #[test]
    fn a_version_is_named_by_two_of_its_parts() {
        assert_eq!(major_and_minor("7.0.15"), "7.0");
        assert_eq!(major_and_minor(""), "");
    }
}
