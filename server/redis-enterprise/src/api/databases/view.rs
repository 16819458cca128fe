//! A database as answers show it: its own members among those that a real cluster has.

use secrecy::SecretString;
use serde_json::{Value, json};
use url::Host;

use super::super::Dialect;
use super::super::timestamp::timestamp;
use super::super::wire::{Bdb, ClientCertificate, Switch, TlsWord};
use crate::cluster::databases::PersistenceKind;
use certward_redis_model::database::{AofPolicy, Database, Persistence, TlsMode};
use certward_redis_proxy::DatabaseStatus;

/// A database. No password and no hash of one is ever shown.
pub(super) fn shown(database: &Database, status: DatabaseStatus, dialect: &Dialect) -> Bdb {
    let tls = &database.tls;
    let is_tls = tls.mode == TlsMode::Enabled;
    let version = version(database, dialect);
    let warnings = dialect.app.databases.warnings(database.uid);
    let client_certificates = tls.client_certificates.texts().iter();
    Bdb {
        uid: Some(database.uid),
        name: Some(database.name.clone()),
        port: Some(database.port.get()),
        memory_size: Some(database.memory_size),
        eviction_policy: Some(database.eviction_policy),
        data_persistence: Some(PersistenceKind::of(&database.persistence)),
        aof_policy: Some(match database.persistence {
            Persistence::Aof(policy) => policy,
            _ => AofPolicy::EverySecond,
        }),
        snapshot_policy: Some(match &database.persistence {
            Persistence::Snapshot(policies) => policies.clone(),
            _ => Vec::new(),
        }),
        tls_mode: Some(if is_tls { TlsWord::Enabled } else { TlsWord::Disabled }),
        ssl: Some(is_tls),
        enforce_client_authentication: Some(if tls.enforce_client_authentication {
            Switch::Enabled
        } else {
            Switch::Disabled
        }),
        authentication_ssl_client_certs: Some(
            client_certificates
                .map(|text| ClientCertificate {
                    client_cert: text.clone(),
                })
                .collect(),
        ),
        client_cert_subject_validation_type: Some(tls.subject_validation),
        authorized_subjects: Some(tls.authorized_subjects.clone()),
        authorized_names: (!tls.authorized_names.is_empty()).then(|| tls.authorized_names.clone()),
        mtls_allow_outdated_certs: Some(tls.allow_outdated_certificates),
        mtls_allow_weak_hashing: Some(tls.allow_weak_hashing),
        certward_mtls_allow_missing_eku: Some(tls.allow_missing_extended_key_usage),
        default_user: Some(database.default_user.is_enabled),
        authentication_redis_pass: Some(SecretString::default()),
        roles_permissions: Some(database.roles_permissions.clone()),
        certward_warnings: (!warnings.is_empty()).then_some(warnings),
        status: Some(status.as_str()),
        action_uid: None,
        created_time: Some(timestamp(database.created_at)),
        last_changed_time: Some(timestamp(database.changed_at)),
        endpoints: Some(endpoints(database, dialect)),
        shard_list: Some(json!([database.uid.get()])),
        redis_version: Some(major_and_minor(&version).to_owned()),
        version: Some(version),
    }
}

/// The two parts that name a version to clients.
pub(in super::super) fn major_and_minor(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(parts, _)| parts)
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

#[cfg(test)]
mod tests {
    use super::super::super::wire::bdb_fixed;
    use super::*;

    #[test]
    fn the_fixed_members_are_those_captured_from_a_real_cluster() {
        let captured: Value = serde_json::from_str(include_str!(
            "../../../../../acceptance-tests/contract/redis_enterprise/databases/read.answer.json"
        ))
        .unwrap();
        // The modules and the password that this server does not have.
        let own = ["module_list", "authentication_admin_pass"];
        for (name, value) in bdb_fixed()
            .values
            .iter()
            .filter(|(name, _)| !own.contains(&name.as_str()))
        {
            assert_eq!(captured["body"].get(name), Some(value), "{name}");
        }
    }

    #[test]
    fn a_version_is_named_by_two_of_its_parts() {
        assert_eq!(major_and_minor("7.0.15"), "7.0");
        assert_eq!(major_and_minor(""), "");
    }
}
