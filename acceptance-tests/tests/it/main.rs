//! The whole, proved with real programs.

mod durability;
mod published_clients;
mod revocation;
