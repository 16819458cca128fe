//! Protection against requests that another site's page makes a browser send.
//!
//! A browser presents its user's certificate to every server that a page makes it contact, and simple requests need no
//! preflight: without this check any page could administer a server through an administrator's browser. Browsers name
//! the page's site in `Origin` (RFC 6454) in every such request; programs send no such field.

use axum::extract::Request;
use http::header;
use url::Url;

/// Protection against requests that another site's page makes a browser send (`Security.Csrf.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginSettings {
    /// Refuses such requests.
    pub enabled: bool,
    /// Trusted sites, as `https://host:port` in lower case, whose pages may send requests nevertheless.
    pub trusted_origins: Vec<String>,
}

/// The sites whose pages may send requests.
#[derive(Debug)]
pub struct Origins {
    enabled: bool,
    trusted: Vec<String>,
}

impl Origins {
    /// The server's own site, and those in the settings.
    pub fn new(settings: &OriginSettings, listening_url: &Url) -> Self {
        let mut trusted = settings.trusted_origins.clone();
        trusted.push(listening_url.origin().ascii_serialization());
        Self {
            enabled: settings.enabled,
            trusted,
        }
    }

    /// Returns `true` if a page of an untrusted site made a browser send this request.
    pub fn refuse(&self, request: &Request) -> bool {
        if !self.enabled {
            return false;
        }
        // A browser sends one; of several, each must be trusted.
        request.headers().get_all(header::ORIGIN).iter().any(|origin| {
            let Ok(origin) = origin.to_str() else { return true };
            let origin = origin.to_ascii_lowercase();
            !origin.is_empty() && !self.trusted.contains(&origin) && !is_own(&origin, request)
        })
    }
}

/// Returns `true` if the page has the same origin as this request's target.
fn is_own(origin: &str, request: &Request) -> bool {
    let authority = match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers().get(header::HOST).and_then(|host| host.to_str().ok()),
    };
    let site = |text: &str| {
        Url::parse(text)
            .ok()
            .map(|url| url.origin())
            .filter(url::Origin::is_tuple)
    };
    authority.is_some_and(|authority| {
        let own = site(&format!("https://{authority}"));
        own.is_some() && own == site(origin)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(origin: Option<&str>, host: &str) -> bool {
        let origins = Origins::new(
            &OriginSettings {
                enabled: true,
                trusted_origins: vec!["https://studio.example".to_owned()],
            },
            &Url::parse("https://db.example:8443").unwrap(),
        );
        let mut request = http::Request::post("/admin/certificates").header(header::HOST, host);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        origins.refuse(&request.body(axum::body::Body::empty()).unwrap())
    }

    #[test]
    fn a_request_without_an_origin_is_a_programs() {
        assert!(!refused(None, "db.example:8443"));
    }

    #[test]
    fn a_page_of_another_site_is_refused() {
        for origin in [
            "https://evil.example",
            "http://db.example:8443",
            "https://db.example",
            "https://db.example:8443.evil.example",
            "null",
            "not an origin",
        ] {
            assert!(refused(Some(origin), "db.example:8443"), "{origin}");
        }
    }

    #[test]
    fn a_page_of_the_server_itself_or_of_a_trusted_site_is_not() {
        assert!(!refused(Some("https://db.example:8443"), "db.example:8443"));
        assert!(
            !refused(Some("https://10.1.2.3"), "10.1.2.3:443"),
            "by another of its addresses"
        );
        assert!(!refused(Some("https://studio.example"), "db.example:8443"));
    }
}
