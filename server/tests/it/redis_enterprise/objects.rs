//! Users, roles, ACLs and what clients touch on connect, compared with the raw files of the contract.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::house::{House, PASSWORD, contract};

/// The names of the members, and the kind of each value.
fn shape(value: &Value) -> BTreeSet<(String, &'static str)> {
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let members = value.as_object().unwrap_or_else(|| panic!("{value} is no object"));
    members
        .iter()
        .map(|(name, value)| (name.clone(), kind(value)))
        .collect()
}

#[tokio::test]
async fn a_certificate_user_is_made_as_on_a_real_cluster() {
    let house = House::open().await;
    // The captured cluster gave its role this uid; ours has built-in roles up to 6.
    let mut request = contract("users/create-certificate.request.json")["body"].clone();
    request["role_uids"] = json!([6]);
    let tried = house.admin.post("/v1/users?dry_run", &request).await.expect(200);
    let made = house.admin.post("/v1/users", &request).await.expect(200);
    let mut expected = contract("users/create-certificate.answer.json")["body"].clone();
    expected["role_uids"] = json!([6]);
    expected["uid"] = made["uid"].clone();
    expected["action_uid"] = made["action_uid"].clone();
    assert_eq!(made, expected);
    assert!(tried.get("action_uid").is_none());
    let action = house
        .admin
        .get(&format!("/v1/actions/{}", made["action_uid"].as_str().unwrap()))
        .await;
    assert_eq!(action.expect(200)["status"], "completed");

    let mut other = request.clone();
    other["name"] = "other".into();
    other["certificate_subject_line"] = "C=US, CN=abc".into();
    assert_eq!(
        house.admin.post("/v1/users", &other).await.refused(409),
        "subject_already_exists"
    );
    other["certificate_subject_line"] = "CN=other".into();
    other["name"] = "abc-user".into();
    assert_eq!(
        house.admin.post("/v1/users", &other).await.refused(409),
        "name_already_exists"
    );
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_user_that_was_read_can_be_sent_back() {
    let house = House::open().await;
    let request = contract("users/create.request.json")["body"].clone();
    let made = house.admin.post("/v1/users", &request).await.expect(200);
    assert_eq!(shape(&made), shape(&contract("users/create.answer.json")["body"]));
    let path = format!("/v1/users/{}", made["uid"]);
    let read = house.admin.get(&path).await.expect(200);
    assert_eq!(house.admin.put(&path, &read).await.expect(200), read);

    let update = contract("users/update.request.json")["body"].clone();
    let updated = house.admin.put(&path, &update).await.expect(200);
    assert_eq!(
        (&updated["name"], &updated["email_alerts"]),
        (&json!("abc-user-2"), &json!(false))
    );
    assert_eq!(updated["email"], request["email"]);
    for change in [
        json!({ "uid": 99 }),
        json!({ "status": "locked" }),
        json!({ "last_login": 1 }),
    ] {
        assert_eq!(
            house.admin.put(&path, &change).await.refused(400),
            "invalid_schema",
            "{change}"
        );
    }

    let deleted = house.admin.delete(&path).await.expect(200);
    assert_eq!(shape(&deleted), shape(&contract("users/delete.answer.json")["body"]));
    assert_eq!(house.admin.get(&path).await.refused(404), "user_not_exist");
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_user_changes_its_own_name_and_not_its_own_roles() {
    let house = House::open().await;
    let uid = house.user("alice", &[5]).await;
    let alice = house.basic("alice");
    let path = format!("/v1/users/{uid}");
    assert_eq!(alice.get(&path).await.expect(200)["status"], "active");
    alice.put(&path, &json!({ "email_alerts": false })).await.expect(200);
    let refused = alice.put(&path, &json!({ "role_uids": [1] })).await;
    assert_eq!(refused.refused(403), "unauthorized_action");
    assert_eq!(
        alice.get("/v1/users/role").await.expect(200),
        json!({ "role": "db_viewer" })
    );
    house.server.shutdown().await;
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let house = House::open().await;
    let uid = house.user("root", &[1]).await;
    let path = format!("/v1/users/{uid}");
    let demoted = house.admin.put(&path, &json!({ "role_uids": [3] })).await;
    assert_eq!(demoted.refused(406), "change_last_admin_role_not_allowed");
    assert_eq!(
        house.admin.delete(&path).await.refused(406),
        "delete_last_admin_not_allowed"
    );
    let emptied = house.admin.put("/v1/roles/1", &json!({ "management": "none" })).await;
    assert_eq!(emptied.refused(406), "change_last_admin_role_not_allowed");
    house.user("second", &[1]).await;
    house.admin.delete(&path).await.expect(200);
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_user_manager_makes_no_administrator() {
    let house = House::open().await;
    let role = json!({ "name": "Managers", "management": "user_manager" });
    let uid = house.admin.post("/v1/roles", &role).await.expect(200)["uid"]
        .as_u64()
        .unwrap();
    house.user("manager", &[u32::try_from(uid).unwrap()]).await;
    let manager = house.basic("manager");
    let body = json!({ "name": "king", "password": PASSWORD, "role_uids": [1] });
    assert_eq!(
        manager.post("/v1/users", &body).await.refused(403),
        "unauthorized_action"
    );
    let body = json!({ "name": "Kings", "management": "admin" });
    assert_eq!(
        manager.post("/v1/roles", &body).await.refused(403),
        "unauthorized_action"
    );
    let body = json!({ "name": "clerk", "password": PASSWORD, "role_uids": [3] });
    manager.post("/v1/users", &body).await.expect(200);
    house.server.shutdown().await;
}

#[tokio::test]
async fn passwords_are_set_added_and_removed() {
    let house = House::open().await;
    let uid = house.user("alice", &[5]).await;
    let alice = house.basic("alice");
    let second = json!({ "username": "alice", "new_password": "a-second-password" });
    assert_eq!(alice.post("/v1/users/password", &second).await.expect(200), json!({}));
    let with_second = house.basic_with("alice", "a-second-password");
    with_second.get("/v1/users/role").await.expect(200);
    alice.get("/v1/users/role").await.expect(200);
    let first = json!({ "old_password": PASSWORD }).to_string();
    with_second
        .send("DELETE", "/v1/users/password", &first)
        .await
        .expect(200);
    assert_eq!(alice.get("/v1/users/role").await.refused(401), "unauthorized");
    let last = json!({ "old_password": "a-second-password" }).to_string();
    let refused = with_second.send("DELETE", "/v1/users/password", &last).await;
    assert_eq!(refused.refused(400), "cannot_delete_last_password");
    let same = json!({ "new_password": "a-second-password" });
    let refused = with_second.put("/v1/users/password", &same).await;
    assert_eq!(refused.refused(400), "new_password_same_as_current");
    let short = house
        .admin
        .put(
            "/v1/users/password",
            &json!({ "username": "alice", "new_password": "short" }),
        )
        .await;
    assert_eq!(short.refused(400), "password_not_complex");
    let unknown = json!({ "username": "nobody", "new_password": "long-enough-password" });
    assert_eq!(
        house.admin.put("/v1/users/password", &unknown).await.refused(404),
        "user_not_exist"
    );
    // The administrator by certificate is no user.
    let own = house
        .admin
        .put("/v1/users/password", &json!({ "new_password": "long-enough-password" }))
        .await;
    assert!(own.status >= 400, "{own:?}");
    assert!(
        !house
            .admin
            .get(&format!("/v1/users/{uid}"))
            .await
            .body
            .to_string()
            .contains("argon2")
    );
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_token_stands_for_a_password_until_the_password_changes() {
    let house = House::open().await;
    house.user("alice", &[3]).await;
    let token = |answer: Value| answer["access_token"].as_str().unwrap().to_owned();
    let from_header = token(
        house
            .basic("alice")
            .send("POST", "/v1/users/authorize", "")
            .await
            .expect(200),
    );
    let in_body = json!({ "username": "alice", "password": PASSWORD, "ttl": 60 });
    let from_body = token(house.stranger().post("/v1/users/authorize", &in_body).await.expect(200));
    let wrong = json!({ "username": "alice", "password": "wrong" });
    assert_eq!(
        house.stranger().post("/v1/users/authorize", &wrong).await.refused(401),
        "unauthorized"
    );
    for (scheme, token) in [("JWT", &from_header), ("Bearer", &from_body)] {
        let client = house.stranger().with("authorization", &format!("{scheme} {token}"));
        assert_eq!(
            client.get("/v1/users/role").await.expect(200),
            json!({ "role": "cluster_viewer" })
        );
    }
    let with_token = house.stranger().with("authorization", &format!("JWT {from_header}"));
    let refreshed = token(
        with_token
            .post("/v1/users/refresh_jwt", &json!({ "ttl": 5 }))
            .await
            .expect(200),
    );
    let with_refreshed = house.stranger().with("authorization", &format!("JWT {refreshed}"));
    with_refreshed.get("/v1/cluster").await.expect(200);
    assert_eq!(
        house.admin.post("/v1/users/authorize", &json!({})).await.refused(403),
        "unauthorized_action"
    );

    let change = json!({ "new_password": "another-long-password" });
    house
        .basic("alice")
        .put("/v1/users/password", &change)
        .await
        .expect(200);
    for client in [&with_token, &with_refreshed] {
        assert_eq!(client.get("/v1/cluster").await.refused(401), "unauthorized");
    }
    house.server.shutdown().await;
}

#[tokio::test]
async fn roles_and_acls_are_those_of_the_vendors_page_and_new_ones_are_kept() {
    let house = House::open().await;
    assert_eq!(
        house.admin.get("/v1/roles").await.expect(200),
        contract("roles/list.answer.json")["body"]
    );
    let acls = house.admin.get("/v1/redis_acls").await.expect(200);
    for (acl, expected) in acls
        .as_array()
        .unwrap()
        .iter()
        .zip(contract("redis_acls/list.answer.json")["body"].as_array().unwrap())
    {
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&acl[name], value);
        }
    }
    assert_eq!(
        house.admin.get("/v1/redis_acls/1").await.expect(200),
        contract("redis_acls/read.answer.json")["body"]
    );

    let scoped = contract("roles/create-scoped.request.json")["body"].clone();
    let made = house.admin.post("/v1/roles", &scoped).await.expect(200);
    assert_eq!(
        shape(&made),
        shape(&contract("roles/create-scoped.answer.json")["body"])
    );
    assert_eq!(made["resources"], scoped["resources"]);
    let path = format!("/v1/roles/{}", made["uid"]);
    assert_eq!(house.admin.put(&path, &made).await.expect(200), made);
    assert_eq!(
        house.admin.post("/v1/roles", &scoped).await.refused(409),
        "name_already_exists"
    );
    house.admin.delete(&format!("{path}?dry_run")).await.expect(200);
    house.admin.get(&path).await.expect(200);
    house.admin.delete(&path).await.expect(200);
    assert_eq!(house.admin.get(&path).await.refused(404), "role_not_exist");
    house.user("alice", &[5]).await;
    assert_eq!(house.admin.delete("/v1/roles/5").await.refused(406), "role_in_use");

    let acl = contract("redis_acls/create.request.json")["body"].clone();
    let tried = house.admin.post("/v1/redis_acls?dry_run", &acl).await.expect(200);
    assert_eq!(
        house.admin.post("/v1/redis_acls/validate", &acl).await.expect(200),
        tried
    );
    let made = house.admin.post("/v1/redis_acls", &acl).await.expect(200);
    let mut expected = contract("redis_acls/create.answer.json")["body"].clone();
    expected["uid"] = made["uid"].clone();
    assert_eq!(made, expected);
    let path = format!("/v1/redis_acls/{}", made["uid"]);
    let update = contract("redis_acls/update.request.json")["body"].clone();
    assert_eq!(house.admin.put(&path, &update).await.expect(200)["acl"], update["acl"]);
    let read_only = house.admin.put("/v1/redis_acls/1", &json!({ "acl": "-@all" })).await;
    assert_eq!(read_only.refused(409), "redis_acl_read_only");
    assert_eq!(
        house.admin.delete("/v1/redis_acls/1").await.refused(409),
        "redis_acl_read_only"
    );
    house.admin.delete(&path).await.expect(200);
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_request_that_a_proxy_marked_does_not_create_the_cluster() {
    let house = House::open().await;
    let request = contract("bootstrap/create-cluster.request.json")["body"].clone();
    for (header, value) in [
        ("forwarded", "for=192.0.2.7"),
        ("via", "1.1 proxy"),
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-proto", "https"),
        ("x-real-ip", "192.0.2.7"),
    ] {
        let by_proxy = house.stranger().with(header, value);
        let refused = by_proxy.post("/v1/bootstrap/create_cluster", &request).await;
        assert_eq!(refused.refused(401), "unauthorized", "{header}");
    }
    // Without the mark it comes from a program of the server's own user.
    let direct = house.stranger().post("/v1/bootstrap/create_cluster", &request).await;
    direct.expect(200);
    house.server.shutdown().await;
}

#[tokio::test]
async fn an_unknown_role_is_told_by_field_and_with_the_right_words() {
    let house = House::open().await;
    let user = json!({ "name": "dana", "password": "Secret-4711", "role": "boss" });
    let refused = house.admin.post("/v1/users", &user).await;
    assert_eq!(refused.refused(400), "invalid_schema");
    assert!(
        refused
            .description()
            .starts_with("the field 'role' is an unknown word; it must be one of \"")
            && refused.description().contains("\"db_member\""),
        "{}",
        refused.description()
    );
    house.server.shutdown().await;
}

#[tokio::test]
async fn the_cluster_is_created_by_its_first_administrator() {
    let house = House::open().await;
    let stranger = house.stranger();
    let before = stranger.get("/v1/bootstrap").await;
    assert_eq!(before.header("cluster-state-id"), None);
    assert_eq!(before.expect(200)["bootstrap_status"], json!({ "state": "idle" }));
    let request = contract("bootstrap/create-cluster.request.json")["body"].clone();
    let join = house.admin.post("/v1/bootstrap/join_cluster", &request).await;
    assert_eq!(join.refused(400), "not_supported");
    house
        .admin
        .post("/v1/bootstrap/create_cluster", &request)
        .await
        .expect(200);

    assert_eq!(stranger.get("/v1/bootstrap").await.refused(401), "unauthorized");
    let login = request["credentials"]["username"].as_str().unwrap();
    let founder = house.basic_with(login, request["credentials"]["password"].as_str().unwrap());
    let after = founder.get("/v1/bootstrap").await.expect(200);
    assert_eq!(
        shape(&after["bootstrap_status"]),
        shape(&contract("bootstrap/read.answer.json")["body"]["bootstrap_status"])
    );
    assert_eq!(after["local_node_info"]["uid"], "1");
    assert_eq!(founder.get("/v1/cluster").await.expect(200)["name"], "my.cluster");
    assert_eq!(
        founder.get("/v1/users/role").await.expect(200),
        json!({ "role": "admin" })
    );
    let again = house.admin.post("/v1/bootstrap/create_cluster", &request).await;
    assert_eq!(again.refused(409), "already_bootstrapped");
    house.server.shutdown().await;
}

#[tokio::test]
async fn what_clients_read_on_connect_has_the_captured_members() {
    let house = House::open().await;
    let node = house.admin.get("/v1/nodes/1").await.expect(200);
    assert_eq!(shape(&node), shape(&contract("nodes/read.answer.json")["body"]));
    assert_eq!(house.admin.get("/v1/nodes").await.expect(200)[0]["uid"], 1);

    let license = house.admin.get("/v1/license").await.expect(200);
    let captured = contract("license/read.answer.json")["body"].clone();
    assert_eq!(shape(&license), shape(&captured));
    let text = "----- LICENSE START -----\nabc\n----- LICENSE END -----\n";
    let installed = house.admin.put("/v1/license", &json!({ "license": text })).await;
    assert_eq!((installed.status, &installed.body), (200, &Value::Null));
    assert_eq!(house.admin.get("/v1/license").await.expect(200)["license"], text);

    assert_eq!(
        house.admin.get("/v1/ocsp").await.expect(200),
        contract("ocsp/read.answer.json")["body"]
    );
    let update = contract("ocsp/update.request.json")["body"].clone();
    let updated = house.admin.put("/v1/ocsp", &update).await.expect(200);
    assert_eq!(updated, contract("ocsp/update.answer.json")["body"]);

    let policy = contract("cluster/policy-update.request.json")["body"].clone();
    house.admin.put("/v1/cluster/policy", &policy).await.expect(200);
    let shown = house.admin.get("/v1/cluster/policy").await.expect(200);
    for (name, value) in policy.as_object().unwrap() {
        assert_eq!(&shown[name], value);
    }
    house
        .admin
        .put("/v1/cluster/policy", &json!({ "acl_pubsub_default": "allchannels" }))
        .await
        .expect(200);

    // The whole cluster as it was read can be sent back.
    let cluster = house.admin.get("/v1/cluster").await.expect(200);
    assert_eq!(house.admin.put("/v1/cluster", &cluster).await.expect(200), cluster);
    assert_eq!(house.admin.get("/v1/bdbs").await.expect(200), json!([]));
    let names = house.admin.get("/v1/jsonschema").await.expect(200);
    assert!(names.as_array().unwrap().contains(&json!("cluster")));
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_client_finds_what_each_role_may_do() {
    let house = House::open().await;
    let all = house.admin.get("/v1/users/permissions").await.expect(200);
    assert_eq!(all.as_object().unwrap().len(), 7);
    let none = house.admin.get("/v1/users/permissions/none").await.expect(200);
    assert_eq!(none, contract("users/permissions-of-role.answer.json")["body"]);
    let viewer = &all["db_viewer"]["api_permissions"];
    assert!(viewer.as_array().unwrap().contains(&json!("view_bdb_info")));
    assert!(!viewer.as_array().unwrap().contains(&json!("update_bdb")));
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_read_only_member_must_be_so_when_the_change_is_made() {
    let house = House::open().await;
    let acl = json!({ "name": "raced", "acl": "+@read ~*" });
    let made = house.admin.post("/v1/redis_acls", &acl).await.expect(200);
    assert_eq!(made["min_version"], "6.0");
    let path = format!("/v1/redis_acls/{}", made["uid"]);
    // Each says what it has seen. The first that is carried out makes it untrue.
    let change = json!({ "acl": "+@read %R~*", "min_version": "6.0" });
    let answers = join_all((0..16).map(|_| house.admin.put(&path, &change))).await;
    let refused = answers.iter().filter(|answer| answer.status != 200);
    for answer in refused.clone() {
        assert_eq!(answer.refused(400), "invalid_schema");
        assert!(
            answer.description().contains("'min_version'"),
            "{}",
            answer.description()
        );
    }
    assert_eq!(refused.count(), 15);
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_role_of_administrators_is_limited_to_no_databases_whatever_came_first() {
    let house = House::open().await;
    for round in 0..8 {
        let role = json!({ "name": format!("raced {round}"), "management": "db_member" });
        let uid = house.admin.post("/v1/roles", &role).await.expect(200)["uid"].clone();
        let path = format!("/v1/roles/{uid}");
        let (admin, limited) = (
            json!({ "management": "admin" }),
            json!({ "resources": [{ "type": "db", "uids": ["1"] }] }),
        );
        let (admin, limited) = tokio::join!(house.admin.put(&path, &admin), house.admin.put(&path, &limited));
        let refused = if admin.status == 200 { limited } else { admin };
        assert_eq!(refused.refused(400), "unsupported_resource");
    }
    house.server.shutdown().await;
}
