//! The messages between console and server.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// The version of these messages. Console and server are one program; this tells of a server that was started before
/// the program was replaced.
pub(super) const VERSION: u32 = 1;

/// The longest line that is read: a PFX of a megabyte in base64, twice over.
pub(super) const MAX_LINE_BYTES: u64 = 4 * 1024 * 1024;

/// A message with its version.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) version: u32,
    pub(super) message: T,
}

/// A request of the console.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "command")]
pub(in crate::command) enum Request {
    /// Make a key and a ClusterAdmin certificate.
    GenerateClientCertificate {
        /// The holder's name.
        name: String,
        /// Valid for so many months; none for the default, five years.
        months: Option<u32>,
        /// Of the PFX in the archive.
        password: Option<Secret>,
    },
    /// Register a certificate as ClusterAdmin.
    TrustClientCertificate {
        /// The holder's name.
        name: String,
        /// The PFX file, in base64.
        pfx: Secret,
        /// Of that file.
        password: Option<Secret>,
    },
    /// Register a certificate as ClusterNode.
    TrustServerCertificate {
        /// The node's name.
        name: String,
        /// The PFX file, in base64.
        pfx: Secret,
        /// Of that file.
        password: Option<Secret>,
    },
    /// Put another server certificate in the place of the present one.
    ReplaceClusterCertificate {
        /// The PFX file, in base64.
        pfx: Secret,
        /// Of that file.
        password: Option<Secret>,
        /// Without waiting for confirmation.
        immediately: bool,
    },
    /// Read the server certificate's file again.
    TriggerCertificateRefresh,
}

/// An answer of the server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "answer")]
pub(in crate::command) enum Answer {
    /// A certificate was made and registered.
    Generated {
        /// Its thumbprint.
        thumbprint: String,
        /// The zip with it and its key, in base64.
        archive: Secret,
    },
    /// Certificates were registered.
    Registered {
        /// The first one's thumbprint.
        thumbprint: String,
        /// Each certificate, for people.
        certificates: Vec<String>,
    },
    /// Something else was done.
    Done {
        /// The message for the operator.
        message: String,
    },
    /// Nothing was done.
    Failed {
        /// The reason, for the operator.
        message: String,
    },
}

/// A password, or a file with a private key in base64. Wiped on drop, and not printable.
pub(in crate::command) struct Secret(Zeroizing<String>);

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl Secret {
    pub(in crate::command) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(in crate::command) fn from_bytes(bytes: &[u8]) -> Self {
        Self::new(STANDARD.encode(bytes))
    }

    pub(in crate::command) fn expose(&self) -> &str {
        &self.0
    }

    /// The bytes, when this is base64.
    pub(in crate::command) fn decode(&self) -> Option<Zeroizing<Vec<u8>>> {
        STANDARD.decode(self.0.as_bytes()).ok().map(Zeroizing::new)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
