use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::*;
use crate::testing::{Row, names};

/// A connection such as SQLite's own tool makes.
pub(crate) async fn another_program(store: &Store) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(store.path());
    options.connect().await.unwrap()
}

#[tokio::test]
async fn nobody_else_can_read_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let store = Store::open(&data).await.unwrap();
    Row::new("x").put(&store).await;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = fs::read_dir(&data).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 2, "{files:?}");
    files
        .iter()
        .for_each(|file| assert_eq!(mode(file), 0o600, "{}", file.display()));
    store.close().await;
    fs::set_permissions(store.path(), fs::Permissions::from_mode(0o644)).unwrap();
    Store::open(&data).await.unwrap();
    assert_eq!(mode(store.path()), 0o600);
}

#[tokio::test]
async fn a_file_that_is_no_sound_store_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("certward.db");
    fs::write(&path, b"this is not a database, whatever its name says".repeat(100)).unwrap();
    let error = Store::open(directory.path()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn a_truncated_store_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    for number in 0..50 {
        Row::new(&format!("e{number}")).put(&store).await;
    }
    store.close().await;
    let path = directory.path().join("certward.db");
    let length = fs::metadata(&path).unwrap().len();
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(length / 2)
        .unwrap();
    let opened = Store::open(directory.path()).await;
    assert!(matches!(&opened, Err(StoreError::Damaged { .. })), "{opened:?}");
}

#[tokio::test]
async fn the_store_of_a_newer_server_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', TRUE, X'00', 0)",
    )
    .execute(&mut another_program(&store).await)
    .await
    .unwrap();
    store.close().await;
    let error = Store::open(directory.path()).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::NewerSchema { found: 9999, .. }),
        "{error:?}"
    );
}

/// Not a test of its own: what the two tests below run in another process. It writes until it is killed, and names
/// each entry that was acknowledged.
#[tokio::test]
#[ignore = "run by other tests, in a process of its own"]
async fn child_that_writes_until_it_is_killed() {
    let directory = std::env::var_os(CHILD_DIRECTORY).expect("the parent names the directory");
    let store = Store::open(Path::new(&directory)).await.unwrap();
    for number in 0.. {
        let row = Row::new(&format!("e{number} of {}", std::process::id()));
        row.put(&store).await;
        println!("acknowledged {}", row.name);
    }
}

fn child(directory: &Path) -> std::process::Child {
    let test = "store::tests::child_that_writes_until_it_is_killed";
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(CHILD_DIRECTORY, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 1..=3 {
        let mut child = child(directory.path());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines {
            if let Some((_, name)) = line.unwrap().split_once("acknowledged ") {
                acknowledged.push(name.to_owned());
                if acknowledged.len() == 7 * round {
                    break;
                }
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let entries = names(&store).await;
        assert!(acknowledged.len() >= 7 * round);
        acknowledged
            .iter()
            .for_each(|name| assert!(entries.contains(name), "{name}"));
        // Each change came with its record.
        assert_eq!(store.audit_records_after(0, 1000).await.unwrap().len(), entries.len());
        store.close().await;
    }
}

#[tokio::test]
async fn a_second_process_is_refused_until_the_first_ends() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = child(directory.path());
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("acknowledged ")));
    let link = directory.path().join("link");
    fs::create_dir(&link).unwrap();
    std::os::unix::fs::symlink(directory.path().join("certward.db"), link.join("certward.db")).unwrap();
    for path in [directory.path(), &link] {
        let error = Store::open(path).await.unwrap_err();
        assert!(matches!(&error, StoreError::InUse { .. }), "{error:?}");
    }
    first.kill().unwrap();
    first.wait().unwrap();
    Store::open(directory.path()).await.unwrap();
}

const CHILD_DIRECTORY: &str = "CERTWARD_TEST_STORE";
