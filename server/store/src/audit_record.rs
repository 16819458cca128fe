//! One audit record.

use std::borrow::Cow;
use std::net::IpAddr;

use certward_pki::Thumbprint;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A decision: actor, action, target and outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// The time of the decision; of several equal ones, the time of the first.
    pub at: OffsetDateTime,
    /// The requester.
    pub actor: Actor,
    /// The name of the requested action, or `authenticate`.
    pub action: Cow<'static, str>,
    /// The thumbprints and names that the action concerns.
    pub target: String,
    /// The outcome of the request.
    pub outcome: Outcome,
    /// The number of equal decisions in this record.
    pub occurrences: u64,
}

/// The requester.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The registered name, or a fixed word for callers without one.
    pub name: String,
    /// The thumbprint of the presented certificate, trusted or not.
    pub thumbprint: Option<Thumbprint>,
    /// The address of the connection, without the port.
    pub address: Option<String>,
}

/// The outcome of the request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Done, with a description.
    Done(Cow<'static, str>),
    /// Refused, with the reason.
    Refused(Cow<'static, str>),
}

impl Actor {
    /// A peer that is refused or not identified yet, with the thumbprint of its certificate.
    #[must_use]
    pub fn stranger(address: IpAddr, thumbprint: Option<Thumbprint>) -> Self {
        Self {
            name: STRANGER.to_owned(),
            thumbprint,
            address: Some(address.to_string()),
        }
    }

    /// Returns `true` for [`Self::stranger`].
    pub(crate) fn is_stranger(&self) -> bool {
        self.name == STRANGER
    }

    /// The server itself, without a request.
    #[must_use]
    pub fn server() -> Self {
        Self {
            name: "server".to_owned(),
            thumbprint: None,
            address: None,
        }
    }
}

/// The actor's name in records of strangers.
const STRANGER: &str = "unauthenticated";

impl AuditRecord {
    /// The record as a line of the file: JSON, in which every control character is escaped.
    pub(crate) fn to_json_line(&self, sequence: i64) -> String {
        let (outcome, detail) = match &self.outcome {
            Outcome::Done(detail) => ("done", detail),
            Outcome::Refused(reason) => ("refused", reason),
        };
        let line: Value = json!({
            "sequence": sequence,
            "time": self.at.format(&Rfc3339).unwrap_or_default(),
            "actor": {
                "name": self.actor.name,
                "thumbprint": self.actor.thumbprint.map(|thumbprint| thumbprint.to_string()),
                "address": self.actor.address,
            },
            "action": self.action,
            "target": self.target,
            "outcome": outcome,
            "detail": detail,
            "occurrences": self.occurrences,
        });
        format!("{line}\n")
    }
}
