//! An authority over a store of its own, and callers that come to it as they would through TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use certward_pki::{Certificate, Thumbprint};
use rcgen::{CertificateParams, CertifiedIssuer, DnType, KeyPair};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::access::authn::{Authenticator, Caller, Decision, WellKnown};
use crate::access::authz::action::{Action, RegisterCertificate};
use crate::access::authz::{Permit, authorize};
use crate::model::clearance::{Permissions, SecurityClearance};
use crate::model::definition::{Grant, RegisteredCertificate};
use crate::model::registry::Registry;
use crate::rows;
use crate::usecases::{Authority, AuthorityParts, Error, RegisterRequest};
use certward_certificates::certificate::CertificateBundle;
use certward_certificates::issuer::setup::{create_ca, create_server_certificate};
use certward_certificates::issuer::{Issuer, KeyAlgorithm};
use certward_certificates::server_certificate::ServerCertificates;
use certward_store::Store;
use certward_store::audit::{Audit, AuditRecord};
use certward_system::clock::ManualClock;
use certward_transport::listener::peer::Peer;

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-21 21:10:00 UTC);

pub(super) struct World {
    pub(super) authority: Authority,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) server_certificates: Arc<ServerCertificates>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) audit: Audit,
    pub(super) store: Store,
    pub(super) directory: tempfile::TempDir,
    server: Certificate,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with_issuer(Issuer::new(KeyAlgorithm::EcdsaP256, 0)).await
    }

    pub(super) async fn with_issuer(issuer: Issuer) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let ca = create_ca(NOW).unwrap();
        let created = create_server_certificate(&ca, &["db.example".to_owned()], NOW).unwrap();
        let server_certificates = Arc::new(ServerCertificates::new(created.to_server_certificate().unwrap()));
        let registry = Registry::new(rows::load(&store).await.unwrap());
        let registry = Arc::new(registry.with_deleted(rows::load_deleted(&store).await.unwrap()));
        let audit = Audit::start(store.clone(), clock.clone(), None).await.unwrap();
        let authenticator = Arc::new(Authenticator::new(
            Arc::clone(&registry),
            Arc::clone(&server_certificates),
            WellKnown::default(),
            clock.clone(),
        ));
        let authority = Authority::new(AuthorityParts {
            store: store.clone(),
            registry,
            authenticator: Arc::clone(&authenticator),
            issuer,
            server_certificates: Arc::clone(&server_certificates),
            clock: clock.clone(),
            audit: audit.clone(),
        });
        Self {
            authority,
            authenticator,
            server_certificates,
            clock,
            audit,
            store,
            directory,
            server: created.certificate().clone(),
        }
    }

    /// The certificate of the server.
    pub(super) fn server_certificate(&self) -> Certificate {
        self.server.clone()
    }

    pub(super) fn decide(&self, chain: &[&Certificate]) -> Decision {
        let chain: Vec<_> = chain.iter().map(|certificate| certificate.der().clone()).collect();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 4711));
        self.authenticator
            .authenticate(&Peer::from_handshake(address, Some(&chain)))
    }

    pub(super) fn caller(&self, certificate: &Certificate) -> Arc<Caller> {
        match self.decide(&[certificate]) {
            Decision::Admitted(caller) => caller,
            other => panic!("{other:?}"),
        }
    }

    /// The permit of the server's own certificate.
    pub(super) fn as_server<A: Action>(&self) -> Permit<A> {
        authorize(&self.caller(&self.server)).unwrap()
    }

    pub(super) fn permit<A: Action>(&self, certificate: &Certificate) -> Permit<A> {
        authorize(&self.caller(certificate)).unwrap()
    }

    pub(super) async fn register_as(
        &self,
        permit: &Permit<RegisterCertificate>,
        clearance: SecurityClearance,
        certificates: Vec<Certificate>,
    ) -> Result<Vec<Arc<RegisteredCertificate>>, Error> {
        let certificates = CertificateBundle::from_certificates(certificates).unwrap();
        let request = RegisterRequest {
            grant: grant("registered", clearance),
            certificates,
        };
        self.authority.register(permit, request).await
    }

    /// Registers in the name of the server.
    pub(super) async fn register(&self, clearance: SecurityClearance, certificates: Vec<Certificate>) {
        self.register_as(&self.as_server(), clearance, certificates)
            .await
            .unwrap();
    }

    /// A fresh registered certificate.
    pub(super) async fn registered(&self, clearance: SecurityClearance) -> Certificate {
        let certificate = self_signed("registered");
        self.register(clearance, vec![certificate.clone()]).await;
        certificate
    }

    pub(super) fn entry(&self, thumbprint: Thumbprint) -> Option<Arc<RegisteredCertificate>> {
        self.authority.registry().get(&thumbprint)
    }

    /// Every audit record, after those under way.
    pub(super) async fn audit_records(&self) -> Vec<AuditRecord> {
        self.audit.flush().await;
        let records = self.store.audit_records_after(0, 1000).await.unwrap();
        let sequences: Vec<i64> = records.iter().map(|(sequence, _)| *sequence).collect();
        assert!(
            sequences.iter().copied().eq(1..=records.len() as i64),
            "gaps in {sequences:?}"
        );
        records.into_iter().map(|(_, record)| record).collect()
    }

    /// Asserts that the store and the registry hold the same entries.
    pub(super) async fn assert_store_agrees(&self) {
        let describe = |entry: &RegisteredCertificate| {
            format!(
                "{} {} {} {:?} {} {:?} {:?} {:?} {:?}",
                entry.thumbprint,
                entry.name,
                entry.clearance,
                entry.permissions,
                entry.disabled,
                entry.collection,
                entry.issuer_chain,
                entry.renews,
                entry.two_factor_key.as_ref().map(|key| key.expose().to_vec())
            )
        };
        let mut stored: Vec<_> = rows::load(&self.store).await.unwrap().iter().map(describe).collect();
        stored.sort();
        let shown: Vec<_> = self
            .authority
            .registry()
            .all()
            .iter()
            .map(|entry| describe(entry))
            .collect();
        assert_eq!(stored, shown);
        for deleted in rows::load_deleted(&self.store).await.unwrap() {
            assert!(self.authority.registry().was_deleted(&deleted.fingerprint));
        }
    }
}

pub(super) fn grant(name: &str, clearance: SecurityClearance) -> Grant {
    Grant {
        name: name.to_owned(),
        clearance,
        permissions: Permissions::none(),
        disabled: false,
        two_factor_key: None,
    }
}

pub(super) fn self_signed(name: &str) -> Certificate {
    self_signed_until(name, &KeyPair::generate().unwrap(), NOW + Duration::days(30))
}

pub(super) fn self_signed_until(name: &str, key: &KeyPair, not_after: OffsetDateTime) -> Certificate {
    Certificate::from_der(parameters(name, not_after).self_signed(key).unwrap().der().to_vec()).unwrap()
}

/// A CA, and certificates from it.
pub(super) struct TestCa(CertifiedIssuer<'static, KeyPair>);

impl TestCa {
    pub(super) fn new(name: &str) -> Self {
        Self::until(name, NOW + Duration::days(365))
    }

    pub(super) fn until(name: &str, not_after: OffsetDateTime) -> Self {
        Self::made(name, not_after, rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained))
    }

    /// With a certificate that does not say that it is a CA's.
    pub(super) fn that_is_none(name: &str) -> Self {
        Self::made(name, NOW + Duration::days(365), rcgen::IsCa::NoCa)
    }

    fn made(name: &str, not_after: OffsetDateTime, is_ca: rcgen::IsCa) -> Self {
        let mut parameters = parameters(name, not_after);
        parameters.is_ca = is_ca;
        Self(CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate of another CA's key and name, signed by this one.
    pub(super) fn cross_sign(&self, other: &Self, name: &str) -> Certificate {
        let mut parameters = parameters(name, NOW + Duration::days(365));
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::SubjectPublicKeyInfo::from_der(other.certificate().subject_public_key_info_der()).unwrap();
        Certificate::from_der(parameters.signed_by(&key, &self.0).unwrap().der().to_vec()).unwrap()
    }

    /// A certificate for a public key whose private key nobody need have.
    pub(super) fn issue_to(&self, name: &str, subject_public_key_info: &[u8]) -> Certificate {
        let key = rcgen::SubjectPublicKeyInfo::from_der(subject_public_key_info).unwrap();
        let signed = parameters(name, NOW + Duration::days(30))
            .signed_by(&key, &self.0)
            .unwrap();
        Certificate::from_der(signed.der().to_vec()).unwrap()
    }

    pub(super) fn certificate(&self) -> Certificate {
        Certificate::from_der(self.0.der().to_vec()).unwrap()
    }

    pub(super) fn issue(&self, name: &str, key: &KeyPair, not_after: OffsetDateTime) -> Certificate {
        let signed = parameters(name, not_after).signed_by(key, &self.0).unwrap();
        Certificate::from_der(signed.der().to_vec()).unwrap()
    }
}

fn parameters(name: &str, not_after: OffsetDateTime) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = NOW - Duration::days(365);
    parameters.not_after = not_after;
    parameters
}
