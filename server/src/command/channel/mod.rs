//! The channel between the console and the running server: a Unix socket in `DataDir`.
//!
//! Each connection carries one request and one answer, both a line of JSON. Only the server's own user and root are
//! heard: the socket's mode keeps others out, and the kernel tells who is at the other end.

mod client;
mod handler;
mod message;
mod server;

pub(super) use client::Channel;
pub(super) use message::{Answer, Request, Secret};
pub(super) use server::AdminSocket;

use std::path::Path;

/// The longest path that the address of a Unix socket holds (`sun_path`, 108 bytes with its final NUL).
const MAX_PATH_BYTES: usize = 107;

/// A socket's path that is too long for the system.
#[derive(Debug, thiserror::Error)]
#[error(
    "the path of the admin socket, {path}, is {length} bytes long, and the system takes {MAX_PATH_BYTES}; choose a shorter DataDir"
)]
pub(crate) struct PathTooLong {
    path: String,
    length: usize,
}

fn check_length(path: &Path) -> Result<(), PathTooLong> {
    let length = path.as_os_str().len();
    if length > MAX_PATH_BYTES {
        return Err(PathTooLong {
            path: path.display().to_string(),
            length,
        });
    }
    Ok(())
}
