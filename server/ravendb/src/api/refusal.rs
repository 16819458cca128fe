//! Refusals before a route's handler: the caller, the reason, and the level that would have sufficed.
//!
//! A program gets 403 (428 if only the one-time code is missing) with `Type` and `Message` only; a browser is
//! redirected to a page that explains it (`docs/contracts/ravendb.md#errors`).

use axum::response::{IntoResponse, Response};
use certward_pki::Certificate;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

use super::answer;
use crate::access::authn::Refusal;
use crate::model::clearance::Level;
use certward_certificates::certificate::shown;

/// A caller without the right.
#[derive(Debug)]
pub(super) struct Refused<'a> {
    /// The reason for the refusal.
    pub(super) reason: Reason,
    /// The certificate of the connection, if the client presented one that can be parsed.
    pub(super) certificate: Option<&'a Certificate>,
    /// The level that is required.
    pub(super) required: Required,
}

/// The reason why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The client presented no certificate, or one that cannot be parsed.
    NoCertificate,
    /// The certificate is not registered, or is disabled: the response is the same (record
    /// `924-admin-after-edit-disabled`).
    Unknown,
    /// The key is registered, but the issuer differs.
    UnfamiliarIssuer,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// A one-time code is required first.
    TwoFactorMissing,
    /// The caller is known, but its rank is too low.
    RankTooLow(Level),
}

/// The requirement of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Required {
    /// At least this rank.
    Level(Level),
    /// None, except that browsers without a usable certificate get the explanation (record `672-studio-index-nocert`).
    Nothing,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "Type")]
    kind: &'a str,
    #[serde(rename = "Message")]
    message: &'a str,
}

impl Reason {
    /// The reason of a refusal at authentication.
    pub(super) fn of(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::NoCertificate | Refusal::Unreadable => Self::NoCertificate,
            Refusal::Expired { .. } => Self::Expired,
            Refusal::NotYetValid { .. } => Self::NotYetValid,
            Refusal::UnfamiliarIssuer => Self::UnfamiliarIssuer,
            Refusal::Disabled { .. } | Refusal::ThumbprintCollision | Refusal::Unknown => Self::Unknown,
        }
    }

    /// The number of the reason in the explaining page's URL (records `545`, `670`, `672`).
    fn number(self) -> u8 {
        match self {
            Self::NoCertificate => 1,
            Self::Unknown => 2,
            Self::UnfamiliarIssuer => 3,
            Self::RankTooLow(Level::ValidUser) => 4,
            Self::RankTooLow(Level::Operator) => 5,
            Self::RankTooLow(Level::ClusterAdmin) => 6,
            Self::Expired => 7,
            Self::NotYetValid => 8,
            Self::TwoFactorMissing => 9,
        }
    }
}

impl Required {
    fn number(self) -> u8 {
        match self {
            Self::Level(Level::ClusterAdmin) => 0,
            Self::Level(Level::Operator) => 1,
            Self::Level(Level::ValidUser) => 3,
            Self::Nothing => 4,
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Level(Level::ClusterAdmin) => " ClusterAdmin access is required here.",
            Self::Level(Level::Operator) => " Operator/ClusterAdmin access is required here.",
            Self::Level(Level::ValidUser) | Self::Nothing => "",
        }
    }
}

impl Refused<'_> {
    /// The response to a request with these headers.
    pub(super) fn answer(&self, headers: &HeaderMap) -> Response {
        if accepts_html(headers) {
            return self.redirect();
        }
        let status = match self.reason {
            Reason::TwoFactorMissing => StatusCode::PRECONDITION_REQUIRED,
            _ => StatusCode::FORBIDDEN,
        };
        let from_browser = !headers.contains_key("raven-client-version");
        answer::unrouted_json(
            status,
            &Body {
                kind: "InvalidAuth",
                message: &self.message(from_browser),
            },
        )
    }

    fn redirect(&self) -> Response {
        let location = format!(
            "/auth-error.html?ae={}&ao={}&rt=Server",
            self.reason.number(),
            self.required.number()
        );
        let mut response = (StatusCode::FOUND, [(header::CONTENT_TYPE, answer::JSON)]).into_response();
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }

    fn message(&self, from_browser: bool) -> String {
        let who = self.certificate.map(described).unwrap_or_default();
        let hint = if from_browser { BROWSER_HINT } else { "" };
        let mut message = match self.reason {
            Reason::NoCertificate => {
                format!("The server requires client certificate authentication, but none was provided.{hint}")
            }
            Reason::Unknown => format!(
                "The client certificate {who} is unknown to the server. Ask an administrator to register it.{hint}"
            ),
            Reason::UnfamiliarIssuer => format!(
                "The client certificate {who} is unknown to the server but has a known Public Key Pinning Hash. It is \
                 not taken for a renewal because its issuer is unknown.{hint}"
            ),
            Reason::Expired => format!(
                "The client certificate {who} has expired on {}.",
                self.date(|validity| validity.not_after)
            ),
            Reason::NotYetValid => {
                format!(
                    "The client certificate {who} cannot be used before {}.",
                    self.date(|validity| validity.not_before)
                )
            }
            Reason::TwoFactorMissing => format!(
                "The client certificate {who} requires two factor authorization: POST a one-time code to \
                 /authentication/2fa first."
            ),
            Reason::RankTooLow(Level::ValidUser) => {
                format!("Could not authorize access to the server for the client certificate {who}.")
            }
            Reason::RankTooLow(_) => {
                format!("Insufficient security clearance to access the server with the client certificate {who}.")
            }
        };
        message.push_str(self.required.sentence());
        message
    }

    fn date(&self, of: impl Fn(certward_pki::Validity) -> OffsetDateTime) -> String {
        self.certificate
            .map(|certificate| long_date(of(certificate.validity())))
            .unwrap_or_default()
    }
}

/// Returns `true` if the client accepts HTML, as browsers do.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.to_ascii_lowercase().contains("text/html"))
}

fn described(certificate: &Certificate) -> String {
    format!(
        "'{}(Thumbprint: {})'",
        shown(certificate.subject()),
        certificate.thumbprint()
    )
}

fn long_date(date: OffsetDateTime) -> String {
    date.format(format_description!("[weekday], [day] [month repr:long] [year]"))
        .unwrap_or_default()
}

const BROWSER_HINT: &str =
    "\nA browser that has cached its certificate store needs a new private window to see a new certificate.";
