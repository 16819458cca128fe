//! RavenDB's keys that Certward knows and does not follow (`docs/contracts/ravendb.md#settings`).

use super::key::Key;
use super::key::Kind::{Ignored, Refused};

macro_rules! without_effect {
    ($($kind:ident $meaning:literal: $($name:literal),+;)*) => {
        /// The keys, with the reason.
        pub(super) static WITHOUT_EFFECT: &[Key] = &[$($(Key {
            name: $name, kind: $kind, default: "", meaning: $meaning
        }),+),*];
    };
}

without_effect! {
    Refused "the wizard is a command here; run certward-server setup": "Setup.Certificate.Path";
    Refused "Certward runs no programs; put the certificate at Security.Certificate.Path, which is read again when the file changes":
        "Security.Certificate.Load.Exec", "Security.Certificate.Load.Exec.Arguments",
        "Security.Certificate.Renew.Exec", "Security.Certificate.Renew.Exec.Arguments",
        "Security.Certificate.Change.Exec", "Security.Certificate.Change.Exec.Arguments", "Security.Certificate.Exec",
        "Security.Certificate.Exec.TimeoutInSec";
    Refused "Certward gets no certificates from Let's Encrypt": "Security.Certificate.LetsEncrypt.Email";
    Refused "Certward asks no program about certificates, and leaving this out would let in what the program keeps out":
        "Security.Certificate.Validation.Exec", "Security.Certificate.Validation.Exec.Arguments",
        "Security.Certificate.Validation.Exec.TimeoutInSec";
    Refused "RavenDB dropped it; use Security.WellKnownIssuers.Admin": "Security.WellKnownIssuerHashes.Admin";
    Refused "the cipher suites of TLS 1.2 and 1.3 that Certward offers are fixed": "Security.TlsCipherSuites";
    Refused "Certward reads an origin from the header Origin alone": "Security.Csrf.AdditionalOriginHeaders";
    Ignored "RavenDB too ignores it once a certificate is set.": "Security.UnsecuredAccessAllowed";
    Ignored "there is no http port to redirect from.": "Security.DisableHttpsRedirection";
    Ignored "there is no http port to be sent away from.": "Security.DisableHsts";
    Ignored "there are no scripts.": "Security.RestrictExternalScriptUsageForNonClusterAdmin";
    Ignored "there is no licence.": "License.Eula.Accepted";
    Ignored "there is no licence; for Read access set Certward.License.ReadOnlyCertificates to true.":
        "License", "License.Path";
    Ignored "there are no documents, which RavenDB's TCP connections are for.":
        "ServerUrl.Tcp", "PublicServerUrl.Tcp";
    Ignored "the address is that of ServerUrl.": "ExternalIp";
    Ignored "the log is standard error; see Certward.Log.Level and Certward.Log.Format.":
        "Logs.Mode", "Logs.MinLevel", "Logs.Path";
}
