//! A disk that fails while the store is opened, and tables that cannot be brought up to date.

use std::path::Path;
use std::process::Command;

use certward_acceptance_tests::programs;

use super::Fault;
use super::house::House;

/// Runs Python on the store, which no server has open.
fn python(house: &House, script: &str) -> String {
    let database = house.server.data_directory().join("certward.db");
    let mut command = Command::new("python3");
    command.arg("-c").arg(format!(
        "import sqlite3, sys\nstore = sqlite3.connect(sys.argv[1])\n{script}"
    ));
    String::from_utf8(programs::succeed(command.arg(database)).stdout).unwrap()
}

/// All tables and rows of the store.
fn content(house: &House) -> String {
    python(house, "print('\\n'.join(store.iterdump()))")
}

/// Makes the store one of before the last migration.
fn make_older(house: &House) {
    python(
        house,
        "store.executescript('''
            ALTER TABLE store_state DROP COLUMN store_id;
            ALTER TABLE store_state DROP COLUMN generation;
            DROP TABLE deleted_databases;
            DELETE FROM _sqlx_migrations WHERE version = 5;
        ''')",
    );
    // A store of that time had none.
    std::fs::remove_file(house.server.data_directory().join("certward.mark")).unwrap();
}

fn faults() -> impl Iterator<Item = Fault> {
    let every = [
        ("no-space", [1, 2, 3, 5]),
        ("io-error", [1, 2, 3, 5]),
        ("sync-fails", [1, 1, 1, 1]),
    ];
    every.into_iter().flat_map(|(kind, numbers)| {
        numbers.map(|number| Fault {
            mode: "from",
            kind,
            number,
        })
    })
}

fn assert_names_the_store(text: &str, database: &Path, what: &str) {
    let last = text.lines().last().unwrap_or_default();
    assert!(last.contains(&database.display().to_string()), "{what}: {text}");
    assert!(!text.contains("panicked"), "{what}: {text}");
}

#[tokio::test]
async fn a_disk_that_fails_while_the_store_is_opened_is_told_and_the_store_is_as_it_was() {
    let mut house = House::start().await;
    let in_memory = house.snapshot().await;
    house.server.kill();
    let database = house.server.data_directory().join("certward.db");
    let before = without_positions(&content(&house));
    for fault in faults() {
        house.fault(&fault);
        let text = house.refusal();
        house.no_fault();
        assert_names_the_store(&text, &database, &format!("{fault:?}"));
        assert_eq!(without_positions(&content(&house)), before, "{fault:?}");
    }
    house.server.run();
    assert_eq!(house.snapshot().await, in_memory);
}

/// A write that only proves that others are possible may have happened.
fn without_positions(content: &str) -> String {
    let lines = content
        .lines()
        .filter(|line| !line.starts_with("INSERT INTO \"store_state\""));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_migration_on_a_failing_disk_is_told_and_the_store_is_as_it_was() {
    let mut house = House::start().await;
    let in_memory = house.snapshot().await;
    house.server.kill();
    make_older(&house);
    let database = house.server.data_directory().join("certward.db");
    let before = content(&house);
    for fault in faults() {
        house.fault(&fault);
        let text = house.refusal();
        house.no_fault();
        assert_names_the_store(&text, &database, &format!("{fault:?}"));
        assert_eq!(content(&house), before, "{fault:?}");
    }
    house.server.run();
    assert_eq!(house.snapshot().await, in_memory);
}

#[tokio::test]
async fn a_migration_that_fails_is_told_and_the_store_is_as_it_was() {
    let mut house = House::start().await;
    let in_memory = house.snapshot().await;
    house.server.kill();
    make_older(&house);
    // The migration makes this table, after it has changed another one.
    python(&house, "store.execute('CREATE TABLE deleted_databases (other)')");
    let before = content(&house);
    let text = house.refusal();
    assert!(
        text.contains("cannot bring the tables of the store") && text.contains("deleted_databases"),
        "{text}"
    );
    assert_eq!(content(&house), before);
    python(&house, "store.execute('DROP TABLE deleted_databases')");
    house.server.run();
    assert_eq!(house.snapshot().await, in_memory);
}
