//! The data of databases in a backup of the store: made under load, and restored after everything was wrecked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use certward_acceptance_tests::programs::{built, succeed};
use certward_acceptance_tests::redis_database::{RedisDatabase, Session};
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::team::Team;
use certward_acceptance_tests::test_pki::TestCa;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn append_only_files_of_redis_7_0_come_back_from_a_backup_under_load() {
    comes_back("redis-7.0/bin/redis-server", &append_only()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn append_only_files_of_valkey_9_1_come_back_from_a_backup_under_load() {
    comes_back("valkey-9.1/bin/valkey-server", &append_only()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_of_redis_7_0_comes_back_from_a_backup_under_load() {
    comes_back("redis-7.0/bin/redis-server", &snapshots()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_of_valkey_9_1_comes_back_from_a_backup_under_load() {
    comes_back("valkey-9.1/bin/valkey-server", &snapshots()).await;
}

fn append_only() -> Value {
    json!({ "data_persistence": "aof", "aof_policy": "appendfsync-every-sec" })
}

fn snapshots() -> Value {
    json!({ "data_persistence": "snapshot", "snapshot_policy": [{ "secs": 1, "writes": 1 }] })
}

/// An engine of the matrix that `tools/engines` unpacks.
fn engine(path: &str) -> PathBuf {
    let folder = std::env::var_os("CERTWARD_ENGINES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/engines"),
        PathBuf::from,
    );
    let engine = folder.join(path);
    assert!(engine.exists(), "{} is missing; run tools/engines", engine.display());
    engine
}

async fn comes_back(program: &str, persistence: &Value) {
    let path = format!("--Certward.Redis.ServerPath={}", engine(program).display());
    let team = Team {
        server: ReferenceServer::start_with(&[&path]),
        ca: TestCa::new("Example Team CA"),
    };
    let mut database = RedisDatabase::start_on(team, persistence).await;
    let mut admin = database.admin().await;
    database.create_user(&mut admin, "writer").await;
    let identity = database.team.ca.issue("writer");
    let directory = database
        .team
        .server
        .data_directory()
        .join(format!("databases/{}", database.uid));
    let mut session = database.connect(&identity).await.unwrap();
    for number in 0..KEYS {
        let (key, value) = (format!("key:{number}"), "x".repeat(number));
        assert_eq!(session.command(&["SET", &key, &value]).await.unwrap(), "+OK\r\n");
    }
    if persistence["data_persistence"] == "snapshot" {
        wait_for_snapshot(&directory.join("dump.rdb")).await;
    }

    let counted = Arc::new(AtomicU64::new(0));
    let load = tokio::spawn(count(session, Arc::clone(&counted)));
    while counted.load(Ordering::SeqCst) < 100 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before = counted.load(Ordering::SeqCst);
    let file = database.team.server.work().join("backup");
    let made = store(&database.team.server, &["backup", "--with-data"], &file);
    assert!(
        made.contains(&format!("data of database {} (orders)", database.uid)),
        "{made}"
    );
    assert!(made.contains(" bytes, as of 20"), "{made}");

    database.team.server.kill();
    load.await.unwrap();
    // The engine has outlived its server: the restore ends it.
    wreck(&database.team.server.data_directory(), &directory);
    let restored = store(&database.team.server, &["restore", "--accept-revived"], &file);
    assert!(restored.contains("restored: data of database"), "{restored}");
    let aside = restored.lines().filter_map(|line| line.strip_prefix("moved aside: "));
    let aside = aside
        .map(Path::new)
        .find(|path| path.starts_with(directory.parent().unwrap()));
    assert!(aside.unwrap().join("precious").exists(), "{restored}");
    assert!(database.team.server.engines().is_empty());

    database.team.server.run();
    let mut session = database.answering(&identity).await;
    for number in 0..KEYS {
        let reply = session.command(&["GET", &format!("key:{number}")]).await.unwrap();
        assert_eq!(reply, format!("${number}\r\n{}\r\n", "x".repeat(number)));
    }
    if persistence["data_persistence"] == "aof" {
        let reply = session.command(&["GET", "count"]).await.unwrap();
        let kept: u64 = reply.lines().nth(1).unwrap().parse().unwrap();
        let last = counted.load(Ordering::SeqCst);
        assert!(
            (before..=last + 1).contains(&kept),
            "{before} were counted before, {last} at the end, {kept} are kept"
        );
    }
    // And it goes on.
    assert_eq!(session.command(&["SET", "after", "1"]).await.unwrap(), "+OK\r\n");
}

fn store(server: &ReferenceServer, words: &[&str], file: &Path) -> String {
    let mut command = Command::new(built("certward-server"));
    command
        .arg("store")
        .args(words)
        .arg(file)
        .arg("--settings")
        .arg(server.path("settings.json"));
    String::from_utf8_lossy(&succeed(&mut command).stdout).into_owned()
}

/// Removes the store, and makes the data something that no engine loads.
fn wreck(data: &Path, directory: &Path) {
    for name in ["certward.db", "certward.db-wal", "certward.db-shm", "certward.mark"] {
        let _ = fs::remove_file(data.join(name));
    }
    let _ = fs::remove_dir_all(directory.join("appendonlydir"));
    fs::write(directory.join("dump.rdb"), "no snapshot").unwrap();
    fs::write(directory.join("precious"), "what was there is never deleted").unwrap();
}

/// Waits until a snapshot has been taken after now.
async fn wait_for_snapshot(path: &Path) {
    let beside = path.with_file_name("moment");
    fs::write(&beside, "").unwrap();
    // The times of files are a few milliseconds apart at least.
    let now = fs::metadata(&beside).unwrap().modified().unwrap() + Duration::from_millis(20);
    let started = Instant::now();
    while fs::metadata(path)
        .and_then(|found| found.modified())
        .map_or(true, |modified| modified <= now)
    {
        assert!(started.elapsed() < Duration::from_secs(20), "no snapshot after 20 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Counts a key up until the connection ends.
async fn count(mut session: Session, counted: Arc<AtomicU64>) {
    while let Ok(reply) = session.command(&["INCR", "count"]).await {
        let Some(number) = reply
            .strip_prefix(':')
            .and_then(|number| number.trim_end().parse().ok())
        else {
            return;
        };
        counted.store(number, Ordering::SeqCst);
    }
}

const KEYS: usize = 200;
