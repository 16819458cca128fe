//! The administrators and issuers that the settings name.

use std::collections::HashSet;

use certward::pki::{Certificate, Thumbprint};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use crate::certificate::{Anchor, BoundedChain};

/// `Security.WellKnownCertificates.Admin` and `Security.WellKnownIssuers.Admin`, checked when the settings were read.
#[derive(Debug, Default)]
pub struct WellKnown {
    administrators: HashSet<Thumbprint>,
    issuers: Vec<CertificateDer<'static>>,
    /// Those of them that path building can read.
    anchors: Vec<Anchor>,
    /// With `…ValidateCertificateNames`, a certificate of a well-known issuer needs a SAN of this domain.
    required_domain: Option<String>,
}

impl WellKnown {
    /// Takes what the settings name: thumbprints of administrators, and certificates of issuers. With
    /// `required_domain`, an issued certificate counts only when one of its DNS names is that domain, or a wildcard
    /// that stands for its first label.
    #[must_use]
    pub fn new(
        administrators: impl IntoIterator<Item = Thumbprint>,
        issuers: impl IntoIterator<Item = Certificate>,
        required_domain: Option<String>,
    ) -> Self {
        let issuers: Vec<Certificate> = issuers.into_iter().collect();
        Self {
            administrators: administrators.into_iter().collect(),
            issuers: issuers.iter().map(|issuer| issuer.der().clone()).collect(),
            anchors: issuers
                .into_iter()
                .filter_map(|issuer| Anchor::new(issuer).ok())
                .collect(),
            required_domain: required_domain.map(|domain| domain.to_ascii_lowercase()),
        }
    }

    /// The thumbprints of the administrators.
    pub fn administrators(&self) -> impl Iterator<Item = &Thumbprint> {
        self.administrators.iter()
    }

    /// The certificates of the issuers.
    pub fn issuers(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.issuers.iter()
    }

    pub(super) fn names_administrator(&self, thumbprint: &Thumbprint) -> bool {
        self.administrators.contains(thumbprint)
    }

    /// Whether a well-known issuer stands above the certificate, through at most the intermediates presented with it.
    pub(super) fn issued(
        &self,
        certificate: &Certificate,
        intermediates: &[CertificateDer<'static>],
        now: OffsetDateTime,
    ) -> bool {
        if self.anchors.is_empty() || !self.has_required_name(certificate) {
            return false;
        }
        let Ok(chain) = BoundedChain::new(certificate, intermediates) else {
            return false;
        };
        let accept = |_: &Certificate, _: &[&Certificate]| Ok::<(), webpki::Error>(());
        chain
            .path_to(&self.anchors, now)
            .is_some_and(|path| path.verify(webpki::ALL_VERIFICATION_ALGS, now, accept).is_ok())
    }

    fn has_required_name(&self, certificate: &Certificate) -> bool {
        let Some(domain) = &self.required_domain else {
            return true;
        };
        certificate.subject_alt_names().iter().any(|name| match name {
            certward::pki::SubjectAltName::Dns(name) => {
                let name = name.to_ascii_lowercase();
                let wildcard_matches = || {
                    name.strip_prefix("*.")
                        .zip(domain.split_once('.'))
                        .is_some_and(|(rest, (_, above))| rest == above)
                };
                &name == domain || wildcard_matches()
            }
            _ => false,
        })
    }
}
