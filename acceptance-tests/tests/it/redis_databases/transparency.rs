//! Through the front and directly: the same bytes.

use certward_acceptance_tests::external_redis::ExternalRedis;
use certward_acceptance_tests::programs::installed;
use certward_acceptance_tests::redis_database::{RedisDatabase, Session, request};

/// Commands of every data type, errors, nulls and empty answers among them. `%` stands for a value of 70,000 bytes.
const COMMANDS: &str = "
SET string value|GET string|APPEND string %|GETRANGE string 0 9|STRLEN string|INCR number|INCRBYFLOAT number 1.5|GET nothing
MSET a 1 b 2 c 3|MGET a b nothing c|SETBIT bits 7 1|BITCOUNT bits|GETDEL a|SET b 1 NX GET|INCR string
RPUSH list one two three %|LRANGE list 0 1|LPOS list two|LMOVE list other LEFT RIGHT|LINSERT list BEFORE three 2|LLEN list
HSET hash f 1 g 2|HGETALL hash|HRANDFIELD empty|HINCRBY hash f 5|HMGET hash f nothing
SADD set x|SMEMBERS set|SISMEMBER set x|SINTERCARD 2 set nothing
ZADD sorted 1 one 2.5 two|ZRANGE sorted 0 -1 WITHSCORES|ZSCORE sorted two|ZADD sorted INCR 1 one|ZRANGE sorted (1 5 BYSCORE LIMIT 0 1
XADD stream 1-1 field value|XRANGE stream - +|XREAD COUNT 1 STREAMS stream 0|XGROUP CREATE stream group 0|XREADGROUP GROUP group consumer STREAMS stream >|XPENDING stream group
GEOADD places 13.361389 38.115556 Palermo 15.087269 37.502669 Catania|GEODIST places Palermo Catania km|GEOSEARCH places FROMMEMBER Palermo BYRADIUS 200 km ASC WITHDIST
PFADD log a b c|PFCOUNT log
MULTI|SET in 1|INCR in|EXEC|MULTI|DISCARD|MULTI|NOSUCH|EXEC
EVAL return{1,2,{3,ARGV[1]}} 0 x|EVAL return_redis.error_reply('E') 0|FUNCTION LIST|OBJECT ENCODING list|TYPE hash
WATCH string|UNWATCH|EXPIRE string 100|PERSIST string|DBSIZE|SELECT 1|SET other 1|SELECT 0|SELECT 99|KEYS st*
SUBSCRIBE news|PING|UNSUBSCRIBE news|PING hello|ECHO %|GET|SET|HSET string a 1|LPUSH hash x|NOSUCH command
CLIENT GETNAME|CLIENT SETNAME tester|CLIENT GETNAME|COMMAND COUNT|COMMAND DOCS get|DEBUG SLEEP 0|LOLWUT VERSION 5 1 1 1
";

fn commands() -> Vec<Vec<u8>> {
    let large = "v".repeat(70_000);
    COMMANDS
        .split(['\n', '|'])
        .filter(|command| !command.is_empty())
        .map(|command| {
            let words: Vec<String> = command
                .split(' ')
                .map(|word| word.replace('_', " ").replace('%', &large))
                .collect();
            request(&words.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .collect()
}

/// Both ways to one engine, as one user: an engine of the server's own has no other way in.
async fn both_ways(redis: &ExternalRedis, database: &RedisDatabase) -> [Session; 2] {
    let mut admin = database.admin().await;
    database.create_user(&mut admin, "tester").await;
    let mut through_the_proxy = database.connect(&database.team.ca.issue("tester")).await.unwrap();
    // The user is there once it has been let in.
    through_the_proxy.command(&["PING"]).await.unwrap();
    [through_the_proxy, redis.session_as("tester").await]
}

/// The replies to commands sent one by one, after the database has been emptied.
async fn replies(session: &mut Session, protocol: &str) -> Vec<String> {
    session.command(&["HELLO", protocol]).await.unwrap();
    session.command(&["FLUSHALL"]).await.unwrap();
    let mut replies = Vec::new();
    for command in commands() {
        session.send(&command).await.unwrap();
        replies.push(String::from_utf8_lossy(&session.reply().await.unwrap()).into_owned());
    }
    replies
}

#[tokio::test]
async fn commands_of_every_data_type_are_answered_alike_in_resp2_and_resp3() {
    if !installed("redis-server") {
        return;
    }
    let redis = ExternalRedis::start();
    let database = redis.behind_a_plain_server().await;
    let [mut front, mut engine] = both_ways(&redis, &database).await;
    for protocol in ["2", "3"] {
        let (through, direct) = (
            replies(&mut front, protocol).await,
            replies(&mut engine, protocol).await,
        );
        for ((command, through), direct) in commands().iter().zip(&through).zip(&direct) {
            let command = String::from_utf8_lossy(&command[..command.len().min(80)]).into_owned();
            assert_eq!(through, direct, "RESP{protocol}: {command}");
        }
    }
}

#[tokio::test]
async fn pushes_of_resp3_arrive_where_they_belong() {
    if !installed("redis-server") {
        return;
    }
    let redis = ExternalRedis::start();
    let database = redis.behind_a_plain_server().await;
    let [mut front, mut engine] = both_ways(&redis, &database).await;
    front.command(&["HELLO", "3"]).await.unwrap();
    front.command(&["CLIENT", "TRACKING", "ON"]).await.unwrap();
    front.command(&["GET", "key"]).await.unwrap();
    engine.command(&["SET", "key", "1"]).await.unwrap();
    let push = front.reply().await.unwrap();
    assert_eq!(push, b">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n");
    let subscribed = front.command(&["SUBSCRIBE", "news"]).await.unwrap();
    assert_eq!(subscribed, ">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
    engine.command(&["PUBLISH", "news", "hello"]).await.unwrap();
    assert_eq!(
        front.reply().await.unwrap(),
        b">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n"
    );
    // In RESP3 a subscriber may still ask.
    assert_eq!(front.command(&["GET", "key"]).await.unwrap(), "$1\r\n1\r\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn value_of_100_megabytes_goes_both_ways_unchanged() {
    if !installed("redis-server") {
        return;
    }
    let redis = ExternalRedis::start();
    let database = redis.behind_a_plain_server().await;
    let [mut front, mut engine] = both_ways(&redis, &database).await;
    let mut value = vec![0; 100 << 20];
    // Any pattern without a short period; line ends and what looks like commands are in it.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for chunk in value.chunks_mut(8) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        chunk.copy_from_slice(&seed.to_le_bytes()[..chunk.len()]);
    }
    let login = request(&["AUTH", "somebody", "guessed"]);
    value[1000..1000 + login.len()].copy_from_slice(&login);
    let mut set = format!("*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n${}\r\n", value.len()).into_bytes();
    set.extend_from_slice(&value);
    set.extend_from_slice(b"\r\n");
    front.send(&set).await.unwrap();
    assert_eq!(front.reply().await.unwrap(), b"+OK\r\n");
    let get = request(&["GET", "big"]);
    for session in [&mut front, &mut engine] {
        session.send(&get).await.unwrap();
        let reply = session.reply().await.unwrap();
        let start = reply.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        assert!(reply[start..reply.len() - 2] == value, "the value has changed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_pipelined_commands_are_answered_in_order() {
    if !installed("redis-server") {
        return;
    }
    let redis = ExternalRedis::start();
    let database = redis.behind_a_plain_server().await;
    let [front, mut engine] = both_ways(&redis, &database).await;
    let (mut read, mut write) = front.split();
    let sending = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        for number in 0..5000 {
            let text = number.to_string();
            let both = [request(&["SET", "key", &text]), request(&["GET", "key"])].concat();
            write.write_all(&both).await.unwrap();
        }
        write.flush().await.unwrap();
        write
    });
    let expected: String = (0..5000)
        .map(|number: u32| {
            let text = number.to_string();
            format!("+OK\r\n${}\r\n{text}\r\n", text.len())
        })
        .collect();
    let mut received = vec![0; expected.len()];
    {
        use tokio::io::AsyncReadExt as _;
        read.read_exact(&mut received).await.unwrap();
    }
    assert!(received == expected.as_bytes(), "the replies differ");
    drop(sending.await.unwrap());
    assert_eq!(engine.command(&["GET", "key"]).await.unwrap(), "$4\r\n4999\r\n");
}
