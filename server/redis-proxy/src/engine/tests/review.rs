//! The review of commands in `docs/engines.md` against the engines themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::super::login::exchange;
use super::super::{Engine, EngineConnection, EngineLogin};
use super::super::{command::Command, persistence::text};
use super::world::{World, administer, ask, configuration, log_in, refusal, user};
use crate::resp::reply::Reply;
use certward_redis_model::database::Persistence;

const REVIEW: &str = include_str!("../../../../../docs/engines.md");
/// The categories of which every command is reviewed.
const CATEGORIES: [&str; 5] = ["admin", "connection", "dangerous", "pubsub", "scripting"];

/// No command needs more.
const MOST_ARGUMENTS: usize = 8;

/// A row of the table of commands.
struct Reviewed {
    /// True for each engine of the matrix that has it.
    is_there: [bool; 4],
    is_kept_back: bool,
}

/// The commands of the table, by their names in `ACL CAT`.
fn review() -> BTreeMap<String, Reviewed> {
    let mut review = BTreeMap::new();
    for row in REVIEW.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [commands, engines @ .., decision, _] = cells.as_slice() else {
            continue;
        };
        let Ok(engines) = <[&str; 4]>::try_from(engines) else {
            continue;
        };
        for command in commands.split('`').filter(|name| !name.trim().is_empty()) {
            let reviewed = Reviewed {
                is_there: engines.map(|mark| mark == "yes"),
                is_kept_back: matches!(*decision, "kept back" | "by name"),
            };
            let name = command.replace(' ', "|").to_ascii_lowercase();
            assert!(review.insert(name, reviewed).is_none(), "{command} is there twice");
        }
    }
    review
}

async fn category(engine: &Engine, category: &str) -> BTreeSet<String> {
    match administer(engine, "ACL CAT", [category]).await.unwrap() {
        Reply::Array(names) => names.into_iter().map(text).collect(),
        other => panic!("{other:?}"),
    }
}

/// Returns `true` when `user` may use the command, which is not carried out.
async fn may_use(engine: &Engine, user: &str, command: &str) -> bool {
    let mut words: Vec<&str> = [user].into_iter().chain(command.split('|')).collect();
    for _ in 0..MOST_ARGUMENTS {
        match administer(engine, "ACL DRYRUN", words.iter().copied()).await {
            Ok(Reply::Simple(_)) => return true,
            Ok(denied) => {
                let denied = text(denied);
                assert!(denied.contains("no permissions to run"), "{command}: {denied}");
                return false;
            }
            // It has fewer arguments than the command needs.
            Err(error) => assert!(
                error.to_string().contains("wrong number of arguments"),
                "{command}: {error}"
            ),
        }
        words.push("0");
    }
    panic!("{command} takes no number of arguments up to {MOST_ARGUMENTS}");
}

#[tokio::test]
async fn every_command_of_every_engine_is_reviewed_and_kept_back_as_the_review_says_whatever_an_acl_gives() {
    let review = review();
    assert!(review.len() > 150, "the table of docs/engines.md is not read");
    for (place, (name, world)) in World::matrix().await.into_iter().enumerate() {
        let engine = world.engine(configuration(Persistence::Disabled)).await;
        // Everything, and what is kept back by name: in the permissions of the user and in a selector.
        let own = [
            "~*",
            "&*",
            "+@all",
            "+config|set",
            "+script|debug",
            "+debug",
            "+monitor",
        ];
        let selector = "(~* &* +@all +acl|list +client|unblock +slowlog)";
        let rules: Vec<String> = own.into_iter().chain([selector]).map(str::to_owned).collect();
        let mut login = user("alice", "+@all", 1);
        if let EngineLogin::User(user) = &mut login {
            user.rules = rules.into();
        }
        log_in(&engine, &login).await;
        log_in(&engine, &EngineLogin::DefaultUser).await;

        let mut there = BTreeSet::new();
        for name in CATEGORIES {
            there.append(&mut category(&engine, name).await);
        }
        let unknown: Vec<_> = there.iter().filter(|command| !review.contains_key(*command)).collect();
        assert!(
            unknown.is_empty(),
            "{name} has commands that are not in docs/engines.md: {unknown:?}"
        );

        let all: BTreeSet<String> = category(&engine, "slow")
            .await
            .union(&category(&engine, "fast").await)
            .cloned()
            .collect();
        for (command, reviewed) in &review {
            let is_there = all.contains(command);
            assert_eq!(is_there, reviewed.is_there[place], "whether {name} has {command}");
            if is_there {
                for user in ["alice", "default"] {
                    let may = may_use(&engine, user, command).await;
                    assert_eq!(
                        may, !reviewed.is_kept_back,
                        "whether {user} may use {command} in {name}"
                    );
                }
            }
        }
        engine.stop().await;
    }
}

#[tokio::test]
async fn nothing_of_administration_is_open_in_any_engine_but_what_is_harmless() {
    for (name, world) in World::matrix().await {
        let engine = world.engine(configuration(Persistence::Disabled)).await;
        log_in(&engine, &user("alice", "~* &* +@all", 1)).await;
        let mut open = Vec::new();
        for command in category(&engine, "admin").await {
            if may_use(&engine, "alice", &command).await {
                open.push(command);
            }
        }
        open.sort();
        assert_eq!(open, ["lastsave", "role"], "{name}");
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_user_can_neither_stop_nor_debug_nor_fork_an_engine_nor_reach_others() {
    for (name, world) in World::matrix().await {
        let engine = world.engine(configuration(Persistence::Disabled)).await;
        let mut alice = log_in(&engine, &user("alice", "~* &* +@all", 1)).await;
        let mut nobody = log_in(&engine, &EngineLogin::DefaultUser).await;
        let other = nobody.client.number.to_string();
        for (command, arguments) in [
            ("SCRIPT DEBUG", vec!["SYNC"]),
            ("SCRIPT DEBUG", vec!["YES"]),
            ("DEBUG", vec!["SLEEP", "0"]),
            ("PFDEBUG", vec!["ENCODING", "k"]),
            ("PFSELFTEST", vec![]),
            ("CLIENT UNBLOCK", vec![&other]),
            ("CLIENT KILL", vec!["ID", &other]),
            ("CLIENT LIST", vec![]),
            ("CLIENT PAUSE", vec!["1"]),
            ("CLIENT NO-EVICT", vec!["on"]),
            ("MONITOR", vec![]),
            ("SLOWLOG GET", vec![]),
            ("LATENCY RESET", vec![]),
            ("FUNCTION STATS", vec![]),
            ("MODULE LIST", vec![]),
            ("BGSAVE", vec![]),
            ("ACL LOG", vec![]),
            ("ACL SETUSER", vec!["x"]),
            ("CONFIG GET", vec!["dir"]),
        ] {
            for connection in [&mut alice, &mut nobody] {
                let refused = refusal(ask(connection, command, arguments.iter().copied()).await);
                // The configuration keeps `DEBUG` even from those who may use it.
                let is_refused = refused.starts_with("NOPERM") || refused.contains("command not allowed");
                assert!(is_refused, "{name}: {command}: {refused}");
            }
        }
        own_connection(&mut alice, name).await;
        engine.stop().await;
    }
}

/// Commands that affect the user's own connection alone stay allowed.
async fn own_connection(alice: &mut EngineConnection, name: &str) {
    let commands = [
        Command::new("CLIENT SETNAME", ["tester"]),
        Command::new("CLIENT GETNAME", []),
        Command::new("CLIENT ID", []),
        Command::new("CLIENT INFO", []),
        Command::new("ACL WHOAMI", []),
        Command::new("INFO", ["server"]),
        Command::new("SCRIPT LOAD", ["return 1"]),
        Command::new("EVAL", ["return 1", "0"]),
        Command::new("ROLE", []),
    ];
    let commands: Vec<&Command> = commands.iter().collect();
    let replies = exchange(&mut alice.stream, &commands).await;
    assert!(replies.is_ok(), "{name}: {replies:?}");
}
