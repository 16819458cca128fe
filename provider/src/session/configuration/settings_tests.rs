use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::*;
use crate::session::configuration::environment::VARIABLES;

struct Variables(BTreeMap<&'static str, String>);

impl Environment for Variables {
    fn get(&self, variable: &str) -> Option<String> {
        self.0.get(variable).cloned()
    }
}

/// The settings, and the errors as `path: summary: detail`.
fn read<const N: usize>(block: Json, variables: [(&'static str, &str); N]) -> (Settings, Vec<String>) {
    let mut whole: BTreeMap<String, Json> = crate::session::configuration::schema::provider()
        .block
        .attributes
        .into_keys()
        .map(|name| (name, Json::Null))
        .collect();
    for (name, value) in block.as_object().unwrap() {
        assert!(whole.insert(name.clone(), value.clone()).is_some(), "{name}");
    }
    let block: ProviderBlock = serde_json::from_value(json!(whole)).unwrap();
    let variables = Variables(
        variables
            .into_iter()
            .map(|(name, value)| (name, value.to_owned()))
            .collect(),
    );
    let mut diags = Diagnostics::default();
    let settings = Settings::read(&mut diags, &block, Some(&variables));
    let errors = diags.errors.iter();
    let errors = errors.map(|error| format!("{}: {}: {}", error.attribute, error.summary, error.detail));
    (settings, errors.collect())
}

fn endpoints(settings: &Settings) -> Vec<String> {
    match &settings.ravendb_endpoints {
        Setting::Known(endpoints, _) => endpoints.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_configured_by_default() {
    let (settings, errors) = read(json!({}), []);
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(settings.ravendb_endpoints, Setting::Absent);
    assert!(matches!(settings.client_certificate, PemSetting::Absent));
    assert_eq!(settings.request_timeout, Duration::from_secs(30));
    assert_eq!((settings.max_retries, settings.max_concurrent_requests), (9, 4));
    assert_eq!(settings.unknown, []);
}

#[test]
fn every_variable_is_read() {
    let (settings, errors) = read(
        json!({}),
        [
            (
                "CERTWARD_RAVENDB_ENDPOINTS",
                "https://a.example, https://b.example:8443",
            ),
            ("CERTWARD_REDIS_ENTERPRISE_ENDPOINTS", "https://c.example:9443"),
            ("CERTWARD_REDIS_ENTERPRISE_USERNAME", "admin@example.com"),
            ("CERTWARD_REDIS_ENTERPRISE_PASSWORD", "redis-secret"),
            ("CERTWARD_PKCS12_BASE64", "AAAA"),
            ("CERTWARD_PKCS12_PASSWORD", "p12-secret"),
            ("CERTWARD_CA_CERTIFICATE", "pem"),
            ("CERTWARD_TLS_SERVER_NAME", "db.example"),
            ("CERTWARD_REQUEST_TIMEOUT", "1m30s"),
            ("CERTWARD_MAX_RETRIES", "0"),
            ("CERTWARD_MAX_CONCURRENT_REQUESTS", "16"),
            ("CERTWARD_PROXY_URL", "http://u:p@proxy.example:3128"),
        ],
    );
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(endpoints(&settings), ["https://a.example", "https://b.example:8443"]);
    assert!(matches!(settings.pkcs12, Pkcs12Setting::Base64(..)));
    assert!(matches!(settings.ca_certificate, PemSetting::Text(..)));
    assert_eq!(settings.request_timeout, Duration::from_secs(90));
    assert_eq!((settings.max_retries, settings.max_concurrent_requests), (0, 16));
    assert_eq!(
        settings.secrets(),
        ["redis-secret", "p12-secret", "http://u:p@proxy.example:3128", "AAAA"]
    );

    let (settings, errors) = read(
        json!({}),
        [
            ("CERTWARD_CLIENT_CERTIFICATE", "pem"),
            ("CERTWARD_CLIENT_PRIVATE_KEY_FILE", "key.pem"),
            ("CERTWARD_CA_CERTIFICATE_FILE", "ca.pem"),
        ],
    );
    assert_eq!(errors, Vec::<String>::new());
    assert!(matches!(settings.client_certificate, PemSetting::Text(..)));
    assert!(matches!(settings.client_private_key, PemSetting::File(..)));
}

#[test]
fn every_attribute_has_its_variable() {
    let schema = crate::session::configuration::schema::provider();
    for (attribute, variable) in VARIABLES {
        let top = attribute.split('.').next().unwrap();
        assert!(schema.block.attributes.contains_key(top), "{attribute}");
        assert!(variable.starts_with("CERTWARD_"), "{variable}");
    }
    for name in schema.block.attributes.keys() {
        assert!(
            VARIABLES
                .iter()
                .any(|(attribute, _)| attribute.split('.').next() == Some(name)),
            "{name}"
        );
    }
}

#[test]
fn the_block_wins_over_the_environment() {
    let (settings, errors) = read(
        json!({
            "ravendb": { "endpoints": ["https://block.example"] },
            "client_certificate_file": "block.crt",
            "client_private_key_file": "block.key",
            "max_retries": 2,
        }),
        [
            ("CERTWARD_RAVENDB_ENDPOINTS", "https://environment.example"),
            // Another form of the same value, and another way to log in: both hidden by the block.
            ("CERTWARD_CLIENT_CERTIFICATE", "pem"),
            ("CERTWARD_PKCS12_FILE", "a.pfx"),
            ("CERTWARD_MAX_RETRIES", "9"),
        ],
    );
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(endpoints(&settings), ["https://block.example"]);
    assert!(matches!(&settings.client_certificate, PemSetting::File(path, _) if path == "block.crt"));
    assert!(matches!(settings.pkcs12, Pkcs12Setting::Absent));
    assert_eq!(settings.max_retries, 2);
}

#[test]
fn conflicts_and_gaps_name_both_sides() {
    for (block, variables, expected) in [
        (
            json!({ "ca_certificate_pem": "a", "ca_certificate_file": "b" }),
            [("X", "")],
            "ca_certificate_file: Conflicting provider settings: ca_certificate_pem and ca_certificate_file",
        ),
        (
            json!({ "pkcs12_file": "a", "client_private_key_file": "b" }),
            [("X", "")],
            "pkcs12_file: Conflicting provider settings: client_private_key_file and pkcs12_file",
        ),
        (
            json!({ "client_certificate_file": "a" }),
            [("X", "")],
            "client_certificate_file: Private key is missing",
        ),
        (
            json!({}),
            [("CERTWARD_CLIENT_PRIVATE_KEY_FILE", "b")],
            ": Client certificate is missing: the environment variable CERTWARD_CLIENT_PRIVATE_KEY_FILE",
        ),
        (
            json!({ "redis_enterprise": { "endpoints": ["https://a.example"], "username": null, "password": "p-secret" } }),
            [("X", "")],
            "redis_enterprise: Incomplete login by password",
        ),
        (
            json!({ "tls_server_name": " " }),
            [("X", "")],
            "tls_server_name: Empty provider setting",
        ),
        (
            json!({}),
            [("CERTWARD_MAX_RETRIES", "many")],
            ": Unsuitable number: the environment variable",
        ),
        (
            json!({ "request_timeout": "0s" }),
            [("X", "")],
            "request_timeout: Unsuitable request timeout",
        ),
    ] {
        let (_, errors) = read(block.clone(), variables);
        assert_eq!(errors.len(), 1, "{block} {errors:?}");
        assert!(errors[0].starts_with(expected), "{block} {errors:?}");
        assert!(!errors[0].contains("p-secret"));
    }
}

#[test]
fn endpoints_are_https_with_host_and_port_only() {
    for (endpoint, expected) in [
        ("http://a.example", "is not https"),
        ("a.example", "is no URL"),
        ("", "is no URL"),
        ("https://a.example/studio/index.html", "Write \"https://a.example\""),
        ("https://a.example?x=1", "more than scheme, host and port"),
        ("https://user:hunter2@a.example", "no user name and password"),
    ] {
        let (_, errors) = read(
            json!({ "ravendb": { "endpoints": ["https://ok.example", endpoint] } }),
            [],
        );
        assert_eq!(errors.len(), 1, "{endpoint}: {errors:?}");
        assert!(
            errors[0].starts_with("ravendb: Unsuitable endpoint: ravendb.endpoints"),
            "{errors:?}"
        );
        assert!(
            errors[0].contains(expected) && !errors[0].contains("hunter2"),
            "{errors:?}"
        );
    }
}

#[test]
fn unknown_values_are_collected_and_not_replaced_by_the_environment() {
    let mut diags = Diagnostics::default();
    let block = ProviderBlock {
        ravendb: Value::Unknown,
        client_private_key_pem: Value::Unknown,
        client_certificate_pem: Value::Value("pem".to_owned()),
        max_retries: Value::Unknown,
        ..ProviderBlock::default()
    };
    let variables = Variables(BTreeMap::from([(
        RAVENDB_ENDPOINTS,
        "https://environment.example".to_owned(),
    )]));
    let settings = Settings::read(&mut diags, &block, Some(&variables));
    assert_eq!(diags, Diagnostics::default());
    assert!(matches!(settings.ravendb_endpoints, Setting::Unknown(_)));
    let unknown: Vec<String> = settings.unknown.iter().map(ToString::to_string).collect();
    assert_eq!(unknown, ["ravendb.endpoints", "client_private_key_pem", "max_retries"]);
}
