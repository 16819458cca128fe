//! The table of settings: reading, suggestions and `docs/settings.md` follow it. Of each key it says the name, the values
//! and their reader, the default, and the effect.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use certward_pki::{Certificate, Thumbprint};
use secrecy::SecretString;
use tracing::level_filters::LevelFilter;
use url::{Host, Url};

use super::key::{Key, Kind, Setting};
use super::without_effect::WITHOUT_EFFECT;
use super::{SetupMode, StoreSetting, values, well_known};
use crate::certificate::ChainBounds;
use crate::expiry::WarnDays;
use crate::issuer::KeyAlgorithm;
use crate::redis::engine::EngineAccount;
use crate::redis::settings::{self as redis, UpstreamSetting};
use crate::telemetry::LogFormat;

/// Every key: first those that are followed.
pub(super) fn keys() -> impl Iterator<Item = &'static Key> {
    FOLLOWED.iter().copied().chain(WITHOUT_EFFECT)
}

macro_rules! settings {
    ($($name:ident: $type:ty = $setting:expr;)*) => {
        $(pub(crate) static $name: Setting<$type> = $setting;)*
        /// The keys that are followed.
        pub(super) static FOLLOWED: &[&Key] = &[$(&$name.key),*];
    };
}

const fn boolean(name: &'static str, default: &'static str, meaning: &'static str) -> Setting<bool> {
    Setting::new(name, Kind::Boolean, default, values::boolean, meaning)
}

const fn path(name: &'static str, default: &'static str, meaning: &'static str) -> Setting<PathBuf> {
    Setting::new(
        name,
        Kind::Path,
        default,
        |text, _, folder| Ok(folder.join(text)),
        meaning,
    )
}

const fn seconds(
    name: &'static str,
    range: RangeInclusive<u64>,
    default: &'static str,
    meaning: &'static str,
) -> Setting<Duration> {
    Setting::new(name, number(range, "seconds"), default, values::seconds, meaning)
}

const fn kibibytes(
    name: &'static str,
    range: RangeInclusive<u64>,
    default: &'static str,
    meaning: &'static str,
) -> Setting<usize> {
    Setting::new(name, number(range, "KiB"), default, values::kibibytes, meaning)
}

const fn count(
    name: &'static str,
    range: RangeInclusive<u64>,
    default: &'static str,
    meaning: &'static str,
) -> Setting<usize> {
    Setting::new(name, number(range, ""), default, values::number, meaning)
}

const fn number(range: RangeInclusive<u64>, unit: &'static str) -> Kind {
    let (least, most) = (*range.start(), *range.end());
    Kind::Number { least, most, unit }
}

const MINUTES_OF_A_SESSION: Kind = number(1..=365 * 24 * 60, "minutes");

settings! {
    SERVER_URL: Url = Setting::new(
        "ServerUrl",
        Kind::Text("`https` URL"),
        "https://127.0.0.1:8443",
        values::listening_url,
        "Where RavenDB's API listens; port 0 takes a free port.",
    );
    PUBLIC_SERVER_URL: Url = Setting::new(
        "PublicServerUrl",
        Kind::Text("`https` URL"),
        "",
        values::public_url,
        "Where clients reach it, when that differs from `ServerUrl`.",
    );
    SETUP_MODE: SetupMode = Setting::new(
        "Setup.Mode",
        Kind::Choice(&["None", "Secured"]),
        "None",
        values::setup_mode,
        "`None` (configured by hand) or `Secured` (by `certward-server setup`). RavenDB's `Initial`, `LetsEncrypt` and `Unsecured` are refused.",
    );
    DATA_DIR: PathBuf = path(
        "DataDir",
        "Databases",
        "Folder of the store and of the console's socket. Made, for its owner alone, when it is missing. Nobody else may be able to write it.",
    );
    CERTIFICATE_PATH: PathBuf = path(
        "Security.Certificate.Path",
        "",
        "The server certificate with its private key. Required. Only its owner may be able to read it.",
    );
    CERTIFICATE_PASSWORD: SecretString = Setting::new(
        "Security.Certificate.Password",
        Kind::Password,
        "",
        |text, _, _| Ok(SecretString::from(text)),
        "The password of that file.",
    )
    .secret();
    CERTIFICATE_KEY_USAGES: bool = boolean(
        "Security.Certificate.Validation.KeyUsages",
        "true",
        "Whether the server certificate must have the key usage digitalSignature.",
    );
    EXPIRING_THRESHOLD: u16 = Setting::new(
        "Security.Certificate.ExpiringThresholdInDays",
        number(1..=3650, "days"),
        "",
        values::number,
        "How long before its end the server certificate counts as expiring: one more day of `Certward.Expiry.WarnDaysBefore`, for every certificate.",
    );
    WELL_KNOWN_ADMINISTRATORS: Thumbprint = Setting::new(
        "Security.WellKnownCertificates.Admin",
        Kind::Text("list of thumbprints"),
        "",
        values::thumbprint,
        "Certificates that are cluster administrators without being registered.",
    );
    WELL_KNOWN_ISSUERS: Certificate = Setting::new(
        "Security.WellKnownIssuers.Admin",
        Kind::Text("list of certificates"),
        "",
        |text, _, folder| well_known::issuer(text, folder),
        "CA certificates whose certificates are cluster administrators: base64 of DER, in one line or several, or files in PEM or DER. One with a private key is refused.",
    );
    VALIDATE_CERTIFICATE_NAMES: bool = boolean(
        "Security.WellKnownIssuers.Admin.ValidateCertificateNames",
        "false",
        "Whether such a certificate also needs a DNS name of the server's domain.",
    );
    DEFAULT_SESSION: u32 = Setting::new(
        "Security.TwoFactor.DefaultSessionDurationInMin",
        MINUTES_OF_A_SESSION,
        "120",
        values::number,
        "How long a session lasts that a one-time code opens, when the client does not say.",
    );
    MAX_SESSION: u32 = Setting::new(
        "Security.TwoFactor.MaxSessionDurationInMin",
        MINUTES_OF_A_SESSION,
        "1440",
        values::number,
        "The longest session a client can ask for.",
    );
    AUDIT_LOG_FOLDER: PathBuf = path(
        "Security.AuditLog.FolderPath",
        "",
        "Folder of the audit log's file. It is made, with mode 0700, when only its last part is missing.",
    );
    CSRF_ENABLED: bool = boolean(
        "Security.Csrf.Enabled",
        "true",
        "Whether a request that a page of another site made a browser send is refused, by its `Origin` header.",
    );
    TRUSTED_ORIGINS: String = Setting::new(
        "Security.Csrf.TrustedOrigins",
        Kind::Text("list of origins"),
        "",
        values::web_origin,
        "Origins such as `https://studio.example:8443`, whose pages may send requests all the same.",
    );
    AUDIT_RETENTION_DAYS: u32 = Setting::new(
        "Certward.Audit.RetentionDays",
        number(1..=36_500, "days"),
        "",
        values::number,
        "How long the store keeps audit records. Without it, for ever. The audit log's file is not shortened.",
    );
    WARN_DAYS: WarnDays = Setting::new(
        "Certward.Expiry.WarnDaysBefore",
        Kind::Text("list of days, or `none`"),
        "30;14;7;1",
        |text, _, _| WarnDays::parse(text),
        "How many days before its end the log warns of a certificate: at most 10 whole numbers from 1 to 3650.",
    );
    STORE: StoreSetting = Setting::new(
        "Certward.Store",
        Kind::Choice(&["sqlite"]),
        "sqlite",
        values::store,
        "Where registered certificates are kept: `sqlite`, a file in `DataDir`.",
    )
    .secret();
    REDIS_ENTERPRISE_URL: Url = Setting::new(
        "Certward.RedisEnterprise.ServerUrl",
        Kind::Text("`https` URL"),
        "",
        values::listening_url,
        "Where Redis Enterprise's API listens, with the same server certificate and the same limits. `certward-server setup` writes port 9443.",
    );
    REDIS_SERVER_PATH: PathBuf = Setting::new(
        "Certward.Redis.ServerPath",
        Kind::Path,
        "",
        |text, _, folder| values::program(text, folder),
        "The program that a Redis database is: a path, or a name in `PATH`. Without it, `redis-server`, else `valkey-server`.",
    );
    REDIS_ENGINE_USER: EngineAccount = Setting::new(
        "Certward.Redis.EngineUser",
        Kind::Text("user, by name or number"),
        "",
        |text, _, _| redis::engine_user(text),
        "The user that databases are run as. It can be set only when the server runs as root. Without it, they run as the server's own user.",
    );
    REDIS_UPSTREAM: UpstreamSetting = Setting::new(
        "Certward.Redis.Upstream",
        Kind::Text("list of `URL` or `NAME=URL`"),
        "",
        |text, _, _| redis::upstream(text),
        "Redis servers that are put behind databases instead of starting one: `NAME=URL` for the database of that name. A URL is `redis://` or `rediss://` with `user:password@` where needed; each is put behind one database.",
    )
    .secret();
    REDIS_UPSTREAM_CA: Vec<Certificate> = Setting::new(
        "Certward.Redis.UpstreamCa",
        Kind::Text("path of a PEM file"),
        "",
        |text, _, folder| redis::authorities(&folder.join(text)),
        "The CAs that the certificates of `rediss://` servers must chain to. Needed for `rediss://`.",
    );
    REDIS_LISTEN_ADDRESS: Host = Setting::new(
        "Certward.Redis.ListenAddress",
        Kind::Text("address or host"),
        "",
        |text, _, _| redis::listen_address(text),
        "Where the ports of databases listen. Without it, the host of `Certward.RedisEnterprise.ServerUrl`.",
    );
    REDIS_PORTS: RangeInclusive<u16> = Setting::new(
        "Certward.Redis.Ports",
        Kind::Text("two ports and a hyphen"),
        "10000-19999",
        |text, _, _| redis::ports(text),
        "The ports of databases that name none of their own.",
    );
    OPERATIONS_URL: Url = Setting::new(
        "Certward.Operations.ServerUrl",
        Kind::Text("`http` URL, loopback"),
        "",
        values::operations_url,
        "Where `/healthz`, `/readyz` and `/metrics` are served, such as `http://127.0.0.1:9080`.",
    );
    KEY_ALGORITHM: KeyAlgorithm = Setting::new(
        "Certward.ClientCertificate.KeyAlgorithm",
        Kind::Choice(&["RSA_2048", "RSA_3072", "RSA_4096", "ECDSA_P256"]),
        "RSA_4096",
        values::key_algorithm,
        "Key of generated client certificates.",
    );
    KEY_POOL_SIZE: usize = count(
        "Certward.ClientCertificate.KeyPoolSize",
        0..=1024,
        "4",
        "How many such keys are kept ready. With 0, each request makes its own, which takes seconds for RSA.",
    );
    LICENSED_READ_ONLY_ACCESS: bool = boolean(
        "Certward.License.ReadOnlyCertificates",
        "false",
        "Whether `Read` access may be given, as on a licensed RavenDB. Without it the answer is 402.",
    );
    HANDSHAKE_TIMEOUT: Duration = seconds(
        "Certward.Limits.HandshakeTimeoutInSec",
        1..=60,
        "5",
        "From accepting a connection to the end of its TLS handshake.",
    );
    HEADER_TIMEOUT: Duration = seconds(
        "Certward.Limits.HeaderTimeoutInSec",
        1..=300,
        "10",
        "For the header of a request; and without a request, or `AUTH`, for a connection whose peer has not been let in.",
    );
    BODY_TIMEOUT: Duration = seconds("Certward.Limits.BodyTimeoutInSec", 1..=3600, "30", "For the body of a request.");
    KEEP_ALIVE_TIMEOUT: Duration = seconds(
        "Certward.Limits.KeepAliveTimeoutInSec",
        1..=86_400,
        "600",
        "A connection without a request for this long is closed.",
    );
    DRAIN_TIMEOUT: Duration = seconds(
        "Certward.Limits.DrainTimeoutInSec",
        0..=300,
        "5",
        "For the requests under way when the server stops. What follows it: operations.md, \"The end\".",
    );
    MAX_BODY_SIZE: usize = kibibytes("Certward.Limits.MaxBodySizeInKb", 1..=65_536, "1024", "Size of a request's body.");
    MAX_INTERMEDIATES: usize = count(
        "Certward.Limits.MaxIntermediateCertificates",
        0..=ChainBounds::WIDEST.intermediates as u64,
        "4",
        "Certificates a client may send above its own. More make path building expensive.",
    );
    MAX_CERTIFICATE_SIZE: usize = kibibytes(
        "Certward.Limits.MaxCertificateSizeInKb",
        1..=64,
        "16",
        "Size of all certificates a client sends together.",
    );
    MAX_CONNECTIONS: usize = count(
        "Certward.Limits.MaxConnections",
        1..=1_000_000,
        "16384",
        "Open connections of one listener.",
    );
    MAX_UNAUTHENTICATED: usize = count(
        "Certward.Limits.MaxUnauthenticatedConnections",
        1..=1_000_000,
        "8192",
        "Those of them whose peers have not been let in by a certificate, a password or a token; never more than half of `MaxConnections`. One more displaces the oldest.",
    );
    MAX_UNAUTHENTICATED_OF_ADDRESS: usize = count(
        "Certward.Limits.MaxUnauthenticatedConnectionsPerAddress",
        1..=1_000_000,
        "1024",
        "Those of the latter that come from one IPv4 address, or one /64 of IPv6. One more displaces the oldest of the address.",
    );
    MAX_HANDSHAKING: usize = count(
        "Certward.Limits.MaxHandshakingConnections",
        1..=1_000_000,
        "1024",
        "Those of them that have not finished their TLS handshake.",
    );
    LOG_LEVEL: LevelFilter = Setting::new(
        "Certward.Log.Level",
        Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
        "info",
        values::log_level,
        "The least urgent events that are logged.",
    );
    LOG_FORMAT: LogFormat = Setting::new(
        "Certward.Log.Format",
        Kind::Choice(&["text", "json"]),
        "text",
        values::log_format,
        "The form of the log, one line an event, on standard error.",
    );
}
