//! RavenDB's keys that Certward knows and does not follow.

use super::key::{Key, Kind};

/// In the order of the contract (`docs/contracts/ravendb.md#settings`).
pub(super) static WITHOUT_EFFECT: &[Key] = &[
    refused(
        "Setup.Certificate.Path",
        "the wizard is a command here; run certward-server setup",
    ),
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
    ignored(
        "Security.UnsecuredAccessAllowed",
        "RavenDB too ignores it once a certificate is set.",
    ),
    refused(
        "Security.WellKnownIssuerHashes.Admin",
        "RavenDB dropped it; use Security.WellKnownIssuers.Admin",
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
];

const fn ignored(name: &'static str, meaning: &'static str) -> Key {
    without_effect(name, Kind::Ignored, meaning, false)
}

const fn refused(name: &'static str, reason: &'static str) -> Key {
    without_effect(name, Kind::Refused, reason, true)
}

const fn without_effect(name: &'static str, kind: Kind, meaning: &'static str, secret: bool) -> Key {
    Key {
        name,
        kind,
        default: "",
        meaning,
        secret,
    }
}

const NO_PROGRAMS: &str = "Certward runs no programs; put the certificate at Security.Certificate.Path, which is read again \
                           when the file changes";
const NO_VALIDATION_PROGRAM: &str =
    "Certward asks no program about certificates, and leaving this out would let in what the program keeps out";
const NO_LICENCE: &str = "there is no licence; for Read access set Certward.License.ReadOnlyCertificates to true.";
const NO_TCP: &str = "there are no documents, which RavenDB's TCP connections are for.";
const LOG_OF_ITS_OWN: &str = "the log is standard error; see Certward.Log.Level and Certward.Log.Format.";
