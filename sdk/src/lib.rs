//! Typed SDK for certificate administration: RavenDB, Redis Enterprise, and the Certward reference server, which speaks
//! the APIs of both.
//!
//! # Three steps
//!
//! 1. Read who you are: an [`Identity`] from PEM, PKCS#12 or RavenDB's setup zip.
//! 2. Build a client. It connects on its first operation.
//! 3. Call operations.
//!
//! ```no_run
//! use certward::{Identity, TrustAnchors};
//! use certward::ravendb::{Client, GenerateCertificate, SecurityClearance};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = Identity::from_pem_files("admin.crt", "admin.key")?;
//! let client = Client::builder()
//!     .endpoint("https://a.example:8443")?
//!     .trust_anchors(TrustAnchors::from_pem_file("ca.crt")?)
//!     .identity(identity)
//!     .build()?;
//! let generated = client.generate_certificate(&GenerateCertificate::new("billing", SecurityClearance::Operator)).await?;
//! println!("{} ends at {}", generated.certificate.thumbprint(), generated.certificate.validity().not_after);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! Every operation fails with the one [`Error`]; its predicates say what to do about it, and [`Error::report`] prints
//! every cause.
//!
//! # Safety of connections
//!
//! The server is always verified: chain, dates, purpose and name. Redirections are never followed, and what makes something
//! new each time is never sent twice. Private keys and passwords are wiped from memory and appear in no log, error or
//! `Debug` text.
//!
//! A hostile or broken server costs a bounded amount: an answer has at most 16 MiB, an operation with all its repetitions,
//! waits and pages ends in time (`operation_timeout` of the builders), and errors print no control, bidirectional or
//! invisible characters of a server's.
//!
//! # Features
//!
//! * `client` (default): the clients. Without it only [`pki`] and [`ravendb_names`] are left: the values of the field, without I/O.
//! * `archives` (part of `client`): the reader of PKCS#12 and PKCS#7, which the reference server uses without the clients.

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
pub mod effects;
pub mod pki;
#[cfg(feature = "client")]
pub mod ravendb;
pub mod ravendb_names;
#[cfg(feature = "client")]
pub mod redis_enterprise;

#[cfg(feature = "client")]
pub use client::{
    error::Error, file::CredentialFile, foreign::ForeignAnswer, identity::Identity, secret_bytes::SecretBytes,
    trust::TrustAnchors,
};
#[cfg(feature = "client")]
pub use secrecy::{ExposeSecret, SecretString};

/// Compiles the examples of the README.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;
