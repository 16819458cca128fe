//! Engines that really run: what holds of their lives, their users, their data, and of those that were there before.

mod account;
mod attached;
mod cut;
mod data;
mod lives;
mod restore;
mod review;
mod saved;
mod users;
mod world;
