//! The names of the commands that are looked for in what clients send.

/// Why a command is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    /// It may say who the client is.
    Identity,
    /// It begins a transaction.
    BeginsTransaction,
    /// It ends one.
    EndsTransaction,
    /// It subscribes.
    Subscribes,
    /// It may reach other users' connections.
    Client,
}

impl Watched {
    /// By the command's name, in any case of its letters; none for all others.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        // By length first: it is asked for every command, and most end here.
        match name.len() {
            4 if is("AUTH") => Some(Self::Identity),
            4 if is("EXEC") => Some(Self::EndsTransaction),
            5 if is("HELLO") || is("RESET") => Some(Self::Identity),
            6 if is("CLIENT") => Some(Self::Client),
            5 if is("MULTI") => Some(Self::BeginsTransaction),
            7 if is("DISCARD") => Some(Self::EndsTransaction),
            9 if is("SUBSCRIBE") => Some(Self::Subscribes),
            10 if is("PSUBSCRIBE") || is("SSUBSCRIBE") => Some(Self::Subscribes),
            _ => None,
        }
    }

    /// Whether one of the names is so long.
    pub(super) fn may_have(length: u64) -> bool {
        matches!(length, 4 | 5 | 6 | 7 | 9 | 10)
    }
}
