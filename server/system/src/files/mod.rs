//! Files and directories that the server relies on: checked before use, and read within limits.
//!
//! The server holds private keys, and its files determine who is admitted. So it uses a path only if no one except its
//! own user and root can change it: the file or directory itself, each directory above it up to the root, and each
//! symbolic link in the path. `docs/settings.md`, "Files and directories", states the rules.
//!
//! `TrustedFile` is the only way from a path to the content of a file that the settings name, and
//! `TrustedDirectory` the only way to a directory that the server writes into, so that no reader can omit the check.
//! `read_any` reads a file that a person names on the console: within a limit, but regardless of its owner.

mod account;
mod acl;
mod error;
mod judge;
mod namespace;
mod open;
mod search;
mod walk;

pub use error::{FileError, UntrustedPath};
pub use open::{TrustedDirectory, TrustedFile, check_entry, check_open, read_any, without_links};
pub use search::closed_to;
