//! The certificates of the cluster, each under its name (`docs/contracts/redis-enterprise.md#cluster-certificates`).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use certward_pki::PrivateKeyPem;
use time::OffsetDateTime;

/// The name of a certificate of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CertificateName {
    /// `cm`.
    Cm,
    /// `api`.
    Api,
    /// `mtls_trusted_ca`: the trusted CAs of certificate users.
    MtlsTrustedCa,
    /// `proxy`.
    Proxy,
    /// `metrics_exporter`.
    MetricsExporter,
    /// `syncer`.
    Syncer,
    /// `ldap_client`.
    LdapClient,
    /// `ccs_internode_encryption`.
    CcsInternodeEncryption,
    /// `data_internode_encryption`.
    DataInternodeEncryption,
    /// `sso_service`.
    SsoService,
    /// `sso_issuer`.
    SsoIssuer,
}

/// The name is not that of a certificate of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no certificate of the cluster; the names are {names}", names = CertificateName::list())]
pub struct UnknownCertificateName(String);

impl CertificateName {
    /// All names, in the order of the API's page.
    pub const ALL: [Self; 11] = [
        Self::Cm,
        Self::Api,
        Self::MtlsTrustedCa,
        Self::Proxy,
        Self::MetricsExporter,
        Self::Syncer,
        Self::LdapClient,
        Self::CcsInternodeEncryption,
        Self::DataInternodeEncryption,
        Self::SsoService,
        Self::SsoIssuer,
    ];

    /// The API's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cm => "cm",
            Self::Api => "api",
            Self::MtlsTrustedCa => "mtls_trusted_ca",
            Self::Proxy => "proxy",
            Self::MetricsExporter => "metrics_exporter",
            Self::Syncer => "syncer",
            Self::LdapClient => "ldap_client",
            Self::CcsInternodeEncryption => "ccs_internode_encryption",
            Self::DataInternodeEncryption => "data_internode_encryption",
            Self::SsoService => "sso_service",
            Self::SsoIssuer => "sso_issuer",
        }
    }

    /// Returns `true` for optional certificates: they are not generated and can be deleted.
    #[must_use]
    pub const fn is_optional(self) -> bool {
        matches!(
            self,
            Self::LdapClient | Self::MtlsTrustedCa | Self::SsoIssuer | Self::SsoService
        )
    }

    /// Returns `true` for internal certificates, which a rotation generates anew.
    #[must_use]
    pub const fn is_internal(self) -> bool {
        matches!(self, Self::CcsInternodeEncryption | Self::DataInternodeEncryption)
    }

    /// Returns `true` for the certificate that the server itself presents, on this API too. It is replaced as a file
    /// and not here, and the cluster does not store it.
    #[must_use]
    pub const fn is_server_certificate(self) -> bool {
        matches!(self, Self::Api)
    }

    /// Returns `true` if the server's own certificate is used until an administrator installs one: clients of databases
    /// trust it, and it names the hosts that they connect to.
    #[must_use]
    pub const fn is_server_certificate_at_first(self) -> bool {
        matches!(self, Self::Proxy)
    }

    /// Returns `true` if this server presents the certificate, or trusts certificates because of it. The others are
    /// stored, as the API requires, but not used.
    #[must_use]
    pub const fn is_in_use(self) -> bool {
        matches!(self, Self::Proxy | Self::MtlsTrustedCa)
    }

    /// Returns `true` for certificates without a private key: those of other CAs.
    #[must_use]
    pub const fn is_keyless(self) -> bool {
        matches!(self, Self::MtlsTrustedCa | Self::SsoIssuer)
    }

    fn list() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CertificateName {
    type Err = UnknownCertificateName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == name)
            .ok_or_else(|| UnknownCertificateName(name.chars().take(SHOWN).collect()))
    }
}

/// A certificate of the cluster, with its private key if it has one.
#[derive(Debug)]
pub struct NamedCertificate {
    /// The name of the certificate.
    pub name: CertificateName,
    /// The PEM text as given: one certificate or several.
    pub certificate: String,
    /// The key of the first of them.
    pub key: Option<PrivateKeyPem>,
    /// The time of the upload, at which its dates were checked.
    pub installed_at: OffsetDateTime,
}

/// A certificate to store, before its checks.
#[derive(Debug)]
pub struct NewCertificate {
    /// The name of the certificate.
    pub name: CertificateName,
    /// PEM: one certificate or several.
    pub certificate: String,
    /// The key of the first of them.
    pub key: Option<PrivateKeyPem>,
}

/// The certificates of a cluster.
#[derive(Debug, Clone, Default)]
pub struct NamedCertificates(BTreeMap<CertificateName, Arc<NamedCertificate>>);

impl NamedCertificates {
    /// The certificate of this name.
    #[must_use]
    pub fn get(&self, name: CertificateName) -> Option<&Arc<NamedCertificate>> {
        self.0.get(&name)
    }

    /// All certificates.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<NamedCertificate>> {
        self.0.values()
    }

    /// Installs a certificate, in the place of the one with its name.
    pub fn put(&mut self, certificate: Arc<NamedCertificate>) {
        self.0.insert(certificate.name, certificate);
    }

    /// Removes the certificate with this name.
    pub fn delete(&mut self, name: CertificateName) {
        self.0.remove(&name);
    }
}

/// Maximum length of a wrong name in an error, in characters.
const SHOWN: usize = 80;
