//! The open connections, the objects that each of them depends on, and the effect of a removal.
//!
//! Only Certward's own server can tell, on both of its APIs: RavenDB and Redis Enterprise have no such routes. Every
//! operation therefore answers `None` for a server that does not know the question, and an error
//! ([`Error::is_not_found`](crate::Error::is_not_found)) for an object that such a server does not have.
//!
//! ```no_run
//! use certward::redis_enterprise::{Client, Removal};
//!
//! # async fn example(client: Client) -> Result<(), certward::Error> {
//! match client.removal_effect(&Removal::User(5.into())).await? {
//!     None => println!("this server is not Certward's"),
//!     Some(effect) if effect.is_empty() => println!("nobody would notice"),
//!     Some(effect) => {
//!         for connection in &effect.connections {
//!             println!("{connection}"); // 127.0.0.1:35004 to database 1 (cache) as user app
//!         }
//!         for identity in &effect.identities {
//!             println!("{identity}"); // user app: database 1 (cache), the administration API
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The output of `Display` is safe for a terminal: control, bidirectional and invisible characters are escaped (see
//! [`Printable`](crate::pki::Printable)). The fields hold the server's values.

mod connection;
mod list;
pub(crate) mod question;
mod removal;

pub use connection::{
    Connection, ConnectionCertificate, ConnectionDatabase, ConnectionIdentity, ConnectionUser, Listener, RestsOn,
    RestsOnKind,
};
pub use list::{ConnectionList, ListConnections};
pub use removal::{AffectedIdentity, AffectedKind, RemovalEffect};
