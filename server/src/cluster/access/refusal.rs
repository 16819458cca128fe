//! The reasons for which authentication refuses a request.

use super::certificate::CertificateRefusal;
use super::password::HasherBusy;
use super::token::TokenRefusal;

/// The reason that a request is not authenticated. The caller learns it only where it can correct the cause.
#[derive(Debug, thiserror::Error)]
pub enum ClusterRefusal {
    /// No user has this name and this password.
    #[error("the name or the password is wrong")]
    WrongPassword,
    /// The user is locked. The caller is told what [`Self::WrongPassword`] tells.
    #[error("the user is locked after too many wrong passwords")]
    Locked,
    /// The password is right and too old.
    #[error("the password has expired")]
    PasswordExpired,
    /// The cluster takes no passwords.
    #[error("basic authentication is off")]
    PasswordsOff,
    /// The token lets nobody in.
    #[error("the token lets nobody in")]
    Token(#[from] TokenRefusal),
    /// The certificate lets nobody in, and there are no other credentials.
    #[error("the certificate lets nobody in")]
    Certificate(#[from] CertificateRefusal),
    /// The cluster has not been created, and cannot be by this caller.
    #[error(
        "the cluster can be created only with an administrator's certificate, or from the server's machine as its own user, over \
         127.0.0.1 and by no proxy"
    )]
    NotTheFounder,
    /// Too many passwords are being checked: come again.
    #[error("the password was not checked")]
    Busy(#[from] HasherBusy),
}

impl ClusterRefusal {
    /// A word for logs, metrics and audit records.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong_password",
            Self::Locked => "locked",
            Self::PasswordExpired => "password_expired",
            Self::PasswordsOff => "basic_authentication_off",
            Self::Token(TokenRefusal::Forged) => "forged_token",
            Self::Token(TokenRefusal::Expired) => "expired_token",
            Self::Token(TokenRefusal::Revoked) => "revoked_token",
            Self::Certificate(refusal) => refusal.reason(),
            Self::NotTheFounder => "not_the_founder",
            Self::Busy(_) => "busy",
        }
    }

    /// Returns `true` when a certificate was presented and refused, so that a missing password is not the cause.
    #[must_use]
    pub fn is_about_a_certificate(&self) -> bool {
        matches!(self, Self::Certificate(refusal) if !matches!(refusal, CertificateRefusal::Missing))
    }
}
