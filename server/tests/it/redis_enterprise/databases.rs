//! `/v1/bdbs`: databases are made, changed and deleted, and what cannot be is refused with the vendor's codes.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::time::Duration;

use rcgen::{DnType, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;

use super::house::{Ca, House};

/// True if an engine is installed. In CI it must be.
pub(super) fn has_engine() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| {
        ["redis-server", "valkey-server"]
            .iter()
            .any(|name| folder.join(name).is_file())
    });
    assert!(found || std::env::var_os("CI").is_none(), "CI has redis-server");
    if !found {
        eprintln!("skipped: neither redis-server nor valkey-server is installed");
    }
    found
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// A database with mutual TLS of this CA.
fn mutual(name: &str, ca: &Ca) -> Value {
    json!({
        "name": name,
        "memory_size": 100_000_000,
        "tls_mode": "enabled",
        "enforce_client_authentication": "enabled",
        "authentication_ssl_client_certs": [{ "client_cert": ca.pem() }],
    })
}

async fn made(house: &House, body: &Value) -> Value {
    house.admin.post("/v1/bdbs", body).await.expect(200)
}

#[tokio::test]
async fn a_database_is_made_read_changed_and_deleted() {
    if !has_engine() {
        return;
    }
    let house = House::open().await;
    let ca = Ca::new("clients");
    let port = free_port();
    let mut body = mutual("orders", &ca);
    body["port"] = port.into();
    body["client_cert_subject_validation_type"] = "full_subject".into();
    body["authorized_subjects"] =
        json!([{ "CN": "alice", "O": "Acme", "OU": ["a", "b"], "L": "", "ST": "", "C": "US" }]);
    body["roles_permissions"] = json!([{ "role_uid": 6, "redis_acl_uid": 1 }]);
    body["data_persistence"] = "aof".into();
    body["aof_policy"] = "appendfsync-always".into();
    body["default_user"] = false.into();

    let tried = house.admin.post("/v1/bdbs?dry_run", &body).await.expect(200);
    assert!(tried.get("action_uid").is_none());
    assert_eq!(house.admin.get("/v1/bdbs").await.expect(200), json!([]));

    let made = made(&house, &body).await;
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&made[name], value, "{name}");
    }
    assert_eq!((&made["uid"], &made["status"]), (&json!(1), &json!("active")));
    assert_eq!(made["endpoints"][0]["port"], port);
    assert_eq!(made["endpoints"][0]["dns_name"], "127.0.0.1");
    assert!(
        made["version"]
            .as_str()
            .unwrap()
            .starts_with(made["redis_version"].as_str().unwrap())
    );
    let action = format!("/v1/actions/{}", made["action_uid"].as_str().unwrap());
    assert_eq!(house.admin.get(&action).await.expect(200)["status"], "completed");
    assert_eq!(house.admin.get("/v1/bdbs/1/availability").await.status, 200);
    assert_eq!(
        house.admin.get("/v1/local/bdbs/1/endpoint/availability").await.status,
        200
    );

    let read = house.admin.get("/v1/bdbs/1").await.expect(200);
    let fields = house.admin.get("/v1/bdbs?fields=uid,name,nothing").await.expect(200);
    assert_eq!(fields, json!([{ "uid": 1, "name": "orders" }]));
    // What was read can be sent back, and changes nothing.
    let again = house.admin.put("/v1/bdbs/1", &read).await.expect(200);
    assert_eq!(again["last_changed_time"], read["last_changed_time"]);

    let change =
        json!({ "memory_size": 200_000_000, "eviction_policy": "allkeys-lfu", "aof_policy": "appendfsync-every-sec" });
    let tried = house.admin.put("/v1/bdbs/1?dry_run", &change).await.expect(200);
    assert_eq!(tried["memory_size"], 200_000_000);
    assert_eq!(
        house.admin.get("/v1/bdbs/1").await.expect(200)["memory_size"],
        100_000_000
    );
    let changed = house.admin.put("/v1/bdbs/1", &change).await.expect(200);
    for (name, value) in change.as_object().unwrap() {
        assert_eq!(&changed[name], value, "{name}");
    }
    assert_eq!(changed["status"], "active");
    assert_eq!(changed["authorized_subjects"], body["authorized_subjects"]);

    let nodes = house.admin.get("/v1/nodes/1").await.expect(200);
    assert_eq!((&nodes["shard_list"], &nodes["shard_count"]), (&json!([1]), &json!(1)));
    assert_eq!(nodes["supported_database_versions"][0]["version"], made["version"]);
    assert_eq!(house.admin.get("/v1/license").await.expect(200)["ram_shards_in_use"], 1);

    let deleted = house.admin.delete("/v1/bdbs/1").await.expect(200);
    assert!(deleted["action_uid"].is_string());
    assert_eq!(house.admin.get("/v1/bdbs/1").await.refused(404), "db_not_found");
    assert_eq!(house.admin.delete("/v1/bdbs/1").await.refused(404), "db_not_found");
    // The port is free, and the number is not given again.
    body["name"] = "others".into();
    assert_eq!(house.admin.post("/v1/bdbs", &body).await.expect(200)["uid"], 2);
    house.server.shutdown().await;
}

#[tokio::test]
async fn certificates_of_any_purpose_are_allowed_by_a_setting_of_our_own() {
    if !has_engine() {
        return;
    }
    let house = House::open().await;
    let ca = Ca::new("clients");
    let member = "certward_mtls_allow_missing_eku";
    let mut body = mutual("orders", &ca);
    assert_eq!(made(&house, &body).await[member], false);
    body["name"] = "lenient".into();
    body[member] = true.into();
    assert_eq!(made(&house, &body).await[member], true);
    for allowed in [true, false] {
        let change = json!({ member: allowed });
        assert_eq!(
            house.admin.put("/v1/bdbs/1", &change).await.expect(200)[member],
            allowed
        );
        assert_eq!(house.admin.get("/v1/bdbs/1").await.expect(200)[member], allowed);
    }
    for wrong in [json!("true"), json!(1)] {
        let refused = house.admin.put("/v1/bdbs/1", &json!({ member: wrong })).await;
        assert_eq!(refused.refused(400), "invalid_schema");
    }
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_database_without_a_port_is_given_one_and_can_move() {
    if !has_engine() {
        return;
    }
    let house = House::open().await;
    let made = made(
        &house,
        &json!({ "name": "a", "memory_size": 0, "port": 0, "type": "redis" }),
    )
    .await;
    let given = made["port"].as_u64().unwrap();
    assert!((10_000..=19_999).contains(&given), "{given}");
    assert_eq!(made["enforce_client_authentication"], "enabled");
    assert!(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, u16::try_from(given).unwrap())).is_ok());

    let port = free_port();
    let moved = house
        .admin
        .put("/v1/bdbs/1", &json!({ "port": port }))
        .await
        .expect(200);
    assert_eq!((&moved["port"], &moved["status"]), (&json!(port), &json!("active")));
    assert!(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, u16::try_from(given).unwrap())).is_ok());

    let second = json!({ "bdb": { "name": "b", "memory_size": 0, "port": port } });
    assert_eq!(
        house.admin.post("/v2/bdbs", &second).await.refused(406),
        "port_unavailable"
    );
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken = json!({ "name": "b", "memory_size": 0, "port": other.local_addr().unwrap().port() });
    assert_eq!(
        house.admin.post("/v1/bdbs", &taken).await.refused(406),
        "port_unavailable"
    );
    let second = json!({ "bdb": { "name": "b", "memory_size": 0 } });
    assert_eq!(house.admin.post("/v2/bdbs", &second).await.expect(200)["uid"], 2);
    house.server.shutdown().await;
}

#[tokio::test]
async fn what_a_new_database_cannot_be_is_refused_with_the_vendors_code() {
    if !has_engine() {
        return;
    }
    let house = House::open().await;
    let ca = Ca::new("clients");
    made(&house, &json!({ "name": "taken", "memory_size": 0, "uid": 7 })).await;
    let whole = |changes: Value| {
        let mut body = json!({ "name": "new", "memory_size": 0 });
        body.as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        body
    };
    let certificates = |pem: &[String]| {
        let all: Vec<_> = pem.iter().map(|pem| json!({ "client_cert": pem })).collect();
        whole(json!({ "authentication_ssl_client_certs": all }))
    };
    let (_, key) = ca.issue(&[(DnType::CommonName, "x")]);
    for (body, status, code) in [
        (json!({ "memory_size": 0 }), 406, "missing_db_name"),
        (json!({ "name": "new" }), 406, "missing_memory_size"),
        (whole(json!({ "uid": 7 })), 409, "uid_exists"),
        (whole(json!({ "name": "taken" })), 409, "name_already_exists"),
        (whole(json!({ "name": "a b" })), 400, "invalid_schema"),
        (whole(json!({ "memory_size": -1 })), 400, "invalid_schema"),
        (whole(json!({ "colour": "red" })), 400, "invalid_schema"),
        (whole(json!({ "eviction_policy": "some" })), 400, "invalid_schema"),
        (
            whole(json!({ "data_persistence": "snapshot" })),
            406,
            "invalid_data_persistence",
        ),
        (
            whole(json!({ "snapshot_policy": [{ "secs": 60, "writes": 1 }] })),
            406,
            "invalid_data_persistence",
        ),
        (
            whole(json!({ "aof_policy": "appendfsync-always" })),
            406,
            "invalid_data_persistence",
        ),
        (whole(json!({ "tls_mode": "enabled" })), 406, "invalid_certificate"),
        (whole(json!({ "ssl": true })), 406, "invalid_certificate"),
        (whole(json!({ "tls_mode": "replica_ssl" })), 406, "not_supported"),
        (certificates(&["no certificate".to_owned()]), 406, "invalid_certificate"),
        (certificates(&[key.serialize_pem()]), 406, "invalid_certificate"),
        (certificates(&[ca.pem(), ca.pem()]), 406, "duplicated_certs"),
        (certificates(&[expired()]), 406, "certificate_expired"),
        (
            whole(json!({ "authorized_subjects": [{ "O": "Acme" }] })),
            400,
            "missing_field",
        ),
        (
            whole(json!({ "roles_permissions": [{ "role_uid": 99, "redis_acl_uid": 1 }] })),
            406,
            "invalid_roles_permissions",
        ),
        (
            whole(json!({ "roles_permissions": [{ "role_uid": 6, "redis_acl_uid": 99 }] })),
            406,
            "invalid_roles_permissions",
        ),
        (
            whole(json!({ "roles_permissions": [
                { "role_uid": 6, "redis_acl_uid": 1 },
                { "role_uid": 6, "redis_acl_uid": 2 },
            ] })),
            406,
            "invalid_roles_permissions",
        ),
        (
            whole(json!({ "roles_permissions": vec![json!({ "role_uid": 6, "redis_acl_uid": 1 }); 1001] })),
            406,
            "invalid_roles_permissions",
        ),
        (whole(json!({ "replication": true })), 406, "invalid_replication"),
        (whole(json!({ "sharding": true })), 406, "invalid_sharding"),
        (whole(json!({ "shards_count": 2 })), 406, "invalid_sharding"),
        (
            whole(json!({ "oss_cluster": true })),
            406,
            "invalid_oss_cluster_configuration",
        ),
        (whole(json!({ "rack_aware": true })), 406, "not_rack_aware"),
        (
            whole(json!({ "proxy_policy": "all-nodes" })),
            406,
            "invalid_proxy_policy",
        ),
        (whole(json!({ "redis_version": "1.0" })), 406, "invalid_version"),
        (
            whole(json!({ "module_list": [{ "module_name": "search" }] })),
            406,
            "missing_module",
        ),
        (whole(json!({ "type": "memcached" })), 406, "not_supported"),
        (whole(json!({ "crdt": true })), 406, "not_supported"),
        (
            whole(json!({ "authentication_sasl_uname": "a" })),
            406,
            "invalid_sasl_credentials",
        ),
    ] {
        let answer = house.admin.post("/v1/bdbs", &body).await;
        assert_eq!(answer.refused(status), code, "{body}: {}", answer.body);
    }
    // What holds anyway may be said.
    let holds = whole(json!({ "replication": false, "shards_count": 1, "type": "redis", "proxy_policy": "single" }));
    house.admin.post("/v1/bdbs?dry_run", &holds).await.expect(200);
    let recovery = json!({ "bdb": whole(json!({})), "recovery_plan": {} });
    assert_eq!(
        house.admin.post("/v2/bdbs", &recovery).await.refused(406),
        "not_supported"
    );
    assert_eq!(
        house.admin.put("/v1/bdbs/7", &json!({ "uid": 8 })).await.refused(400),
        "invalid_schema"
    );
    assert_eq!(
        house
            .admin
            .put("/v1/bdbs/7/reset_admin_pass", &json!({}))
            .await
            .refused(406),
        "not_supported"
    );
    assert_eq!(
        house.admin.put("/v1/bdbs/7/dance", &json!({})).await.refused(404),
        "not_found"
    );
    assert_eq!(
        house.admin.put("/v1/bdbs/8/flush", &json!({})).await.refused(404),
        "db_not_found"
    );
    assert_eq!(
        house.admin.get("/v1/bdbs/8/availability").await.refused(404),
        "db_not_found"
    );
    house.server.shutdown().await;
}

#[tokio::test]
async fn the_default_users_passwords_are_set_added_and_removed_and_never_shown() {
    if !has_engine() {
        return;
    }
    let house = House::open().await;
    let body = json!({ "name": "a", "memory_size": 0, "authentication_redis_pass": "first-password" });
    let made = made(&house, &body).await;
    assert_eq!(made["authentication_redis_pass"], "");
    let path = "/v1/bdbs/1/passwords";
    let password = |password: &str| json!({ "password": password });
    house.admin.post(path, &password("second-password")).await.expect(200);
    let gone = password("first-password").to_string();
    house.admin.send("DELETE", path, &gone).await.expect(200);
    assert_eq!(
        house.admin.send("DELETE", path, &gone).await.refused(406),
        "password_not_exist"
    );
    house.admin.put(path, &password("third-password")).await.expect(200);
    for number in 1..8 {
        house
            .admin
            .post(path, &password(&format!("password-{number}")))
            .await
            .expect(200);
    }
    assert_eq!(
        house.admin.post(path, &password("one-more")).await.refused(406),
        "too_many_passwords"
    );
    assert_eq!(
        house.admin.put(path, &password("")).await.refused(400),
        "invalid_schema"
    );
    assert_eq!(
        house
            .admin
            .put("/v1/bdbs/2/passwords", &password("x"))
            .await
            .refused(404),
        "db_not_found"
    );
    let shown = house.admin.get("/v1/bdbs/1").await.expect(200).to_string();
    assert!(!shown.contains("password-") && !shown.contains("-password"), "{shown}");
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_database_has_a_server_certificate_of_its_own_until_it_is_taken_away() {
    if !has_engine() {
        return;
    }
    let house = House::open().await;
    for name in ["a", "b"] {
        made(&house, &json!({ "name": name, "memory_size": 0 })).await;
    }
    let path = "/v1/bdbs/1/certificates";
    assert_eq!(house.admin.get(path).await.refused(404), "certificate_not_exist");
    let key = KeyPair::generate().unwrap();
    let certificate = super::house::params("db.example").self_signed(&key).unwrap();
    let upload = json!({ "cert": certificate.pem(), "private_key": key.serialize_pem() });
    house.admin.post(&format!("{path}?dry_run"), &upload).await.expect(200);
    assert_eq!(house.admin.get(path).await.refused(404), "certificate_not_exist");
    let put = house.admin.post(path, &upload).await.expect(200);
    assert_eq!(
        (&put["bdb_uid"], &put["cert"]),
        (&json!("1"), &json!(certificate.pem()))
    );
    assert!(put.get("private_key").is_none() && put["not_after"].as_str().unwrap().ends_with('Z'));
    assert_eq!(house.admin.get(path).await.expect(200), put);
    assert_eq!(house.admin.get("/v1/bdbs/certificates").await.expect(200), json!([put]));
    for (query, count) in [
        ("page=1&page_size=1", 1),
        ("page=2&page_size=1", 0),
        ("tls_mode=enabled", 0),
        ("tls_mode=disabled", 1),
        ("expires_before=2020-01-01T00:00:00Z", 0),
        ("expires_before=4000000000", 1),
    ] {
        let listed = house
            .admin
            .get(&format!("/v1/bdbs/certificates?{query}"))
            .await
            .expect(200);
        assert_eq!(listed.as_array().unwrap().len(), count, "{query}");
    }
    assert_eq!(
        house.admin.get("/v1/bdbs/certificates?page=0").await.refused(400),
        "invalid_query"
    );

    let other = json!({ "cert": certificate.pem(), "private_key": KeyPair::generate().unwrap().serialize_pem() });
    assert_eq!(house.admin.post(path, &other).await.refused(400), "invalid_certificate");
    let outdated = json!({ "cert": expired(), "private_key": key.serialize_pem() });
    assert_eq!(
        house.admin.post(path, &outdated).await.refused(406),
        "certificate_expired"
    );
    house.admin.delete(path).await.expect(200);
    assert_eq!(house.admin.delete(path).await.refused(404), "certificate_not_exist");
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_role_limited_to_databases_reaches_them_and_no_other() {
    if !has_engine() {
        return;
    }
    let house = House::open().await;
    for name in ["a", "b"] {
        made(&house, &json!({ "name": name, "memory_size": 0 })).await;
    }
    let role = json!({ "name": "b's", "management": "db_member", "resources": [{ "type": "db", "uids": ["2"] }] });
    let role = json!({ "name": "limited", "management": role["management"], "resources": role["resources"] });
    let role = house.admin.post("/v1/roles", &role).await.expect(200)["uid"]
        .as_u64()
        .unwrap();
    house.user("limited", &[u32::try_from(role).unwrap()]).await;
    let limited = house.basic("limited");
    let names = limited.get("/v1/bdbs?fields=name").await.expect(200);
    assert_eq!(names, json!([{ "name": "b" }]));
    limited
        .put("/v1/bdbs/2", &json!({ "memory_size": 1_000_000 }))
        .await
        .expect(200);
    for (method, path, body) in [
        ("GET", "/v1/bdbs/1", ""),
        ("GET", "/v1/bdbs/1/availability", ""),
        ("GET", "/v1/bdbs/1/certificates", ""),
        ("PUT", "/v1/bdbs/1", "{\"memory_size\": 1}"),
        ("PUT", "/v1/bdbs/1/flush", "{}"),
        ("PUT", "/v1/bdbs/1/passwords", "{\"password\": \"x\"}"),
        ("DELETE", "/v1/bdbs/1/certificates", ""),
        ("DELETE", "/v1/bdbs/1", ""),
        ("POST", "/v1/bdbs", "{\"name\": \"c\", \"memory_size\": 0}"),
    ] {
        assert_eq!(
            limited.send(method, path, body).await.refused(403),
            "unauthorized_action",
            "{method} {path}"
        );
    }
    limited.delete("/v1/bdbs/2").await.expect(200);
    house.server.shutdown().await;
}

#[tokio::test]
async fn roles_and_acls_that_databases_name_stay() {
    if !has_engine() {
        return;
    }
    let house = House::open().await;
    let role = house
        .admin
        .post("/v1/roles", &json!({ "name": "app" }))
        .await
        .expect(200)["uid"]
        .clone();
    let acl = json!({ "name": "app", "acl": "+@read ~*" });
    let acl = house.admin.post("/v1/redis_acls", &acl).await.expect(200)["uid"].clone();
    let body = json!({
        "name": "a",
        "memory_size": 0,
        "roles_permissions": [{ "role_uid": role, "redis_acl_uid": acl }],
    });
    made(&house, &body).await;
    let (role, acl) = (format!("/v1/roles/{role}"), format!("/v1/redis_acls/{acl}"));
    assert_eq!(house.admin.delete(&role).await.refused(406), "role_in_use");
    assert_eq!(house.admin.delete(&acl).await.refused(406), "redis_acl_in_use");
    let none = json!({ "roles_permissions": [] });
    house.admin.put("/v1/bdbs/1", &none).await.expect(200);
    house.admin.delete(&role).await.expect(200);
    house.admin.delete(&acl).await.expect(200);
    house.server.shutdown().await;
}

#[tokio::test]
async fn rules_that_the_engine_does_not_know_are_refused_for_a_database() {
    if !has_engine() {
        return;
    }
    let house = House::open().await;
    made(&house, &json!({ "name": "a", "memory_size": 0 })).await;
    let acl = json!({ "name": "search", "acl": "+ft.search ~*" });
    let acl = house.admin.post("/v1/redis_acls", &acl).await.expect(200)["uid"].clone();
    let body = json!({ "roles_permissions": [{ "role_uid": 6, "redis_acl_uid": acl }] });
    let answer = house.admin.put("/v1/bdbs/1", &body).await;
    // An engine with the module built in knows it.
    if answer.status != 200 {
        assert_eq!(answer.refused(406), "redis_acl_unsupported");
    }
    house.server.shutdown().await;
}

#[tokio::test]
async fn without_an_engine_a_database_is_refused_with_what_to_install_and_all_else_works() {
    let house = House::open_with(&["--Certward.Redis.ServerPath=/nowhere/redis-server"]).await;
    let body = json!({ "name": "a", "memory_size": 0 });
    let answer = house.admin.post("/v1/bdbs", &body).await;
    assert_eq!(answer.refused(406), "insufficient_resources");
    assert!(
        answer.description().contains("Certward.Redis.ServerPath"),
        "{}",
        answer.body
    );
    assert_eq!(house.admin.get("/v1/bdbs").await.expect(200), json!([]));
    house.server.shutdown().await;
}

#[tokio::test]
async fn databases_and_their_data_are_there_after_a_restart_of_the_server() {
    if !has_engine() {
        return;
    }
    let house = House::open().await;
    let ca = Ca::new("clients");
    let mut body = mutual("kept", &ca);
    body["data_persistence"] = "aof".into();
    let made = made(&house, &body).await;
    let house = house.restart().await;
    let mut read = Value::Null;
    for _ in 0..200 {
        read = house.admin.get("/v1/bdbs/1").await.expect(200);
        if read["status"] == "active" {
            break;
        }
        assert_eq!(read["status"], "recovery");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (mut made, mut read) = (made, read);
    for database in [&mut made, &mut read] {
        database.as_object_mut().unwrap().remove("action_uid");
    }
    assert_eq!(read, made);
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_flush_empties_the_database_and_its_password_opens_it() {
    if !has_engine() {
        return;
    }
    let house = House::open().await;
    let body = json!({ "name": "a", "memory_size": 0, "authentication_redis_pass": "first" });
    let made = made(&house, &body).await;
    let port = u16::try_from(made["port"].as_u64().unwrap()).unwrap();
    assert!(ask(port, &["PING"]).await[0].starts_with("-NOAUTH"));
    assert_eq!(
        ask(port, &["AUTH first", "SET a 1", "DBSIZE"]).await,
        ["+OK", "+OK", ":1"]
    );
    house
        .admin
        .put("/v1/bdbs/1/flush?dry_run", &json!({}))
        .await
        .expect(200);
    assert_eq!(ask(port, &["AUTH first", "DBSIZE"]).await, ["+OK", ":1"]);
    let flushed = house
        .admin
        .put("/v1/bdbs/1/flush", &json!({ "memory_size": 50_000_000 }))
        .await;
    let flushed = flushed.expect(200);
    assert_eq!(
        (&flushed["memory_size"], &flushed["status"]),
        (&json!(50_000_000), &json!("active"))
    );
    assert_eq!(ask(port, &["AUTH first", "DBSIZE"]).await, ["+OK", ":0"]);
    house
        .admin
        .put("/v1/bdbs/1/passwords", &json!({ "password": "second" }))
        .await
        .expect(200);
    assert!(ask(port, &["AUTH first"]).await[0].starts_with("-WRONGPASS"));
    assert_eq!(ask(port, &["AUTH second", "DBSIZE"]).await, ["+OK", ":0"]);
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_database_is_put_before_a_redis_that_is_there_and_leaves_its_data_to_it() {
    if !has_engine() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let upstream = free_port();
    let Ok(mut redis) = Command::new("redis-server")
        .args(["--port", &upstream.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .spawn()
    else {
        return eprintln!("skipped: there is no redis-server");
    };
    let house = House::open_with(&[&format!("--Certward.Redis.Upstream=there=redis://127.0.0.1:{upstream}")]).await;
    let made = made(&house, &json!({ "name": "there", "memory_size": 0 })).await;
    let port = u16::try_from(made["port"].as_u64().unwrap()).unwrap();
    let mut usable = false;
    for _ in 0..100 {
        usable = house.admin.get("/v1/bdbs/1/availability").await.status == 200;
        if usable {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(usable);
    assert_eq!(ask(port, &["SET a 1"]).await, ["+OK"]);
    assert_eq!(ask(upstream, &["EXISTS a"]).await, [":1"]);
    house.admin.delete("/v1/bdbs/1").await.expect(200);
    assert_eq!(ask(upstream, &["EXISTS a"]).await, [":1"]);
    house.server.shutdown().await;
    redis.kill().unwrap();
    redis.wait().unwrap();
}

#[tokio::test]
async fn a_database_that_cannot_be_used_says_why() {
    // A port where nothing listens.
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let upstream = nobody.local_addr().unwrap().port();
    drop(nobody);
    let house = House::open_with(&[
        &format!("--Certward.Redis.Upstream=there=redis://127.0.0.1:{upstream}"),
        "--Certward.Operations.ServerUrl=http://127.0.0.1:0",
    ])
    .await;
    let made = made(&house, &json!({ "name": "there", "memory_size": 0 })).await;
    let mut read = made;
    for _ in 0..200 {
        if read["status"] == "creation-failed" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        read = house.admin.get("/v1/bdbs/1").await.expect(200);
    }
    assert_eq!(read["status"], "creation-failed");
    let warning = read["certward_warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("the database cannot be used: the engine of the database cannot be reached"),
        "{warning}"
    );
    let ready = operations(&house, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    let line = "database 1 (there) is creation-failed: the database cannot be used: the engine of the database cannot be reached";
    assert!(ready.contains(&format!("\r\n\r\nready\n{line}")), "{ready}");
    let metrics = operations(&house, "/metrics").await;
    for line in [
        "# HELP certward_databases Databases, by status.",
        "# TYPE certward_databases gauge",
        "certward_build_info{version=",
        "certward_certificate_expiry_timestamp_seconds{use=\"server\",",
        "certward_store_bytes{file=\"database\"}",
        // Other servers of this process have databases of their own.
        "certward_databases{status=\"creation-failed\"} ",
    ] {
        assert!(metrics.contains(&format!("\n{line}")), "{line} is not in {metrics}");
    }
    house.server.shutdown().await;
}

/// The answer of the listener for health and metrics.
pub(super) async fn operations(house: &House, path: &str) -> String {
    let mut plain = TcpStream::connect(house.server.operations_address().unwrap())
        .await
        .unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    plain.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The first line of the answer to each command, on a connection without TLS.
pub(super) async fn ask(port: u16, commands: &[&str]) -> Vec<String> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let mut stream = BufStream::new(stream);
    let mut answers = Vec::new();
    for command in commands {
        stream.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        let mut line = String::new();
        let read = stream.read_line(&mut line);
        tokio::time::timeout(Duration::from_secs(10), read)
            .await
            .unwrap()
            .unwrap();
        answers.push(line.trim_end().to_owned());
    }
    answers
}

/// A certificate that has expired.
fn expired() -> String {
    let mut params = super::house::params("expired");
    params.not_before = time::OffsetDateTime::UNIX_EPOCH;
    params.not_after = time::OffsetDateTime::UNIX_EPOCH + time::Duration::DAY;
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}
