//! The errors of use cases.

use certward_pki::Thumbprint;
use time::OffsetDateTime;

use crate::model::clearance::SecurityClearance;
use certward_certificates::certificate::KeyFault;
use certward_certificates::issuer::IssuerError;
use certward_store::StoreError;
use certward_system::clock::rfc3339;

/// A use case failed, and nothing has changed. The variants are grouped by the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    // Ask for something else.
    /// The name is empty or blank.
    #[error("the name of a certificate is blank")]
    BlankName,
    /// The name contains a NUL, which some programs take for its end.
    #[error("the name of a certificate holds a NUL")]
    NulInName,
    /// The name is too long.
    #[error("the name has {length} bytes; at most {MAX_NAME_LENGTH} are kept")]
    NameTooLong {
        /// The length of the name in bytes.
        length: usize,
    },
    /// The requested certificate would have expired already.
    #[error("not-after {} must be in the future", rfc3339(not_after))]
    InvalidNotAfter {
        /// The requested value.
        not_after: OffsetDateTime,
    },
    /// The server's own certificate needs no entry.
    #[error("certificate {name:?} is the server's own certificate and cannot be registered")]
    ServerCertificate {
        /// The requested name.
        name: String,
    },
    /// No entry has this thumbprint.
    #[error("no certificate with thumbprint {thumbprint} is registered")]
    NotRegistered {
        /// The requested value.
        thumbprint: Thumbprint,
    },
    /// The renewed entry was deleted meanwhile, or cannot be renewed now.
    #[error(
        "certificate {thumbprint} cannot be renewed: it was deleted, disabled or exchanged, or it or its issuer is out of date"
    )]
    NotRenewable {
        /// The thumbprint of the renewed entry.
        thumbprint: Thumbprint,
    },
    /// A renewal is registered only with the one-time code that its original requires.
    #[error("certificate {thumbprint} renews one that wants one-time codes; expected a code before it is registered")]
    OneTimeCodeMissing {
        /// The thumbprint of the renewal.
        thumbprint: Thumbprint,
    },
    /// The last administrator would lock itself out.
    #[error(
        "certificate {name:?} ({thumbprint}) is the last administrator's, and is the one this request was made with; \
         register another ClusterAdmin first, or ask with the server's own certificate"
    )]
    LastAdministrator {
        /// The name of the entry.
        name: String,
        /// Its thumbprint.
        thumbprint: Thumbprint,
    },
    /// The certificate's key can never log in.
    #[error("the key of certificate \"{subject}\" {fault}")]
    UnusableKey {
        /// The subject of the certificate.
        subject: String,
        /// The fault of the key, and a valid alternative.
        fault: KeyFault,
    },
    /// Another certificate has the same SHA-1 thumbprint: a deliberate collision.
    #[error("another certificate is registered under thumbprint {thumbprint}")]
    ThumbprintCollision {
        /// The thumbprint of both certificates.
        thumbprint: Thumbprint,
    },
    /// Certificates of a collection are deleted with their primary.
    #[error("certificate {name:?} ({thumbprint}) belongs to a collection; delete its primary {primary}")]
    SecondaryCertificate {
        /// The name of the entry.
        name: String,
        /// Its thumbprint.
        thumbprint: Thumbprint,
        /// The thumbprint of the primary, which has to be deleted instead.
        primary: Thumbprint,
    },
    /// A cluster node cannot be disabled.
    #[error("certificate {name:?} ({thumbprint}) is a cluster node's and cannot be disabled")]
    ClusterNodeDisabled {
        /// The name of the entry.
        name: String,
        /// Its thumbprint.
        thumbprint: Thumbprint,
    },
    /// The request has been answered before. The key in that response was not stored; the certificate can be deleted.
    #[error("request {request_id} has already been answered with certificate {thumbprint}")]
    RepeatedRequest {
        /// The identifier of the request, as the client sent it.
        request_id: String,
        /// The thumbprint of the certificate in the first response.
        thumbprint: Thumbprint,
    },

    // Ask somebody else.
    /// The caller would change or delete its own certificate.
    #[error("certificate {name:?} is the one this request was made with")]
    OwnCertificate {
        /// The name of the entry.
        name: String,
        /// Its thumbprint.
        thumbprint: Thumbprint,
    },
    /// A caller cannot grant, take or change rights that exceed its own.
    #[error("cannot {attempt} certificate {name:?} with clearance {wanted}: the caller's clearance is {caller}")]
    ClearanceTooLow {
        /// The attempted operation.
        attempt: Attempt,
        /// The certificate's name.
        name: String,
        /// The clearance that the certificate has or would get.
        wanted: SecurityClearance,
        /// The caller's clearance.
        caller: SecurityClearance,
    },
    /// The caller's certificate was deleted, disabled, demoted or replaced, or expired, during the request.
    #[error("the caller's certificate lost its rights while the request was under way")]
    CallerLostRights,

    // Look at the server.
    /// The store failed.
    #[error("the change could not be recorded")]
    Store(#[from] StoreError),
    /// The certificate could not be generated.
    #[error("the certificate could not be issued")]
    Issuer(#[source] IssuerError),
}

/// An operation on a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Issue it.
    Generate,
    /// Register it.
    Register,
    /// Change it.
    Edit,
    /// Delete it.
    Delete,
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Generate => "generate",
            Self::Register => "register",
            Self::Edit => "edit",
            Self::Delete => "delete",
        })
    }
}

/// Names are for people; X.520 allows a common name of 64 characters, the real server far more.
pub(super) const MAX_NAME_LENGTH: usize = 1024;
