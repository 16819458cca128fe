//! Files of the store that are taken away, replaced or older than they should be.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use certward_acceptance_tests::programs;

use super::cases::all;
use super::house::{House, Outcome};

fn store(house: &House) -> PathBuf {
    house.server.data_directory().join("certward.db")
}

#[tokio::test]
async fn a_store_that_is_taken_away_while_the_server_runs_is_told_and_written_no_more() {
    for is_replaced in [false, true] {
        let mut house = House::start().await;
        let change = house.prepare(&all(0)[0]).await;
        let before = house.snapshot().await;
        let (path, away) = (store(&house), house.server.work().join("away"));
        fs::rename(&path, &away).unwrap();
        if is_replaced {
            fs::copy(&away, &path).unwrap();
        }
        let text = house.wait_until_not_ready(Duration::from_secs(2)).await;
        assert!(text.contains("certward.db"), "{text}");
        let outcome = house.change(&change).await;
        assert!(matches!(outcome, Outcome::NotDone(_)), "{outcome:?}");
        assert_eq!(house.snapshot().await, before);
        fs::rename(&away, &path).unwrap();
        house
            .wait_until_ready(Duration::from_secs(2), "the store was put back")
            .await;
        house.make_another_change("after the store was put back").await;
        let in_memory = house.snapshot().await;
        house.crash();
        assert_eq!(house.snapshot().await, in_memory);
    }
}

#[tokio::test]
async fn an_older_copy_of_the_store_is_refused_at_the_start_and_accepted_without_the_mark() {
    let mut house = House::start().await;
    let older = house.server.work().join("older.db");
    programs::succeed(
        Command::new("python3")
            .arg("-c")
            .arg("import sqlite3, sys; sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))")
            .arg(store(&house))
            .arg(&older),
    );
    let before = house.snapshot().await;
    house.make_another_change("after a backup").await;
    house.server.kill();
    let path = store(&house);
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", path.display()));
    }
    let text = house.refusal();
    assert!(
        text.contains("is missing or empty") && text.contains("certward.mark"),
        "{text}"
    );
    fs::copy(&older, &path).unwrap();
    let text = house.refusal();
    assert!(
        text.contains("is an older copy") && text.contains("certward.mark"),
        "{text}"
    );
    fs::rename(path.with_file_name("certward.mark"), house.server.work().join("mark")).unwrap();
    house.server.run();
    assert_eq!(house.snapshot().await, before);
}

#[tokio::test]
async fn data_of_databases_that_the_store_does_not_know_is_moved_aside_and_an_empty_store_beside_it_refused() {
    let mut house = House::start().await;
    let databases = house.server.data_directory().join("databases");
    fs::create_dir_all(databases.join("7")).unwrap();
    fs::write(databases.join("7/dump.rdb"), b"precious").unwrap();
    house.crash();
    let started = std::time::Instant::now();
    let kept = loop {
        let kept = fs::read_dir(databases.join(".unknown"))
            .into_iter()
            .flatten()
            .flatten()
            .next();
        if let Some(kept) = kept {
            break kept.path();
        }
        assert!(started.elapsed() < Duration::from_secs(5), "{}", house.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(fs::read(kept.join("dump.rdb")).unwrap(), b"precious");
    assert!(!databases.join("7").exists());
    assert!(
        house.log().contains("was moved aside, and is kept there"),
        "{}",
        house.log()
    );

    house.server.kill();
    fs::create_dir_all(databases.join("8")).unwrap();
    let path = store(&house);
    for name in ["certward.db", "certward.db-wal", "certward.db-shm", "certward.mark"] {
        let _ = fs::remove_file(path.with_file_name(name));
    }
    let text = house.refusal();
    assert!(text.contains("has data of databases"), "{text}");
    assert!(databases.join("8").exists() && !path.exists());
}
