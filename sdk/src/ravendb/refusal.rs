//! The reasons of RavenDB's refusals: its API has no codes, only types and sentences.

use crate::client::error::Answer;
use crate::{Error, ErrorKind};

/// The reason of a refusal, as far as RavenDB's answer tells it: [`Error::ravendb_refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The client presented no certificate.
    NoCertificate,
    /// The client's certificate is not registered.
    UnknownCertificate,
    /// The client's certificate has the key of a registered one, but was issued by another certification authority.
    UnknownIssuer,
    /// The client's certificate has expired.
    Expired,
    /// The client's certificate is not valid yet.
    NotYetValid,
    /// The clearance of the certificate in question is above the caller's.
    ClearanceAboveOwn,
    /// The certificate in question is the one that the client logs in with.
    OwnCertificate,
    /// The certificate in question is a secondary of a collection, which its primary stands for.
    SecondaryOfCollection,
    /// The certificate in question is not registered.
    NotRegistered,
    /// The name is blank.
    BlankName,
    /// A database's name or access among the permissions cannot be used.
    Permissions,
}

impl Refusal {
    /// RavenDB writes the reason into its sentences only (`docs/contracts/ravendb.md#errors`): this is the one place
    /// that reads them.
    fn of(answer: &Answer) -> Option<Self> {
        let is_validation = is_validation(answer);
        let table: &[(&str, Self)] = match (answer.status, answer.error_type.as_deref()?) {
            (403, "InvalidAuth") => &UNACCEPTED,
            (_, error_type) if error_type.ends_with(OPERATION) => &DECLINED,
            _ if is_validation => &UNSUITABLE,
            _ => return None,
        };
        let message = answer.message.as_deref()?.to_lowercase();
        let found = table.iter().find(|(text, _)| message.contains(text));
        found.map(|(_, refusal)| *refusal)
    }

    fn is_of_login(self) -> bool {
        UNACCEPTED.iter().any(|(_, refusal)| *refusal == self)
    }
}

impl Error {
    /// The reason that RavenDB refused the request, when its answer tells it. For errors of [`ravendb::Client`](super::Client).
    pub fn ravendb_refusal(&self) -> Option<Refusal> {
        self.answer().and_then(Refusal::of)
    }
}

/// The meaning of an answer of RavenDB's, when it is not what its status says: a request that fails validation is answered with
/// 500, and a certificate that RavenDB does not accept with 403.
pub(super) fn kind(answer: &Answer) -> Option<ErrorKind> {
    match Refusal::of(answer) {
        Some(refusal) if refusal.is_of_login() => return Some(ErrorKind::Unauthorized),
        Some(Refusal::NotRegistered) => return Some(ErrorKind::NotFound),
        _ => {}
    }
    if is_validation(answer) {
        return Some(ErrorKind::InvalidInput);
    }
    let is_operation = answer.error_type.as_deref()?.ends_with(OPERATION);
    is_operation.then_some(ErrorKind::Refused)
}

fn is_validation(answer: &Answer) -> bool {
    let validation = |error_type: &str| VALIDATION_TYPES.iter().any(|known| error_type.ends_with(known));
    answer.status == 500 && answer.error_type.as_deref().is_some_and(validation)
}

/// In the messages of 403, in lower case. A certificate of a known key and an unknown issuer is called both.
const UNACCEPTED: [(&str, Refusal); 6] = [
    ("public key pinning hash", Refusal::UnknownIssuer),
    ("issuer is unknown", Refusal::UnknownIssuer),
    ("has expired", Refusal::Expired),
    ("cannot be used before", Refusal::NotYetValid),
    ("none was provided", Refusal::NoCertificate),
    ("is unknown to the server", Refusal::UnknownCertificate),
];
const DECLINED: [(&str, Refusal); 4] = [
    ("lower clearance", Refusal::ClearanceAboveOwn),
    ("current client certificate being used", Refusal::OwnCertificate),
    ("primary certificate of the collection", Refusal::SecondaryOfCollection),
    ("doesn't exist in the cluster", Refusal::NotRegistered),
];
const UNSUITABLE: [(&str, Refusal); 2] = [
    ("name is a required field", Refusal::BlankName),
    ("permissions", Refusal::Permissions),
];
const OPERATION: &str = ".InvalidOperationException";
/// Ends of the types that mean the request cannot be read or is incomplete (records `108`, `112`, `114`, `115`, `408`).
const VALIDATION_TYPES: [&str; 5] = [
    "ArgumentException",
    "FormatException",
    "EndOfStreamException",
    "InvalidStartOfObjectException",
    "NullReferenceException",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::error::Cause;

    fn error(status: u16, error_type: &str, message: &str) -> Error {
        let mut answer = Answer {
            error_type: Some(error_type.to_owned()),
            message: Some(message.to_owned()),
            ..Answer::of_status(status)
        };
        answer.kind = kind(&answer).unwrap_or(answer.kind);
        Error::new("cannot list certificates", Cause::Answer(answer))
    }

    #[test]
    fn answers_are_told_apart_by_status_and_type() {
        let format = error(500, "System.FormatException", "Could not convert");
        assert!(format.is_invalid_input() && !format.is_retryable() && !format.is_refused());
        let operation = error(500, "System.InvalidOperationException", "Cannot delete");
        assert!(operation.is_refused() && !operation.is_invalid_input() && !operation.is_retryable());
        assert_eq!(operation.kind(), ErrorKind::Refused);
        let unknown = error(
            403,
            "InvalidAuth",
            "The supplied client certificate 'CN=a' is unknown to the server.",
        );
        assert!(unknown.is_unauthorized() && unknown.is_forbidden());
        let insufficient = error(403, "InvalidAuth", "Insufficient security clearance");
        assert!(insufficient.is_forbidden() && !insufficient.is_unauthorized());
        assert_eq!(insufficient.kind(), ErrorKind::Forbidden);
        assert!(error(503, "NodeIsPassiveException", "").is_retryable());
    }

    #[test]
    fn reasons_of_refusals_are_read_from_the_sentences_of_the_contract() {
        const OPERATION: &str = "System.InvalidOperationException";
        const ARGUMENT: &str = "System.ArgumentException";
        for (status, error_type, message, refusal, kind) in [
            (
                403,
                "InvalidAuth",
                "requires client certificate, but none was provided",
                Refusal::NoCertificate,
                ErrorKind::Unauthorized,
            ),
            (
                403,
                "InvalidAuth",
                "'CN=a' has expired on Monday",
                Refusal::Expired,
                ErrorKind::Unauthorized,
            ),
            (
                403,
                "InvalidAuth",
                "'CN=a' cannot be used before",
                Refusal::NotYetValid,
                ErrorKind::Unauthorized,
            ),
            (
                403,
                "InvalidAuth",
                "has a known Public Key Pinning Hash but its issuer is unknown",
                Refusal::UnknownIssuer,
                ErrorKind::Unauthorized,
            ),
            (
                500,
                OPERATION,
                "Cannot delete 'a': lower clearance",
                Refusal::ClearanceAboveOwn,
                ErrorKind::Refused,
            ),
            (
                500,
                OPERATION,
                "current client certificate being used",
                Refusal::OwnCertificate,
                ErrorKind::Refused,
            ),
            (
                500,
                OPERATION,
                "delete the primary certificate of the collection",
                Refusal::SecondaryOfCollection,
                ErrorKind::Refused,
            ),
            (
                500,
                OPERATION,
                "the certificate doesn't exist in the cluster",
                Refusal::NotRegistered,
                ErrorKind::NotFound,
            ),
            (
                500,
                ARGUMENT,
                "Name is a required field",
                Refusal::BlankName,
                ErrorKind::InvalidInput,
            ),
            (
                500,
                ARGUMENT,
                "Error in permissions",
                Refusal::Permissions,
                ErrorKind::InvalidInput,
            ),
        ] {
            let error = error(status, error_type, message);
            assert_eq!(
                (error.ravendb_refusal(), error.kind()),
                (Some(refusal), kind),
                "{message}"
            );
        }
        // A sentence alone is no reason: it may hold a name that somebody chose.
        for (status, error_type, message) in [
            (503, "System.TimeoutException", "'none was provided' has expired"),
            (403, "InvalidAuth", "Insufficient security clearance"),
            (500, OPERATION, "Name is a required field"),
        ] {
            assert_eq!(error(status, error_type, message).ravendb_refusal(), None, "{message}");
        }
    }
}
