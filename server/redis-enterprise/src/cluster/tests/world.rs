//! A cluster over a store of its own, and callers that come to it as they would through TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use certward_pki::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use secrecy::SecretString;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::cluster::access::{
    ClusterAccess, ClusterAction, ClusterCaller, ClusterPermit, ClusterRefusal, Credentials, ExpiredPassword, HashCost,
    PasswordHasher, TokenKey, authorize, authorize_on,
};
use crate::cluster::{Asked, Cluster, ClusterError, ClusterParts, ClusterState, Plan, Run};
use crate::rows;
use certward_certificates::issuer::setup::{create_ca, create_server_certificate};
use certward_certificates::server_certificate::ServerCertificates;
use certward_ravendb::access::authn::{Authenticator, WellKnown};
use certward_ravendb::model::registry::Registry;
use certward_redis_model::named_certificate::{CertificateName, NamedCertificate};
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::settings::ClusterSettings;
use certward_redis_model::state::{Change, ClusterIdentity};
use certward_redis_model::uid::{RoleUid, UserUid};
use certward_redis_model::user::{AuthMethod, EmailAlerts, NewUser, RoleSelection, User};
use certward_store::Store;
use certward_store::audit::{Audit, AuditRecord};
use certward_system::clock::ManualClock;
use certward_transport::listener::peer::Peer;

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-22 02:10:00 UTC);
pub(super) const PASSWORD: &str = "correct horse";

pub(super) struct World {
    pub(super) cluster: Arc<Cluster>,
    pub(super) access: ClusterAccess,
    pub(super) clock: Arc<ManualClock>,
    pub(super) store: Store,
    pub(super) registry: Arc<Registry>,
    audit: Audit,
    server: Certificate,
    directory: tempfile::TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let ca = create_ca(NOW).unwrap();
        let created = create_server_certificate(&ca, &["db.example".to_owned()], NOW).unwrap();
        let server_certificates = Arc::new(ServerCertificates::new(created.to_server_certificate().unwrap()));
        let registry = Arc::new(Registry::new([]));
        let authenticator = Arc::new(Authenticator::new(
            Arc::clone(&registry),
            server_certificates,
            WellKnown::default(),
            clock.clone(),
        ));
        let audit = Audit::start(store.clone(), clock.clone(), None).await.unwrap();
        let (state, key) = rows::open_cluster(&store, identity()).await.unwrap();
        let parts = ClusterParts {
            store: store.clone(),
            administrators: authenticator,
            passwords: Arc::new(PasswordHasher::new(HashCost { memory: 8, passes: 1 })),
            clock: clock.clone(),
            audit: audit.clone(),
        };
        let cluster = Arc::new(Cluster::new(parts, state));
        Self {
            access: ClusterAccess::new(Arc::clone(&cluster), &key),
            cluster,
            clock,
            store,
            registry,
            audit,
            server: created.certificate().clone(),
            directory,
        }
    }

    /// The store as another process would find it after this one was killed.
    pub(super) async fn reopened(&self) -> (ClusterState, TokenKey) {
        self.store.close().await;
        let store = Store::open(self.directory.path()).await.unwrap();
        rows::open_cluster(&store, identity()).await.unwrap()
    }

    /// The holder of the server's own certificate.
    pub(super) async fn administrator(&self) -> Arc<ClusterCaller> {
        self.call(&peer(&[&self.server]), None).await.unwrap()
    }

    /// The permit of the holder of the server's own certificate.
    pub(super) async fn permit<A: ClusterAction>(&self) -> ClusterPermit<A> {
        authorize(&self.administrator().await).unwrap()
    }

    /// The permit of a user who gives [`PASSWORD`].
    pub(super) async fn permit_of<A: ClusterAction>(&self, user: &User) -> ClusterPermit<A> {
        authorize(&self.login(user.name.as_str(), PASSWORD).await.unwrap()).unwrap()
    }

    /// The permit of a user who gives [`PASSWORD`], on itself.
    pub(super) async fn permit_on_self<A: ClusterAction>(&self, user: &User) -> ClusterPermit<A> {
        authorize_on(&self.login(user.name.as_str(), PASSWORD).await.unwrap(), user.uid).unwrap()
    }

    pub(super) async fn call(
        &self,
        peer: &Arc<Peer>,
        credentials: Option<&Credentials>,
    ) -> Result<Arc<ClusterCaller>, ClusterRefusal> {
        self.access
            .authenticate(peer, credentials, ExpiredPassword::Refused)
            .await
    }

    pub(super) async fn login(&self, login: &str, password: &str) -> Result<Arc<ClusterCaller>, ClusterRefusal> {
        self.call(&peer(&[]), Some(&basic(login, password))).await
    }

    /// The word for why a login is refused.
    pub(super) async fn refusal(&self, login: &str, password: &str) -> &'static str {
        self.login(login, password)
            .await
            .map_or_else(|refusal| refusal.reason(), |_| "admitted")
    }

    /// Makes a user with [`PASSWORD`] in the name of the server.
    pub(super) async fn user(&self, name: &str, management: ManagementRole) -> Arc<User> {
        self.create(regular(name, management)).await.unwrap()
    }

    pub(super) async fn create(&self, new: NewUser) -> Result<Arc<User>, ClusterError> {
        self.cluster.create_user(&self.permit().await, new, Run::Apply).await
    }

    /// Makes a change beside the use cases.
    pub(super) async fn put(&self, change: Change) {
        let plan = |_: &crate::cluster::Planning<'_>| {
            Ok(Plan {
                changes: vec![change],
                detail: "set up".to_owned(),
                outcome: (),
            })
        };
        self.cluster
            .change(Asked::server("test", "cluster"), Run::Apply, plan)
            .await
            .unwrap();
    }

    pub(super) async fn set(&self, change: impl FnOnce(&mut ClusterSettings)) {
        let mut settings = ClusterSettings::clone(self.cluster.state().settings());
        change(&mut settings);
        self.put(Change::PutSettings(Arc::new(settings))).await;
    }

    /// Trusts a CA, and switches certificate authentication on.
    pub(super) async fn trust(&self, ca: &TestCa) {
        self.put(Change::PutCertificate(Arc::new(NamedCertificate {
            name: CertificateName::MtlsTrustedCa,
            certificate: ca.certificate().to_pem(),
            key: None,
            installed_at: NOW,
        })))
        .await;
        self.set(|settings| settings.mtls_certificate_authentication = true)
            .await;
    }

    /// Every audit record, after those under way.
    pub(super) async fn audit_records(&self) -> Vec<AuditRecord> {
        self.audit.flush().await;
        let records = self.store.audit_records_after(0, 1000).await.unwrap();
        records.into_iter().map(|(_, record)| record).collect()
    }
}

/// A CA, and client certificates from it.
pub(super) struct TestCa(CertifiedIssuer<'static, KeyPair>);

impl TestCa {
    pub(super) fn new(name: &str) -> Self {
        Self::until(name, NOW + Duration::days(365))
    }

    pub(super) fn until(name: &str, not_after: OffsetDateTime) -> Self {
        let mut parameters = parameters(name, not_after);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn certificate(&self) -> Certificate {
        Certificate::from_der(self.0.der().to_vec()).unwrap()
    }

    pub(super) fn client(&self, name: &str) -> Certificate {
        self.client_until(name, NOW + Duration::days(30))
    }

    pub(super) fn client_until(&self, name: &str, not_after: OffsetDateTime) -> Certificate {
        let mut parameters = parameters(name, not_after);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let signed = parameters.signed_by(&KeyPair::generate().unwrap(), &self.0).unwrap();
        Certificate::from_der(signed.der().to_vec()).unwrap()
    }
}

pub(super) fn peer(chain: &[&Certificate]) -> Arc<Peer> {
    let chain: Vec<_> = chain.iter().map(|certificate| certificate.der().clone()).collect();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 4711));
    Arc::new(Peer::from_handshake(address, Some(&chain)))
}

pub(super) fn basic(login: &str, password: &str) -> Credentials {
    Credentials::Password {
        login: login.to_owned(),
        password: SecretString::from(password),
    }
}

/// A user with [`PASSWORD`].
pub(super) fn regular(name: &str, management: ManagementRole) -> NewUser {
    NewUser {
        uid: None,
        name: Some(name.parse().unwrap()),
        email: None,
        auth_method: AuthMethod::Regular,
        password: Some(SecretString::from(PASSWORD)),
        certificate_subject_line: None,
        roles: RoleSelection::Management(management),
        alerts: EmailAlerts::default(),
    }
}

/// A user with a certificate of this subject.
pub(super) fn certified(name: &str, subject: &str, management: ManagementRole) -> NewUser {
    NewUser {
        auth_method: AuthMethod::Certificate,
        password: None,
        certificate_subject_line: Some(subject.parse().unwrap()),
        ..regular(name, management)
    }
}

pub(super) fn user_uid(number: u32) -> UserUid {
    UserUid::new(number).unwrap()
}

pub(super) fn role_uid(number: u32) -> RoleUid {
    RoleUid::new(number).unwrap()
}

fn identity() -> ClusterIdentity {
    ClusterIdentity {
        name: "cluster.example".to_owned(),
        created_at: NOW,
    }
}

fn parameters(name: &str, not_after: OffsetDateTime) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::OrganizationName, "Acme");
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = NOW - Duration::days(365);
    parameters.not_after = not_after;
    parameters
}
