//! One-time codes (RFC 6238) beside the certificate.

use http::header::{HeaderValue, SET_COOKIE};
use http::{HeaderMap, Method};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::client::Client;
use crate::Error;
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::Call;

/// The durations of logins with a one-time code on this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TwoFactorConfiguration {
    /// Minutes, unless a login asks for others.
    #[serde(rename = "DefaultTwoFactorSessionDurationInMin")]
    pub default_session_minutes: u32,
    /// The most minutes a login may ask for.
    #[serde(rename = "MaxTwoFactorSessionDurationInMin")]
    pub max_session_minutes: u32,
}

/// The scope of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TwoFactorScope {
    /// This client and its clones, by a cookie they keep. The default.
    #[default]
    ThisClient,
    /// Everybody with the same certificate, as RavenDB puts it: without limits.
    Certificate,
}

handle! {
    /// One-time codes (RFC 6238) beside the certificate.
    #[doc(alias = "2fa")]
    TwoFactor = two_factor
}

impl TwoFactor<'_> {
    /// A new Base32 secret, for [`GenerateCertificate::two_factor_key`](super::GenerateCertificate::two_factor_key). The
    /// server does not keep it. For Operators.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn generate_secret(self) -> Result<SecretString, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire {
            secret: String,
        }
        let reply = self
            .0
            .send(Call::get(
                "generate a two-factor secret",
                "/admin/certificates/2fa/generate",
            ))
            .await?;
        reply.json().map(|wire: Wire| SecretString::from(wire.secret))
    }

    /// Returns the durations of logins. Needs no certificate.
    ///
    /// # Errors
    /// The errors that every operation can return.
    pub async fn configuration(self) -> Result<TwoFactorConfiguration, Error> {
        self.0
            .send(Call::get(
                "read the two-factor settings",
                "/authentication/2fa/configuration",
            ))
            .await?
            .json()
    }

    /// Logs in with a one-time code of six digits. RavenDB's nodes do not share logins: it holds for the endpoint that
    /// answered. `session` is rounded up to whole minutes; `None` asks for the server's default.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for a wrong code (status 406), a session that is too long, or a certificate that
    /// needs no code (status 400).
    pub async fn log_in(self, token: u32, scope: TwoFactorScope, session: Option<Duration>) -> Result<(), Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire {
            token: u32,
        }
        let limited = scope == TwoFactorScope::ThisClient;
        // A code is good once; a repetition could be refused where the first was taken.
        let mut call = Call::new("log in with a one-time code", Method::POST, PATH, Repeat::Once)
            .accept(&[200, 202])
            .json(&Wire { token })?;
        if !limited {
            call = call.query("hasLimits", false);
        }
        if let Some(session) = session {
            call = call.query("sessionDurationInMin", session.as_secs().div_ceil(60));
        }
        let reply = self.0.send(call).await?;
        match session_cookie(&reply.headers) {
            Some(cookie) => self.0.transport.set_cookie(reply.endpoint, Some(cookie)),
            None if limited => return Err(reply.decode_error("the answer sets no session cookie")),
            None => {}
        }
        Ok(())
    }

    /// Ends the login with a one-time code.
    ///
    /// # Errors
    /// The errors that every operation can return.
    pub async fn log_out(self) -> Result<(), Error> {
        let call = Call::new("log out", Method::DELETE, PATH, Repeat::NaturalKey).accept(&[200, 204]);
        let reply = self.0.send(call).await?;
        self.0.transport.set_cookie(reply.endpoint, None);
        Ok(())
    }
}

/// The `2fa-cookie=<value>` of the answer, without its attributes; marked so that nothing prints it.
fn session_cookie(headers: &HeaderMap) -> Option<HeaderValue> {
    let pair = headers.get_all(SET_COOKIE).iter().find_map(|value| {
        let pair = value.to_str().ok()?.split(';').next()?.trim();
        pair.strip_prefix("2fa-cookie=")
            .filter(|value| !value.is_empty())
            .map(|_| pair)
    })?;
    let mut cookie = HeaderValue::from_str(pair).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

const PATH: &str = "/authentication/2fa";
