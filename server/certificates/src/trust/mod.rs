//! Decides if a client certificate is admitted, and as which user:
//! `docs/contracts/redis-enterprise.md#order-of-checks`.
//!
//! There are three steps, each of which needs the previous one's result: [`verify`] builds the chain to
//! `mtls_trusted_ca`, [`pass_gate`] checks the subject against `mtls_authorized_subjects`, and the name in the
//! [`AdmittedSubject`] finds the user whose [`SubjectLine`] it equals. The time is an argument, and there is no I/O;
//! only decisions about chains are cached, with their anchors.
//!
//! Databases have client certificates of their own, and decide by the same steps.
//!
//! webpki verifies the only path that names allow (`crate::certificate::BoundedChain`). It accepts any certificate as a
//! trust anchor, even a client's own, and ignores an anchor's dates and extensions, key usages, and the strength of the
//! client's key: those are checked here.

mod anchors;
mod authority_certificate;
mod chain;
mod decided;
mod end_entity;
mod gate;
#[cfg(any(test, feature = "test-util"))]
#[allow(missing_docs, clippy::unwrap_used, reason = "a template of a certificate, for tests")]
pub mod minted;
pub mod strength;
mod subject_line;

pub use anchors::{TrustAnchors, UntrustworthyCa};
pub use authority_certificate::CaFault;
pub use chain::{ChainRefusal, VerifiedChain, verify};
pub use chain::{Issuers, decide, find_issuers};
pub use end_entity::EndEntityFault;
pub use end_entity::{check_dates, check_key};
pub use gate::passes_gate;
pub use gate::{AdmittedSubject, AuthorizedSubject, GateRefusal, SubjectValidation, pass_gate};
pub use strength::Strength;
pub use subject_line::{SubjectLine, SubjectLineError};

#[cfg(test)]
mod tests;
