use std::sync::Arc;

use super::described;
use super::world::{TestCa, World, certified, peer};
use crate::cluster::access::ClusterCaller;
use crate::cluster::access::action::UpdateCluster;
use crate::cluster::access::authorize;
use crate::cluster::settings_update::SettingsUpdate;
use crate::cluster::{ClusterError, Run};
use certward_certificates::trust::{AuthorizedSubject, SubjectValidation};
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::settings::{ClusterSettings, TlsVersion};

async fn update_as(
    world: &World,
    caller: &Arc<ClusterCaller>,
    update: SettingsUpdate,
) -> Result<Arc<ClusterSettings>, ClusterError> {
    let permit = authorize::<UpdateCluster>(caller).unwrap();
    world.cluster.update_settings(&permit, update, Run::Apply).await
}

async fn update(world: &World, update: SettingsUpdate) -> Result<Arc<ClusterSettings>, ClusterError> {
    update_as(world, &world.administrator().await, update).await
}

fn entry(common_name: &str) -> AuthorizedSubject {
    AuthorizedSubject {
        common_name: common_name.to_owned(),
        ..AuthorizedSubject::default()
    }
}

fn switched_on() -> SettingsUpdate {
    SettingsUpdate {
        mtls_certificate_authentication: Some(true),
        ..SettingsUpdate::default()
    }
}

fn without_passwords() -> SettingsUpdate {
    SettingsUpdate {
        control_plane_basic_authentication: Some(false),
        ..SettingsUpdate::default()
    }
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let world = World::new().await;
    let revision = world.cluster.state().revision();
    let wanted = SettingsUpdate {
        mtls_client_cert_subject_validation_type: Some(SubjectValidation::FullSubject),
        mtls_authorized_subjects: Some(vec![entry("alice")]),
        min_data_tls_version: Some(TlsVersion::V1_3),
        password_min_length: Some(12),
        reserved_ports: Some(vec!["6379".to_owned(), "20000-20010".to_owned()]),
        ..SettingsUpdate::default()
    };
    let found = update(&world, wanted).await.unwrap();
    let expected = ClusterSettings {
        mtls_client_cert_subject_validation_type: SubjectValidation::FullSubject,
        mtls_authorized_subjects: vec![entry("alice")],
        min_data_tls_version: TlsVersion::V1_3,
        password_min_length: 12,
        reserved_ports: vec!["6379".to_owned(), "20000-20010".to_owned()],
        ..ClusterSettings::default()
    };
    assert_eq!(*found, expected);
    assert_eq!(**world.cluster.state().settings(), expected);
    assert_eq!(world.cluster.state().revision(), revision + 1);
    let records = world.audit_records().await;
    let record = format!("{:?}", records.last().unwrap());
    assert!(
        record.contains("mtls_authorized_subjects, min_data_TLS_version, password_min_length"),
        "{record}"
    );
    let (reopened, _) = world.reopened().await;
    assert_eq!(**reopened.settings(), expected);
}

#[tokio::test]
async fn a_list_of_subjects_takes_the_place_of_the_old_one() {
    let world = World::new().await;
    for subjects in [vec![entry("alice"), entry("bob")], vec![entry("carol")], vec![]] {
        let wanted = SettingsUpdate {
            mtls_authorized_subjects: Some(subjects.clone()),
            ..SettingsUpdate::default()
        };
        assert_eq!(update(&world, wanted).await.unwrap().mtls_authorized_subjects, subjects);
    }
}

#[tokio::test]
async fn an_update_that_changes_nothing_is_no_change() {
    let world = World::new().await;
    let before = described(&world.cluster.state());
    let same = SettingsUpdate {
        control_plane_basic_authentication: Some(true),
        password_min_length: Some(8),
        ..SettingsUpdate::default()
    };
    update(&world, same).await.unwrap();
    update(&world, SettingsUpdate::default()).await.unwrap();
    assert_eq!(described(&world.cluster.state()), before);
}

#[tokio::test]
async fn a_dry_run_answers_as_if_and_changes_nothing() {
    let world = World::new().await;
    let before = described(&world.cluster.state());
    let permit = world.permit().await;
    let wanted = || SettingsUpdate {
        password_complexity: Some(true),
        ..SettingsUpdate::default()
    };
    let found = world
        .cluster
        .update_settings(&permit, wanted(), Run::Dry)
        .await
        .unwrap();
    assert!(found.password_complexity);
    let refused = world.cluster.update_settings(&permit, switched_on(), Run::Dry).await;
    assert!(matches!(refused, Err(ClusterError::MissingTrustedCa)), "{refused:?}");
    assert_eq!(described(&world.cluster.state()), before);
}

#[tokio::test]
async fn what_is_out_of_range_is_refused_by_name() {
    let world = World::new().await;
    let before = described(&world.cluster.state());
    let default = SettingsUpdate::default;
    let subjects = |subjects: Vec<AuthorizedSubject>| SettingsUpdate {
        mtls_authorized_subjects: Some(subjects),
        ..default()
    };
    let with_line_end = AuthorizedSubject {
        organization: "Ac\nme".to_owned(),
        ..entry("alice")
    };
    for (wanted, setting) in [
        (subjects(vec![entry("alice"), entry("")]), "mtls_authorized_subjects"),
        (subjects(vec![with_line_end]), "mtls_authorized_subjects"),
        (subjects(vec![entry("alice"); 1001]), "mtls_authorized_subjects"),
        (
            SettingsUpdate {
                password_min_length: Some(7),
                ..default()
            },
            "password_min_length",
        ),
        (
            SettingsUpdate {
                password_min_length: Some(257),
                ..default()
            },
            "password_min_length",
        ),
        (
            SettingsUpdate {
                password_expiration_duration: Some(36_501),
                ..default()
            },
            "password_expiration_duration",
        ),
        (
            SettingsUpdate {
                control_cipher_suites: Some(String::new()),
                ..default()
            },
            "control_cipher_suites",
        ),
        (
            SettingsUpdate {
                data_cipher_list: Some("DEFAULT\n".to_owned()),
                ..default()
            },
            "data_cipher_list",
        ),
        (
            SettingsUpdate {
                data_cipher_list: Some("ALL:!ALL".to_owned()),
                ..default()
            },
            "data_cipher_list",
        ),
        (
            SettingsUpdate {
                cm_port: Some(0),
                ..default()
            },
            "cm_port",
        ),
        (
            SettingsUpdate {
                cm_port: Some(9443),
                ..default()
            },
            "cm_port",
        ),
        (
            SettingsUpdate {
                reserved_ports: Some(vec!["20010-20000".to_owned()]),
                ..default()
            },
            "reserved_ports",
        ),
        (
            SettingsUpdate {
                reserved_ports: Some(vec!["0".to_owned()]),
                ..default()
            },
            "reserved_ports",
        ),
    ] {
        match update(&world, wanted.clone()).await {
            Err(ClusterError::InvalidSetting { setting: found, .. }) => assert_eq!(found, setting, "{wanted:?}"),
            other => panic!("{wanted:?}: {other:?}"),
        }
    }
    assert_eq!(described(&world.cluster.state()), before);
}

#[tokio::test]
async fn certificate_authentication_needs_a_ca() {
    let world = World::new().await;
    assert!(matches!(
        update(&world, switched_on()).await,
        Err(ClusterError::MissingTrustedCa)
    ));
    assert!(!world.cluster.state().settings().mtls_certificate_authentication);
    world.trust(&TestCa::new("ca")).await;
    assert!(update(&world, switched_on()).await.is_ok());
}

#[tokio::test]
async fn who_called_by_password_or_token_does_not_switch_passwords_off() {
    let world = World::new().await;
    world.user("alice", ManagementRole::Admin).await;
    let by_password = world.login("alice", super::world::PASSWORD).await.unwrap();
    let by_token = {
        let permit = authorize(&by_password).unwrap();
        let token = world
            .access
            .issue_token(&permit, crate::cluster::access::TokenLifetime::default());
        let token = crate::cluster::access::Credentials::Token(token.unwrap());
        world.call(&peer(&[]), Some(&token)).await.unwrap()
    };
    for caller in [&by_password, &by_token] {
        let refused = update_as(&world, caller, without_passwords()).await;
        assert!(
            matches!(
                refused,
                Err(ClusterError::WouldLockOutCaller {
                    setting: "control_plane_basic_authentication",
                    ..
                })
            ),
            "{refused:?}"
        );
        assert!(
            update_as(
                &world,
                caller,
                SettingsUpdate {
                    password_min_length: Some(9),
                    ..SettingsUpdate::default()
                }
            )
            .await
            .is_ok()
        );
    }
    assert_eq!(world.refusal("alice", super::world::PASSWORD).await, "admitted");
}

#[tokio::test]
async fn who_called_by_certificate_switches_passwords_off() {
    let world = World::new().await;
    let ca = TestCa::new("ca");
    world.trust(&ca).await;
    world.user("bob", ManagementRole::Admin).await;
    world
        .create(certified("alice", "CN=alice,O=Acme", ManagementRole::Admin))
        .await
        .unwrap();
    let alice = world.call(&peer(&[&ca.client("alice")]), None).await.unwrap();
    update_as(&world, &alice, without_passwords()).await.unwrap();
    assert_ne!(world.refusal("bob", super::world::PASSWORD).await, "admitted");
    // An administrator by a certificate of RavenDB's API is let in whatever the settings say.
    assert!(
        update(
            &world,
            SettingsUpdate {
                mtls_certificate_authentication: Some(false),
                ..SettingsUpdate::default()
            }
        )
        .await
        .is_ok()
    );
}

#[tokio::test]
async fn who_called_by_certificate_does_not_shut_itself_out() {
    let world = World::new().await;
    let ca = TestCa::new("ca");
    world.trust(&ca).await;
    world
        .create(certified("alice", "CN=alice,O=Acme", ManagementRole::Admin))
        .await
        .unwrap();
    let peer = peer(&[&ca.client("alice")]);
    let alice = world.call(&peer, None).await.unwrap();
    let subjects = |validation, subjects: &[&str]| SettingsUpdate {
        mtls_client_cert_subject_validation_type: Some(validation),
        mtls_authorized_subjects: Some(subjects.iter().map(|name| entry(name)).collect()),
        ..SettingsUpdate::default()
    };
    let off = SettingsUpdate {
        mtls_certificate_authentication: Some(false),
        ..SettingsUpdate::default()
    };
    for wanted in [
        off,
        subjects(SubjectValidation::SanCn, &[]),
        subjects(SubjectValidation::SanCn, &["bob"]),
        subjects(SubjectValidation::FullSubject, &["alice"]), // her certificate has an organization too
    ] {
        let refused = update_as(&world, &alice, wanted.clone()).await;
        assert!(
            matches!(refused, Err(ClusterError::WouldLockOutCaller { .. })),
            "{wanted:?}: {refused:?}"
        );
    }
    // What was only considered has left nothing behind.
    assert!(world.call(&peer, None).await.is_ok());
    update_as(&world, &alice, subjects(SubjectValidation::SanCn, &["bob", "alice"]))
        .await
        .unwrap();
    assert!(world.call(&peer, None).await.is_ok());
    assert_eq!(world.cluster.state().settings().mtls_authorized_subjects.len(), 2);
}
