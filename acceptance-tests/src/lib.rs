//! The harness of the acceptance tests: certificates made at run time, the reference server as a process, and the programs
//! a test needs.

pub mod mutual_tls;
pub mod programs;
pub mod ravendb;
pub mod reference_server;
pub mod terraform;
pub mod test_pki;
