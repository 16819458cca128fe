use rcgen::ExtendedKeyUsagePurpose;
use rustls::AlertDescription;

use super::world::{ClientIdentity, NOW, PASSWORD, TestCa, World, permission};
use certward_certificates::trust::{AuthorizedSubject, SubjectValidation};
use certward_redis_model::database::{ClientCertificates, PasswordDigest, TlsMode};
use certward_redis_model::state::Change;

#[tokio::test]
async fn a_certificate_logs_its_user_in_with_the_users_rights() {
    let Some(world) = World::new().await else { return };
    let mut alice = world.client("alice").await;
    assert_eq!(alice.ask(&["ACL", "WHOAMI"]).await, "alice");
    assert_eq!(alice.ask(&["SET", "key", "value"]).await, "+OK");
    assert!(alice.ask(&["CONFIG", "GET", "*"]).await.starts_with("-NOPERM "));
    assert!(
        alice
            .ask(&["ACL", "SETUSER", "alice", "nopass"])
            .await
            .starts_with("-NOPERM ")
    );
    let mut bob = world.client("bob").await;
    assert_eq!(bob.ask(&["GET", "key"]).await, "value");
    assert!(bob.ask(&["SET", "key", "other"]).await.starts_with("-NOPERM "));
    world.end().await;
}

#[tokio::test]
async fn a_client_that_has_its_users_name_beside_its_certificate_is_answered_as_that_user() {
    let Some(world) = World::new().await else { return };
    let mut alice = world.client("alice").await;
    assert_eq!(alice.ask(&["AUTH", "alice", "any password"]).await, "+OK");
    // An error without a password, because no engine has this version; what follows is said of the same connection.
    let hello = alice.ask(&["HELLO", "9", "AUTH", "alice", "any"]).await;
    assert!(hello.starts_with("-NOPROTO"), "{hello}");
    for other in [
        &["AUTH", "bob", "any"][..],
        &["AUTH", "Alice", "any"],
        &["AUTH", "alice\0", "any"],
        &["AUTH", "any"],
        &["HELLO", "2", "AUTH", "default", "any"],
    ] {
        let refused = alice.ask(other).await;
        assert!(refused.starts_with("-ERR AUTH is refused: "), "{other:?}: {refused}");
    }
    assert_eq!(alice.ask(&["ACL", "WHOAMI"]).await, "alice");
    world.end().await;
}

#[tokio::test]
async fn a_refused_certificate_is_told_why_in_the_alert() {
    let Some(world) = World::new().await else { return };
    let expired = world.ca.client_until("alice", NOW - time::Duration::seconds(1));
    assert_eq!(
        world.alert(Some(expired.clone())).await,
        AlertDescription::CertificateExpired
    );
    let foreign = TestCa::new("clients").client("alice");
    assert_eq!(world.alert(Some(foreign)).await, AlertDescription::UnknownCA);
    assert_eq!(world.alert(None).await, AlertDescription::CertificateRequired);
    world
        .change(|database| {
            database.tls.subject_validation = SubjectValidation::SanCn;
            database.tls.authorized_subjects = vec![AuthorizedSubject {
                common_name: "alice".to_owned(),
                ..AuthorizedSubject::default()
            }];
        })
        .await;
    assert_eq!(
        world.alert(Some(world.ca.client("bob"))).await,
        AlertDescription::AccessDenied
    );
    assert_eq!(world.client("alice").await.ask(&["PING"]).await, "+PONG");

    world
        .change(|database| database.tls.allow_outdated_certificates = true)
        .await;
    let mut alice = world.connect(Some(expired)).await;
    assert_eq!(alice.ask(&["ACL", "WHOAMI"]).await, "alice");
    world.end().await;
}

#[tokio::test]
async fn a_certificate_of_any_purpose_is_let_in_while_the_database_allows_it() {
    let Some(world) = World::new().await else { return };
    let nothing = world.ca.client_for("alice", &[]);
    let anything = world.ca.client_for("alice", &[ExtendedKeyUsagePurpose::Any]);
    let servers = world.ca.client_for("alice", &[ExtendedKeyUsagePurpose::ServerAuth]);
    let refused = AlertDescription::UnsupportedCertificate;
    for identity in [&nothing, &anything, &servers] {
        assert_eq!(world.alert(Some(identity.clone())).await, refused);
    }
    world
        .change(|database| database.tls.allow_missing_extended_key_usage = true)
        .await;
    for identity in [&nothing, &anything] {
        let mut alice = world.connect(Some(identity.clone())).await;
        assert_eq!(alice.ask(&["ACL", "WHOAMI"]).await, "alice");
    }
    assert_eq!(world.alert(Some(servers)).await, refused);
    assert_eq!(world.client("bob").await.ask(&["ACL", "WHOAMI"]).await, "bob");
    world
        .change(|database| database.tls.allow_missing_extended_key_usage = false)
        .await;
    assert_eq!(world.alert(Some(nothing)).await, refused);
    world.end().await;
}

#[tokio::test]
async fn older_names_that_are_authorized_are_asked_for_by_themselves() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| database.tls.authorized_names = vec!["alice".to_owned()])
        .await;
    assert_eq!(world.client("alice").await.ask(&["ACL", "WHOAMI"]).await, "alice");
    assert_eq!(
        world.alert(Some(world.ca.client("bob"))).await,
        AlertDescription::AccessDenied
    );
    world.end().await;
}

#[tokio::test]
async fn a_certificate_that_the_database_names_itself_needs_no_ca_and_passes_the_gate() {
    let Some(world) = World::new().await else { return };
    let own = ClientIdentity::self_signed("alice");
    assert_eq!(
        world.alert(Some(own.clone())).await,
        AlertDescription::UnsupportedCertificate
    );
    world
        .change(|database| {
            database.tls.client_certificates = ClientCertificates::from_pem_texts(vec![own.pem()]).unwrap();
            database.tls.subject_validation = SubjectValidation::FullSubject;
        })
        .await;
    assert_eq!(world.connect(Some(own)).await.ask(&["ACL", "WHOAMI"]).await, "alice");
    assert_eq!(
        world.alert(Some(world.ca.client("alice"))).await,
        AlertDescription::UnknownCA
    );
    world.end().await;
}

#[tokio::test]
async fn a_certificate_of_no_user_is_the_default_user_or_is_told_why_not() {
    let Some(world) = World::new().await else { return };
    let mut nobody = world.client("nobody").await;
    assert_eq!(
        nobody.rest().await,
        "-NOAUTH no user has the certificate subject \"CN=nobody\", and the database has no default user\r\n"
    );
    // A subject of kilobytes does not make as long an answer.
    let told = world.client(&"n".repeat(4000)).await.rest().await;
    assert!(told.starts_with("-NOAUTH ") && told.len() < 400, "{told}");
    world.change(|database| database.default_user.is_enabled = true).await;
    let mut nobody = world.client("nobody").await;
    assert_eq!(nobody.ask(&["ACL", "WHOAMI"]).await, "default");
    assert!(nobody.ask(&["CONFIG", "GET", "*"]).await.starts_with("-NOPERM "));
    world.end().await;
}

#[tokio::test]
async fn a_user_without_a_role_in_the_database_is_not_the_default_user() {
    let Some(world) = World::new().await else { return };
    world.change(|database| database.default_user.is_enabled = true).await;
    world.put_certified(4, "dave", 3).await;
    let mut dave = world.client("dave").await;
    // What a client sends before it reads must not cost it the answer.
    let _ = dave.try_send(b"PING\r\nPING\r\n").await;
    assert_eq!(dave.rest().await, "-NOPERM user dave has no role on database cache\r\n");
    world.end().await;
}

#[tokio::test]
async fn roles_add_up() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| database.roles_permissions = vec![permission(2, 2), permission(2, 3)])
        .await;
    world.put(super::world::acl(3, "+set +acl|whoami ~own:*")).await;
    let mut bob = world.client("bob").await;
    assert_eq!(bob.ask(&["ACL", "WHOAMI"]).await, "bob");
    assert_eq!(bob.ask(&["SET", "own:key", "value"]).await, "+OK");
    assert_eq!(bob.ask(&["GET", "own:key"]).await, "value");
    assert!(bob.ask(&["SET", "key", "value"]).await.starts_with("-NOPERM "));
    world.end().await;
}

#[tokio::test]
async fn without_enforcement_password_clients_log_in() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| database.tls.enforce_client_authentication = false)
        .await;
    let mut client = world.connect(None).await;
    assert!(client.ask(&["GET", "key"]).await.starts_with("-NOAUTH "));
    assert!(client.ask(&["AUTH", "carol", "wrong"]).await.starts_with("-WRONGPASS "));
    assert!(
        client
            .ask(&["AUTH", "alice", PASSWORD])
            .await
            .starts_with("-WRONGPASS ")
    );
    assert!(
        client
            .ask(&["AUTH", "certward", PASSWORD])
            .await
            .starts_with("-WRONGPASS ")
    );
    assert!(client.ask(&["AUTH", PASSWORD]).await.starts_with("-WRONGPASS "));
    assert_eq!(client.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
    assert_eq!(client.ask(&["ACL", "WHOAMI"]).await, "carol");
    client.send(b"RESET\r\nGET key\r\n").await;
    client.expect("+RESET\r\n-NOAUTH Authentication required.\r\n").await;
    assert_eq!(
        client
            .ask(&["HELLO", "3", "SETNAME", "me", "AUTH", "carol", PASSWORD])
            .await,
        "%7"
    );
    let mut alice = world.client("alice").await;
    assert_eq!(alice.ask(&["ACL", "WHOAMI"]).await, "alice");
    world.end().await;
}

#[tokio::test]
async fn a_user_without_rights_learns_so_when_the_password_is_right() {
    let Some(world) = World::new().await else { return };
    world.change(|database| database.tls.mode = TlsMode::Disabled).await;
    world
        .put(Change::PutUser(std::sync::Arc::new(world.regular(3, "carol", 3))))
        .await;
    let mut client = world.plain().await;
    assert!(client.ask(&["AUTH", "carol", "wrong"]).await.starts_with("-WRONGPASS "));
    let answer = client.ask(&["AUTH", "carol", PASSWORD]).await;
    assert_eq!(answer, "-NOPERM user carol has no role on database cache");
    assert!(client.ask(&["PING"]).await.starts_with("-NOAUTH "));
    world.end().await;
}

#[tokio::test]
async fn without_tls_the_default_user_logs_in_by_its_password() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| {
            database.tls.mode = TlsMode::Disabled;
            database.default_user.is_enabled = true;
            database.default_user.password_hashes = vec![PasswordDigest::of(&PASSWORD.into())];
        })
        .await;
    let mut client = world.plain().await;
    assert!(client.ask(&["PING"]).await.starts_with("-NOAUTH "));
    assert_eq!(client.ask(&["AUTH", PASSWORD]).await, "+OK");
    assert_eq!(client.ask(&["ACL", "WHOAMI"]).await, "default");
    assert_eq!(client.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
    assert_eq!(client.ask(&["ACL", "WHOAMI"]).await, "carol");
    for login in [
        vec!["AUTH", "wrong"],
        vec!["AUTH", "default", "wrong"],
        vec!["AUTH", "default", ""],
    ] {
        assert!(client.ask(&login).await.starts_with("-WRONGPASS "), "{login:?}");
    }
    assert_eq!(client.ask(&["ACL", "WHOAMI"]).await, "carol");
    assert_eq!(client.ask(&["HELLO", "3", "AUTH", "default", PASSWORD]).await, "%7");
    world.end().await;
}

#[tokio::test]
async fn a_default_user_without_a_password_takes_any_as_redis_does() {
    let Some(world) = World::new().await else { return };
    world
        .change(|database| {
            database.tls.mode = TlsMode::Disabled;
            database.default_user.is_enabled = true;
        })
        .await;
    let mut client = world.plain().await;
    assert_eq!(client.ask(&["ACL", "WHOAMI"]).await, "default");
    assert_eq!(client.ask(&["AUTH", "default", "anything"]).await, "+OK");
    let answer = client.ask(&["AUTH", "anything"]).await;
    assert!(
        answer.starts_with("-ERR AUTH <password> called without any password configured"),
        "{answer}"
    );
    assert_eq!(client.ask(&["AUTH", "carol", PASSWORD]).await, "+OK");
    assert_eq!(client.ask(&["ACL", "WHOAMI"]).await, "carol");
    assert_eq!(client.ask(&["RESET"]).await, "+RESET");
    assert_eq!(client.ask(&["ACL", "WHOAMI"]).await, "default");
    world.end().await;
}
