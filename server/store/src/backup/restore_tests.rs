//! Restores: the backups that are accepted and refused, and the entries that come back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use sqlx::{ConnectOptions as _, Connection as _};
use tokio_util::sync::CancellationToken;

use super::tests::{KEPT, NOW, REVIVED, change, folder, make, names, restore};
use super::*;
use crate::Store;
use crate::testing::{self, Row};

async fn deleted_count(store: &Store) -> i64 {
    let query = sqlx::query_scalar("SELECT COUNT(*) FROM deleted_certificates");
    query.fetch_one(store.reader()).await.unwrap()
}

#[tokio::test]
async fn what_was_deleted_after_the_backup_comes_back_only_when_that_is_accepted() {
    let (directory, copies) = (folder(), folder());
    let path = directory.path();
    let store = Store::open(path).await.unwrap();
    let (deleted, lowered, same) = (Row::new("deleted"), Row::new("lowered"), Row::new("same"));
    for row in [&deleted, &lowered, &same] {
        row.put(&store).await;
    }
    store.close().await;
    let cluster = "INSERT INTO cluster_state (id, name, created_at, revision, highest_user, highest_role, highest_redis_acl, \
        settings, token_key) VALUES (1, 'cluster', 0, 1, 8, 0, 0, '{}', x'00')";
    let user = "INSERT INTO cluster_users (uid, name, auth_method, subject_line, credentials_revision, role_uids, \
        email_alerts) VALUES (7, 'gone', 'certificate', '{}', 1, '[]', FALSE), (8, 'roles', 'certificate', '{}', 1, '[1]', FALSE)";
    change(path, &[cluster, user]).await;
    let file = copies.path().join("copy");
    make(path, &file, false, NOW).await.unwrap();
    change(path, &["DELETE FROM cluster_users WHERE uid = 7"]).await;
    let store = Store::open(path).await.unwrap();
    deleted.delete(&store).await;
    store.close().await;
    let before = names(path);

    let Restored::Refused { comparison, .. } = restore(path, &file, Accepted::default(), NOW).await.unwrap() else {
        panic!("what was deleted comes back silently");
    };
    let texts: Vec<&str> = comparison
        .differences
        .iter()
        .map(|difference| &*difference.text)
        .collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(
        texts[0].contains("deleted (") && texts[1].contains("user 7 (gone)"),
        "{texts:?}"
    );
    assert_eq!(names(path), before);

    // Deletions alone need nothing but to be kept.
    let Restored::Done(Done { aside, .. }) = restore(path, &file, KEPT, NOW).await.unwrap() else {
        panic!("nothing but deletions, which are kept");
    };
    assert!(aside.iter().all(|path| path.exists()) && aside.len() >= 2, "{aside:?}");
    assert!(path.join("certward.db.before-restore-20261130T120000Z").exists());
    let users = "SELECT uid FROM cluster_users";
    let mut connection = inspect::read_only(&path.join(sqlite::FILE_NAME))
        .connect()
        .await
        .unwrap();
    let users: Vec<i64> = sqlx::query_scalar(users).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(users, [8]);
    assert_eq!(check(path, &[]).await.unwrap().findings, Vec::<String>::new());
    let store = Store::open(path).await.unwrap();
    assert_eq!(testing::names(&store).await, ["lowered", "same"]);
    assert_eq!(deleted_count(&store).await, 1);

    let lowered = Row {
        clearance: "ValidUser",
        ..lowered
    };
    lowered.put(&store).await;
    store.close().await;
    change(path, &["UPDATE cluster_users SET role_uids = '[]' WHERE uid = 8"]).await;
    let Restored::Refused { comparison, .. } = restore(path, &file, KEPT, NOW).await.unwrap() else {
        panic!("a clearance comes back silently");
    };
    let texts: Vec<&str> = comparison.remaining(true).map(|difference| &*difference.text).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(
        texts[0].ends_with("clearance ValidUser becomes Operator again"),
        "{texts:?}"
    );
    let both = Accepted {
        revived: true,
        keep_deleted: true,
    };
    assert!(matches!(
        restore(path, &file, both, NOW).await.unwrap(),
        Restored::Done(_)
    ));
    assert!(path.join("certward.db.before-restore-20261130T120000Z-2").exists());
    let store = Store::open(path).await.unwrap();
    assert_eq!(testing::names(&store).await.len(), 2);
    store.close().await;
    restore(path, &file, REVIVED, NOW).await.unwrap();
    let store = Store::open(path).await.unwrap();
    assert_eq!(testing::names(&store).await.len(), 3);
    assert_eq!(deleted_count(&store).await, 0);
    store.close().await;
}

#[tokio::test]
async fn a_damaged_or_truncated_backup_is_refused_and_changes_nothing() {
    let (directory, copies) = (folder(), folder());
    let store = Store::open(directory.path()).await.unwrap();
    Row::new("a").put(&store).await;
    store.close().await;
    let file = copies.path().join("copy");
    make(directory.path(), &file, false, NOW).await.unwrap();
    let (whole, before) = (fs::read(&file).unwrap(), names(directory.path()));
    let mut damaged: Vec<Vec<u8>> = [0, 10, whole.len() / 2, whole.len() - 1]
        .into_iter()
        .map(|length| whole[..length].to_vec())
        .collect();
    for place in [whole.len() / 4, whole.len() / 2, whole.len() - 400] {
        let mut flipped = whole.clone();
        flipped[place] ^= 1;
        damaged.push(flipped);
    }
    for bytes in damaged {
        fs::write(&file, &bytes).unwrap();
        let refused = restore(directory.path(), &file, REVIVED, NOW).await;
        assert!(
            matches!(refused, Err(BackupError::NotRestorable { .. })),
            "{} bytes: {refused:?}",
            bytes.len()
        );
        assert_eq!(names(directory.path()), before);
    }
    let missing = restore(directory.path(), &copies.path().join("none"), REVIVED, NOW).await;
    assert!(matches!(missing, Err(BackupError::File(_))), "{missing:?}");
    let store = Store::open(directory.path()).await.unwrap();
    assert_eq!(testing::names(&store).await.len(), 1);
    store.close().await;
}

#[tokio::test]
async fn the_backup_of_a_newer_server_is_refused() {
    let (directory, copies) = (folder(), folder());
    let store = Store::open(directory.path()).await.unwrap();
    Row::new("a").put(&store).await;
    store.close().await;
    let file = copies.path().join("copy");
    let manifest = make(directory.path(), &file, false, NOW).await.unwrap();
    let newest = manifest.schema_version;
    assert_eq!(newest, sqlite::newest_schema());
    let copy = copies.path().join(sqlite::FILE_NAME);
    let never = CancellationToken::new();
    let (mut archive, _) = unpack::Archive::open(&file, never.clone()).unwrap();
    archive.unpack_store(&manifest, &copy).unwrap();
    change(
        copies.path(),
        &["UPDATE _sqlx_migrations SET version = 99 WHERE version = (SELECT max(version) FROM _sqlx_migrations)"],
    )
    .await;
    // Whatever the manifest says of it.
    for schema_version in [99, newest] {
        let (packed, said) = (
            copies.path().join(format!("{schema_version}")),
            Manifest {
                schema_version,
                ..manifest.clone()
            },
        );
        pack::pack(&copy, (&packed, &packed), said, None, &never).unwrap();
        let refused = restore(directory.path(), &packed, REVIVED, NOW).await;
        let Err(BackupError::NotRestorable { detail, .. }) = &refused else {
            panic!("{refused:?}");
        };
        assert!(detail.contains("newer than this server's"), "{detail}");
    }
}

#[tokio::test]
async fn what_was_deleted_stays_deleted_when_the_restore_before_was_killed_on_its_way() {
    // Killed when only the mark was replaced; when the store was moved aside, too; and before its log was.
    for (is_moved, is_log_moved) in [(false, false), (true, true), (true, false)] {
        let (directory, copies) = (folder(), folder());
        let path = directory.path();
        let store = Store::open(path).await.unwrap();
        let (deleted, same) = (Row::new("deleted"), Row::new("same"));
        for row in [&deleted, &same] {
            row.put(&store).await;
        }
        let file = copies.path().join("copy");
        make(path, &file, false, NOW).await.unwrap();
        deleted.delete(&store).await;
        // With what a killed server leaves: a log that has the deletion.
        let kept = folder();
        for name in ["certward.db", "certward.db-wal", "certward.mark"] {
            fs::copy(path.join(name), kept.path().join(name)).unwrap();
        }
        store.close().await;
        let path = kept.path();
        let Restored::Done(Done { suffix, .. }) = restore(path, &file, KEPT, NOW).await.unwrap() else {
            panic!("a deletion is kept");
        };
        fs::remove_file(path.join("certward.db")).unwrap();
        let back = |name: &str| fs::rename(path.join(format!("{name}{suffix}")), path.join(name)).unwrap();
        if !is_moved {
            back("certward.db");
        }
        if !is_log_moved {
            back("certward.db-wal");
        }
        let again = restore(path, &file, KEPT, NOW).await.unwrap();
        let Restored::Done(Done { comparison, .. }) = again else {
            panic!("{again:?}");
        };
        assert!(comparison.unknown.is_none(), "{comparison:?}");
        let store = Store::open(path).await.unwrap();
        assert_eq!(testing::names(&store).await, ["same"]);
        store.close().await;
    }
}

#[tokio::test]
async fn a_store_that_was_lost_later_is_not_compared_with_one_that_an_earlier_restore_has_moved_aside() {
    let (directory, copies) = (folder(), folder());
    let path = directory.path();
    let store = Store::open(path).await.unwrap();
    Row::new("a").put(&store).await;
    store.close().await;
    let file = copies.path().join("copy");
    make(path, &file, false, NOW).await.unwrap();
    restore(path, &file, KEPT, NOW).await.unwrap();
    let store = Store::open(path).await.unwrap();
    for name in ["b", "c"] {
        Row::new(name).put(&store).await;
    }
    store.close().await;
    fs::remove_file(path.join(sqlite::FILE_NAME)).unwrap();
    let refused = restore(path, &file, KEPT, NOW).await.unwrap();
    let Restored::Refused { comparison, .. } = refused else {
        panic!("{refused:?}");
    };
    assert!(comparison.unknown.unwrap().contains("there is no store"));
}

#[tokio::test]
async fn a_backup_that_others_can_read_is_told_and_a_compressed_one_refused() {
    let (directory, copies) = (folder(), folder());
    let store = Store::open(directory.path()).await.unwrap();
    Row::new("a").put(&store).await;
    store.close().await;
    let file = copies.path().join("copy");
    make(directory.path(), &file, false, NOW).await.unwrap();
    for (mode, exposed) in [(0o600, None), (0o640, Some(0o640)), (0o644, Some(0o644))] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let done = restore(directory.path(), &file, REVIVED, NOW).await.unwrap();
        let Restored::Done(done) = done else { panic!("{done:?}") };
        assert_eq!(done.exposed, exposed);
    }
    let mut stored = zip::ZipArchive::new(fs::File::open(&file).unwrap()).unwrap();
    let deflated = copies.path().join("deflated");
    let mut writer = zip::ZipWriter::new(fs::File::create(&deflated).unwrap());
    for name in ["certward.db", "manifest.json"] {
        writer
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        std::io::copy(&mut stored.by_name(name).unwrap(), &mut writer).unwrap();
    }
    writer.finish().unwrap();
    fs::set_permissions(&deflated, fs::Permissions::from_mode(0o600)).unwrap();
    let refused = restore(directory.path(), &deflated, REVIVED, NOW).await;
    let Err(BackupError::NotRestorable { detail, .. }) = &refused else {
        panic!("{refused:?}");
    };
    assert!(detail.contains("compressed"), "{detail}");
}
