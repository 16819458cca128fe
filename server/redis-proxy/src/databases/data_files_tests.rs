//! The data of databases in a backup, with files in place of real engines'.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

use super::DataFiles;
use certward_store::Store;
use certward_store::audit::{Actor, Audit, Outcome};
use certward_store::backup::{self, Accepted, BackupError, DataForm, DatabaseFiles, Done, Restored, Wanted};
use certward_store::testing::Row;
use certward_system::clock::SystemClock;

const NOW: OffsetDateTime = datetime!(2026-11-30 12:00 UTC);
const REVIVED: Accepted = Accepted {
    revived: true,
    keep_deleted: false,
};
const KEPT: Accepted = Accepted {
    revived: false,
    keep_deleted: true,
};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The files of a directory, without the two that a reader of SQLite's leaves empty.
fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect()
}

fn files(directory: &Path) -> Arc<dyn DatabaseFiles> {
    Arc::new(DataFiles::below(directory))
}

fn wanted(directory: &Path, accepted: Accepted, is_with_data: bool) -> Wanted {
    Wanted {
        accepted,
        data: is_with_data.then(|| files(directory)),
        by: Actor {
            name: "user dana of the system".to_owned(),
            ..Actor::server()
        },
    }
}

fn write(directory: &Path, path: &str, text: &str) {
    let path = directory.join("databases").join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn read(directory: &Path, path: &str) -> Option<String> {
    fs::read_to_string(directory.join("databases").join(path)).ok()
}

/// A store with databases 1 to 4: a snapshot, append-only files, no data, and no directory.
async fn store_with_data() -> TempDir {
    let directory = folder();
    let path = directory.path();
    let store = Store::open(path).await.unwrap();
    Row::new("a").put(&store).await;
    store.close().await;
    let databases = "INSERT INTO cluster_databases (uid, name, port, definition, created_at, changed_at) \
        SELECT column1, 'name ' || column1, 12000, '{}', 0, 0 FROM (VALUES (1), (2), (3), (4))";
    let store = SqliteConnectOptions::new().filename(path.join("certward.db"));
    let mut store = store.connect().await.unwrap();
    sqlx::query(databases).execute(&mut store).await.unwrap();
    store.close().await.unwrap();
    write(path, "1/dump.rdb", "snapshot");
    write(path, "2/appendonlydir/appendonly.aof.manifest", AOF_MANIFEST);
    write(path, "2/appendonlydir/appendonly.aof.1.base.rdb", "base");
    write(path, "2/appendonlydir/appendonly.aof.1.incr.aof", "increment");
    fs::create_dir(path.join("databases/3")).unwrap();
    directory
}

#[tokio::test]
async fn data_comes_back_as_it_was_and_what_is_there_is_moved_aside() {
    let (directory, copies) = (store_with_data().await, folder());
    let path = directory.path();
    let file = copies.path().join("copy");
    let made = backup::make(path, &file, false, Some(files(path)), NOW).await.unwrap();
    assert_eq!(made.manifest.format, 2);
    let saved = made.manifest.data.unwrap();
    let found: Vec<(u32, Option<DataForm>, usize)> = saved
        .iter()
        .map(|database| (database.uid, database.form, database.files.len()))
        .collect();
    let (snapshot, append_only) = (Some(DataForm::Snapshot), Some(DataForm::AppendOnly));
    assert_eq!(
        found,
        [(1, snapshot, 1), (2, append_only, 3), (3, None, 0), (4, None, 0)]
    );

    write(path, "1/dump.rdb", "newer");
    fs::remove_dir_all(path.join("databases/2")).unwrap();
    write(path, "3/dump.rdb", "newer");
    write(path, "5/dump.rdb", "of a database that the backup does not know");
    let done = backup::restore(path, &file, wanted(path, REVIVED, true), NOW)
        .await
        .unwrap();
    let Restored::Done(Done {
        aside, data, suffix, ..
    }) = done
    else {
        panic!("{done:?}")
    };
    assert_eq!(data, [1, 2, 3, 4]);
    assert!(aside.iter().all(|path| path.exists()), "{aside:?}");
    assert_eq!(read(path, "1/dump.rdb").unwrap(), "snapshot");
    assert_eq!(
        read(path, "2/appendonlydir/appendonly.aof.manifest").unwrap(),
        AOF_MANIFEST
    );
    assert_eq!(read(path, "2/appendonlydir/appendonly.aof.1.base.rdb").unwrap(), "base");
    assert_eq!(
        read(path, "2/appendonlydir/appendonly.aof.1.incr.aof").unwrap(),
        "increment"
    );
    for number in [1, 3] {
        assert_eq!(read(path, &format!("{number}{suffix}/dump.rdb")).unwrap(), "newer");
    }
    assert!(!path.join("databases/3").exists());
    assert!(read(path, "5/dump.rdb").is_some());
    for (part, mode) in [("1", 0o700), ("1/dump.rdb", 0o600), ("2/appendonlydir", 0o700)] {
        let found = fs::metadata(path.join("databases").join(part)).unwrap().permissions();
        assert_eq!(found.mode() & 0o777, mode, "{part}");
    }
    let left = names(&path.join("databases"));
    assert!(left.iter().all(|name| !name.starts_with(".certward")), "{left:?}");
}

#[tokio::test]
async fn a_restore_is_an_audit_record_of_who_what_and_how() {
    let (directory, copies) = (store_with_data().await, folder());
    let path = directory.path();
    let file = copies.path().join("copy");
    let store = Store::open(path).await.unwrap();
    let later = Row::new("later");
    later.put(&store).await;
    store.close().await;
    let made = backup::make(path, &file, false, Some(files(path)), NOW).await.unwrap();
    let store = Store::open(path).await.unwrap();
    later.delete(&store).await;
    store.close().await;
    backup::restore(path, &file, wanted(path, KEPT, true), NOW)
        .await
        .unwrap();
    let store = Store::open(path).await.unwrap();
    let last = made.manifest.audit_sequence;
    let records = store.audit_records_after(last, 10).await.unwrap();
    let [(sequence, record)] = &*records else {
        panic!("{records:?}")
    };
    assert_eq!(*sequence, last + 1);
    assert_eq!(
        (record.actor.name.as_str(), record.at),
        ("user dana of the system", NOW)
    );
    assert_eq!(
        (&*record.action, &*record.target),
        ("restore_store", file.to_str().unwrap())
    );
    let Outcome::Done(detail) = &record.outcome else {
        panic!("{record:?}")
    };
    for part in [
        "made at 2026-11-30T12:00:00Z",
        "databases 1, 2, 3, 4",
        "--keep-deleted",
        ".before-restore-",
    ] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    assert!(!detail.contains("--accept-revived"), "{detail}");
    assert!(detail.contains("deleted again: certificate later ("), "{detail}");
    let audit = Audit::start(store.clone(), Arc::new(SystemClock), Some(copies.path()))
        .await
        .unwrap();
    let log = copies.path().join("audit.log");
    let is_written = || fs::read_to_string(&log).is_ok_and(|text| text.contains("\"restore_store\""));
    for _ in 0..200 {
        if is_written() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(is_written(), "the file of the audit log does not have it");
    drop(audit);
    store.close().await;
}

#[tokio::test]
async fn a_restore_without_data_leaves_the_data_as_it_is() {
    let (directory, copies) = (store_with_data().await, folder());
    let path = directory.path();
    let file = copies.path().join("copy");
    backup::make(path, &file, false, Some(files(path)), NOW).await.unwrap();
    write(path, "1/dump.rdb", "newer");
    backup::restore(path, &file, wanted(path, KEPT, false), NOW)
        .await
        .unwrap();
    assert_eq!(read(path, "1/dump.rdb").unwrap(), "newer");
    assert_eq!(names(&path.join("databases")).len(), 3);
}

#[tokio::test]
async fn data_of_another_store_is_not_taken_for_that_of_databases_with_the_same_numbers() {
    let (directory, other, copies) = (store_with_data().await, store_with_data().await, folder());
    let path = other.path();
    let file = copies.path().join("copy");
    backup::make(directory.path(), &file, false, None, NOW).await.unwrap();
    write(path, "1/dump.rdb", "of the other store");
    let done = backup::restore(path, &file, wanted(path, REVIVED, true), NOW)
        .await
        .unwrap();
    let Restored::Done(Done { suffix, data, .. }) = done else {
        panic!("{done:?}")
    };
    assert!(data.is_empty(), "{data:?}");
    assert_eq!(
        read(path, &format!("1{suffix}/dump.rdb")).unwrap(),
        "of the other store"
    );
    assert!(!path.join("databases/1").exists() && !path.join("databases/2").exists());
}

#[tokio::test]
async fn data_that_is_damaged_in_the_backup_or_unreadable_changes_nothing() {
    let (directory, copies) = (store_with_data().await, folder());
    let path = directory.path();
    let file = copies.path().join("copy");
    backup::make(path, &file, false, Some(files(path)), NOW).await.unwrap();
    let whole = fs::read(&file).unwrap();
    let before = (names(path), names(&path.join("databases")));
    for data in ["snapshot", "increment"] {
        let at = whole
            .windows(data.len())
            .rposition(|found| found == data.as_bytes())
            .unwrap();
        // The last is in the manifest; the data is the one before.
        let at = whole[..at]
            .windows(data.len())
            .rposition(|found| found == data.as_bytes())
            .unwrap_or(at);
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&file, &damaged).unwrap();
        let refused = backup::restore(path, &file, wanted(path, REVIVED, true), NOW).await;
        assert!(matches!(refused, Err(BackupError::NotRestorable { .. })), "{refused:?}");
        assert_eq!((names(path), names(&path.join("databases"))), before);
        assert_eq!(read(path, "1/dump.rdb").unwrap(), "snapshot");
    }
    let locks = [1, 2].map(|number| path.join(format!("databases/{number}/lock")).exists());
    assert_eq!(locks, [false, false]);
    assert_eq!(names(copies.path()).len(), 1);
}

#[tokio::test]
async fn data_that_an_engine_has_spoiled_is_omitted_by_name_and_keeps_nothing_else_from_being_saved() {
    let (directory, copies) = (store_with_data().await, folder());
    let path = directory.path();
    let manifest = "2/appendonlydir/appendonly.aof.manifest";
    let twice = "file appendonly.aof.1.base.rdb seq 1 type b\n".repeat(2);
    for (number, text) in ["what is this", &twice, &"#".repeat(2 * 1024 * 1024)]
        .into_iter()
        .enumerate()
    {
        write(path, manifest, text);
        let file = copies.path().join(number.to_string());
        let made = backup::make(path, &file, false, Some(files(path)), NOW).await.unwrap();
        let saved = made.manifest.data.unwrap();
        let omitted: Vec<(u32, bool)> = saved.iter().map(|saved| (saved.uid, saved.omitted.is_some())).collect();
        assert_eq!(omitted, [(1, false), (2, true), (3, false), (4, false)]);
        assert_eq!((saved[0].files.len(), saved[1].files.len()), (1, 0));
    }
    // No disk has room for it.
    write(path, manifest, AOF_MANIFEST);
    let snapshot = fs::File::options()
        .write(true)
        .open(path.join("databases/1/dump.rdb"))
        .unwrap();
    snapshot.set_len(8 << 40).unwrap();
    let file = copies.path().join("copy");
    let made = backup::make(path, &file, false, Some(files(path)), NOW).await.unwrap();
    let saved = made.manifest.data.unwrap();
    let reason = saved[0].omitted.as_deref().unwrap();
    assert!(
        reason.contains("databases/1") && reason.contains("there is room for"),
        "{reason}"
    );
    assert_eq!(saved[1].files.len(), 3);

    // What the backup does not have stays as it is.
    write(path, "1/dump.rdb", "newer");
    let done = backup::restore(path, &file, wanted(path, REVIVED, true), NOW)
        .await
        .unwrap();
    let Restored::Done(Done { data, .. }) = done else {
        panic!("{done:?}")
    };
    assert_eq!(data, [2, 3, 4]);
    assert_eq!(read(path, "1/dump.rdb").unwrap(), "newer");
}

#[tokio::test]
async fn what_killed_backups_have_left_is_deleted_and_nothing_else() {
    let (directory, copies) = (store_with_data().await, folder());
    let of_another = |digit: &str| copies.path().join(format!(".certward-unfinished-{}", digit.repeat(32)));
    let (dead, alive, unknown) = (of_another("0"), of_another("1"), of_another("2"));
    for path in [&dead, &alive, &unknown] {
        fs::create_dir(path).unwrap();
        fs::write(path.join("certward.db"), "half").unwrap();
    }
    fs::write(dead.join("lock"), "").unwrap();
    let lock = fs::File::create(alive.join("lock")).unwrap();
    lock.lock().unwrap();
    let file = copies.path().join("copy");
    let made = backup::make(directory.path(), &file, false, None, NOW).await.unwrap();
    assert_eq!(made.cleared, std::slice::from_ref(&dead));
    assert!(!dead.exists() && alive.join("certward.db").exists() && unknown.join("certward.db").exists());
    assert_eq!(names(copies.path()).len(), 3);
}

const AOF_MANIFEST: &str = "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n";
