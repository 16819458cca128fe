use std::sync::Arc;

use secrecy::SecretString;
use time::Duration;

use super::world::{NOW, PASSWORD, TestCa, World, basic, certified, peer, regular};
use crate::cluster::UserUpdate;
use crate::cluster::access::action::IssueToken;
use crate::cluster::access::{
    ClusterCallerOrigin, ClusterRefusal, ClusterVerdict, Credentials, ExpiredPassword, Proof, TokenLifetime, authorize,
};
use crate::cluster::{ClusterError, PasswordChange, Run};
use certward_certificates::trust::{AuthorizedSubject, SubjectValidation};
use certward_ravendb::model::clearance::{Permissions, SecurityClearance};
use certward_ravendb::model::definition::{Grant, RegisteredCertificate, TwoFactorKey};
use certward_ravendb::model::registry;
use certward_redis_model::named_certificate::CertificateName;
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::state::Change;
use certward_redis_model::user::{RoleSelection, UserStatus};
use certward_redis_proxy::PasswordRefusal;
use certward_transport::listener::connections::{Standing, TrustReview as _};

async fn token(world: &World, login: &str) -> Credentials {
    let caller = world.login(login, PASSWORD).await.unwrap();
    let permit = authorize::<IssueToken>(&caller).unwrap();
    Credentials::Token(world.access.issue_token(&permit, TokenLifetime::default()).unwrap())
}

/// The word for why a request is refused.
async fn refusal(world: &World, credentials: &Credentials) -> &'static str {
    let decided = world.call(&peer(&[]), Some(credentials)).await;
    decided.map_or_else(|refusal| refusal.reason(), |_| "admitted")
}

#[tokio::test]
async fn a_user_logs_in_by_name_or_address_with_its_password() {
    let world = World::new().await;
    let mut new = regular("alice", ManagementRole::DbViewer);
    new.email = Some("alice@example.com".parse().unwrap());
    world.create(new).await.unwrap();
    for login in ["alice", "alice@example.com", "Alice@EXAMPLE.com"] {
        let caller = world.login(login, PASSWORD).await.unwrap();
        assert_eq!(
            (caller.name(), caller.proof()),
            ("alice", Some(Proof::Password)),
            "{login}"
        );
    }
    for (login, password) in [
        ("Alice", PASSWORD),
        ("alice", "wrong horse"),
        ("alice", ""),
        ("", ""),
        ("nobody", PASSWORD),
    ] {
        assert_eq!(
            world.refusal(login, password).await,
            "wrong_password",
            "{login} {password}"
        );
    }
    let alice = world.cluster.state().user_named("alice").cloned().unwrap();
    assert_eq!(world.access.last_login_of(alice.uid), Some(NOW));
}

#[tokio::test]
async fn five_wrong_passwords_lock_a_user_against_the_right_one() {
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::None).await;
    for _ in 0..5 {
        assert_eq!(world.refusal("alice", "wrong horse").await, "wrong_password");
    }
    assert_eq!(world.refusal("alice", PASSWORD).await, "locked");
    let status = || world.access.status_of(&alice, &world.cluster.state());
    assert_eq!(status(), UserStatus::Locked);
    world.clock.advance(Duration::minutes(30));
    assert_eq!(status(), UserStatus::Active);
    assert_eq!(world.refusal("alice", PASSWORD).await, "admitted");
}

#[tokio::test]
async fn a_lock_holds_against_a_password_that_was_right_a_moment_ago() {
    let world = World::new().await;
    world.user("alice", ManagementRole::None).await;
    assert_eq!(world.refusal("alice", PASSWORD).await, "admitted");
    for _ in 0..5 {
        world.refusal("alice", "wrong horse").await;
    }
    assert_eq!(world.refusal("alice", PASSWORD).await, "locked");
}

#[tokio::test]
async fn of_many_guesses_at_once_no_more_than_five_count() {
    let world = World::new().await;
    world.user("alice", ManagementRole::None).await;
    let guesses = (0..40).map(|number| {
        let world = &world;
        async move { world.refusal("alice", &format!("guess {number}")).await }
    });
    let answers = futures_util::future::join_all(guesses).await;
    assert_eq!(
        answers.iter().filter(|answer| **answer == "wrong_password").count(),
        5,
        "{answers:?}"
    );
}

#[tokio::test]
async fn an_administrator_unlocks_a_user_by_giving_it_a_password() {
    let world = World::new().await;
    world.user("alice", ManagementRole::None).await;
    for _ in 0..5 {
        world.refusal("alice", "wrong horse").await;
    }
    let change = PasswordChange {
        username: Some("alice".to_owned()),
        password: SecretString::from("a new horse"),
    };
    world.cluster.set_password(&world.permit().await, change).await.unwrap();
    assert_eq!(world.refusal("alice", "a new horse").await, "admitted");
}

#[tokio::test]
async fn an_expired_password_is_good_for_changing_it_alone() {
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::None).await;
    world.set(|settings| settings.password_expiration_duration = 7).await;
    world.clock.advance(Duration::days(7) - Duration::SECOND);
    assert_eq!(world.refusal("alice", PASSWORD).await, "admitted");
    world.clock.advance(Duration::SECOND);
    assert_eq!(world.refusal("alice", PASSWORD).await, "password_expired");
    assert_eq!(world.refusal("alice", "wrong horse").await, "wrong_password");
    assert_eq!(
        world.access.status_of(&alice, &world.cluster.state()),
        UserStatus::PasswordExpired
    );
    let credentials = basic("alice", PASSWORD);
    let caller = world
        .access
        .authenticate(&peer(&[]), Some(&credentials), ExpiredPassword::Admitted)
        .await
        .unwrap();
    let change = PasswordChange {
        username: None,
        password: SecretString::from("a new horse"),
    };
    world
        .cluster
        .set_password(&authorize(&caller).unwrap(), change)
        .await
        .unwrap();
    assert_eq!(world.refusal("alice", "a new horse").await, "admitted");
}

#[tokio::test]
async fn without_basic_authentication_no_password_is_good_and_a_token_still_is() {
    let world = World::new().await;
    world.user("alice", ManagementRole::None).await;
    let token = token(&world, "alice").await;
    world
        .set(|settings| settings.control_plane_basic_authentication = false)
        .await;
    assert_eq!(world.refusal("alice", PASSWORD).await, "basic_authentication_off");
    assert_eq!(world.refusal("nobody", "x").await, "basic_authentication_off");
    assert_eq!(refusal(&world, &token).await, "admitted");
}

#[tokio::test]
async fn a_token_stands_for_the_user_until_its_password_changes_or_it_is_deleted() {
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::DbViewer).await;
    let first = token(&world, "alice").await;
    let caller = world.call(&peer(&[]), Some(&first)).await.unwrap();
    assert_eq!((caller.name(), caller.proof()), ("alice", Some(Proof::Token)));
    // A token gives a token.
    world
        .access
        .issue_token(&authorize(&caller).unwrap(), TokenLifetime::default())
        .unwrap();
    // What changes the rights leaves the token, and is seen at once.
    let roles = UserUpdate {
        roles: Some(RoleSelection::Management(ManagementRole::None)),
        ..UserUpdate::default()
    };
    world
        .cluster
        .update_user(&world.permit().await, alice.uid, roles, Run::Apply)
        .await
        .unwrap();
    let caller = world.call(&peer(&[]), Some(&first)).await.unwrap();
    assert!(caller.permissions().is_empty());

    let change = PasswordChange {
        username: Some("alice".to_owned()),
        password: SecretString::from(PASSWORD.to_uppercase()),
    };
    world.cluster.set_password(&world.permit().await, change).await.unwrap();
    assert_eq!(refusal(&world, &first).await, "revoked_token");
    world.user("bob", ManagementRole::None).await;
    let second = token(&world, "bob").await;
    let bob = world.cluster.state().user_named("bob").cloned().unwrap();
    world.cluster.delete_user(&world.permit().await, bob.uid).await.unwrap();
    assert_eq!(refusal(&world, &second).await, "revoked_token");
}

#[tokio::test]
async fn a_token_is_good_in_the_next_process() {
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::None).await;
    let Credentials::Token(token) = token(&world, "alice").await else {
        unreachable!();
    };
    let (state, key) = world.reopened().await;
    let tokens = crate::cluster::access::Tokens::new(&key);
    assert_eq!(tokens.user(&token, &state, NOW).unwrap().uid, alice.uid);
}

#[tokio::test]
async fn a_caller_by_certificate_gets_no_token() {
    let world = World::new().await;
    let permit = authorize::<IssueToken>(&world.administrator().await).unwrap();
    let issued = world.access.issue_token(&permit, TokenLifetime::default());
    assert!(matches!(issued, Err(ClusterError::NoTokenForCaller)));
}

#[tokio::test]
async fn the_servers_own_certificate_is_an_administrators() {
    let world = World::new().await;
    let caller = world.administrator().await;
    assert!(matches!(caller.origin(), ClusterCallerOrigin::Administrator(_)));
    assert_eq!(caller.management_role(), ManagementRole::Admin);
    assert!(caller.user().is_none());
}

#[tokio::test]
async fn a_cluster_administrator_of_ravendb_is_one_here_unless_it_needs_a_one_time_code() {
    let world = World::new().await;
    let certificate = TestCa::new("any").client("admin");
    for (clearance, code, admitted) in [
        (SecurityClearance::ClusterAdmin, false, true),
        (SecurityClearance::ClusterNode, false, true),
        (SecurityClearance::ClusterAdmin, true, false),
        (SecurityClearance::Operator, false, false),
        (SecurityClearance::ValidUser, false, false),
    ] {
        let entry = RegisteredCertificate::new(
            &certificate,
            Grant {
                name: "admin".to_owned(),
                clearance,
                permissions: Permissions::none(),
                disabled: false,
                two_factor_key: code.then(|| TwoFactorKey::from_bytes(vec![1; 20])),
            },
        );
        world.registry.apply(&[registry::Change::Put(Arc::new(entry))]);
        let decided = world.call(&peer(&[&certificate]), None).await;
        assert_eq!(decided.is_ok(), admitted, "{clearance} {code}: {decided:?}");
    }
}

#[tokio::test]
async fn a_certificate_of_the_trusted_ca_is_the_user_with_its_subject() {
    let world = World::new().await;
    let ca = TestCa::new("ca");
    world.trust(&ca).await;
    world
        .create(certified("alice", "CN=alice, O=Acme", ManagementRole::DbViewer))
        .await
        .unwrap();
    let caller = world.call(&peer(&[&ca.client("alice")]), None).await.unwrap();
    assert_eq!((caller.name(), caller.proof()), ("alice", Some(Proof::Certificate)));
    assert_eq!(caller.management_role(), ManagementRole::DbViewer);
    let reason = async |certificate| match world.call(&peer(&[&certificate]), None).await {
        Err(refusal) => (refusal.reason(), refusal.is_about_a_certificate()),
        Ok(caller) => panic!("{caller:?}"),
    };
    assert_eq!(reason(ca.client("bob")).await, ("no_user_with_subject", true));
    assert_eq!(
        reason(TestCa::new("ca").client("alice")).await,
        ("untrusted_certificate", true)
    );
    let expired = ca.client_until("alice", NOW - Duration::SECOND);
    assert_eq!(reason(expired).await, ("untrusted_certificate", true));
    let none = world.call(&peer(&[]), None).await.unwrap_err();
    assert_eq!(
        (none.reason(), none.is_about_a_certificate()),
        ("no_certificate", false)
    );
}

#[tokio::test]
async fn a_refused_certificate_is_decided_once_for_a_connection_and_a_trust() {
    let world = World::new().await;
    world.trust(&TestCa::new("ca")).await;
    let stranger = peer(&[&TestCa::new("ca").client("alice")]);
    let decided_at = || stranger.kept::<ClusterVerdict>().lock().as_ref().unwrap().decided_at();
    for _ in 0..3 {
        assert!(world.call(&stranger, None).await.is_err());
        assert_eq!(decided_at(), NOW);
        world.clock.advance(Duration::MINUTE);
    }
    world.trust(&TestCa::new("another")).await;
    assert!(world.call(&stranger, None).await.is_err());
    assert_eq!(decided_at(), NOW + 3 * Duration::MINUTE);
}

#[tokio::test]
async fn an_authorization_header_wins_over_a_certificate() {
    let world = World::new().await;
    let ca = TestCa::new("ca");
    world.trust(&ca).await;
    world
        .create(certified("alice", "CN=alice,O=Acme", ManagementRole::DbViewer))
        .await
        .unwrap();
    world.user("bob", ManagementRole::None).await;
    let peer = peer(&[&ca.client("alice")]);
    assert_eq!(
        world.call(&peer, Some(&basic("bob", PASSWORD))).await.unwrap().name(),
        "bob"
    );
    let wrong = world.call(&peer, Some(&basic("bob", "wrong horse"))).await;
    assert!(
        matches!(wrong, Err(ClusterRefusal::Password(PasswordRefusal::Wrong))),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn a_certificate_user_has_no_password_to_log_in_with() {
    let world = World::new().await;
    world
        .create(certified("alice", "CN=alice", ManagementRole::None))
        .await
        .unwrap();
    assert_eq!(world.refusal("alice", "").await, "wrong_password");
}

#[tokio::test]
async fn every_change_to_the_trust_is_seen_by_the_next_request_of_an_open_connection() {
    let world = World::new().await;
    let ca = TestCa::new("ca");
    world.trust(&ca).await;
    let alice = world
        .create(certified("alice", "CN=alice,O=Acme", ManagementRole::DbViewer))
        .await
        .unwrap();
    let peer = peer(&[&ca.client("alice")]);
    let reason = async || match world.call(&peer, None).await {
        Ok(_) => {
            assert_eq!(world.access.standing(&peer), Standing::Admitted);
            "admitted"
        }
        Err(refusal) => {
            assert_eq!(world.access.standing(&peer), Standing::Refused(refusal.reason()));
            refusal.reason()
        }
    };
    assert_eq!(reason().await, "admitted");

    world
        .set(|settings| settings.mtls_client_cert_subject_validation_type = SubjectValidation::SanCn)
        .await;
    assert_eq!(reason().await, "unauthorized_subject");
    let subject = AuthorizedSubject {
        common_name: "alice".to_owned(),
        ..AuthorizedSubject::default()
    };
    world
        .set(|settings| settings.mtls_authorized_subjects = vec![subject])
        .await;
    assert_eq!(reason().await, "admitted");

    world
        .set(|settings| settings.mtls_certificate_authentication = false)
        .await;
    assert_eq!(reason().await, "certificate_authentication_off");
    world
        .set(|settings| settings.mtls_certificate_authentication = true)
        .await;
    world
        .put(Change::DeleteCertificate(CertificateName::MtlsTrustedCa))
        .await;
    assert_eq!(reason().await, "no_trusted_ca");
    world.trust(&TestCa::new("another")).await;
    assert_eq!(reason().await, "untrusted_certificate");
    world.trust(&ca).await;
    assert_eq!(reason().await, "admitted");

    let other_subject = UserUpdate {
        certificate_subject_line: Some("CN=bob".parse().unwrap()),
        ..UserUpdate::default()
    };
    world
        .cluster
        .update_user(&world.permit().await, alice.uid, other_subject, Run::Apply)
        .await
        .unwrap();
    assert_eq!(reason().await, "no_user_with_subject");
    world
        .cluster
        .delete_user(&world.permit().await, alice.uid)
        .await
        .unwrap();
    world
        .create(certified("alice", "CN=alice,O=Acme", ManagementRole::None))
        .await
        .unwrap();
    assert_eq!(reason().await, "admitted");
}

#[tokio::test]
async fn a_certificate_and_the_ca_above_it_end_at_their_time_while_a_connection_is_open() {
    let world = World::new().await;
    let ca = TestCa::until("ca", NOW + Duration::hours(2));
    world.trust(&ca).await;
    world
        .create(certified("alice", "CN=alice,O=Acme", ManagementRole::None))
        .await
        .unwrap();
    let short = peer(&[&ca.client_until("alice", NOW + Duration::hours(1))]);
    let long = peer(&[&ca.client_until("alice", NOW + Duration::days(1))]);
    for peer in [&short, &long] {
        assert_eq!(world.access.standing(peer), Standing::Admitted);
    }
    assert_eq!(world.access.valid_until(&short), Some(NOW + Duration::hours(1)));
    assert_eq!(
        world.access.valid_until(&long),
        Some(NOW + Duration::hours(2)),
        "the CA ends first"
    );
    world.clock.advance(Duration::hours(1) + Duration::SECOND);
    assert_eq!(
        world.access.standing(&short),
        Standing::Refused("untrusted_certificate")
    );
    assert_eq!(world.access.standing(&long), Standing::Admitted);
    world.clock.advance(Duration::hours(1));
    assert_eq!(world.access.standing(&long), Standing::Refused("untrusted_certificate"));
}

#[tokio::test]
async fn a_clock_set_back_makes_no_expired_token_good_again() {
    use crate::cluster::access::TokenLifetime;
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::DbViewer).await;
    let permit = world.permit_of(&alice).await;
    let token = world.access.issue_token(&permit, TokenLifetime::default()).unwrap();
    let by_token = Credentials::Token(token);
    assert!(world.call(&peer(&[]), Some(&by_token)).await.is_ok());
    // Nobody asks between the end of the token and the setting of the clock.
    world.clock.advance(Duration::minutes(6));
    world.clock.set(NOW + Duration::minutes(1));
    let refused = world.call(&peer(&[]), Some(&by_token)).await;
    assert!(refused.is_err(), "the token ended after five minutes");
}
