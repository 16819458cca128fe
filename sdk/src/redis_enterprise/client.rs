//! The client and its builder.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::error_code;
use crate::Error;
use crate::client::settings::{Settings, builder_methods};
use crate::client::transport::{Call, Refusals, Reply, Transport, static_header};
use crate::pki::Certificate;

/// A client of Redis Enterprise's REST API. Cloning is cheap, and clones share their connections.
///
/// Nothing is connected to before the first operation. Every operation is a future for the tokio runtime.
#[derive(Clone)]
pub struct Client {
    pub(super) transport: Arc<Transport>,
    authorization: Option<Arc<Authorization>>,
}

/// Collects what a [`Client`] needs.
pub struct ClientBuilder {
    settings: Settings,
    credentials: Option<Credentials>,
}

/// The login method of a client. When a certificate and a user name with password or a token are given together,
/// Certward's server uses the latter; Redis Enterprise does not document the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginMethod {
    /// The certificate of its [`Identity`](crate::Identity).
    Certificate,
    /// User name and password with every request.
    Basic,
    /// A token of [`Client::authorize`].
    Jwt,
    /// Nothing: only [`Bootstraps::get`](super::Bootstraps::get) and [`create_cluster`](super::Bootstraps::create_cluster) of a new node answer.
    Nothing,
}

enum Credentials {
    Basic { username: String, password: SecretString },
    Jwt(SecretString),
}

struct Authorization {
    method: LoginMethod,
    /// The value of the header: a secret.
    header: Zeroizing<Vec<u8>>,
}

impl Client {
    /// Begins a new client. At least one endpoint is needed.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            settings: Settings::default(),
            credentials: None,
        }
    }

    /// The certificate this client shows, whether it logs in with it or not.
    pub fn own_certificate(&self) -> Option<&Certificate> {
        self.transport.certificate.as_ref()
    }

    /// The login method of this client.
    pub fn login_method(&self) -> LoginMethod {
        match (&self.authorization, self.own_certificate()) {
            (Some(authorization), _) => authorization.method,
            (None, Some(_)) => LoginMethod::Certificate,
            (None, None) => LoginMethod::Nothing,
        }
    }

    /// A client that logs in with this token and shares everything else, connections too.
    ///
    /// # Errors
    /// [`Error::is_configuration`]: what is given is no token (RFC 7515 3.1).
    pub fn with_jwt(&self, token: SecretString) -> Result<Self, Error> {
        Ok(Self {
            transport: Arc::clone(&self.transport),
            authorization: Some(Arc::new(Credentials::Jwt(token).authorization()?)),
        })
    }

    pub(super) async fn send(&self, call: Call) -> Result<Reply, Error> {
        self.transport.send(self.with_authorization(call)?).await
    }

    /// The call with the password or token of this client, if it logs in with one.
    pub(super) fn with_authorization(&self, mut call: Call) -> Result<Call, Error> {
        if let Some(authorization) = &self.authorization {
            let mut value = HeaderValue::from_bytes(&authorization.header)
                .map_err(|_| Error::configuration("the user name, password or token cannot be sent"))?;
            value.set_sensitive(true);
            call.authorization = Some(value);
        }
        Ok(call)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoints: Vec<&str> = self.transport.endpoints.urls.iter().map(url::Url::as_str).collect();
        f.debug_struct("redis_enterprise::Client")
            .field("endpoints", &endpoints)
            .field("certificate", &self.transport.certificate)
            .field("login_method", &self.login_method())
            .finish()
    }
}

impl ClientBuilder {
    builder_methods!();

    /// Logs in with a user's e-mail address or name, and password, on every request. Replaces a token.
    #[must_use]
    pub fn basic(mut self, username: impl Into<String>, password: SecretString) -> Self {
        let username = username.into();
        self.credentials = Some(Credentials::Basic { username, password });
        self
    }

    /// Logs in with a token of [`Client::authorize`] on every request. Replaces user name and password.
    #[must_use]
    pub fn jwt(mut self, token: SecretString) -> Self {
        self.credentials = Some(Credentials::Jwt(token));
        self
    }

    /// Makes the client, without connecting.
    ///
    /// # Errors
    /// [`Error::is_configuration`]: no endpoint, a key that does not fit its certificate, no trust anchor, a user name
    /// with a colon or a control character (RFC 7617 2), or a token that is none.
    pub fn build(self) -> Result<Client, Error> {
        let headers = HeaderMap::from_iter([static_header("accept", "application/json")]);
        let authorization = self
            .credentials
            .map(|credentials| credentials.authorization())
            .transpose()?;
        Ok(Client {
            transport: self.settings.build(headers, REFUSALS)?,
            authorization: authorization.map(Arc::new),
        })
    }
}

impl Credentials {
    fn authorization(&self) -> Result<Authorization, Error> {
        match self {
            Self::Basic { username, password } => {
                if username.is_empty()
                    || username.contains(|character: char| character == ':' || character.is_control())
                {
                    return Err(Error::configuration(
                        "the user name is empty, or has a colon or a control character, which Basic authentication cannot send",
                    ));
                }
                let pair = Zeroizing::new(format!("{username}:{}", password.expose_secret()));
                let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
                Ok(Authorization {
                    method: LoginMethod::Basic,
                    header: header("Basic", &encoded),
                })
            }
            Self::Jwt(token) => {
                let token = token.expose_secret();
                let of_a_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=');
                if token.is_empty() || !token.bytes().all(of_a_token) {
                    return Err(Error::configuration(
                        "the token is empty, or has other characters than letters, digits, \"-\", \"_\" and \".\"",
                    ));
                }
                Ok(Authorization {
                    method: LoginMethod::Jwt,
                    header: header("JWT", token),
                })
            }
        }
    }
}

fn header(scheme: &str, credentials: &str) -> Zeroizing<Vec<u8>> {
    // Room for all of it at once: growing would leave unwiped copies behind.
    let mut header = Zeroizing::new(Vec::with_capacity(scheme.len() + 1 + credentials.len()));
    header.extend_from_slice(scheme.as_bytes());
    header.push(b' ');
    header.extend_from_slice(credentials.as_bytes());
    header
}

const REFUSALS: Refusals = Refusals {
    read: read_problem,
    kind: error_code::kind,
};

/// `error_code` with `description`, for which older pages write `message`
/// (`docs/contracts/redis-enterprise.md#error-body`).
fn read_problem(body: &[u8]) -> (Option<String>, Option<String>) {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Problem {
        error_code: Option<String>,
        description: Option<String>,
        message: Option<String>,
    }
    let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    let description = problem.description.filter(|text| !text.trim().is_empty());
    (problem.error_code, description.or(problem.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_read_by_its_description_and_else_by_its_message() {
        let read = |body: &str| read_problem(body.as_bytes());
        let both = r#"{"error_code":"name_already_exists","description":"in use","message":"older text"}"#;
        assert_eq!(
            read(both),
            (Some("name_already_exists".to_owned()), Some("in use".to_owned()))
        );
        let older = r#"{"error_code":"invalid_param","description":"","message":"older text"}"#;
        assert_eq!(read(older).1.as_deref(), Some("older text"));
        assert_eq!(read("<html>502</html>"), (None, None));
        assert_eq!(read("\"text\""), (None, None));
    }

    #[test]
    fn credentials_that_a_header_cannot_carry_are_refused() {
        let builder = || Client::builder().endpoint("https://a.example");
        for username in ["", "a:b", "a\nb"] {
            let error = builder().basic(username, "canary".into()).build().unwrap_err();
            assert!(
                error.is_configuration() && !error.to_string().contains("canary"),
                "{error}"
            );
        }
        for token in ["", "canary token", "canary\r\nx: y", "canaryü"] {
            let error = builder().jwt(token.into()).build().unwrap_err();
            assert!(
                error.is_configuration() && !error.to_string().contains("canary"),
                "{error}"
            );
        }
    }
}
