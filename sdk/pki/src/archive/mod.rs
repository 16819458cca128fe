//! Reads the containers that certificates and keys are handed out in: PKCS#12 (`.pfx`, `.p12`) and PKCS#7 (`.p7b`).
//!
//! Shared by the SDK and the reference server, so that both take the same files. Programs use the SDK's `Identity`.
//!
//! The cost of one file is bounded: its size, the nesting and number of its elements, and the iterations of all its key
//! derivations together. No input causes a panic.

mod ber;
pub mod pkcs12;
pub mod pkcs7;

pub use ber::BerError;

use super::der::{INTEGER, OBJECT_IDENTIFIER, SEQUENCE};

#[cfg(test)]
pub(crate) mod ber_form;

/// The format of a binary file of certificates. Each is a `SEQUENCE`; its first member identifies the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A `Certificate` (RFC 5280, section 4.1).
    Certificate,
    /// A `ContentInfo` (RFC 5652, section 3).
    Pkcs7,
    /// A `PFX` (RFC 7292, section 4).
    Pkcs12,
}

impl Format {
    /// Looks at the first bytes, in DER or BER. `None`: it is neither of the three.
    pub fn of(file: &[u8]) -> Option<Self> {
        let members = match *file {
            [SEQUENCE, 0..=0x80, ref members @ ..] => members,
            [SEQUENCE, length, ref rest @ ..] => rest.get(usize::from(length & 0x7f)..)?,
            _ => return None,
        };
        match *members {
            [SEQUENCE, ..] => Some(Self::Certificate),
            [OBJECT_IDENTIFIER, ..] => Some(Self::Pkcs7),
            // Version 3. A private key begins with a version as well: 0 or 1.
            [INTEGER, 1, 3, ..] => Some(Self::Pkcs12),
            _ => None,
        }
    }
}

/// The largest file that is read, in bytes. Files in use have a few KiB.
pub const MAX_FILE: usize = 1024 * 1024;
