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
//!     .endpoint("https://a.example:8443")
//!     .trust_anchors(TrustAnchors::from_pem_file("ca.crt")?)
//!     .identity(identity)
//!     .build()?;
//! let generated = client.certificates().generate(&GenerateCertificate::new("billing", SecurityClearance::Operator)).await?;
//! println!("{} ends at {}", generated.certificate.thumbprint(), generated.certificate.validity().not_after);
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | what for |
//! | --- | --- |
//! | `ravendb`, `redis-enterprise` | the client of one product each |
//! | `pkcs12` | [`Identity::from_pkcs12`] |
//! | `setup-package` | [`Identity::from_setup_zip`]; includes `pkcs12` |
//! | `native-roots` | the roots of the system as trust anchors, when no others are given |
//! | `aws-lc-rs`, `ring` | the cryptography of TLS, unless the program installs another; with both, aws-lc-rs |
//! | `test-util` | clients of a mock without TLS; not a default |
//!
//! All but `ring` and `test-util` are defaults.
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

#![cfg_attr(docsrs, feature(doc_cfg))]
// A part of what the two products share is used by one of them alone.
#![cfg_attr(
    not(all(feature = "ravendb", feature = "redis-enterprise", feature = "pkcs12")),
    allow(dead_code, unused_macros, unused_imports)
)]

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
compile_error!("certward needs cryptography for TLS: enable its feature \"aws-lc-rs\" or \"ring\"");

mod client;
pub mod effects;
#[cfg(feature = "ravendb")]
pub mod ravendb;
#[cfg(feature = "redis-enterprise")]
pub mod redis_enterprise;
mod uids;

#[doc(inline)]
pub use certward_pki as pki;
#[doc(inline)]
pub use certward_pki::ravendb_names;
pub use client::{
    error::{BuilderSetting, Error, ErrorKind},
    file::CredentialFile,
    foreign::ForeignAnswer,
    identity::Identity,
    secret_bytes::SecretBytes,
    trust::TrustAnchors,
    words::UnknownWord,
};
pub use secrecy::{ExposeSecret, SecretString};

/// Compiles the examples of the README.
#[cfg(all(doctest, feature = "ravendb", feature = "redis-enterprise"))]
#[doc = include_str!("../README.md")]
struct Readme;
