//! The cluster in the store: complete after a kill, refused if the files have been changed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use time::macros::datetime;

use super::*;
use certward_redis_model::name::UserName;
use certward_redis_model::uid::UserUid;
use certward_redis_model::user::{Authentication, EmailAlerts, User};
use certward_store::backup;
use certward_store::testing::record;

fn identity() -> ClusterIdentity {
    ClusterIdentity {
        name: "cluster.example".to_owned(),
        created_at: datetime!(2026-11-22 02:10 UTC),
    }
}

/// A connection such as SQLite's own tool makes.
async fn another_program(store: &Store) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(store.path());
    options.connect().await.unwrap()
}

/// Adds a user with the next number, and returns its name.
async fn put_next(store: &Store, state: &ClusterState) -> UserName {
    let highest = state.highest_uids().user + 1;
    let name: UserName = format!("user {highest}").parse().unwrap();
    let user = User {
        uid: UserUid::new(highest).unwrap(),
        name: name.clone(),
        email: None,
        authentication: Authentication::Sso,
        credentials_revision: state.revision() + 1,
        role_uids: Vec::new(),
        alerts: EmailAlerts::default(),
    };
    let highest = HighestUids {
        user: highest,
        ..state.highest_uids()
    };
    let changes = [Change::PutUser(Arc::new(user))];
    let write = Write::Changes {
        changes: &changes,
        revision: state.revision() + 1,
        highest,
    };
    store.commit(&write, &[record("cluster")]).await.unwrap();
    name
}

#[tokio::test]
async fn the_key_of_the_tokens_is_made_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let (first, key) = open_cluster(&store, identity()).await.unwrap();
    let (again, same) = open_cluster(&store, identity()).await.unwrap();
    assert_eq!(key.expose(), same.expose());
    assert_eq!((first.revision(), again.revision()), (1, 1));
    assert_ne!(key.expose(), &[0; 32]);
}

#[tokio::test]
async fn a_cluster_that_the_disk_has_changed_is_refused() {
    for damage in [
        "UPDATE cluster_roles SET management = 'root' WHERE uid = 1",
        "UPDATE cluster_redis_acls SET acl = '>password' WHERE uid = 2",
        "UPDATE cluster_users SET role_uids = '[0]'",
        "UPDATE cluster_users SET auth_method = 'regular'",
        "UPDATE cluster_state SET settings = '{'",
        "UPDATE cluster_state SET token_key = X'00'",
    ] {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let (state, _) = open_cluster(&store, identity()).await.unwrap();
        put_next(&store, &state).await;
        sqlx::query(damage)
            .execute(&mut another_program(&store).await)
            .await
            .unwrap();
        let opened = open_cluster(&store, identity()).await;
        assert!(
            matches!(&opened, Err(StoreError::Damaged { .. })),
            "{damage}: {opened:?}"
        );
        store.close().await;
        let checked = backup::check(directory.path(), &[&ClusterTables]).await.unwrap();
        assert_eq!(checked.findings.len(), 1, "{damage}: {checked:?}");
    }
}

#[tokio::test]
async fn a_setting_that_an_older_server_did_not_know_has_its_default() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    open_cluster(&store, identity()).await.unwrap();
    sqlx::query("UPDATE cluster_state SET settings = '{\"password_min_length\":12}'")
        .execute(&mut another_program(&store).await)
        .await
        .unwrap();
    let (state, _) = open_cluster(&store, identity()).await.unwrap();
    assert_eq!(state.settings().password_min_length, 12);
    assert!(state.settings().control_plane_basic_authentication);
}

/// Not a test by itself: the next test runs it in another process. It writes until it is killed, and prints each
/// acknowledged user.
#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn child_that_makes_users_until_it_is_killed() {
    let directory = std::env::var_os(CHILD_DIRECTORY).expect("the parent names the directory");
    let store = Store::open(Path::new(&directory)).await.unwrap();
    loop {
        let (state, _) = open_cluster(&store, identity()).await.unwrap();
        let name = put_next(&store, &state).await;
        println!("acknowledged {name}");
    }
}

#[tokio::test]
async fn every_acknowledged_user_is_there_after_a_kill_with_its_revision_and_its_record() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 1..=3 {
        let test = "rows::tests::child_that_makes_users_until_it_is_killed";
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env(CHILD_DIRECTORY, directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
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
        let (state, _) = open_cluster(&store, identity()).await.unwrap();
        assert!(acknowledged.len() >= 7 * round);
        for name in &acknowledged {
            assert!(state.user_named(name).is_some(), "{name}");
        }
        let users = state.users().len();
        assert_eq!(state.revision(), 1 + users as u64);
        assert_eq!(state.highest_uids().user as usize, users);
        assert_eq!(store.audit_records_after(0, 1000).await.unwrap().len(), users);
        store.close().await;
    }
}

const CHILD_DIRECTORY: &str = "CERTWARD_TEST_STORE";
