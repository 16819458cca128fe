//! The cluster: settings and certificates.

use super::*;

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
