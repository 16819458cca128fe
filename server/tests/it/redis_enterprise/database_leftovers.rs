//! Leftovers of deleted databases, and audit records of refused ones.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::databases::{ask, has_engine};
use super::house::House;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else if kind.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[tokio::test]
async fn a_database_with_the_number_of_one_whose_data_could_not_be_deleted_is_empty() {
    if !has_engine() {
        return;
    }
    let house = House::open().await;
    let durable =
        json!({ "name": "first", "memory_size": 0, "data_persistence": "aof", "aof_policy": "appendfsync-always" });
    let first = house.admin.post("/v1/bdbs", &durable).await.expect(200);
    let port = |database: &Value| u16::try_from(database["port"].as_u64().unwrap()).unwrap();
    assert_eq!(ask(port(&first), &["SET a 1", "DBSIZE"]).await, ["+OK", ":1"]);
    let data = house.data_dir().join("databases");
    copy(&data.join("1"), &data.join("7"));

    let mut second = durable;
    second["name"] = "second".into();
    second["uid"] = 7.into();
    let second = house.admin.post("/v1/bdbs", &second).await.expect(200);
    assert_eq!(second["status"], "active");
    assert_eq!(ask(port(&second), &["DBSIZE"]).await, [":0"]);
    assert_eq!(ask(port(&first), &["DBSIZE"]).await, [":1"]);
    let kept = moved_aside(&data);
    assert!(matches!(&*kept, [kept] if kept.starts_with("7-")), "{kept:?}");
    house.server.shutdown().await;
}

fn moved_aside(data: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(data.join(".unknown")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_start_deletes_what_the_store_says_was_deleted_and_moves_aside_what_it_does_not_know() {
    let house = House::open().await;
    let data = house.data_dir().join("databases");
    // As a kill between the deletion and the removal of the data leaves it.
    let options = SqliteConnectOptions::new().filename(house.data_dir().join("certward.db"));
    let mut store = options.connect().await.unwrap();
    sqlx::query("INSERT INTO deleted_databases (uid) VALUES (9)")
        .execute(&mut store)
        .await
        .unwrap();
    // In one step each: the first start may not have looked yet.
    let staging = tempfile::tempdir_in(house.data_dir()).unwrap();
    std::fs::create_dir_all(&data).unwrap();
    for number in ["8", "9"] {
        std::fs::create_dir(staging.path().join(number)).unwrap();
        std::fs::write(staging.path().join(number).join("dump.rdb"), number).unwrap();
        std::fs::rename(staging.path().join(number), data.join(number)).unwrap();
    }
    let house = house.restart().await;
    let cleared = async {
        while data.join("8").exists() || data.join("9").exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), cleared).await.unwrap();
    let kept = moved_aside(&data);
    assert!(matches!(&*kept, [kept] if kept.starts_with("8-")), "{kept:?}");
    assert_eq!(
        std::fs::read(data.join(".unknown").join(&kept[0]).join("dump.rdb")).unwrap(),
        b"8"
    );
    // Nothing is deleted by an old note later.
    let noted = async {
        while sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM deleted_databases")
            .fetch_one(&mut store)
            .await
            .unwrap()
            > 0
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), noted).await.unwrap();
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_database_that_cannot_run_is_refused_on_record() {
    if !has_engine() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let house = House::open_with(&[&format!("--Security.AuditLog.FolderPath={}", folder.path().display())]).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let body = json!({ "name": "orders", "memory_size": 0, "port": port });
    house.admin.post("/v1/bdbs", &body).await.refused(406);
    let kept = house
        .admin
        .post("/v1/bdbs", &json!({ "name": "kept", "memory_size": 0 }))
        .await
        .expect(200);
    let moved = json!({ "port": port });
    house
        .admin
        .put(&format!("/v1/bdbs/{}", kept["uid"]), &moved)
        .await
        .refused(406);
    let file = folder.path().join("audit.log");
    for target in ["database \"orders\"", "database 1"] {
        // The file follows the store.
        let told = async {
            while !tells_of(&file, target, port) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let told = tokio::time::timeout(Duration::from_secs(10), told).await;
        assert!(told.is_ok(), "{target}: {:?}", std::fs::read_to_string(&file));
    }
    house.server.shutdown().await;
}

/// True if a record is about the target and names the port.
fn tells_of(file: &Path, target: &str, port: u16) -> bool {
    let log = std::fs::read_to_string(file).unwrap_or_default();
    let records = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    records
        .filter(|record| record["target"] == target && record["outcome"] == "refused")
        .any(|record| {
            record["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains(&port.to_string()))
        })
}
