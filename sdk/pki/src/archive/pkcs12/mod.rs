//! Reading a PKCS#12 file (RFC 7292) in DER or BER: every cipher in use for the last twenty-five years, because the files
//! people have are old.

mod algorithm;
mod cipher;
mod derive;
mod error;
mod mac;
mod read;

pub use derive::sha256_mac_key;
pub use error::Pkcs12Error;
pub use read::{Contents, read};

#[cfg(test)]
mod tests;
