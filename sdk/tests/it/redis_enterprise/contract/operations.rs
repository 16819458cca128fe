//! Bootstrap, nodes, licence, policy, OCSP and actions.

use super::*;

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
