//! `certward-server store`: beside a running server, without one, and when it is killed.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

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
    change(
        database,
        &[
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 100000) \
             INSERT INTO generate_requests SELECT 'request ' || n, randomblob(200), 0 FROM number",
        ],
    );
}

/// Changes a store that no server has open.
fn change(database: &Path, statements: &[&str]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
        for statement in statements {
            sqlx::query(sqlx::AssertSqlSafe((*statement).to_owned()))
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
    });
}

/// Half of the rows are certificates, half are audit records: of usual sizes.
fn fill(database: &Path, rows: u32) {
    let half = rows / 2;
    let numbers =
        format!("WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {half})");
    let certificates = format!(
        "{numbers} INSERT INTO certificates (thumbprint, der, name, clearance, permissions, not_before, not_after, \
         pinning_hash, issuer_chain, disabled, registered_revision) SELECT randomblob(20), randomblob(800), 'name ' || n, \
         'ValidUser', '[[\"orders\",\"Read\"]]', 0, 2000000000, randomblob(32), x'', FALSE, n FROM number"
    );
    let records = format!(
        "{numbers} INSERT INTO audit_records SELECT (SELECT audit_sequence FROM store_state) + n, 1700000000000000 + n, \
         'administrator', hex(randomblob(20)), '192.0.2.1', 'edit_certificate', hex(randomblob(20)), 'done', \
         'clearance ValidUser, databases orders: Read', 1 FROM number"
    );
    let positions =
        format!("UPDATE store_state SET revision = revision + {half}, audit_sequence = audit_sequence + {half}");
    change(database, &[&certificates, &records, &positions]);
}

/// With `CERTWARD_LONG_TESTS`, a million rows within a minute, by a release build; otherwise the same with fewer.
#[test]
fn a_million_rows_are_backed_up_in_less_than_a_minute() {
    let is_long = std::env::var_os("CERTWARD_LONG_TESTS").is_some();
    let rows = if is_long { 1_000_000 } else { 10_000 };
    let installation = Installation::new();
    let running = installation.start();
    running.signal("TERM");
    running.wait();
    let database = installation.path("Databases/certward.db");
    fill(&database, rows);
    let file = installation.argument("copy");
    let started = Instant::now();
    let made = succeed(&mut store(&installation, &["backup", &file]));
    let elapsed = started.elapsed();
    let megabytes = std::fs::metadata(&file).unwrap().len() >> 20;
    println!("{rows} rows, {megabytes} MiB, backed up in {elapsed:?}");
    assert!(made.contains(&format!("{} certificates", rows / 2 + 1)), "{made}");
    assert!(elapsed < Duration::from_secs(60), "{elapsed:?}");
}

/// A shell's limit on the size of files stands for a full disk: the system refuses the write in both cases.
#[test]
fn a_backup_with_data_that_does_not_fit_leaves_nothing() {
    let installation = Installation::new();
    let running = installation.start();
    running.signal("TERM");
    running.wait();
    let database = installation.path("Databases/certward.db");
    change(
        &database,
        &[
            "INSERT INTO cluster_databases (uid, name, port, definition, created_at, changed_at) VALUES (1, 'a', 1, '{}', 0, 0)",
        ],
    );
    let data = installation.path("Databases/databases/1");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("dump.rdb"), vec![b'x'; 8 << 20]).unwrap();
    let folder = installation.path("copies");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("copy");
    let backup = |limit: &str| {
        let words = program(&["store", "backup", "--with-data"]);
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("ulimit -f {limit}; exec \"$0\" \"$@\"")])
            .arg(words.get_program())
            .args(words.get_args())
            .arg(&file)
            .args(["--settings", &installation.argument("settings.json")]);
        shell
    };
    // In blocks of 512 bytes: the store fits, the data does not.
    let full = backup("8192").output().unwrap();
    let said = format!(
        "certward-server: {} could not be written: File too large (os error 27)\n",
        file.display()
    );
    assert_eq!((full.status.code(), text(&full)), (Some(1), said));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    let made = succeed(&mut backup("unlimited"));
    assert!(
        made.contains("data of database 1 (a): its snapshot, 8388608 bytes"),
        "{made}"
    );
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
    // What a killed one has left is deleted by the next one; one that is asked to end leaves nothing.
    succeed(&mut store(
        &installation,
        &["backup", &folder.join("whole").display().to_string()],
    ));
    let names = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names
        .filter(|name| name.to_string_lossy().starts_with(".certward-unfinished-"))
        .collect();
    // One that was killed before it had a lock cannot be told from one that is about to have it.
    assert!(left.len() <= 1, "{left:?}");
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
