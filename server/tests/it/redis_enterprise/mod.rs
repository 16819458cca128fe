//! Redis Enterprise's API over a real server.

mod authorization;
mod certificates;
mod database_leftovers;
mod databases;
mod errors;
mod house;
mod metrics;
mod objects;
mod slow_bodies;
