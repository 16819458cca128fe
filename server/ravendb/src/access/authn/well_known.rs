//! The administrators and issuers that the settings name.

use std::collections::HashSet;

use certward_pki::{Certificate, Thumbprint};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use certward_certificates::certificate::{BoundedChain, ClientPurpose};
use certward_certificates::trust::{self, Issuers, Strength, TrustAnchors};

/// `Security.WellKnownCertificates.Admin` and `Security.WellKnownIssuers.Admin`, checked when the settings were read.
#[derive(Debug, Default)]
pub struct WellKnown {
    administrators: HashSet<Thumbprint>,
    issuers: Vec<CertificateDer<'static>>,
    /// The issuers to which paths are built.
    anchors: Option<TrustAnchors>,
    /// With `…ValidateCertificateNames`, a certificate of a well-known issuer needs a SAN of this domain.
    required_domain: Option<String>,
}

impl WellKnown {
    /// Takes the values of the settings: thumbprints of administrators, and certificates of issuers. With
    /// `required_domain`, an issued certificate counts only if one of its DNS names is that domain, or a wildcard for
    /// its first label.
    #[must_use]
    pub fn new(
        administrators: impl IntoIterator<Item = Thumbprint>,
        issuers: impl IntoIterator<Item = Certificate>,
        required_domain: Option<String>,
    ) -> Self {
        let issuers: Vec<Certificate> = issuers.into_iter().collect();
        let anchors = TrustAnchors::of_fit(&issuers, Strength::Strong, ClientPurpose::Named, |issuer, fault| {
            tracing::error!(
                subject = %issuer.subject(),
                thumbprint = %issuer.thumbprint(),
                "a certificate of Security.WellKnownIssuers.Admin {fault}; nobody is let in by it"
            );
        });
        Self {
            administrators: administrators.into_iter().collect(),
            issuers: issuers.iter().map(|issuer| issuer.der().clone()).collect(),
            anchors: (!issuers.is_empty()).then_some(anchors),
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

    /// Returns the issuers of the certificate if its chain ends in a well-known issuer, uses only the intermediates
    /// presented with it, and is valid at `now`.
    pub(super) fn issued(
        &self,
        certificate: &Certificate,
        intermediates: &[CertificateDer<'static>],
        now: OffsetDateTime,
    ) -> Option<Issuers> {
        let anchors = self.anchors.as_ref()?;
        if !self.has_required_name(certificate) {
            return None;
        }
        let chain = BoundedChain::new(certificate, intermediates).ok()?;
        trust::find_issuers(anchors, &chain, certificate, now).ok()
    }

    fn has_required_name(&self, certificate: &Certificate) -> bool {
        let Some(domain) = &self.required_domain else {
            return true;
        };
        certificate.subject_alt_names().iter().any(|name| match name {
            certward_pki::SubjectAltName::Dns(name) => {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use certward_pki::Validity;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::access::authn::{Authenticator, Decision};
    use crate::model::registry::Registry;
    use certward_certificates::issuer::setup::{create_ca, create_server_certificate};
    use certward_certificates::server_certificate::ServerCertificates;
    use certward_system::clock::ManualClock;
    use certward_transport::listener::connections::TrustReview as _;
    use certward_transport::listener::peer::Peer;

    const NOW: OffsetDateTime = datetime!(2026-11-30 12:00 UTC);

    fn parameters(name: &str, validity: Validity, is_ca: bool) -> CertificateParams {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, name);
        (parameters.not_before, parameters.not_after) = (validity.not_before, validity.not_after);
        if is_ca {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        parameters
    }

    fn certificate(der: &CertificateDer<'_>) -> Certificate {
        Certificate::from_der(der.clone().into_owned()).unwrap()
    }

    /// A validity from one day to another, relative to now.
    fn days(from: i64, until: i64) -> Validity {
        Validity {
            not_before: NOW + Duration::days(from),
            not_after: NOW + Duration::days(until),
        }
    }

    fn key() -> KeyPair {
        KeyPair::generate().unwrap()
    }

    #[test]
    fn a_certificate_of_a_well_known_issuer_is_let_in_only_while_its_whole_chain_is_in_date() {
        let root = CertifiedIssuer::self_signed(parameters("root", days(-9, 9), true), key()).unwrap();
        let between = CertifiedIssuer::signed_by(parameters("between", days(-2, 2), true), key(), &root).unwrap();
        let client = parameters("client", days(-30, 30), false)
            .signed_by(&key(), &between)
            .unwrap();
        let well_known = WellKnown::new([], [certificate(root.der())], None);
        let (client, above) = (certificate(client.der()), [between.der().clone()]);
        let issuers = well_known.issued(&client, &above, NOW).unwrap();
        assert_eq!(issuers.in_date, days(-2, 2));
        assert_eq!(issuers.anchor, certificate(root.der()).fingerprint());
        assert_eq!(well_known.issued(&client, &above, NOW + Duration::days(3)), None);

        let clock = Arc::new(ManualClock::at(NOW));
        let ca = create_ca(NOW).unwrap();
        let server = create_server_certificate(&ca, &["db.example".to_owned()], NOW).unwrap();
        let authenticator = Authenticator::new(
            Arc::new(Registry::new([])),
            Arc::new(ServerCertificates::new(server.to_server_certificate().unwrap())),
            well_known,
            clock.clone(),
        );
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 4711));
        let chain = [client.der().clone(), between.der().clone()];
        let peer = Peer::from_handshake(address, Some(&chain));
        let is_admitted = || matches!(authenticator.authenticate(&peer), Decision::Admitted(_));
        assert!(is_admitted());
        // What was decided for this connection lasts as long as the chain: for requests, and for the connection itself.
        assert_eq!(authenticator.valid_until(&peer), Some(NOW + Duration::days(2)));
        clock.set(NOW + Duration::days(2));
        assert!(is_admitted());
        clock.set(NOW + Duration::days(2) + Duration::SECOND);
        assert!(!is_admitted());
        clock.set(NOW);
        let peer = Peer::from_handshake(address, Some(&chain));
        assert!(matches!(authenticator.authenticate(&peer), Decision::Admitted(_)));
        clock.set(NOW - Duration::days(3));
        assert!(!matches!(authenticator.authenticate(&peer), Decision::Admitted(_)));
    }

    #[test]
    fn a_well_known_issuer_that_has_expired_lets_nobody_in() {
        let root = CertifiedIssuer::self_signed(parameters("root", days(-9, -1), true), key()).unwrap();
        let client = parameters("client", days(-30, 30), false)
            .signed_by(&key(), &root)
            .unwrap();
        let well_known = WellKnown::new([], [certificate(root.der())], None);
        assert_eq!(well_known.issued(&certificate(client.der()), &[], NOW), None);
    }
}
