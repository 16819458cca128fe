//! The environment variables behind the provider block.

/// The source of environment variables; tests have their own.
pub(crate) trait Environment: Send + Sync {
    /// The value of a variable. An empty one counts as not set.
    fn get(&self, variable: &str) -> Option<String>;
}

/// The environment of the process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn get(&self, variable: &str) -> Option<String> {
        std::env::var(variable).ok().filter(|value| !value.is_empty())
    }
}

/// The variable that stands in for an attribute of the provider block.
pub(crate) fn variable(attribute: &str) -> Option<&'static str> {
    VARIABLES
        .iter()
        .find_map(|(name, variable)| (*name == attribute).then_some(*variable))
}

/// Endpoints of RavenDB, separated by commas.
pub(crate) const RAVENDB_ENDPOINTS: &str = "CERTWARD_RAVENDB_ENDPOINTS";
/// Endpoints of Redis Enterprise, separated by commas.
pub(crate) const REDIS_ENTERPRISE_ENDPOINTS: &str = "CERTWARD_REDIS_ENTERPRISE_ENDPOINTS";

/// Attribute and variable. `_pem` has the short name, because a variable usually holds the text itself.
pub(crate) const VARIABLES: [(&str, &str); 18] = [
    ("ravendb.endpoints", RAVENDB_ENDPOINTS),
    ("redis_enterprise.endpoints", REDIS_ENTERPRISE_ENDPOINTS),
    ("redis_enterprise.username", "CERTWARD_REDIS_ENTERPRISE_USERNAME"),
    ("redis_enterprise.password", "CERTWARD_REDIS_ENTERPRISE_PASSWORD"),
    ("client_certificate_file", "CERTWARD_CLIENT_CERTIFICATE_FILE"),
    ("client_certificate_pem", "CERTWARD_CLIENT_CERTIFICATE"),
    ("client_private_key_file", "CERTWARD_CLIENT_PRIVATE_KEY_FILE"),
    ("client_private_key_pem", "CERTWARD_CLIENT_PRIVATE_KEY"),
    ("pkcs12_file", "CERTWARD_PKCS12_FILE"),
    ("pkcs12_base64", "CERTWARD_PKCS12_BASE64"),
    ("pkcs12_password", "CERTWARD_PKCS12_PASSWORD"),
    ("ca_certificate_file", "CERTWARD_CA_CERTIFICATE_FILE"),
    ("ca_certificate_pem", "CERTWARD_CA_CERTIFICATE"),
    ("tls_server_name", "CERTWARD_TLS_SERVER_NAME"),
    ("request_timeout", "CERTWARD_REQUEST_TIMEOUT"),
    ("max_retries", "CERTWARD_MAX_RETRIES"),
    ("max_concurrent_requests", "CERTWARD_MAX_CONCURRENT_REQUESTS"),
    ("proxy_url", "CERTWARD_PROXY_URL"),
];
