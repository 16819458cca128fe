//! The tables of registered certificates, of deleted ones and of answered requests.

use std::collections::HashMap;
use std::path::Path;

use certward_pki::{Certificate, PublicKeyPinningHash, Sha256Fingerprint, Thumbprint, Validity};
use futures_util::TryStreamExt as _;
use futures_util::future::BoxFuture;
use rustls_pki_types::CertificateDer;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};
use time::{Duration, OffsetDateTime};

use super::model::clearance::{DatabaseAccess, Permissions};
use super::model::definition::{Collection, RegisteredCertificate, TwoFactorKey};
use super::model::registry::{Change, DeletedCertificate};
use certward_certificates::asn1;
use certward_store::backup::Tables;
use certward_store::{Changes, Moves, Store, StoreError};

/// A request that was answered with a certificate, stored so that a repetition is recognised.
#[derive(Debug, Clone)]
pub struct AnsweredRequest {
    /// The identifier of the request, as the client sent it.
    pub request_id: String,
    /// The certificate issued.
    pub thumbprint: Thumbprint,
    /// The time of the answer.
    pub at: OffsetDateTime,
}

/// Changes to the tables, and the request that they answer.
pub(crate) struct Write<'a> {
    pub(crate) changes: &'a [Change],
    pub(crate) answered: Option<&'a AnsweredRequest>,
}

impl Changes for Write<'_> {
    fn moves(&self) -> Moves {
        if self.changes.is_empty() {
            Moves::Nothing
        } else {
            Moves::Registry
        }
    }

    fn apply<'a>(
        &'a self,
        connection: &'a mut SqliteConnection,
        revision: i64,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            apply(connection, self.changes, revision).await?;
            match self.answered {
                Some(answered) => remember_request(connection, answered).await,
                None => Ok(()),
            }
        })
    }
}

/// Puts many entries at once, beside the use cases and without audit records: a store for tests and benchmarks.
///
/// # Errors
///
/// [`StoreError::Write`].
#[cfg(feature = "test-util")]
pub async fn fill(store: &Store, entries: Vec<RegisteredCertificate>) -> Result<(), StoreError> {
    let put = |entry| Change::Put(std::sync::Arc::new(entry));
    let changes: Vec<Change> = entries.into_iter().map(put).collect();
    let write = Write {
        changes: &changes,
        answered: None,
    };
    store.commit(&write, &[]).await
}

/// The tables, for `store check`.
#[derive(Debug)]
pub struct CertificateTables;

impl Tables for CertificateTables {
    fn faults<'a>(&'a self, pool: &'a SqlitePool, _path: &'a Path) -> BoxFuture<'a, Result<Vec<String>, sqlx::Error>> {
        Box::pin(unreadable(pool))
    }
}

/// Every registered certificate, in the order of registration.
///
/// # Errors
///
/// [`StoreError::Damaged`] when an entry is not what was written, [`StoreError::Read`] when reading fails.
pub async fn load(store: &Store) -> Result<Vec<RegisteredCertificate>, StoreError> {
    // One by one: an entry is read here while SQLite's thread gets the next, and the rows are never all in memory.
    let mut rows = sqlx::query(SELECT).fetch(store.reader());
    let mut by_registration = Vec::new();
    let mut secondaries: HashMap<Thumbprint, Vec<(i64, Thumbprint)>> = HashMap::new();
    while let Some(row) = rows.try_next().await.map_err(StoreError::Read)? {
        let (entry, place) = entry(&row).map_err(|detail| StoreError::Damaged {
            path: store.path().to_owned(),
            detail: format!("certificates: {detail}"),
        })?;
        if let (Collection::Secondary { primary }, Some(place)) = (&entry.collection, place) {
            secondaries.entry(*primary).or_default().push((place, entry.thumbprint));
        }
        let registered_revision: i64 = row.try_get(13).map_err(StoreError::Read)?;
        by_registration.push((registered_revision, entry));
    }
    // Here and not by SQLite, which would sort whole rows through a temporary file.
    by_registration.sort_by_key(|(revision, entry)| (*revision, entry.thumbprint));
    let mut entries: Vec<RegisteredCertificate> = by_registration.into_iter().map(|(_, entry)| entry).collect();
    for entry in &mut entries {
        if let Some(mut hanging) = secondaries.remove(&entry.thumbprint) {
            hanging.sort_unstable();
            entry.collection = Collection::Primary {
                secondaries: hanging.into_iter().map(|(_, thumbprint)| thumbprint).collect(),
            };
        }
    }
    Ok(entries)
}

/// The certificates that were deleted before they expired.
///
/// # Errors
///
/// [`StoreError::Damaged`] when a row is not what was written, [`StoreError::Read`] when reading fails.
pub async fn load_deleted(store: &Store) -> Result<Vec<DeletedCertificate>, StoreError> {
    let rows = sqlx::query("SELECT fingerprint, not_after FROM deleted_certificates")
        .fetch_all(store.reader())
        .await
        .map_err(StoreError::Read)?;
    let deleted = |row: &SqliteRow| {
        let fingerprint: [u8; 32] = row.try_get::<&[u8], _>(0).ok()?.try_into().ok()?;
        Some(DeletedCertificate {
            fingerprint: Sha256Fingerprint::from_bytes(fingerprint),
            not_after: OffsetDateTime::from_unix_timestamp(row.try_get(1).ok()?).ok()?,
        })
    };
    rows.iter()
        .map(|row| {
            deleted(row).ok_or_else(|| StoreError::Damaged {
                path: store.path().to_owned(),
                detail: "deleted_certificates: a row that cannot be read".to_owned(),
            })
        })
        .collect()
}

/// Describes entries that cannot be read or hold no certificate.
async fn unreadable(pool: &SqlitePool) -> Result<Vec<String>, sqlx::Error> {
    let mut rows = sqlx::query(SELECT).fetch(pool);
    let mut findings = Vec::new();
    while let Some(row) = rows.try_next().await? {
        match entry(&row) {
            Ok((entry, _)) => {
                if let Err(error) = Certificate::from_der(entry.der) {
                    findings.push(format!(
                        "certificates: entry {} is no certificate: {error}",
                        entry.thumbprint
                    ));
                }
            }
            Err(detail) => findings.push(format!("certificates: {detail}")),
        }
    }
    Ok(findings)
}

/// An entry, and its position among the secondaries of its collection.
fn entry(row: &SqliteRow) -> Result<(RegisteredCertificate, Option<i64>), String> {
    let read = |error: sqlx::Error| error.to_string();
    let thumbprint = thumbprint_of(row.try_get(0).map_err(read)?)?;
    let at = |what: &str| format!("entry {thumbprint} has no readable {what}");
    let der = CertificateDer::from(row.try_get::<Vec<u8>, _>(1).map_err(read)?);
    // The cheapest way to find an entry that the disk has changed.
    if Thumbprint::of(&der) != thumbprint {
        return Err(at("certificate"));
    }
    let clearance = row
        .try_get::<&str, _>(3)
        .map_err(read)?
        .parse()
        .map_err(|_| at("clearance"))?;
    let permissions = permissions(row.try_get(4).map_err(read)?).ok_or_else(|| at("permissions"))?;
    let instant = |column| -> Result<OffsetDateTime, String> {
        let seconds = row.try_get::<i64, _>(column).map_err(read)?;
        OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| at("validity"))
    };
    let pinning_hash: [u8; 32] = row
        .try_get::<&[u8], _>(7)
        .map_err(read)?
        .try_into()
        .map_err(|_| at("pinning hash"))?;
    let primary: Option<&[u8]> = row.try_get(10).map_err(read)?;
    let entry = RegisteredCertificate {
        thumbprint,
        name: row.try_get(2).map_err(read)?,
        clearance,
        permissions,
        validity: Validity {
            not_before: instant(5)?,
            not_after: instant(6)?,
        },
        pinning_hash: PublicKeyPinningHash::from_bytes(pinning_hash),
        issuer_chain: split(row.try_get(8).map_err(read)?).ok_or_else(|| at("issuer chain"))?,
        disabled: row.try_get(9).map_err(read)?,
        collection: match primary {
            Some(primary) => Collection::Secondary {
                primary: thumbprint_of(primary)?,
            },
            None => Collection::Single,
        },
        renews: row
            .try_get::<Option<&[u8]>, _>(14)
            .map_err(read)?
            .map(thumbprint_of)
            .transpose()?,
        two_factor_key: row
            .try_get::<Option<Vec<u8>>, _>(12)
            .map_err(read)?
            .map(TwoFactorKey::from_bytes),
        der,
    };
    Ok((entry, row.try_get(11).map_err(read)?))
}

async fn apply(connection: &mut SqliteConnection, changes: &[Change], revision: i64) -> Result<(), sqlx::Error> {
    // Secondaries name their primary, which must be there first.
    let places = places(changes);
    let (secondaries, others): (Vec<_>, Vec<_>) = changes.iter().partition(
        |change| matches!(change, Change::Put(entry) if matches!(entry.collection, Collection::Secondary { .. })),
    );
    for change in others.into_iter().chain(secondaries) {
        match change {
            Change::Put(entry) => put(connection, entry, places.get(&entry.thumbprint).copied(), revision).await?,
            Change::Delete(thumbprint) => delete(connection, thumbprint).await?,
            Change::Revoke { entry, at } => {
                delete(connection, &entry.thumbprint).await?;
                remember_deleted(connection, entry, *at).await?;
            }
        }
    }
    Ok(())
}

async fn delete(connection: &mut SqliteConnection, thumbprint: &Thumbprint) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE)
        .bind(thumbprint.as_bytes().as_slice())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

async fn remember_deleted(
    connection: &mut SqliteConnection,
    entry: &RegisteredCertificate,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM deleted_certificates WHERE not_after < $1")
        .bind(at.unix_timestamp())
        .execute(&mut *connection)
        .await?;
    if let Some(gone) = DeletedCertificate::of(entry, at) {
        sqlx::query(
            "INSERT INTO deleted_certificates (fingerprint, not_after) VALUES ($1, $2) \
             ON CONFLICT (fingerprint) DO NOTHING",
        )
        .bind(gone.fingerprint.as_bytes().as_slice())
        .bind(gone.not_after.unix_timestamp())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Positions of the secondaries of all collections in the changes.
fn places(changes: &[Change]) -> HashMap<Thumbprint, i64> {
    let mut places = HashMap::new();
    for change in changes {
        if let Change::Put(entry) = change
            && let Collection::Primary { secondaries } = &entry.collection
        {
            places.extend(secondaries.iter().copied().zip(0_i64..));
        }
    }
    places
}

async fn put(
    connection: &mut SqliteConnection,
    entry: &RegisteredCertificate,
    place: Option<i64>,
    revision: i64,
) -> Result<(), sqlx::Error> {
    let primary = match &entry.collection {
        Collection::Secondary { primary } => Some(primary.as_bytes().to_vec()),
        Collection::Single | Collection::Primary { .. } => None,
    };
    let issuer_chain: Vec<u8> = entry.issuer_chain.iter().flat_map(|der| der.iter().copied()).collect();
    sqlx::query(PUT)
        .bind(entry.thumbprint.as_bytes().as_slice())
        .bind(entry.der.as_ref())
        .bind(entry.name.as_str())
        .bind(entry.clearance.as_str())
        .bind(permissions_text(&entry.permissions))
        .bind(entry.validity.not_before.unix_timestamp())
        .bind(entry.validity.not_after.unix_timestamp())
        .bind(entry.pinning_hash.as_bytes().as_slice())
        .bind(issuer_chain)
        .bind(entry.disabled)
        .bind(primary)
        .bind(place)
        .bind(entry.two_factor_key.as_ref().map(TwoFactorKey::expose))
        .bind(revision)
        .bind(entry.renews.map(|renews| renews.as_bytes().to_vec()))
        .execute(&mut *connection)
        .await?;
    Ok(())
}

async fn remember_request(connection: &mut SqliteConnection, answered: &AnsweredRequest) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM generate_requests WHERE recorded_at < $1")
        .bind((answered.at - REQUEST_MEMORY).unix_timestamp())
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO generate_requests (request_id, thumbprint, recorded_at) VALUES ($1, $2, $3)")
        .bind(answered.request_id.as_str())
        .bind(answered.thumbprint.as_bytes().as_slice())
        .bind(answered.at.unix_timestamp())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// The certificate that the request with this identifier was answered with.
///
/// # Errors
///
/// [`StoreError::Read`].
pub async fn answered(store: &Store, request_id: &str) -> Result<Option<Thumbprint>, StoreError> {
    let thumbprint: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT thumbprint FROM generate_requests WHERE request_id = $1")
            .bind(request_id)
            .fetch_optional(store.reader())
            .await
            .map_err(StoreError::Read)?;
    Ok(thumbprint
        .and_then(|bytes| bytes.try_into().ok())
        .map(Thumbprint::from_bytes))
}

fn thumbprint_of(bytes: &[u8]) -> Result<Thumbprint, String> {
    let bytes: [u8; 20] = bytes
        .try_into()
        .map_err(|_| format!("a thumbprint of {} bytes", bytes.len()))?;
    Ok(Thumbprint::from_bytes(bytes))
}

fn permissions_text(permissions: &Permissions) -> String {
    let pairs: Vec<(&str, &str)> = permissions
        .iter()
        .map(|(database, access)| (database, access.as_str()))
        .collect();
    serde_json::to_string(&pairs).expect("pairs of strings are JSON")
}

fn permissions(text: &str) -> Option<Permissions> {
    if text == "[]" {
        return Some(Permissions::none());
    }
    let pairs: Vec<(String, String)> = serde_json::from_str(text).ok()?;
    pairs
        .into_iter()
        .map(|(database, access)| Some((database, access.parse::<DatabaseAccess>().ok()?)))
        .collect::<Option<Permissions>>()
}

/// Splits concatenated DER values.
fn split(joined: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let mut reader = asn1::Reader::new(joined);
    let mut parts = Vec::new();
    while !reader.is_empty() {
        parts.push(CertificateDer::from(reader.value().ok()?.encoded.to_vec()));
    }
    Some(parts)
}

const SELECT: &str = "SELECT thumbprint, der, name, clearance, permissions, not_before, not_after, pinning_hash, \
    issuer_chain, disabled, primary_thumbprint, collection_position, two_factor_key, registered_revision, \
    renews FROM certificates";

const PUT: &str = "INSERT INTO certificates (thumbprint, der, name, clearance, permissions, not_before, not_after, \
    pinning_hash, issuer_chain, disabled, primary_thumbprint, collection_position, two_factor_key, \
    registered_revision, renews) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
    ON CONFLICT (thumbprint) DO UPDATE SET der = excluded.der, name = excluded.name, \
    clearance = excluded.clearance, permissions = excluded.permissions, not_before = excluded.not_before, \
    not_after = excluded.not_after, pinning_hash = excluded.pinning_hash, issuer_chain = excluded.issuer_chain, disabled = excluded.disabled, \
    primary_thumbprint = excluded.primary_thumbprint, collection_position = excluded.collection_position, \
    two_factor_key = excluded.two_factor_key, renews = excluded.renews";

const DELETE: &str = "DELETE FROM certificates WHERE thumbprint = $1";

/// The time for which the identifier of a request is remembered. Clients retry within minutes.
const REQUEST_MEMORY: Duration = Duration::days(30);

#[cfg(test)]
mod tests;
