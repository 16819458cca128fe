//! Failed writes leave nothing behind, and replaced files are detected.

use std::fs;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{Connection as _, SqliteConnection};

use super::tests::another_program;
use super::*;
use crate::testing::record;

/// A change that can be made only once.
struct Once;

impl Changes for Once {
    fn moves(&self) -> Moves {
        Moves::Nothing
    }

    fn apply<'a>(&'a self, connection: &'a mut SqliteConnection, _: i64) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            let statement =
                "INSERT INTO generate_requests (request_id, thumbprint, recorded_at) VALUES ('id', x'00', 0)";
            sqlx::query(statement).execute(connection).await.map(drop)
        })
    }
}

async fn recorded(store: &Store) -> usize {
    store.audit_records_after(0, 1000).await.unwrap().len()
}

async fn wait_until_writable(store: &Store) {
    let mut health = store.health_changes();
    tokio::time::timeout(Duration::from_secs(2), health.wait_for(StoreHealth::is_writable))
        .await
        .expect("the store comes back within 2 s")
        .unwrap();
}

#[tokio::test]
async fn after_many_failed_writes_what_is_acknowledged_is_committed() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.commit(&Once, &[record("first")]).await.unwrap();
    for round in 1..=5 {
        let refused = store.commit(&Once, &[record("refused")]).await;
        assert!(matches!(refused, Err(StoreError::Write(_))), "{refused:?}");
        store.record(&[record("taken")]).await.unwrap();
        // Another connection sees only what is committed.
        let mut other = another_program(&store).await;
        let taken: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM audit_records WHERE target = 'taken'")
            .fetch_one(&mut other)
            .await
            .unwrap();
        other.close().await.unwrap();
        assert_eq!(taken, round);
    }
    assert_eq!(recorded(&store).await, 6);
    assert!(store.health().is_writable());
}

#[tokio::test]
async fn where_an_empty_write_fits_and_a_change_does_not_changes_are_refused_until_there_is_room() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.commit(&Once, &[record("first")]).await.unwrap();
    // As on a full disk: the file that tries the room cannot be made.
    let room = directory.path().join("certward.room");
    fs::create_dir(&room).unwrap();
    let failed = store.commit(&Once, &[record("failed")]).await;
    assert!(matches!(failed, Err(StoreError::Write(_))), "{failed:?}");
    assert!(!store.health().is_writable());
    let refused = store.record(&[record("refused")]).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    fs::remove_dir(&room).unwrap();
    wait_until_writable(&store).await;
    store.record(&[record("taken")]).await.unwrap();
    assert_eq!(recorded(&store).await, 2);
    assert!(!room.exists());
}

#[tokio::test]
async fn a_write_whose_caller_goes_away_leaves_the_store_usable() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    for micros in 0..200 {
        // Wherever it is cut: it has happened or not, and the next write is as good as any.
        let records = [record("cut")];
        let cut = store.record(&records);
        let _ = tokio::time::timeout(Duration::from_micros(micros * 20), cut).await;
    }
    let before = recorded(&store).await;
    store.record(&[record("whole")]).await.unwrap();
    let after = recorded(&store).await;
    assert!(after == before + 1 || after == before + 2, "{before} {after}");
    assert_eq!(i64::try_from(after).unwrap(), store.audit_sequence().await.unwrap());
}

#[tokio::test]
async fn another_program_may_read_and_copy_the_store_while_it_is_open() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.record(&[record("a")]).await.unwrap();
    let copy = directory.path().join("copy.db");
    let mut other = another_program(&store).await;
    sqlx::query("VACUUM INTO $1")
        .bind(copy.to_str().unwrap())
        .execute(&mut other)
        .await
        .unwrap();
    // One that reads for long holds no write up.
    sqlx::query("BEGIN").execute(&mut other).await.unwrap();
    let seen: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM audit_records")
        .fetch_one(&mut other)
        .await
        .unwrap();
    store.record(&[record("b")]).await.unwrap();
    assert_eq!((seen, recorded(&store).await), (1, 2));
    assert!(copy.exists());
}

#[tokio::test]
async fn a_second_server_is_refused_and_the_file_of_the_lock_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let second = Store::open(directory.path()).await;
    assert!(matches!(&second, Err(StoreError::InUse { .. })), "{second:?}");
    store.close().await;
    assert!(directory.path().join("certward.lock").exists());
    Store::open(directory.path()).await.unwrap();
}

#[tokio::test]
async fn what_another_program_writes_is_noticed_and_ends_writing_until_a_restart() {
    for statement in [
        "UPDATE store_state SET audit_sequence = audit_sequence + 1",
        "INSERT INTO deleted_databases (uid) VALUES (7)",
    ] {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        store.record(&[record("a")]).await.unwrap();
        let mut other = another_program(&store).await;
        sqlx::query(statement).execute(&mut other).await.unwrap();
        let refused = store.record(&[record("b")]).await;
        assert!(
            matches!(&refused, Err(StoreError::Write(WriteFailure::Foreign))),
            "{refused:?}"
        );
        tokio::time::sleep(Duration::from_millis(1200)).await;
        let refused = store.record(&[record("c")]).await;
        assert!(matches!(&refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
        assert_eq!(recorded(&store).await, 1);
    }
}

#[tokio::test]
async fn a_program_that_holds_the_store_up_is_told_and_then_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let mut other = another_program(&store).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let refused = store.record(&[record("a")]).await;
    assert!(matches!(&refused, Err(StoreError::Write(_))), "{refused:?}");
    assert!(store.check().await.is_err());
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    let mut health = store.health_changes();
    health.wait_for(StoreHealth::is_writable).await.unwrap();
    store.record(&[record("b")]).await.unwrap();
    assert_eq!(recorded(&store).await, 1);
}

#[tokio::test]
async fn a_file_that_is_taken_away_ends_writing_until_it_is_put_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.record(&[record("a")]).await.unwrap();
    for name in ["certward.db", "certward.db-wal", "certward.db-shm"] {
        let (path, away) = (directory.path().join(name), directory.path().join("away"));
        for replaced in [false, true] {
            fs::rename(&path, &away).unwrap();
            if replaced {
                fs::write(&path, b"another").unwrap();
            }
            let refused = store.record(&[record("refused")]).await.unwrap_err();
            let text = format!("{refused:?}");
            assert!(
                text.contains(name) && text.contains(if replaced { "replaced" } else { "removed" }),
                "{text}"
            );
            fs::rename(&away, &path).unwrap();
            wait_until_writable(&store).await;
        }
    }
    store.record(&[record("b")]).await.unwrap();
    store.close().await;
    let store = Store::open(directory.path()).await.unwrap();
    assert_eq!(recorded(&store).await, 2);
}

#[tokio::test]
async fn without_a_write_it_is_noticed_too_and_what_a_lost_log_held_is_saved() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.record(&[record("a")]).await.unwrap();
    fs::remove_file(directory.path().join("certward.db-wal")).unwrap();
    let mut health = store.health_changes();
    let refusing = health.wait_for(|health| !health.is_writable());
    tokio::time::timeout(Duration::from_secs(2), refusing)
        .await
        .unwrap()
        .unwrap();
    // The database alone, as it would be after a crash.
    let copy = tempfile::tempdir().unwrap();
    fs::copy(store.path(), copy.path().join("certward.db")).unwrap();
    let copy = Store::open(copy.path()).await.unwrap();
    assert_eq!(recorded(&copy).await, 1);
}

#[tokio::test]
async fn a_file_that_is_cut_short_ends_writing() {
    for name in ["certward.db", "certward.db-wal"] {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        store.record(&[record("a")]).await.unwrap();
        let file = fs::File::options()
            .write(true)
            .open(directory.path().join(name))
            .unwrap();
        file.set_len(100).unwrap();
        let refused = store.record(&[record("b")]).await.unwrap_err();
        assert!(format!("{refused:?}").contains("cut short"), "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn a_lock_file_that_was_removed_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    fs::remove_file(directory.path().join("certward.lock")).unwrap();
    store.record(&[record("a")]).await.unwrap();
    let second = Store::open(directory.path()).await;
    assert!(matches!(&second, Err(StoreError::InUse { .. })), "{second:?}");
}

/// The files of a store with some records, and a copy from before the last one.
async fn store_and_older_copy(directory: &Path) -> Vec<u8> {
    let store = Store::open(directory).await.unwrap();
    store.record(&[record("a")]).await.unwrap();
    store.close().await;
    let older = fs::read(directory.join("certward.db")).unwrap();
    let store = Store::open(directory).await.unwrap();
    store.record(&[record("b")]).await.unwrap();
    store.close().await;
    older
}

#[tokio::test]
async fn an_older_copy_is_refused_until_the_mark_is_moved_away() {
    let directory = tempfile::tempdir().unwrap();
    let older = store_and_older_copy(directory.path()).await;
    fs::write(directory.path().join("certward.db"), older).unwrap();
    let error = Store::open(directory.path()).await.unwrap_err();
    assert!(matches!(&error, StoreError::WentBack { .. }), "{error:?}");
    assert!(error.to_string().contains("certward.mark"), "{error}");
    fs::remove_file(directory.path().join("certward.mark")).unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    assert_eq!(recorded(&store).await, 1);
}

#[tokio::test]
async fn the_store_of_another_server_is_refused() {
    let (directory, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for directory in [&directory, &other] {
        store_and_older_copy(directory.path()).await;
    }
    fs::copy(other.path().join("certward.db"), directory.path().join("certward.db")).unwrap();
    let error = Store::open(directory.path()).await.unwrap_err();
    assert!(matches!(&error, StoreError::WentBack { .. }), "{error:?}");
}

#[tokio::test]
async fn an_empty_store_is_refused_where_there_was_one() {
    let directory = tempfile::tempdir().unwrap();
    store_and_older_copy(directory.path()).await;
    let path = directory.path().join("certward.db");
    for is_empty in [false, true] {
        fs::remove_file(&path).unwrap();
        if is_empty {
            fs::write(&path, b"").unwrap();
        }
        let error = Store::open(directory.path()).await.unwrap_err();
        assert!(matches!(&error, StoreError::Lost { .. }), "{error:?}");
        fs::write(&path, b"").unwrap();
    }
    fs::remove_file(directory.path().join("certward.mark")).unwrap();
    fs::write(directory.path().join("certward.db-wal"), b"frames").unwrap();
    let error = Store::open(directory.path()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Lost { .. }), "{error:?}");
    fs::remove_file(directory.path().join("certward.db-wal")).unwrap();
    assert_eq!(recorded(&Store::open(directory.path()).await.unwrap()).await, 0);
}

#[tokio::test]
async fn a_mark_that_cannot_be_read_or_was_removed_is_written_again() {
    let directory = tempfile::tempdir().unwrap();
    store_and_older_copy(directory.path()).await;
    let mark = directory.path().join("certward.mark");
    let written = fs::read_to_string(&mark).unwrap();
    fs::write(&mark, b"?".repeat(100)).unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    assert_eq!(fs::read_to_string(&mark).unwrap().len(), written.len());
    fs::remove_file(&mark).unwrap();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(mark.exists());
    drop(store);
}
