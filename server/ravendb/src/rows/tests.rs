use std::fs;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use time::macros::datetime;

use super::*;
use crate::model::clearance::SecurityClearance;
use crate::model::definition::Grant;
use certward_store::audit::{AuditRecord, Outcome};
use certward_store::backup;
use certward_store::testing::{names, record};

fn entry(name: &str) -> RegisteredCertificate {
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

/// A connection such as SQLite's own tool makes.
async fn another_program(store: &Store) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(store.path());
    options.connect().await.unwrap()
}

async fn commit(
    store: &Store,
    changes: &[Change],
    answered: Option<&AnsweredRequest>,
    records: &[AuditRecord],
) -> Result<(), StoreError> {
    store.commit(&Write { changes, answered }, records).await
}

async fn put(store: &Store, entry: RegisteredCertificate) {
    let records = [record(&entry.name)];
    commit(store, &[Change::Put(Arc::new(entry))], None, &records)
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
    let [read] = load(&store).await.unwrap().try_into().unwrap();
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
    assert_eq!(names(&store).await, ["e0", "e1", "e2", "e3", "e4"]);
}

#[tokio::test]
async fn a_failed_commit_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let request = AnsweredRequest {
        request_id: "id".to_owned(),
        thumbprint: entry("x").thumbprint,
        at: datetime!(2026-11-21 21:10:00 UTC),
    };
    let put_entry = |name| [Change::Put(Arc::new(entry(name)))];
    commit(&store, &put_entry("a"), Some(&request), &[record("a")])
        .await
        .unwrap();
    let again = commit(&store, &put_entry("b"), Some(&request), &[record("b")]).await;
    assert!(matches!(again, Err(StoreError::Write(_))), "{again:?}");
    assert_eq!(load(&store).await.unwrap().len(), 1);
    assert_eq!(store.audit_records_after(0, 9).await.unwrap().len(), 1);
    assert_eq!(answered(&store, "id").await.unwrap(), Some(request.thumbprint));
    put(&store, entry("c")).await;
    assert_eq!(store.audit_records_after(1, 9).await.unwrap()[0].0, 2);
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
    let error = load(&store).await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { .. }), "{error:?}");
    let checked = backup::check(directory.path(), &[&CertificateTables]).await.unwrap();
    assert!(
        matches!(&*checked.findings, [fault] if fault.contains("no readable certificate")),
        "{checked:?}"
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
    commit(&store, &changes, None, &[renewed]).await.unwrap();
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
    let mut renews: Vec<_> = load(&store).await.unwrap();
    renews.sort_by_key(|entry| entry.name.clone());
    let renews: Vec<_> = renews.into_iter().map(|entry| entry.renews).collect();
    assert_eq!(renews, [None, Some(original.thumbprint)]);
}
