//! Every operation against the raw files: what is sent is what the file holds, and what is read is what it answers.

use std::collections::BTreeSet;

use certward::pki::PrivateKeyPem;
use certward::redis_enterprise::{
    ActionStatus, AuthMethod, AuthorizedSubject, BootstrapState, CertificateName, CreateCluster, CreateRedisAcl,
    CreateRole, CreateUser, ManagementRole, NewCertificate, NewPassword, OcspCertificateStatus, PasswordHashing,
    RoleResource, RoleUid, SubjectValidation, TlsVersion, UpdateCluster, UpdateClusterPolicy, UpdateOcspConfiguration,
    UpdateRedisAcl, UpdateRole, UpdateUser, UserStatus,
};
use certward::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use time::macros::datetime;

use super::exchange::{Exchange, builder, file};

#[tokio::test]
async fn the_clusters_settings_are_read() {
    let cluster = Exchange::new("cluster/read").await;
    let settings = cluster.client.cluster().get().await.unwrap();
    assert_eq!(settings.name, "docker-cluster");
    assert_eq!(settings.created_time, Some(datetime!(2025-10-14 00:01:06 UTC)));
    assert_eq!(settings.mtls_certificate_authentication, Some(false));
    assert_eq!(
        settings.mtls_client_cert_subject_validation_type,
        Some(SubjectValidation::Disabled)
    );
    assert_eq!(settings.mtls_authorized_subjects, []);
    assert_eq!(settings.control_plane_basic_authentication, None); // 8.0 has no such setting
    assert_eq!(settings.min_control_tls_version, Some(TlsVersion::Tls12));
    assert_eq!(settings.control_cipher_suites.as_deref(), Some("DEFAULT:!3DES"));
    assert_eq!(settings.data_cipher_suites_tls_1_3, [""; 0]);
    assert_eq!(settings.password_hashing_algorithm, Some(PasswordHashing::Sha256));
    assert_eq!(
        (settings.password_min_length, settings.cnm_https_port),
        (Some(8), Some(9443))
    );
    cluster.sent_what_the_file_holds("cluster/read").await;
}

#[tokio::test]
async fn authorized_subjects_are_read_and_empty_attributes_are_absent() {
    let answer = file("cluster/read-with-subjects", "answer");
    let cluster = Exchange::answering(&answer).await;
    let settings = cluster.client.cluster().get().await.unwrap();
    let raw = answer["body"]["mtls_authorized_subjects"].as_array().unwrap();
    assert!(!raw.is_empty());
    assert_eq!(settings.mtls_authorized_subjects.len(), raw.len());
    for (read, raw) in settings.mtls_authorized_subjects.iter().zip(raw) {
        let text = |name: &str| raw[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            [
                &read.common_name,
                &read.organization,
                &read.locality,
                &read.state,
                &read.country
            ],
            [&text("CN"), &text("O"), &text("L"), &text("ST"), &text("C")]
        );
        let units = raw["OU"].as_array().cloned().unwrap_or_default();
        assert_eq!(Value::from(read.organizational_units.clone()), Value::from(units));
    }
    let sparse = AuthorizedSubject::new("client.example.com");
    assert_eq!(
        serde_json::to_value(&sparse).unwrap(),
        json!({"CN": "client.example.com"})
    );
    let empty = json!({"CN": "client.example.com", "O": "", "OU": [], "L": "", "ST": "", "C": ""});
    assert_eq!(serde_json::from_value::<AuthorizedSubject>(empty).unwrap(), sparse);
}

#[tokio::test]
async fn the_clusters_settings_are_changed_as_the_vendors_page_does() {
    let cluster = Exchange::new("cluster/read").await;
    let changes = UpdateCluster::new()
        .mtls_certificate_authentication(true)
        .mtls_client_cert_subject_validation_type(SubjectValidation::SanCn)
        .mtls_authorized_subjects([AuthorizedSubject::new("<Common Name>")]);
    assert_eq!(
        cluster.client.cluster().update(&changes).send().await.unwrap().name,
        "docker-cluster"
    );
    cluster.sent_what_the_file_holds("cluster/update-san-cn").await;

    let cluster = Exchange::new("cluster/read").await;
    let subject = AuthorizedSubject::new("<Common Name>")
        .organization("<Organization>")
        .organizational_unit("<Organizational Unit>")
        .locality("<Locality (city)>")
        .state("<State/Province>")
        .country("<2-letter country code>");
    let changes = UpdateCluster::new()
        .mtls_certificate_authentication(true)
        .mtls_client_cert_subject_validation_type(SubjectValidation::FullSubject)
        .mtls_authorized_subjects([subject]);
    cluster.client.cluster().update(&changes).send().await.unwrap();
    cluster.sent_what_the_file_holds("cluster/update-full-subject").await;
}

#[tokio::test]
async fn a_dry_run_says_so() {
    let cluster = Exchange::new("cluster/read").await;
    let changes = UpdateCluster::new().control_plane_basic_authentication(false);
    cluster
        .client
        .cluster()
        .update(&changes)
        .dry_run()
        .send()
        .await
        .unwrap();
    cluster.sent_what_the_file_holds("cluster/update-dry-run").await;

    let cluster = Exchange::new("redis_acls/create").await;
    let acl = CreateRedisAcl::new("test_acl_1", "+set +get");
    cluster.client.redis_acls().create(&acl).dry_run().send().await.unwrap();
    cluster.sent_what_the_file_holds("redis_acls/create-dry-run").await;

    for (answer, request) in [
        ("users/create", "users/create-certificate"),
        ("roles/create", "roles/create"),
    ] {
        let cluster = Exchange::new(answer).await;
        if answer == "users/create" {
            cluster
                .client
                .users()
                .create(&certificate_user())
                .dry_run()
                .send()
                .await
                .unwrap();
        } else {
            let role = CreateRole::new("abc-role", ManagementRole::None);
            cluster.client.roles().create(&role).dry_run().send().await.unwrap();
        }
        cluster.sent_what_it_holds(&dry_run(request)).await;
    }
    let cluster = Exchange::new("users/create").await;
    let changes = UpdateUser::new().name("abc-user-2").email_alerts(false);
    cluster
        .client
        .users()
        .update(2.into(), &changes)
        .dry_run()
        .send()
        .await
        .unwrap();
    cluster.sent_what_it_holds(&dry_run("users/update")).await;
    let cluster = Exchange::new("roles/update").await;
    let changes = UpdateRole::new().management(ManagementRole::ClusterViewer);
    cluster
        .client
        .roles()
        .update(2.into(), &changes)
        .dry_run()
        .send()
        .await
        .unwrap();
    cluster.sent_what_it_holds(&dry_run("roles/update")).await;
    let cluster = Exchange::new("redis_acls/update").await;
    let changes = UpdateRedisAcl::new().name("test_acl_1").acl("+set +get +del");
    cluster
        .client
        .redis_acls()
        .update(11.into(), &changes)
        .dry_run()
        .send()
        .await
        .unwrap();
    cluster.sent_what_it_holds(&dry_run("redis_acls/update")).await;
    let cluster = Exchange::new("roles/delete").await;
    cluster.client.roles().delete(2.into()).dry_run().send().await.unwrap();
    cluster.sent_what_it_holds(&dry_run("roles/delete")).await;
}

#[tokio::test]
async fn private_keys_of_the_cluster_are_dropped_unless_they_are_asked_for() {
    let certificate = self_signed();
    let answer = with_values(file("certificates/list", "answer"), &certificate, "canary key");
    let cluster = Exchange::answering(&answer).await;
    let certificates = cluster.client.certificates().list().await.unwrap();
    cluster.sent_what_the_file_holds("certificates/list").await;
    let names = |certificates: &certward::redis_enterprise::ClusterCertificates| -> BTreeSet<String> {
        certificates.iter().map(|(name, _)| name.to_string()).collect()
    };
    let expected = ["api", "cm", "metrics_exporter", "mtls_trusted_ca", "proxy", "syncer"].map(str::to_owned);
    assert_eq!(names(&certificates), BTreeSet::from(expected));
    assert!(
        certificates
            .iter()
            .all(|(_, certificate)| certificate.private_key.is_none())
    );
    assert_eq!(certificates.trusted_ca().unwrap()[0].to_pem(), certificate);

    let with_keys = cluster.client.certificates().list_with_private_keys().await.unwrap();
    assert_eq!(names(&with_keys), names(&certificates));
    let key = |name| {
        with_keys
            .get(&name)
            .unwrap()
            .private_key
            .as_ref()
            .map(SecretString::expose_secret)
    };
    assert_eq!(key(CertificateName::Api), Some("canary key"));
    assert_eq!(key(CertificateName::MtlsTrustedCa), None);
    assert!(!format!("{certificates:?} {with_keys:?}").contains("canary"));
}

#[tokio::test]
async fn a_cluster_without_a_trusted_ca_has_none() {
    let answer =
        json!({"status": 200, "body": {"mtls_trusted_ca_cert": "", "sso_issuer_cert": null, "x_cert": "text"}});
    let cluster = Exchange::answering(&answer).await;
    let certificates = cluster.client.certificates().list().await.unwrap();
    assert_eq!(certificates.trusted_ca().unwrap(), []);
    assert_eq!(certificates.get(&"x".into()).unwrap().pem, "text"); // a name this version does not know
}

#[tokio::test]
async fn certificates_are_installed_and_deleted() {
    let certificate = self_signed();
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let key = PrivateKeyPem::from_pem(&key).unwrap();
    for answer in [
        file("certificates/put", "answer"),
        file("certificates/put", "empty-answer"),
    ] {
        let cluster = Exchange::answering(&answer).await;
        let authorities = certward::pki::certificates_from_pem(&certificate).unwrap();
        let proxy = NewCertificate::new(CertificateName::Proxy, certificate.as_str()).private_key(key.clone_key());
        assert!(!format!("{proxy:?}").contains("PRIVATE"));
        cluster
            .client
            .certificates()
            .update(&[NewCertificate::trusted_ca(&authorities), proxy])
            .await
            .unwrap();
        let expected = with_values(file("certificates/put", "request"), &certificate, key.expose());
        cluster.sent_what_it_holds(&expected).await;
    }
    let cluster = Exchange::new("certificates/update-cert").await;
    let trusted_ca = NewCertificate::new(CertificateName::MtlsTrustedCa, "<content of certificate PEM file>");
    cluster.client.certificates().update_one(&trusted_ca).await.unwrap();
    cluster.sent_what_the_file_holds("certificates/update-cert").await;
    let cluster = Exchange::new("certificates/delete").await;
    cluster
        .client
        .certificates()
        .delete(&CertificateName::MtlsTrustedCa)
        .await
        .unwrap();
    cluster.sent_what_the_file_holds("certificates/delete").await;
    let cluster = Exchange::new("certificates/rotate").await;
    let name = CertificateName::CcsInternodeEncryption;
    cluster.client.certificates().rotate(Some(&name)).await.unwrap();
    cluster.sent_what_the_file_holds("certificates/rotate").await;
}

#[tokio::test]
async fn a_private_key_among_the_certificates_is_not_sent() {
    let cluster = Exchange::new("certificates/put").await;
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let both = NewCertificate::new(CertificateName::MtlsTrustedCa, format!("{}{key}", self_signed()));
    let refused = cluster.client.certificates().update_one(&both).await.unwrap_err();
    assert!(
        refused.is_invalid_input() && !refused.to_string().contains(&key),
        "{refused}"
    );
    assert!(cluster.client.certificates().update(&[both]).await.is_err());
    assert_eq!(cluster.server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn users_are_read() {
    let cluster = Exchange::new("users/list").await;
    let users = cluster.client.users().list().await.unwrap();
    cluster.sent_what_the_file_holds("users/list").await;
    let cluster = Exchange::new("users/read").await;
    let user = cluster.client.users().get(1.into()).await.unwrap().unwrap();
    cluster.sent_what_the_file_holds("users/read").await;
    assert_eq!(users, std::slice::from_ref(&user));
    assert_eq!((user.uid.get(), user.name.as_str()), (1, "Administrator"));
    assert_eq!(user.email.as_deref(), Some("admin@redis.local"));
    assert_eq!(
        (user.auth_method, user.certificate_subject_line),
        (AuthMethod::Regular, None)
    );
    assert_eq!(
        (user.role, user.role_uids),
        (Some(ManagementRole::Admin), vec![RoleUid::from(1)])
    );
    assert_eq!(user.status, Some(UserStatus::Active));
    assert_eq!(user.password_issue_date, Some(datetime!(2025-10-14 00:01:06 UTC)));
    let cluster = Exchange::answering(&file("users/read", "error-missing")).await;
    assert_eq!(cluster.client.users().get(7.into()).await.unwrap(), None);
}

#[tokio::test]
async fn a_certificate_user_is_made() {
    let cluster = Exchange::new("users/create-certificate").await;
    let user = cluster.client.users().create(&certificate_user()).send().await.unwrap();
    cluster.sent_what_the_file_holds("users/create-certificate").await;
    assert_eq!(user.auth_method, AuthMethod::Certificate);
    assert_eq!(user.certificate_subject_line.as_deref(), Some("C=US,CN=abc"));
    assert_eq!((user.email, user.password_issue_date), (None, None));
    assert_eq!(
        user.action_uid.unwrap().as_str(),
        "5bb5f8a4-3d1e-4c60-8f8f-0a0f6c3f3f11"
    );
}

#[tokio::test]
async fn a_user_with_a_password_is_made_and_the_password_is_not_shown() {
    let cluster = Exchange::new("users/create").await;
    let user = CreateUser::regular("John Doe", "my-password".into())
        .email("newuser@example.com")
        .email_alerts(true)
        .bdbs_email_alerts(["1".to_owned(), "2".to_owned()])
        .role_uids([RoleUid::from(3)]);
    assert!(!format!("{user:?}").contains("my-password"));
    let created = cluster.client.users().create(&user).send().await.unwrap();
    cluster.sent_what_the_file_holds("users/create").await;
    assert_eq!(created.bdbs_email_alerts, ["1", "2"]);
}

#[tokio::test]
async fn a_user_is_changed_and_deleted() {
    let cluster = Exchange::new("users/create").await;
    let changes = UpdateUser::new().name("abc-user-2").email_alerts(false);
    cluster.client.users().update(2.into(), &changes).send().await.unwrap();
    cluster.sent_what_the_file_holds("users/update").await;
    let cluster = Exchange::new("users/delete").await;
    let action = cluster.client.users().delete(2.into()).await.unwrap().unwrap();
    assert_eq!(action.as_str(), "8fc32a11-4688-4057-9237-cd77fccd726f");
    cluster.sent_what_the_file_holds("users/delete").await;
    let cluster = Exchange::answering(&json!({"status": 200, "body": null})).await;
    assert_eq!(cluster.client.users().delete(2.into()).await.unwrap(), None);
    let secret = UpdateUser::new().password("canary".into());
    assert!(!format!("{secret:?}").contains("canary") && !secret.is_empty() && UpdateUser::new().is_empty());
}

#[tokio::test]
async fn passwords_are_set_added_and_taken_away() {
    let password = || NewPassword::new("a-new-password".into()).of_user("newuser@example.com");
    assert!(!format!("{:?}", password()).contains("a-new-password"));
    let cluster = Exchange::new("users/password-set").await;
    cluster.client.users().set_password(&password()).await.unwrap();
    cluster.sent_what_the_file_holds("users/password-set").await;
    let cluster = Exchange::new("users/password-set").await;
    cluster.client.users().add_password(&password()).await.unwrap();
    cluster.sent_what_the_file_holds("users/password-add").await;
    let cluster = Exchange::new("users/password-set").await;
    let old = SecretString::from("an-old-password");
    cluster
        .client
        .users()
        .delete_password(Some("newuser@example.com"), &old)
        .await
        .unwrap();
    cluster.sent_what_the_file_holds("users/password-remove").await;

    let cluster = Exchange::answering(&json!({"status": 200, "body": null})).await;
    cluster
        .client
        .users()
        .set_password(&NewPassword::new("hash".into()).hashed())
        .await
        .unwrap();
    let sent: Value = serde_json::from_slice(&cluster.sent().await.body).unwrap();
    assert_eq!(sent, json!({"new_password": "hash", "password_hash_method": 1}));
}

#[tokio::test]
async fn a_login_is_turned_into_a_token_and_the_token_into_a_newer_one() {
    let mut answer = file("users/authorize", "answer");
    answer["body"]["access_token"] = json!("aaa.bbb.ccc");
    let cluster = Exchange::answering(&answer).await;
    let ttl = Some(std::time::Duration::from_millis(299_001));
    let basic = builder()
        .endpoint(&cluster.server.uri())
        .basic("Jörg", "pass:word".into())
        .build()
        .unwrap();
    let by_token = basic.log_in(ttl).await.unwrap();
    cluster.sent_what_the_file_holds("users/authorize").await;
    let sent = cluster.sent().await;
    let expected = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "Jörg:pass:word");
    assert_eq!(sent.headers["authorization"], format!("Basic {expected}"));

    let cluster = Exchange::answering(&answer).await;
    let token = builder()
        .endpoint(&cluster.server.uri())
        .jwt("aaa.bbb.ccc".into())
        .build()
        .unwrap();
    assert_eq!(token.refresh_jwt(ttl).await.unwrap().expose_secret(), "aaa.bbb.ccc");
    cluster.sent_what_the_file_holds("users/refresh-jwt").await;
    assert_eq!(cluster.sent().await.headers["authorization"], "JWT aaa.bbb.ccc");
    assert!(!format!("{basic:?} {by_token:?} {token:?}").contains("aaa"));
    assert!(basic.with_jwt("a b".into()).unwrap_err().is_configuration());
}

#[tokio::test]
async fn a_lifetime_of_a_token_out_of_range_is_not_sent() {
    let cluster = Exchange::new("users/authorize").await;
    for ttl in [0, 86_401] {
        let ttl = Some(std::time::Duration::from_secs(ttl));
        assert!(cluster.client.authorize(ttl).await.unwrap_err().is_invalid_input());
    }
    assert_eq!(cluster.server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_login_asks_what_it_may_do() {
    let cluster = Exchange::new("users/own-role").await;
    assert_eq!(cluster.client.own_role().await.unwrap(), ManagementRole::Admin);
    cluster.sent_what_the_file_holds("users/own-role").await;
    let cluster = Exchange::new("users/permissions").await;
    let permissions = cluster.client.permissions().list().await.unwrap();
    assert_eq!(
        permissions[&ManagementRole::DbViewer].api_permissions,
        ["view_bdb_info", "view_cluster_info"]
    );
    cluster.sent_what_the_file_holds("users/permissions").await;
    let cluster = Exchange::new("users/permissions-of-role").await;
    let none = cluster.client.permissions().get(&ManagementRole::None).await.unwrap();
    assert_eq!(none.unwrap().ui_permissions, [""; 0]);
    cluster.sent_what_the_file_holds("users/permissions-of-role").await;
    let cluster = Exchange::answering(&file("errors/not-found", "error-404")).await;
    assert_eq!(cluster.client.permissions().get(&"owner".into()).await.unwrap(), None);
}

#[tokio::test]
async fn roles_are_read_made_changed_and_deleted() {
    let cluster = Exchange::new("roles/list").await;
    let roles = cluster.client.roles().list().await.unwrap();
    cluster.sent_what_the_file_holds("roles/list").await;
    let cluster = Exchange::new("roles/read").await;
    let admin = cluster.client.roles().get(1.into()).await.unwrap().unwrap();
    cluster.sent_what_the_file_holds("roles/read").await;
    assert_eq!((roles.len(), &roles[0]), (6, &admin));
    assert_eq!(admin.management, Some(ManagementRole::Admin));

    let cluster = Exchange::new("roles/create").await;
    let role = CreateRole::new("abc-role", ManagementRole::None);
    assert_eq!(cluster.client.roles().create(&role).send().await.unwrap().uid.get(), 2);
    cluster.sent_what_the_file_holds("roles/create").await;
    let cluster = Exchange::new("roles/create-scoped").await;
    let two = [RoleResource::databases([1, 2])];
    let role = CreateRole::new("two databases", ManagementRole::DbViewer).resources(two.clone());
    assert_eq!(
        cluster.client.roles().create(&role).send().await.unwrap().resources,
        two
    );
    cluster.sent_what_the_file_holds("roles/create-scoped").await;
    let cluster = Exchange::new("roles/update").await;
    let changes = UpdateRole::new().management(ManagementRole::ClusterViewer);
    let changed = cluster.client.roles().update(2.into(), &changes).send().await.unwrap();
    assert_eq!(changed.management, Some(ManagementRole::ClusterViewer));
    cluster.sent_what_the_file_holds("roles/update").await;
    let cluster = Exchange::new("roles/delete").await;
    assert!(cluster.client.roles().delete(2.into()).send().await.unwrap().is_some());
    cluster.sent_what_the_file_holds("roles/delete").await;
}

#[tokio::test]
async fn redis_acls_are_read_made_changed_and_deleted() {
    let cluster = Exchange::new("redis_acls/list").await;
    let acls = cluster.client.redis_acls().list().await.unwrap();
    let texts: Vec<&str> = acls.iter().map(|acl| acl.acl.as_str()).collect();
    assert_eq!(texts, ["+@all ~*", "+@all -@dangerous ~*", "+@read ~*"]);
    cluster.sent_what_the_file_holds("redis_acls/list").await;
    let cluster = Exchange::new("redis_acls/read").await;
    let full = cluster.client.redis_acls().get(1.into()).await.unwrap().unwrap();
    assert_eq!(
        (full.min_version.as_deref(), full.max_version.as_deref()),
        (Some("6.0"), Some("9999"))
    );
    cluster.sent_what_the_file_holds("redis_acls/read").await;
    let cluster = Exchange::new("redis_acls/create").await;
    let acl = CreateRedisAcl::new("test_acl_1", "+set +get");
    assert_eq!(
        cluster.client.redis_acls().create(&acl).send().await.unwrap().uid.get(),
        11
    );
    cluster.sent_what_the_file_holds("redis_acls/create").await;
    let cluster = Exchange::new("redis_acls/create").await;
    cluster.client.redis_acls().validate(&acl).await.unwrap();
    assert_eq!(cluster.sent().await.url.path(), "/v1/redis_acls/validate");
    let cluster = Exchange::new("redis_acls/update").await;
    let changes = UpdateRedisAcl::new().name("test_acl_1").acl("+set +get +del");
    assert_eq!(
        cluster
            .client
            .redis_acls()
            .update(11.into(), &changes)
            .send()
            .await
            .unwrap()
            .acl,
        "+set +get +del"
    );
    cluster.sent_what_the_file_holds("redis_acls/update").await;
    let cluster = Exchange::new("redis_acls/delete").await;
    assert!(cluster.client.redis_acls().delete(11.into()).await.unwrap().is_some());
    cluster.sent_what_the_file_holds("redis_acls/delete").await;
}

#[tokio::test]
async fn a_node_becomes_a_cluster() {
    let cluster = Exchange::new("bootstrap/create-cluster").await;
    let new = CreateCluster::new("my.cluster", "my_username@example.com", "my_password".into())
        .license("")
        .storage_paths("/path/to/persistent/storage", "/path/to/ephemeral/storage");
    assert!(!format!("{new:?}").contains("my_password"));
    cluster.client.bootstrap().create_cluster(&new).await.unwrap();
    cluster.sent_what_the_file_holds("bootstrap/create-cluster").await;
    let cluster = Exchange::new("bootstrap/read").await;
    let bootstrap = cluster.client.bootstrap().get().await.unwrap();
    assert_eq!(bootstrap.state, BootstrapState::Completed);
    assert_eq!(bootstrap.end_time, Some(datetime!(2025-10-14 00:01:22 UTC)));
    assert_eq!(bootstrap.node_uid.as_deref(), Some("1"));
    cluster.sent_what_the_file_holds("bootstrap/read").await;
}

#[tokio::test]
async fn nodes_licence_policy_and_schema_are_read() {
    let cluster = Exchange::new("nodes/list").await;
    let nodes = cluster.client.nodes().list().await.unwrap();
    cluster.sent_what_the_file_holds("nodes/list").await;
    let cluster = Exchange::new("nodes/read").await;
    let node = cluster.client.nodes().get(1.into()).await.unwrap().unwrap();
    cluster.sent_what_the_file_holds("nodes/read").await;
    assert_eq!((nodes.len(), node.status.as_str(), node.cores), (1, "active", Some(14)));
    assert_eq!(node.addr, nodes[0].addr);

    let cluster = Exchange::new("license/read").await;
    let license = cluster.client.license().get().await.unwrap().unwrap();
    assert_eq!(
        (license.expired, license.cluster_name, license.shards_limit),
        (false, None, Some(4))
    );
    assert_eq!(license.expiration_date, Some(datetime!(2025-11-13 00:01:06 UTC)));
    cluster.sent_what_the_file_holds("license/read").await;
    let cluster = Exchange::answering(&file("errors/not-found", "error-404")).await;
    assert_eq!(cluster.client.license().get().await.unwrap(), None);
    let cluster = Exchange::new("license/update").await;
    cluster.client.license().update("<license>").await.unwrap();
    cluster.sent_what_the_file_holds("license/update").await;

    let cluster = Exchange::new("cluster/policy").await;
    let policy = cluster.client.cluster_policy().get().await.unwrap();
    assert_eq!(policy.acl_pubsub_default.as_deref(), Some("resetchannels"));
    cluster.sent_what_the_file_holds("cluster/policy").await;
    let cluster = Exchange::answering(&json!({"status": 200, "body": null})).await;
    let changes = UpdateClusterPolicy::new()
        .default_shards_placement("sparse")
        .default_sharded_proxy_policy("all-nodes");
    cluster.client.cluster_policy().update(&changes).await.unwrap();
    cluster.sent_what_the_file_holds("cluster/policy-update").await;

    let cluster = Exchange::answering(&json!({"status": 200, "body": {"type": "object"}})).await;
    assert_eq!(
        cluster.client.json_schema("cluster").await.unwrap(),
        r#"{"type":"object"}"#
    );
    assert_eq!(cluster.sent().await.url.query(), Some("object=cluster"));
}

#[tokio::test]
async fn ocsp_is_read_and_changed() {
    let cluster = Exchange::new("ocsp/read").await;
    let configuration = cluster.client.ocsp().get().await.unwrap();
    assert_eq!(
        (configuration.ocsp_functionality, configuration.responder_url),
        (false, None)
    );
    cluster.sent_what_the_file_holds("ocsp/read").await;
    let cluster = Exchange::new("ocsp/update").await;
    let changes = UpdateOcspConfiguration::new()
        .ocsp_functionality(false)
        .query_frequency(3800)
        .response_timeout(2)
        .recovery_frequency(80)
        .recovery_max_tries(20);
    let changed = cluster.client.ocsp().update(&changes).await.unwrap();
    assert_eq!(changed.query_frequency, Some(3800));
    cluster.sent_what_the_file_holds("ocsp/update").await;
    let cluster = Exchange::new("ocsp/status").await;
    let status = cluster.client.ocsp().status().await.unwrap();
    assert_eq!(
        (status.cert_status, status.revocation_time),
        (Some(OcspCertificateStatus::Good), None)
    );
    cluster.sent_what_the_file_holds("ocsp/status").await;
    let cluster = Exchange::new("ocsp/status").await;
    cluster.client.ocsp().test().await.unwrap();
    let sent = cluster.sent().await;
    assert_eq!((sent.method.as_str(), sent.url.path()), ("POST", "/v1/ocsp/test"));
}

#[tokio::test]
async fn actions_are_read() {
    let cluster = Exchange::new("actions/read").await;
    let uid = "8fc32a11-4688-4057-9237-cd77fccd726f".into();
    let action = cluster.client.actions().get(&uid).await.unwrap().unwrap();
    assert_eq!((&action.action_uid, &action.status), (&uid, &ActionStatus::Completed));
    assert_eq!(action.progress.as_deref(), Some("100"));
    cluster.sent_what_the_file_holds("actions/read").await;
    let cluster = Exchange::new("actions/list").await;
    let actions = cluster.client.actions().list().await.unwrap();
    assert_eq!((actions.len(), &actions[0]), (2, &action));
    assert_eq!(actions[1].object_name.as_deref(), Some("bdb:1"));
    cluster.sent_what_the_file_holds("actions/list").await;
}

#[tokio::test]
async fn hashing_of_passwords_is_changed() {
    let cluster = Exchange::answering(&json!({"status": 200, "body": null})).await;
    cluster
        .client
        .cluster()
        .change_password_hashing_algorithm(&PasswordHashing::Pbkdf2)
        .await
        .unwrap();
    let sent = cluster.sent().await;
    assert_eq!(
        (sent.method.as_str(), sent.url.path()),
        ("PATCH", "/v1/cluster/change_password_hashing_algorithm")
    );
    assert_eq!(
        serde_json::from_slice::<Value>(&sent.body).unwrap(),
        json!({"algorithm": "PBKDF2"})
    );
}

#[tokio::test]
async fn refusals_are_told_apart() {
    type Predicate = fn(&certward::Error) -> bool;
    let cases: [(&str, &str, Predicate, &str); 15] = [
        ("errors/unauthorized", "error-401", certward::Error::is_unauthorized, ""),
        ("errors/forbidden", "error-403", certward::Error::is_forbidden, ""),
        (
            "users/create",
            "error-name-in-use",
            certward::Error::is_conflict,
            "name_already_exists",
        ),
        (
            "users/create",
            "error-email-in-use",
            certward::Error::is_conflict,
            "email_already_exists",
        ),
        (
            "users/create",
            "error-subject-in-use",
            certward::Error::is_conflict,
            "subject_already_exists",
        ),
        (
            "users/create",
            "error-password",
            certward::Error::is_invalid_input,
            "password_not_complex",
        ),
        (
            "users/update",
            "error-last-admin",
            certward::Error::is_invalid_input,
            "change_last_admin_role_not_allowed",
        ),
        (
            "users/password-remove",
            "error-last",
            certward::Error::is_invalid_input,
            "cannot_delete_last_password",
        ),
        (
            "users/password-set",
            "error-others",
            certward::Error::is_forbidden,
            "unauthorized_action",
        ),
        (
            "users/authorize",
            "error-expired-password",
            certward::Error::is_unauthorized,
            "password_expired",
        ),
        (
            "certificates/delete",
            "error-in-use",
            certward::Error::is_forbidden,
            "certificate_in_use",
        ),
        (
            "certificates/update-cert",
            "error-expired",
            certward::Error::is_invalid_input,
            "certificate_expired",
        ),
        (
            "certificates/update-cert",
            "error-unknown-name",
            certward::Error::is_forbidden,
            "invalid_certificate_name",
        ),
        (
            "cluster/update",
            "error-invalid-schema",
            certward::Error::is_invalid_input,
            "invalid_schema",
        ),
        (
            "redis_acls/update",
            "error-read-only",
            certward::Error::is_conflict,
            "redis_acl_read_only",
        ),
    ];
    for (operation, kind, predicate, code) in cases {
        let answer = file(operation, kind);
        let cluster = Exchange::answering(&answer).await;
        let error = cluster.client.users().list().await.unwrap_err();
        assert!(predicate(&error), "{operation}: {error:?}");
        assert_eq!(error.status(), answer["status"].as_u64().map(|status| status as u16));
        assert_eq!(error.error_type(), answer["body"]["error_code"].as_str());
        assert!(
            code.is_empty() || error.error_type() == Some(code),
            "{operation}: {error:?}"
        );
        assert_eq!(error.server_message(), answer["body"]["description"].as_str());
        assert!(!error.is_retryable() && error.is_unauthorized() == (error.status() == Some(401)));
    }
    let older = json!({"status": 406, "body": {"error_code": "x", "message": "older pages write message"}});
    let cluster = Exchange::answering(&older).await;
    let error = cluster.client.users().list().await.unwrap_err();
    assert_eq!(error.server_message(), Some("older pages write message"));
}

#[tokio::test]
async fn words_and_members_this_version_does_not_know_are_kept_and_tolerated() {
    let mut answer = file("users/read", "answer");
    answer["body"]["auth_method"] = json!("passkey");
    answer["body"]["role"] = json!("auditor");
    answer["body"]["favourite_colour"] = json!({"name": "red"});
    let cluster = Exchange::answering(&answer).await;
    let user = cluster.client.users().get(1.into()).await.unwrap().unwrap();
    assert_eq!(user.auth_method, AuthMethod::from("passkey"));
    assert_eq!(user.role.unwrap().as_str(), "auditor");
    assert_eq!(ManagementRole::from("user_manager"), ManagementRole::UserManager);
}

#[tokio::test]
async fn a_users_word_reaches_no_other_path() {
    let cluster = Exchange::new("certificates/delete").await;
    for name in ["../users/1", "a/b", "..", "", "a%2e", "a?x=1"] {
        let refused = cluster.client.certificates().delete(&name.into()).await.unwrap_err();
        assert!(refused.is_invalid_input(), "{name}: {refused}");
        assert!(
            cluster
                .client
                .actions()
                .get(&name.into())
                .await
                .unwrap_err()
                .is_invalid_input()
        );
        assert!(
            cluster
                .client
                .permissions()
                .get(&name.into())
                .await
                .unwrap_err()
                .is_invalid_input()
        );
    }
    assert_eq!(cluster.server.received_requests().await.unwrap().len(), 0);
}

#[test]
fn every_file_of_the_contract_is_read_here() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../acceptance-tests/contract/redis_enterprise");
    let source = [include_str!("contract.rs"), include_str!("databases.rs")].concat();
    let not_ours = ["users/create-page", "users/authorize-body"];
    for area in std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
    {
        let area_name = area.file_name().unwrap().to_str().unwrap().to_owned();
        for file in std::fs::read_dir(&area)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
        {
            let operation = format!("{area_name}/{}", file.to_str().unwrap().split('.').next().unwrap());
            let known = source.contains(&format!("\"{operation}\"")) || not_ours.contains(&operation.as_str());
            assert!(known, "{operation} is asked by no test");
        }
    }
}

fn certificate_user() -> CreateUser {
    CreateUser::certificate("abc-user", "C=US,CN=abc").role_uids([RoleUid::from(2)])
}

/// The request of a file, as a dry run.
fn dry_run(operation: &str) -> Value {
    let mut request = file(operation, "request");
    request["path"] = json!(format!("{}?dry_run", request["path"].as_str().unwrap()));
    request
}

/// A file with its placeholders filled in.
pub(super) fn with_values(content: Value, certificate: &str, key: &str) -> Value {
    match content {
        Value::String(text) if text == "<PEM>" => json!(certificate),
        Value::String(text) if text == "<PEM key>" => json!(key),
        Value::Array(values) => values
            .into_iter()
            .map(|value| with_values(value, certificate, key))
            .collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, with_values(value, certificate, key)))
            .collect(),
        other => other,
    }
}

pub(super) fn self_signed() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = rcgen::CertificateParams::new(["a.example".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap()
        .pem();
    certward::pki::certificates_from_pem(&pem).unwrap()[0].to_pem()
}
