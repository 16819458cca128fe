//! The table of databases.

use std::num::NonZeroU16;
use std::sync::Arc;

use certward_pki::PrivateKeyPem;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::cluster::{get, instant, json, narrow, text};
use certward_redis_model::database::{
    Database, DatabaseTls, DefaultUser, EvictionPolicy, PasswordDigest, Persistence, ProxyCertificate, RolePermission,
};
use certward_redis_model::state::Change;
use certward_redis_model::uid::{DatabaseUid, RedisAclUid, RoleUid};

/// The part of a database that is stored as JSON.
#[derive(Serialize, Deserialize)]
struct Definition {
    memory_size: u64,
    eviction_policy: EvictionPolicy,
    persistence: Persistence,
    tls: DatabaseTls,
    default_user: bool,
    /// SHA-256 in hexadecimal digits.
    password_hashes: Vec<String>,
    /// Numbers of role and ACL.
    roles_permissions: Vec<(u32, u32)>,
}

/// Parses a row of [`SELECT`].
pub(super) fn read(row: &SqliteRow) -> Result<Change, String> {
    let uid: i64 = get(row, 0)?;
    let at = |what: &str| format!("database {uid} has no readable {what}");
    let definition: Definition = json(get(row, 3)?, "definition")?;
    let proxy = match (get::<Option<String>>(row, 4)?, get::<Option<&str>>(row, 5)?) {
        (Some(chain), Some(key)) => Some(Arc::new(ProxyCertificate {
            chain,
            key: PrivateKeyPem::from_pem(key).map_err(|_| at("key"))?,
        })),
        _ => None,
    };
    let permission = |(role, acl)| {
        Some(RolePermission {
            role_uid: RoleUid::new(role)?,
            redis_acl_uid: RedisAclUid::new(acl)?,
        })
    };
    let hashes = definition.password_hashes.iter();
    Ok(Change::PutDatabase(Arc::new(Database {
        uid: DatabaseUid::new(narrow(uid)?).ok_or_else(|| at("uid"))?,
        name: get::<&str>(row, 1)?.parse().map_err(|_| at("name"))?,
        port: u16::try_from(get::<i64>(row, 2)?)
            .ok()
            .and_then(NonZeroU16::new)
            .ok_or_else(|| at("port"))?,
        memory_size: definition.memory_size,
        eviction_policy: definition.eviction_policy,
        persistence: definition.persistence,
        tls: DatabaseTls {
            certificate: proxy,
            ..definition.tls
        },
        default_user: DefaultUser {
            is_enabled: definition.default_user,
            password_hashes: hashes
                .map(|hash| PasswordDigest::from_hex(hash))
                .collect::<Option<_>>()
                .ok_or_else(|| at("passwords"))?,
        },
        roles_permissions: definition
            .roles_permissions
            .into_iter()
            .map(permission)
            .collect::<Option<_>>()
            .ok_or_else(|| at("roles"))?,
        created_at: instant(get(row, 6)?)?,
        changed_at: instant(get(row, 7)?)?,
    })))
}

pub(super) async fn put(connection: &mut SqliteConnection, database: &Database) -> Result<(), sqlx::Error> {
    let hashes = database.default_user.password_hashes.iter();
    let permissions = database.roles_permissions.iter();
    let definition = Definition {
        memory_size: database.memory_size,
        eviction_policy: database.eviction_policy,
        persistence: database.persistence.clone(),
        tls: database.tls.clone(),
        default_user: database.default_user.is_enabled,
        password_hashes: hashes.map(|hash| hash.to_hex()).collect(),
        roles_permissions: permissions
            .map(|permission| (permission.role_uid.get(), permission.redis_acl_uid.get()))
            .collect(),
    };
    let proxy = database.tls.certificate.as_ref();
    sqlx::query(PUT)
        .bind(i64::from(database.uid.get()))
        .bind(database.name.as_str())
        .bind(i64::from(database.port.get()))
        .bind(text(&definition))
        .bind(proxy.map(|proxy| proxy.chain.as_str()))
        .bind(proxy.map(|proxy| proxy.key.expose()))
        .bind(database.created_at.unix_timestamp())
        .bind(database.changed_at.unix_timestamp())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// Deletes a database, and records that its data has to be deleted as well.
pub(super) async fn delete(connection: &mut SqliteConnection, uid: DatabaseUid) -> Result<(), sqlx::Error> {
    for query in [
        "DELETE FROM cluster_databases WHERE uid = $1",
        "INSERT INTO deleted_databases (uid) VALUES ($1) ON CONFLICT (uid) DO NOTHING",
    ] {
        sqlx::query(query)
            .bind(i64::from(uid.get()))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Drops the note about one deleted database.
pub(super) async fn forget_deleted(connection: &mut SqliteConnection, uid: DatabaseUid) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM deleted_databases WHERE uid = $1")
        .bind(i64::from(uid.get()))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const SELECT: &str = "SELECT uid, name, port, definition, proxy_certificate, proxy_private_key, created_at, \
    changed_at FROM cluster_databases ORDER BY uid";

const PUT: &str = "INSERT INTO cluster_databases (uid, name, port, definition, proxy_certificate, proxy_private_key, \
    created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (uid) DO UPDATE SET \
    name = excluded.name, port = excluded.port, definition = excluded.definition, \
    proxy_certificate = excluded.proxy_certificate, proxy_private_key = excluded.proxy_private_key, \
    changed_at = excluded.changed_at";
