use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use certward_pki::Certificate;
use rcgen::{CertificateParams, KeyPair};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use time::macros::datetime;

use super::*;
use crate::audit::{Actor, Outcome};
use crate::ravendb::model::clearance::{DatabaseAccess, Permissions, SecurityClearance};
use crate::ravendb::model::definition::{Grant, TwoFactorKey};

pub(super) fn entry(name: &str) -> RegisteredCertificate {
    let key = KeyPair::generate().unwrap();
    let signed = CertificateParams::new([format!("{name}.example")])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let certificate = Certificate::from_der(signed.der().to_vec()).unwrap();
    let grant = Grant {
        name: name.to_owned(),
        clearance: SecurityClearance::Operator,
        permissions: Permissions::none(),
        disabled: false,
        two_factor_key: None,
    };
    RegisteredCertificate::new(&certificate, grant)
}

pub(super) fn record(target: &str) -> AuditRecord {
    AuditRecord {
        at: datetime!(2026-11-21 21:10:00.123456 UTC),
        actor: Actor::server(),
        action: "test".into(),
        target: target.to_owned(),
        outcome: Outcome::Done("done".into()),
        occurrences: 1,
    }
}

/// A connection such as SQLite's own tool makes.
pub(super) async fn another_program(store: &Store) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(store.path());
    options.connect().await.unwrap()
}

/// The names of the certificates that a start would find, in their order.
pub(super) async fn loaded_names(store: &Store) -> Vec<String> {
    let loaded = store.load().await.unwrap();
    loaded.into_iter().map(|entry| entry.name).collect()
}

pub(super) async fn put(store: &Store, entry: RegisteredCertificate) {
    let name = entry.name.clone();
    store
        .commit(&[Change::Put(Arc::new(entry))], None, &[record(&name)])
        .await
        .unwrap();
}

#[tokio::test]
async fn an_entry_comes_back_as_it_went() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let mut written = entry("x'; DROP TABLE certificates; --");
    written.permissions = [
        ("Db\"1".to_owned(), DatabaseAccess::Admin),
        ("б".to_owned(), DatabaseAccess::Read),
    ]
    .into_iter()
    .collect();
    written.disabled = true;
    written.two_factor_key = Some(TwoFactorKey::from_bytes(vec![1, 2, 3]));
    written.renews = Some(entry("original").thumbprint);
    written.issuer_chain = vec![entry("issuer").der, entry("root").der];
    put(&store, written.clone()).await;
    store.close().await;
    let store = Store::open(directory.path()).await.unwrap();
    let [read] = store.load().await.unwrap().try_into().unwrap();
    assert_eq!(format!("{read:?}"), format!("{written:?}"));
    assert_eq!(read.two_factor_key.unwrap().expose(), [1, 2, 3]);
    assert_eq!(
        store.audit_records_after(0, 9).await.unwrap(),
        [(1, record(&written.name))]
    );
}

#[tokio::test]
async fn entries_keep_the_order_of_registration_when_they_are_put_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let entries: Vec<_> = (0..5).map(|number| entry(&format!("e{number}"))).collect();
    for entry in entries.iter().chain(&entries[..2]) {
        put(&store, entry.clone()).await;
    }
    assert_eq!(loaded_names(&store).await, ["e0", "e1", "e2", "e3", "e4"]);
}

#[tokio::test]
async fn a_failed_commit_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let answered = AnsweredRequest {
        request_id: "id".to_owned(),
        thumbprint: entry("x").thumbprint,
        at: datetime!(2026-11-21 21:10:00 UTC),
    };
    store
        .commit(&[Change::Put(Arc::new(entry("a")))], Some(&answered), &[record("a")])
        .await
        .unwrap();
    let again = store
        .commit(&[Change::Put(Arc::new(entry("b")))], Some(&answered), &[record("b")])
        .await;
    assert!(matches!(again, Err(StoreError::Write(_))), "{again:?}");
    assert_eq!(store.load().await.unwrap().len(), 1);
    assert_eq!(store.audit_records_after(0, 9).await.unwrap().len(), 1);
    assert_eq!(store.answered("id").await.unwrap(), Some(answered.thumbprint));
    put(&store, entry("c")).await;
    assert_eq!(store.audit_records_after(1, 9).await.unwrap()[0].0, 2);
}

#[tokio::test]
async fn nobody_else_can_read_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let store = Store::open(&data).await.unwrap();
    put(&store, entry("x")).await;
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
async fn an_entry_that_the_disk_has_changed_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let entry = entry("victim-name");
    put(&store, entry.clone()).await;
    store.close().await;
    let path = directory.path().join("certward.db");
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes
        .windows(40)
        .position(|window| window == &entry.der[100..140])
        .unwrap();
    bytes[place] ^= 1;
    fs::write(&path, bytes).unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let error = store.load().await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn a_truncated_store_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    for number in 0..50 {
        put(&store, entry(&format!("e{number}"))).await;
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

#[tokio::test]
async fn a_store_from_before_learns_from_its_audit_records_which_entries_are_renewals() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let (original, renewal) = (entry("original"), entry("renewal"));
    let renewed = AuditRecord {
        action: "register_renewal".into(),
        outcome: Outcome::Done(format!("renews {}, takes the place of another", original.thumbprint).into()),
        ..record(&renewal.thumbprint.to_string())
    };
    let changes = [&original, &renewal].map(|entry| Change::Put(Arc::new(entry.clone())));
    store.commit(&changes, None, &[renewed]).await.unwrap();
    for statement in [
        "ALTER TABLE certificates DROP COLUMN renews",
        "DROP TABLE deleted_certificates",
        "ALTER TABLE store_state DROP COLUMN store_id",
        "ALTER TABLE store_state DROP COLUMN generation",
        "DROP TABLE deleted_databases",
        "DELETE FROM _sqlx_migrations WHERE version >= 4",
    ] {
        sqlx::query(statement)
            .execute(&mut another_program(&store).await)
            .await
            .unwrap();
    }
    store.close().await;
    // As an older server, which writes no mark, has left it.
    fs::remove_file(directory.path().join("certward.mark")).unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let mut renews: Vec<_> = store.load().await.unwrap();
    renews.sort_by_key(|entry| entry.name.clone());
    let renews: Vec<_> = renews.into_iter().map(|entry| entry.renews).collect();
    assert_eq!(renews, [None, Some(original.thumbprint)]);
}

/// Not a test of its own: what the two tests below run in another process. It writes until it is killed, and names
/// each entry that was acknowledged.
#[tokio::test]
#[ignore = "run by other tests, in a process of its own"]
async fn child_that_writes_until_it_is_killed() {
    let directory = std::env::var_os(CHILD_DIRECTORY).expect("the parent names the directory");
    let store = Store::open(Path::new(&directory)).await.unwrap();
    for number in 0.. {
        let entry = entry(&format!("e{number}"));
        let name = format!("acknowledged {}", entry.thumbprint);
        put(&store, entry).await;
        println!("{name}");
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
            if let Some((_, thumbprint)) = line.unwrap().split_once("acknowledged ") {
                acknowledged.push(thumbprint.parse::<Thumbprint>().unwrap());
                if acknowledged.len() == 7 * round {
                    break;
                }
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let entries: Vec<Thumbprint> = store
            .load()
            .await
            .unwrap()
            .iter()
            .map(|entry| entry.thumbprint)
            .collect();
        assert!(acknowledged.len() >= 7 * round);
        acknowledged
            .iter()
            .for_each(|thumbprint| assert!(entries.contains(thumbprint)));
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
