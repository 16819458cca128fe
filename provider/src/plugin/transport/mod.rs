//! How Terraform reaches the provider: a socket that only its own user can open, and mutual TLS on it.

mod handshake;
mod listener;
mod tls;

pub(crate) use handshake::{Invitation, NotInvited};
pub(crate) use listener::{Connection, Listener};
pub(crate) use tls::{Tls, TlsError};
