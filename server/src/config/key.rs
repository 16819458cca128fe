//! The table of keys.

use crate::suggestion;

/// A key that may stand in the settings.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written in `settings.json`. Compared without regard to case, as RavenDB does.
    pub name: &'static str,
    /// The server's handling of the key.
    pub treatment: Treatment,
    /// Description for the documentation.
    pub meaning: &'static str,
    /// True if the value must not be shown.
    pub secret: bool,
}

/// Handling of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// It is followed. `default` is the text that stands for it when nobody sets it; empty for none.
    Followed {
        /// The value when nobody sets it.
        default: &'static str,
    },
    /// It is taken and changes nothing, because what it speaks of does not exist here.
    Ignored,
    /// It would change what a real server does, and Certward cannot do that: refused with this reason.
    Refused(&'static str),
}

/// The key with this name, in any case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name.eq_ignore_ascii_case(name))
}

/// The key that `name` is a misspelling of, if it is one.
#[must_use]
pub fn near(name: &str) -> Option<&'static str> {
    suggestion::near(name, KEYS.iter().map(|key| key.name))
}

/// The same for an option of the command line, which `--settings` is too.
#[must_use]
pub fn near_option(name: &str) -> Option<&'static str> {
    match suggestion::near(name, [SETTINGS_FILE]) {
        Some(_) => Some("--settings FILE"),
        None => near(name),
    }
}

/// The option that names the settings file, without its dashes.
pub(super) const SETTINGS_FILE: &str = "settings";

/// The table as Markdown, for `docs/settings.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("| key | default | meaning |\n| --- | --- | --- |\n");
    for key in KEYS {
        let (default, meaning) = match key.treatment {
            Treatment::Followed { default: "" } => ("not set".to_owned(), key.meaning.to_owned()),
            Treatment::Followed { default } => (format!("`{default}`"), key.meaning.to_owned()),
            Treatment::Ignored => ("–".to_owned(), format!("Accepted without effect: {}", key.meaning)),
            Treatment::Refused(reason) => ("–".to_owned(), format!("Refused: {reason}.")),
        };
        text.push_str(&format!("| `{}` | {default} | {meaning} |\n", key.name));
    }
    text
}

const fn followed(name: &'static str, default: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        treatment: Treatment::Followed { default },
        meaning,
        secret: false,
    }
}

const fn secret(name: &'static str, default: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        treatment: Treatment::Followed { default },
        meaning,
        secret: true,
    }
}

const fn ignored(name: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        treatment: Treatment::Ignored,
        meaning,
        secret: false,
    }
}

const fn refused(name: &'static str, reason: &'static str) -> Key {
    Key {
        name,
        treatment: Treatment::Refused(reason),
        meaning: "",
        secret: true,
    }
}

/// The error for keys that name programs.
const NO_PROGRAMS: &str = "Certward runs no programs; put the certificate at Security.Certificate.Path, which is read again \
                           when the file changes";
const NO_VALIDATION_PROGRAM: &str =
    "Certward asks no program about certificates, and leaving this out would let in what the program keeps out";

const NO_LICENCE: &str = "there is no licence; for Read access set Certward.License.ReadOnlyCertificates to true.";
const NO_TCP: &str = "there are no documents, which RavenDB's TCP connections are for.";
const LOG_OF_ITS_OWN: &str = "the log is standard error; see Certward.Log.Level and Certward.Log.Format.";

/// Every key. RavenDB's come first, in the order of the contract.
pub const KEYS: &[Key] = &[
    followed(
        "ServerUrl",
        "https://127.0.0.1:8443",
        "Where RavenDB's API listens. `https` only; port 0 takes a free port.",
    ),
    followed(
        "PublicServerUrl",
        "",
        "Where clients reach it, when that differs from `ServerUrl`.",
    ),
    followed(
        "Setup.Mode",
        "None",
        "`None` (configured by hand) or `Secured` (by `certward-server setup`). RavenDB's `Initial`, `LetsEncrypt` and `Unsecured` are refused.",
    ),
    refused(
        "Setup.Certificate.Path",
        "the wizard is a command here; run certward-server setup",
    ),
    followed(
        "DataDir",
        "Databases",
        "Folder of the store and of the console's socket. Made, for its owner alone, when it is missing. Nobody else may be able to write it.",
    ),
    followed(
        "Security.Certificate.Path",
        "",
        "The server certificate with its private key. Required. Only its owner may be able to read it.",
    ),
    secret("Security.Certificate.Password", "", "The password of that file."),
    refused("Security.Certificate.Load.Exec", NO_PROGRAMS),
    refused("Security.Certificate.Load.Exec.Arguments", NO_PROGRAMS),
    refused("Security.Certificate.Renew.Exec", NO_PROGRAMS),
    refused("Security.Certificate.Renew.Exec.Arguments", NO_PROGRAMS),
    refused("Security.Certificate.Change.Exec", NO_PROGRAMS),
    refused("Security.Certificate.Change.Exec.Arguments", NO_PROGRAMS),
    refused("Security.Certificate.Exec", NO_PROGRAMS),
    refused("Security.Certificate.Exec.TimeoutInSec", NO_PROGRAMS),
    refused(
        "Security.Certificate.LetsEncrypt.Email",
        "Certward gets no certificates from Let's Encrypt",
    ),
    refused("Security.Certificate.Validation.Exec", NO_VALIDATION_PROGRAM),
    refused("Security.Certificate.Validation.Exec.Arguments", NO_VALIDATION_PROGRAM),
    refused(
        "Security.Certificate.Validation.Exec.TimeoutInSec",
        NO_VALIDATION_PROGRAM,
    ),
    followed(
        "Security.Certificate.Validation.KeyUsages",
        "true",
        "Whether the server certificate must have the key usage digitalSignature.",
    ),
    followed(
        "Security.Certificate.ExpiringThresholdInDays",
        "",
        "How many days before its end the server certificate counts as expiring: one more day of `Certward.Expiry.WarnDaysBefore`, for every certificate; 1 to 3650.",
    ),
    ignored(
        "Security.UnsecuredAccessAllowed",
        "RavenDB too ignores it once a certificate is set.",
    ),
    followed(
        "Security.WellKnownCertificates.Admin",
        "",
        "Thumbprints, separated by `;`, that are cluster administrators without being registered.",
    ),
    followed(
        "Security.WellKnownIssuers.Admin",
        "",
        "CA certificates, separated by `;`, whose certificates are cluster administrators: base64 of DER, in one line or several, or files in PEM or DER. One with a private key is refused.",
    ),
    followed(
        "Security.WellKnownIssuers.Admin.ValidateCertificateNames",
        "false",
        "Whether such a certificate also needs a DNS name of the server's domain.",
    ),
    refused(
        "Security.WellKnownIssuerHashes.Admin",
        "RavenDB dropped it; use Security.WellKnownIssuers.Admin",
    ),
    followed(
        "Security.TwoFactor.DefaultSessionDurationInMin",
        "120",
        "How long a session lasts that a one-time code opens, when the client does not say; minutes.",
    ),
    followed(
        "Security.TwoFactor.MaxSessionDurationInMin",
        "1440",
        "The longest session a client can ask for; minutes, 1 to 525600.",
    ),
    followed(
        "Security.AuditLog.FolderPath",
        "",
        "Folder of the audit log's file. It is made, with mode 0700, when only its last part is missing.",
    ),
    followed(
        "Certward.Audit.RetentionDays",
        "",
        "How many days the store keeps audit records; 1 to 36500. Without it, for ever. The audit log's file is not shortened.",
    ),
    followed(
        "Certward.Expiry.WarnDaysBefore",
        "30;14;7;1",
        "How many days before its end the log warns of a certificate: whole numbers from 1 to 3650, separated by `;`, at most 10, or `none`.",
    ),
    refused(
        "Security.TlsCipherSuites",
        "the cipher suites of TLS 1.2 and 1.3 that Certward offers are fixed",
    ),
    ignored(
        "Security.DisableHttpsRedirection",
        "there is no http port to redirect from.",
    ),
    ignored("Security.DisableHsts", "there is no http port to be sent away from."),
    followed(
        "Security.Csrf.Enabled",
        "true",
        "Whether a request that a page of another site made a browser send is refused, by its `Origin` header.",
    ),
    followed(
        "Security.Csrf.TrustedOrigins",
        "",
        "Origins, separated by `;`, such as `https://studio.example:8443`, whose pages may send requests all the same.",
    ),
    refused(
        "Security.Csrf.AdditionalOriginHeaders",
        "Certward reads an origin from the header Origin alone",
    ),
    ignored(
        "Security.RestrictExternalScriptUsageForNonClusterAdmin",
        "there are no scripts.",
    ),
    ignored("License.Eula.Accepted", "there is no licence."),
    ignored("License", NO_LICENCE),
    ignored("License.Path", NO_LICENCE),
    ignored("ServerUrl.Tcp", NO_TCP),
    ignored("PublicServerUrl.Tcp", NO_TCP),
    ignored("ExternalIp", "the address is that of ServerUrl."),
    ignored("Logs.Mode", LOG_OF_ITS_OWN),
    ignored("Logs.MinLevel", LOG_OF_ITS_OWN),
    ignored("Logs.Path", LOG_OF_ITS_OWN),
    secret(
        "Certward.Store",
        "sqlite",
        "Where registered certificates are kept: `sqlite`, a file in `DataDir`.",
    ),
    followed(
        "Certward.RedisEnterprise.ServerUrl",
        "",
        "Where Redis Enterprise's API listens, with the same server certificate and the same limits: `https` only. `certward-server setup` writes port 9443.",
    ),
    followed(
        "Certward.Redis.ServerPath",
        "",
        "The program that a Redis database is: a path, or a name in `PATH`. Without it, `redis-server`, else `valkey-server`.",
    ),
    followed(
        "Certward.Redis.EngineUser",
        "",
        "The user, by name or number, that databases are run as. It can be set only when the server runs as root. Without it, they run as the server's own user.",
    ),
    secret(
        "Certward.Redis.Upstream",
        "",
        "Redis servers that are put behind databases instead of starting one: `URL`, or `NAME=URL` for the database of that name, separated by `;`. A URL is `redis://` or `rediss://` with `user:password@` where needed; each is put behind one database.",
    ),
    followed(
        "Certward.Redis.UpstreamCa",
        "",
        "File with the CAs, in PEM, that the certificates of `rediss://` servers must chain to. Needed for `rediss://`.",
    ),
    followed(
        "Certward.Redis.ListenAddress",
        "",
        "Where the ports of databases listen: an address or a host. Without it, the host of `Certward.RedisEnterprise.ServerUrl`.",
    ),
    followed(
        "Certward.Redis.Ports",
        "10000-19999",
        "The ports of databases that name none of their own.",
    ),
    followed(
        "Certward.Operations.ServerUrl",
        "",
        "Where `/healthz`, `/readyz` and `/metrics` are served: `http` on a loopback address, such as `http://127.0.0.1:9080`.",
    ),
    followed(
        "Certward.ClientCertificate.KeyAlgorithm",
        "RSA_4096",
        "Key of generated client certificates: `RSA_2048`, `RSA_3072`, `RSA_4096` or `ECDSA_P256`.",
    ),
    followed(
        "Certward.ClientCertificate.KeyPoolSize",
        "4",
        "How many such keys are kept ready; 0 to 1024. With 0, each request makes its own, which takes seconds for RSA.",
    ),
    followed(
        "Certward.License.ReadOnlyCertificates",
        "false",
        "Whether `Read` access may be given, as on a licensed RavenDB. Without it the answer is 402.",
    ),
    followed(
        "Certward.Limits.HandshakeTimeoutInSec",
        "5",
        "From accepting a connection to the end of its TLS handshake; 1 to 60.",
    ),
    followed(
        "Certward.Limits.HeaderTimeoutInSec",
        "10",
        "For the header of a request; and without a request, or `AUTH`, for a connection whose peer has not been let in; 1 to 300.",
    ),
    followed(
        "Certward.Limits.BodyTimeoutInSec",
        "30",
        "For the body of a request; 1 to 3600.",
    ),
    followed(
        "Certward.Limits.KeepAliveTimeoutInSec",
        "600",
        "A connection without a request for this long is closed; 1 to 86400.",
    ),
    followed(
        "Certward.Limits.DrainTimeoutInSec",
        "5",
        "For the requests under way when the server stops; 0 to 300. What follows it: operations.md, \"The end\".",
    ),
    followed(
        "Certward.Limits.MaxBodySizeInKb",
        "1024",
        "Size of a request's body; 1 to 65536.",
    ),
    followed(
        "Certward.Limits.MaxIntermediateCertificates",
        "4",
        "Certificates a client may send above its own; 0 to 4. More make path building expensive.",
    ),
    followed(
        "Certward.Limits.MaxCertificateSizeInKb",
        "16",
        "Size of all certificates a client sends together; 1 to 64.",
    ),
    followed(
        "Certward.Limits.MaxConnections",
        "16384",
        "Open connections of one listener; 1 to 1000000.",
    ),
    followed(
        "Certward.Limits.MaxUnauthenticatedConnections",
        "8192",
        "Those of them whose peers have not been let in by a certificate, a password or a token; 1 to 1000000, and never more than half of `MaxConnections`. One more displaces the oldest.",
    ),
    followed(
        "Certward.Limits.MaxUnauthenticatedConnectionsPerAddress",
        "1024",
        "Those of the latter that come from one IPv4 address, or one /64 of IPv6; 1 to 1000000. One more displaces the oldest of the address.",
    ),
    followed(
        "Certward.Limits.MaxHandshakingConnections",
        "1024",
        "Those of them that have not finished their TLS handshake; 1 to 1000000.",
    ),
    followed(
        "Certward.Log.Level",
        "info",
        "`error`, `warn`, `info`, `debug` or `trace`.",
    ),
    followed(
        "Certward.Log.Format",
        "text",
        "`text` or `json`, one line an event, on standard error.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_have_one_name() {
        for (place, key) in KEYS.iter().enumerate() {
            assert!(
                !KEYS[..place]
                    .iter()
                    .any(|other| other.name.eq_ignore_ascii_case(key.name)),
                "{}",
                key.name
            );
        }
    }

    #[test]
    fn key_that_was_meant_is_named_whatever_its_case_and_no_far_one() {
        for (given, expected) in [
            ("SERVERURI", Some("ServerUrl")),
            ("Security.Certificate.Pasword", Some("Security.Certificate.Password")),
            (
                "certward.limits.maxbodysizeinkB",
                Some("Certward.Limits.MaxBodySizeInKb"),
            ),
            ("Elephants", None),
        ] {
            assert_eq!(near(given), expected, "{given}");
        }
    }

    #[test]
    fn the_option_for_the_settings_file_can_have_been_meant() {
        for (given, expected) in [
            ("setings", "--settings FILE"),
            ("Settings", "--settings FILE"),
            ("setting", "--settings FILE"),
            ("DatDir", "DataDir"),
            ("SeverUrl", "ServerUrl"),
        ] {
            assert_eq!(near_option(given), Some(expected), "{given}");
        }
    }

    #[test]
    fn the_documentation_has_the_table() {
        let page = include_str!("../../../docs/settings.md");
        assert!(
            page.contains(&markdown()),
            "docs/settings.md must contain:\n{}",
            markdown()
        );
    }
}
