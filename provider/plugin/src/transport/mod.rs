//! The transport between Terraform and the provider: a socket that only its own user can open, with mutual TLS.

mod handshake;
mod listener;
mod tls;

pub(crate) use handshake::{Invitation, NotInvited};
pub(crate) use listener::{Connection, Listener};
pub(crate) use tls::{Tls, TlsError};
