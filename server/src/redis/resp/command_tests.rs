use proptest::prelude::*;

use super::*;

/// What comes out of a scanner for input in these pieces: what goes on, with the commands that do not in their places.
fn scan_all<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Out> {
    let mut scanner = CommandScanner::default();
    let mut out = Vec::new();
    for piece in pieces {
        let mut rest = piece;
        while !rest.is_empty() {
            match scanner.scan(rest) {
                Scanned::Pass(passed) => {
                    push(&mut out, &scanner.take_held());
                    push(&mut out, &rest[..passed]);
                    rest = &rest[passed..];
                }
                Scanned::Hold(held) => rest = &rest[held..],
                Scanned::Identity(taken, command) => {
                    out.push(Out::Identity(describe(&command)));
                    rest = &rest[taken..];
                }
                Scanned::Garbage(passed) => {
                    push(&mut out, &scanner.take_held());
                    push(&mut out, &rest[..passed]);
                    out.push(Out::End);
                    return out;
                }
                Scanned::TooLong => {
                    out.push(Out::End);
                    return out;
                }
            }
        }
    }
    out
}

#[derive(Debug, PartialEq, Eq, Clone)]
enum Out {
    Bytes(Vec<u8>),
    Identity(String),
    End,
}

fn push(out: &mut Vec<Out>, octets: &[u8]) {
    match out.last_mut() {
        _ if octets.is_empty() => {}
        Some(Out::Bytes(bytes)) => bytes.extend_from_slice(octets),
        _ => out.push(Out::Bytes(octets.to_vec())),
    }
}

fn describe(command: &IdentityCommand) -> String {
    let login = |credentials: &Credentials| {
        format!(
            "{} {}",
            credentials.name.escape_ascii(),
            credentials.password.escape_ascii()
        )
    };
    match command {
        IdentityCommand::Auth(credentials) => format!("auth {}", login(credentials)),
        IdentityCommand::Hello {
            version,
            credentials,
            connection_name,
        } => format!(
            "hello {} {} {}",
            version.escape_ascii(),
            login(credentials),
            connection_name.as_deref().unwrap_or_default().escape_ascii()
        ),
        IdentityCommand::Reset => "reset".to_owned(),
        IdentityCommand::TrackingOfOthers => "tracking".to_owned(),
        IdentityCommand::Malformed => "malformed".to_owned(),
    }
}

/// The same whole, cut in two at every octet, and octet by octet.
fn check(input: &[u8], expected: &[Out]) {
    assert_eq!(scan_all([input]), expected, "{}", input.escape_ascii());
    for at in 0..input.len() {
        assert_eq!(
            scan_all([&input[..at], &input[at..]]),
            expected,
            "{} at {at}",
            input.escape_ascii()
        );
    }
    assert_eq!(scan_all(input.chunks(1)), expected, "{} by octet", input.escape_ascii());
}

fn goes_on(input: &[u8]) {
    check(input, &[Out::Bytes(input.to_vec())]);
}

fn command(arguments: &[&str]) -> Vec<u8> {
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.as_bytes()).collect();
    encode(&arguments).to_vec()
}

#[test]
fn commands_that_say_nothing_of_who_the_client_is_go_on_as_they_are() {
    goes_on(&command(&["GET", "key"]));
    goes_on(&command(&["PING"]));
    goes_on(&command(&["AUTHX", "key"]));
    goes_on(&command(&["HELLO", "3"]));
    goes_on(&command(&["HELLO", "3", "SETNAME", "AUTH"]));
    goes_on(&command(&["RESET", "now"]));
    goes_on(&command(&["SET", "AUTH", "*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n"]));
    goes_on(b"*0\r\n*-1\r\nPING\r\n\r\n\nset key 'a b'\r\n");
    goes_on(b"*1\rx$4\ryPINGzz");
}

#[test]
fn commands_that_say_who_the_client_is_are_taken_out_in_their_place() {
    let before = command(&["SET", "a", "1"]);
    let after = command(&["GET", "a"]);
    for (name, expected) in [
        (command(&["AUTH", "secret"]), "auth default secret"),
        (command(&["auth", "alice", "secret"]), "auth alice secret"),
        (
            command(&["HeLLo", "3", "Auth", "alice", "secret", "setname", "me"]),
            "hello 3 alice secret me",
        ),
        (
            command(&["HELLO", "2", "SETNAME", "me", "AUTH", "alice", "secret"]),
            "hello 2 alice secret me",
        ),
        (command(&["ReSeT"]), "reset"),
        (command(&["AUTH"]), "malformed"),
        (command(&["AUTH", "a", "b", "c"]), "malformed"),
        (
            command(&["HELLO", "3", "AUTH", "a", "b", "AUTH", "c", "d"]),
            "malformed",
        ),
        (command(&["HELLO", "3", "AUTH", "a", "b", "NAME"]), "malformed"),
        (b"auth alice \"se\\x63ret\"\r\n".to_vec(), "auth alice secret"),
        (b"\"\\x41UTH\" secret\n".to_vec(), "auth default secret"),
        (b" reset \r\n".to_vec(), "reset"),
    ] {
        let input = [before.as_slice(), &name, &after].concat();
        check(
            &input,
            &[
                Out::Bytes(before.clone()),
                Out::Identity(expected.to_owned()),
                Out::Bytes(after.clone()),
            ],
        );
    }
}

#[test]
fn what_redis_refuses_as_no_protocol_ends_the_stream() {
    for garbage in [
        &b"*x"[..],
        b"*01",
        b"*\r",
        b"*-0",
        b"*1\r\nx",
        b"*1\r\n$-\r",
        b"*1\r\n$x",
        b"*1\r\n$+",
        b"*1\r\n$99999999999999999999",
        b"*1\n",
        b"GET \0",
        b"GET \"a\n",
    ] {
        let input = [b"PING\r\n", garbage, b"\r\nAUTH default x\r\n"].concat();
        let out = scan_all([input.as_slice()]);
        assert_eq!(out.last(), Some(&Out::End), "{}", garbage.escape_ascii());
        let Some(Out::Bytes(bytes)) = out.first() else {
            panic!("nothing went on of {}", garbage.escape_ascii());
        };
        assert!(
            bytes.len() <= b"PING\r\n".len() + garbage.len(),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn a_negative_length_is_no_protocol() {
    let out = scan_all([&b"*1\r\n$-1\r\nAUTH x\r\n"[..]]);
    assert_eq!(out.last(), Some(&Out::End));
}

#[test]
fn too_much_of_a_command_is_not_held() {
    let long = "x".repeat(MAX_HELD);
    let auth = command(&["AUTH", &long]);
    assert_eq!(scan_all([auth.as_slice()]), [Out::End]);
    assert_eq!(scan_all(auth.chunks(1000)), [Out::End]);
    let line = [b"x".repeat(MAX_HELD + 1), b"y".to_vec()].concat();
    assert_eq!(scan_all(line.chunks(1000)).last(), Some(&Out::End));
    let value = command(&["SET", "a", &long]);
    assert_eq!(scan_all(value.chunks(1000)), [Out::Bytes(value.clone())]);
}

#[test]
fn transactions_and_subscriptions_are_noted() {
    let mut scanner = CommandScanner::default();
    let mut feed = |arguments: &[&str]| {
        let input = command(arguments);
        let scanned = scanner.scan(&input);
        assert!(
            matches!(scanned, Scanned::Pass(_) | Scanned::Identity(..)),
            "{scanned:?}"
        );
        scanner.mode()
    };
    assert!(feed(&["multi"]).in_transaction);
    assert!(feed(&["GET", "a"]).in_transaction);
    assert!(!feed(&["EXEC"]).in_transaction);
    feed(&["MULTI"]);
    assert!(!feed(&["DISCARD"]).in_transaction);
    for name in ["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE"] {
        assert!(feed(&[name, "channel"]).subscribed, "{name}");
        assert!(!feed(&["RESET"]).subscribed);
    }
}

proptest! {
    #[test]
    fn what_goes_on_does_not_depend_on_how_the_stream_is_split(
        commands in prop::collection::vec(prop_oneof![
            prop::collection::vec(prop_oneof!["AUTH", "HELLO", "RESET", "GET", "[a-z\r\n$*]{0,6}"], 1..4)
                .prop_map(|arguments| command(&arguments.iter().map(String::as_str).collect::<Vec<_>>())),
            "(auth|hello 3 auth|reset|get) ?[a-z\"']{0,4}\r\n".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..8),
        ], 0..6),
        size in 1_usize..40,
    ) {
        let input = commands.concat();
        prop_assert_eq!(scan_all(input.chunks(size)), scan_all([input.as_slice()]));
    }
}
