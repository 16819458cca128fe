//! Login of a connection to an engine: one round trip on a new connection.

use std::fmt;
use std::io;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use super::command::Command;
use super::error::EngineError;
use super::secrets::EngineSecret;
use super::stream::EngineStream;
use crate::resp::reply::Reply;
use certward_redis_model::rights::{CONTROL, DEFAULT, default_user_rules};

/// The identity that a connection to an engine is to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineLogin {
    /// A user of the cluster.
    User(EngineUser),
    /// The user `default`: in a supervised engine with a secret, like any user; in an external Redis the rights that a
    /// new connection has before `AUTH`.
    DefaultUser,
    /// No identity: only commands that log in are executed. In an external Redis this is a user without rights, because
    /// its `default` may be open, now or later.
    Nobody,
}

/// A user of the cluster in an engine.
#[derive(Debug, Clone)]
pub struct EngineUser {
    /// The name, as `ACL WHOAMI` returns it.
    pub name: Arc<str>,
    /// The user's rights, as arguments of `ACL SETUSER`, one rule each.
    pub rules: Arc<[String]>,
    /// The revision of the cluster that the rules come from: of two sets of rules for one user, the one with the later
    /// revision wins.
    pub revision: u64,
}

impl EngineUser {
    /// The user `default` in a supervised engine.
    pub(super) fn default_user() -> Self {
        Self::fixed(DEFAULT.into(), default_user_rules())
    }

    /// A user whose rules never change.
    pub(super) fn fixed(name: Arc<str>, rules: Arc<[String]>) -> Self {
        Self {
            name,
            rules,
            revision: 0,
        }
    }
}

/// Compares name and rules; the revision only orders rules by age.
impl PartialEq for EngineUser {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.rules == other.rules
    }
}

impl Eq for EngineUser {}

/// A connection to an engine with its final identity. All further bytes from the engine are for the client.
#[derive(Debug)]
pub struct EngineConnection {
    /// The connection.
    pub stream: EngineStream,
    /// The number by which the engine identifies the connection.
    pub client: EngineClientId,
}

/// The number of a connection in its engine, unique within one incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EngineClientId {
    pub(super) number: i64,
    /// The incarnation of the engine that assigned the number.
    pub(super) incarnation: u64,
}

impl fmt::Display for EngineClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

/// The command that logs a user in.
pub(super) fn auth(name: &str, secret: &EngineSecret) -> Command {
    Command::new("AUTH", [name, secret.secret().expose_secret()])
}

/// The same, in a form whose reply contains the number of the connection ([`client_number`]) even while a script keeps
/// the engine busy, when it refuses `CLIENT ID`.
pub(super) fn hello(name: &str, secret: &EngineSecret) -> Command {
    Command::new("HELLO", ["2", "AUTH", name, secret.secret().expose_secret()])
}

/// The number of the connection in the reply to `HELLO`.
pub(super) fn client_number(answer: &Reply) -> Option<i64> {
    let Reply::Array(members) = answer else { return None };
    members.chunks_exact(2).find_map(|member| match member {
        [Reply::Bulk(name), Reply::Integer(number)] if name == b"id" => Some(*number),
        _ => None,
    })
}

/// Sends `commands` on an otherwise unused connection, and reads one reply for each.
///
/// # Errors
///
/// [`EngineError::Unreachable`] if the connection ends before the last reply, [`EngineError::Garbled`],
/// [`EngineError::Refused`] for the first command that is refused.
pub(super) async fn exchange(stream: &mut EngineStream, commands: &[&Command]) -> Result<Vec<Reply>, EngineError> {
    let size = commands.iter().map(|command| command.bytes().len()).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    for command in commands {
        bytes.extend_from_slice(command.bytes());
    }
    stream.write_all(&bytes).await.map_err(EngineError::unreachable)?;
    stream.flush().await.map_err(EngineError::unreachable)?;

    let mut replies = Vec::with_capacity(commands.len());
    let mut received = Vec::with_capacity(USUAL_REPLIES);
    let mut at = 0;
    loop {
        while let Some(command) = commands.get(replies.len())
            && let Some((reply, length)) = Reply::read(&received[at..]).map_err(EngineError::Garbled)?
        {
            at += length;
            replies.push(accepted(command.name(), reply)?);
        }
        if replies.len() == commands.len() {
            break;
        }
        if stream.read_buf(&mut received).await.map_err(EngineError::unreachable)? == 0 {
            return Err(EngineError::unreachable(io::ErrorKind::UnexpectedEof.into()));
        }
    }
    if at < received.len() {
        // Nothing was asked that could be answered by this.
        return Err(EngineError::Garbled(crate::resp::reply::ReplyError::Malformed));
    }
    Ok(replies)
}

/// The reply to the command `name`, unless it is an error.
pub(super) fn accepted(name: &'static str, reply: Reply) -> Result<Reply, EngineError> {
    match reply.error() {
        None => Ok(reply),
        Some(message) => Err(EngineError::Refused {
            command: name,
            message: message.to_owned(),
        }),
    }
}

/// Fails unless a user of the cluster may have this name in an engine whose control user is `control`.
pub(super) fn check_name(name: &Arc<str>, control: Option<&str>) -> Result<(), EngineError> {
    let is_taken = RESERVED.contains(&&**name) || control == Some(&**name);
    // Redis takes neither in the name of a user (`ACLStringHasSpaces`).
    let is_unfit = name.is_empty() || name.contains(|c: char| c.is_ascii_whitespace() || c == '\0' || c == '\x0b');
    if is_taken || is_unfit {
        Err(EngineError::ReservedName { name: Arc::clone(name) })
    } else {
        Ok(())
    }
}

/// The server's own user in supervised engines.
pub(super) const CONTROL_USER: &str = CONTROL;
/// Names that a user of the cluster cannot have in an engine.
const RESERVED: [&str; 2] = [DEFAULT, CONTROL_USER];
/// Buffer size for the usual replies: `+OK`, a number, `+OK`.
const USUAL_REPLIES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_others_need_are_refused() {
        for name in ["default", "certward", "root", "", "a b", "a\tb", "a\0b"] {
            assert!(check_name(&Arc::from(name), Some("root")).is_err(), "{name:?}");
        }
        for name in ["alice", "Default", "ops@example.com", "certward-2"] {
            assert!(check_name(&Arc::from(name), Some("root")).is_ok(), "{name:?}");
        }
    }
}
