//! Request bodies: JSON by their header, read in one go, wiped after use.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use zeroize::Zeroizing;

use super::Dialect;
use super::json::{self, Body, Object, Request as Of};
use super::problem::{Code, Problem};
use crate::cluster::Asked;
use certward_transport::http::{BODIES, BodyError, LARGE, aside};

/// A request's body, wiped on drop: it may hold a password or a private key.
///
/// The sender determines how long it takes to arrive. Therefore the caller's rights are checked again afterwards.
pub(super) struct RequestBody {
    content: Zeroizing<Vec<u8>>,
}

impl RequestBody {
    /// The object that the body is.
    ///
    /// # Errors
    ///
    /// As [`json::read`].
    pub(super) async fn object(self) -> Result<Object, Problem> {
        let is_large = self.content.len() > LARGE;
        let read = move || json::read(&self.content);
        Ok(if is_large { aside(&BODIES, read).await } else { read() }?)
    }

    /// The new object that the body is.
    ///
    /// # Errors
    ///
    /// As [`json::read`] and [`json::check`].
    pub(super) async fn read<T: Body>(self) -> Result<T, Problem> {
        typed(&self.object().await?)
    }

    /// The new object that the body is; one without members when there is no body.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub(super) async fn read_if_any<T: Body>(self) -> Result<T, Problem> {
        typed(&self.object_if_any().await?)
    }

    /// The object that the body is; an empty one when there is no body.
    ///
    /// # Errors
    ///
    /// As [`json::read`].
    pub(super) async fn object_if_any(self) -> Result<Object, Problem> {
        if self.content.trim_ascii().is_empty() {
            Ok(Object::default())
        } else {
            self.object().await
        }
    }

    /// The body of a request whose sender is not let in yet.
    pub(super) async fn of_a_stranger(headers: &HeaderMap, body: axum::body::Body) -> Result<Self, Problem> {
        Self::received(headers, body, MAX_OF_A_STRANGER).await
    }

    async fn received(headers: &HeaderMap, body: axum::body::Body, limit: usize) -> Result<Self, Problem> {
        refuse_coding(headers)?;
        let content = match http_body_util::Limited::new(body, limit).collect().await {
            Ok(content) => Zeroizing::new(Vec::from(content.to_bytes())),
            Err(error) => return Err(unread(&*error, limit)),
        };
        if !content.is_empty() && !is_json(headers) {
            return Err(Problem::new(
                Code::InvalidContentType,
                "the header Content-Type must be application/json",
            ));
        }
        Ok(Self { content })
    }
}

impl FromRequest<Arc<Dialect>> for RequestBody {
    type Rejection = Problem;

    async fn from_request(request: Request, dialect: &Arc<Dialect>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let content = Self::received(&parts.headers, body, dialect.app.settings.body_bytes).await?;
        if let Some(asked) = parts.extensions.get::<Asked>() {
            dialect.app.cluster.look_again(asked)?;
        }
        Ok(content)
    }
}

/// A new object with these members.
fn typed<T: Body>(object: &Object) -> Result<T, Problem> {
    json::check(object, T::SCHEMA, Of::New)?;
    Ok(T::of(object)?)
}

/// Returns `true` when the content type is JSON (`docs/contracts/redis-enterprise.md#wire-conventions`: an invalid
/// header answers 400).
fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            let media_type = value.split(';').next().unwrap_or_default().trim();
            media_type.eq_ignore_ascii_case("application/json")
        })
}

fn refuse_coding(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::CONTENT_ENCODING).map(header::HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(()),
        Some(_) => Err(Problem::new(
            Code::UnsupportedCoding,
            "the header Content-Encoding must be left out: bodies are taken as they are",
        )),
    }
}

fn unread(error: &(dyn std::error::Error + 'static), limit: usize) -> Problem {
    let too_large = |limit| Problem::new(Code::RequestTooLarge, format!("the body is larger than {limit} bytes"));
    match BodyError::within(error) {
        Some(BodyError::TimedOut { .. }) => Problem::new(Code::RequestTimeout, "the body did not arrive in time"),
        Some(BodyError::TooLarge { limit }) => too_large(*limit),
        None if error.is::<http_body_util::LengthLimitError>() => too_large(limit),
        Some(BodyError::Broken(_)) | None => Problem::new(Code::InvalidJson, "the body broke off"),
    }
}

/// For a name and a password: bytes.
const MAX_OF_A_STRANGER: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_body_is_json_by_its_header() {
        for (value, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/x-www-form-urlencoded", false),
            ("text/plain", false),
            ("application/jsonp", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            assert_eq!(is_json(&headers), expected, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
