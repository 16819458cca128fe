//! An external Redis that a database uses instead of an engine of its own.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::command::Command;
use super::stream::EngineStream;

/// An external Redis: its address, and the server's credentials there. The ACL of that user must allow `ACL`, `CLIENT`,
/// `INFO` and `PING`.
pub struct ExternalRedis {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    user: Option<String>,
    password: Option<SecretString>,
}

/// A URL is not a valid upstream. No text repeats the URL, which holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExternalRedisError {
    /// The scheme is neither `redis` nor `rediss`.
    #[error("an upstream starts with redis:// or rediss://")]
    Scheme,
    /// The host is missing.
    #[error("the upstream has no host")]
    Host,
    /// There is a path other than database 0; clients select databases themselves.
    #[error("an upstream is redis://user:password@host:port, without a path, a query or a fragment")]
    Path,
    /// An invalid percent encoding.
    #[error("the user or password of the upstream is not UTF-8 in percent-encoding")]
    Credentials,
    /// A user without a password.
    #[error("the upstream has a user and no password")]
    NoPassword,
    /// TLS without a CA to verify the certificate.
    #[error("an upstream with rediss:// needs the authority of its certificate in Certward.Redis.UpstreamCa")]
    NoAuthority,
    /// A CA certificate is invalid.
    #[error("a certificate of Certward.Redis.UpstreamCa cannot be trusted: {0}")]
    Authority(String),
}

impl ExternalRedis {
    /// Parses `url`. With `rediss`, the certificate must chain to one of `authorities`.
    ///
    /// # Errors
    ///
    /// `ExternalRedisError`.
    pub fn new(url: &Url, authorities: &[CertificateDer<'_>]) -> Result<Self, ExternalRedisError> {
        let is_tls = match url.scheme() {
            "redis" => false,
            "rediss" => true,
            _ => return Err(ExternalRedisError::Scheme),
        };
        if !matches!(url.path(), "" | "/" | "/0") || url.query().is_some() || url.fragment().is_some() {
            return Err(ExternalRedisError::Path);
        }
        let host = host(url).ok_or(ExternalRedisError::Host)?;
        let user = decoded(url.username())?.filter(|user| !user.is_empty());
        let password = url.password().map(decoded).transpose()?.flatten();
        if user.is_some() && password.is_none() {
            return Err(ExternalRedisError::NoPassword);
        }
        let tls = if is_tls {
            let name = ServerName::try_from(host.clone()).map_err(|_| ExternalRedisError::Host)?;
            Some((connector(authorities)?, name))
        } else {
            None
        };
        Ok(Self {
            host,
            port: url.port().unwrap_or(DEFAULT_PORT),
            tls,
            user,
            password: password.map(SecretString::from),
        })
    }

    /// The server's user there; Redis's `default` unless the URL names one.
    pub(super) fn user(&self) -> &str {
        self.user.as_deref().unwrap_or("default")
    }

    /// The command that logs the server in, if a password is set.
    pub(super) fn login(&self) -> Option<Command> {
        let password = self.password.as_ref()?.expose_secret();
        Some(match &self.user {
            Some(user) => Command::new("AUTH", [user.as_str(), password]),
            None => Command::new("AUTH", [password]),
        })
    }

    /// The command that logs the server in, if a password is set. Its reply holds the connection's number.
    pub(super) fn hello(&self) -> Command {
        match &self.password {
            Some(password) => Command::new("HELLO", ["2", "AUTH", self.user(), password.expose_secret()]),
            None => Command::new("HELLO", ["2"]),
        }
    }

    /// Opens a connection.
    ///
    /// # Errors
    ///
    /// Any I/O or TLS error.
    pub(super) async fn connect(&self) -> io::Result<EngineStream> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        tcp.set_nodelay(true)?;
        match &self.tls {
            None => Ok(EngineStream::Tcp(tcp)),
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), tcp).await?;
                Ok(EngineStream::Tls(Box::new(stream)))
            }
        }
    }
}

impl fmt::Debug for ExternalRedis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalRedis")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// `host:port`.
impl fmt::Display for ExternalRedis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

fn host(url: &Url) -> Option<String> {
    Some(match url.host()? {
        // Schemes that the URL standard does not know have hosts of one kind only.
        Host::Domain("") => return None,
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    })
}

/// Percent decoding: RFC 3986, section 2.1.
fn decoded(text: &str) -> Result<Option<String>, ExternalRedisError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
            let (Some(high), Some(low)) = (digit(), digit()) else {
                return Err(ExternalRedisError::Credentials);
            };
            u8::try_from(high * 16 + low).expect("two hexadecimal digits are a byte")
        } else {
            byte
        });
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(ExternalRedisError::Credentials),
    }
}

fn connector(authorities: &[CertificateDer<'_>]) -> Result<TlsConnector, ExternalRedisError> {
    if authorities.is_empty() {
        return Err(ExternalRedisError::NoAuthority);
    }
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots
            .add(authority.clone().into_owned())
            .map_err(|error| ExternalRedisError::Authority(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ExternalRedisError::Authority(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Redis's default.
const DEFAULT_PORT: u16 = 6379;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: Result<(&str, &str, Option<&str>), ExternalRedisError>) {
        let upstream = ExternalRedis::new(&url.parse().unwrap(), &[]);
        let seen = upstream.as_ref().map(|upstream| {
            let password = upstream.password.as_ref().map(|password| password.expose_secret());
            (
                upstream.to_string(),
                upstream.user().to_owned(),
                password.map(str::to_owned),
            )
        });
        let expected =
            expected.map(|(at, user, password)| (at.to_owned(), user.to_owned(), password.map(str::to_owned)));
        assert_eq!(seen.map_err(Clone::clone), expected, "{url}");
        let shown = format!("{upstream:?}");
        assert!(!shown.contains("p w") && !shown.contains("p%20w"), "{shown}");
    }

    #[test]
    fn an_upstream_is_a_url_of_redis_with_credentials_or_none() {
        check("redis://cache", Ok(("cache:6379", "default", None)));
        check("redis://127.0.0.1:7000/", Ok(("127.0.0.1:7000", "default", None)));
        check("redis://[::1]:7000", Ok(("::1:7000", "default", None)));
        check("redis://ops:p%20w%C3%A4@cache", Ok(("cache:6379", "ops", Some("p wä"))));
        check("redis://:p%20w@cache", Ok(("cache:6379", "default", Some("p w"))));
        check("redis://:@cache", Ok(("cache:6379", "default", None)));
        check("redis://ops@cache", Err(ExternalRedisError::NoPassword));
        check("redis://ops:%ff@cache", Err(ExternalRedisError::Credentials));
        check("redis://cache/0", Ok(("cache:6379", "default", None)));
        check("redis://cache/3", Err(ExternalRedisError::Path));
        check("redis://cache?x=1", Err(ExternalRedisError::Path));
        check("http://cache", Err(ExternalRedisError::Scheme));
        check("redis:cache", Err(ExternalRedisError::Path));
        check("rediss://cache", Err(ExternalRedisError::NoAuthority));
    }
}
