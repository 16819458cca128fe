//! Certificates: the cluster's, and those that let users in (`docs/contracts/redis-enterprise.md#cluster-certificates`
//! and `docs/contracts/redis-enterprise.md#order-of-checks`).

use rcgen::{DnType, KeyPair};
use serde_json::json;

use super::house::{Ca, House, contract};

#[tokio::test]
async fn the_vendors_page_works_word_for_word() {
    let house = House::open().await;
    let ca = Ca::new("Team CA");
    let mut upload = contract("certificates/update-cert.request.json")["body"].clone();
    upload["certificate"] = ca.pem().into();
    let answer = house.admin.put("/v1/cluster/update_cert", &upload).await;
    assert_eq!(
        answer.expect(200),
        contract("certificates/update-cert.answer.json")["body"]
    );

    let attributes = |common_name: &'static str| {
        [
            (DnType::CountryName, "US"),
            (DnType::StateOrProvinceName, "Illinois"),
            (DnType::LocalityName, "Chicago"),
            (DnType::OrganizationName, "Acme"),
            (DnType::OrganizationalUnitName, "unit1"),
            (DnType::CommonName, common_name),
        ]
    };
    let alice = house.with_certificate(&ca.issue(&attributes("alice")));
    assert_eq!(
        alice.get("/v1/users/role").await.refused(401),
        "client_certificate_refused"
    );

    let mut settings = contract("cluster/update-full-subject.request.json")["body"].clone();
    settings["mtls_authorized_subjects"][0] =
        json!({ "CN": "alice", "OU": ["unit1"], "O": "Acme", "C": "US", "L": "Chicago", "ST": "Illinois" });
    let shown = house.admin.put("/v1/cluster", &settings).await.expect(200);
    assert_eq!(shown["mtls_certificate_authentication"], true);
    assert_eq!(shown["mtls_authorized_subjects"], settings["mtls_authorized_subjects"]);
    assert_eq!(
        alice.get("/v1/users/role").await.refused(401),
        "client_certificate_refused"
    );

    let mut user = contract("users/create-page.request.json")["body"].clone();
    let line = "CN=alice, OU=unit1, O=Acme, L=Chicago, ST=Illinois, C=US";
    user["certificate_subject_line"] = line.into();
    user["role_uids"] = json!([3]);
    let made = house.admin.post("/v1/users", &user).await.expect(200);
    assert_eq!(made["certificate_subject_line"], line);
    assert!(made.get("password_issue_date").is_none());

    let cluster = alice.get("/v1/cluster").await;
    assert_eq!(cluster.expect(200)["name"], shown["name"]);
    assert_eq!(
        alice.put("/v1/cluster", &json!({})).await.refused(403),
        "unauthorized_action"
    );
    assert_eq!(
        alice.get("/v1/users/role").await.expect(200),
        json!({ "role": "cluster_viewer" })
    );

    // Passes the gate of `san_cn`, and is no user.
    let mut settings = contract("cluster/update-san-cn.request.json")["body"].clone();
    settings["mtls_authorized_subjects"] = json!([{ "CN": "bob" }, { "CN": "alice" }]);
    house.admin.put("/v1/cluster", &settings).await.expect(200);
    let bob = house.with_certificate(&ca.issue(&attributes("bob")));
    assert_eq!(bob.get("/v1/cluster").await.refused(401), "client_certificate_refused");
    assert_eq!(bob.get("/v1/cluster").await.header("www-authenticate"), None);
    alice.get("/v1/cluster").await.expect(200);

    let uid = made["uid"].to_string();
    house.admin.delete(&format!("/v1/users/{uid}")).await.expect(200);
    assert_eq!(
        alice.get("/v1/cluster").await.refused(401),
        "client_certificate_refused"
    );
    house.server.shutdown().await;
}

#[tokio::test]
async fn the_keys_of_certificates_are_shown_to_holders_of_view_cluster_keys_alone() {
    let house = House::open().await;
    for (name, role, sees_keys) in [("member", 2, true), ("viewer", 3, false), ("db", 5, false)] {
        house.user(name, &[role]).await;
        let shown = house.basic(name).get("/v1/cluster/certificates").await.expect(200);
        let shown = shown.as_object().unwrap();
        assert!(shown["syncer_cert"].as_str().unwrap().contains("BEGIN CERTIFICATE"));
        assert_eq!(shown.contains_key("syncer_key"), sees_keys, "{name}");
        assert_eq!(shown.keys().any(|key| key.ends_with("_key")), sees_keys, "{name}");
        // The key of what the server shows in TLS is nobody's to read.
        assert!(shown["api_cert"].as_str().unwrap().contains("BEGIN CERTIFICATE"));
        assert!(shown["proxy_cert"].as_str().unwrap().contains("BEGIN CERTIFICATE"));
        assert!(
            !shown.contains_key("api_key")
                && !shown.contains_key("proxy_key")
                && !shown.contains_key("mtls_trusted_ca_key")
        );
    }
    house.server.shutdown().await;
}

#[tokio::test]
async fn several_certificates_are_installed_together_or_not_at_all() {
    let house = House::open().await;
    let key = KeyPair::generate().unwrap();
    let proxy = rcgen::CertificateParams::new(["db.test".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let before = house.admin.get("/v1/cluster/certificates").await.expect(200);
    let shown_at_first = before["proxy_cert"].as_str().unwrap();
    assert!(shown_at_first.starts_with(before["api_cert"].as_str().unwrap()));
    assert_eq!(
        house.admin.get("/v1/cluster").await.expect(200)["proxy_certificate"],
        shown_at_first
    );
    let with_ca = |ca: String| {
        json!({ "certificates": [
            { "name": "proxy", "certificate": proxy.pem(), "key": key.serialize_pem() },
            { "name": "mtls_trusted_ca", "certificate": ca },
        ] })
    };
    // A leaf is no CA.
    let refused = house.admin.put("/v1/cluster/certificates", &with_ca(proxy.pem())).await;
    assert_eq!(refused.refused(400), "invalid_certificate");
    assert_eq!(house.admin.get("/v1/cluster/certificates").await.expect(200), before);

    let ca = Ca::new("Team CA").pem();
    house
        .admin
        .put("/v1/cluster/certificates", &with_ca(ca.clone()))
        .await
        .expect(200);
    let after = house.admin.get("/v1/cluster/certificates").await.expect(200);
    assert_eq!(after["mtls_trusted_ca_cert"], ca);
    assert_eq!(after["proxy_cert"], proxy.pem());
    assert_eq!(
        house.admin.get("/v1/cluster").await.expect(200)["proxy_certificate"],
        proxy.pem()
    );

    house
        .admin
        .delete("/v1/cluster/certificates/mtls_trusted_ca")
        .await
        .expect(200);
    let again = house.admin.delete("/v1/cluster/certificates/mtls_trusted_ca").await;
    assert_eq!(again.refused(404), "certificate_not_exist");
    let required = house.admin.delete("/v1/cluster/certificates/proxy").await;
    assert_eq!(required.refused(403), "certificate_required");
    house.server.shutdown().await;
}

#[tokio::test]
async fn what_would_lock_out_is_refused() {
    let house = House::open().await;
    let on = json!({ "mtls_certificate_authentication": true });
    assert_eq!(
        house.admin.put("/v1/cluster", &on).await.refused(400),
        "missing_trusted_ca"
    );
    let ca = json!({ "name": "mtls_trusted_ca", "certificate": Ca::new("Team CA").pem() });
    house.admin.put("/v1/cluster/update_cert", &ca).await.expect(200);
    house.admin.put("/v1/cluster", &on).await.expect(200);
    let in_use = house.admin.delete("/v1/cluster/certificates/mtls_trusted_ca").await;
    assert_eq!(in_use.refused(403), "certificate_in_use");

    house.user("root", &[1]).await;
    let off = json!({ "control_plane_basic_authentication": false });
    let root = house.basic("root");
    assert_eq!(
        root.put("/v1/cluster", &off).await.refused(400),
        "would_lock_out_caller"
    );
    house.admin.put("/v1/cluster", &off).await.expect(200);
    assert_eq!(root.get("/v1/cluster").await.refused(401), "unauthorized");
    house.server.shutdown().await;
}

#[tokio::test]
async fn internal_certificates_are_rotated_and_others_are_not() {
    let house = House::open().await;
    let shown = async || house.admin.get("/v1/cluster/certificates").await.expect(200);
    let before = shown().await;
    house
        .admin
        .send("POST", "/v1/cluster/certificates/rotate", "")
        .await
        .expect(200);
    let after = shown().await;
    for name in ["ccs_internode_encryption", "data_internode_encryption"] {
        assert_ne!(before[format!("{name}_cert")], after[format!("{name}_cert")], "{name}");
    }
    assert_eq!(before["proxy_cert"], after["proxy_cert"]);
    let refused = house
        .admin
        .post("/v1/cluster/certificates/rotate", &json!({ "name": "proxy" }))
        .await;
    assert_eq!(refused.refused(403), "rotation_not_supported");
    let refused = house
        .admin
        .post("/v1/cluster/certificates/rotate", &json!({ "name": "king" }))
        .await;
    assert_eq!(refused.refused(403), "invalid_certificate_name");
    house.server.shutdown().await;
}
