//! Determines the proxy for an endpoint as the HTTP client does, so that errors and logs can name it.

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

/// A proxy in front of an endpoint. Holds no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// Scheme, host and port.
    url: String,
    /// The setting that names it.
    named_by: &'static str,
}

impl Proxy {
    /// The proxy of the builder.
    pub(crate) fn of_builder(url: &Url) -> Self {
        Self {
            url: url.origin().ascii_serialization(),
            named_by: "proxy_url",
        }
    }

    /// The proxy that the environment names for this endpoint, or else the operating system.
    pub(crate) fn of_environment(endpoint: &Url) -> Option<Self> {
        Self::matched(&Matcher::from_system(), endpoint, |name| std::env::var(name).ok())
    }

    fn matched(matcher: &Matcher, endpoint: &Url, variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let destination: http::Uri = endpoint.as_str().parse().ok()?;
        let proxy = matcher.intercept(&destination)?;
        let (scheme, authority) = (proxy.uri().scheme_str()?, proxy.uri().authority()?.as_str());
        let host = authority.rsplit('@').next()?;
        // A value that names no proxy is passed over.
        let names_a_proxy = |name: &&&str| {
            let value = variable(name).unwrap_or_default();
            let alone = Matcher::builder().all(value).build();
            alone.intercept(&destination).is_some()
        };
        let own = match endpoint.scheme() {
            "https" => &["HTTPS_PROXY", "https_proxy"],
            _ => &["HTTP_PROXY", "http_proxy"],
        };
        let is_set = |names: &'static [&'static str]| names.iter().find(|name| variable(name).is_some());
        let named_by = [&own[..], &["ALL_PROXY", "all_proxy"]]
            .into_iter()
            .filter_map(is_set)
            .find(names_a_proxy);
        Some(Self {
            url: format!("{scheme}://{host}"),
            named_by: named_by.copied().unwrap_or("the system's settings"),
        })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {} ({})", self.url, self.named_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The proxy for an endpoint with these variables.
    fn found(endpoint: &str, variables: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some((*value).to_owned())
        };
        let first = |names: [&str; 2]| names.into_iter().find_map(variable).unwrap_or_default();
        let matcher = Matcher::builder()
            .all(first(["ALL_PROXY", "all_proxy"]))
            .http(first(["HTTP_PROXY", "http_proxy"]))
            .https(first(["HTTPS_PROXY", "https_proxy"]))
            .no(first(["NO_PROXY", "no_proxy"]))
            .build();
        let proxy = Proxy::matched(&matcher, &endpoint.parse().unwrap(), variable)?;
        Some(proxy.to_string())
    }

    #[test]
    fn the_proxy_is_named_with_its_variable_and_without_its_credentials() {
        const ENDPOINT: &str = "https://a.example:9443";
        let shown = |variable: &str| Some(format!("the proxy http://proxy.example:3128 ({variable})"));
        let url = "http://user:canary@proxy.example:3128/path";
        for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            assert_eq!(found(ENDPOINT, &[(variable, url)]), shown(variable));
            assert_eq!(found(ENDPOINT, &[(variable, "proxy.example:3128")]), shown(variable));
        }
        let several = [("HTTPS_PROXY", url), ("ALL_PROXY", "http://other.example")];
        assert_eq!(found(ENDPOINT, &several), shown("HTTPS_PROXY"));
        let useless = [("HTTPS_PROXY", "ftp://other.example"), ("ALL_PROXY", url)];
        assert_eq!(found(ENDPOINT, &useless), shown("ALL_PROXY"));
        let at = found(ENDPOINT, &[("HTTPS_PROXY", "http://user:can@ary@proxy.example:3128")]);
        assert!(at.is_none_or(|shown| !shown.contains("ary")));
    }

    #[test]
    fn endpoints_that_no_proxy_leads_to_have_none() {
        const ENDPOINT: &str = "https://a.example:9443";
        assert_eq!(found(ENDPOINT, &[]), None);
        assert_eq!(found(ENDPOINT, &[("HTTP_PROXY", "http://proxy.example")]), None);
        let excepted = [("HTTPS_PROXY", "http://proxy.example"), ("NO_PROXY", ".example")];
        assert_eq!(found(ENDPOINT, &excepted), None);
    }

    #[test]
    fn the_proxy_of_the_builder_is_named_so() {
        let url = "http://user:canary@proxy.example:3128/".parse().unwrap();
        let shown = "the proxy http://proxy.example:3128 (proxy_url)";
        assert_eq!(Proxy::of_builder(&url).to_string(), shown);
    }
}
