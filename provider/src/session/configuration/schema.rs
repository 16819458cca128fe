//! The provider block as the user writes it.

use serde::{Deserialize, Serialize};
use tf_provider::schema::{AttributeType, Schema};
use tf_provider::value::Value;

use super::environment::variable;
use crate::values::schema::{list_of_strings, named, optional, schema, sensitive};

/// The provider block; the schema says what each attribute is.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct ProviderBlock {
    pub(crate) ravendb: Value<RavenDbBlock>,
    pub(crate) redis_enterprise: Value<RedisEnterpriseBlock>,
    pub(crate) client_certificate_file: Value<String>,
    pub(crate) client_certificate_pem: Value<String>,
    pub(crate) client_private_key_file: Value<String>,
    pub(crate) client_private_key_pem: Value<String>,
    pub(crate) pkcs12_file: Value<String>,
    pub(crate) pkcs12_base64: Value<String>,
    pub(crate) pkcs12_password: Value<String>,
    pub(crate) ca_certificate_file: Value<String>,
    pub(crate) ca_certificate_pem: Value<String>,
    pub(crate) tls_server_name: Value<String>,
    pub(crate) request_timeout: Value<String>,
    pub(crate) max_retries: Value<i64>,
    pub(crate) max_concurrent_requests: Value<i64>,
    pub(crate) proxy_url: Value<String>,
}

/// The attribute `ravendb`.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct RavenDbBlock {
    pub(crate) endpoints: Value<Vec<Value<String>>>,
}

/// The attribute `redis_enterprise`.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct RedisEnterpriseBlock {
    pub(crate) endpoints: Value<Vec<Value<String>>>,
    pub(crate) username: Value<String>,
    pub(crate) password: Value<String>,
}

/// The schema of the provider block.
pub(crate) fn provider() -> Schema {
    use AttributeType::{AttributeSingle, Number, String};
    let endpoints = "URLs of the cluster's nodes, `https` only, tried in order. Environment: ";
    let with_variable = |text: &str, attribute: &str| {
        let variable = variable(attribute).expect("every attribute has a variable; a test goes through them");
        format!("{text} Environment: `{variable}`.")
    };
    let text = |attribute: &str, description: &str| optional(String, &with_variable(description, attribute));
    let number = |attribute: &str, description: &str| optional(Number, &with_variable(description, attribute));
    schema(
        "Certificates instead of passwords for databases, as code: who may log in to RavenDB and Redis Enterprise \
         with which client certificate.\n\n\
         Every attribute can come from the environment instead; an attribute wins over its variable. The provider \
         connects when the first resource is read, not before.",
        [
            (
                "ravendb",
                optional(
                    AttributeSingle(named([(
                        "endpoints",
                        optional(
                            list_of_strings(),
                            &format!(
                                "{endpoints}`{}`, separated by commas.",
                                super::environment::RAVENDB_ENDPOINTS
                            ),
                        ),
                    )])),
                    "The RavenDB cluster (7.2, or a Certward server) that the resources are about.",
                ),
            ),
            (
                "redis_enterprise",
                optional(
                    AttributeSingle(named([
                        (
                            "endpoints",
                            optional(
                                list_of_strings(),
                                &format!(
                                    "{endpoints}`{}`, separated by commas.",
                                    super::environment::REDIS_ENTERPRISE_ENDPOINTS
                                ),
                            ),
                        ),
                        (
                            "username",
                            text(
                                "redis_enterprise.username",
                                "User for a login by password, for as long as the cluster takes no certificate. Needs \
                                 `password`.",
                            ),
                        ),
                        (
                            "password",
                            sensitive(text("redis_enterprise.password", "Password of `username`.")),
                        ),
                    ])),
                    "The Redis Enterprise cluster (8.2, or a Certward server) that the resources are about. With \
                     `username` and `password` set, those are the login here, and the client certificate is that for \
                     RavenDB alone.",
                ),
            ),
            (
                "client_certificate_file",
                text(
                    "client_certificate_file",
                    "Path of the PEM file with the certificate the provider logs in with, its own certificate first. \
                     Not together with `client_certificate_pem`.",
                ),
            ),
            (
                "client_certificate_pem",
                text(
                    "client_certificate_pem",
                    "The same as text. Not together with `client_certificate_file`.",
                ),
            ),
            (
                "client_private_key_file",
                text(
                    "client_private_key_file",
                    "Path of the PEM file with the private key of that certificate: PKCS#8, PKCS#1 or SEC 1, not \
                     encrypted. A file that others can read is a warning. Not together with \
                     `client_private_key_pem`.",
                ),
            ),
            (
                "client_private_key_pem",
                sensitive(text(
                    "client_private_key_pem",
                    "The same as text; may be an ephemeral value. Not together with `client_private_key_file`.",
                )),
            ),
            (
                "pkcs12_file",
                text(
                    "pkcs12_file",
                    "Path of a PKCS#12 file (`.pfx`, `.p12`) with certificate and private key, as RavenDB's Studio \
                     hands it out inside a zip file: unpack the zip file first. Instead of `client_certificate_…` and \
                     `client_private_key_…`.",
                ),
            ),
            (
                "pkcs12_base64",
                sensitive(text(
                    "pkcs12_base64",
                    "The content of such a file in Base64, for example from `filebase64()`. Not together with \
                     `pkcs12_file`.",
                )),
            ),
            (
                "pkcs12_password",
                sensitive(text(
                    "pkcs12_password",
                    "Password of the PKCS#12 file. Default: the empty password.",
                )),
            ),
            (
                "ca_certificate_file",
                text(
                    "ca_certificate_file",
                    "Path of a PEM file with the certification authorities that the cluster's server certificates \
                     are checked against. A certificate that is none of an authority stands for itself alone: the server \
                     must show exactly it. Not together with `ca_certificate_pem`. Default: the authorities the \
                     operating system trusts.",
                ),
            ),
            (
                "ca_certificate_pem",
                text(
                    "ca_certificate_pem",
                    "The same as text. Not together with `ca_certificate_file`.",
                ),
            ),
            (
                "tls_server_name",
                text(
                    "tls_server_name",
                    "Name that the server certificate must be for, when it differs from the host in the endpoints, for \
                     example when they are IP addresses.",
                ),
            ),
            (
                "request_timeout",
                text(
                    "request_timeout",
                    "How long one request may take, a duration such as `30s` or `1m30s`. With everything that is tried \
                     again, an operation takes at most three times as long. Default `30s`.",
                ),
            ),
            (
                "max_retries",
                number(
                    "max_retries",
                    "How often a request is tried again when the cluster is busy or cannot be reached, 0 to 20, with \
                     growing pauses between, of 5 s at most. Default 9, which outlasts the restart of a node (13 s to \
                     26 s). Refusals, a host name that does not exist and a server that cannot be verified are never tried \
                     again.",
                ),
            ),
            (
                "max_concurrent_requests",
                number(
                    "max_concurrent_requests",
                    "How many requests may be under way at once, 1 to 256. Default 4.",
                ),
            ),
            (
                "proxy_url",
                sensitive(text(
                    "proxy_url",
                    "HTTP proxy to connect through, such as `http://user:password@proxy.example:3128`. Default: what \
                     `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say. Errors and the log name the proxy, without credentials.",
                )),
            ),
        ],
    )
}
