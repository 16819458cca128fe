//! Engines that really run: what holds of their incarnations, their users, their data, and of those that were there before.

mod account;
mod attached;
mod cut;
mod data;
mod incarnations;
mod restore;
mod review;
mod saved;
mod users;
mod world;
