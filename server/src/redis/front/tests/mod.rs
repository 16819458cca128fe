//! The whole way into a database: real TLS clients, a real Redis behind it.

mod cutting;
mod identity;
mod interception;
mod relaying;
mod strangers;
mod world;
