//! The expiry of certificates that the server presents, trusts or has registered, for metrics and for warnings in the
//! log.
//!
//! Every certificate is visited through [`Sighting`], one at a time: a store may hold a million of them, so neither a
//! list nor a lock may grow with their number.

mod exposition;
mod nearest;
mod sources;
mod survey;
mod warn_days;
mod warning;

use std::fmt;

use certward_pki::{DistinguishedName, Printable, Thumbprint};
use time::OffsetDateTime;

pub(crate) use exposition::ExpiryMetrics;
pub(crate) use sources::Sources;
pub(crate) use warn_days::WarnDays;
pub(crate) use warning::watch;

use certward_certificates::certificate::shown;
use certward_redis_model::named_certificate::CertificateName;
use certward_redis_model::uid::DatabaseUid;

/// The use of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Use {
    /// The server certificate of all APIs.
    Server,
    /// An issuer that is sent with it.
    ServerIssuer,
    /// A CA of `Security.WellKnownIssuers.Admin`.
    WellKnownIssuer,
    /// A client certificate that is registered with RavenDB's API.
    Client,
    /// A certificate of the cluster that this server presents, by its name.
    Cluster(CertificateName),
    /// A certificate of the cluster that is stored and not used, by its name.
    ClusterUnused(CertificateName),
    /// A CA of the cluster: one of `mtls_trusted_ca`.
    ClusterCa,
    /// A database's own server certificate, and its issuers.
    DatabaseServer(DatabaseUid),
    /// A certificate that a database trusts: a CA, an intermediate, or a client's own.
    DatabaseTrusted(DatabaseUid),
    /// A CA of `Certward.Redis.UpstreamCa`.
    UpstreamCa,
}

/// A certificate in use, with the data that its expiry needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sighting<'a> {
    key: Key,
    name: Name<'a>,
    not_after: OffsetDateTime,
}

/// Identifies one certificate in one use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    used_as: Use,
    thumbprint: Thumbprint,
}

/// The name of a certificate.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Name<'a> {
    /// Set by an administrator.
    Given(&'a str),
    /// The certificate's subject, set by its issuer.
    Subject(&'a DistinguishedName),
}

impl Use {
    /// The label `use` of metrics, one of [`Self::LABELS`].
    fn label(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::ServerIssuer => "server_issuer",
            Self::WellKnownIssuer => "well_known_issuer",
            Self::Client => "client",
            Self::Cluster(_) => "cluster",
            Self::ClusterUnused(_) => "cluster_unused",
            Self::ClusterCa => "cluster_ca",
            Self::DatabaseServer(_) => "database_server",
            Self::DatabaseTrusted(_) => "database_trusted",
            Self::UpstreamCa => "upstream_ca",
        }
    }

    /// All labels, in the order of [`Self`].
    const LABELS: [&'static str; 10] = [
        "server",
        "server_issuer",
        "well_known_issuer",
        "client",
        "cluster",
        "cluster_unused",
        "cluster_ca",
        "database_server",
        "database_trusted",
        "upstream_ca",
    ];

    /// Returns `true` if the expiry of such a certificate has an effect: the log warns of these only.
    const fn is_noticed(self) -> bool {
        !matches!(self, Self::ClusterUnused(_))
    }

    /// The description of one such certificate.
    fn description(label: &str) -> &'static str {
        match label {
            "server" => "the server certificate",
            "server_issuer" => "an issuer of the server certificate",
            "well_known_issuer" => "a CA of Security.WellKnownIssuers.Admin",
            "client" => "a registered client certificate",
            "cluster" => "a certificate of the cluster",
            "cluster_unused" => "a certificate of the cluster that nothing here shows",
            "cluster_ca" => "a CA of mtls_trusted_ca",
            "database_server" => "a server certificate of a database",
            "database_trusted" => "a certificate trusted by a database",
            _ => "a CA of Certward.Redis.UpstreamCa",
        }
    }

    /// The database, for a database's own certificates.
    fn database(self) -> Option<DatabaseUid> {
        match self {
            Self::DatabaseServer(uid) | Self::DatabaseTrusted(uid) => Some(uid),
            _ => None,
        }
    }
}

/// Formats on one line, truncated, and without characters that hide or reorder text: administrators and issuers can
/// choose any name.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(name) => write!(f, "{}", Printable::line(name).at_most(MAX_NAME)),
            Self::Subject(subject) => write!(f, "{}", Printable::line(&shown(subject)).at_most(MAX_NAME)),
        }
    }
}

/// Maximum length of a name in metrics and in the log, in characters.
const MAX_NAME: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_has_a_label_of_its_own() {
        let database = DatabaseUid::new(1).unwrap();
        let uses = [
            Use::Server,
            Use::ServerIssuer,
            Use::WellKnownIssuer,
            Use::Client,
            Use::Cluster(CertificateName::Proxy),
            Use::ClusterUnused(CertificateName::Cm),
            Use::ClusterCa,
            Use::DatabaseServer(database),
            Use::DatabaseTrusted(database),
            Use::UpstreamCa,
        ];
        assert_eq!(uses.map(Use::label), Use::LABELS);
    }

    #[test]
    fn a_name_is_one_bounded_line() {
        let name = format!("a\n\u{202e}{}", "x".repeat(1000));
        let shown = Name::Given(&name).to_string();
        assert!(shown.starts_with("a \\u{202e}xxx"), "{shown}");
        assert!(shown.chars().count() < MAX_NAME + 50, "{shown}");
        let subject: DistinguishedName = format!("CN={}", "y".repeat(1000)).parse().unwrap();
        let shown = Name::Subject(&subject).to_string();
        assert!(
            shown.starts_with("CN=yyy") && shown.chars().count() < MAX_NAME + 50,
            "{shown}"
        );
    }
}
