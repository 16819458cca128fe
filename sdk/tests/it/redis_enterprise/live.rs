//! The operations end to end, against a whole cluster: a real Redis Enterprise 7.22 or later, or the reference server.
//!
//! Objects of a test have names that begin with `certward-live`, and are deleted. One test changes the cluster's mTLS
//! settings and trusted CA, and restores them.

use std::any::Any;
use std::rc::Rc;
use std::time::Duration;

use certward::pki::{Certificate, certificates_from_pem};
use certward::redis_enterprise::{
    AofPolicy, AuthMethod, AuthorizedSubject, CertificateName, Client, ClientAuthentication, ClientBuilder,
    ClientCertificate, Cluster, CreateDatabase, CreateRedisAcl, CreateRole, CreateUser, DataPersistence,
    DatabaseStatus, DatabaseTlsMode, EvictionPolicy, ListDatabaseCertificates, ManagementRole, NewCertificate,
    NewPassword, RolePermission, SubjectValidation, UpdateCluster, UpdateDatabase, UpdateRedisAcl, UpdateRole,
    UpdateUser,
};
use certward::{Error, Identity};
use rcgen::{CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use time::macros::datetime;
use tokio::task::LocalSet;

use super::server;

/// The cluster, and how an admin logs in.
pub(super) struct Server {
    pub(super) endpoint: String,
    /// Trusted CA, PEM.
    pub(super) ca: String,
    /// Certificate and private key, PEM.
    pub(super) identity: Option<(String, String)>,
    /// E-mail address and password; they win over the certificate.
    pub(super) login: Option<(String, String)>,
    /// Keeps the server running.
    pub(super) guard: Box<dyn Any + Send + Sync>,
}

#[tokio::test]
async fn the_cluster_tells_about_itself_and_the_caller() {
    let Some(server) = server().await else { return };
    let admin = server.admin();
    assert_eq!(admin.own_role().await.unwrap(), ManagementRole::Admin);
    let cluster = admin.cluster().get().await.unwrap();
    assert!(!cluster.name.is_empty() && cluster.mtls_certificate_authentication.is_some());
    let certificates = admin.certificates().list().await.unwrap();
    assert!(certificates.get(&CertificateName::Proxy).is_some());
    assert!(
        certificates
            .iter()
            .all(|(_, certificate)| certificate.private_key.is_none())
    );
    let nodes = admin.nodes().list().await.unwrap();
    assert_eq!(
        admin.nodes().get(nodes[0].uid).await.unwrap().unwrap().uid,
        nodes[0].uid
    );
    assert_eq!(admin.nodes().get(9999.into()).await.unwrap(), None);
    admin.license().get().await.unwrap();
    admin.cluster_policy().get().await.unwrap();
    admin.bootstrap().get().await.unwrap();
    admin.ocsp().get().await.unwrap();
    let permissions = admin.permissions().list().await.unwrap();
    let of_admin = &permissions[&ManagementRole::Admin].api_permissions;
    assert!(of_admin.iter().any(|permission| permission == "update_cluster"));
    let none = admin.permissions().get(&ManagementRole::None).await.unwrap().unwrap();
    assert!(none.api_permissions.is_empty());
}

#[tokio::test]
async fn a_role_is_made_changed_and_deleted() {
    let Some(server) = server().await else { return };
    let admin = server.admin();
    let name = unique("certward-live-role");
    let role = CreateRole::new(&name, ManagementRole::DbViewer);
    admin.roles().create(&role).dry_run().send().await.unwrap();
    let is_listed = async || admin.roles().list().await.unwrap().iter().any(|role| role.name == name);
    assert!(!is_listed().await);
    let made = admin.roles().create(&role).send().await.unwrap();
    assert!(is_listed().await);
    assert_eq!((&made.name, &made.management), (&name, &Some(ManagementRole::DbViewer)));
    assert!(admin.roles().create(&role).send().await.unwrap_err().is_conflict());
    let changes = UpdateRole::new().management(ManagementRole::ClusterViewer);
    let changed = admin.roles().update(made.uid, &changes).send().await.unwrap();
    assert_eq!(
        (changed.name, changed.management),
        (name, Some(ManagementRole::ClusterViewer))
    );
    admin.roles().delete(made.uid).send().await.unwrap();
    soon("the role is gone", async || {
        admin.roles().get(made.uid).await.unwrap().is_none()
    })
    .await;
    assert_eq!(admin.roles().delete(made.uid).send().await.unwrap(), None);
}

#[tokio::test]
async fn a_redis_acl_is_made_changed_and_deleted() {
    let Some(server) = server().await else { return };
    let admin = server.admin();
    let name = unique("certward-live-acl");
    let wrong = CreateRedisAcl::new(&name, "+@read >password");
    assert!(
        admin
            .redis_acls()
            .create(&wrong)
            .dry_run()
            .send()
            .await
            .unwrap_err()
            .is_invalid_input()
    );
    let acl = CreateRedisAcl::new(&name, "+@read ~cache:*");
    admin.redis_acls().create(&acl).dry_run().send().await.unwrap();
    let made = admin.redis_acls().create(&acl).send().await.unwrap();
    assert_eq!(
        (made.name.as_str(), made.acl.as_str()),
        (name.as_str(), "+@read ~cache:*")
    );
    assert!(admin.redis_acls().create(&acl).send().await.unwrap_err().is_conflict());
    let changes = UpdateRedisAcl::new().name(&name).acl("+@read ~*");
    assert_eq!(
        admin.redis_acls().update(made.uid, &changes).send().await.unwrap().acl,
        "+@read ~*"
    );
    assert_eq!(
        admin.redis_acls().get(made.uid).await.unwrap().unwrap().acl,
        "+@read ~*"
    );
    assert!(
        admin
            .redis_acls()
            .list()
            .await
            .unwrap()
            .iter()
            .any(|acl| acl.uid == made.uid)
    );
    admin.redis_acls().delete(made.uid).await.unwrap();
    soon("the ACL is gone", async || {
        admin.redis_acls().get(made.uid).await.unwrap().is_none()
    })
    .await;
}

#[tokio::test]
async fn a_certificate_user_is_made_changed_and_deleted() {
    let Some(server) = server().await else { return };
    let admin = server.admin();
    let name = unique("certward-live-user");
    let role = admin
        .roles()
        .create(&CreateRole::new(&name, ManagementRole::None))
        .send()
        .await
        .unwrap();
    let subject_line = format!("CN={name}, OU=payments, O=Example");
    let user = CreateUser::certificate(&name, &subject_line).role_uids([role.uid]);
    admin.users().create(&user).dry_run().send().await.unwrap();
    assert!(!admin.users().list().await.unwrap().iter().any(|user| user.name == name));

    let made = admin.users().create(&user).send().await.unwrap();
    assert_eq!(made.auth_method, AuthMethod::Certificate);
    assert_eq!(made.certificate_subject_line.as_ref(), Some(&subject_line)); // as it was given
    assert_eq!((&made.email, &made.role_uids), (&None, &vec![role.uid]));
    assert!(admin.users().create(&user).send().await.unwrap_err().is_conflict());
    let changes = UpdateUser::new()
        .certificate_subject_line(format!("CN={name},O=Other"))
        .email_alerts(false);
    let changed = admin.users().update(made.uid, &changes).send().await.unwrap();
    assert_eq!(changed.certificate_subject_line, Some(format!("CN={name},O=Other")));
    assert_eq!((changed.name, changed.email_alerts), (name, Some(false)));

    admin
        .users()
        .delete_and_wait(made.uid, Duration::from_secs(30))
        .await
        .unwrap();
    assert_eq!(admin.users().get(made.uid).await.unwrap(), None);
    assert_eq!(admin.users().delete(made.uid).await.unwrap(), None);
    admin.roles().delete(role.uid).send().await.unwrap();
}

#[tokio::test]
async fn a_database_is_made_changed_flushed_and_deleted() {
    let Some(server) = server().await else { return };
    let admin = server.admin();
    let name = unique("certward-live-db");
    let acl = admin
        .redis_acls()
        .create(&CreateRedisAcl::new(&name, "+@read ~*"))
        .send()
        .await
        .unwrap();
    let role = admin
        .roles()
        .create(&CreateRole::new(&name, ManagementRole::None))
        .send()
        .await
        .unwrap();
    let permission = RolePermission::new(role.uid, acl.uid);
    let database = CreateDatabase::new(&name, 64 << 20)
        .tls_mode(DatabaseTlsMode::Enabled)
        .enforce_client_authentication(ClientAuthentication::Enabled)
        .authentication_ssl_client_certs([ClientCertificate::from(&TeamCa::new().certificate())])
        .default_user(false)
        .roles_permissions([permission]);
    match admin.databases().create(&database).dry_run().send().await {
        Err(error) if error.error_type() == Some("insufficient_resources") => {
            println!("skipped: the cluster can run no database: {error}");
            return;
        }
        answer => assert_eq!(answer.unwrap().name, name),
    }
    assert!(
        !admin
            .databases()
            .list()
            .await
            .unwrap()
            .iter()
            .any(|other| other.name == name)
    );

    let made = admin.databases().create(&database).send().await.unwrap();
    let active = admin
        .databases()
        .wait_until_active(made.uid, Duration::from_secs(60))
        .await
        .unwrap();
    assert!(admin.databases().is_available(made.uid).await.unwrap());
    assert!(active.client_port().is_some_and(|port| port > 0));
    assert_eq!(active.tls_mode, Some(DatabaseTlsMode::Enabled));
    assert_eq!(
        active.enforce_client_authentication,
        Some(ClientAuthentication::Enabled)
    );
    assert_eq!(active.client_certificates().unwrap().len(), 1);
    assert_eq!(
        (active.default_user, active.roles_permissions),
        (Some(false), vec![permission])
    );
    assert!(
        admin
            .databases()
            .create(&database)
            .send()
            .await
            .unwrap_err()
            .is_conflict()
    );
    let listed = admin.databases().list_fields(&["name", "status"]).await.unwrap();
    let listed = listed.into_iter().find(|other| other.uid == made.uid).unwrap();
    assert_eq!((listed.name.as_str(), listed.memory_size), (name.as_str(), None));

    let no_certificates = UpdateDatabase::new().authentication_ssl_client_certs([]);
    let refused = admin
        .databases()
        .update(made.uid, &no_certificates)
        .dry_run()
        .send()
        .await
        .unwrap_err();
    assert!(refused.is_invalid_input(), "{refused:?}");
    let changes = UpdateDatabase::new()
        .memory_size(128 << 20)
        .eviction_policy(EvictionPolicy::AllkeysLru)
        .data_persistence(DataPersistence::Aof)
        .aof_policy(AofPolicy::Always)
        .default_user(true);
    admin.databases().update(made.uid, &changes).send().await.unwrap();
    let changed = admin
        .databases()
        .wait_until_active(made.uid, Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(
        (changed.memory_size, changed.eviction_policy),
        (Some(128 << 20), Some(EvictionPolicy::AllkeysLru))
    );
    assert_eq!(
        (changed.data_persistence, changed.aof_policy),
        (Some(DataPersistence::Aof), Some(AofPolicy::Always))
    );
    admin
        .databases()
        .set_password(made.uid, &"Certward-1-password".into())
        .await
        .unwrap();
    admin
        .databases()
        .add_password(made.uid, &"Certward-2-password".into())
        .await
        .unwrap();
    admin
        .databases()
        .delete_password(made.uid, &"Certward-1-password".into())
        .await
        .unwrap();
    let all = ListDatabaseCertificates::new();
    let own = admin.database_certificates().list(&all).await.unwrap();
    assert!(own.iter().all(|certificate| certificate.database_uid != Some(made.uid)));
    admin.databases().flush(made.uid).await.unwrap();
    admin
        .databases()
        .delete_and_wait(made.uid, Duration::from_secs(60))
        .await
        .unwrap();
    assert!(admin.databases().get(made.uid).await.unwrap().is_none());
    assert_eq!(admin.databases().delete(made.uid).await.unwrap(), None);
    let gone = admin
        .databases()
        .wait_until_active(made.uid, Duration::ZERO)
        .await
        .unwrap_err();
    assert!(gone.is_not_found() && changed.status == Some(DatabaseStatus::Active));
    admin.roles().delete(role.uid).send().await.unwrap();
    admin.redis_acls().delete(acl.uid).await.unwrap();
}

#[tokio::test]
async fn a_user_with_a_password_logs_in_and_gets_tokens() {
    let Some(server) = server().await else { return };
    let admin = server.admin();
    let name = unique("certward-live-password");
    let email = format!("{name}@example.com");
    let viewer = admin
        .roles()
        .create(&CreateRole::new(&name, ManagementRole::ClusterViewer))
        .send()
        .await
        .unwrap();
    let user = CreateUser::regular(&name, "Certward-1-password".into())
        .email(&email)
        .role_uids([viewer.uid]);
    let made = admin.users().create(&user).send().await.unwrap();
    let login = |password: &str| server.builder().basic(&email, password.into()).build().unwrap();
    assert_eq!(
        login("Certward-1-password").own_role().await.unwrap(),
        ManagementRole::ClusterViewer
    );
    let refused = login("Certward-1-wrong").own_role().await.unwrap_err();
    assert!(refused.is_unauthorized(), "{refused:?}");

    let by_token = login("Certward-1-password")
        .log_in(Some(Duration::from_secs(60)))
        .await
        .unwrap();
    let newer = by_token.refresh_jwt(None).await.unwrap();
    let by_token = by_token.with_jwt(newer).unwrap();
    by_token.cluster().get().await.unwrap();
    let refused = by_token
        .users()
        .create(&CreateUser::certificate("x", "CN=x"))
        .send()
        .await
        .unwrap_err();
    assert!(refused.is_forbidden() && !refused.is_unauthorized(), "{refused:?}");
    let forged = by_token.with_jwt("aaaa.bbbb.cccc".into()).unwrap();
    assert!(forged.own_role().await.unwrap_err().is_unauthorized());

    let new = || NewPassword::new("Certward-2-password".into());
    login("Certward-1-password").users().set_password(&new()).await.unwrap();
    soon("the old password is refused", async || {
        is_unauthorized(login("Certward-1-password").own_role().await)
    })
    .await;
    login("Certward-2-password").own_role().await.unwrap();
    let own = login("Certward-2-password")
        .users()
        .get(made.uid)
        .await
        .unwrap()
        .unwrap();
    assert!(own.password_issue_date.is_some());

    admin
        .users()
        .delete_and_wait(made.uid, Duration::from_secs(30))
        .await
        .unwrap();
    soon("its token is refused", async || {
        is_unauthorized(by_token.own_role().await)
    })
    .await;
    admin.roles().delete(viewer.uid).send().await.unwrap();
}

#[tokio::test]
async fn a_certificate_of_the_trusted_ca_logs_in_as_its_user() {
    let Some(server) = server().await.map(Rc::new) else {
        return;
    };
    let admin = server.admin();
    let before = admin.cluster().get().await.unwrap();
    let trusted_before = admin.certificates().list().await.unwrap().trusted_ca().unwrap();

    // In a task of its own, so that the settings are put back when it fails.
    let trusted = trusted_before.clone();
    let tasks = LocalSet::new();
    let login = tasks.spawn_local(log_in_by_certificate(Rc::clone(&server), trusted));
    let outcome = tasks.run_until(login).await;
    put_back(&admin, &before, &trusted_before).await;
    outcome.unwrap();
}

async fn log_in_by_certificate(server: Rc<Server>, mut trusted: Vec<Certificate>) {
    let admin = server.admin();
    let team = TeamCa::new();
    let name = unique("certward-live-login");
    let identity = || team.issued(&name);
    let (certificate, _) = identity();
    trusted.push(team.certificate());
    admin
        .certificates()
        .update(&[NewCertificate::trusted_ca(&trusted)])
        .await
        .unwrap();
    assert_eq!(
        admin.certificates().list().await.unwrap().trusted_ca().unwrap(),
        trusted
    );

    let switch_on = UpdateCluster::new()
        .mtls_certificate_authentication(true)
        .mtls_client_cert_subject_validation_type(SubjectValidation::Disabled);
    let cluster = admin.cluster().update(&switch_on).send().await.unwrap();
    assert_eq!(cluster.mtls_certificate_authentication, Some(true));

    let viewer = admin
        .roles()
        .create(&CreateRole::new(&name, ManagementRole::ClusterViewer))
        .send()
        .await
        .unwrap();
    let user = CreateUser::certificate(&name, certificate.subject().to_string()).role_uids([viewer.uid]);
    let user = admin.users().create(&user).send().await.unwrap();
    let holder = || server.builder().identity(identity().1).build().unwrap();
    soon("the holder is let in", async || {
        holder()
            .own_role()
            .await
            .is_ok_and(|role| role == ManagementRole::ClusterViewer)
    })
    .await;
    let client = holder();
    client.cluster().get().await.unwrap();
    let refused = client
        .roles()
        .create(&CreateRole::new("x", ManagementRole::None))
        .send()
        .await
        .unwrap_err();
    assert!(refused.is_forbidden() && !refused.is_unauthorized(), "{refused:?}");

    let gate = |validation: SubjectValidation, subject: AuthorizedSubject| {
        UpdateCluster::new()
            .mtls_client_cert_subject_validation_type(validation)
            .mtls_authorized_subjects([subject])
    };
    let full = || AuthorizedSubject::new(&name).organization("Example");
    for (changes, admitted) in [
        (gate(SubjectValidation::FullSubject, full()), true),
        (
            gate(SubjectValidation::FullSubject, AuthorizedSubject::new(&name)),
            false,
        ),
        (gate(SubjectValidation::SanCn, AuthorizedSubject::new(&name)), true),
        (gate(SubjectValidation::SanCn, AuthorizedSubject::new("another")), false),
        (gate(SubjectValidation::Disabled, full()), true),
    ] {
        admin.cluster().update(&changes).send().await.unwrap();
        soon(&format!("{changes:?} counts"), async || {
            let role = holder().own_role().await;
            if admitted { role.is_ok() } else { is_unauthorized(role) }
        })
        .await;
    }

    let stranger = server
        .builder()
        .identity(team.issued("certward-live-stranger").1)
        .build()
        .unwrap();
    assert!(stranger.own_role().await.unwrap_err().is_unauthorized());
    admin
        .users()
        .delete_and_wait(user.uid, Duration::from_secs(30))
        .await
        .unwrap();
    soon("a deleted user is refused", async || {
        is_unauthorized(holder().own_role().await)
    })
    .await;
    admin.roles().delete(viewer.uid).send().await.unwrap();
}

async fn put_back(admin: &Client, before: &Cluster, trusted_before: &[Certificate]) {
    let validation = before.mtls_client_cert_subject_validation_type.clone();
    let changes = UpdateCluster::new()
        .mtls_certificate_authentication(before.mtls_certificate_authentication == Some(true))
        .mtls_client_cert_subject_validation_type(validation.unwrap_or(SubjectValidation::Disabled))
        .mtls_authorized_subjects(before.mtls_authorized_subjects.clone());
    let settings = admin.cluster().update(&changes).send().await;
    let authorities = match trusted_before {
        [] => admin.certificates().delete(&CertificateName::MtlsTrustedCa).await,
        authorities => {
            admin
                .certificates()
                .update(&[NewCertificate::trusted_ca(authorities)])
                .await
        }
    };
    settings.unwrap();
    authorities.unwrap();
}

impl Server {
    fn builder(&self) -> ClientBuilder {
        let _keeps_running = &self.guard;
        Client::builder().endpoint(&self.endpoint).trust_anchors_pem(&self.ca)
    }

    fn admin(&self) -> Client {
        let mut builder = self.builder();
        if let Some((certificate, private_key)) = &self.identity {
            builder = builder.identity(Identity::from_pem(certificate, private_key).unwrap());
        }
        if let Some((username, password)) = &self.login {
            builder = builder.basic(username, password.as_str().into());
        }
        builder.build().unwrap()
    }
}

/// A CA of the team's own, with the extensions that a CA needs.
struct TeamCa(CertifiedIssuer<'static, KeyPair>);

impl TeamCa {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, unique("certward-live-ca"));
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = VALIDITY;
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn certificate(&self) -> Certificate {
        certificates_from_pem(&self.0.pem()).unwrap().remove(0)
    }

    /// A client certificate for `CN=name,O=Example`, and the identity to log in with.
    fn issued(&self, name: &str) -> (Certificate, Identity) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::OrganizationName, "Example");
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        (params.not_before, params.not_after) = VALIDITY;
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &self.0).unwrap().pem();
        let identity = Identity::from_pem(&pem, &key.serialize_pem()).unwrap();
        (identity.certificate().clone(), identity)
    }
}

/// A real cluster takes a moment to tell its nodes about a change.
async fn soon(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..100 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not within 10 s: {what}");
}

fn is_unauthorized<T>(result: Result<T, Error>) -> bool {
    result.is_err_and(|error| error.is_unauthorized())
}

/// Runs against one cluster must not meet each other's users.
fn unique(name: &str) -> String {
    let random = KeyPair::generate().unwrap().serialize_der();
    let digits: String = random.iter().rev().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{name}-{digits}")
}

const VALIDITY: (time::OffsetDateTime, time::OffsetDateTime) =
    (datetime!(2025-01-01 0:00 UTC), datetime!(2045-01-01 0:00 UTC));
