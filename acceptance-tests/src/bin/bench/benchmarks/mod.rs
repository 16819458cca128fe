//! The benchmarks, one a module.

mod build;
mod cert_users;
mod comparison;
mod generate;
mod idle;
mod key;
mod plan;
mod provider;
mod redis;
mod redis_enterprise;
mod requests;
mod start;
mod stranger;
mod terraform;

use crate::report::Outcome;
use crate::{Bench, Failure};

/// Names and titles, in the order of the page.
pub(crate) const ALL: &[(&str, &str)] = &[
    ("build", "The first build"),
    ("generate", "Generating a client certificate from a warm key pool"),
    ("key", "Making an RSA-4096 key"),
    ("handshake", "A new mTLS connection and its first request"),
    ("keep-alive", "A request on an open mTLS connection"),
    ("start", "Starting with 100,000 registered certificates"),
    ("idle", "10,000 idle mTLS connections"),
    ("provider", "Starting the Terraform provider"),
    ("plan", "Planning 1,000 certificates again"),
    ("users", "Listing 10,000 users of Redis Enterprise"),
    ("cert-login", "Logging in to Redis Enterprise by certificate"),
    ("cert-users-apply", "Applying 1,000 certificate users"),
    ("redis", "Redis through the front"),
    ("redis-connections", "New connections to Redis through the front"),
    ("redis-idle", "10,000 idle connections to a Redis database"),
    ("redis-crowd", "A Redis client beside stalled and slow ones"),
    ("stranger", "What strangers cost"),
];

/// Runs one.
pub(crate) async fn run(name: &str, bench: &Bench) -> Result<Outcome, Failure> {
    match name {
        "build" => build::run(bench),
        "generate" => generate::run(bench).await,
        "key" => key::run(bench).await,
        "handshake" => requests::handshake(bench).await,
        "keep-alive" => requests::keep_alive(bench).await,
        "start" => start::run(bench).await,
        "idle" => idle::run(bench).await,
        "provider" => provider::run(bench),
        "plan" => plan::run(bench).await,
        "users" => redis_enterprise::users(bench).await,
        "cert-login" => redis_enterprise::login(bench).await,
        "cert-users-apply" => cert_users::run(bench).await,
        "redis" => redis::throughput(bench).await,
        "redis-connections" => redis::connections(bench).await,
        "redis-idle" => redis::crowd::idle(bench).await,
        "redis-crowd" => redis::crowd::disturbance(bench).await,
        "stranger" => stranger::run(bench).await,
        _ => Err(format!("no benchmark {name}").into()),
    }
}
