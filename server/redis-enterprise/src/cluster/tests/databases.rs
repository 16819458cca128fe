use std::num::{NonZeroU16, NonZeroU32, NonZeroU64};
use std::sync::Arc;

use secrecy::SecretString;
use time::Duration;

use super::world::{NOW, TestCa, World, regular, role_uid};
use crate::cluster::access::ClusterPermit;
use crate::cluster::access::action::{CreateDatabase, UpdateDatabase};
use crate::cluster::databases::{DatabaseUpdate, NewDatabase, PersistenceKind};
use crate::cluster::{ClusterError, Run};
use certward_certificates::issuer::service::create_service_certificate;
use certward_certificates::trust::{AuthorizedSubject, SubjectValidation};
use certward_redis_model::database::{
    AofPolicy, ClientCertificates, Database, EvictionPolicy, PasswordDigest, Persistence, ProxyCertificate,
    RolePermission, SnapshotPolicy, TlsMode,
};
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::role::NewRole;
use certward_redis_model::uid::{DatabaseUid, RedisAclUid};
use certward_redis_model::user::RoleSelection;
use certward_store::audit::Outcome;

fn port(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

fn uid(number: u32) -> DatabaseUid {
    DatabaseUid::new(number).unwrap()
}

fn new(name: &str, rest: DatabaseUpdate) -> NewDatabase {
    NewDatabase {
        uid: None,
        name: name.parse().unwrap(),
        memory_size: 1_000_000,
        rest,
    }
}

fn certificates(texts: &[String]) -> ClientCertificates {
    ClientCertificates::from_pem_texts(texts.to_vec()).unwrap()
}

/// TLS that asks every client for a certificate of this CA.
fn mutual(ca: &TestCa) -> DatabaseUpdate {
    DatabaseUpdate {
        tls_mode: Some(TlsMode::Enabled),
        client_certificates: Some(certificates(&[ca.certificate().to_pem()])),
        ..DatabaseUpdate::default()
    }
}

async fn create(world: &World, new: NewDatabase, at: u16) -> Result<Arc<Database>, ClusterError> {
    let permit = world.permit::<CreateDatabase>().await;
    world.cluster.create_database(&permit, new, port(at), Run::Apply).await
}

async fn update(world: &World, update: DatabaseUpdate) -> Result<Arc<Database>, ClusterError> {
    let permit = world.permit::<UpdateDatabase>().await;
    world.cluster.update_database(&permit, uid(1), update, Run::Apply).await
}

#[tokio::test]
async fn a_database_of_every_kind_is_the_same_after_a_restart() {
    let world = World::new().await;
    let ca = TestCa::new("clients");
    let subject = AuthorizedSubject {
        common_name: "alice".to_owned(),
        organizational_units: vec!["a".to_owned(), "b".to_owned()],
        ..AuthorizedSubject::default()
    };
    let permission = RolePermission {
        role_uid: role_uid(6),
        redis_acl_uid: RedisAclUid::new(1).unwrap(),
    };
    let policy = SnapshotPolicy {
        seconds: NonZeroU64::new(60).unwrap(),
        writes: NonZeroU32::new(1).unwrap(),
    };
    let full = DatabaseUpdate {
        eviction_policy: Some(EvictionPolicy::AllkeysLfu),
        persistence: Some(PersistenceKind::Snapshot),
        snapshot_policy: Some(vec![policy]),
        subject_validation: Some(SubjectValidation::FullSubject),
        authorized_subjects: Some(vec![subject]),
        authorized_names: Some(vec!["alice".to_owned()]),
        allow_outdated_certificates: Some(true),
        allow_weak_hashing: Some(true),
        allow_missing_extended_key_usage: Some(true),
        default_user: Some(false),
        default_password: Some(SecretString::from("secret")),
        roles_permissions: Some(vec![permission]),
        ..mutual(&ca)
    };
    create(&world, new("full", full), 10_001).await.unwrap();
    create(&world, new("plain", DatabaseUpdate::default()), 10_002)
        .await
        .unwrap();
    let aof = DatabaseUpdate {
        persistence: Some(PersistenceKind::Aof),
        aof_policy: Some(AofPolicy::Always),
        ..DatabaseUpdate::default()
    };
    create(&world, new("aof", aof), 10_003).await.unwrap();
    let (certificate, key) = create_service_certificate("db.example", NOW).unwrap();
    let own = ProxyCertificate {
        chain: certificate.to_pem(),
        key,
    };
    let permit = world.permit().await;
    let cluster = &world.cluster;
    cluster
        .put_database_certificate(&permit, uid(2), own, Run::Apply)
        .await
        .unwrap();
    cluster.delete_database(&world.permit().await, uid(3)).await.unwrap();
    let expected: Vec<Database> = cluster
        .state()
        .databases()
        .map(|database| Database::clone(database))
        .collect();
    assert_eq!(expected[0].tls.client_certificates.certificates().len(), 1);
    assert_eq!(
        expected[0].default_user.password_hashes,
        [PasswordDigest::of(&SecretString::from("secret"))]
    );
    let records = world.audit_records().await;
    let done = |text: &str| {
        records
            .iter()
            .any(|record| matches!(&record.outcome, Outcome::Done(detail) if detail.contains(text)))
    };
    for text in [
        "created database 1 \"full\" on port 10001",
        "gave database 2 \"plain\" on port 10002 the server certificate",
        "deleted database 3 \"aof\"",
    ] {
        assert!(done(text), "{text}: {records:?}");
    }
    assert!(!format!("{records:?}").contains("secret"));

    let (state, _) = world.reopened().await;
    let kept: Vec<Database> = state.databases().map(|database| Database::clone(database)).collect();
    assert_eq!(kept, expected);
    // A deleted database's number is not given again, after a restart neither.
    assert_eq!(state.next_database_uid(), Some(uid(4)));
}

#[tokio::test]
async fn names_numbers_and_ports_are_one_databases_each() {
    let world = World::new().await;
    create(&world, new("a", DatabaseUpdate::default()), 10_001)
        .await
        .unwrap();
    let name = create(&world, new("a", DatabaseUpdate::default()), 10_002).await;
    assert!(matches!(name, Err(ClusterError::NameTaken { .. })), "{name:?}");
    let same_port = create(&world, new("b", DatabaseUpdate::default()), 10_001).await;
    assert!(
        matches!(same_port, Err(ClusterError::PortTaken { port: 10_001, .. })),
        "{same_port:?}"
    );
    let numbered = NewDatabase {
        uid: Some(uid(1)),
        ..new("b", DatabaseUpdate::default())
    };
    let number = create(&world, numbered, 10_002).await;
    assert!(matches!(number, Err(ClusterError::UidTaken { uid: 1 })), "{number:?}");
    world
        .set(|settings| settings.reserved_ports = vec!["6379".to_owned(), "10002-10010".to_owned()])
        .await;
    for reserved in [6379, 10_002, 10_010] {
        let refused = create(&world, new("b", DatabaseUpdate::default()), reserved).await;
        assert!(
            matches!(refused, Err(ClusterError::PortTaken { .. })),
            "{reserved}: {refused:?}"
        );
    }
    assert!(
        create(&world, new("b", DatabaseUpdate::default()), 10_011)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_port_of_the_system_is_no_databases() {
    let world = World::new().await;
    for port in [1, 22, 443, 1023] {
        let refused = create(&world, new("a", DatabaseUpdate::default()), port).await;
        assert!(
            matches!(&refused, Err(ClusterError::PortOfTheSystem { port: named, first: 1024 }) if *named == port),
            "{refused:?}"
        );
    }
    create(&world, new("a", DatabaseUpdate::default()), 1024).await.unwrap();
    let moved = DatabaseUpdate {
        port: NonZeroU16::new(22),
        ..DatabaseUpdate::default()
    };
    let refused = update(&world, moved).await;
    assert!(
        matches!(refused, Err(ClusterError::PortOfTheSystem { port: 22, .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_client_certificate_that_has_expired_since_does_not_stand_in_the_way_of_other_changes() {
    let world = World::new().await;
    let ca = TestCa::until("clients", NOW + Duration::days(1));
    create(&world, new("a", mutual(&ca)), 10_001).await.unwrap();
    world.clock.advance(Duration::days(2));
    let memory = DatabaseUpdate {
        memory_size: Some(5),
        ..DatabaseUpdate::default()
    };
    assert_eq!(update(&world, memory).await.unwrap().memory_size, 5);
    // Nor when the whole list is sent back beside another change, or a new one is added to it.
    let next = TestCa::until("next", NOW + Duration::days(30));
    let both = DatabaseUpdate {
        client_certificates: Some(certificates(&[ca.certificate().to_pem(), next.certificate().to_pem()])),
        ..DatabaseUpdate::default()
    };
    assert!(update(&world, both).await.is_ok());
    let late = TestCa::until("late", NOW + Duration::days(1));
    let refused = update(&world, mutual(&late)).await;
    assert!(
        matches!(refused, Err(ClusterError::ClientCertificateExpired { .. })),
        "{refused:?}"
    );
    let allowed = DatabaseUpdate {
        allow_outdated_certificates: Some(true),
        ..mutual(&late)
    };
    assert!(update(&world, allowed).await.is_ok());
}

#[tokio::test]
async fn clients_are_asked_for_certificates_only_when_some_are_trusted() {
    let world = World::new().await;
    let with_tls = || DatabaseUpdate {
        tls_mode: Some(TlsMode::Enabled),
        ..DatabaseUpdate::default()
    };
    let refused = create(&world, new("a", with_tls()), 10_001).await;
    assert!(
        matches!(refused, Err(ClusterError::ClientCertificateMissing)),
        "{refused:?}"
    );
    // Without TLS nobody is asked, whatever the default says.
    let made = create(&world, new("a", DatabaseUpdate::default()), 10_001)
        .await
        .unwrap();
    assert!(made.tls.enforce_client_authentication);
    let refused = update(&world, with_tls()).await;
    assert!(
        matches!(refused, Err(ClusterError::ClientCertificateMissing)),
        "{refused:?}"
    );
    let asked_for = DatabaseUpdate {
        enforce_client_authentication: Some(false),
        ..with_tls()
    };
    assert!(update(&world, asked_for).await.is_ok());
    let ca = TestCa::new("clients").certificate().to_pem();
    let twice = DatabaseUpdate {
        client_certificates: Some(certificates(&[ca.clone(), ca])),
        ..DatabaseUpdate::default()
    };
    let refused = update(&world, twice).await;
    assert!(
        matches!(refused, Err(ClusterError::DuplicateClientCertificate { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_policy_of_persistence_belongs_to_its_kind() {
    let world = World::new().await;
    let always = || DatabaseUpdate {
        persistence: Some(PersistenceKind::Aof),
        aof_policy: Some(AofPolicy::Always),
        ..DatabaseUpdate::default()
    };
    create(&world, new("a", always()), 10_001).await.unwrap();
    let kind = |kind| DatabaseUpdate {
        persistence: Some(kind),
        ..DatabaseUpdate::default()
    };
    assert_eq!(
        update(&world, kind(PersistenceKind::Aof)).await.unwrap().persistence,
        Persistence::Aof(AofPolicy::Always)
    );
    let refused = update(&world, kind(PersistenceKind::Snapshot)).await;
    assert!(
        matches!(refused, Err(ClusterError::InvalidPersistence { .. })),
        "{refused:?}"
    );
    assert_eq!(
        update(&world, kind(PersistenceKind::Disabled))
            .await
            .unwrap()
            .persistence,
        Persistence::Disabled
    );
    let refused = update(
        &world,
        DatabaseUpdate {
            persistence: None,
            ..always()
        },
    )
    .await;
    assert!(
        matches!(refused, Err(ClusterError::InvalidPersistence { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_role_limited_to_a_database_changes_it_and_makes_none() {
    let world = World::new().await;
    for (name, at) in [("a", 10_001), ("b", 10_002)] {
        create(&world, new(name, DatabaseUpdate::default()), at).await.unwrap();
    }
    let role = NewRole {
        uid: None,
        name: "limited".parse().unwrap(),
        management: ManagementRole::DbMember,
        databases: vec![2],
    };
    let role = world
        .cluster
        .create_role(&world.permit().await, role, Run::Apply)
        .await
        .unwrap();
    let mut user = regular("bob", ManagementRole::DbMember);
    user.roles = RoleSelection::Uids(vec![role.uid]);
    let user = world.create(user).await.unwrap();
    let permit: ClusterPermit<UpdateDatabase> = world.permit_of(&user).await;
    let memory = || DatabaseUpdate {
        memory_size: Some(7),
        ..DatabaseUpdate::default()
    };
    let cluster = &world.cluster;
    assert!(
        cluster
            .update_database(&permit, uid(2), memory(), Run::Apply)
            .await
            .is_ok()
    );
    let refused = cluster.update_database(&permit, uid(1), memory(), Run::Apply).await;
    assert!(matches!(refused, Err(ClusterError::OutsideScope { .. })), "{refused:?}");
    let permit: ClusterPermit<CreateDatabase> = world.permit_of(&user).await;
    let made = cluster
        .create_database(&permit, new("c", DatabaseUpdate::default()), port(10_003), Run::Apply)
        .await;
    assert!(matches!(made, Err(ClusterError::MakingOutsideScope)), "{made:?}");
}

#[tokio::test]
async fn a_list_that_is_too_long_is_refused_with_its_length_whichever_it_is() {
    let world = World::new().await;
    create(&world, new("a", DatabaseUpdate::default()), 10_001)
        .await
        .unwrap();
    let permission = RolePermission {
        role_uid: role_uid(6),
        redis_acl_uid: RedisAclUid::new(1).unwrap(),
    };
    let permissions = DatabaseUpdate {
        roles_permissions: Some(vec![permission; 1001]),
        ..DatabaseUpdate::default()
    };
    let names = DatabaseUpdate {
        authorized_names: Some(vec!["alice".to_owned(); 1001]),
        ..DatabaseUpdate::default()
    };
    let mut alerted = regular("bob", ManagementRole::DbViewer);
    alerted.alerts.databases = Some(vec!["1".to_owned(); 1001]);
    let role = NewRole {
        uid: None,
        name: "wide".parse().unwrap(),
        management: ManagementRole::DbMember,
        databases: (1..=1001).collect(),
    };
    let made = world.cluster.create_role(&world.permit().await, role, Run::Apply).await;
    let refused = [
        ("the roles_permissions have", update(&world, permissions).await.err()),
        ("authorized_names has", update(&world, names).await.err()),
        ("bdbs_email_alerts has", world.create(alerted).await.err()),
        ("resources has", made.err()),
    ];
    for (list, refused) in refused {
        let expected = format!("{list} 1001 entries; at most 1000 are kept");
        assert_eq!(refused.map(|error| error.to_string()), Some(expected));
    }
}
