//! Starts, ends, and what comes between.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::super::{Engine, EngineError, EngineLogin};
use super::world::{
    ALWAYS, PATIENCE, World, administer, ask, bulk, configuration, down, log_in, ready, root, signal, user,
};
use crate::resp::reply::Reply;
use certward_redis_model::database::Persistence;

#[tokio::test]
async fn nobody_else_can_open_what_an_engine_keeps() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(ALWAYS)).await;
    let mode = |name: &str| fs::metadata(world.directory().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(""), 0o700);
    for name in ["redis.conf", "engine.log", "lock"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    let file = fs::read_to_string(world.directory().join("redis.conf")).unwrap();
    let digest = file.split('#').nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert_eq!(
        digest.len(),
        64,
        "the control user's password is there as its digest only"
    );
    engine.remove().await.unwrap();
    assert!(!world.directory().exists());
}

#[tokio::test]
async fn an_engine_that_is_killed_is_back_in_five_seconds_each_time_and_knows_its_users_again() {
    let Some(world) = World::new().await else { return };
    let rounds = if std::env::var_os("CERTWARD_LONG_TESTS").is_some() {
        50
    } else {
        4
    };
    let engine = world.engine(configuration(ALWAYS)).await;
    for round in 0..rounds {
        let mut before = log_in(&engine, &user("alice", "~* +@all", 1)).await;
        signal(&engine, Signal::KILL).await;
        let killed = Instant::now();
        down(&engine).await;
        assert!(ask(&mut before, "PING", []).await.is_err());
        let between = engine.log_in(&user("alice", "~* +@all", 1)).await;
        assert!(
            matches!(between, Err(EngineError::NotReady)) || between.is_ok(),
            "{between:?}"
        );
        ready(&engine).await;
        assert!(killed.elapsed().as_secs() < 5, "round {round}: {:?}", killed.elapsed());
        let mut after = log_in(&engine, &user("alice", "~* +@all", 1)).await;
        assert_eq!(ask(&mut after, "ACL WHOAMI", []).await.unwrap(), bulk("alice"));
        // A number of the incarnation before ends nobody in this one.
        assert!(engine.end_client(before.client).await);
        ask(&mut after, "PING", []).await.unwrap();
    }
    engine.stop().await;
}

#[tokio::test]
async fn one_server_at_a_time_has_a_directory() {
    let Some(world) = World::new().await else { return };
    let first = world.engine(configuration(ALWAYS)).await;
    let second = world.starting(configuration(ALWAYS));
    let reason = down(&second).await;
    assert!(reason.contains("another server has"), "{reason}");
    ask(&mut log_in(&first, &EngineLogin::DefaultUser).await, "SET", ["a", "1"])
        .await
        .unwrap();
    first.stop().await;
    ready(&second).await;
    let mut connection = log_in(&second, &EngineLogin::DefaultUser).await;
    assert_eq!(ask(&mut connection, "GET", ["a"]).await.unwrap(), bulk("1"));
    second.stop().await;
}

#[tokio::test]
async fn an_engine_that_has_outlived_its_server_is_ended_and_nothing_else_there_is() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(ALWAYS)).await;
    engine.stop().await;
    let here = fs::canonicalize(world.directory()).unwrap();
    let mut orphan = Command::new(world.program.path())
        .arg(here.join("redis.conf"))
        .current_dir(&here)
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut bystander = Command::new("sleep").arg("600").current_dir(&here).spawn().unwrap();

    let engine = world.engine(configuration(ALWAYS)).await;
    let ended = orphan.try_wait().unwrap();
    assert!(ended.is_some(), "the orphan goes on");
    assert!(
        bystander.try_wait().unwrap().is_none(),
        "a process of somebody else was ended"
    );
    ask(&mut log_in(&engine, &EngineLogin::DefaultUser).await, "PING", [])
        .await
        .unwrap();
    bystander.kill().unwrap();
    bystander.wait().unwrap();
    engine.stop().await;
}

#[tokio::test]
async fn an_engine_runs_in_a_directory_whose_path_is_a_pattern_for_redis() {
    let Some(world) = World::new().await else { return };
    for name in ["a[b]", "*", "c?d", "e[f", "with space", "\\g"] {
        let directory = world.directory().join(name).join("1");
        let engine = Engine::supervise(&world.program, directory, configuration(ALWAYS), &world.tasks);
        ready(&engine).await;
        let mut connection = log_in(&engine, &EngineLogin::DefaultUser).await;
        ask(&mut connection, "SET", ["a", name]).await.unwrap();
        engine.stop().await;
        engine.remove().await.unwrap();
    }
}

#[tokio::test]
async fn an_engine_that_does_nothing_is_killed_when_there_is_no_time_left() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(ALWAYS)).await;
    signal(&engine, Signal::STOP).await;
    let ends = tokio::spawn({
        let engine = std::sync::Arc::clone(&engine);
        async move { engine.stop().await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!ends.is_finished(), "it has not been killed yet");
    engine.kill();
    tokio::time::timeout(Duration::from_secs(5), ends)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_told_and_an_engine_that_ends_says_its_last_words() {
    let Some(world) = World::new().await else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("redis-server");
    fs::write(
        &path,
        "#!/bin/sh\necho 'Redis server v=7.0.15 sha=0'\necho 'Cannot find my feet' >&2\nexit 3\n",
    )
    .unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    let search = directory.path().as_os_str();
    let program = super::super::EngineProgram::find(None, search).await;
    // A program that says its version and fails is no engine that can be tried.
    let program = program.unwrap();
    let engine = Engine::supervise(&program, world.directory(), configuration(ALWAYS), &world.tasks);
    let reason = down(&engine).await;
    assert!(
        reason.contains("status 3") && reason.contains("Cannot find my feet"),
        "{reason}"
    );

    fs::remove_file(&path).unwrap();
    let gone = engine
        .health()
        .wait_for(|health| format!("{health:?}").contains("cannot be started"))
        .await
        .is_ok();
    assert!(gone);
    engine.stop().await;
}

#[tokio::test]
async fn a_directory_may_have_any_name_and_any_length() {
    let Some(world) = World::new().await else { return };
    let directory = world
        .directory()
        .join("a b\" 'c\\x41\n port 6379 #%s")
        .join("d".repeat(200));
    let engine = Engine::supervise(&world.program, directory.clone(), configuration(ALWAYS), &world.tasks);
    ready(&engine).await;
    let mut connection = log_in(&engine, &root()).await;
    ask(&mut connection, "SET", ["a", "1"]).await.unwrap();
    let port = administer(&engine, "CONFIG GET", ["port"]).await.unwrap();
    assert_eq!(port, Reply::Array(vec![bulk("port"), bulk("0")]));
    assert!(directory.join("appendonlydir").exists() || directory.join("appendonly.aof").exists());
    engine.stop().await;
}

#[tokio::test]
async fn an_engine_ends_when_it_is_removed_even_while_a_client_keeps_it_busy() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(Persistence::Disabled)).await;
    let mut busy = log_in(&engine, &EngineLogin::DefaultUser).await;
    let script = tokio::spawn(async move { ask(&mut busy, "EVAL", ["while true do end", "0"]).await });
    tokio::time::timeout(PATIENCE, engine.remove()).await.unwrap().unwrap();
    assert!(!world.directory().exists());
    assert!(script.await.unwrap().is_err());
    assert!(engine.log_in(&EngineLogin::DefaultUser).await.is_err());
}
