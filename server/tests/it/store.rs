//! `certward-server store`: beside a running server, without one, and when it is killed.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::program::{Installation, mode, program, succeed, text};

fn store(installation: &Installation, words: &[&str]) -> Command {
    let mut command = program(&["store"]);
    command
        .args(words)
        .args(["--settings", &installation.argument("settings.json")]);
    command
}

#[test]
fn a_store_is_backed_up_beside_its_server_and_restored_without_one() {
    let installation = Installation::new();
    let file = installation.argument("copy");
    let running = installation.start();
    let made = succeed(&mut store(&installation, &["backup", &file]));
    assert!(made.contains("1 certificates"), "{made}");
    assert_eq!(mode(Path::new(&file)), 0o600);
    assert!(succeed(&mut store(&installation, &["check"])).contains("no fault found"));
    let again = store(&installation, &["backup", &file]).output().unwrap();
    assert!(
        again.status.code() == Some(1) && text(&again).contains("--overwrite"),
        "{}",
        text(&again)
    );
    let in_use = store(&installation, &["restore", &file]).output().unwrap();
    assert!(
        in_use.status.code() == Some(1) && text(&in_use).contains("in use"),
        "{}",
        text(&in_use)
    );
    running.signal("TERM");
    assert_eq!(running.wait().code(), Some(0));

    let restored = succeed(&mut store(&installation, &["restore", &file]));
    assert!(
        restored.contains("moved aside: ") && restored.contains(".before-restore-"),
        "{restored}"
    );
    // The next start takes it.
    let running = installation.start();
    running.signal("TERM");
    assert_eq!(running.wait().code(), Some(0));
    assert!(succeed(&mut store(&installation, &["check"])).contains("no fault found"));

    let elsewhere = format!("--DataDir={}", installation.argument("elsewhere"));
    let unknown = store(&installation, &["restore", &file, &elsewhere]).output().unwrap();
    assert!(
        unknown.status.code() == Some(1) && text(&unknown).contains("--accept-revived"),
        "{}",
        text(&unknown)
    );
    succeed(&mut store(
        &installation,
        &["restore", &file, "--accept-revived", &elsewhere],
    ));
    assert!(succeed(&mut store(&installation, &["check", &elsewhere])).contains("no fault found"));
}

/// Makes the store large enough for a backup to take a while.
fn enlarge(database: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
        sqlx::query(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 100000) \
             INSERT INTO generate_requests SELECT 'request ' || n, randomblob(200), 0 FROM number",
        )
        .execute(&mut connection)
        .await
        .unwrap();
        connection.close().await.unwrap();
    });
}

#[test]
fn a_backup_that_is_killed_leaves_no_file_or_a_whole_one() {
    let installation = Installation::new();
    let running = installation.start();
    running.signal("TERM");
    running.wait();
    enlarge(&installation.path("Databases/certward.db"));
    let folder = installation.path("copies");
    std::fs::create_dir(&folder).unwrap();
    let mut killed = 0;
    for (number, milliseconds) in [5, 20, 50, 100, 200, 400, 800].into_iter().enumerate() {
        let file = folder.join(format!("{number}"));
        let path = file.display().to_string();
        let mut backup = store(&installation, &["backup", &path]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        backup.kill().unwrap();
        let status = backup.wait().unwrap();
        if !file.exists() {
            assert!(!status.success());
            killed += 1;
            continue;
        }
        let elsewhere = format!("--DataDir={}", folder.join(format!("data{number}")).display());
        succeed(&mut store(
            &installation,
            &["restore", &path, "--accept-revived", &elsewhere],
        ));
    }
    assert!(killed > 0, "every backup was faster");
    // What a killed one has left disturbs no other; one that is asked to end leaves nothing.
    succeed(&mut store(
        &installation,
        &["backup", &folder.join("whole").display().to_string()],
    ));
    let clean = installation.path("clean");
    std::fs::create_dir(&clean).unwrap();
    let path = clean.join("copy");
    let mut backup = store(&installation, &["backup", &path.display().to_string()])
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(150));
    succeed(Command::new("kill").args(["-s", "TERM", &backup.id().to_string()]));
    let status = backup.wait().unwrap();
    let left = std::fs::read_dir(&clean).unwrap().count();
    assert_eq!(left, usize::from(status.success()));
}
