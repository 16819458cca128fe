//! The persistent state of the server: the tables of the products, and the audit records of what was done to them.
//!
//! A change and its audit record are one transaction; when a call returns `Ok`, they are on disk. The database is
//! SQLite, with one writer; `sqlite` opens it and sets its pragmas. The crate owns the schema, and knows no
//! type of a product: each product reads its own tables, and gives its part of a write as [`Changes`].

pub mod audit;
mod audit_record;
pub mod backup;
pub mod ledger;
mod store;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;

pub use store::{Changes, FilesError, Moves, Store, StoreError, StoreHealth, WriteFailure};
