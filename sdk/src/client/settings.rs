//! Settings that the clients of both APIs share.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use rustls::pki_types::ServerName;
use tokio::sync::Semaphore;
use url::Url;

use super::budget::Limits;
use super::error::{BuilderSetting, Error};
use super::failover::Endpoints;
use super::identity::Identity;
use super::proxy::Proxy;
use super::resolver::SystemResolver;
use super::retry::{MAX_RETRIES, RetryPolicy};
use super::tls;
use super::transport::{Refusals, Transport};
use super::trust::TrustAnchors;

/// The settings behind a builder.
pub(crate) struct Settings {
    pub(crate) endpoints: Vec<Url>,
    pub(crate) identity: Option<Identity>,
    pub(crate) trust_anchors: TrustAnchors,
    pub(crate) server_name: Option<ServerName<'static>>,
    pub(crate) limits: Limits,
    pub(crate) connect_timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) max_concurrent_requests: usize,
    pub(crate) proxy: Option<Url>,
    pub(crate) user_agent: String,
    pub(crate) plain_http_allowed: bool,
    /// The first setting that cannot be used, for [`Settings::build`] to return.
    problem: Option<Error>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            identity: None,
            trust_anchors: TrustAnchors::default(),
            server_name: None,
            limits: Limits::default(),
            connect_timeout: Duration::from_secs(10),
            retry: RetryPolicy::default(),
            max_concurrent_requests: 8,
            proxy: None,
            user_agent: concat!("certward/", env!("CARGO_PKG_VERSION")).to_owned(),
            plain_http_allowed: false,
            problem: None,
        }
    }
}

impl Settings {
    /// Notes an endpoint.
    pub(crate) fn endpoint(&mut self, text: &str) {
        let added = self.add_endpoint(text);
        self.note(BuilderSetting::Endpoints, added);
    }

    /// Notes further trust anchors.
    pub(crate) fn trust_anchors_pem(&mut self, text: &str) {
        let added = self.trust_anchors.clone().and_pem(text);
        let added = added.map(|anchors| self.trust_anchors = anchors);
        self.note(BuilderSetting::TrustAnchors, added);
    }

    /// Notes the name that the server's certificate must be for.
    pub(crate) fn tls_server_name(&mut self, name: &str) {
        let set = self.set_server_name(name);
        self.note(BuilderSetting::TlsServerName, set);
    }

    /// Notes the proxy.
    pub(crate) fn proxy_url(&mut self, url: &str) {
        let set = self.set_proxy(url);
        self.note(BuilderSetting::ProxyUrl, set);
    }

    /// Keeps the first error.
    fn note(&mut self, setting: BuilderSetting, result: Result<(), Error>) {
        if let Err(problem) = result {
            self.problem.get_or_insert(problem.about(setting));
        }
    }

    fn add_endpoint(&mut self, text: &str) -> Result<(), Error> {
        let error =
            |problem: &str| Error::configuration(format!("endpoint \"{}\" {problem}", super::error::one_line(text)));
        let url = Url::parse(text)
            .map_err(|source| error("is no URL; expected a form such as https://a.example:8443").with_source(source))?;
        // Whether `http` is allowed is known to `build` only.
        if !matches!(url.scheme(), "https" | "http") {
            return Err(error("is not https"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(error("has no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // The text may hold a password, so it is not repeated.
            return Err(Error::configuration(
                "an endpoint holds a user name or password; give credentials by their own settings",
            ));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(error("has a path or query; expected only scheme, host and port"));
        }
        if !self.endpoints.contains(&url) {
            self.endpoints.push(url);
        }
        Ok(())
    }

    fn set_server_name(&mut self, name: &str) -> Result<(), Error> {
        let parsed = ServerName::try_from(name.to_owned()).map_err(|error| {
            Error::configuration(format!(
                "TLS server name \"{name}\" is neither a DNS name nor an IP address"
            ))
            .with_source(error)
        })?;
        self.server_name = Some(parsed);
        Ok(())
    }

    fn set_proxy(&mut self, text: &str) -> Result<(), Error> {
        // The text may hold a password, so it is not repeated.
        let url =
            Url::parse(text).map_err(|error| Error::configuration("the proxy URL is no URL").with_source(error))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::configuration(format!(
                "the proxy URL has the scheme \"{}\"; expected http or https",
                url.scheme()
            )));
        }
        self.proxy = Some(url);
        Ok(())
    }

    /// The proxy that leads to an endpoint.
    fn proxy_for(&self, endpoint: &Url) -> Option<Proxy> {
        match &self.proxy {
            Some(proxy) => Some(Proxy::of_builder(proxy)),
            None => Proxy::of_environment(endpoint),
        }
    }

    /// Makes the transport. Nothing is connected to.
    pub(crate) fn build(self, headers: HeaderMap, refusals: Refusals) -> Result<Arc<Transport>, Error> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        if self.endpoints.is_empty() {
            return Err(Error::configuration(
                "no endpoint is given; expected at least one such as https://a.example:8443",
            ));
        }
        if let Some(plain) = self.endpoints.iter().find(|url| url.scheme() == "http")
            && !self.plain_http_allowed
        {
            let problem = format!("endpoint \"{plain}\" is not https");
            return Err(Error::configuration(problem).about(BuilderSetting::Endpoints));
        }
        if self.retry.max_retries > MAX_RETRIES {
            return Err(Error::configuration(format!(
                "max_retries is {}; at most {MAX_RETRIES} are allowed",
                self.retry.max_retries
            )));
        }
        if self.max_concurrent_requests == 0 || self.max_concurrent_requests > Semaphore::MAX_PERMITS {
            return Err(Error::configuration("max_concurrent_requests must be at least 1"));
        }
        if self.limits.max_response_bytes == 0 {
            return Err(Error::configuration("max_response_bytes must be at least 1"));
        }
        let proxies: Vec<Option<Proxy>> = self.endpoints.iter().map(|endpoint| self.proxy_for(endpoint)).collect();
        for (endpoint, proxy) in self.endpoints.iter().zip(&proxies) {
            let endpoint = endpoint.origin().ascii_serialization();
            match proxy {
                Some(proxy) => tracing::info!(endpoint, %proxy, "requests go through a proxy"),
                None => tracing::info!(endpoint, "requests go straight to the endpoint"),
            }
        }
        let config = tls::client_config(self.identity.as_ref(), &self.trust_anchors, self.server_name)?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .https_only(!self.plain_http_allowed)
            .redirect(reqwest::redirect::Policy::none())
            // Repetition is decided here, by what a request does; below it, reqwest's own would repeat any of them.
            .retry(reqwest::retry::never())
            // Headers are bounded by hyper: 100 fields and 408 KiB in HTTP/1.1, 16 KiB in HTTP/2. Decompression is not
            // compiled in.
            .connect_timeout(self.connect_timeout)
            .dns_resolver(Arc::new(SystemResolver))
            .user_agent(self.user_agent);
        if let Some(proxy) = self.proxy {
            let proxy = reqwest::Proxy::all(proxy).map_err(|error| {
                Error::configuration("the proxy URL cannot be used").with_source(error.without_url())
            })?;
            builder = builder.proxy(proxy);
        }
        let http = builder
            .build()
            .map_err(|error| Error::configuration("cannot set up the HTTP client").with_source(error))?;
        Ok(Arc::new(Transport {
            http,
            certificate: self.identity.map(|identity| identity.certificate().clone()),
            limits: self.limits,
            permits: Semaphore::new(self.max_concurrent_requests),
            headers,
            refusals,
            cookies: Mutex::new(vec![None; self.endpoints.len()]),
            proxies,
            endpoints: Endpoints::new(self.endpoints, self.retry),
        }))
    }
}

/// The methods every builder has, over its field `settings`.
macro_rules! builder_methods {
    () => {
        /// Adds an endpoint: `https://host:port`, no path. Endpoints are tried in their order, beginning with the one
        /// that answered last. An endpoint that cannot be connected to, or whose TLS handshake fails, gives way to the
        /// next for every request, because nothing was sent to it; after other failures that may pass, only reads go on.
        /// `build` refuses one that is no URL, not https, or has a path, query or credentials.
        #[must_use]
        pub fn endpoint(mut self, endpoint: &str) -> Self {
            self.settings.endpoint(endpoint);
            self
        }

        /// Adds endpoints in their order, each as [`endpoint`](Self::endpoint).
        #[must_use]
        pub fn endpoints<I>(mut self, endpoints: I) -> Self
        where
            I: IntoIterator,
            I::Item: AsRef<str>,
        {
            for endpoint in endpoints {
                self.settings.endpoint(endpoint.as_ref());
            }
            self
        }

        /// The client certificate to log in with. Default: none.
        #[must_use]
        pub fn identity(mut self, identity: crate::Identity) -> Self {
            self.settings.identity = Some(identity);
            self
        }

        /// Trust anchors for the server certificate. Default: the roots of the system.
        #[must_use]
        pub fn trust_anchors(mut self, trust_anchors: crate::TrustAnchors) -> Self {
            self.settings.trust_anchors = trust_anchors;
            self
        }

        /// Trusts these certificates as [`TrustAnchors`](crate::TrustAnchors) does; unless [`use_system_roots`](Self::use_system_roots) says otherwise, the roots
        /// of the system count no more.
        /// `build` refuses a text without a certificate, or with a private key.
        #[must_use]
        pub fn trust_anchors_pem(mut self, text: &str) -> Self {
            self.settings.trust_anchors_pem(text);
            self
        }

        /// Trusts the system's roots. Default: only if no CA certificate was given.
        #[must_use]
        pub fn use_system_roots(mut self, used: bool) -> Self {
            self.settings.trust_anchors = self.settings.trust_anchors.with_system_roots(used);
            self
        }

        /// The name the server's certificate must be for, when it is not the host of the endpoint, for instance because
        /// endpoints are IP addresses. Everything else about the certificate is checked as always. The name sent in the
        /// TLS handshake (SNI) stays the host of the endpoint. `build` refuses what is neither a DNS name nor an IP address.
        #[must_use]
        pub fn tls_server_name(mut self, name: &str) -> Self {
            self.settings.tls_server_name(name);
            self
        }

        /// Maximum time of one request, from connecting to the last byte of its response. Default: 60 s. RavenDB takes
        /// about 5 s to generate a certificate.
        #[must_use]
        pub fn request_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.settings.limits.request_timeout = timeout;
            self
        }

        /// Maximum time of one operation: every attempt on every endpoint, the delays between them (including those
        /// that a server requests with `Retry-After`, at most 60 s together), and all pages of a listing. Time spent
        /// waiting for [`max_concurrent_requests`](Self::max_concurrent_requests) does not count. Default: three times
        /// [`request_timeout`](Self::request_timeout).
        /// [`request_timeout`](Self::request_timeout).
        #[must_use]
        pub fn operation_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.settings.limits.operation_timeout = Some(timeout);
            self
        }

        /// Maximum size of a response body, in bytes. An operation of several requests reads at most four times as
        /// much. Default: 16 MiB, at least 1.
        #[must_use]
        pub fn max_response_bytes(mut self, limit: usize) -> Self {
            self.settings.limits.max_response_bytes = limit;
            self
        }

        /// Maximum time for connecting, TLS included. Default: 10 s.
        #[must_use]
        pub fn connect_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.settings.connect_timeout = timeout;
            self
        }

        /// Maximum number of retries of a request that may be repeated, each over all endpoints. Default 9, at most 20;
        /// 0 tries each endpoint once.
        ///
        /// With the default delays, retries take 13 s to 26 s, longer than the restart of a node. Permanent failures
        /// are not retried: a host name that does not exist, a server that cannot be verified, a refusal. If no
        /// endpoint of a cluster responds, all operations of a client together retry for 30 s or the sum of all delays,
        /// whichever is longer; after that, each operation tries every endpoint once, until one responds.
        #[must_use]
        pub fn max_retries(mut self, max_retries: u32) -> Self {
            self.settings.retry.max_retries = max_retries;
            self
        }

        /// Maximum delay before the first retry, which doubles with each further one, and its limit. The actual delay
        /// is random, between half of it and all of it. Default: 200 ms and 5 s.
        #[must_use]
        pub fn retry_wait(mut self, min: std::time::Duration, max: std::time::Duration) -> Self {
            (self.settings.retry.min_wait, self.settings.retry.max_wait) = (min, max);
            self
        }

        /// Maximum number of concurrent requests; further ones wait. Default: 8, at least 1.
        #[must_use]
        pub fn max_concurrent_requests(mut self, limit: usize) -> Self {
            self.settings.max_concurrent_requests = limit;
            self
        }

        /// The HTTP proxy to connect through, with `CONNECT`: TLS stays end to end. Default: the one the environment
        /// names (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`). Errors and the log name it, without credentials.
        /// `build` refuses what is no http or https URL.
        #[must_use]
        pub fn proxy_url(mut self, url: &str) -> Self {
            self.settings.proxy_url(url);
            self
        }

        /// A word about the program, after `certward/<version>` in the `User-Agent`.
        #[must_use]
        pub fn user_agent_suffix(mut self, suffix: &str) -> Self {
            let printable = suffix
                .chars()
                .filter(|character| character.is_ascii_graphic() || *character == ' ');
            self.settings.user_agent = concat!("certward/", env!("CARGO_PKG_VERSION"), " ")
                .chars()
                .chain(printable)
                .collect();
            self
        }

        /// Allows `http://` endpoints, for tests against a mock. Everything sent can be read and
        /// changed on the way, and no certificate is presented.
        #[cfg(any(test, feature = "test-util"))]
        #[must_use]
        pub fn danger_allow_plain_http(mut self) -> Self {
            self.settings.plain_http_allowed = true;
            self
        }
    };
}
pub(crate) use builder_methods;
