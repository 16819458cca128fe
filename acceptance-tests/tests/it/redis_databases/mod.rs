//! Redis databases behind mutual TLS, through real clients and a real engine.

mod backup;
mod clients;
mod cut;
mod durability;
mod transparency;
mod unnamed_purpose;
mod upstream;
mod weak_chains;
