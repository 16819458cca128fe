//! A Redis Enterprise cluster as values: its users, roles, ACLs, settings, certificates and databases, and what follows
//! from them (`docs/contracts/redis-enterprise.md`). Nothing is read or written here, and the time is given.

pub mod database;
pub mod name;
pub mod named_certificate;
pub mod password_hash;
pub mod permission;
pub mod policy;
pub mod redis_acl;
pub mod redis_acl_rules;
pub mod removal;
pub mod rights;
pub mod role;
pub mod run;
pub mod settings;
pub mod state;
pub mod token_key;
pub mod uid;
pub mod user;
