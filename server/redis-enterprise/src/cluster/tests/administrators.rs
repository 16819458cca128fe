//! The last administrator of a cluster stays one.

use super::world::{NOW, TestCa, World, certified, peer, regular};
use crate::cluster::UserUpdate;
use crate::cluster::{ClusterError, Run};
use certward_certificates::trust::{AuthorizedSubject, SubjectValidation};
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::user::{AuthMethod, NewUser};

use super::users::{password, roles, update};

#[tokio::test]
async fn the_last_administrator_is_neither_demoted_nor_deleted() {
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::Admin).await;
    for change in [
        roles(ManagementRole::ClusterMember),
        UserUpdate {
            auth_method: Some(AuthMethod::Sso),
            ..UserUpdate::default()
        },
    ] {
        let demoted = update(&world, alice.uid, change).await;
        assert!(
            matches!(demoted, Err(ClusterError::LastAdminDemoted { .. })),
            "{demoted:?}"
        );
    }
    let deleted = world.cluster.delete_user(&world.permit().await, alice.uid).await;
    assert!(
        matches!(deleted, Err(ClusterError::LastAdminDeleted { .. })),
        "{deleted:?}"
    );
    // One who does not get in is no other administrator.
    let sso = NewUser {
        auth_method: AuthMethod::Sso,
        password: None,
        ..regular("sso", ManagementRole::Admin)
    };
    world.create(sso).await.unwrap();
    let deleted = world.cluster.delete_user(&world.permit().await, alice.uid).await;
    assert!(
        matches!(deleted, Err(ClusterError::LastAdminDeleted { .. })),
        "{deleted:?}"
    );
    world.user("bob", ManagementRole::Admin).await;
    update(&world, alice.uid, roles(ManagementRole::None)).await.unwrap();
    world
        .cluster
        .delete_user(&world.permit().await, alice.uid)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_administrator_whom_the_settings_keep_out_is_no_other_one() {
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::Admin).await;
    // Certificate authentication is off.
    let carol = world
        .create(certified("carol", "CN=carol,O=Acme", ManagementRole::Admin))
        .await
        .unwrap();
    let to_certificate = || UserUpdate {
        auth_method: Some(AuthMethod::Certificate),
        certificate_subject_line: Some("CN=alice,O=Acme".parse().unwrap()),
        ..UserUpdate::default()
    };
    for change in [roles(ManagementRole::ClusterMember), to_certificate()] {
        let demoted = update(&world, alice.uid, change).await;
        assert!(
            matches!(demoted, Err(ClusterError::LastAdminDemoted { .. })),
            "{demoted:?}"
        );
    }
    let deleted = world.cluster.delete_user(&world.permit().await, alice.uid).await;
    assert!(
        matches!(deleted, Err(ClusterError::LastAdminDeleted { .. })),
        "{deleted:?}"
    );
    // Everything else about it can be changed, and about the other one everything.
    update(&world, alice.uid, password("another horse")).await.unwrap();
    update(&world, carol.uid, roles(ManagementRole::None)).await.unwrap();
    update(&world, carol.uid, roles(ManagementRole::Admin)).await.unwrap();
    let ca = TestCa::new("ca");
    world.trust(&ca).await;
    update(&world, alice.uid, roles(ManagementRole::ClusterMember))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_administrator_whom_the_gate_or_an_expired_ca_keeps_out_is_no_other_one() {
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::Admin).await;
    world
        .create(certified("carol", "CN=carol,O=Acme", ManagementRole::Admin))
        .await
        .unwrap();
    world.trust(&TestCa::until("ca", NOW + time::Duration::days(2))).await;
    let gate = async |validation, subjects: &[AuthorizedSubject]| {
        let set = |settings: &mut certward_redis_model::settings::ClusterSettings| {
            settings.mtls_client_cert_subject_validation_type = validation;
            settings.mtls_authorized_subjects = subjects.to_vec();
        };
        world.set(set).await;
    };
    let named = |name: &str, organization: &str| AuthorizedSubject {
        common_name: name.to_owned(),
        organization: organization.to_owned(),
        ..AuthorizedSubject::default()
    };
    let demote = async || {
        world
            .cluster
            .update_user(
                &world.permit().await,
                alice.uid,
                roles(ManagementRole::ClusterMember),
                Run::Dry,
            )
            .await
    };
    for (validation, subjects, gets_in) in [
        (SubjectValidation::Disabled, vec![], true),
        (SubjectValidation::FullSubject, vec![], false),
        (SubjectValidation::FullSubject, vec![named("carol", "")], false),
        (SubjectValidation::FullSubject, vec![named("carol", "Acme")], true),
        (SubjectValidation::SanCn, vec![], false),
        (SubjectValidation::SanCn, vec![named("alice", "")], false),
        (SubjectValidation::SanCn, vec![named("carol", "")], true),
    ] {
        gate(validation, &subjects).await;
        let demoted = demote().await;
        assert_eq!(demoted.is_ok(), gets_in, "{validation:?} {subjects:?} {demoted:?}");
        let refused = matches!(demoted, Err(ClusterError::LastAdminDemoted { .. }));
        assert_eq!(refused, !gets_in);
    }
    world.clock.advance(time::Duration::days(3));
    let demoted = demote().await;
    assert!(
        matches!(demoted, Err(ClusterError::LastAdminDemoted { .. })),
        "{demoted:?}"
    );
}

#[tokio::test]
async fn the_last_administrator_by_certificate_keeps_the_subject_it_gets_in_by() {
    let world = World::new().await;
    let ca = TestCa::new("ca");
    world.trust(&ca).await;
    let alice = world
        .create(certified("alice", "CN=alice,O=Acme", ManagementRole::Admin))
        .await
        .unwrap();
    let peer = peer(&[&ca.client("alice")]);
    let subject = |line: &str| UserUpdate {
        certificate_subject_line: Some(line.parse().unwrap()),
        ..UserUpdate::default()
    };
    let update_as = |change: UserUpdate| {
        let (world, peer, uid) = (&world, &peer, alice.uid);
        async move {
            let caller = world.call(peer, None).await.unwrap();
            let permit = crate::cluster::access::authorize(&caller).unwrap();
            world.cluster.update_user(&permit, uid, change, Run::Apply).await
        }
    };
    let locked_out = update_as(subject("CN=somebody,O=Acme")).await;
    assert!(
        matches!(locked_out, Err(ClusterError::WouldLockOutCaller { .. })),
        "{locked_out:?}"
    );
    update_as(subject("CN=alice, O=Acme")).await.unwrap();
    world.user("root", ManagementRole::Admin).await;
    update_as(subject("CN=somebody,O=Acme")).await.unwrap();
}
