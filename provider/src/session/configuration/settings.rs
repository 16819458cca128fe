//! The provider block and the environment, read and checked, without touching files or the network.

use std::time::Duration;

use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

use super::environment::{Environment, RAVENDB_ENDPOINTS, REDIS_ENTERPRISE_ENDPOINTS};
use super::schema::{ProviderBlock, RedisEnterpriseBlock};
use super::setting::{Origin, Setting};
use crate::report::error;
use crate::values::duration;

/// The provider block, as far as its values are known.
pub(crate) struct Settings {
    pub(crate) ravendb_endpoints: Setting<Vec<String>>,
    pub(crate) redis_enterprise_endpoints: Setting<Vec<String>>,
    pub(crate) redis_enterprise_username: Setting<String>,
    pub(crate) redis_enterprise_password: Setting<String>,
    pub(crate) client_certificate: PemSetting,
    pub(crate) client_private_key: PemSetting,
    pub(crate) pkcs12: Pkcs12Setting,
    pub(crate) pkcs12_password: Setting<String>,
    pub(crate) ca_certificate: PemSetting,
    pub(crate) tls_server_name: Setting<String>,
    pub(crate) request_timeout: Duration,
    pub(crate) max_retries: u32,
    pub(crate) max_concurrent_requests: usize,
    pub(crate) proxy_url: Setting<String>,
    /// Settings whose values are known only after apply.
    pub(crate) unknown: Vec<Origin>,
}

/// A PEM text, given as text or as the path of a file.
pub(crate) enum PemSetting {
    Absent,
    Text(String, Origin),
    File(String, Origin),
}

/// A PKCS#12 file, given in Base64 or as a path.
pub(crate) enum Pkcs12Setting {
    Absent,
    Base64(String, Origin),
    File(String, Origin),
}

impl Settings {
    /// Reads block and environment. Adds every mistake to `diags`, not only the first.
    ///
    /// Without an environment only the block is looked at, and what is missing there may come from the environment of
    /// another moment: so it is with `terraform validate`.
    pub(crate) fn read(diags: &mut Diagnostics, block: &ProviderBlock, environment: Option<&dyn Environment>) -> Self {
        let mut reader = Reader {
            diags,
            environment,
            unknown: Vec::new(),
        };
        let redis = match &block.redis_enterprise {
            Value::Value(redis) => redis.clone(),
            Value::Null => RedisEnterpriseBlock::default(),
            Value::Unknown => RedisEnterpriseBlock {
                endpoints: Value::Unknown,
                username: Value::Unknown,
                password: Value::Unknown,
            },
        };
        let ravendb = match &block.ravendb {
            Value::Value(ravendb) => ravendb.endpoints.clone(),
            Value::Null => Value::Null,
            Value::Unknown => Value::Unknown,
        };
        let ravendb_endpoints = reader.endpoints("ravendb.endpoints", RAVENDB_ENDPOINTS, ravendb);
        let redis_enterprise_endpoints = reader.endpoints(
            "redis_enterprise.endpoints",
            REDIS_ENTERPRISE_ENDPOINTS,
            redis.endpoints,
        );
        let (redis_enterprise_username, redis_enterprise_password) =
            reader.password_login(&redis.username, &redis.password);

        let certificate = reader.either(
            ("client_certificate_pem", &block.client_certificate_pem),
            ("client_certificate_file", &block.client_certificate_file),
        );
        let key = reader.either(
            ("client_private_key_pem", &block.client_private_key_pem),
            ("client_private_key_file", &block.client_private_key_file),
        );
        let pkcs12 = reader.either(
            ("pkcs12_base64", &block.pkcs12_base64),
            ("pkcs12_file", &block.pkcs12_file),
        );
        let (certificate, key, pkcs12) = reader.one_identity(certificate, key, pkcs12);
        let pkcs12_password = reader.text("pkcs12_password", &block.pkcs12_password);
        let ca_certificate = reader.either(
            ("ca_certificate_pem", &block.ca_certificate_pem),
            ("ca_certificate_file", &block.ca_certificate_file),
        );
        let settings = Self {
            ravendb_endpoints,
            redis_enterprise_endpoints,
            redis_enterprise_username,
            redis_enterprise_password,
            client_certificate: certificate.into(),
            client_private_key: key.into(),
            pkcs12: pkcs12.into(),
            pkcs12_password,
            ca_certificate: ca_certificate.into(),
            tls_server_name: reader.text("tls_server_name", &block.tls_server_name),
            request_timeout: reader.request_timeout(&block.request_timeout),
            max_retries: reader.number("max_retries", &block.max_retries, 0, 20, 9),
            max_concurrent_requests: reader.number("max_concurrent_requests", &block.max_concurrent_requests, 1, 256, 4)
                as usize,
            proxy_url: reader.text("proxy_url", &block.proxy_url),
            unknown: Vec::new(),
        };
        Self {
            unknown: reader.unknown,
            ..settings
        }
    }

    /// Everything that must not be shown, as far as it stands in the settings themselves.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let mut secrets = Vec::new();
        for setting in [&self.redis_enterprise_password, &self.pkcs12_password] {
            if let Setting::Known(secret, _) = setting {
                secrets.push(secret.as_str());
            }
        }
        // Without credentials it is what errors and log name.
        if let Setting::Known(url, _) = &self.proxy_url
            && url.contains('@')
        {
            secrets.push(url);
        }
        if let PemSetting::Text(text, _) = &self.client_private_key {
            secrets.push(text);
        }
        if let Pkcs12Setting::Base64(text, _) = &self.pkcs12 {
            secrets.push(text);
        }
        secrets
    }

    /// The attribute that says what to log in with.
    pub(crate) fn identity_path(&self) -> AttributePath {
        match (&self.client_certificate, &self.pkcs12) {
            (PemSetting::Text(_, origin) | PemSetting::File(_, origin), _)
            | (_, Pkcs12Setting::Base64(_, origin) | Pkcs12Setting::File(_, origin)) => origin.path(),
            (PemSetting::Absent, Pkcs12Setting::Absent) => AttributePath::root(),
        }
    }
}

/// A text or the file it is in.
struct Either {
    text: Setting<String>,
    file: Setting<String>,
}

impl Either {
    fn is_attribute(&self) -> bool {
        self.text.is_attribute() || self.file.is_attribute()
    }

    fn origin(&self) -> Option<&Origin> {
        self.text.origin().or(self.file.origin())
    }

    fn without_variables(self) -> Self {
        Self {
            text: self.text.without_variable(),
            file: self.file.without_variable(),
        }
    }
}

impl From<Either> for PemSetting {
    fn from(either: Either) -> Self {
        match (either.text, either.file) {
            (Setting::Known(text, origin), _) => Self::Text(text, origin),
            (_, Setting::Known(path, origin)) => Self::File(path, origin),
            _ => Self::Absent,
        }
    }
}

impl From<Either> for Pkcs12Setting {
    fn from(either: Either) -> Self {
        match (either.text, either.file) {
            (Setting::Known(text, origin), _) => Self::Base64(text, origin),
            (_, Setting::Known(path, origin)) => Self::File(path, origin),
            _ => Self::Absent,
        }
    }
}

struct Reader<'a> {
    diags: &'a mut Diagnostics,
    environment: Option<&'a dyn Environment>,
    unknown: Vec<Origin>,
}

impl Reader<'_> {
    fn text(&mut self, attribute: &'static str, value: &Value<String>) -> Setting<String> {
        let setting = Setting::text(attribute, value, self.environment);
        if let Setting::Unknown(origin) = &setting {
            self.unknown.push(origin.clone());
        }
        if let Setting::Known(text, origin) = &setting
            && text.trim().is_empty()
            && attribute != "pkcs12_password"
        {
            error(
                self.diags,
                origin.path(),
                "Empty provider setting",
                format!("{origin} is empty. Give it a value, or leave it away (null)."),
            );
        }
        setting
    }

    /// The two forms of one value. An attribute in one form hides a variable of the other.
    fn either(&mut self, text: (&'static str, &Value<String>), file: (&'static str, &Value<String>)) -> Either {
        let either = Either {
            text: self.text(text.0, text.1),
            file: self.text(file.0, file.1),
        };
        let either = if either.is_attribute() {
            either.without_variables()
        } else {
            either
        };
        if let (Some(first), Some(second)) = (either.text.origin(), either.file.origin()) {
            error(
                self.diags,
                second.path(),
                "Conflicting provider settings",
                format!("{first} and {second} are two forms of one value. Set one of them."),
            );
        }
        either
    }

    /// Certificate and key come as two PEM texts or as one PKCS#12 file; what the block says hides the environment.
    fn one_identity(&mut self, certificate: Either, key: Either, pkcs12: Either) -> (Either, Either, Either) {
        let (pem_in_block, pkcs12_in_block) = (certificate.is_attribute() || key.is_attribute(), pkcs12.is_attribute());
        let (certificate, key, pkcs12) = match (pem_in_block, pkcs12_in_block) {
            (true, false) => (certificate, key, pkcs12.without_variables()),
            (false, true) => (certificate.without_variables(), key.without_variables(), pkcs12),
            _ => (certificate, key, pkcs12),
        };
        match (certificate.origin(), key.origin(), pkcs12.origin()) {
            (Some(pem), _, Some(pkcs12)) | (None, Some(pem), Some(pkcs12)) => error(
                self.diags,
                pkcs12.path(),
                "Conflicting provider settings",
                format!(
                    "{pem} and {pkcs12} both say what to log in with. Set either client_certificate_… and \
                     client_private_key_…, or pkcs12_…."
                ),
            ),
            (Some(certificate), None, None) if self.environment.is_some() => error(
                self.diags,
                certificate.path(),
                "Private key is missing",
                format!(
                    "{certificate} is set, but not its private key. Set client_private_key_file or \
                     client_private_key_pem (CERTWARD_CLIENT_PRIVATE_KEY_FILE, CERTWARD_CLIENT_PRIVATE_KEY)."
                ),
            ),
            (None, Some(key), None) if self.environment.is_some() => error(
                self.diags,
                key.path(),
                "Client certificate is missing",
                format!(
                    "{key} is set, but not the certificate it belongs to. Set client_certificate_file or \
                     client_certificate_pem (CERTWARD_CLIENT_CERTIFICATE_FILE, CERTWARD_CLIENT_CERTIFICATE)."
                ),
            ),
            _ => {}
        }
        (certificate, key, pkcs12)
    }

    fn endpoints(
        &mut self,
        attribute: &'static str,
        variable: &'static str,
        value: Value<Vec<Value<String>>>,
    ) -> Setting<Vec<String>> {
        let (endpoints, origin) = match value {
            Value::Value(endpoints) => {
                let origin = Origin::Attribute(attribute);
                if endpoints.iter().any(Value::is_unknown) {
                    self.unknown.push(origin.clone());
                    return Setting::Unknown(origin);
                }
                (endpoints.into_iter().map(Value::unwrap_or_default).collect(), origin)
            }
            Value::Unknown => {
                let origin = Origin::Attribute(attribute);
                self.unknown.push(origin.clone());
                return Setting::Unknown(origin);
            }
            Value::Null => match self.environment.and_then(|environment| environment.get(variable)) {
                Some(text) => (
                    text.split(',')
                        .map(|endpoint| endpoint.trim().to_owned())
                        .collect::<Vec<_>>(),
                    Origin::Variable(variable),
                ),
                None => return Setting::Absent,
            },
        };
        if endpoints.is_empty() {
            error(
                self.diags,
                origin.path(),
                "No endpoint",
                format!("{origin} is empty. Name at least one node, for example \"https://a.example:443\"."),
            );
        }
        for endpoint in &endpoints {
            if let Some(problem) = endpoint_problem(endpoint) {
                error(
                    self.diags,
                    origin.path(),
                    "Unsuitable endpoint",
                    format!("{origin}: {problem}"),
                );
            }
        }
        Setting::Known(endpoints, origin)
    }

    /// The pair, of which there are both or neither.
    fn password_login(
        &mut self,
        username: &Value<String>,
        password: &Value<String>,
    ) -> (Setting<String>, Setting<String>) {
        let username = self.text("redis_enterprise.username", username);
        let password = self.text("redis_enterprise.password", password);
        let lonely = match (username.origin(), password.origin()) {
            (Some(origin), None) => Some((origin, "password", "CERTWARD_REDIS_ENTERPRISE_PASSWORD")),
            (None, Some(origin)) => Some((origin, "username", "CERTWARD_REDIS_ENTERPRISE_USERNAME")),
            _ => None,
        };
        if let Some((origin, other, variable)) = lonely.filter(|_| self.environment.is_some()) {
            error(
                self.diags,
                origin.path(),
                "Incomplete login by password",
                format!("{origin} is set, but not redis_enterprise.{other} ({variable}). Set both or neither."),
            );
        }
        (username, password)
    }

    fn request_timeout(&mut self, value: &Value<String>) -> Duration {
        let Setting::Known(text, origin) = self.text("request_timeout", value) else {
            return DEFAULT_REQUEST_TIMEOUT;
        };
        let problem = match duration::parse(text.trim()) {
            Ok(timeout) if timeout.is_zero() => "0s leaves no time for any request. The default is 30s.".to_owned(),
            Ok(timeout) => return timeout,
            Err(problem) => format!("{problem}. The default is 30s."),
        };
        error(
            self.diags,
            origin.path(),
            "Unsuitable request timeout",
            format!("{origin}: {problem}"),
        );
        DEFAULT_REQUEST_TIMEOUT
    }

    fn number(&mut self, attribute: &'static str, value: &Value<i64>, min: i64, max: i64, default: u32) -> u32 {
        let (number, origin) = match value {
            Value::Value(number) => (Ok(*number), Origin::Attribute(attribute)),
            Value::Unknown => {
                self.unknown.push(Origin::Attribute(attribute));
                return default;
            }
            Value::Null => match Setting::from_environment(attribute, self.environment) {
                Setting::Known(text, origin) => (text.trim().parse::<i64>(), origin),
                _ => return default,
            },
        };
        match number {
            Ok(number) if (min..=max).contains(&number) => u32::try_from(number).unwrap_or(default),
            _ => {
                error(
                    self.diags,
                    origin.path(),
                    "Unsuitable number",
                    format!("{origin} must be a whole number from {min} to {max}. The default is {default}."),
                );
                default
            }
        }
    }
}

/// The problem with an endpoint, if there is one. The text never repeats a password.
fn endpoint_problem(endpoint: &str) -> Option<String> {
    let url = match url::Url::parse(endpoint) {
        Ok(url) => url,
        Err(problem) => {
            let shown = endpoint.rsplit('@').next().unwrap_or_default().escape_debug();
            return Some(format!(
                "\"{shown}\" is no URL ({problem}). Write it in full, for example \"https://a.example:443\"."
            ));
        }
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Some("an endpoint takes no user name and password; log in with a certificate.".to_owned());
    }
    if url.scheme() != "https" {
        return Some(format!(
            "\"{endpoint}\" is not https. Certificates work over TLS only: write \"https://…\" with the port the \
             server listens on for TLS."
        ));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Some(format!(
            "\"{endpoint}\" has more than scheme, host and port. Write \"{}\".",
            url.origin().ascii_serialization()
        ));
    }
    None
}

const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
