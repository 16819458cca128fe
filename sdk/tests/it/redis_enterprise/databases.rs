//! The operations on databases against the raw files, as those of [`super::contract`].

use std::time::Duration;

use certward::pki::{PrivateKeyPem, certificates_from_pem};
use certward::redis_enterprise::{
    AofPolicy, AuthorizedSubject, ClientAuthentication, ClientCertificate, CreateDatabase, DataPersistence, Database,
    DatabaseStatus, DatabaseTlsMode, DatabaseUid, EvictionPolicy, ListDatabaseCertificates, NewDatabaseCertificate,
    RolePermission, SnapshotPolicy, SubjectValidation, UpdateDatabase,
};
use certward::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use time::macros::datetime;

use super::contract::{self_signed, with_values};
use super::exchange::{Exchange, file};

#[tokio::test]
async fn databases_are_read() {
    let cluster = Exchange::new("databases/list").await;
    let databases = cluster.client.databases().list().await.unwrap();
    cluster.sent_what_the_file_holds("databases/list").await;
    assert_eq!(databases.len(), 1);
    let cluster = Exchange::new("databases/read").await;
    let database = cluster.client.databases().get(1.into()).await.unwrap().unwrap();
    cluster.sent_what_the_file_holds("databases/read").await;
    for database in [&database, &databases[0]] {
        assert_eq!((database.uid.get(), database.name.as_str()), (1, "default-db"));
        assert_eq!(database.status, Some(DatabaseStatus::Active));
        // The capture asked for no port: the endpoint has it.
        assert_eq!((database.port, database.client_port()), (None, Some(14968)));
        assert_eq!(
            database.endpoints[0].dns_name.as_deref(),
            Some("redis-14968.docker-cluster")
        );
        assert_eq!(database.endpoints[0].addr, ["192.168.16.2"]);
        assert_eq!(database.memory_size, Some(1 << 30));
        assert_eq!(database.eviction_policy, Some(EvictionPolicy::VolatileLru));
        assert_eq!(database.data_persistence, Some(DataPersistence::Disabled));
        assert_eq!(database.aof_policy, Some(AofPolicy::EverySecond));
        assert_eq!(
            (&database.tls_mode, database.ssl),
            (&Some(DatabaseTlsMode::Disabled), Some(false))
        );
        assert_eq!(database.enforce_client_authentication, None); // left out without TLS
        assert_eq!(database.client_certificates().unwrap(), []);
        assert_eq!(
            database.client_cert_subject_validation_type,
            Some(SubjectValidation::Disabled)
        );
        assert_eq!(
            (database.mtls_allow_outdated_certs, database.mtls_allow_weak_hashing),
            (Some(false), Some(false))
        );
        assert_eq!((database.default_user, database.resp3), (Some(true), Some(true)));
        assert_eq!(database.roles_permissions, []);
        assert_eq!(database.created_time, Some(datetime!(2025-10-14 00:01:22 UTC)));
        assert!(database.authentication_redis_pass.is_none() && database.authentication_sasl_uname.is_none());
    }
    let cluster = Exchange::answering(&file("errors/not-found", "error-404")).await;
    assert!(cluster.client.databases().get(7.into()).await.unwrap().is_none());
}

#[tokio::test]
async fn passwords_of_databases_are_not_shown() {
    let mut answer = file("databases/read", "answer");
    for password in [
        "authentication_redis_pass",
        "authentication_admin_pass",
        "authentication_sasl_pass",
    ] {
        answer["body"][password] = json!(format!("canary {password}"));
    }
    let cluster = Exchange::answering(&answer).await;
    let database = cluster.client.databases().get(1.into()).await.unwrap().unwrap();
    let of_clients = database
        .authentication_redis_pass
        .as_ref()
        .map(SecretString::expose_secret);
    assert_eq!(of_clients, Some("canary authentication_redis_pass"));
    let asked = CreateDatabase::new("a", 0).authentication_redis_pass("canary asked".into());
    assert!(!format!("{database:?} {asked:?}").contains("canary"));
    assert_eq!(
        serde_json::to_value(&asked).unwrap()["authentication_redis_pass"],
        "canary asked"
    );
}

#[tokio::test]
async fn only_the_fields_asked_for_are_read() {
    let cluster = Exchange::new("databases/list-fields").await;
    let databases = cluster
        .client
        .databases()
        .list_fields(&["name", "status"])
        .await
        .unwrap();
    cluster.sent_what_the_file_holds("databases/list-fields").await;
    assert_eq!(
        (databases[0].name.as_str(), databases[0].memory_size),
        ("default-db", None)
    );
    let cluster = Exchange::new("databases/list-fields").await;
    for field in ["", "a,b", "a&x=1", "ü"] {
        let refused = cluster.client.databases().list_fields(&[field]).await.unwrap_err();
        assert!(refused.is_invalid_input(), "{refused}");
    }
    assert_eq!(cluster.server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_database_with_mutual_tls_is_made() {
    let certificate = self_signed();
    let answer = with_values(file("databases/create", "answer"), &certificate, "");
    let cluster = Exchange::answering(&answer).await;
    let subject = AuthorizedSubject::new("client.example.com")
        .organization("Example")
        .organizational_unit("Payments")
        .locality("Chicago")
        .state("Illinois")
        .country("US");
    let request = CreateDatabase::new("orders", 1 << 30)
        .port(12000)
        .eviction_policy(EvictionPolicy::NoEviction)
        .data_persistence(DataPersistence::Aof)
        .aof_policy(AofPolicy::Always)
        .tls_mode(DatabaseTlsMode::Enabled)
        .enforce_client_authentication(ClientAuthentication::Enabled)
        .authentication_ssl_client_certs([ClientCertificate::from_pem(&certificate)])
        .client_cert_subject_validation_type(SubjectValidation::FullSubject)
        .authorized_subjects([subject.clone()])
        .default_user(false)
        .roles_permissions([RolePermission::new(2.into(), 11.into())]);
    let made = cluster.client.databases().create(&request).send().await.unwrap();
    let expected = with_values(file("databases/create", "request"), &certificate, "");
    cluster.sent_what_it_holds(&expected).await;
    assert_eq!(
        (made.uid, made.status),
        (DatabaseUid::from(2), Some(DatabaseStatus::Pending))
    );
    assert_eq!(made.port, Some(12000));
    assert_eq!(
        made.action_uid.unwrap().as_str(),
        "8fc32a11-4688-4057-9237-cd77fccd726f"
    );
    assert_eq!(made.enforce_client_authentication, Some(ClientAuthentication::Enabled));
    assert_eq!(made.authentication_ssl_client_certs[0].pem(), certificate);
    assert_eq!(made.authorized_subjects, [subject]);
    assert_eq!(made.roles_permissions, [RolePermission::new(2.into(), 11.into())]);
}

#[tokio::test]
async fn only_what_is_set_is_changed() {
    let cluster = Exchange::new("databases/update").await;
    let changes = UpdateDatabase::new()
        .data_persistence(DataPersistence::Snapshot)
        .snapshot_policy([SnapshotPolicy::new(3600, 1)])
        .mtls_allow_outdated_certs(true)
        .mtls_allow_weak_hashing(true);
    let changed = cluster
        .client
        .databases()
        .update(2.into(), &changes)
        .send()
        .await
        .unwrap();
    cluster.sent_what_the_file_holds("databases/update").await;
    assert_eq!(changed.status, Some(DatabaseStatus::ActiveChangePending));
    assert_eq!(changed.snapshot_policy, [SnapshotPolicy::new(3600, 1)]);
    assert!(UpdateDatabase::new().is_empty() && !changes.is_empty());
}

#[tokio::test]
async fn dry_runs_on_databases_say_so() {
    let cluster = Exchange::new("databases/create").await;
    let request = CreateDatabase::new("orders", 1 << 30);
    cluster
        .client
        .databases()
        .create(&request)
        .dry_run()
        .send()
        .await
        .unwrap();
    cluster.sent_what_the_file_holds("databases/create-dry-run").await;
    let cluster = Exchange::new("databases/update").await;
    let changes = UpdateDatabase::new().enforce_client_authentication(ClientAuthentication::Disabled);
    cluster
        .client
        .databases()
        .update(2.into(), &changes)
        .dry_run()
        .send()
        .await
        .unwrap();
    cluster.sent_what_the_file_holds("databases/update-dry-run").await;
}

#[tokio::test]
async fn a_private_key_among_client_certificates_is_not_sent() {
    let cluster = Exchange::new("databases/create").await;
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let both = || [ClientCertificate::from_pem(format!("{}{key}", self_signed()))];
    let create = CreateDatabase::new("a", 0).authentication_ssl_client_certs(both());
    let refused = cluster.client.databases().create(&create).send().await.unwrap_err();
    assert!(refused.is_invalid_input() && !refused.to_string().contains(&key));
    assert!(
        cluster
            .client
            .databases()
            .create(&create)
            .dry_run()
            .send()
            .await
            .is_err()
    );
    for update in [
        UpdateDatabase::new().authentication_ssl_client_certs(both()),
        UpdateDatabase::new().authentication_ssl_crdt_certs(both()),
    ] {
        assert!(
            cluster
                .client
                .databases()
                .update(1.into(), &update)
                .send()
                .await
                .is_err()
        );
        assert!(!format!("{update:?}").contains("PRIVATE"));
    }
    let own = NewDatabaseCertificate::new(
        format!("{}{key}", self_signed()),
        PrivateKeyPem::from_pem(&key).unwrap(),
    );
    assert!(
        cluster
            .client
            .database_certificates()
            .update(1.into(), &own)
            .send()
            .await
            .is_err()
    );
    assert_eq!(cluster.server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_database_is_flushed_and_deleted() {
    let cluster = Exchange::new("databases/flush").await;
    let action = cluster.client.databases().flush(2.into()).await.unwrap().unwrap();
    assert_eq!(action.as_str(), "8fc32a11-4688-4057-9237-cd77fccd726f");
    cluster.sent_what_the_file_holds("databases/flush").await;
    let cluster = Exchange::new("databases/delete").await;
    assert_eq!(cluster.client.databases().delete(2.into()).await.unwrap(), Some(action));
    cluster.sent_what_the_file_holds("databases/delete").await;
    let cluster = Exchange::answering(&json!({"status": 200, "body": null})).await;
    assert_eq!(cluster.client.databases().flush(2.into()).await.unwrap(), None);
}

#[tokio::test]
async fn passwords_of_the_default_user_are_set_added_and_taken_away() {
    let uid = DatabaseUid::from(1);
    let cluster = Exchange::new("databases/password-set").await;
    cluster
        .client
        .databases()
        .set_password(uid, &"new password".into())
        .await
        .unwrap();
    cluster.sent_what_the_file_holds("databases/password-set").await;
    let cluster = Exchange::new("databases/password-set").await;
    cluster
        .client
        .databases()
        .add_password(uid, &"password to add".into())
        .await
        .unwrap();
    cluster.sent_what_the_file_holds("databases/password-add").await;
    let cluster = Exchange::new("databases/password-set").await;
    let password = "password to delete".into();
    cluster
        .client
        .databases()
        .delete_password(uid, &password)
        .await
        .unwrap();
    cluster.sent_what_the_file_holds("databases/password-remove").await;
}

#[tokio::test]
async fn availability_is_the_status_of_an_empty_answer() {
    let cluster = Exchange::new("databases/availability").await;
    assert!(cluster.client.databases().is_available(1.into()).await.unwrap());
    cluster.sent_what_the_file_holds("databases/availability").await;
    let cluster = Exchange::answering(&file("databases/availability", "error-unavailable")).await;
    assert!(!cluster.client.databases().is_available(1.into()).await.unwrap());
    let cluster = Exchange::answering(&file("errors/not-found", "error-404")).await;
    let error = cluster.client.databases().is_available(1.into()).await.unwrap_err();
    assert!(error.is_not_found());
}

#[tokio::test]
async fn certificates_of_databases_are_listed_installed_and_deleted() {
    let certificate = self_signed();
    let uid = DatabaseUid::from(1);
    let filled = |operation: &str| with_values(file(operation, "answer"), &certificate, "");
    let cluster = Exchange::answering(&filled("databases/certificates")).await;
    let all = ListDatabaseCertificates::new();
    let listed = cluster.client.database_certificates().list(&all).await.unwrap();
    cluster.sent_what_the_file_holds("databases/certificates").await;
    let cluster = Exchange::answering(&filled("databases/certificates")).await;
    let page = ListDatabaseCertificates::new()
        .page(2)
        .page_size(10)
        .expires_before(datetime!(2027-06-01 00:00 UTC))
        .tls_mode(DatabaseTlsMode::Enabled);
    cluster.client.database_certificates().list(&page).await.unwrap();
    cluster.sent_what_the_file_holds("databases/certificates-page").await;

    let cluster = Exchange::answering(&filled("databases/certificate")).await;
    let read = cluster.client.database_certificates().get(uid).await.unwrap().unwrap();
    cluster.sent_what_the_file_holds("databases/certificate").await;
    assert_eq!(listed, std::slice::from_ref(&read));
    assert_eq!(
        (read.database_uid, read.not_after),
        (Some(uid), Some(datetime!(2027-01-01 00:00 UTC)))
    );
    assert_eq!(
        read.certificates().unwrap(),
        certificates_from_pem(&certificate).unwrap()
    );
    let cluster = Exchange::answering(&file("errors/not-found", "error-404")).await;
    assert_eq!(cluster.client.database_certificates().get(uid).await.unwrap(), None);

    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let own = NewDatabaseCertificate::new(&certificate, PrivateKeyPem::from_pem(&key).unwrap());
    assert!(!format!("{own:?}").contains("PRIVATE"));
    let expected = with_values(file("databases/certificate-put", "request"), &certificate, &key);
    let cluster = Exchange::answering(&filled("databases/certificate-put")).await;
    cluster
        .client
        .database_certificates()
        .update(uid, &own)
        .send()
        .await
        .unwrap();
    cluster.sent_what_it_holds(&expected).await;
    let cluster = Exchange::answering(&filled("databases/certificate-put")).await;
    cluster
        .client
        .database_certificates()
        .update(uid, &own)
        .dry_run()
        .send()
        .await
        .unwrap();
    assert_eq!(cluster.sent().await.url.query(), Some("dry_run="));
    let cluster = Exchange::new("databases/certificate-delete").await;
    cluster.client.database_certificates().delete(uid).await.unwrap();
    cluster.sent_what_the_file_holds("databases/certificate-delete").await;
}

#[tokio::test]
async fn refusals_of_databases_are_told_apart() {
    for (operation, kind, code) in [
        ("databases/create", "error-port-unavailable", "port_unavailable"),
        ("databases/create", "error-invalid-certificate", "invalid_certificate"),
        ("databases/update", "error-duplicated-certs", "duplicated_certs"),
    ] {
        let cluster = Exchange::answering(&file(operation, kind)).await;
        let error = cluster
            .client
            .databases()
            .create(&CreateDatabase::new("a", 0))
            .send()
            .await
            .unwrap_err();
        assert!(error.is_invalid_input() && !error.is_retryable(), "{error:?}");
        assert_eq!(error.error_type(), Some(code));
    }
    // Busy with another change: asked again.
    let cluster = Exchange::answering(&file("databases/update", "error-busy")).await;
    let changes = UpdateDatabase::new().name("b");
    let error = cluster
        .client
        .databases()
        .update(1.into(), &changes)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_conflict() && error.is_retryable(), "{error:?}");
    assert_eq!(cluster.server.received_requests().await.unwrap().len(), 3);
}

#[tokio::test]
async fn words_of_databases_that_this_version_does_not_know_are_kept() {
    let mut answer = file("databases/read", "answer");
    for member in [
        "status",
        "tls_mode",
        "eviction_policy",
        "data_persistence",
        "aof_policy",
    ] {
        answer["body"][member] = json!("a-new-word");
    }
    answer["body"]["link_sconn_on_full_request"] = json!("sometimes");
    let cluster = Exchange::answering(&answer).await;
    let database = cluster.client.databases().get(1.into()).await.unwrap().unwrap();
    assert_eq!(database.status, Some(DatabaseStatus::from("a-new-word")));
    assert_eq!(database.tls_mode.unwrap().as_str(), "a-new-word");
    assert_eq!(database.link_sconn_on_full_request.unwrap().as_str(), "sometimes");
}

#[tokio::test]
async fn a_database_that_could_not_be_made_is_not_waited_for() {
    let status = |status: &str| -> Value {
        let mut answer = file("databases/read", "answer");
        answer["body"]["status"] = json!(status);
        answer
    };
    let wait = async |answer: &Value| {
        let cluster = Exchange::answering(answer).await;
        cluster
            .client
            .databases()
            .wait_until_active(1.into(), Duration::ZERO)
            .await
    };
    assert_eq!(wait(&status("active")).await.unwrap().uid.get(), 1);
    assert!(wait(&status("creation-failed")).await.unwrap_err().is_failed_action());
    assert!(wait(&status("pending")).await.unwrap_err().is_timeout());
    assert!(wait(&status("active-change-pending")).await.unwrap_err().is_timeout());
    let gone = wait(&file("errors/not-found", "error-404")).await.unwrap_err();
    assert!(gone.is_not_found(), "{gone:?}");
}

/// Redis Enterprise does not know the member.
#[test]
fn certwards_own_setting_is_sent_only_when_it_is_set() {
    let member = "certward_mtls_allow_missing_eku";
    let unset = [
        serde_json::to_value(CreateDatabase::new("orders", 1)),
        serde_json::to_value(UpdateDatabase::new()),
    ];
    assert!(unset.iter().all(|sent| sent.as_ref().unwrap().get(member).is_none()));
    for allowed in [true, false] {
        let create = CreateDatabase::new("orders", 1).certward_mtls_allow_missing_eku(allowed);
        assert_eq!(serde_json::to_value(create).unwrap()[member], allowed);
        let update = UpdateDatabase::new().certward_mtls_allow_missing_eku(allowed);
        assert_eq!(serde_json::to_value(update).unwrap()[member], allowed);
    }
    let read = |text: &str| {
        serde_json::from_str::<Database>(text)
            .unwrap()
            .certward_mtls_allow_missing_eku
    };
    assert_eq!(read(r#"{"uid": 1}"#), None);
    assert_eq!(
        read(r#"{"uid": 1, "certward_mtls_allow_missing_eku": true}"#),
        Some(true)
    );
}
