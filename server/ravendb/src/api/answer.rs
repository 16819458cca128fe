//! Responses, with the real server's headers for each kind (the presence of content type and version is part of the
//! wire format).

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

/// 200 with a JSON body.
pub(super) fn json<T: Serialize>(value: &T) -> Response {
    json_with_status(StatusCode::OK, value)
}

/// 200 with a JSON body that has been rendered by [`rendered`].
pub(super) fn json_body(body: Bytes) -> Response {
    with_version(with_content_type(StatusCode::OK, JSON, body))
}

/// The JSON text of one of the wire types.
pub(super) fn rendered<T: Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value)
        .expect("the wire types hold text, numbers and lists of them, which have a JSON form")
        .into()
}

/// A JSON body under any status, from a route that was found.
pub(super) fn json_with_status<T: Serialize>(status: StatusCode, value: &T) -> Response {
    with_version(unrouted_json(status, value))
}

/// A JSON body without the version header: refusals and unknown routes (observed records `002`, `162`).
pub(super) fn unrouted_json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    with_content_type(status, JSON, rendered(value))
}

/// A response without content: 201 and most 204 responses.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    with_version(response)
}

/// A status and the JSON content type without content: 404 responses, and the 204 responses of deletions (observed
/// records `304`, `430`, `722`).
pub(super) fn empty_json(status: StatusCode) -> Response {
    with_version(with_content_type(status, JSON, Bytes::new()))
}

/// A file to save under `name`.
pub(super) fn attachment(name: &str, content: Bytes) -> Response {
    let mut response = with_content_type(
        StatusCode::OK,
        HeaderValue::from_static("application/octet-stream"),
        content,
    );
    // Percent-escaped names are ASCII without control characters, so that this always is a header value.
    if let Ok(disposition) = HeaderValue::try_from(format!("attachment; filename={}", percent_escaped(name))) {
        response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
    }
    with_version(response)
}

/// A body of another type than JSON, from a route that was found.
pub(super) fn content(content_type: &'static str, body: Bytes) -> Response {
    with_version(with_content_type(
        StatusCode::OK,
        HeaderValue::from_static(content_type),
        body,
    ))
}

/// Adds the version header that clients require.
pub(super) fn with_version(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(RAVEN_SERVER_VERSION, HeaderValue::from_static(ASSEMBLY_VERSION));
    response
}

fn with_content_type(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Escapes everything except the unreserved characters of RFC 3986, section 2.3, as UTF-8 (observed records `139` to
/// `142`).
fn percent_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// The version of the API, as the real server of that version writes it.
pub(super) const ASSEMBLY_VERSION: &str = "7.2.7.72051";

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

const RAVEN_SERVER_VERSION: HeaderName = HeaderName::from_static("raven-server-version");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_escaped_as_the_real_server_does() {
        for (name, escaped) in [
            ("admin1.zip", "admin1.zip"),
            ("my \"cert\", 1.zip", "my%20%22cert%22%2C%201.zip"),
            ("../a/b.zip", "..%2Fa%2Fb.zip"),
            ("a,CN=evil.zip", "a%2CCN%3Devil.zip"),
            (
                "сертификат-ü.zip",
                "%D1%81%D0%B5%D1%80%D1%82%D0%B8%D1%84%D0%B8%D0%BA%D0%B0%D1%82-%C3%BC.zip",
            ),
            ("a\r\nb.zip", "a%0D%0Ab.zip"),
        ] {
            assert_eq!(percent_escaped(name), escaped);
        }
    }
}
