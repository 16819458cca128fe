//! From text by key to typed settings; every mistake is kept until the end.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use certward_pki::{ErrorChain, Thumbprint};
use secrecy::SecretString;
use tracing::level_filters::LevelFilter;
use url::{Host, Url};

use super::key::{self, Treatment};
use super::mistake::{Mistake, Mistakes, Origin};
use super::source::{Given, Sources};
use super::{KeyAlgorithm, RedisSettings, Settings, SetupMode, StoreSetting, TwoFactorSettings, redis, well_known};
use crate::certificate::ChainBounds;
use crate::expiry::WarnDays;
use crate::files::{TrustedFile, check_entry};
use crate::http::OriginSettings;
use crate::listener::Limits;
use crate::server_certificate::refused_password;
use crate::telemetry::{LogFormat, LogSettings};

/// Takes the values of keys one by one.
pub(super) struct Reader<'a> {
    sources: &'a Sources,
    mistakes: Vec<Mistake>,
    #[cfg(test)]
    pub(super) asked: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            mistakes: sources.mistakes.clone(),
            #[cfg(test)]
            asked: Vec::new(),
        }
    }

    pub(super) fn settings(mut self) -> Result<Settings, Mistakes> {
        let settings = self.read();
        self.finish(settings)
    }

    /// The value, unless a mistake was found on the way to it.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Mistakes> {
        Mistakes::unless_none(self.mistakes, value)
    }

    /// The settings, or none when something they cannot do without is wrong.
    pub(super) fn read(&mut self) -> Option<Settings> {
        let server_url = self.server_url();
        let public_server_url = self.optional("PublicServerUrl", |text| https_url(text, false));
        let setup_mode = self.required("Setup.Mode", setup_mode);
        let data_dir = self.data_dir();
        let certificate_path = self.certificate_path();
        let two_factor = self.two_factor();
        let limits = self.limits();
        let log = self.log();
        let certificate_password = self.certificate_password(certificate_path.as_deref());
        let certificate_validate_key_usages = self.required("Security.Certificate.Validation.KeyUsages", boolean);
        let expiring_threshold = self.optional("Security.Certificate.ExpiringThresholdInDays", |text| {
            within(text, 1, 3650)
        });
        let well_known_administrators = self.list("Security.WellKnownCertificates.Admin", |text, _| {
            Thumbprint::from_str(text)
                .map_err(|error| format!("\"{text}\" is not a thumbprint, 40 hexadecimal digits: {error}"))
        });
        let well_known_issuers = self.list("Security.WellKnownIssuers.Admin", |text, reader| {
            well_known::issuer(text, &reader.sources.folder)
        });
        let validate_certificate_names =
            self.required("Security.WellKnownIssuers.Admin.ValidateCertificateNames", boolean);
        let csrf_enabled = self.required("Security.Csrf.Enabled", boolean);
        let trusted_origins = self.list("Security.Csrf.TrustedOrigins", |text, _| web_origin(text));
        let audit_log_folder = self.audit_log_folder();
        let audit_retention_days = self.optional("Certward.Audit.RetentionDays", |text| within(text, 1, 36_500));
        let warn_days = self.required("Certward.Expiry.WarnDaysBefore", WarnDays::parse);
        let operations_url = self.optional("Certward.Operations.ServerUrl", operations_url);
        let redis_enterprise_url = self.optional("Certward.RedisEnterprise.ServerUrl", |text| https_url(text, true));
        self.check_listeners(&[
            ("ServerUrl", server_url.as_ref()),
            ("Certward.RedisEnterprise.ServerUrl", redis_enterprise_url.as_ref()),
            ("Certward.Operations.ServerUrl", operations_url.as_ref()),
        ]);
        let redis = self.redis(redis_enterprise_url.as_ref());
        let store = self.required("Certward.Store", store);
        let key_algorithm = self.required("Certward.ClientCertificate.KeyAlgorithm", key_algorithm);
        let key_pool_size = self.number("Certward.ClientCertificate.KeyPoolSize", 0, 1024);
        let licensed_read_only_access = self.required("Certward.License.ReadOnlyCertificates", boolean);
        Some(Settings {
            server_url: server_url?,
            public_server_url,
            setup_mode: setup_mode?,
            data_dir: data_dir?,
            certificate_path: certificate_path?,
            certificate_password,
            certificate_validate_key_usages: certificate_validate_key_usages?,
            well_known_administrators,
            well_known_issuers,
            validate_certificate_names: validate_certificate_names?,
            two_factor: two_factor?,
            audit_log_folder,
            audit_retention_days,
            warn_days: warn_days?.with(expiring_threshold),
            csrf: OriginSettings {
                enabled: csrf_enabled?,
                trusted_origins,
            },
            operations_url,
            redis_enterprise_url,
            redis: redis?,
            store: store?,
            key_algorithm: key_algorithm?,
            key_pool_size: key_pool_size?,
            licensed_read_only_access: licensed_read_only_access?,
            limits: limits?,
            log: log?,
            warnings: self.sources.warnings.clone(),
        })
    }

    /// `http` and a certificate, or `https` and none, stop RavenDB too (`docs/contracts/ravendb.md#settings`).
    fn server_url(&mut self) -> Option<Url> {
        let has_certificate = self.text("Security.Certificate.Path").is_some();
        self.required("ServerUrl", |text| {
            let scheme_is_http = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("http:"));
            match (scheme_is_http, has_certificate) {
                (true, true) => Err("must be https, because Security.Certificate.Path is set".to_owned()),
                (true, false) => Err(
                    "is http, and Certward serves nobody without TLS; set Security.Certificate.Path \
                                      and an https URL, or run certward-server setup, which makes both"
                        .to_owned(),
                ),
                (false, _) => https_url(text, true),
            }
        })
    }

    /// Two listeners cannot have one address. The system would say so of the second alone.
    fn check_listeners(&mut self, listeners: &[(&'static str, Option<&Url>)]) {
        let set = || listeners.iter().filter_map(|(key, url)| Some((*key, (*url)?)));
        for (place, (key, url)) in set().enumerate() {
            if let Some((other, taken)) = set().take(place).find(|(_, other)| is_one_listener(other, url)) {
                self.mistake(
                    key,
                    format!("is {url}, and {other} is {taken}: the port is the same; give one of them another"),
                );
            }
        }
    }

    fn certificate_path(&mut self) -> Option<PathBuf> {
        const KEY: &str = "Security.Certificate.Path";
        let Some(path) = self.optional_path(KEY) else {
            self.mistake(
                KEY,
                "must name the server certificate; certward-server setup makes one".to_owned(),
            );
            return None;
        };
        // It is checked again when it is read; here it is named together with the other mistakes.
        match TrustedFile::open(&path).and_then(|file| file.check_secret()) {
            Ok(()) => Some(path),
            Err(error) => {
                self.mistake(KEY, ErrorChain::new(&error).to_string());
                None
            }
        }
    }

    /// A password that does not open the file at `path` is named here, and not the file, which may be right.
    fn certificate_password(&mut self, path: Option<&Path>) -> Option<SecretString> {
        const KEY: &str = "Security.Certificate.Password";
        let password = self.secret(KEY);
        if let Some(path) = path
            && let Some(refusal) = refused_password(path, password.as_ref())
        {
            let does_not = if password.is_some() {
                "does not open"
            } else {
                "must be the password of"
            };
            let path = path.display();
            self.mistake(
                KEY,
                format!("{does_not} {path}, the file of Security.Certificate.Path: {refusal}"),
            );
        }
        password
    }

    fn two_factor(&mut self) -> Option<TwoFactorSettings> {
        const DEFAULT: &str = "Security.TwoFactor.DefaultSessionDurationInMin";
        const MAX: &str = "Security.TwoFactor.MaxSessionDurationInMin";
        let default_session_minutes = self.number(DEFAULT, 1, MINUTES_IN_A_YEAR);
        let max_session_minutes = self.number(MAX, 1, MINUTES_IN_A_YEAR);
        let (default_session_minutes, max_session_minutes) = (default_session_minutes?, max_session_minutes?);
        if default_session_minutes > max_session_minutes {
            // Of the two, the one that somebody has set.
            if self.sources.values.contains_key(DEFAULT) {
                let problem =
                    format!("is {default_session_minutes} and must not be above {MAX}, which is {max_session_minutes}");
                self.mistake(DEFAULT, problem);
            } else {
                let problem = format!(
                    "is {max_session_minutes} and must not be below {DEFAULT}, which is {default_session_minutes} unless it is set"
                );
                self.mistake(MAX, problem);
            }
        }
        Some(TwoFactorSettings {
            default_session_minutes,
            max_session_minutes,
        })
    }

    /// `api` is where Redis Enterprise's API listens.
    fn redis(&mut self, api: Option<&Url>) -> Option<RedisSettings> {
        const UPSTREAM: &str = "Certward.Redis.Upstream";
        const UPSTREAM_CA: &str = "Certward.Redis.UpstreamCa";
        let server_path = self.program(SERVER_PATH);
        let engine_user = self.optional("Certward.Redis.EngineUser", redis::engine_user);
        let upstreams = self.list(UPSTREAM, |text, _| redis::upstream(text));
        let folder = &self.sources.folder;
        let upstream_authorities = self.optional(UPSTREAM_CA, |text| redis::authorities(&folder.join(text)));
        // Without the CAs that were named, nothing can be said of the servers.
        let lacks_authorities = upstream_authorities.is_none() && self.text(UPSTREAM_CA).is_some();
        let upstream_authorities = upstream_authorities.unwrap_or_default();
        if !lacks_authorities && let Err(problem) = redis::check_upstreams(&upstreams, &upstream_authorities) {
            self.mistake(UPSTREAM, problem);
        }
        let listen_address = self.optional("Certward.Redis.ListenAddress", redis::listen_address);
        let api_host = || api.and_then(Url::host).map(|host| host.to_owned());
        let ports = self.required("Certward.Redis.Ports", redis::ports);
        Some(RedisSettings {
            engine_user,
            server_path,
            search_path: search_path(),
            upstreams,
            upstream_authorities,
            listen_address: listen_address
                .or_else(api_host)
                .unwrap_or(Host::Ipv4(Ipv4Addr::LOCALHOST)),
            ports: ports?,
        })
    }

    /// Runs the engine program that the settings name, to check that it is one: otherwise an error would appear only
    /// when the first database is created. A program that other users can change is not run.
    pub(super) fn try_program(&mut self) {
        let is_doubtful = self.mistakes.iter().any(|mistake| mistake.key == SERVER_PATH);
        if !is_doubtful
            && let Some(path) = self.program(SERVER_PATH)
            && let Err(problem) = redis::try_program(&path, &search_path())
        {
            self.mistake(SERVER_PATH, problem);
        }
    }

    fn limits(&mut self) -> Option<Limits> {
        let handshake = self.number("Certward.Limits.HandshakeTimeoutInSec", 1, 60);
        let header = self.number("Certward.Limits.HeaderTimeoutInSec", 1, 300);
        let body = self.number("Certward.Limits.BodyTimeoutInSec", 1, 3600);
        let keep_alive = self.number("Certward.Limits.KeepAliveTimeoutInSec", 1, 86_400);
        let drain = self.number("Certward.Limits.DrainTimeoutInSec", 0, 300);
        let body_kilobytes: Option<usize> = self.number("Certward.Limits.MaxBodySizeInKb", 1, 65_536);
        let intermediates = self.number(
            "Certward.Limits.MaxIntermediateCertificates",
            0,
            ChainBounds::WIDEST.intermediates,
        );
        let certificate_kilobytes: Option<usize> = self.number("Certward.Limits.MaxCertificateSizeInKb", 1, 64);
        let connections = self.number("Certward.Limits.MaxConnections", 1, 1_000_000);
        let unauthenticated = self.number("Certward.Limits.MaxUnauthenticatedConnections", 1, 1_000_000);
        let unauthenticated_of_address =
            self.number("Certward.Limits.MaxUnauthenticatedConnectionsPerAddress", 1, 1_000_000);
        let handshaking_connections = self.number("Certward.Limits.MaxHandshakingConnections", 1, 1_000_000);
        Some(Limits {
            handshake_timeout: Duration::from_secs(handshake?),
            header_timeout: Duration::from_secs(header?),
            body_timeout: Duration::from_secs(body?),
            keep_alive_timeout: Duration::from_secs(keep_alive?),
            drain_timeout: Duration::from_secs(drain?),
            body_bytes: body_kilobytes? * 1024,
            intermediates: intermediates?,
            certificate_bytes: certificate_kilobytes? * 1024,
            connections: connections?,
            unauthenticated_connections: unauthenticated?,
            unauthenticated_connections_of_address: unauthenticated_of_address?,
            handshaking_connections: handshaking_connections?,
        })
    }

    fn log(&mut self) -> Option<LogSettings> {
        let level = self.required("Certward.Log.Level", |text| match text.to_ascii_lowercase().as_str() {
            "error" => Ok(LevelFilter::ERROR),
            "warn" => Ok(LevelFilter::WARN),
            "info" => Ok(LevelFilter::INFO),
            "debug" => Ok(LevelFilter::DEBUG),
            "trace" => Ok(LevelFilter::TRACE),
            _ => Err(one_of(text, ["error", "warn", "info", "debug", "trace"])),
        });
        let format = self.required("Certward.Log.Format", |text| match text.to_ascii_lowercase().as_str() {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(one_of(text, ["text", "json"])),
        });
        Some(LogSettings {
            level: level?,
            format: format?,
        })
    }

    /// The text of a key, its default if nobody set it, or none when that is empty.
    fn text(&mut self, name: &'static str) -> Option<&'a str> {
        #[cfg(test)]
        self.asked.push(name);
        let key = key::find(name).expect("the table of keys has every key that is read");
        let Treatment::Followed { default } = key.treatment else {
            unreachable!("only followed keys are read");
        };
        let given = self
            .sources
            .values
            .get(name)
            .map(|Given { text, .. }| text.as_str())
            .filter(|text| !text.is_empty());
        given.or(Some(default).filter(|text| !text.is_empty()))
    }

    fn optional<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match parse(self.text(name)?.trim()) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.mistake(name, problem);
                None
            }
        }
    }

    /// A key with a default: only a mistake leaves it without a value.
    fn required<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        self.optional(name, parse)
    }

    fn number<T: FromStr + PartialOrd + std::fmt::Display>(
        &mut self,
        name: &'static str,
        least: T,
        most: T,
    ) -> Option<T> {
        self.required(name, |text| within(text, least, most))
    }

    fn list<T>(&mut self, name: &'static str, parse: impl Fn(&str, &Self) -> Result<T, String>) -> Vec<T> {
        let parts = self
            .text(name)
            .unwrap_or_default()
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let mut values = Vec::new();
        for part in parts {
            match parse(part, self) {
                Ok(value) => values.push(value),
                Err(problem) => self.mistake(name, problem),
            }
        }
        values
    }

    fn secret(&mut self, name: &'static str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    pub(super) fn data_dir(&mut self) -> Option<PathBuf> {
        self.optional_path("DataDir")
    }

    pub(super) fn audit_log_folder(&mut self) -> Option<PathBuf> {
        self.optional_path("Security.AuditLog.FolderPath")
    }

    fn optional_path(&mut self, name: &'static str) -> Option<PathBuf> {
        self.text(name).map(|text| self.sources.folder.join(text))
    }

    /// A program: a path, or a name that is looked for in `PATH`.
    fn program(&mut self, name: &'static str) -> Option<PathBuf> {
        let text = self.text(name)?;
        if !text.contains('/') {
            return Some(PathBuf::from(text));
        }
        let path = self.sources.folder.join(text);
        // It runs as the server's user.
        if let Err(error) = check_entry(&path) {
            self.mistake(name, ErrorChain::new(&error).to_string());
        }
        Some(path)
    }

    fn mistake(&mut self, name: &str, problem: String) {
        let origin = self
            .sources
            .values
            .get(name)
            .map_or(Origin::Default, |given| given.origin.clone());
        self.mistakes.push(Mistake {
            key: name.to_owned(),
            origin,
            problem,
        });
    }
}

/// `PATH`.
fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

fn within<T: FromStr + PartialOrd + std::fmt::Display>(text: &str, least: T, most: T) -> Result<T, String> {
    match text.parse::<T>() {
        Ok(number) if number >= least && number <= most => Ok(number),
        _ => Err(format!(
            "is \"{text}\" and must be a whole number from {least} to {most}"
        )),
    }
}

/// The origin of a site (RFC 6454), in the form browsers send it.
fn web_origin(text: &str) -> Result<String, String> {
    let wrong = || format!("\"{text}\" is not an origin, such as https://studio.example:8443");
    let url = Url::parse(text).map_err(|_| wrong())?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let origin = url.origin();
    if origin.is_tuple() && is_bare {
        Ok(origin.ascii_serialization())
    } else {
        Err(wrong())
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(one_of(text, ["true", "false"])),
    }
}

fn one_of<const N: usize>(text: &str, names: [&str; N]) -> String {
    format!("is \"{text}\" and must be one of {}", names.join(", "))
}

fn setup_mode(text: &str) -> Result<SetupMode, String> {
    match text.to_ascii_lowercase().as_str() {
        "none" => Ok(SetupMode::None),
        "secured" => Ok(SetupMode::Secured),
        "initial" => Err("is Initial: the wizard has not been run; run certward-server setup".to_owned()),
        "letsencrypt" => Err(
            "is LetsEncrypt, and Certward gets no certificates from Let's Encrypt; put yours at \
                              Security.Certificate.Path and set None"
                .to_owned(),
        ),
        "unsecured" => Err("is Unsecured, and Certward serves nobody without TLS; set None or Secured".to_owned()),
        _ => Err(one_of(text, ["None", "Secured"])),
    }
}

fn key_algorithm(text: &str) -> Result<KeyAlgorithm, String> {
    KeyAlgorithm::ALL
        .into_iter()
        .find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(text))
        .ok_or_else(|| one_of(text, KeyAlgorithm::ALL.map(KeyAlgorithm::as_str)))
}

/// The value is not shown: the URL of a database holds a password.
fn store(text: &str) -> Result<StoreSetting, String> {
    match text {
        "sqlite" => Ok(StoreSetting::Sqlite),
        _ if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
            Err("names a PostgreSQL database, which is not built into this version; set sqlite".to_owned())
        }
        _ => Err("must be sqlite".to_owned()),
    }
}

fn https_url(text: &str, port_zero_is_allowed: bool) -> Result<Url, String> {
    if text.contains(';') {
        return Err(
            "names several URLs, and Certward listens on one; 0.0.0.0 or [::] stand for every address".to_owned(),
        );
    }
    let url = plain_url(text)?;
    if url.scheme() != "https" {
        return Err("must start with https://".to_owned());
    }
    if !port_zero_is_allowed && url.port() == Some(0) {
        return Err("has port 0, where no client can reach the server".to_owned());
    }
    Ok(url)
}

/// Returns `true` if the two addresses conflict: one port, on the same address or on every address of the machine.
fn is_one_listener(one: &Url, other: &Url) -> bool {
    let is_every_address = |url: &Url| match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_unspecified(),
        Some(url::Host::Ipv6(address)) => address.is_unspecified(),
        _ => false,
    };
    let port = one.port_or_known_default();
    port != Some(0)
        && port == other.port_or_known_default()
        && (one.host() == other.host() || is_every_address(one) || is_every_address(other))
}

fn operations_url(text: &str) -> Result<Url, String> {
    let url = plain_url(text)?;
    if url.scheme() != "http" {
        return Err("must start with http://".to_owned());
    }
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    if !is_loopback {
        return Err("must name a loopback address, 127.0.0.1 or [::1]: it asks nobody for a certificate".to_owned());
    }
    Ok(url)
}

/// A URL of a scheme, a host and a port. The text is shown only when it can hold no password.
fn plain_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not a URL such as https://127.0.0.1:8443: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password".to_owned());
    }
    if url.host().is_none() || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(format!(
            "is \"{text}\" and must be a scheme, a host and a port only, such as https://127.0.0.1:8443"
        ));
    }
    Ok(url)
}

const SERVER_PATH: &str = "Certward.Redis.ServerPath";
const MINUTES_IN_A_YEAR: u32 = 365 * 24 * 60;
