//! The harness of the acceptance tests: certificates made at run time, the reference server as a process, and the programs
//! a test needs.

pub mod architecture;
pub mod curl;
pub mod external_redis;
pub mod mutual_tls;
pub mod programs;
pub mod published_clients;
pub mod ravendb;
pub mod redis_database;
pub mod redis_enterprise;
pub mod reference_server;
mod site;
pub mod team;
pub mod terraform;
pub mod test_pki;
