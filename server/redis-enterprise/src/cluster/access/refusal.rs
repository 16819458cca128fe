//! Refusals of authentication.

use super::certificate::CertificateRefusal;
use super::token::TokenRefusal;
use certward_redis_proxy::PasswordRefusal;

/// A request is not authenticated. The response gives the reason only if the caller can correct it.
#[derive(Debug, thiserror::Error)]
pub enum ClusterRefusal {
    /// The name and the password admit nobody.
    #[error(transparent)]
    Password(#[from] PasswordRefusal),
    /// Basic authentication is off.
    #[error("basic authentication is off")]
    PasswordsOff,
    /// The token is rejected.
    #[error("the token lets nobody in")]
    Token(#[from] TokenRefusal),
    /// The certificate is not admitted, and there are no other credentials.
    #[error("the certificate lets nobody in")]
    Certificate(#[from] CertificateRefusal),
    /// The cluster has not been created, and this caller may not create it.
    #[error(
        "the cluster can be created only with an administrator's certificate, or from the server's machine as its own user, over \
         127.0.0.1 and by no proxy"
    )]
    NotTheFounder,
}

impl ClusterRefusal {
    /// Label for logs, metrics and audit records.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Password(refusal) => refusal.reason(),
            Self::PasswordsOff => "basic_authentication_off",
            Self::Token(TokenRefusal::Forged) => "forged_token",
            Self::Token(TokenRefusal::Expired) => "expired_token",
            Self::Token(TokenRefusal::Revoked) => "revoked_token",
            Self::Certificate(refusal) => refusal.reason(),
            Self::NotTheFounder => "not_the_founder",
        }
    }

    /// Returns `true` if a certificate was presented and refused, so that a missing password is not the cause.
    #[must_use]
    pub fn is_about_a_certificate(&self) -> bool {
        matches!(self, Self::Certificate(refusal) if !matches!(refusal, CertificateRefusal::Missing))
    }
}
