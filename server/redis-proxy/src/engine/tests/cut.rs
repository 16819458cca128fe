//! Connections that are ended while their engine does not answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::io::AsyncWriteExt as _;

use super::super::command::Command;
use super::super::{Engine, EngineConnection, EngineLogin};
use super::attached::Existing;
use super::world::{ALWAYS, World, ask, bulk, configuration, log_in, mark, ready, signal, user};
use crate::resp::reply::Reply;
use certward_redis_model::database::Persistence;
use certward_redis_model::token_key::TokenKey;

/// A script of a hostile user that keeps the engine busy.
const ENDLESS: &str = "while true do end";
const ENDLESS_AFTER_WRITING: &str = "redis.call('SET', 'written', 1) while true do end";

async fn alice(engine: &Engine) -> EngineConnection {
    log_in(engine, &user("alice", "~* &* +@all", 1)).await
}

/// Sends a command that is not answered, and waits until the engine has it.
async fn send(connection: &mut EngineConnection, name: &'static str, arguments: &[&str]) {
    let command = Command::new(name, arguments.iter().copied());
    connection.stream.write_all(command.bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
}

/// Cuts a connection that the engine does not end, which takes no more than a second, and waits until it is ready again.
async fn cut(engine: &Arc<Engine>, connection: EngineConnection) {
    let since = Instant::now();
    let is_ended = engine.end_client(connection.client).await;
    assert!(!is_ended, "the engine has ended a connection while it was busy");
    engine.end_client_later(connection.client, connection.stream);
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    let answer = async {
        while engine.endings.is_busy() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        ready(engine).await;
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), answer).await;
    assert!(waited.is_ok(), "the engine is {:?}", *engine.health().borrow());
}

async fn get(engine: &Engine, key: &str) -> Reply {
    let mut connection = log_in(engine, &EngineLogin::DefaultUser).await;
    ask(&mut connection, "GET", [key]).await.unwrap()
}

#[tokio::test]
async fn a_script_and_a_function_end_with_the_connection_that_runs_them() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(Persistence::Disabled)).await;
    let mut first = alice(&engine).await;
    ask(&mut first, "SET", ["kept", "1"]).await.unwrap();
    let library = "#!lua name=endless\nredis.register_function('endless', function() while true do end end)";
    ask(&mut first, "FUNCTION LOAD", [library]).await.unwrap();

    send(&mut first, "EVAL", &[ENDLESS, "0"]).await;
    cut(&engine, first).await;
    let mut second = alice(&engine).await;
    send(&mut second, "FCALL", &["endless", "0"]).await;
    cut(&engine, second).await;
    // It was not started again, for it would have forgotten it.
    assert_eq!(get(&engine, "kept").await, bulk("1"));
    engine.stop().await;
}

#[tokio::test]
async fn a_script_that_has_written_ends_with_the_engine_which_keeps_what_it_has_answered() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(ALWAYS)).await;
    let mut connection = alice(&engine).await;
    ask(&mut connection, "SET", ["kept", "1"]).await.unwrap();
    send(&mut connection, "EVAL", &[ENDLESS_AFTER_WRITING, "0"]).await;
    cut(&engine, connection).await;
    assert_eq!(get(&engine, "kept").await, bulk("1"));
    assert_eq!(get(&engine, "written").await, Reply::Nil);
    engine.stop().await;
}

#[tokio::test]
async fn an_engine_that_stands_still_is_started_again_when_a_connection_of_it_is_cut() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(ALWAYS)).await;
    let mut connection = alice(&engine).await;
    ask(&mut connection, "SET", ["kept", "1"]).await.unwrap();
    signal(&engine, Signal::STOP).await;
    cut(&engine, connection).await;
    assert_eq!(get(&engine, "kept").await, bulk("1"));
    engine.stop().await;
}

#[tokio::test]
async fn an_engine_that_is_slow_and_comes_back_is_not_started_again() {
    let Some(world) = World::new().await else { return };
    let engine = world.engine(configuration(Persistence::Disabled)).await;
    let mut connection = alice(&engine).await;
    ask(&mut connection, "SET", ["kept", "1"]).await.unwrap();
    let pid = super::world::process_id(&engine).await;
    rustix::process::kill_process(pid, Signal::STOP).unwrap();
    let come_back = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        rustix::process::kill_process(pid, Signal::CONT).unwrap();
    });
    cut(&engine, connection).await;
    come_back.await.unwrap();
    assert_eq!(get(&engine, "kept").await, bulk("1"));
    engine.stop().await;
}

#[tokio::test]
async fn a_script_in_an_attached_redis_ends_with_its_connection_and_the_redis_goes_on() {
    let Some(world) = World::new().await else { return };
    let existing = Existing::start(&world);
    let engine = Engine::attach(
        existing.upstream("p\u{e4}"),
        mark(&TokenKey::generate()),
        configuration(Persistence::Disabled),
        &world.tasks,
    );
    ready(&engine).await;
    let mut first = alice(&engine).await;
    ask(&mut first, "SET", ["kept", "1"]).await.unwrap();
    send(&mut first, "EVAL", &[ENDLESS, "0"]).await;
    cut(&engine, first).await;
    let mut second = alice(&engine).await;
    assert_eq!(ask(&mut second, "GET", ["kept"]).await.unwrap(), bulk("1"));
    engine.stop().await;
}
