//! PKCS#12 files (RFC 7292), as `.pfx` carries certificates and keys.
//!
//! Read: every cipher in use for the last twenty-five years, because the files people have are old. Written: PBES2
//! with AES-256 and a SHA-256 MAC, which OpenSSL 3 reads without its legacy provider, and .NET as well.

mod cipher;
mod derive;
mod identifiers;
mod read;
mod write;

pub(crate) use read::{Contents, ReadError, read};
pub(crate) use write::{write, write_certificates};

#[cfg(test)]
mod tests;
