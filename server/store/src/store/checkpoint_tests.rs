//! Checkpoints and writes by other programs, with Python's SQLite.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::*;
use crate::testing::record;

/// Runs statements on the store in another process.
fn foreign(store: &Store, statements: &[&str]) {
    let script = "import sqlite3, sys\n\
        store = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
        for statement in sys.argv[2:]:\n    print(store.execute(statement).fetchall())";
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(store.path())
        .args(statements)
        .output();
    let output = output.expect("`make test` installs python3");
    assert!(output.status.success(), "{output:?}");
    if statements.last() == Some(&TRUNCATE) {
        let answers = String::from_utf8_lossy(&output.stdout);
        assert!(
            answers.trim_end().ends_with("[(0, 0, 0)]"),
            "the log was not emptied: {answers}"
        );
    }
}

fn log_length(directory: &Path) -> u64 {
    fs::metadata(directory.join("certward.db-wal")).unwrap().len()
}

#[tokio::test]
async fn a_checkpoint_by_another_program_is_accepted_and_nothing_acknowledged_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let mut recorded = 0;
    for round in 0..6 {
        for _ in 0..20 {
            store.record(&[record("before")]).await.unwrap();
            recorded += 1;
        }
        assert!(log_length(directory.path()) > 0);
        foreign(&store, &[TRUNCATE]);
        assert_eq!(log_length(directory.path()), 0);
        if round % 2 == 0 {
            // Noticed without a write.
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        assert!(store.health().is_writable());
        store.record(&[record("after")]).await.unwrap();
        recorded += 1;
    }
    // A crash now has the database and the log as they are.
    let copy = tempfile::tempdir().unwrap();
    for name in ["certward.db", "certward.db-wal", "certward.mark"] {
        fs::copy(directory.path().join(name), copy.path().join(name)).unwrap();
    }
    let copy = Store::open(copy.path()).await.unwrap();
    assert_eq!(copy.audit_sequence().await.unwrap(), recorded);
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_at_any_moment_of_a_stream_of_writes_are_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let path = store.path().to_owned();
    let script = "import sqlite3, sys\n\
        store = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
        for _ in range(200): store.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall()";
    let checkpoints = Command::new("python3").args(["-c", script]).arg(&path).spawn();
    let mut checkpoints = checkpoints.expect("`make test` installs python3");
    let mut recorded = 0;
    while checkpoints.try_wait().unwrap().is_none() {
        store.record(&[record("stream")]).await.unwrap();
        recorded += 1;
    }
    assert!(checkpoints.wait().unwrap().success());
    println!("{recorded} writes");
    assert!(store.health().is_writable());
    store.close().await;
    let store = Store::open(directory.path()).await.unwrap();
    assert_eq!(store.audit_sequence().await.unwrap(), recorded);
}

#[tokio::test]
async fn what_another_program_writes_is_refused_also_when_it_empties_the_log() {
    let writes = [
        "INSERT INTO deleted_databases (uid) VALUES (7)",
        "UPDATE audit_records SET target = 'nothing'",
        "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)",
        "VACUUM",
    ];
    for statement in writes {
        for is_noticed_first in [false, true] {
            let directory = tempfile::tempdir().unwrap();
            let store = Store::open(directory.path()).await.unwrap();
            store.record(&[record("a")]).await.unwrap();
            foreign(&store, &[statement, TRUNCATE]);
            if is_noticed_first {
                tokio::time::sleep(Duration::from_millis(700)).await;
                assert!(!store.health().is_writable(), "{statement}");
            }
            let refused = store.record(&[record("b")]).await.unwrap_err();
            let text = format!("{refused:?}");
            assert!(
                text.contains("Foreign") || text.contains("another program"),
                "{statement}: {text}"
            );
            assert_eq!(store.audit_sequence().await.unwrap(), 1, "{statement}");
        }
    }
}

#[tokio::test]
async fn a_log_that_was_emptied_by_no_checkpoint_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.record(&[record("a")]).await.unwrap();
    let log = fs::File::options()
        .write(true)
        .open(directory.path().join("certward.db-wal"))
        .unwrap();
    log.set_len(0).unwrap();
    let refused = store.record(&[record("b")]).await.unwrap_err();
    assert!(format!("{refused:?}").contains("cut short"), "{refused:?}");
}

const TRUNCATE: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
