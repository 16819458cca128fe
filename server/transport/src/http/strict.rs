//! Refuses requests that two HTTP implementations could interpret differently, before they reach a route.
//!
//! hyper frames requests correctly, so nothing can be smuggled past this server. But a proxy in front of it, or a
//! server behind it, may pick the other of two `Host` fields, or not decode a transfer coding that this server does not
//! decode either. RFC 9112 requires these refusals (sections 3.2 and 6.1). Cases that hyper decides alone are tested in
//! `server/tests/it/front/request_lines.rs`: it accepts a bare LF as a line end and drops `Content-Length` beside
//! `Transfer-Encoding`, as RFC 9112 allows (sections 2.2 and 6.3), and then closes the connection.

use axum::body::Body;
use http::header::{self, HeaderName, HeaderValue};
use http::uri::Authority;
use http::{HeaderMap, Request, Response, StatusCode, Version};

/// The reason why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Ambiguous {
    /// A header field that may occur once is repeated.
    #[error("the header {0} is given more than once; send it once")]
    Repeated(HeaderName),
    /// An HTTP/1.1 request has no `Host`.
    #[error("the header Host is missing; send one")]
    NoHost,
    /// `Host` is not a host with an optional port.
    #[error("the header Host must be a host name or address with an optional port")]
    Host,
    /// `Host` differs from the host of the request's target.
    #[error("the header Host differs from the host of the request's target; send the same")]
    OtherHost,
    /// The transfer coding is not implemented.
    #[error("the header Transfer-Encoding must be chunked; no other transfer coding is implemented")]
    TransferCoding,
}

impl Ambiguous {
    fn status(&self) -> StatusCode {
        match self {
            // RFC 9112, section 6.1.
            Self::TransferCoding => StatusCode::NOT_IMPLEMENTED,
            Self::Repeated(_) | Self::NoHost | Self::Host | Self::OtherHost => StatusCode::BAD_REQUEST,
        }
    }

    /// The response, after which nothing more is read from an HTTP/1 connection.
    pub(super) fn answer(&self, version: Version) -> Response<Body> {
        let mut response = Response::new(Body::from(format!("{self}\n")));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        if version <= Version::HTTP_11 {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Refuses a request whose header is ambiguous.
///
/// # Errors
///
/// [`Ambiguous`] for the first fault.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Ambiguous> {
    let headers = request.headers();
    if let Some(name) = SINGLE
        .into_iter()
        .find(|name| headers.get_all(name).iter().nth(1).is_some())
    {
        return Err(Ambiguous::Repeated(name));
    }
    check_transfer_coding(headers)?;
    let target = request.uri().authority();
    match headers.get(header::HOST) {
        None if request.version() == Version::HTTP_11 => Err(Ambiguous::NoHost),
        None => Ok(()),
        Some(host) => check_host(host, target),
    }
}

fn check_transfer_coding(headers: &HeaderMap) -> Result<(), Ambiguous> {
    match headers.get(header::TRANSFER_ENCODING) {
        Some(coding) if !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => {
            Err(Ambiguous::TransferCoding)
        }
        _ => Ok(()),
    }
}

/// Clients send an empty `Host` for a target without a host (RFC 9112, section 3.2).
fn check_host(host: &HeaderValue, target: Option<&Authority>) -> Result<(), Ambiguous> {
    if host.is_empty() {
        return if target.is_none() {
            Ok(())
        } else {
            Err(Ambiguous::OtherHost)
        };
    }
    let host: Authority = host
        .to_str()
        .ok()
        .filter(|text| !text.contains('@'))
        .and_then(|text| text.parse().ok())
        .filter(has_right_port)
        .ok_or(Ambiguous::Host)?;
    match target {
        Some(target) if !is_same(&host, target) => Err(Ambiguous::OtherHost),
        _ => Ok(()),
    }
}

/// `Authority` accepts any text as port. An empty one means the default (RFC 3986, section 3.2.3).
fn has_right_port(authority: &Authority) -> bool {
    let after_host = &authority.as_str()[authority.host().len()..];
    matches!(after_host, "" | ":") || authority.port_u16().is_some()
}

fn is_same(host: &Authority, target: &Authority) -> bool {
    let port = |authority: &Authority| authority.port_u16().unwrap_or(HTTPS_PORT);
    host.host().eq_ignore_ascii_case(target.host()) && port(host) == port(target)
}

/// Fields of which this server reads one value. hyper compares repeated `Content-Length`.
const SINGLE: [HeaderName; 6] = [
    header::HOST,
    header::TRANSFER_ENCODING,
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::ORIGIN,
];

const HTTPS_PORT: u16 = 443;

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(version: Version, uri: &str, fields: &[(&str, &str)]) -> Result<(), Ambiguous> {
        let mut request = Request::builder().version(version).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap())
    }

    #[test]
    fn a_host_that_is_there_once_and_that_of_the_target_is_taken() {
        for (uri, host) in [
            ("/", "localhost"),
            ("/", "localhost:8443"),
            ("/", "127.0.0.1:1"),
            ("/", "[::1]:8443"),
            ("/", "a_b.example"),
            ("/", ""),
            ("https://a.example/", "A.example"),
            ("https://a.example/", "a.example:443"),
            ("https://a.example:8443/", "a.example:8443"),
        ] {
            assert_eq!(
                checked(Version::HTTP_11, uri, &[("host", host)]),
                Ok(()),
                "{uri} {host}"
            );
        }
        assert_eq!(checked(Version::HTTP_10, "/", &[]), Ok(()));
        assert_eq!(checked(Version::HTTP_2, "https://a.example/", &[]), Ok(()));
    }

    #[test]
    fn a_request_that_can_be_read_in_two_ways_is_refused() {
        let host = ("host", "a");
        let repeated = |name| Err(Ambiguous::Repeated(name));
        for (version, uri, fields, expected) in [
            (Version::HTTP_11, "/", &[][..], Err(Ambiguous::NoHost)),
            (Version::HTTP_11, "/", &[host, host], repeated(header::HOST)),
            (Version::HTTP_10, "/", &[host, ("host", "b")], repeated(header::HOST)),
            (Version::HTTP_11, "/", &[("host", "a, b")], Err(Ambiguous::Host)),
            (Version::HTTP_11, "/", &[("host", "a b")], Err(Ambiguous::Host)),
            (Version::HTTP_11, "/", &[("host", "u@a")], Err(Ambiguous::Host)),
            (Version::HTTP_11, "/", &[("host", "a/b")], Err(Ambiguous::Host)),
            (Version::HTTP_11, "/", &[("host", "a:http")], Err(Ambiguous::Host)),
            (Version::HTTP_11, "/", &[("host", "a:99999")], Err(Ambiguous::Host)),
            (Version::HTTP_11, "https://b/", &[host], Err(Ambiguous::OtherHost)),
            (Version::HTTP_2, "https://b/", &[host], Err(Ambiguous::OtherHost)),
            (
                Version::HTTP_11,
                "https://a/",
                &[("host", "")],
                Err(Ambiguous::OtherHost),
            ),
            (
                Version::HTTP_11,
                "https://a/",
                &[("host", "a:8443")],
                Err(Ambiguous::OtherHost),
            ),
            (
                Version::HTTP_11,
                "/",
                &[host, ("transfer-encoding", "gzip, chunked")],
                Err(Ambiguous::TransferCoding),
            ),
            (
                Version::HTTP_11,
                "/",
                &[host, ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
                repeated(header::TRANSFER_ENCODING),
            ),
            (
                Version::HTTP_11,
                "/",
                &[host, ("authorization", "Basic a"), ("authorization", "Basic b")],
                repeated(header::AUTHORIZATION),
            ),
            (
                Version::HTTP_2,
                "https://a/",
                &[("origin", "https://a"), ("origin", "https://b")],
                repeated(header::ORIGIN),
            ),
        ] {
            assert_eq!(checked(version, uri, fields), expected, "{version:?} {uri} {fields:?}");
        }
    }
}
