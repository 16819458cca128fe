use proptest::prelude::*;

use super::*;
use crate::resp::identity::Credentials;

/// Scans input in these pieces and returns the output: the forwarded bytes, and in their places the commands that are
/// not forwarded.
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
                Scanned::Line(taken, array) => {
                    push(&mut out, &array);
                    rest = &rest[taken..];
                }
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
                Scanned::Refused(error) => {
                    out.push(Out::Refused(error));
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
    /// The stream ends with this error.
    Refused(String),
    /// The stream ends with the engine's error.
    End,
}

fn push(out: &mut Vec<Out>, bytes: &[u8]) {
    match out.last_mut() {
        _ if bytes.is_empty() => {}
        Some(Out::Bytes(last)) => last.extend_from_slice(bytes),
        _ => out.push(Out::Bytes(bytes.to_vec())),
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
        IdentityCommand::Password(password) => format!("auth {}", password.escape_ascii()),
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
        IdentityCommand::Refused(error) => error.clone(),
        IdentityCommand::Forbidden(error) => (*error).to_owned(),
    }
}

/// The same whole, cut in two at every byte, and byte by byte.
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
    assert_eq!(scan_all(input.chunks(1)), expected, "{} by byte", input.escape_ascii());
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
    goes_on(b"*0\r\n*-1\r\n");
    goes_on(b"*1\rx$4\ryPINGzz");
}

#[test]
fn commands_that_say_who_the_client_is_are_taken_out_in_their_place() {
    let before = command(&["SET", "a", "1"]);
    let after = command(&["GET", "a"]);
    for (name, expected) in [
        (command(&["AUTH", "secret"]), "auth secret"),
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
        (command(&["AUTH"]), "-ERR wrong number of arguments for 'auth' command"),
        (command(&["AUTH", "a", "b", "c"]), "-ERR syntax error"),
        (
            command(&["HELLO", "3", "AUTH", "a", "b", "AUTH", "c", "d"]),
            "-ERR HELLO takes AUTH once",
        ),
        (
            command(&["HELLO", "3", "AUTH", "a", "b", "NAME"]),
            "-ERR Syntax error in HELLO option 'NAME'",
        ),
        (
            command(&["HELLO", "3", "AUTH", "a", "b", "SETNAME", "c d"]),
            "-ERR Client names cannot contain spaces, newlines or special characters.",
        ),
        // C strings end at a NUL.
        (command(&["HELLO", "3", "AUTH\0", "default", "x"]), "hello 3 default x "),
        (
            command(&["HELLO", "3", "setname\0x", "me", "auth\0\0", "a", "b"]),
            "hello 3 a b me",
        ),
        (
            command(&["AUTH\0", "default", "x"]),
            "-ERR unknown command 'AUTH', with args beginning with: ",
        ),
        (
            command(&["reset\0\0 suffix"]),
            "-ERR unknown command 'reset', with args beginning with: ",
        ),
        (
            b"\"HELLO\\x00\" 3 AUTH default x\r\n".to_vec(),
            "-ERR unknown command 'HELLO', with args beginning with: ",
        ),
        (b"auth alice \"se\\x63ret\"\r\n".to_vec(), "auth alice secret"),
        (b"\"\\x41UTH\" secret\n".to_vec(), "auth secret"),
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

/// Engines parse lines differently, but arrays the same.
#[test]
fn a_line_goes_on_as_an_array_and_a_line_without_a_word_does_not() {
    let array = [command(&["PING"]), command(&["set", "key", "a b"])].concat();
    check(b"PING\r\n\r\n\n \t\r\nset key 'a b'\r\n", &[Out::Bytes(array)]);
    let bytes: &[&[u8]] = &[b"A\xffUTH", b"nobody", b"pw"];
    check(b"A\xffUTH nobody pw\n", &[Out::Bytes(encode(bytes).to_vec())]);
    for line in ["\"\"AUTH nobody pw\n", "'A'UTH nobody pw\n", "\"AU\"'TH' nobody pw\n"] {
        check(line.as_bytes(), &[Out::Refused(UNBALANCED.to_owned())]);
    }
}

#[test]
fn a_login_whose_parts_do_not_end_with_crlf_is_not_repaired() {
    let refused = [Out::Refused(INVALID_END.to_owned())];
    check(b"*2\r\n$4\r\nAUTH\r\n$1\r\nxyz", &refused);
    check(b"*2\rx$4\r\nAUTH\r\n$1\r\nx\r\n", &refused);
    check(b"*2\r\n$4\rzAUTH\r\n$1\r\nx\r\n", &refused);
    check(b"*1\r\n$5\r\nRESETab", &refused);
}

/// No byte of the malformed command is forwarded, however the stream is split, and nothing after it.
#[test]
fn input_that_is_not_the_protocol_ends_the_stream() {
    for (garbage, error) in [
        (&b"*x"[..], INVALID_COUNT),
        (b"*01", INVALID_COUNT),
        (b"*\r", INVALID_COUNT),
        (b"*-0", INVALID_COUNT),
        (b"*2147483648\r\n", INVALID_COUNT),
        (b"*9223372036854775808", INVALID_COUNT),
        (b"*-9223372036854775809", INVALID_COUNT),
        (b"*1\n", INVALID_COUNT),
        (b"*1\r\nx", "-ERR Protocol error: expected '$', got 'x'"),
        (b"*1\r\n*", "-ERR Protocol error: expected '$', got '*'"),
        (b"*1\r\n$-\r", INVALID_LENGTH),
        (b"*1\r\n$-1\r\n", INVALID_LENGTH),
        (b"*1\r\n$x", INVALID_LENGTH),
        (b"*1\r\n$+", INVALID_LENGTH),
        (b"*1\r\n$99999999999999999999", INVALID_LENGTH),
        (b"GET \0", TOO_LONG_A_LINE),
        (b"AUTH name password\0", TOO_LONG_A_LINE),
        (b"\0", TOO_LONG_A_LINE),
        (b"GET \"a\n", UNBALANCED),
    ] {
        let input = [b"PING\r\n", garbage, b"\r\nAUTH default x\r\n"].concat();
        check(
            &input,
            &[Out::Bytes(command(&["PING"])), Out::Refused(error.to_owned())],
        );
    }
}

#[test]
fn input_that_is_not_the_protocol_inside_a_command_that_has_gone_on_is_left_to_the_engine() {
    let input = b"*2\r\n$3\r\nGET\r\nx\r\nAUTH default x\r\n";
    check(input, &[Out::Bytes(b"*2\r\n$3\r\nGET\r\nx".to_vec()), Out::End]);
    let input = b"*2\r\n$4\r\nPING\r\n$-1\r\nAUTH default x\r\n";
    check(input, &[Out::Bytes(b"*2\r\n$4\r\nPING\r\n$-1\r\n".to_vec()), Out::End]);
}

#[test]
fn the_smallest_number_is_one() {
    goes_on(b"*-9223372036854775808\r\n*1\r\n$4\r\nPING\r\n");
}

#[test]
fn too_much_of_a_command_is_not_held() {
    let long = "x".repeat(MAX_HELD);
    let auth = command(&["AUTH", &long]);
    let refused = Out::Refused(TOO_LONG_A_LOGIN.to_owned());
    assert_eq!(scan_all([auth.as_slice()]), std::slice::from_ref(&refused));
    assert_eq!(scan_all(auth.chunks(1000)), [refused]);
    let line = [b"x".repeat(MAX_HELD + 1), b"y".to_vec()].concat();
    assert_eq!(scan_all(line.chunks(1000)), [Out::Refused(TOO_LONG_A_LINE.to_owned())]);
    let value = command(&["SET", "a", &long]);
    assert_eq!(scan_all(value.chunks(1000)), [Out::Bytes(value.clone())]);
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
