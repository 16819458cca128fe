//! Recognizes other senders in the place of the API, by the body of their response.

use std::fmt;

use http::{Method, StatusCode};

use super::error::UnknownBody;
use crate::pki::Printable;

/// The sender of a response that does not come from the API.
///
/// `Display` completes "the server answered 404 with …". It shows at most the title of a page, because a server could
/// echo the request in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignAnswer {
    /// RavenDB.
    RavenDb,
    /// Redis Enterprise.
    RedisEnterprise,
    /// A web server: it sent a page.
    WebPage {
        /// The page's title, on one line, at most 100 characters of it.
        title: Option<String>,
    },
    /// Something that sends JSON of another form than both APIs.
    Json,
    /// Something that sends neither JSON nor a page.
    Other,
    /// Something that sends nothing beside the status.
    Nothing,
}

impl ForeignAnswer {
    /// The sender of a body in which its API finds neither error code nor message, nor the expected object.
    pub(crate) fn of(body: &[u8]) -> Self {
        let body = body.trim_ascii();
        if body.is_empty() {
            return Self::Nothing;
        }
        if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
            let has_text = |member: &str| json.get(member).is_some_and(serde_json::Value::is_string);
            return if has_text("error_code") {
                Self::RedisEnterprise
            } else if has_text("Type") && (has_text("Message") || has_text("Error")) {
                Self::RavenDb
            } else {
                Self::Json
            };
        }
        let start = String::from_utf8_lossy(&body[..body.len().min(LONGEST_START)]);
        let lower = start.to_ascii_lowercase();
        if lower.starts_with('<') && (lower.contains("<html") || lower.contains("<!doctype html")) {
            return Self::WebPage {
                title: title(&start, &lower),
            };
        }
        Self::Other
    }

    /// Returns `true` if a response with this status certainly, or almost certainly, comes from another server, so that
    /// it says nothing about the object of the request. The APIs may send other refusals without a body, and so may a
    /// proxy.
    fn is_certain(&self, status: StatusCode, method: &Method) -> bool {
        let lacks_route = matches!(status.as_u16(), 404 | 405 | 410 | 501);
        match self {
            Self::RavenDb | Self::RedisEnterprise => true,
            Self::WebPage { .. } | Self::Json | Self::Other => lacks_route,
            Self::Nothing => lacks_route && method == Method::GET,
        }
    }
}

impl UnknownBody {
    /// Classifies the body of a refusal in which its API finds neither error code nor message.
    pub(crate) fn of(status: StatusCode, method: &Method, body: &[u8]) -> Option<Self> {
        let sent_by = ForeignAnswer::of(body);
        let is_certain = sent_by.is_certain(status, method);
        (is_certain || sent_by != ForeignAnswer::Nothing).then_some(Self { sent_by, is_certain })
    }

    /// Returns `true` if another server sent a 404 that could otherwise mean that the object does not exist. RavenDB
    /// sends it without a body.
    pub(crate) fn speaks_of_no_object(&self) -> bool {
        self.is_certain && !matches!(self.sent_by, ForeignAnswer::Nothing | ForeignAnswer::Json)
    }
}

impl fmt::Display for ForeignAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RavenDb => f.write_str("an error of RavenDB"),
            Self::RedisEnterprise => f.write_str("an error of Redis Enterprise"),
            Self::WebPage { title: Some(title) } => write!(f, "a web page, \"{title}\""),
            Self::WebPage { title: None } => f.write_str("a web page"),
            Self::Json => f.write_str("JSON of another form than this API's"),
            Self::Other => f.write_str("what is neither JSON nor a web page"),
            Self::Nothing => f.write_str("nothing more"),
        }
    }
}

/// The title of a page; `lower` is the page in lower case.
fn title(page: &str, lower: &str) -> Option<String> {
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let title = page.get(start..end)?.split_whitespace().collect::<Vec<_>>().join(" ");
    let title = Printable::line(&title).at_most(LONGEST_TITLE).to_string();
    (!title.is_empty()).then_some(title)
}

/// Of a body, which may be as long as an answer.
const LONGEST_START: usize = 8 * 1024;
const LONGEST_TITLE: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answered_is_told_by_its_body() {
        let page = |title: &str| ForeignAnswer::WebPage {
            title: Some(title.to_owned()),
        };
        for (body, expected) in [
            ("", ForeignAnswer::Nothing),
            (" \r\n", ForeignAnswer::Nothing),
            (
                r#"{"Url":"/v1/users","Type":"Raven.Client.Exceptions.Routing.RouteNotFoundException","Message":"no handler"}"#,
                ForeignAnswer::RavenDb,
            ),
            (
                r#"{"error_code":"not_found","description":"no such path"}"#,
                ForeignAnswer::RedisEnterprise,
            ),
            (r#"{"errors":["not found"]}"#, ForeignAnswer::Json),
            (r#""text""#, ForeignAnswer::Json),
            ("404 page not found", ForeignAnswer::Other),
            ("<?xml version=\"1.0\"?><Error/>", ForeignAnswer::Other),
            (
                "<html>\n<head><title>404\n  Not Found</title></head></html>",
                page("404 Not Found"),
            ),
            (
                "<!DOCTYPE HTML PUBLIC \"\"><TITLE lang=en>400 No required \u{202e}SSL certificate</TITLE>",
                page("400 No required \\u{202e}SSL certificate"),
            ),
            ("<html><title></title></html>", ForeignAnswer::WebPage { title: None }),
            ("<html>", ForeignAnswer::WebPage { title: None }),
        ] {
            assert_eq!(ForeignAnswer::of(body.as_bytes()), expected, "{body}");
        }
        let endless = format!("<html><title>{}</title>", "x".repeat(5_000));
        let shown = ForeignAnswer::of(endless.as_bytes()).to_string();
        assert!(shown.len() < 200, "{shown}");
        _ = ForeignAnswer::of("<html>é<title>é".repeat(2_000).as_bytes());
    }
}
