//! Runs that end early, or whose answers are lost, go on with the next apply.

use std::process::Child;
use std::time::{Duration, Instant};

use certward_acceptance_tests::programs;
use rustix::process::{Pid, Signal, kill_process};

use super::cutting_proxy::CuttingProxy;
use crate::terraform_world::{Kind, MANY, World};

/// Number of objects of a kind, at most `each`: a database is a process, so there are few.
fn many(kind: Kind, each: usize) -> usize {
    if kind == Kind::Database { each.min(3) } else { each }
}

/// Blocks for as many objects of each kind, the client certificates disabled.
fn blocks(world: &World, each: usize) -> String {
    let blocks = MANY.into_iter().filter(|kind| world.has(*kind)).map(|kind| {
        let count = format!("count = {}", many(kind, each));
        let further = match kind {
            Kind::ClientCertificate => format!("{count}\n  disabled = true"),
            _ => count,
        };
        kind.block("many", "${count.index}", &further)
    });
    blocks.collect()
}

fn expect_all(world: &World, each: usize) {
    for kind in MANY.into_iter().filter(|kind| world.has(*kind)) {
        let (found, wanted) = (world.ids(kind), many(kind, each));
        assert_eq!(found.len(), wanted, "{kind:?}: {found:?}");
        assert_eq!(world.objects(kind).len(), wanted, "{kind:?}: {found:?}");
    }
}

/// Applies until a plan is empty.
pub(super) fn applies_until_settled(world: &World) -> usize {
    for count in 0..=MOST_APPLIES {
        if world.terraform.plan().exit_code == 0 {
            return count;
        }
        if count == MOST_APPLIES {
            break;
        }
        let run = world.apply(&[]);
        assert!(!run.output.contains("exists already"), "{}", run.output);
    }
    panic!("still no empty plan: {}", world.apply(&[]).output);
}

#[test]
fn lost_answers_are_looked_up_and_leave_every_object_once() {
    let (seeds, each) = if programs::long_tests() { (10, 20) } else { (1, 8) };
    for seed in 1..=seeds {
        let mut world = World::with_files(each);
        let ravendb = CuttingProxy::start(world.server.address(), seed);
        let redis = CuttingProxy::start(world.server.redis_enterprise_address(), seed << 32);
        world.through(&ravendb.url(), &redis.url());
        world.configure(&blocks(&world, each));
        let applies = applies_until_settled(&world);
        println!(
            "seed {seed}: {} answers lost, {applies} applies",
            ravendb.cut() + redis.cut()
        );
        assert!(ravendb.cut() + redis.cut() > 0);
        expect_all(&world, each);

        ravendb.stop_cutting();
        redis.stop_cutting();
        world.terraform.destroy().expect_success();
        for kind in MANY {
            assert!(world.ids(kind).is_empty(), "{kind:?}");
        }
    }
}

fn start_apply(world: &World) -> Child {
    let mut command = world.terraform.command(&["apply", "-input=false", "-auto-approve"]);
    command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    command.spawn().unwrap()
}

fn interrupted_by(signal: Signal) {
    let (points, each) = if programs::long_tests() { (25, 20) } else { (2, 8) };
    let world = World::with_files(each);
    world.configure(&blocks(&world, each));
    let started = Instant::now();
    world.apply(&[]).expect_success();
    let whole = started.elapsed();
    for point in 0..points {
        world.terraform.destroy().expect_success();
        let mut apply = start_apply(&world);
        // From the beginning of the plan to the end of the apply.
        std::thread::sleep(whole.mul_f64((f64::from(point) + 0.5) / f64::from(points)));
        // It may have ended by itself.
        _ = kill_process(Pid::from_raw(apply.id().cast_signed()).unwrap(), signal);
        apply.wait().unwrap();
        // The provider ends what it was asked to do.
        std::thread::sleep(Duration::from_millis(200));
        let applies = applies_until_settled(&world);
        println!("point {point}: {applies} applies");
        expect_all(&world, each);
    }
}

#[test]
fn killed_run_is_continued_by_the_next_apply() {
    interrupted_by(Signal::KILL);
}

#[test]
fn interrupted_run_is_continued_by_the_next_apply() {
    interrupted_by(Signal::INT);
}

const MOST_APPLIES: usize = 5;
