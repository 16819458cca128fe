//! From text by key to typed settings; every mistake is kept until the end.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use certward_pki::ErrorChain;
use secrecy::SecretString;
use url::{Host, Url};

use super::Settings;
use super::key::{Key, Setting};
use super::mistake::{Mistake, Mistakes, Origin};
use super::source::Sources;
use super::table::*;
use certward_certificates::server_certificate::refused_password;
use certward_ravendb::access::two_factor::SessionLength;
use certward_redis_proxy::settings as redis;
use certward_system::files::TrustedFile;
use certward_system::telemetry::LogSettings;
use certward_transport::http::OriginSettings;
use certward_transport::listener::Limits;

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

    /// The value, unless a mistake was found on the way to it.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Mistakes> {
        Mistakes::unless_none(self.mistakes, value)
    }

    /// The settings, which count only when there is no mistake.
    pub(super) fn read(&mut self) -> Option<Settings> {
        let server_url = self.server_url();
        let public_server_url = self.optional(&PUBLIC_SERVER_URL);
        let setup_mode = self.value(&SETUP_MODE);
        let data_dir = self.value(&DATA_DIR);
        let certificate_path = self.certificate_path();
        let two_factor = self.two_factor();
        let limits = self.limits();
        let log = LogSettings {
            level: self.value(&LOG_LEVEL),
            format: self.value(&LOG_FORMAT),
        };
        let certificate_password = self.certificate_password(certificate_path.as_deref());
        let certificate_validate_key_usages = self.value(&CERTIFICATE_KEY_USAGES);
        let expiring_threshold = self.optional(&EXPIRING_THRESHOLD);
        let well_known_administrators = self.list(&WELL_KNOWN_ADMINISTRATORS);
        let well_known_issuers = self.list(&WELL_KNOWN_ISSUERS);
        let validate_certificate_names = self.value(&VALIDATE_CERTIFICATE_NAMES);
        let csrf = OriginSettings {
            enabled: self.value(&CSRF_ENABLED),
            trusted_origins: self.list(&TRUSTED_ORIGINS),
        };
        let audit_log_folder = self.optional(&AUDIT_LOG_FOLDER);
        let audit_retention_days = self.optional(&AUDIT_RETENTION_DAYS);
        let warn_days = self.value(&WARN_DAYS).with(expiring_threshold);
        let operations_url = self.optional(&OPERATIONS_URL);
        let redis_enterprise_url = self.optional(&REDIS_ENTERPRISE_URL);
        self.check_listeners(&[
            (&SERVER_URL.key, server_url.as_ref()),
            (&REDIS_ENTERPRISE_URL.key, redis_enterprise_url.as_ref()),
            (&OPERATIONS_URL.key, operations_url.as_ref()),
        ]);
        Some(Settings {
            redis: Arc::new(self.redis(&data_dir, redis_enterprise_url.as_ref())),
            store: self.value(&STORE),
            key_algorithm: self.value(&KEY_ALGORITHM),
            key_pool_size: self.value(&KEY_POOL_SIZE),
            licensed_read_only_access: self.value(&LICENSED_READ_ONLY_ACCESS),
            server_url: server_url?,
            public_server_url,
            setup_mode,
            data_dir,
            certificate_path: certificate_path?,
            certificate_password,
            certificate_validate_key_usages,
            well_known_administrators,
            well_known_issuers,
            validate_certificate_names,
            two_factor,
            audit_log_folder,
            audit_retention_days,
            warn_days,
            csrf,
            operations_url,
            redis_enterprise_url,
            limits,
            log,
            warnings: self.sources.warnings.clone(),
        })
    }

    /// `http` and a certificate, or `https` and none, stop RavenDB too (`docs/contracts/ravendb.md#settings`).
    fn server_url(&mut self) -> Option<Url> {
        let has_certificate = self.text(&CERTIFICATE_PATH.key).is_some();
        let text = self.text(&SERVER_URL.key)?.trim_start();
        if !text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("http:")) {
            return self.optional(&SERVER_URL);
        }
        let problem = if has_certificate {
            "must be https, because Security.Certificate.Path is set"
        } else {
            "is http, and Certward serves nobody without TLS; set Security.Certificate.Path and an https URL, or run \
             certward-server setup, which makes both"
        };
        self.mistake(&SERVER_URL.key, problem.to_owned());
        None
    }

    /// Two listeners cannot have one address. The system would say so of the second alone.
    fn check_listeners(&mut self, listeners: &[(&'static Key, Option<&Url>)]) {
        let set = || listeners.iter().filter_map(|(key, url)| Some((*key, (*url)?)));
        for (place, (key, url)) in set().enumerate() {
            if let Some((other, taken)) = set().take(place).find(|(_, other)| is_one_listener(other, url)) {
                let other = other.name;
                self.mistake(
                    key,
                    format!("is {url}, and {other} is {taken}: the port is the same; give one of them another"),
                );
            }
        }
    }

    fn certificate_path(&mut self) -> Option<PathBuf> {
        let key = &CERTIFICATE_PATH.key;
        let Some(path) = self.optional(&CERTIFICATE_PATH) else {
            self.mistake(
                key,
                "must name the server certificate; certward-server setup makes one".to_owned(),
            );
            return None;
        };
        // It is checked again when it is read; here it is named together with the other mistakes.
        match TrustedFile::open(&path).and_then(|file| file.check_secret()) {
            Ok(()) => Some(path),
            Err(error) => {
                self.mistake(key, ErrorChain::new(&error).to_string());
                None
            }
        }
    }

    /// A password that does not open the file at `path` is named here, and not the file, which may be right.
    fn certificate_password(&mut self, path: Option<&Path>) -> Option<SecretString> {
        let password = self.optional(&CERTIFICATE_PASSWORD);
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
                &CERTIFICATE_PASSWORD.key,
                format!("{does_not} {path}, the file of Security.Certificate.Path: {refusal}"),
            );
        }
        password
    }

    fn two_factor(&mut self) -> SessionLength {
        let (default, max) = (self.optional(&DEFAULT_SESSION), self.optional(&MAX_SESSION));
        let (default_minutes, max_minutes) = (default.unwrap_or_default(), max.unwrap_or_default());
        if default.is_some() && max.is_some() && default_minutes > max_minutes {
            let (default, max) = (&DEFAULT_SESSION.key, &MAX_SESSION.key);
            // Of the two, the one that somebody has set.
            if self.sources.values.contains_key(default.name) {
                let max = max.name;
                let problem = format!("is {default_minutes} and must not be above {max}, which is {max_minutes}");
                self.mistake(default, problem);
            } else {
                let default = default.name;
                let problem = format!(
                    "is {max_minutes} and must not be below {default}, which is {default_minutes} unless it is set"
                );
                self.mistake(max, problem);
            }
        }
        SessionLength {
            default_minutes,
            max_minutes,
        }
    }

    /// `api` is where Redis Enterprise's API listens.
    fn redis(&mut self, data_dir: &Path, api: Option<&Url>) -> redis::Settings {
        let server_path = self.optional(&REDIS_SERVER_PATH);
        let engine_user = self.optional(&REDIS_ENGINE_USER);
        let upstreams = self.list(&REDIS_UPSTREAM);
        let authorities = self.optional(&REDIS_UPSTREAM_CA);
        // Without the CAs that were named, nothing can be said of the servers.
        let lacks_authorities = authorities.is_none() && self.text(&REDIS_UPSTREAM_CA.key).is_some();
        let upstream_authorities = authorities.unwrap_or_default();
        if !lacks_authorities && let Err(problem) = redis::check_upstreams(&upstreams, &upstream_authorities) {
            self.mistake(&REDIS_UPSTREAM.key, problem);
        }
        let listen_address = self.optional(&REDIS_LISTEN_ADDRESS);
        let api_host = || api.and_then(Url::host).map(|host| host.to_owned());
        redis::Settings {
            data_dir: data_dir.to_owned(),
            serves_api: api.is_some(),
            engine_user,
            server_path,
            search_path: search_path(),
            upstreams,
            upstream_authorities,
            listen_address: listen_address
                .or_else(api_host)
                .unwrap_or(Host::Ipv4(Ipv4Addr::LOCALHOST)),
            ports: self.value(&REDIS_PORTS),
        }
    }

    /// Runs the engine program that the settings name, to check that it is one: otherwise an error would appear only
    /// when the first database is created. A program that other users can change is not run.
    pub(super) fn try_program(&mut self) {
        let key = &REDIS_SERVER_PATH.key;
        let is_doubtful = self.mistakes.iter().any(|mistake| mistake.key == key.name);
        if !is_doubtful
            && let Some(path) = self.optional(&REDIS_SERVER_PATH)
            && let Err(problem) = redis::try_program(&path, &search_path())
        {
            self.mistake(key, problem);
        }
    }

    fn limits(&mut self) -> Limits {
        Limits {
            handshake_timeout: self.value(&HANDSHAKE_TIMEOUT),
            header_timeout: self.value(&HEADER_TIMEOUT),
            body_timeout: self.value(&BODY_TIMEOUT),
            keep_alive_timeout: self.value(&KEEP_ALIVE_TIMEOUT),
            drain_timeout: self.value(&DRAIN_TIMEOUT),
            body_bytes: self.value(&MAX_BODY_SIZE),
            intermediates: self.value(&MAX_INTERMEDIATES),
            certificate_bytes: self.value(&MAX_CERTIFICATE_SIZE),
            connections: self.value(&MAX_CONNECTIONS),
            unauthenticated_connections: self.value(&MAX_UNAUTHENTICATED),
            unauthenticated_connections_of_address: self.value(&MAX_UNAUTHENTICATED_OF_ADDRESS),
            handshaking_connections: self.value(&MAX_HANDSHAKING),
        }
    }

    /// The text of a key, its default if nobody set it, or none when that is empty.
    fn text(&mut self, key: &'static Key) -> Option<&'a str> {
        #[cfg(test)]
        self.asked.push(key.name);
        let given = self.sources.values.get(key.name).map(|given| given.text.as_str());
        given
            .filter(|text| !text.is_empty())
            .or(Some(key.default))
            .filter(|text| !text.is_empty())
    }

    pub(super) fn optional<T>(&mut self, setting: &'static Setting<T>) -> Option<T> {
        let text = self.text(&setting.key)?;
        match setting.read(text, &self.sources.folder) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.mistake(&setting.key, problem);
                None
            }
        }
    }

    /// A key with a default. After a mistake the default comes back, so that all mistakes are found; nobody gets it.
    pub(super) fn value<T>(&mut self, setting: &'static Setting<T>) -> T {
        self.optional(setting).unwrap_or_else(|| {
            let default = setting.read(setting.key.default, &self.sources.folder);
            default.expect("every default can be read")
        })
    }

    /// The values between `;`.
    fn list<T>(&mut self, setting: &'static Setting<T>) -> Vec<T> {
        let text = self.text(&setting.key).unwrap_or_default();
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let mut values = Vec::new();
        for part in parts {
            match setting.read(part, &self.sources.folder) {
                Ok(value) => values.push(value),
                Err(problem) => self.mistake(&setting.key, problem),
            }
        }
        values
    }

    fn mistake(&mut self, key: &Key, problem: String) {
        let given = self.sources.values.get(key.name);
        self.mistakes.push(Mistake {
            key: key.name.to_owned(),
            origin: given.map_or(Origin::Default, |given| given.origin.clone()),
            problem,
        });
    }
}

/// `PATH`.
fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// Returns `true` if the two addresses conflict: one port, on the same address or on every address of the machine.
fn is_one_listener(one: &Url, other: &Url) -> bool {
    let is_every_address = |url: &Url| match url.host() {
        Some(Host::Ipv4(address)) => address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_unspecified(),
        _ => false,
    };
    let port = one.port_or_known_default();
    port != Some(0)
        && port == other.port_or_known_default()
        && (one.host() == other.host() || is_every_address(one) || is_every_address(other))
}
