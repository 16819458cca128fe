//! Bootstrap, the cluster's settings and certificates, nodes and licence.

use redis_enterprise::cluster::{BootstrapCredentials, ClusterBootstrapInfo};
use redis_enterprise::{BootstrapRequest, EnterpriseClient, LicenseUpdateRequest, RestError};
use serde_json::json;

use crate::{Site, refused, step};

pub async fn bootstrap(site: &Site, client: &EnterpriseClient) -> Result<(), RestError> {
    let request = || {
        BootstrapRequest::builder()
            .action("create_cluster")
            .cluster(ClusterBootstrapInfo::builder().name("cluster.example").build())
            .credentials(
                BootstrapCredentials::builder()
                    .username(site.username.as_str())
                    .password(site.password.as_str())
                    .build(),
            )
            .build()
    };
    let status = client.bootstrap().status().await?;
    step("there is no cluster yet", status.bootstrap_status.state == "idle");
    client.cluster().bootstrap(request()).await?;
    let status = client.bootstrap().status().await?;
    step("the cluster is created", status.bootstrap_status.state == "completed");
    step("the node tells about itself", status.local_node_info.is_some());
    refused(
        "it is not created twice",
        client.cluster().bootstrap(request()).await,
        409,
    );
    let stranger = site.client(&site.username, "not the password");
    refused("a wrong password is refused", stranger.cluster().info().await, 401);
    Ok(())
}

pub async fn settings(client: &EnterpriseClient) -> Result<(), RestError> {
    let info = client.cluster().info().await?;
    step("the cluster is read", info.name == "cluster.example");
    step(
        "certificates are no login yet",
        info.mtls_certificate_authentication == Some(false),
    );
    step(
        "its TLS version is known",
        info.min_control_tls_version.as_deref() == Some("1.2"),
    );
    let answer = client.cluster().update(json!({ "password_min_length": 10 })).await?;
    step(
        "a change is answered with the whole cluster",
        answer["name"] == "cluster.example",
    );
    let info = client.cluster().info().await?;
    step("and kept", info.password_min_length == Some(10));
    let wrong = json!({ "mtls_client_cert_subject_validation_type": "sometimes" });
    refused("an unknown value is refused", client.cluster().update(wrong).await, 400);
    let without_ca = json!({ "mtls_certificate_authentication": true });
    refused(
        "certificates are no login without a CA",
        client.cluster().update(without_ca).await,
        400,
    );
    let policy = client.cluster().policy().await?;
    step("the policy is read", policy["acl_pubsub_default"].is_string());
    client
        .cluster()
        .policy_update(json!({ "acl_pubsub_default": "allchannels" }))
        .await?;
    let policy = client.cluster().policy().await?;
    step("and written", policy["acl_pubsub_default"] == "allchannels");
    Ok(())
}

pub async fn certificates(site: &Site, client: &EnterpriseClient) -> Result<(), RestError> {
    let certificates = client.cluster().certificates().await?;
    step(
        "the proxy's certificate is listed",
        certificates["proxy_cert"].is_string(),
    );
    step(
        "no client CA is trusted",
        certificates.get("mtls_trusted_ca_cert").is_none(),
    );
    let body = json!({ "name": "mtls_trusted_ca", "certificate": site.trusted_ca });
    client.cluster().update_cert(body).await?;
    let certificates = client.cluster().certificates().await?;
    step(
        "a client CA is trusted",
        certificates["mtls_trusted_ca_cert"] == site.trusted_ca.as_str(),
    );
    client
        .cluster()
        .update(json!({ "mtls_certificate_authentication": true }))
        .await?;
    step("certificates are a login", true);
    let unknown = json!({ "name": "my_own", "certificate": site.trusted_ca });
    refused(
        "an unknown name is refused",
        client.cluster().update_cert(unknown).await,
        403,
    );
    let before = client.cluster().certificates().await?;
    client.cluster().certificates_rotate().await?;
    let after = client.cluster().certificates().await?;
    let internal = "ccs_internode_encryption_cert";
    step(
        "the internal certificates are rotated, the others kept",
        before[internal] != after[internal] && before["proxy_cert"] == after["proxy_cert"],
    );
    client
        .cluster()
        .update(json!({ "mtls_certificate_authentication": false }))
        .await?;
    client.delete_raw("/v1/cluster/certificates/mtls_trusted_ca").await?;
    let certificates = client.cluster().certificates().await?;
    step("the CA is deleted", certificates.get("mtls_trusted_ca_cert").is_none());
    Ok(())
}

pub async fn nodes_and_license(client: &EnterpriseClient) -> Result<(), RestError> {
    let nodes = client.nodes().list().await?;
    step("there is one node", nodes.len() == 1);
    let node = client.nodes().get(nodes[0].uid).await?;
    step("it is active", node.status == "active");
    step("its external addresses are listed", node.external_addr.is_some());
    refused("there is no second", client.nodes().get(2).await, 404);
    step(
        "it runs 8.2",
        node.software_version.is_some_and(|version| version.starts_with("8.2")),
    );

    let license = client.license().get().await?;
    step("the licence is read", !license.expired);
    let again = client.cluster().license().await?;
    step(
        "and again",
        again.expired == Some(false) && again.shards_limit == license.shards_limit,
    );
    let garbage = LicenseUpdateRequest::builder().license("no licence").build();
    refused(
        "a text that is none is refused",
        client.license().update(garbage).await,
        400,
    );

    let text = "----- LICENSE START -----\nnot a real one\n----- LICENSE END -----\n";
    let installed = client
        .license()
        .update(LicenseUpdateRequest::builder().license(text).build())
        .await?;
    step("a licence is installed", installed.license.as_deref() == Some(text));

    step("there is no database", client.databases().list().await?.is_empty());
    Ok(())
}
