//! Request bodies: plain, gzip-compressed, or in a form where one is accepted.

use std::io::Read as _;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use zeroize::Zeroizing;

use super::json::{self, Object};
use super::problem::Problem;
use crate::api::Services;
use crate::usecases::Asked;
use certward_transport::http::{BODIES, BodyError, LARGE, aside};

/// A request's body after decompression, wiped on drop: it may hold a password or a private key.
///
/// The sender determines how long it takes to arrive. Therefore the caller's rights are checked again afterwards.
pub(super) struct RequestBody {
    content_type: Option<String>,
    content: Zeroizing<Vec<u8>>,
}

impl RequestBody {
    /// The object in the body, regardless of the content type.
    ///
    /// # Errors
    ///
    /// As [`json::read`].
    pub(super) async fn object(self) -> Result<Object, Problem> {
        self.read(Self::as_object).await
    }

    /// The object in the body or, if the content type is a form's, in its field `Options`. A form without that field
    /// counts as an empty body (`docs/contracts/ravendb.md#observations`, 10).
    ///
    /// # Errors
    ///
    /// Like [`json::read`]; also for a multipart form without a boundary.
    pub(super) async fn object_or_form(self) -> Result<Object, Problem> {
        self.read(Self::as_object_or_form).await
    }

    /// The body of a request before admission: at most `limit` bytes, and not decompressed, because a compressed body
    /// may cost a thousand times as much as sending it.
    pub(super) async fn of_a_stranger(request: Request, limit: usize) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if is_compressed(&parts.headers)? {
            return Err(Problem::no_coding_here());
        }
        let content = collected(body, limit).await?;
        Ok(Self::with(&parts.headers, content))
    }

    fn with(headers: &HeaderMap, content: Zeroizing<Vec<u8>>) -> Self {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Self {
            content_type: content_type.map(str::to_owned),
            content,
        }
    }

    async fn read(self, read: fn(&Self) -> Result<Object, Problem>) -> Result<Object, Problem> {
        if self.content.len() > LARGE {
            aside(&BODIES, move || read(&self)).await
        } else {
            read(&self)
        }
    }

    fn as_object(&self) -> Result<Object, Problem> {
        Ok(json::read(&self.content)?)
    }

    fn as_object_or_form(&self) -> Result<Object, Problem> {
        let content_type = self.content_type.as_deref().unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let options = url::form_urlencoded::parse(&self.content).filter(|(name, _)| name == OPTIONS);
            let options = only(options.map(|(_, value)| Zeroizing::new(value.into_owned())))?;
            let options = options.unwrap_or_default();
            // The form's decoder puts it in the place of bytes that are no UTF-8.
            if options.contains(char::REPLACEMENT_CHARACTER) {
                return Err(Problem::unreadable_body("the field 'Options' of the form is not UTF-8"));
            }
            Ok(json::read(options.as_bytes())?)
        } else if media_type.eq_ignore_ascii_case("multipart/form-data") {
            let boundary = boundary(content_type)
                .ok_or_else(|| Problem::invalid_data("the content type of the form has no boundary"))?;
            Ok(json::read(
                only(multipart_fields(&self.content, boundary, OPTIONS).into_iter())?.unwrap_or_default(),
            )?)
        } else {
            self.as_object()
        }
    }
}

impl FromRequest<Arc<Services>> for RequestBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<Services>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let limit = app.settings.body_bytes;
        let is_compressed = is_compressed(&parts.headers)?;
        let content = collected(body, limit).await?;
        let content = if is_compressed {
            // A thousandth of the limit may come out as all of it.
            aside(&BODIES, move || decompressed(&content, limit)).await?
        } else {
            content
        };
        if let Some(asked) = parts.extensions.get::<Asked>() {
            app.authority.look_again(asked)?;
        }
        Ok(Self::with(&parts.headers, content))
    }
}

async fn collected(body: Body, limit: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    match http_body_util::Limited::new(body, limit).collect().await {
        Ok(content) => Ok(Zeroizing::new(Vec::from(content.to_bytes()))),
        Err(error) => Err(unread(&*error, limit)),
    }
}

fn unread(error: &(dyn std::error::Error + 'static), limit: usize) -> Problem {
    match BodyError::within(error) {
        Some(BodyError::TimedOut { .. }) => Problem::request_timeout("the request body did not arrive in time"),
        Some(BodyError::Broken(_)) => Problem::unreadable_body("the request body broke off"),
        Some(BodyError::TooLarge { limit }) => Problem::body_too_large(*limit),
        None if error.is::<http_body_util::LengthLimitError>() => Problem::body_too_large(limit),
        None => Problem::unreadable_body("the request body broke off"),
    }
}

/// Returns `true` if the header declares the body as gzip (observed record `164-post-gzip-body`).
fn is_compressed(headers: &HeaderMap) -> Result<bool, Problem> {
    let coding = headers
        .get(header::CONTENT_ENCODING)
        .map(|value| value.to_str().unwrap_or("?").trim());
    match coding {
        None | Some("") => Ok(false),
        Some(coding) if coding.eq_ignore_ascii_case("identity") => Ok(false),
        Some(coding) if coding.eq_ignore_ascii_case("gzip") => Ok(true),
        Some(_) => Err(Problem::unsupported_coding()),
    }
}

/// Decompresses gzip; the limit applies to the result as well.
fn decompressed(content: &[u8], limit: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(content.len().saturating_mul(4).min(limit)));
    // One byte more than is taken tells a body that is too large from one that just fits.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    match MultiGzDecoder::new(content).take(most).read_to_end(&mut decoded) {
        Ok(_) if decoded.len() > limit => Err(Problem::body_too_large(limit)),
        Ok(_) => Ok(decoded),
        Err(_) => Err(Problem::invalid_data(
            "the request body is not gzip although its header says so",
        )),
    }
}

/// The `boundary` of a multipart content type.
fn boundary(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("boundary") && (1..=70).contains(&value.len())).then_some(value)
    })
}

/// The single value of a field, if it is present.
fn only<T>(mut values: impl Iterator<Item = T>) -> Result<Option<T>, Problem> {
    let first = values.next();
    match values.next() {
        None => Ok(first),
        Some(_) => Err(Problem::unreadable_body(format!(
            "the field '{OPTIONS}' of the form is given more than once"
        ))),
    }
}

/// The content of each part with this name (RFC 7578). An incomplete part is ignored.
fn multipart_fields<'a>(form: &'a [u8], boundary: &str, wanted: &str) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    let delimiter = format!("--{boundary}");
    let Some(start) = find(form, delimiter.as_bytes()) else {
        return found;
    };
    let mut rest = &form[start + delimiter.len()..];
    let end_marker = format!("\r\n{delimiter}");
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let Some(head_end) = find(part, b"\r\n\r\n") else { break };
        let content = &part[head_end + 4..];
        // An empty part has its delimiter right after the blank line.
        let Some(end) = find(content, end_marker.as_bytes()) else {
            break;
        };
        let head = String::from_utf8_lossy(&part[..head_end]);
        if head.split("\r\n").any(|line| names_field(line, wanted)) {
            found.push(&content[..end]);
        }
        rest = &content[end + end_marker.len()..];
    }
    found
}

/// Returns `true` if a header line declares the part as the field `wanted`.
fn names_field(line: &str, wanted: &str) -> bool {
    let Some((header, value)) = line.split_once(':') else {
        return false;
    };
    header.eq_ignore_ascii_case("content-disposition")
        && value.split(';').skip(1).any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("name") && value.trim().trim_matches('"') == wanted
            })
        })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// The field in which the Studio sends the definition.
const OPTIONS: &str = "Options";

#[cfg(test)]
mod tests {
    use super::super::json::Properties as _;
    use super::*;

    fn body(content_type: &str, content: &str) -> RequestBody {
        RequestBody {
            content_type: Some(content_type.to_owned()),
            content: Zeroizing::new(content.as_bytes().to_vec()),
        }
    }

    #[test]
    fn a_multipart_form_holds_the_object_in_its_options() {
        let form = "--b1\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b1\r\n\
                    content-disposition: form-data; name=\"Options\"\r\nContent-Type: text/plain\r\n\r\n\
                    {\"Name\":\"form1\"}\r\n--b1--\r\n";
        let object = body("multipart/form-data; boundary=\"b1\"", form)
            .as_object_or_form()
            .unwrap();
        assert_eq!(object.text("Name"), Some("form1"));
    }

    #[test]
    fn an_urlencoded_form_holds_the_object_in_its_options() {
        let form = "a=b&Options=%7B%22Name%22%3A%22form2%22%7D";
        let object = body("application/x-www-form-urlencoded", form)
            .as_object_or_form()
            .unwrap();
        assert_eq!(object.text("Name"), Some("form2"));
    }

    #[test]
    fn a_form_without_options_counts_as_an_empty_body() {
        for (content_type, content) in [
            ("application/x-www-form-urlencoded", "{\"Name\":\"x\"}"),
            ("multipart/form-data; boundary=b", "{\"Name\":\"x\"}"),
            (
                "multipart/form-data; boundary=b",
                "--b\r\nContent-Disposition: form-data; name=\"Options\"\r\n\r\n{}",
            ),
            ("multipart/form-data", "--b--"),
        ] {
            assert!(
                body(content_type, content).as_object_or_form().is_err(),
                "{content_type}: {content}"
            );
        }
    }

    #[test]
    fn a_form_with_two_options_or_bytes_that_are_no_text_is_refused() {
        let part = "--b\r\nContent-Disposition: form-data; name=\"Options\"\r\n\r\n{\"Name\":\"a\"}\r\n";
        for (content_type, content) in [
            ("multipart/form-data; boundary=b", format!("{part}{part}--b--\r\n")),
            (
                "application/x-www-form-urlencoded",
                "Options=%7B%7D&Options=%7B%22Name%22%3A%22b%22%7D".to_owned(),
            ),
            (
                "application/x-www-form-urlencoded",
                "Options=%7B%22Name%22%3A%22%ff%22%7D".to_owned(),
            ),
        ] {
            assert!(
                body(content_type, &content).as_object_or_form().is_err(),
                "{content_type}: {content}"
            );
        }
    }

    #[test]
    fn any_other_content_type_is_json() {
        for content_type in ["application/json", "text/plain", "image/png", ""] {
            let object = body(content_type, "{\"Name\":\"x\"}").as_object_or_form().unwrap();
            assert_eq!(object.text("Name"), Some("x"), "{content_type}");
        }
    }
}
