//! Names of the commands that the proxy parses: `AUTH`, `HELLO` and `RESET` can change the identity of a connection,
//! `CLIENT` can affect other connections, and some change the kinds of messages that a connection receives.

/// Returns `true` if the proxy parses commands with this name. Only the first [`LONGEST`] + 1 bytes of the name matter.
///
/// Engines hash the whole name and compare C strings, so a name with a NUL in it can select the command before the NUL
/// (on Redis 8.0 nearly always, on 7.0 if both hash to one bucket).
pub(super) fn is_read(name: &[u8]) -> bool {
    // By length first: it is asked for every command, and most end here.
    name.len() >= SHORTEST && { is_one_of(name, &[b"AUTH", b"HELLO", b"RESET", b"CLIENT"]) }
}

/// Returns `true` if a command with this name begins a transaction or a subscription, or makes the connection a monitor
/// or a replica.
pub(super) fn changes_mode(name: &[u8]) -> bool {
    is_one_of(
        name,
        &[
            b"MULTI",
            b"SUBSCRIBE",
            b"PSUBSCRIBE",
            b"SSUBSCRIBE",
            b"MONITOR",
            b"SYNC",
            b"PSYNC",
        ],
    )
}

fn is_one_of(name: &[u8], known: &[&[u8]]) -> bool {
    let word = c_string(&name[..name.len().min(LONGEST + 1)]);
    known.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Returns the bytes that C's string functions read: everything before the first NUL.
pub(super) fn c_string(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == 0);
    &bytes[..end.unwrap_or(bytes.len())]
}

/// Length of `AUTH`.
pub(super) const SHORTEST: usize = 4;
/// Length of `PSUBSCRIBE`.
pub(super) const LONGEST: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_at_its_first_nul() {
        for name in [
            "AUTH",
            "auth",
            "hElLo",
            "RESET",
            "AUTH\0",
            "reset\0xyz",
            "HELLO\0\0",
            "client",
            "CLIENT\0",
        ] {
            assert!(is_read(name.as_bytes()), "{name:?}");
        }
        for name in ["", "A", "AUT", "AUTHX", "HELLOX", "\0AUTH", "AUT\0H", "RESETS"] {
            assert!(!is_read(name.as_bytes()), "{name:?}");
        }
    }
}
