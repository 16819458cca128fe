//! Backups of a store that changes, and its check.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::Store;
use crate::audit::Actor;
use crate::store::tests::another_program;
use crate::testing::{self, Row};

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-30 12:00 UTC);
pub(super) const REVIVED: Accepted = Accepted {
    revived: true,
    keep_deleted: false,
};
pub(super) const KEPT: Accepted = Accepted {
    revived: false,
    keep_deleted: true,
};

/// A backup of the store alone.
pub(super) async fn make(
    directory: &Path,
    file: &Path,
    is_overwriting: bool,
    now: OffsetDateTime,
) -> Result<Manifest, BackupError> {
    let made = super::make(directory, file, is_overwriting, None, now).await?;
    Ok(made.manifest)
}

/// A restore of the store alone.
pub(super) async fn restore(
    directory: &Path,
    file: &Path,
    accepted: Accepted,
    now: OffsetDateTime,
) -> Result<Restored, BackupError> {
    let wanted = Wanted {
        accepted,
        data: None,
        by: Actor::server(),
    };
    super::restore(directory, file, wanted, now).await
}

pub(super) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Changes a store that no server has open.
pub(super) async fn change(directory: &Path, statements: &[&'static str]) {
    let options = SqliteConnectOptions::new().filename(directory.join(sqlite::FILE_NAME));
    let mut connection: SqliteConnection = options.connect().await.unwrap();
    for statement in statements {
        sqlx::query(*statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// The files of a directory, without the two that a reader of SQLite's leaves empty.
pub(super) fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect()
}

/// Asserts that the registered certificates of a restored store are those that its audit records name.
async fn assert_is_one_generation(store: &Store, manifest: &Manifest) {
    let mut records = store.audit_records_after(0, 100_000).await.unwrap();
    assert_eq!(records.pop().unwrap().1.action, "restore_store");
    let sequences: Vec<i64> = records.iter().map(|(sequence, _)| *sequence).collect();
    assert_eq!(sequences, (1..=manifest.audit_sequence).collect::<Vec<_>>());
    let mut expected = BTreeSet::new();
    for (_, record) in records {
        match record.target.strip_prefix('-') {
            Some(deleted) => assert!(expected.remove(deleted)),
            None => assert!(expected.insert(record.target)),
        }
    }
    let registered: BTreeSet<String> = testing::names(store).await.into_iter().collect();
    assert_eq!(registered, expected);
    assert_eq!(manifest.certificates, i64::try_from(expected.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_a_stream_of_changes_is_the_store_after_one_write() {
    let rounds = if std::env::var_os("CERTWARD_LONG_TESTS").is_some() {
        50
    } else {
        4
    };
    let directory = folder();
    let store = Store::open(directory.path()).await.unwrap();
    let is_done = Arc::new(AtomicBool::new(false));
    let changes = tokio::spawn({
        let (store, is_done) = (store.clone(), Arc::clone(&is_done));
        async move {
            let mut slowest = Duration::ZERO;
            let mut number = 0_u32;
            while !is_done.load(Ordering::Relaxed) {
                let row = Row::new(&format!("{number}"));
                let started = std::time::Instant::now();
                row.put(&store).await;
                if number.is_multiple_of(3) {
                    row.delete(&store).await;
                }
                slowest = slowest.max(started.elapsed());
                number += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            (number, slowest)
        }
    });
    let copies = folder();
    let mut made = Vec::new();
    for round in 0..rounds {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let file = copies.path().join(format!("{round}.backup"));
        made.push((make(directory.path(), &file, false, NOW).await.unwrap(), file));
    }
    is_done.store(true, Ordering::Relaxed);
    let (number, slowest) = changes.await.unwrap();
    println!("{number} certificates put, the slowest in {slowest:?}");
    assert!(store.health().is_writable());
    let mut last = 0;
    for (manifest, file) in made {
        assert!(manifest.audit_sequence >= last);
        last = manifest.audit_sequence;
        let empty = folder();
        let restored = restore(empty.path(), &file, REVIVED, NOW).await.unwrap();
        assert!(matches!(restored, Restored::Done(_)));
        let rows = rows(empty.path()).await;
        assert_eq!(rows.0, manifest.audit_sequence);
        assert_eq!(rows.1, rows.2);
        assert_eq!(i64::try_from(rows.1.len()).unwrap(), manifest.certificates);
    }
}

/// The number of audit records of before the restore, without a gap, the names that they say are registered, and those that
/// are.
async fn rows(directory: &Path) -> (i64, BTreeSet<String>, BTreeSet<String>) {
    let mut connection = inspect::read_only(&directory.join(sqlite::FILE_NAME))
        .connect()
        .await
        .unwrap();
    let records = "SELECT sequence, target FROM audit_records WHERE action <> 'restore_store' ORDER BY sequence";
    let records: Vec<(i64, String)> = sqlx::query_as(records).fetch_all(&mut connection).await.unwrap();
    let registered: Vec<String> = sqlx::query_scalar("SELECT name FROM certificates")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let mut said = BTreeSet::new();
    let mut last = 0;
    for (sequence, target) in records {
        assert_eq!(sequence, last + 1, "a record is missing");
        last = sequence;
        match target.strip_prefix('-') {
            Some(deleted) => assert!(said.remove(deleted)),
            None => assert!(said.insert(target)),
        }
    }
    (last, said, registered.into_iter().collect())
}

#[tokio::test]
async fn a_backup_is_not_taken_for_a_foreign_write() {
    let (directory, copies) = (folder(), folder());
    let store = Store::open(directory.path()).await.unwrap();
    Row::new("a").put(&store).await;
    let mut other = another_program(&store).await;
    let version = "SELECT data_version FROM pragma_data_version";
    let before: i64 = sqlx::query_scalar(version).fetch_one(&mut other).await.unwrap();
    let file = copies.path().join("copy");
    let manifest = make(directory.path(), &file, false, NOW).await.unwrap();
    let checked = check(directory.path(), &[&CERTIFICATES]).await.unwrap();
    assert_eq!(checked.findings, Vec::<String>::new());
    let after: i64 = sqlx::query_scalar(version).fetch_one(&mut other).await.unwrap();
    other.close().await.unwrap();
    assert_eq!(before, after);
    for name in ["b", "c"] {
        Row::new(name).put(&store).await;
    }
    assert!(store.health().is_writable());
    assert_eq!((manifest.certificates, manifest.audit_sequence), (1, 1));
    assert_eq!(names(copies.path()), BTreeSet::from(["copy".to_owned()]));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let refused = make(directory.path(), &file, false, NOW).await;
    assert!(matches!(refused, Err(BackupError::Exists { .. })), "{refused:?}");
    let newer = make(directory.path(), &file, true, NOW).await.unwrap();
    assert_eq!(newer.certificates, 3);
    // What is no backup is not overwritten: the store itself, or a link, even to a backup.
    let link = copies.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for other in [directory.path().join("certward.db"), link.clone()] {
        let refused = make(directory.path(), &other, true, NOW).await;
        assert!(matches!(refused, Err(BackupError::NotABackup { .. })), "{refused:?}");
    }
    fs::remove_file(link).unwrap();
    // Nobody restores under a server.
    let refused = restore(directory.path(), &file, REVIVED, NOW).await;
    assert!(matches!(refused, Err(BackupError::InUse { .. })));
    store.close().await;

    let empty = folder();
    let restored = restore(empty.path(), &file, KEPT, NOW).await.unwrap();
    assert!(matches!(restored, Restored::Refused { comparison, .. } if comparison.unknown.is_some()));
    restore(empty.path(), &file, REVIVED, NOW).await.unwrap();
    let store = Store::open(empty.path()).await.unwrap();
    assert_is_one_generation(&store, &newer).await;
    store.close().await;
}

#[tokio::test]
async fn pythons_sqlite3_reads_the_store_while_the_server_runs() {
    let directory = folder();
    let store = Store::open(directory.path()).await.unwrap();
    Row::new("a").put(&store).await;
    let script =
        "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT name FROM certificates').fetchall())";
    let output = Command::new("python3").arg("-c").arg(script).arg(store.path()).output();
    let output = output.expect("`make test` installs python3");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "[('a',)]", "{output:?}");
    Row::new("b").put(&store).await;
    assert!(store.health().is_writable());
}

/// Stands for the tables of a product: finds a certificate of one byte.
struct Certificates;

const CERTIFICATES: Certificates = Certificates;

impl Tables for Certificates {
    fn faults<'a>(&'a self, pool: &'a SqlitePool, _: &'a Path) -> BoxFuture<'a, Result<Vec<String>, sqlx::Error>> {
        let query = "SELECT name || ' has no readable certificate' FROM certificates WHERE length(der) = 1";
        Box::pin(sqlx::query_scalar(query).fetch_all(pool))
    }
}

#[tokio::test]
async fn a_check_has_a_line_for_each_fault() {
    let directory = folder();
    assert!(matches!(
        check(directory.path(), &[&CERTIFICATES]).await,
        Err(BackupError::NoStore { .. })
    ));
    let store = Store::open(directory.path()).await.unwrap();
    Row::new("a").put(&store).await;
    Row::new("b").put(&store).await;
    store.close().await;
    let statements = [
        "UPDATE certificates SET der = x'00' WHERE name = 'a'",
        "UPDATE store_state SET generation = 1",
        "DELETE FROM audit_records WHERE sequence = 2",
    ];
    change(directory.path(), &statements).await;
    let findings = check(directory.path(), &[&CERTIFICATES]).await.unwrap().findings;
    assert_eq!(findings.len(), 3, "{findings:?}");
    for part in [
        "no readable certificate",
        "was acknowledged",
        "newest audit record is 1",
    ] {
        assert!(
            findings.iter().any(|finding| finding.contains(part)),
            "{part}: {findings:?}"
        );
    }
    fs::write(directory.path().join(sqlite::FILE_NAME), "no database at all").unwrap();
    assert!(
        check(directory.path(), &[&CERTIFICATES]).await.is_err()
            || !check(directory.path(), &[&CERTIFICATES])
                .await
                .unwrap()
                .findings
                .is_empty()
    );
}
