//! Early refusals and their form (`docs/contracts/redis-enterprise.md#wire-conventions`).

use certward_server::redis_enterprise::api::ROUTES;
use serde_json::json;

use super::house::{House, PASSWORD};

#[tokio::test]
async fn unknown_paths_wrong_methods_and_wrong_headers_are_told_apart() {
    let house = House::open().await;
    let stranger = house.stranger();
    for path in [
        "/v1/user",
        "/v1/users/",
        "/",
        "/v2/users",
        "/v1/users/1/roles",
        "/V1/users",
    ] {
        let answer = stranger.get(path).await;
        assert_eq!(answer.refused(404), "not_found", "{path}");
        assert_eq!(answer.header("cluster-state-id"), None);
    }
    let answer = stranger.delete("/v1/users").await;
    assert_eq!(answer.refused(405), "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET, HEAD, POST"));
    let answer = stranger.send("OPTIONS", "/v1/roles/7", "").await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (200, Some("GET, HEAD, PUT, DELETE"))
    );

    let versioned = house.stranger().with("x-api-version", "9");
    assert_eq!(
        versioned.get("/v1/cluster").await.refused(505),
        "unsupported_api_version"
    );
    let versioned = house.with_server_certificate().with("x-api-version", "1");
    versioned.get("/v1/cluster").await.expect(200);

    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let client = house.with_server_certificate().with("content-type", content_type);
        let answer = client.put("/v1/cluster", &json!({})).await;
        assert_eq!(answer.refused(400), "invalid_content_type", "{content_type}");
    }
    let client = house.with_server_certificate().with("content-encoding", "gzip");
    let answer = client.put("/v1/cluster", &json!({})).await;
    assert_eq!(answer.refused(415), "unsupported_content_encoding");
    house.server.shutdown().await;
}

#[tokio::test]
async fn who_is_not_let_in_is_asked_for_credentials() {
    let house = House::open().await;
    house.user("alice", &[3]).await;
    let answer = house.stranger().get("/v1/cluster").await;
    assert_eq!(answer.refused(401), "unauthorized");
    assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="));
    assert_eq!(answer.header("cluster-state-id"), None);

    for (name, value) in [
        ("authorization", "Basic"),
        ("authorization", "Basic !!!"),
        ("authorization", "Digest username=\"alice\""),
        ("authorization", "JWT a.b.c"),
        ("authorization", "Bearer "),
        // What the vendor's gateway would say, and a client can say too.
        ("r-auth-user", "1"),
        ("x-forwarded-client-cert", "Subject=\"CN=alice\""),
        ("x-ssl-client-cert", "-----BEGIN CERTIFICATE-----"),
    ] {
        let answer = house.stranger().with(name, value).get("/v1/cluster").await;
        assert_eq!(answer.refused(401), "unauthorized", "{name}: {value}");
    }
    // The header wins over the certificate, also when it is wrong.
    let client = house
        .with_server_certificate()
        .with("authorization", "Basic YWxpY2U6d3Jvbmc=");
    assert_eq!(client.get("/v1/cluster").await.refused(401), "unauthorized");
    house.basic("alice").get("/v1/cluster").await.expect(200);
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_page_of_another_site_makes_no_browser_send_anything() {
    let house = House::open().await;
    for origin in ["https://elsewhere.example", "null", "https://localhost:1"] {
        let browser = house.with_server_certificate().with("origin", origin);
        let answer = browser.send("POST", "/v1/cluster/certificates/rotate", "").await;
        assert_eq!(answer.refused(403), "foreign_origin", "{origin}");
    }
    let own = house.with_server_certificate().with("origin", "https://localhost");
    own.get("/v1/cluster").await.expect(200);
    house.server.shutdown().await;
}

#[tokio::test]
async fn a_body_that_breaks_its_schema_is_refused_by_name() {
    let house = House::open().await;
    for (method, path, body, code, words) in [
        ("PUT", "/v1/cluster", "", "empty_request", "no body"),
        ("PUT", "/v1/cluster", "[]", "invalid_schema", "an array"),
        ("PUT", "/v1/cluster", "{", "invalid_json", "ends before"),
        ("PUT", "/v1/cluster", "{\"a\":1}x", "invalid_json", "column 8"),
        (
            "PUT",
            "/v1/cluster",
            "{\"cm_port\":8443,\"cm_port\":8444}",
            "invalid_json",
            "'cm_port' is given more than once",
        ),
        (
            "PUT",
            "/v1/cluster",
            "{\"mtls_certificate_authentification\":true}",
            "invalid_schema",
            "did you mean 'mtls_certificate_authentication'?",
        ),
        (
            "PUT",
            "/v1/cluster",
            "{\"min_control_tls_version\":\"1.3\"}",
            "invalid_schema",
            "did you mean 'min_control_TLS_version'?",
        ),
        (
            "PUT",
            "/v1/cluster",
            "{\"mtls_client_cert_subject_validation_type\":\"SAN_CN\"}",
            "invalid_schema",
            "one of \"disabled\", \"san_cn\", \"full_subject\"",
        ),
        (
            "PUT",
            "/v1/cluster",
            "{\"password_min_length\":7}",
            "invalid_schema",
            "from 8 to 256",
        ),
        (
            "PUT",
            "/v1/cluster",
            "{\"name\":\"other\"}",
            "invalid_schema",
            "'name' cannot be changed",
        ),
        (
            "PUT",
            "/v1/cluster",
            "{\"slave_ha\":false}",
            "invalid_schema",
            "'slave_ha' cannot be changed",
        ),
        (
            "PUT",
            "/v1/cluster",
            "{\"mtls_authorized_subjects\":[{\"CN\":\"a\"},{\"O\":\"b\"}]}",
            "missing_field",
            "'mtls_authorized_subjects[1].CN' is missing",
        ),
        (
            "PUT",
            "/v1/cluster/certificates",
            "{\"certificates\":[{\"name\":\"proxy\",\"certificate\":\"\",\"chain\":\"\"}]}",
            "invalid_schema",
            "'certificates[0].chain'",
        ),
        (
            "PUT",
            "/v1/cluster/certificates",
            "{\"certificates\":[]}",
            "invalid_schema",
            "at least one",
        ),
        (
            "PUT",
            "/v1/cluster/update_cert",
            "{\"name\":\"king\",\"certificate\":\"\"}",
            "invalid_certificate_name",
            "mtls_trusted_ca",
        ),
        (
            "POST",
            "/v1/users",
            "{\"name\":\"a\\u0000b\"}",
            "invalid_schema",
            "'name' is a string; it must be",
        ),
        (
            "POST",
            "/v1/users",
            "{\"email\":\"nobody\"}",
            "invalid_schema",
            "an e-mail address",
        ),
        (
            "POST",
            "/v1/users",
            "{\"role_uids\":[1,1]}",
            "invalid_schema",
            "no two alike",
        ),
        (
            "POST",
            "/v1/users",
            "{\"role\":\"admin\",\"role_uids\":[1]}",
            "illegal_fields_combination",
            "exclude each other",
        ),
        (
            "POST",
            "/v1/users",
            "{\"auth_method\":\"certificate\",\"certificate_subject_line\":\"alice\"}",
            "invalid_certificate_subject_line",
            "CN=alice",
        ),
        (
            "POST",
            "/v1/users",
            "{\"name\":\"a\",\"password\":\"x\",\"password_hash_method\":1}",
            "not_supported",
            "password_hash_method",
        ),
        (
            "POST",
            "/v1/roles",
            "{\"name\":\"a/b\"}",
            "invalid_schema",
            "letters, digits",
        ),
        (
            "POST",
            "/v1/roles",
            "{\"name\":\"a\",\"management\":\"king\"}",
            "invalid_schema",
            "\"user_manager\"",
        ),
        (
            "POST",
            "/v1/roles",
            "{\"name\":\"a\",\"management\":\"admin\",\"resources\":[{\"type\":\"db\",\"uids\":[\"1\"]}]}",
            "unsupported_resource",
            "limits db_member and db_viewer",
        ),
        (
            "POST",
            "/v1/redis_acls",
            "{\"name\":\"a\",\"acl\":\"+@raed ~*\"}",
            "invalid_param",
            "did you mean 'read'?",
        ),
        (
            "POST",
            "/v1/redis_acls",
            "{\"name\":\"a\"}",
            "missing_field",
            "'acl' is missing",
        ),
        ("POST", "/v1/users?dry_run=perhaps", "{}", "invalid_query", "dry_run"),
        (
            "POST",
            "/v1/users?dry_run&dry_run",
            "{}",
            "invalid_query",
            "more than once",
        ),
        (
            "PUT",
            "/v1/license",
            "{\"license\":\"free\"}",
            "invalid_license",
            "LICENSE START",
        ),
        (
            "PUT",
            "/v1/ocsp",
            "{\"ocsp_functionality\":true}",
            "no_responder_url",
            "no OCSP responder",
        ),
        (
            "PUT",
            "/v1/ocsp",
            "{\"query_frequency\":59}",
            "invalid_schema",
            "from 60 to 86400",
        ),
        (
            "POST",
            "/v1/users/authorize",
            "{\"ttl\":86401}",
            "invalid_schema",
            "from 1 to 86400",
        ),
        (
            "POST",
            "/v1/users/authorize",
            "{\"username\":\"a\"}",
            "missing_field",
            "go together",
        ),
    ] {
        let answer = house.admin.send(method, path, body).await;
        let status = if code == "invalid_certificate_name" { 403 } else { 400 };
        assert_eq!(answer.refused(status), code, "{body}");
        assert!(answer.description().contains(words), "{body}: {}", answer.body);
    }
    assert_eq!(
        house.admin.get("/v1/jsonschema?object=king").await.refused(406),
        "unknown_object"
    );
    house.server.shutdown().await;
}

#[tokio::test]
async fn the_state_id_grows_by_one_with_each_change_and_with_nothing_else() {
    let house = House::open().await;
    let state_id = async || -> u64 {
        let answer = house.admin.get("/v1/cluster").await;
        answer.header("cluster-state-id").unwrap().parse().unwrap()
    };
    let before = state_id().await;
    assert_eq!(state_id().await, before);
    house
        .admin
        .put("/v1/cluster", &json!({ "password_min_length": 8 }))
        .await
        .expect(200);
    house
        .admin
        .put("/v1/cluster?dry_run", &json!({ "password_min_length": 9 }))
        .await
        .expect(200);
    let user = json!({ "name": "alice", "password": PASSWORD, "role_uids": [3] });
    house.admin.post("/v1/users?dry_run=true", &user).await.expect(200);
    house
        .admin
        .post("/v1/users", &json!({ "name": "bob" }))
        .await
        .refused(400);
    assert_eq!(state_id().await, before);
    house
        .admin
        .put("/v1/cluster", &json!({ "password_min_length": 9 }))
        .await
        .expect(200);
    let changed = house.admin.post("/v1/users", &user).await;
    assert_eq!(
        changed.header("cluster-state-id"),
        Some((before + 2).to_string().as_str())
    );
    house.server.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_tried_is_not_done_when_a_trial_is_asked_for() {
    let house = House::open().await;
    let mut asked = 0;
    for route in ROUTES {
        let changes_nothing = route.method == "GET"
            || ["/authorize", "/refresh_jwt"]
                .iter()
                .any(|end| route.path.ends_with(end));
        if route.dry_run || changes_nothing {
            continue;
        }
        let path = route
            .path
            .replace("{uid}", "1")
            .replace("{certificate_name}", "ldap_client");
        let answer = house.admin.send(route.method, &format!("{path}?dry_run"), "{}").await;
        assert_eq!(answer.refused(400), "not_supported", "{} {path}", route.method);
        asked += 1;
    }
    assert!(asked > 10, "{asked} routes");
    house.server.shutdown().await;
}

#[tokio::test]
async fn unknown_query_parameter_is_refused_on_every_route_of_certwards_own_and_on_no_other() {
    let house = House::open().await;
    let admin = house.with_server_certificate();
    let own = |path: &str| path.contains("/certward/");
    let mut seen = 0;
    for route in ROUTES.iter().filter(|route| own(route.path)) {
        let path = route.path.replace("{kind}", "roles").replace("{id}", "1");
        let answer = admin.send(route.method, &format!("{path}?nonsense=1"), "").await;
        assert_eq!(answer.refused(400), "invalid_query", "{path}");
        assert!(
            answer.description().contains("no query parameter 'nonsense'; it has '"),
            "{path}"
        );
        admin.send(route.method, &path, "").await.expect(200);
        seen += 1;
    }
    assert!(seen > 1);
    let answer = admin.get("/v1/certward/connections?ofset=1&limit=5").await;
    assert!(answer.description().ends_with("'ofset'; it has 'offset' and 'limit'"));
    admin.get("/v1/certward/connections?offset=0&limit=5").await.expect(200);
    // As on a real cluster.
    admin.get("/v1/users?nonsense=1").await.expect(200);
    house.server.shutdown().await;
}

#[tokio::test]
async fn database_that_a_certificate_is_to_be_removed_from_and_that_does_not_exist_is_named() {
    let house = House::open().await;
    let path = format!("/v1/certward/removals/certificates/{}", "ab".repeat(32));
    let admin = house.with_server_certificate();
    let answer = admin.get(&format!("{path}?bdb=99")).await;
    assert_eq!(answer.refused(404), "db_not_found");
    assert_eq!(
        answer.description(),
        "the query parameter 'bdb' names the database 99, which does not exist"
    );
    assert_eq!(
        admin.get(&format!("{path}?bdb=0")).await.refused(404),
        "certificate_not_exist"
    );
    house.server.shutdown().await;
}
