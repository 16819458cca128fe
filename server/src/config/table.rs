//! The table of settings: reading, suggestions and `docs/settings.md` follow it. Of each key it says the name, the values
//! and their reader, the default, and the effect.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use certward_pki::{Certificate, Thumbprint};
use secrecy::SecretString;
use tracing::level_filters::LevelFilter;
use url::{Host, Url};

use super::key::Kind::{self, Boolean, Choice, Password, Path, Secret, Text};
use super::key::{Key, Setting};
use super::without_effect::WITHOUT_EFFECT;
use super::{SetupMode, StoreSetting, values, well_known};
use crate::expiry::WarnDays;
use certward_certificates::certificate::ChainBounds;
use certward_certificates::issuer::KeyAlgorithm;
use certward_redis_proxy::engine::EngineAccount;
use certward_redis_proxy::settings::{self as redis, UpstreamSetting};
use certward_system::telemetry::LogFormat;

/// Every key: first those that are followed.
pub(super) fn keys() -> impl Iterator<Item = &'static Key> {
    FOLLOWED.iter().copied().chain(WITHOUT_EFFECT)
}

/// `NAME: type = key, kind, default, reader, meaning;`. An empty default is none.
macro_rules! settings {
    ($($name:ident: $type:ty = $key:literal, $kind:expr, $default:literal, $read:expr, $meaning:literal;)*) => {
        $(pub(crate) static $name: Setting<$type> = Setting {
            key: Key { name: $key, kind: $kind, default: $default, meaning: $meaning },
            read: $read,
        };)*
        /// The keys that are followed.
        pub(super) static FOLLOWED: &[&Key] = &[$(&$name.key),*];
    };
}

const fn number(range: RangeInclusive<u64>, unit: &'static str) -> Kind {
    let (least, most) = (*range.start(), *range.end());
    Kind::Number { least, most, unit }
}

const MINUTES_OF_A_SESSION: Kind = number(1..=365 * 24 * 60, "minutes");

settings! {
    SERVER_URL: Url = "ServerUrl", Text("`https` URL"), "https://127.0.0.1:8443", values::listening_url,
        "Where RavenDB's API listens; port 0 takes a free port.";
    PUBLIC_SERVER_URL: Url = "PublicServerUrl", Text("`https` URL"), "", values::public_url,
        "Where clients reach it, when that differs from `ServerUrl`.";
    SETUP_MODE: SetupMode = "Setup.Mode", Choice(&["None", "Secured"]), "None", values::setup_mode,
        "`None` (configured by hand) or `Secured` (by `certward-server setup`). RavenDB's `Initial`, `LetsEncrypt` and `Unsecured` are refused.";
    DATA_DIR: PathBuf = "DataDir", Path, "Databases", values::path,
        "Folder of the store and of the console's socket. Made, for its owner alone, when it is missing. Nobody else may be able to write it.";
    CERTIFICATE_PATH: PathBuf = "Security.Certificate.Path", Path, "", values::path,
        "The server certificate with its private key. Required. Only its owner may be able to read it.";
    CERTIFICATE_PASSWORD: SecretString = "Security.Certificate.Password", Password,
        "", |text, _, _| Ok(SecretString::from(text)),
        "The password of that file.";
    CERTIFICATE_KEY_USAGES: bool = "Security.Certificate.Validation.KeyUsages", Boolean, "true", values::boolean,
        "Whether the server certificate must have the key usage digitalSignature.";
    EXPIRING_THRESHOLD: u16 = "Security.Certificate.ExpiringThresholdInDays", number(1..=3650, "days"),
        "", values::number,
        "How long before its end the server certificate counts as expiring: one more day of `Certward.Expiry.WarnDaysBefore`, for every certificate.";
    WELL_KNOWN_ADMINISTRATORS: Thumbprint = "Security.WellKnownCertificates.Admin", Text("list of thumbprints"),
        "", values::thumbprint,
        "Certificates that are cluster administrators without being registered.";
    WELL_KNOWN_ISSUERS: Certificate = "Security.WellKnownIssuers.Admin", Text("list of certificates"),
        "", |text, _, folder| well_known::issuer(text, folder),
        "CA certificates whose certificates are cluster administrators: base64 of DER, in one line or several, or files in PEM or DER. One with a private key is refused.";
    VALIDATE_CERTIFICATE_NAMES: bool = "Security.WellKnownIssuers.Admin.ValidateCertificateNames", Boolean,
        "false", values::boolean,
        "Whether such a certificate also needs a DNS name of the server's domain.";
    DEFAULT_SESSION: u32 = "Security.TwoFactor.DefaultSessionDurationInMin", MINUTES_OF_A_SESSION,
        "120", values::number,
        "How long a session lasts that a one-time code opens, when the client does not say.";
    MAX_SESSION: u32 = "Security.TwoFactor.MaxSessionDurationInMin", MINUTES_OF_A_SESSION, "1440", values::number,
        "The longest session a client can ask for.";
    AUDIT_LOG_FOLDER: PathBuf = "Security.AuditLog.FolderPath", Path, "", values::path,
        "Folder of the audit log's file. It is made, with mode 0700, when only its last part is missing.";
    CSRF_ENABLED: bool = "Security.Csrf.Enabled", Boolean, "true", values::boolean,
        "Whether a request that a page of another site made a browser send is refused, by its `Origin` header.";
    TRUSTED_ORIGINS: String = "Security.Csrf.TrustedOrigins", Text("list of origins"), "", values::web_origin,
        "Origins such as `https://studio.example:8443`, whose pages may send requests all the same.";
    AUDIT_RETENTION_DAYS: u32 = "Certward.Audit.RetentionDays", number(1..=36_500, "days"), "", values::number,
        "How long the store keeps audit records. Without it, for ever. The audit log's file is not shortened.";
    WARN_DAYS: WarnDays = "Certward.Expiry.WarnDaysBefore", Text("list of days, or `none`"),
        "30;14;7;1", |text, _, _| WarnDays::parse(text),
        "How many days before its end the log warns of a certificate: at most 10 whole numbers from 1 to 3650.";
    STORE: StoreSetting = "Certward.Store", Secret("`sqlite`"), "sqlite", values::store,
        "Where registered certificates are kept: `sqlite`, a file in `DataDir`.";
    REDIS_ENTERPRISE_URL: Url = "Certward.RedisEnterprise.ServerUrl", Text("`https` URL"), "", values::listening_url,
        "Where Redis Enterprise's API listens, with the same server certificate and the same limits. `certward-server setup` writes port 9443.";
    REDIS_SERVER_PATH: PathBuf = "Certward.Redis.ServerPath", Path, "", values::program,
        "The program that a Redis database is: a path, or a name in `PATH`. Without it, `redis-server`, else `valkey-server`.";
    REDIS_ENGINE_USER: EngineAccount = "Certward.Redis.EngineUser", Text("user, by name or number"),
        "", |text, _, _| redis::engine_user(text),
        "The user that databases are run as. It can be set only when the server runs as root. Without it, they run as the server's own user.";
    REDIS_UPSTREAM: UpstreamSetting = "Certward.Redis.Upstream", Secret("list of `URL` or `NAME=URL`"),
        "", |text, _, _| redis::upstream(text),
        "Redis servers that are put behind databases instead of starting one: `NAME=URL` for the database of that name. A URL is `redis://` or `rediss://` with `user:password@` where needed; each is put behind one database.";
    REDIS_UPSTREAM_CA: Vec<Certificate> = "Certward.Redis.UpstreamCa", Text("path of a PEM file"),
        "", |text, _, folder| redis::authorities(&folder.join(text)),
        "The CAs that the certificates of `rediss://` servers must chain to. Needed for `rediss://`.";
    REDIS_LISTEN_ADDRESS: Host = "Certward.Redis.ListenAddress", Text("address or host"),
        "", |text, _, _| redis::listen_address(text),
        "Where the ports of databases listen. Without it, the host of `Certward.RedisEnterprise.ServerUrl`.";
    REDIS_PORTS: RangeInclusive<u16> = "Certward.Redis.Ports", Text("two ports and a hyphen"),
        "10000-19999", |text, _, _| redis::ports(text),
        "The ports of databases that name none of their own.";
    OPERATIONS_URL: Url = "Certward.Operations.ServerUrl", Text("`http` URL, loopback"), "", values::operations_url,
        "Where `/healthz`, `/readyz` and `/metrics` are served, such as `http://127.0.0.1:9080`.";
    KEY_ALGORITHM: KeyAlgorithm = "Certward.ClientCertificate.KeyAlgorithm", Choice(&["RSA_2048", "RSA_3072", "RSA_4096", "ECDSA_P256"]),
        "RSA_4096", values::key_algorithm,
        "Key of generated client certificates.";
    KEY_POOL_SIZE: usize = "Certward.ClientCertificate.KeyPoolSize", number(0..=1024, ""), "4", values::number,
        "How many such keys are kept ready. With 0, each request makes its own, which takes seconds for RSA.";
    LICENSED_READ_ONLY_ACCESS: bool = "Certward.License.ReadOnlyCertificates", Boolean, "false", values::boolean,
        "Whether `Read` access may be given, as on a licensed RavenDB. Without it the answer is 402.";
    HANDSHAKE_TIMEOUT: Duration = "Certward.Limits.HandshakeTimeoutInSec", number(1..=60, "seconds"),
        "5", values::seconds,
        "From accepting a connection to the end of its TLS handshake.";
    HEADER_TIMEOUT: Duration = "Certward.Limits.HeaderTimeoutInSec", number(1..=300, "seconds"), "10", values::seconds,
        "For the header of a request; and without a request, or `AUTH`, for a connection whose peer has not been let in.";
    BODY_TIMEOUT: Duration = "Certward.Limits.BodyTimeoutInSec", number(1..=3600, "seconds"), "30", values::seconds,
        "For the body of a request.";
    KEEP_ALIVE_TIMEOUT: Duration = "Certward.Limits.KeepAliveTimeoutInSec", number(1..=86_400, "seconds"),
        "600", values::seconds,
        "A connection without a request for this long is closed.";
    DRAIN_TIMEOUT: Duration = "Certward.Limits.DrainTimeoutInSec", number(0..=300, "seconds"), "5", values::seconds,
        "For the requests under way when the server stops. What follows it: operations.md, \"The end\".";
    MAX_BODY_SIZE: usize = "Certward.Limits.MaxBodySizeInKb", number(1..=65_536, "KiB"), "1024", values::kibibytes,
        "Size of a request's body.";
    MAX_INTERMEDIATES: usize = "Certward.Limits.MaxIntermediateCertificates", number(0..=ChainBounds::WIDEST.intermediates as u64, ""),
        "4", values::number,
        "Certificates a client may send above its own. More make path building expensive.";
    MAX_CERTIFICATE_SIZE: usize = "Certward.Limits.MaxCertificateSizeInKb", number(1..=64, "KiB"),
        "16", values::kibibytes,
        "Size of all certificates a client sends together.";
    MAX_CONNECTIONS: usize = "Certward.Limits.MaxConnections", number(1..=1_000_000, ""), "16384", values::number,
        "Open connections of one listener.";
    MAX_UNAUTHENTICATED: usize = "Certward.Limits.MaxUnauthenticatedConnections", number(1..=1_000_000, ""),
        "8192", values::number,
        "Those of them whose peers have not been let in by a certificate, a password or a token; never more than half of `MaxConnections`. One more displaces the oldest.";
    MAX_UNAUTHENTICATED_OF_ADDRESS: usize = "Certward.Limits.MaxUnauthenticatedConnectionsPerAddress", number(1..=1_000_000, ""),
        "1024", values::number,
        "Those of the latter that come from one IPv4 address, or one /64 of IPv6. One more displaces the oldest of the address.";
    MAX_HANDSHAKING: usize = "Certward.Limits.MaxHandshakingConnections", number(1..=1_000_000, ""),
        "1024", values::number,
        "Those of them that have not finished their TLS handshake.";
    LOG_LEVEL: LevelFilter = "Certward.Log.Level", Choice(&["error", "warn", "info", "debug", "trace"]),
        "info", values::log_level,
        "The least urgent events that are logged.";
    LOG_FORMAT: LogFormat = "Certward.Log.Format", Choice(&["text", "json"]), "text", values::log_format,
        "The form of the log, one line an event, on standard error.";
}
