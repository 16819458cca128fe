//! The whole way into a database: real TLS clients, a real Redis behind it.

mod answering;
mod clients;
mod cluster;
mod cutting;
mod generated;
mod handshakes;
mod identity;
mod interception;
mod relaying;
mod strangers;
mod unread;
mod world;
