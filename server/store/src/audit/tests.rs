use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use certward_pki::ErrorChain;
use serde_json::Value;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use time::macros::datetime;

use super::*;
use certward_system::clock::ManualClock;

async fn start(directory: &Path, folder: Option<&Path>) -> (Audit, Store) {
    let store = Store::open(directory).await.unwrap();
    let clock = Arc::new(ManualClock::at(datetime!(2026-11-21 21:10:00 UTC)));
    (Audit::start(store.clone(), clock, folder).await.unwrap(), store)
}

fn stranger(name: &str) -> Actor {
    Actor {
        name: name.to_owned(),
        thumbprint: None,
        address: Some("192.0.2.1".to_owned()),
    }
}

#[tokio::test]
async fn equal_refusals_become_one_record_and_a_flood_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let (audit, store) = start(directory.path(), None).await;
    // On this runtime of one thread, nothing is written before the first wait.
    for number in 0..1000 {
        audit.refused(stranger("same"), "authenticate", "", "unknown_certificate");
        audit.refused(stranger(&number.to_string()), "authenticate", "", "unknown_certificate");
    }
    assert_eq!(audit.dropped(), 1000 - 255);
    audit.flush().await;
    let records = store.audit_records_after(0, 1000).await.unwrap();
    assert_eq!(records.len(), 257);
    assert_eq!(records[0].1.occurrences, 1000);
    let (sequence, last) = records.last().unwrap();
    assert_eq!(
        (*sequence, last.action.as_ref(), last.occurrences),
        (257, "record_refusals", 745)
    );
}

#[tokio::test]
async fn refusals_are_kept_while_the_store_cannot_be_written_and_recorded_after() {
    let directory = tempfile::tempdir().unwrap();
    let (audit, store) = start(directory.path(), None).await;
    let mut other = SqliteConnectOptions::new()
        .filename(store.path())
        .connect()
        .await
        .unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    audit.refused(stranger("before"), "authenticate", "", "unknown_certificate");
    let mut health = store.health_changes();
    health.wait_for(|health| !health.is_writable()).await.unwrap();
    audit.refused(stranger("meanwhile"), "authenticate", "", "unknown_certificate");
    // Waits for no store that cannot be written.
    audit.flush().await;
    assert_eq!(store.audit_records_after(0, 9).await.unwrap(), []);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    health.wait_for(crate::StoreHealth::is_writable).await.unwrap();
    let started = std::time::Instant::now();
    while store.audit_records_after(0, 9).await.unwrap().len() < 2 {
        assert!(started.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let records = store.audit_records_after(0, 9).await.unwrap();
    let names: Vec<_> = records.iter().map(|(_, record)| record.actor.name.as_str()).collect();
    assert_eq!((names, audit.dropped()), (vec!["before", "meanwhile"], 0));
}

#[tokio::test]
async fn a_file_with_more_records_than_the_store_is_refused_until_it_is_moved_away() {
    let (directory, newer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = directory.path().join("audit.log");
    fs::write(&file, "{\"sequence\":7}\n").unwrap();
    let store = Store::open(newer.path()).await.unwrap();
    let clock = Arc::new(ManualClock::at(datetime!(2026-11-21 21:10:00 UTC)));
    let refused = Audit::start(store.clone(), clock.clone(), Some(directory.path())).await;
    assert!(
        matches!(&refused, Err(AuditError::Ahead { file: 7, store: 0, .. })),
        "{refused:?}"
    );
    fs::remove_file(file).unwrap();
    Audit::start(store, clock, Some(directory.path())).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_ahead_of_a_restored_store_is_moved_aside() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("audit.log");
    let suffix = ".before-restore-x";
    assert_eq!(move_aside(directory.path(), 0, suffix).await.unwrap(), None);
    fs::write(&file, "{\"sequence\":7}\n").unwrap();
    assert_eq!(move_aside(directory.path(), 7, suffix).await.unwrap(), None);
    let aside = move_aside(directory.path(), 6, suffix).await.unwrap().unwrap();
    assert!(!file.exists());
    assert_eq!(fs::read_to_string(aside).unwrap(), "{\"sequence\":7}\n");
}

#[tokio::test]
async fn the_file_has_every_record_once_across_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("log");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("audit.log");
    for round in 1..=2 {
        let (audit, store) = start(directory.path(), Some(&folder)).await;
        // Recorded while nobody follows, as by a server without the setting.
        audit.refused(
            stranger("a\r\n\u{1b}[31m\"b"),
            "authenticate",
            "x",
            "unknown_certificate",
        );
        audit.flush().await;
        for _ in 0..500 {
            if fs::read_to_string(&path).unwrap().lines().count() == round {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        store.close().await;
    }
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(['\r', '\u{1b}']));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sequences: Vec<_> = lines.iter().map(|line| line["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, [1, 2]);
    assert_eq!(lines[0]["actor"]["name"], "a\r\n\u{1b}[31m\"b");
    assert_eq!(lines[0]["outcome"], "refused");
    assert_eq!(lines[0]["time"], "2026-11-21T21:10:00Z");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_line_cut_off_by_a_crash_does_not_spoil_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.log");
    fs::write(&path, "{\"sequence\":0}\n{\"sequence\":1,\"ti").unwrap();
    let (audit, _store) = start(directory.path(), Some(directory.path())).await;
    audit.refused(stranger("a"), "authenticate", "x", "unknown_certificate");
    audit.flush().await;
    for _ in 0..500 {
        if fs::read_to_string(&path).unwrap().lines().count() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let text = fs::read_to_string(&path).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["sequence"], 1);
}

#[tokio::test]
async fn a_folder_is_made_for_its_owner_alone_and_those_above_it_must_be_there() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let clock = Arc::new(ManualClock::at(datetime!(2026-11-21 21:10:00 UTC)));
    let folder = directory.path().join("missing/audit");
    let error = Audit::start(store.clone(), clock.clone(), Some(&folder))
        .await
        .unwrap_err();
    let error = ErrorChain::new(&error).to_string();
    assert!(
        error.contains("missing/audit is not there and cannot be made"),
        "{error}"
    );
    let folder = directory.path().join("audit");
    Audit::start(store, clock, Some(&folder)).await.unwrap();
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn the_file_is_not_written_where_others_can_exchange_it() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("log");
    fs::create_dir(&folder).unwrap();
    let elsewhere = directory.path().join("elsewhere");
    fs::write(&elsewhere, "mine").unwrap();
    let store = Store::open(&directory.path().join("data")).await.unwrap();
    let clock = Arc::new(ManualClock::at(datetime!(2026-11-21 21:10:00 UTC)));
    for mode in [0o777, 0o702] {
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        let started = Audit::start(store.clone(), clock.clone(), Some(&folder)).await;
        assert!(started.is_err(), "{mode:o}");
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink(&elsewhere, folder.join("audit.log")).unwrap();
    let started = Audit::start(store, clock, Some(&folder)).await;
    assert!(started.is_err());
    assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
}

#[tokio::test]
async fn strangers_are_counted_beyond_a_rate_and_those_who_were_let_in_are_all_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let (audit, store) = start(directory.path(), None).await;
    let nobody = stranger("unauthenticated");
    for number in 0..1000 {
        audit.refused(
            nobody.clone(),
            "view_user",
            format!("/v1/users/{number}"),
            "wrong_password",
        );
    }
    for number in 0..100 {
        audit.refused(stranger("alice"), "view_user", number.to_string(), "permission_missing");
    }
    audit.flush().await;
    let records = store.audit_records_after(0, 1000).await.unwrap();
    let of = |name: &str| records.iter().filter(|(_, record)| record.actor.name == name).count();
    assert_eq!((of("unauthenticated"), of("alice"), of("server")), (30, 100, 1));
    let (_, count) = records.last().unwrap();
    assert_eq!((count.target.as_str(), count.occurrences), ("192.0.2.1", 970));
}

#[tokio::test]
async fn a_record_holds_no_more_of_a_path_than_can_be_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let (audit, store) = start(directory.path(), None).await;
    let path = format!("/v1/users/{}", "\u{e9}".repeat(20_000));
    audit.refused(stranger(&path), "view_user", path.clone(), path.clone());
    audit.flush().await;
    let (_, record) = &store.audit_records_after(0, 1).await.unwrap()[0];
    assert!(record.target.starts_with("/v1/users/\u{e9}"));
    assert_eq!(record.target.chars().count(), 203);
    assert_eq!(record.actor.name.chars().count(), 203);
    let Outcome::Refused(reason) = &record.outcome else {
        panic!("{record:?}");
    };
    assert_eq!(reason.chars().count(), 1003);
}

/// Records one refusal of `name`, and waits until the file has `lines` lines.
async fn refuse(audit: &Audit, name: &str, path: &Path, lines: usize) {
    audit.refused(stranger(name), "authenticate", "x", "unknown_certificate");
    audit.flush().await;
    for _ in 0..500 {
        if fs::read_to_string(path).unwrap_or_default().lines().count() >= lines {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} has no {lines} lines", path.display());
}

#[tokio::test]
async fn a_file_that_was_renamed_is_left_for_a_new_one_that_goes_on_where_it_ended() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("log");
    fs::create_dir(&folder).unwrap();
    let (path, old) = (folder.join("audit.log"), folder.join("audit.log.1"));
    let (audit, store) = start(directory.path(), Some(&folder)).await;
    refuse(&audit, "first", &path, 1).await;
    // Opened again without having been renamed, it is the same.
    assert!(audit.reopen().await.unwrap());
    fs::rename(&path, &old).unwrap();
    refuse(&audit, "second", &old, 2).await;
    assert!(audit.reopen().await.unwrap());
    refuse(&audit, "third", &path, 2).await;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let lines = |path| -> Vec<Value> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let last = |path| lines(path).last().unwrap()["actor"]["name"].clone();
    assert_eq!((last(&old), last(&path)), ("second".into(), "third".into()));
    assert_eq!(lines(&path)[0]["continued_after"], 2);
    store.close().await;
    drop(audit);

    // Rotated at the last moment before a restart: the records of the old file are not written again.
    fs::write(&path, "{\"continued_after\":3}\n").unwrap();
    let (audit, store) = start(directory.path(), Some(&folder)).await;
    refuse(&audit, "fourth", &path, 2).await;
    assert_eq!(lines(&path)[1]["sequence"], 4);
    store.close().await;
}

#[tokio::test]
async fn without_a_file_there_is_nothing_to_open_again_and_a_folder_that_is_refused_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let (audit, store) = start(directory.path(), None).await;
    assert!(!audit.reopen().await.unwrap());
    store.close().await;
    drop(audit);
    let folder = directory.path().join("log");
    fs::create_dir(&folder).unwrap();
    let (audit, store) = start(directory.path(), Some(&folder)).await;
    fs::rename(folder.join("audit.log"), folder.join("audit.log.1")).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let error = ErrorChain::new(&audit.reopen().await.unwrap_err()).to_string();
    assert!(error.contains("chmod go-w"), "{error}");
    refuse(&audit, "kept", &folder.join("audit.log.1"), 1).await;
    store.close().await;
}

#[tokio::test]
async fn a_file_that_others_may_write_is_not_continued() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("log");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("audit.log");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let clock = Arc::new(ManualClock::at(datetime!(2026-11-21 21:10:00 UTC)));
    let refused = Audit::start(store.clone(), clock, Some(&folder)).await.unwrap_err();
    let error = ErrorChain::new(&refused).to_string();
    assert!(error.contains("chmod go-w") && error.contains("audit.log"), "{error}");
    store.close().await;
}

#[tokio::test]
async fn records_that_are_too_old_are_deleted_and_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let start = datetime!(2026-11-21 21:10:00 UTC);
    let clock = Arc::new(ManualClock::at(start));
    let audit = Audit::start(store.clone(), clock.clone(), None).await.unwrap();
    let record = |age: i64| AuditRecord {
        at: start - time::Duration::days(age),
        actor: stranger("somebody"),
        action: "authenticate".into(),
        target: age.to_string(),
        outcome: Outcome::Refused("unknown_certificate".into()),
        occurrences: 1,
    };
    let old: Vec<_> = (0..1200).map(|_| record(31)).collect();
    store.record(&old).await.unwrap();
    store.record(&[record(30), record(29), record(0)]).await.unwrap();
    audit.keep_for(30, store.clone());
    let ages = async || -> Vec<String> {
        let records = store.audit_records_after(0, 2000).await.unwrap();
        records.into_iter().map(|(_, record)| record.target).collect()
    };
    for _ in 0..500 {
        if ages().await.len() <= 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ages().await, ["30", "29", "0"]);
    // The next record has the next number.
    store.record(&[record(1)]).await.unwrap();
    let records = store.audit_records_after(0, 10).await.unwrap();
    assert_eq!(records.last().unwrap().0, 1204);
    // What the file does not have yet is kept.
    assert_eq!(store.delete_audit_records(start, 1201, 500).await.unwrap(), 1);
    assert_eq!(ages().await, ["29", "0", "1"]);
    // The newest says at a start that the store is whole.
    let later = start + time::Duration::days(1);
    assert_eq!(store.delete_audit_records(later, i64::MAX, 500).await.unwrap(), 2);
    assert_eq!(ages().await, ["1"]);
    store.close().await;
}
