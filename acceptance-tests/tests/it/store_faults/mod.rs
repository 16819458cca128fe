//! The store tells the truth, whatever the disk does: what was acknowledged is there after a crash, what was refused is
//! not, and the server takes changes again when the disk does.

mod cases;
mod exchanged;
mod house;
mod opening;

use std::time::Duration;

use certward_acceptance_tests::programs::long_tests;
use serde_json::Value;

use self::cases::{Call, Case, all};
use self::house::{House, Outcome};

/// A disk fault, and the number of the first call that fails.
#[derive(Debug, Clone, Copy)]
struct Fault {
    mode: &'static str,
    kind: &'static str,
    number: usize,
}

/// The faults that a use case suffers: in the long form every position of each kind, otherwise one that is another each
/// time.
fn faults(index: usize, calls: usize) -> Vec<Fault> {
    let kinds = ["no-space", "io-error", "short-write", "sync-fails", "sync-lies"];
    let every = kinds
        .iter()
        .flat_map(|kind| ["once", "from"].map(|mode| (mode, *kind)))
        .flat_map(|(mode, kind)| {
            let positions = if kind.starts_with("sync") {
                SYNCHRONISATIONS
            } else {
                calls
            };
            (1..=positions).map(move |number| Fault { mode, kind, number })
        });
    if long_tests() {
        return every.collect();
    }
    let mode = if index.is_multiple_of(3) { "from" } else { "once" };
    let number = match kinds[index % kinds.len()] {
        "sync-fails" | "sync-lies" => 1,
        _ => 1 + (index / kinds.len()) % calls,
    };
    vec![Fault {
        mode,
        kind: kinds[index % kinds.len()],
        number,
    }]
}

/// Makes the change of a use case on a failing disk. Returns whether a fault was injected, and what is seen of the case.
async fn suffer(house: &mut House, case: &Case, fault: Fault) -> (bool, Value) {
    if case.name.ends_with("a database") {
        house.delete_databases().await;
    }
    let change = house.prepare(case).await;
    let before = house.snapshot_of(case).await;
    let injected = house.injected();
    house.fault(&fault);
    let outcome = house.change(&change).await;
    house.no_fault();
    let injected = house.injected() - injected;
    let what = format!("{} with {fault:?}, {injected} injected: {outcome:?}", case.name);
    house.wait_until_ready(Duration::from_secs(4), &what).await;
    let after = house.snapshot_of(case).await;
    match outcome {
        Outcome::Done => assert_ne!(before, after, "{what}: acknowledged, and nothing has changed"),
        Outcome::NotDone(_) => assert_eq!(before, after, "{what}: refused, and made all the same"),
        Outcome::Unknown(_) => {}
    }
    // Changes are taken again without a restart.
    house.make_another_change(&what).await;
    (injected > 0, after["probe"].clone())
}

/// Crashes and starts the server, and compares what it had in memory with what it has now: both are all that was answered.
async fn crash_and_compare(house: &mut House, what: &str, probes: &mut Vec<(Call, Value)>) {
    let in_memory = house.snapshot().await;
    house.crash();
    let on_disk = house.snapshot().await;
    assert_eq!(in_memory, on_disk, "{what}: the disk does not have what was answered");
    for (probe, seen) in probes.drain(..) {
        assert_eq!(Value::from(house.status(&probe).await), seen, "{what}: {probe:?}");
    }
}

async fn suffer_all(share: usize) {
    let mut house = House::start().await;
    let (mut suffered, mut injected, mut probes) = (0, 0, Vec::new());
    for index in (share..all(0).len()).step_by(SHARES) {
        for (round, fault) in faults(index, CALLS).into_iter().enumerate() {
            suffered += 1;
            let case = all(round).swap_remove(index);
            let (is_injected, probed) = suffer(&mut house, &case, fault).await;
            injected += usize::from(is_injected);
            probes.extend(case.probe.clone().map(|probe| (probe, probed)));
            // Not after each: what one failure has left behind may hurt only after the next.
            if suffered % CHANGES_PER_CRASH == 0 {
                crash_and_compare(&mut house, &format!("{} and those before it", case.name), &mut probes).await;
            }
        }
    }
    crash_and_compare(&mut house, "the last use cases", &mut probes).await;
    println!("{suffered} changes on a failing disk, {injected} of them with a fault");
    // A test that injects nothing proves nothing. A commit may have fewer calls than the position of its fault.
    assert!(injected * 2 > suffered, "{injected} of {suffered}");
}

#[tokio::test]
async fn use_cases_tell_the_truth_on_a_failing_disk_first_share() {
    suffer_all(0).await;
}

#[tokio::test]
async fn use_cases_tell_the_truth_on_a_failing_disk_second_share() {
    suffer_all(1).await;
}

#[tokio::test]
async fn use_cases_tell_the_truth_on_a_failing_disk_third_share() {
    suffer_all(2).await;
}

#[tokio::test]
async fn a_disk_that_stays_full_is_told_and_the_server_comes_back_within_2_s() {
    let mut house = House::start().await;
    let case = &all(0)[0];
    let first = house.prepare(case).await;
    let second = house.prepare(&all(1)[0]).await;
    let before = house.snapshot().await;
    house.fault(&Fault {
        mode: "from",
        kind: "no-space",
        number: 1,
    });
    for change in [&first, &second, &second] {
        let started = std::time::Instant::now();
        let outcome = house.change(change).await;
        let (Outcome::NotDone(text) | Outcome::Unknown(text)) = outcome else {
            panic!("a change is acknowledged on a full disk");
        };
        assert!(
            text.contains("store cannot be written") || text.contains("not known yet"),
            "{text}"
        );
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    }
    assert_eq!(house.snapshot().await, before);
    let (status, text) = house.operations("/readyz").await;
    assert_eq!(status, 503);
    assert!(text.contains("store"), "{text}");
    let (_, metrics) = house.operations("/metrics").await;
    assert!(metrics.contains("certward_store_writable 0"), "{metrics}");
    let log = house.log();
    assert_eq!(
        log.matches("the store cannot be written; changes are refused").count(),
        1,
        "{log}"
    );
    house.no_fault();
    house
        .wait_until_ready(Duration::from_secs(2), "a full disk that has space again")
        .await;
    // A thread of its own writes the log.
    for _ in 0..100 {
        if house.log().contains(WRITABLE_AGAIN) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(house.log().contains(WRITABLE_AGAIN));
    house.make_another_change("after a full disk").await;
    crash_and_compare(&mut house, "after a full disk", &mut Vec::new()).await;
}

/// Tests that run beside one another.
const SHARES: usize = 3;
const CHANGES_PER_CRASH: usize = 4;
const WRITABLE_AGAIN: &str = "the store can be written again";
/// Positions of faults that are tried: about as many calls as a change makes.
const CALLS: usize = 12;
/// A commit synchronises once, or three times when it empties the log.
const SYNCHRONISATIONS: usize = 3;
