//! Payloads of `RESTORE`.

use crc::{CRC_64_REDIS, Crc};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::EngineConnection;
use super::world::{World, ask, configuration, log_in, user};
use crate::resp::arguments;
use crate::resp::reply::Reply;
use certward_redis_model::database::Persistence;

/// Ends a Redis 7.0.15 that does not check payloads: an intset with entries out of order.
const ENDS_REDIS_7: &str = "0b30020000001400000000000100020003000400050006000700080000000a000b000c000d000e000f0010001100120013000a00e114aee0d6965627";

#[tokio::test]
async fn restore_is_refused_unless_an_acl_names_it() {
    for (name, world) in World::matrix().await {
        let engine = world.engine(configuration(Persistence::Disabled)).await;
        for rules in ["~* +@read +@write", "~* &* +@all", "~* &* +@all -restore +@dangerous"] {
            let mut alice = log_in(&engine, &user("alice", rules, 1)).await;
            ask(&mut alice, "SET", ["from", "1"]).await.unwrap();
            let Reply::Bulk(payload) = ask(&mut alice, "DUMP", ["from"]).await.unwrap() else {
                panic!("a payload is a string");
            };
            let refused = call(&mut alice, &[b"RESTORE", b"to", b"0", &payload]).await;
            assert!(
                refused.error().unwrap_or_default().starts_with("NOPERM"),
                "{name}: {refused:?}"
            );
            let mut bob = log_in(&engine, &user("bob", &format!("{rules} +restore"), 1)).await;
            let restored = call(&mut bob, &[b"RESTORE", b"to", b"0", &payload, b"REPLACE"]).await;
            assert_eq!(restored, Reply::Simple("OK".to_owned()), "{name}: {rules}");
            engine.forget_user("alice").await;
            engine.forget_user("bob").await;
        }
        engine.stop().await;
    }
}

#[tokio::test]
async fn corrupted_payloads_of_several_types_leave_every_engine_alive() {
    for (name, world) in World::matrix().await {
        let engine = world.engine(configuration(Persistence::Disabled)).await;
        let mut alice = log_in(&engine, &user("alice", "~* &* +@all +restore", 1)).await;
        let before = run_id(&mut alice).await;
        restore(
            &mut alice,
            &data_encoding::HEXLOWER.decode(ENDS_REDIS_7.as_bytes()).unwrap(),
        )
        .await;

        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut accepted = 0;
        for payload in payloads(&mut alice).await {
            for _ in 0..ROUNDS {
                accepted += usize::from(restore(&mut alice, &corrupt(&payload, &mut random)).await);
            }
        }
        assert!(
            accepted > 0,
            "{name}: not one of the payloads was near enough to a right one"
        );
        assert_eq!(run_id(&mut alice).await, before, "{name} has ended");
        engine.stop().await;
    }
}

async fn run_id(connection: &mut EngineConnection) -> String {
    let info = ask(connection, "INFO", ["server"]).await.unwrap();
    let info = super::super::persistence::text(info);
    super::super::persistence::value(&info, "run_id").unwrap().to_owned()
}

/// Of streams there is none: corrupted ones end Redis 8.0.2 although it has checked them, which is why `RESTORE` has to be
/// named.
async fn payloads(connection: &mut EngineConnection) -> Vec<Vec<u8>> {
    let many: Vec<String> = (0..300).map(|number| format!("member-{number}")).collect();
    let (numbers, pairs): (Vec<_>, Vec<_>) = (0..20)
        .map(|number| (number.to_string(), [number.to_string(), format!("m{number}")]))
        .unzip();
    let pairs: Vec<String> = pairs.into_iter().flatten().collect();
    let text = |words: &[String]| words.join(" ");
    let lines = [
        "SET k hello".to_owned(),
        format!("RPUSH k {}", text(&numbers)),
        format!("RPUSH k {}", text(&many)),
        format!("SADD k {}", text(&numbers)),
        format!("SADD k {}", text(&many)),
        format!("ZADD k {}", text(&pairs)),
        format!("HSET k {}", text(&pairs)),
    ];
    let mut payloads = Vec::new();
    for line in lines {
        ask(connection, "DEL", ["k"]).await.unwrap();
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        call(connection, &words).await;
        match call(connection, &[b"DUMP", b"k"]).await {
            Reply::Bulk(payload) => payloads.push(payload),
            other => panic!("{line}: {other:?}"),
        }
    }
    payloads
}

/// True if the engine accepts the payload. An accepted value is then read and changed as clients do.
async fn restore(connection: &mut EngineConnection, payload: &[u8]) -> bool {
    let restored = call(connection, &[b"RESTORE", b"k", b"0", payload, b"REPLACE"]).await;
    if restored.error().is_some() {
        return false;
    }
    for line in [
        "GET k|STRLEN k|LRANGE k 0 -1|LINSERT k BEFORE 5 y|LPOP k 3|SMEMBERS k|SADD k zz 5|SPOP k 3|ZRANGE k 0 -1",
        "ZADD k 3 nn|ZPOPMAX k 2|HGETALL k|HSET k q v|HDEL k 2|XRANGE k - +|XADD k * a b|XINFO STREAM k FULL",
        "XREADGROUP GROUP g d STREAMS k >|XPENDING k g - + 10|XAUTOCLAIM k g e 0 0|XTRIM k MAXLEN 1|DUMP k|DEL k",
    ] {
        for command in line.split('|') {
            let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
            call(connection, &words).await;
        }
    }
    true
}

/// Changes some bytes after the type and the length, of which the latter may ask for gigabytes, and makes the checksum
/// right.
fn corrupt(payload: &[u8], random: &mut u64) -> Vec<u8> {
    let mut next = || {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        *random
    };
    let end = payload.len() - FOOTER;
    let mut changed = payload[..payload.len() - CHECKSUM].to_vec();
    for _ in 0..=next() % 3 {
        let place = 3 + usize::try_from(next()).unwrap() % (end - 3);
        changed[place] =
            [0, 1, 0x7f, 0x80, 0xc0, 0xfe, 0xff, next().to_le_bytes()[0]][usize::try_from(next() % 8).unwrap()];
    }
    let checksum = Crc::<u64>::new(&CRC_64_REDIS).checksum(&changed);
    changed.extend_from_slice(&checksum.to_le_bytes());
    changed
}

/// The reply to a command of any bytes.
async fn call(connection: &mut EngineConnection, words: &[&[u8]]) -> Reply {
    connection.stream.write_all(&arguments::encode(words)).await.unwrap();
    let mut received = Vec::new();
    loop {
        if let Some((reply, _)) = Reply::read(&received).unwrap() {
            return reply;
        }
        let count = connection.stream.read_buf(&mut received).await.unwrap();
        assert!(count > 0, "the engine has ended");
    }
}

/// Corrupted payloads of each type, on each engine.
const ROUNDS: usize = 150;
/// A version and a checksum.
const FOOTER: usize = 10;
const CHECKSUM: usize = 8;
