//! Generates streams of commands, well-formed and malformed, with an emphasis on input that has misled parsers of this
//! protocol.

pub use super::random::Random;

/// A stream, in items that can be removed one by one to find the smallest failing input.
pub fn stream(random: &mut Random) -> Vec<Vec<u8>> {
    let mut items: Vec<_> = (0..random.below(1..7)).map(|_| item(random)).collect();
    if random.one_in(4) {
        let at = random.below(0..items.len());
        spoil(&mut items[at], random);
    }
    // So that a command that was begun, or one that was swallowed, shows.
    if !random.one_in(4) {
        items.push(command(&[b"zork", b"end"]));
    }
    items
}

/// A stream of complete commands in clients' form, with any content.
pub fn well_formed(random: &mut Random) -> Vec<Vec<u8>> {
    (0..random.below(1..7))
        .map(|_| {
            if random.one_in(3) {
                let words: Vec<_> = arguments(random).iter().map(|argument| quoted(argument)).collect();
                [
                    words.join(b" ".as_slice()).as_slice(),
                    random.of::<[u8]>(&[b"\r\n", b"\n"]),
                ]
                .concat()
            } else {
                bulk_command(random)
            }
        })
        .collect()
}

/// A word of an inline command: bare if possible, else in double quotation marks.
fn quoted(argument: &[u8]) -> Vec<u8> {
    if !argument.is_empty() && argument.iter().all(|byte| byte.is_ascii_alphanumeric()) {
        return argument.to_vec();
    }
    let inside: String = argument.iter().map(|byte| format!("\\x{byte:02x}")).collect();
    format!("\"{inside}\"").into_bytes()
}

/// Splits a stream at random positions.
pub fn pieces<'a>(stream: &'a [u8], random: &mut Random) -> Vec<&'a [u8]> {
    let longest = match random.below(0..4) {
        0 => 1,
        1 => 4,
        2 => 64,
        _ => 16 * 1024,
    };
    let (mut rest, mut pieces) = (stream, Vec::new());
    while !rest.is_empty() {
        // A long stream byte by byte takes long and shows nothing.
        let longest = if rest.len() > 4096 { 16 * 1024 } else { longest };
        let (piece, after) = rest.split_at(random.below(1..longest + 1).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn item(random: &mut Random) -> Vec<u8> {
    match random.below(0..100) {
        0..50 => bulk_command(random),
        50..75 => inline_command(random),
        75..85 => raw(random),
        85..92 => {
            // One command in a value of another.
            let inner = if random.one_in(3) {
                inline_command(random)
            } else {
                bulk_command(random)
            };
            command(&[b"SET", b"key", &inner])
        }
        92..99 => almost_command(random),
        _ => large(random),
    }
}

fn bulk_command(random: &mut Random) -> Vec<u8> {
    let arguments = arguments(random);
    let arguments: Vec<_> = arguments.iter().map(Vec::as_slice).collect();
    command(&arguments)
}

/// The arguments of a command.
fn arguments(random: &mut Random) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    match random.below(0..10) {
        0..2 => {
            all.push(name(b"AUTH", random));
            let count = random.of(&[&1, &2, &2, &2, &0, &3]);
            all.extend((0..*count).map(|_| value(random)));
        }
        2..4 => {
            all.push(name(b"HELLO", random));
            if !random.one_in(8) {
                all.push(
                    random
                        .of::<[u8]>(&[b"2", b"3", b"3", b"3", b"4", b"03", b"", b"x", b"3\0", b" 3"])
                        .to_vec(),
                );
            }
            for _ in 0..random.below(0..4) {
                hello_option(&mut all, random);
            }
        }
        4 => {
            all.push(name(b"RESET", random));
            if random.one_in(5) {
                all.push(value(random));
            }
        }
        5..8 => {
            let plain = random.of::<[u8]>(OTHER_NAMES);
            all.push(name(plain, random));
            all.extend((0..random.below(0..3)).map(|_| value(random)));
        }
        8 => {
            let whole = random.of::<[&str]>(WHOLE_COMMANDS);
            all.extend(whole.iter().map(|word| word.as_bytes().to_vec()));
        }
        _ => {
            all.push(value(random));
            all.extend((0..random.below(0..4)).map(|_| value(random)));
        }
    }
    all
}

fn hello_option(all: &mut Vec<Vec<u8>>, random: &mut Random) {
    match random.below(0..6) {
        0..3 => {
            all.push(name(b"AUTH", random));
            let count = if random.one_in(8) { 1 } else { 2 };
            all.extend((0..count).map(|_| value(random)));
        }
        3 | 4 => {
            all.push(name(b"SETNAME", random));
            if !random.one_in(8) {
                all.push(value(random));
            }
        }
        _ => all.push(value(random)),
    }
}

/// A name in any case, sometimes followed by bytes that a comparison of C strings ignores.
fn name(plain: &[u8], random: &mut Random) -> Vec<u8> {
    let mut name = plain.to_vec();
    for byte in &mut name {
        if random.one_in(3) {
            *byte = byte.to_ascii_lowercase();
        }
    }
    match random.below(0..24) {
        0..3 => {
            name.push(0);
            name.extend((0..random.below(0..4)).map(|_| byte(random)));
        }
        3 => name.insert(0, byte(random)),
        4 => name.push(byte(random)),
        5 => {
            let at = random.below(0..name.len());
            name.insert(at, 0);
        }
        _ => {}
    }
    name
}

fn value(random: &mut Random) -> Vec<u8> {
    if random.names_default && random.one_in(3) {
        return b"default".to_vec();
    }
    match random.below(0..12) {
        0 => Vec::new(),
        1 => random
            .of::<[u8]>(&[
                b"\r\n",
                b"\0",
                b"a\0b",
                b"\n",
                b"\r",
                b"\"",
                b"'",
                b"$4\r\nAUTH\r\n",
                b"*1\r\n",
            ])
            .to_vec(),
        2 => name(
            random.of::<[u8]>(&[b"AUTH", b"HELLO", b"RESET", b"SETNAME", b"MULTI"]),
            random,
        ),
        3 => (0..random.below(0..12)).map(|_| byte(random)).collect(),
        _ => random
            .of::<[u8]>(&[b"nobody", b"somebody", b"x", b"3", b"key", b"a b", b"0", b"-1"])
            .to_vec(),
    }
}

fn byte(random: &mut Random) -> u8 {
    if random.one_in(2) {
        *random.of(&[
            &0, &b'\r', &b'\n', &b' ', &b'"', &b'\'', &b'\\', &b'$', &b'*', &b'\t', &0x80, &0xff, &0x0b, &0x1f,
        ])
    } else {
        u8::try_from(random.below(0..256)).expect("a byte")
    }
}

fn inline_command(random: &mut Random) -> Vec<u8> {
    let arguments = arguments(random);
    let mut line = Vec::new();
    for (number, argument) in arguments.iter().enumerate() {
        if number > 0 || random.one_in(8) {
            line.extend_from_slice(
                random.of::<[u8]>(&[b" ", b" ", b" ", b"\t", b"  ", b"\r", b"\x0b", b"\x0c", b"\0", b""]),
            );
        }
        quote(&mut line, argument, random);
    }
    line.extend_from_slice(
        random.of::<[u8]>(&[b"\r\n", b"\r\n", b"\r\n", b"\n", b"\n", b"\r\r\n", b" \n", b"\r", b""]),
    );
    line
}

fn quote(line: &mut Vec<u8>, argument: &[u8], random: &mut Random) {
    match random.below(0..8) {
        0 => {
            line.push(b'"');
            for byte in argument {
                match random.below(0..5) {
                    0 => line.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
                    1 => line.extend_from_slice(format!("\\x{byte:02X}").as_bytes()),
                    2 if !byte.is_ascii_alphanumeric() => line.extend_from_slice(&[b'\\', *byte]),
                    _ if *byte == b'"' => line.extend_from_slice(b"\\\""),
                    _ => line.push(*byte),
                }
            }
            close(line, b'"', random);
        }
        1 => {
            line.push(b'\'');
            for byte in argument {
                if *byte == b'\'' {
                    line.push(b'\\');
                }
                line.push(*byte);
            }
            close(line, b'\'', random);
        }
        // A quotation that begins within a word.
        2 if argument.len() > 1 => {
            let (start, end) = argument.split_at(random.below(1..argument.len()));
            line.extend_from_slice(start);
            line.push(b'"');
            line.extend_from_slice(end);
            close(line, b'"', random);
        }
        _ => line.extend_from_slice(argument),
    }
}

fn close(line: &mut Vec<u8>, mark: u8, random: &mut Random) {
    match random.below(0..30) {
        0 => {}
        1 => line.extend_from_slice(&[mark, mark]),
        2 => line.extend_from_slice(&[b'\\', mark]),
        _ => line.push(mark),
    }
}

/// A command with one malformed number or line end.
fn almost_command(random: &mut Random) -> Vec<u8> {
    let arguments = arguments(random);
    let (odd, what) = (random.below(0..arguments.len() + 1), random.below(0..4));
    let mut out = Vec::new();
    let number = |mark: u8, number: usize, is_odd: bool, out: &mut Vec<u8>, random: &mut Random| {
        out.push(mark);
        let plain = number.to_string();
        let text = match random.below(0..16) {
            _ if !is_odd || what > 2 => plain,
            0 => format!("0{plain}"),
            1 => format!("+{plain}"),
            2 => format!("-{plain}"),
            3 => format!(" {plain}"),
            4 => format!("{plain} "),
            5 => format!("{plain}\0"),
            6 => (number + 1).to_string(),
            7 => number.saturating_sub(1).to_string(),
            8 => (*random.of(&["-1", "0", "-0", "", "-", "+", "00"])).to_owned(),
            9 => (*random.of(&[
                "2147483647",
                "2147483648",
                "536870912",
                "536870913",
                "1048576",
                "1048577",
                "9223372036854775807",
                "9223372036854775808",
                "-9223372036854775808",
                "18446744073709551615",
                "18446744073709551620",
                "4294967297",
            ]))
            .to_owned(),
            10 => format!("{plain}.0"),
            11 => format!("0x{plain}"),
            12 => format!("{plain}e0"),
            13 => format!("00{plain}"),
            14 => format!("{plain}\t"),
            _ => "1".to_owned(),
        };
        out.extend_from_slice(text.as_bytes());
        let end: &[u8] = if is_odd && what > 1 {
            random.of::<[u8]>(&[
                b"\n", b"\r", b"\r\r", b"\rx", b"\n\r", b"\r\0", b"", b"\r\r\n", b"\r*", b"\r$",
            ])
        } else {
            b"\r\n"
        };
        out.extend_from_slice(end);
    };
    number(b'*', arguments.len(), odd == arguments.len(), &mut out, random);
    for (at, argument) in arguments.iter().enumerate() {
        let mark = if at == odd && random.one_in(8) {
            byte(random)
        } else {
            b'$'
        };
        number(mark, argument.len(), at == odd, &mut out, random);
        out.extend_from_slice(argument);
        let end = if at == odd {
            random.of::<[u8]>(&[b"\r\n", b"\n\r", b"xx", b"*1", b"\0\0", b"\r", b"\n", b"", b"\r\n\r\n"])
        } else {
            b"\r\n"
        };
        out.extend_from_slice(end);
    }
    out
}

/// Bytes that are not a command.
fn raw(random: &mut Random) -> Vec<u8> {
    match random.below(0..3) {
        0 => (0..random.below(1..6)).map(|_| byte(random)).collect(),
        _ => random
            .of::<[u8]>(&[
                b"\r\n",
                b"\n",
                b"\r",
                b"\0",
                b"\n\n\n",
                b"*0\r\n",
                b"*-1\r\n",
                b"*-2\r\n",
                b"*\r\n",
                b"* 1\r\n",
                b"$4\r\n",
                b"*1\n$4\nPING\n",
                b"*1\r\n$-1\r\n",
                b"*1\r\n:1\r\n",
                b"**1\r\n",
                b"   \r\n",
                b"''\r\n",
                b"\"\"\r\n",
                b"*1\r\n\r\n",
                b"*00\r\n",
                b"*0\rx",
                b"*3\r\n$3\r\nSET\r\n",
                b"GET / HTTP/1.1\r\n\r\n",
                b"*-1\n",
                b"AUTH n p\0\r\n",
                b"\0AUTH n p\r\n",
            ])
            .to_vec(),
    }
}

/// Input around the sizes at which engines change their way of reading.
fn large(random: &mut Random) -> Vec<u8> {
    let size = [16 * 1024, 32 * 1024, 64 * 1024][random.below(0..3)] + random.below(0..40) - 20;
    match random.below(0..5) {
        0 => command(&[b"SET", b"key", &vec![b'v'; size]]),
        1 => command(&[b"AUTH", &vec![b'v'; size]]),
        2 => [b"AUTH ".as_slice(), &vec![b'v'; size], b"\r\n"].concat(),
        3 => [vec![b' '; size].as_slice(), b"AUTH x\r\n"].concat(),
        // A number of so many digits, without an end.
        _ => [b"*1\r\n$".as_slice(), &vec![b'1'; size / 16]].concat(),
    }
}

/// Changes, removes or adds a byte.
fn spoil(item: &mut Vec<u8>, random: &mut Random) {
    if item.is_empty() {
        return;
    }
    let at = random.below(0..item.len());
    match random.below(0..3) {
        0 => item[at] = byte(random),
        1 => drop(item.remove(at)),
        _ => item.insert(at, byte(random)),
    }
}

fn command(arguments: &[&[u8]]) -> Vec<u8> {
    crate::resp::arguments::encode(arguments).to_vec()
}

const OTHER_NAMES: &[&[u8]] = &[
    b"PING",
    b"GET",
    b"SET",
    b"ECHO",
    b"MULTI",
    b"EXEC",
    b"DISCARD",
    b"WATCH",
    b"SUBSCRIBE",
    b"PSUBSCRIBE",
    b"SSUBSCRIBE",
    b"UNSUBSCRIBE",
    b"EVAL",
    b"BLPOP",
    b"ACL",
    b"CLIENT",
    b"COMMAND",
    b"MONITOR",
    b"SELECT",
    b"zork",
    b"AUT",
    b"AUTHX",
    b"RESE",
    b"HELL",
    b"FCALL",
    b"SYNC",
    b"INFO",
];

const WHOLE_COMMANDS: &[&[&str]] = &[
    &["MULTI"],
    &["DISCARD"],
    &["DISCARD", "x"],
    &["EXEC"],
    &["CLIENT", "REPLY", "OFF"],
    &["CLIENT", "REPLY", "SKIP"],
    &["CLIENT", "NO-EVICT", "on"],
    &["SUBSCRIBE", "news"],
    &["PSUBSCRIBE", "*"],
    &["EVAL", "return redis.call('AUTH','x')", "0"],
    &["BLPOP", "list", "0"],
    &["ACL", "SETUSER", "default", "+@all"],
    &["ACL", "WHOAMI"],
    &["QUIT"],
    &["HELLO"],
    &["HELLO", "3"],
    &["HELLO", "3", "AUTH", "nobody", "wrong"],
    &["HELLO", "3", "SETNAME", "AUTH", "AUTH", "nobody", "wrong"],
    &["HELLO", "3", "AUTH", "SETNAME", "x", "SETNAME", "y"],
    &["AUTH", "nobody", "wrong"],
    &["RESET"],
];
