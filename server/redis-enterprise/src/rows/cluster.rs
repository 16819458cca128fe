//! The tables of the cluster.

use std::path::Path;
use std::sync::Arc;

use certward_pki::PrivateKeyPem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{Row as _, Sqlite};
use time::OffsetDateTime;

use super::databases;
use certward_redis_model::named_certificate::NamedCertificate;
use certward_redis_model::password_hash::PasswordHash;
use certward_redis_model::redis_acl::RedisAcl;
use certward_redis_model::role::Role;
use certward_redis_model::state::{Change, ClusterIdentity, ClusterState, HighestUids, fresh_changes};
use certward_redis_model::token_key::TokenKey;
use certward_redis_model::uid::{RedisAclUid, RoleUid, UserUid};
use certward_redis_model::user::{Authentication, EmailAlerts, User};
use certward_store::StoreError;

/// The stored cluster, and the key of its tokens; none before they exist.
pub(super) async fn load(pool: &SqlitePool, path: &Path) -> Result<Option<(ClusterState, TokenKey)>, StoreError> {
    let kept = sqlx::query(SELECT_STATE)
        .fetch_optional(pool)
        .await
        .map_err(StoreError::Read)?;
    let Some(row) = kept else { return Ok(None) };
    let mut tables = Vec::with_capacity(5);
    for select in [
        SELECT_ROLES,
        SELECT_REDIS_ACLS,
        SELECT_CERTIFICATES,
        SELECT_USERS,
        databases::SELECT,
    ] {
        tables.push(sqlx::query(select).fetch_all(pool).await.map_err(StoreError::Read)?);
    }
    let read = read(&row, &tables).map_err(|detail| StoreError::Damaged {
        path: path.to_owned(),
        detail: format!("cluster: {detail}"),
    })?;
    Ok(Some(read))
}

/// Writes the initial cluster.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    state: &ClusterState,
    key: &TokenKey,
) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_STATE)
        .bind(state.identity().name.as_str())
        .bind(state.identity().created_at.unix_timestamp())
        .bind(number(state.revision()))
        .bind(text(&**state.settings()))
        .bind(key.expose())
        .execute(&mut *connection)
        .await?;
    apply(connection, &fresh_changes(), state.revision(), state.highest_uids()).await
}

fn read(row: &SqliteRow, tables: &[Vec<SqliteRow>]) -> Result<(ClusterState, TokenKey), String> {
    let identity = ClusterIdentity {
        name: get(row, 0)?,
        created_at: instant(get(row, 1)?)?,
    };
    let bootstrapped_at = get::<Option<i64>>(row, 2)?.map(instant).transpose()?;
    let highest = HighestUids {
        user: narrow(get(row, 4)?)?,
        role: narrow(get(row, 5)?)?,
        redis_acl: narrow(get(row, 6)?)?,
        database: narrow(get(row, 9)?)?,
    };
    let revision = u64::try_from(get::<i64>(row, 3)?).map_err(|_| "no readable revision")?;
    let key = TokenKey::from_bytes(&zeroize::Zeroizing::new(get::<Vec<u8>>(row, 8)?)).ok_or("no readable token key")?;
    let settings = json(get(row, 7)?, "settings")?;
    let mut changes = vec![Change::PutSettings(Arc::new(settings))];
    for (rows, change) in tables.iter().zip([role, redis_acl, certificate, user, databases::read]) {
        for row in rows {
            changes.push(change(row)?);
        }
    }
    let mut state = ClusterState::empty(revision, identity, bootstrapped_at, highest);
    changes.iter().for_each(|change| state.apply_one(change));
    Ok((state, key))
}

fn role(row: &SqliteRow) -> Result<Change, String> {
    let uid: i64 = get(row, 0)?;
    let at = |what: &str| format!("role {uid} has no readable {what}");
    Ok(Change::PutRole(Arc::new(Role {
        uid: RoleUid::new(narrow(uid)?).ok_or_else(|| at("uid"))?,
        name: get::<&str>(row, 1)?.parse().map_err(|_| at("name"))?,
        management: get::<&str>(row, 2)?.parse().map_err(|_| at("management role"))?,
        databases: json(get(row, 3)?, "databases")?,
    })))
}

fn redis_acl(row: &SqliteRow) -> Result<Change, String> {
    let uid: i64 = get(row, 0)?;
    let at = |what: &str| format!("Redis ACL {uid} has no readable {what}");
    Ok(Change::PutRedisAcl(Arc::new(RedisAcl {
        uid: RedisAclUid::new(narrow(uid)?).ok_or_else(|| at("uid"))?,
        name: get::<&str>(row, 1)?.parse().map_err(|_| at("name"))?,
        acl: get::<&str>(row, 2)?.parse().map_err(|_| at("rules"))?,
    })))
}

fn certificate(row: &SqliteRow) -> Result<Change, String> {
    let name: &str = get(row, 0)?;
    let at = |what: &str| format!("certificate {name} has no readable {what}");
    let key = get::<Option<&str>>(row, 2)?.map(PrivateKeyPem::from_pem).transpose();
    Ok(Change::PutCertificate(Arc::new(NamedCertificate {
        name: name.parse().map_err(|_| at("name"))?,
        certificate: get(row, 1)?,
        key: key.map_err(|_| at("key"))?,
        installed_at: instant(get(row, 3)?)?,
    })))
}

fn user(row: &SqliteRow) -> Result<Change, String> {
    let uid: i64 = get(row, 0)?;
    let at = |what: &str| format!("user {uid} has no readable {what}");
    let authentication = match get::<&str>(row, 3)? {
        "regular" => {
            let hashes: Vec<String> = json(get::<Option<&str>>(row, 5)?.unwrap_or_default(), "passwords")?;
            let passwords: Result<Vec<PasswordHash>, _> = hashes.iter().map(|hash| hash.parse()).collect();
            Authentication::Regular {
                passwords: passwords.map_err(|_| at("passwords"))?,
                issued_at: instant(get::<Option<i64>>(row, 6)?.ok_or_else(|| at("age of its password"))?)?,
            }
        }
        "certificate" => Authentication::Certificate {
            subject: get::<Option<&str>>(row, 4)?
                .and_then(|subject| subject.parse().ok())
                .ok_or_else(|| at("subject"))?,
        },
        "entraid" => Authentication::EntraId,
        "sso" => Authentication::Sso,
        _ => return Err(at("method")),
    };
    let roles: Vec<u32> = json(get(row, 8)?, "roles")?;
    let databases = get::<Option<&str>>(row, 11)?;
    Ok(Change::PutUser(Arc::new(User {
        uid: UserUid::new(narrow(uid)?).ok_or_else(|| at("uid"))?,
        name: get::<&str>(row, 1)?.parse().map_err(|_| at("name"))?,
        email: get::<Option<&str>>(row, 2)?
            .map(str::parse)
            .transpose()
            .map_err(|_| at("e-mail address"))?,
        authentication,
        credentials_revision: u64::try_from(get::<i64>(row, 7)?).map_err(|_| at("revision"))?,
        role_uids: roles
            .into_iter()
            .map(RoleUid::new)
            .collect::<Option<_>>()
            .ok_or_else(|| at("roles"))?,
        alerts: EmailAlerts {
            enabled: get(row, 9)?,
            cluster: get(row, 10)?,
            databases: databases.map(|databases| json(databases, "alerts")).transpose()?,
        },
    })))
}

/// Applies the changes, and sets the cluster's revision to `revision`.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    changes: &[Change],
    revision: u64,
    highest: HighestUids,
) -> Result<(), sqlx::Error> {
    sqlx::query(UPDATE_STATE)
        .bind(number(revision))
        .bind(i64::from(highest.user))
        .bind(i64::from(highest.role))
        .bind(i64::from(highest.redis_acl))
        .bind(i64::from(highest.database))
        .execute(&mut *connection)
        .await?;
    for change in changes {
        match change {
            Change::PutUser(user) => put_user(connection, user).await?,
            Change::DeleteUser(uid) => {
                delete(connection, "DELETE FROM cluster_users WHERE uid = $1", uid.get()).await?
            }
            Change::PutRole(role) => put_role(connection, role).await?,
            Change::DeleteRole(uid) => {
                delete(connection, "DELETE FROM cluster_roles WHERE uid = $1", uid.get()).await?
            }
            Change::PutRedisAcl(acl) => put_redis_acl(connection, acl).await?,
            Change::DeleteRedisAcl(uid) => {
                delete(connection, "DELETE FROM cluster_redis_acls WHERE uid = $1", uid.get()).await?;
            }
            Change::PutDatabase(database) => databases::put(connection, database).await?,
            Change::DeleteDatabase(uid) => databases::delete(connection, *uid).await?,
            Change::PutSettings(settings) => {
                sqlx::query("UPDATE cluster_state SET settings = $1 WHERE id = 1")
                    .bind(text(&**settings))
                    .execute(&mut *connection)
                    .await?;
            }
            Change::PutCertificate(certificate) => put_certificate(connection, certificate).await?,
            Change::DeleteCertificate(name) => {
                sqlx::query("DELETE FROM cluster_certificates WHERE name = $1")
                    .bind(name.as_str())
                    .execute(&mut *connection)
                    .await?;
            }
            Change::Bootstrap { identity, at } => {
                sqlx::query("UPDATE cluster_state SET name = $1, created_at = $2, bootstrapped_at = $3 WHERE id = 1")
                    .bind(identity.name.as_str())
                    .bind(identity.created_at.unix_timestamp())
                    .bind(at.unix_timestamp())
                    .execute(&mut *connection)
                    .await?;
            }
        }
    }
    Ok(())
}

async fn put_user(connection: &mut SqliteConnection, user: &User) -> Result<(), sqlx::Error> {
    let hashes = match &user.authentication {
        Authentication::Regular { passwords, .. } => {
            Some(text(&passwords.iter().map(ToString::to_string).collect::<Vec<_>>()))
        }
        _ => None,
    };
    sqlx::query(PUT_USER)
        .bind(i64::from(user.uid.get()))
        .bind(user.name.as_str())
        .bind(user.email.as_ref().map(|email| email.as_str()))
        .bind(user.auth_method().as_str())
        .bind(user.certificate_subject_line().map(|subject| subject.as_str()))
        .bind(hashes)
        .bind(user.password_issued_at().map(OffsetDateTime::unix_timestamp))
        .bind(number(user.credentials_revision))
        .bind(text(&user.role_uids.iter().map(|uid| uid.get()).collect::<Vec<_>>()))
        .bind(user.alerts.enabled)
        .bind(user.alerts.cluster)
        .bind(user.alerts.databases.as_ref().map(text))
        .execute(&mut *connection)
        .await?;
    Ok(())
}

async fn put_role(connection: &mut SqliteConnection, role: &Role) -> Result<(), sqlx::Error> {
    sqlx::query(PUT_ROLE)
        .bind(i64::from(role.uid.get()))
        .bind(role.name.as_str())
        .bind(role.management.as_str())
        .bind(text(&role.databases))
        .execute(&mut *connection)
        .await?;
    Ok(())
}

async fn put_redis_acl(connection: &mut SqliteConnection, acl: &RedisAcl) -> Result<(), sqlx::Error> {
    sqlx::query(PUT_REDIS_ACL)
        .bind(i64::from(acl.uid.get()))
        .bind(acl.name.as_str())
        .bind(acl.acl.as_str())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

async fn put_certificate(connection: &mut SqliteConnection, certificate: &NamedCertificate) -> Result<(), sqlx::Error> {
    sqlx::query(PUT_CERTIFICATE)
        .bind(certificate.name.as_str())
        .bind(certificate.certificate.as_str())
        .bind(certificate.key.as_ref().map(PrivateKeyPem::expose))
        .bind(certificate.installed_at.unix_timestamp())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

async fn delete(connection: &mut SqliteConnection, query: &'static str, uid: u32) -> Result<(), sqlx::Error> {
    sqlx::query(query)
        .bind(i64::from(uid))
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// A revision as the table has it.
fn number(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

pub(super) fn get<'r, T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>>(
    row: &'r SqliteRow,
    column: usize,
) -> Result<T, String> {
    row.try_get(column).map_err(|error| error.to_string())
}

pub(super) fn instant(seconds: i64) -> Result<OffsetDateTime, String> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| error.to_string())
}

pub(super) fn narrow(number: i64) -> Result<u32, String> {
    u32::try_from(number).map_err(|_| format!("{number} is no uid"))
}

pub(super) fn json<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("no readable {what}: {error}"))
}

pub(super) fn text(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("settings, numbers and strings are JSON")
}

const SELECT_STATE: &str = "SELECT name, created_at, bootstrapped_at, revision, highest_user, highest_role, \
    highest_redis_acl, settings, token_key, highest_database FROM cluster_state WHERE id = 1";

const INSERT_STATE: &str = "INSERT INTO cluster_state (id, name, created_at, revision, highest_user, highest_role, \
    highest_redis_acl, settings, token_key) VALUES (1, $1, $2, $3, 0, 0, 0, $4, $5)";

const UPDATE_STATE: &str = "UPDATE cluster_state SET revision = $1, highest_user = $2, highest_role = $3, \
    highest_redis_acl = $4, highest_database = $5 WHERE id = 1";

const SELECT_ROLES: &str = "SELECT uid, name, management, databases FROM cluster_roles ORDER BY uid";

const SELECT_REDIS_ACLS: &str = "SELECT uid, name, acl FROM cluster_redis_acls ORDER BY uid";

const SELECT_CERTIFICATES: &str = "SELECT name, certificate, private_key, installed_at FROM cluster_certificates";

const SELECT_USERS: &str = "SELECT uid, name, email, auth_method, subject_line, password_hashes, password_issued_at, \
    credentials_revision, role_uids, email_alerts, cluster_email_alerts, bdbs_email_alerts FROM cluster_users \
    ORDER BY uid";

const PUT_USER: &str = "INSERT INTO cluster_users (uid, name, email, auth_method, subject_line, password_hashes, \
    password_issued_at, credentials_revision, role_uids, email_alerts, cluster_email_alerts, bdbs_email_alerts) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (uid) DO UPDATE SET name = excluded.name, \
    email = excluded.email, auth_method = excluded.auth_method, subject_line = excluded.subject_line, \
    password_hashes = excluded.password_hashes, password_issued_at = excluded.password_issued_at, \
    credentials_revision = excluded.credentials_revision, role_uids = excluded.role_uids, \
    email_alerts = excluded.email_alerts, cluster_email_alerts = excluded.cluster_email_alerts, \
    bdbs_email_alerts = excluded.bdbs_email_alerts";

const PUT_ROLE: &str = "INSERT INTO cluster_roles (uid, name, management, databases) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (uid) DO UPDATE SET name = excluded.name, management = excluded.management, \
    databases = excluded.databases";

const PUT_REDIS_ACL: &str = "INSERT INTO cluster_redis_acls (uid, name, acl) VALUES ($1, $2, $3) \
    ON CONFLICT (uid) DO UPDATE SET name = excluded.name, acl = excluded.acl";

const PUT_CERTIFICATE: &str = "INSERT INTO cluster_certificates (name, certificate, private_key, installed_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET certificate = excluded.certificate, \
    private_key = excluded.private_key, installed_at = excluded.installed_at";
