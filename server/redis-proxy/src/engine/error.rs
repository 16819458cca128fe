//! Errors of operations on an engine.

use std::io;
use std::sync::Arc;

use crate::resp::reply::ReplyError;

/// An operation on an engine failed. No text holds a password or a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// It has not started yet, or has crashed and is being restarted. A later attempt may succeed.
    #[error("the engine of the database is not ready")]
    NotReady,
    /// It has not answered in time. It may or may not have done what it was asked to.
    #[error("the engine of the database has not answered within 5 seconds")]
    TimedOut,
    /// No connection can be opened.
    #[error("the engine of the database cannot be reached")]
    Unreachable(#[source] Arc<io::Error>),
    /// It sent bytes that are not a reply.
    #[error("the engine of the database has sent what is no answer")]
    Garbled(#[source] ReplyError),
    /// It refused a command, with this message.
    #[error("the engine of the database refused {command}: {message}")]
    Refused {
        /// The command, without arguments that may be secret.
        command: &'static str,
        /// The engine's error message.
        message: String,
    },
    /// It refuses the rules of a user: it lacks a command that they name, or does not know a form of rule.
    #[error("the engine of the database refuses the rules of the user {name:?}: {objection}")]
    RulesRefused {
        /// The user.
        name: Arc<str>,
        /// The engine's error message.
        objection: String,
    },
    /// A script or a function keeps it busy, so that the user cannot be created or changed in it.
    #[error(
        "a script or a function keeps the engine of the database busy, and the engine has yet to be told what the user \
         {name:?} may do: log in again when it has ended, or end it (SCRIPT KILL, FUNCTION KILL) as a user who was logged in \
         before"
    )]
    Busy {
        /// The user.
        name: Arc<str>,
    },
    /// The user's name is reserved.
    #[error(
        "no user of a database can be called {name:?}: the name is taken by the server or by Redis, or has a blank in it"
    )]
    ReservedName {
        /// The name.
        name: Arc<str>,
    },
    /// The external Redis has a user of this name that the server did not create.
    #[error(
        "the external Redis has a user {name:?} that Certward did not create; rename the user of the cluster, or delete the \
         one there (ACL DELUSER)"
    )]
    ForeignUser {
        /// The name.
        name: Arc<str>,
    },
    /// The rules come from an older state of the cluster than the user's rules in the engine. The caller decides again.
    #[error("the rules of the user have changed in the meantime")]
    Superseded,
    /// A file of the database could not be changed.
    #[error("a file of the database cannot be changed")]
    File(#[source] Arc<io::Error>),
}

impl EngineError {
    pub(super) fn unreachable(error: io::Error) -> Self {
        Self::Unreachable(Arc::new(error))
    }

    /// True if the engine refuses the command because a script or a function keeps it busy.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Refused { message, .. } if message.starts_with(BUSY))
    }

    /// The engine's message, if it refuses the rules of an ACL or a user for their content. Other errors concern the
    /// engine's own state or the server's rights.
    pub(super) fn objection(&self) -> Option<&str> {
        match self {
            Self::Refused { command, message } if *command == SET_USER => message.strip_prefix("ERR "),
            _ => None,
        }
    }

    /// Label for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::RulesRefused { .. } => "rules_refused",
            _ => "engine",
        }
    }

    pub(super) fn file(error: io::Error) -> Self {
        Self::File(Arc::new(error))
    }
}

/// The command that sets a user's rules.
pub(super) const SET_USER: &str = "ACL SETUSER";
/// Prefix of an engine's errors while a script or a function keeps it busy.
const BUSY: &str = "BUSY";
