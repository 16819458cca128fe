//! `/metrics`, as a monitoring system reads it.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, TcpListener};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::DnType;
use serde_json::json;

use super::databases::operations;
use super::house::{Ca, Client, House};

const OPERATIONS: &str = "--Certward.Operations.ServerUrl=http://127.0.0.1:0";

async fn metrics(house: &House) -> String {
    let answer = operations(house, "/metrics").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body.to_owned()
}

/// The value of the one series that begins so.
fn value(metrics: &str, series: &str) -> f64 {
    let values: Vec<_> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix(series)?.rsplit_once(' '))
        .map(|(_, value)| value.parse().unwrap())
        .collect();
    assert_eq!(values.len(), 1, "{series} in {metrics}");
    values[0]
}

/// A CA, trusted by the cluster.
async fn trust(house: &House, ca: &Ca) {
    let body = json!({ "name": "mtls_trusted_ca", "certificate": ca.pem() });
    house.admin.put("/v1/cluster/update_cert", &body).await.expect(200);
}

/// Registers the certificate with RavenDB's API.
async fn register(house: &House, name: &str, der: &[u8]) {
    let ravendb = house.with_server_certificate().at(house.server.ravendb_address());
    let body = json!({
        "Name": name, "Certificate": STANDARD.encode(der), "SecurityClearance": "ValidUser", "Permissions": {},
    });
    let answer = ravendb.put("/admin/certificates", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}

#[tokio::test]
async fn every_certificate_and_ca_says_when_it_expires() {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let upstream = format!("redis://127.0.0.1:{}", nobody.local_addr().unwrap().port());
    drop(nobody);
    let house = House::open_with(&[OPERATIONS, &format!("--Certward.Redis.Upstream=there={upstream}")]).await;
    let (ca, clients) = (Ca::new("Team CA"), Ca::new("Clients of \"there\""));
    trust(&house, &ca).await;
    let database = json!({
        "name": "there", "memory_size": 0, "tls_mode": "enabled", "enforce_client_authentication": "enabled",
        "authentication_ssl_client_certs": [{ "client_cert": clients.pem() }],
    });
    house.admin.post("/v1/bdbs", &database).await.expect(200);
    let (chain, _) = ca.issue(&[(DnType::CommonName, "orders")]);
    register(&house, "orders\\service", &chain[0]).await;

    let text = metrics(&house).await;
    for series in [
        r#"{use="server",name="CN=house.test",thumbprint=""#,
        r#"{use="cluster_ca",name="CN=Team CA",thumbprint=""#,
        r#"{use="client",name="orders\\service",thumbprint=""#,
        r#"{use="cluster_unused",name="cm",thumbprint=""#,
        r#"{use="cluster_unused",name="syncer",thumbprint=""#,
    ] {
        let expiry = value(&text, &format!("certward_certificate_expiry_timestamp_seconds{series}"));
        let first = value(
            &text,
            "certward_certificate_earliest_expiry_timestamp_seconds{use=\"server\"}",
        );
        // Those made for this test are valid for a day or longer from now.
        assert!(expiry >= first, "{series} {expiry} {first}");
    }
    let of_database = text
        .lines()
        .find(|line| line.starts_with("certward_certificate_expiry_timestamp_seconds{use=\"database_trusted\""))
        .unwrap();
    assert!(
        of_database.contains(r#",database="1"} "#) && of_database.contains(r#"Clients of \\\"there\\\""#),
        "{of_database}"
    );
    for (series, expected) in [
        ("certward_certificates{use=\"client\"}", 1.0),
        ("certward_certificates{use=\"well_known_issuer\"}", 0.0),
        // Until an administrator installs `proxy`, the server certificate stands in for it.
        ("certward_certificates{use=\"cluster\"}", 0.0),
        ("certward_certificates_expiring{use=\"server\",within_days=\"1\"}", 1.0),
        ("certward_certificates_expiring{use=\"server\",within_days=\"30\"}", 1.0),
        ("certward_certificates_expired{use=\"client\"}", 0.0),
        ("certward_certificates_unlisted{use=\"client\"}", 0.0),
    ] {
        assert_eq!(value(&text, series), expected, "{series}");
    }

    // What is gone is gone from the metrics, too.
    house.admin.delete("/v1/bdbs/1").await.expect(200);
    trust(&house, &Ca::new("Another CA")).await;
    let text = metrics(&house).await;
    assert!(!text.contains("Team CA") && text.contains("Another CA"), "{text}");
    assert_eq!(value(&text, "certward_certificates{use=\"database_trusted\"}"), 0.0);
    house.server.shutdown().await;
}

#[tokio::test]
async fn connections_are_counted_by_listener_and_by_what_let_them_in() {
    let house = House::open_with(&[OPERATIONS]).await;
    house.user("dana", &[1]).await;
    let basic = house.basic("dana");
    basic.get("/v1/cluster").await.expect(200);
    let stranger = house.stranger();
    assert_eq!(stranger.get("/v1/cluster").await.status, 401);
    let credentials = json!({ "username": "dana", "password": super::house::PASSWORD });
    let token = house
        .stranger()
        .post("/v1/users/authorize", &credentials)
        .await
        .expect(200);
    let token = token["access_token"].as_str().unwrap().to_owned();
    let bearer = house.stranger().with("authorization", &format!("Bearer {token}"));
    bearer.get("/v1/cluster").await.expect(200);
    let ravendb: Client = house.with_server_certificate().at(house.server.ravendb_address());
    ravendb.get("/certificates/whoami").await.expect(200);

    let open = |text: &str, listener: &str, identity: &str| {
        let labels = format!("{{listener=\"{listener}\",identity=\"{identity}\"}}");
        value(text, &format!("certward_connections{labels}"))
    };
    // The connection that asked for the token has been closed, and the server may not have noticed yet.
    let mut text = metrics(&house).await;
    for _ in 0..100 {
        if open(&text, "redis_enterprise", "password") + open(&text, "redis_enterprise", "unauthenticated") == 2.0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        text = metrics(&house).await;
    }
    for (listener, identity, expected) in [
        ("redis_enterprise", "certificate", 1.0),
        ("redis_enterprise", "password", 1.0),
        ("redis_enterprise", "token", 1.0),
        ("redis_enterprise", "unauthenticated", 1.0),
        ("ravendb", "certificate", 1.0),
        ("ravendb", "unauthenticated", 0.0),
        ("database", "anonymous", 0.0),
    ] {
        assert_eq!(open(&text, listener, identity), expected, "{listener} {identity}");
    }
    house.server.shutdown().await;
}

/// Covers the checks of `promtool check metrics`, and everything that Prometheus refuses.
#[tokio::test]
async fn the_metrics_follow_the_conventions_of_prometheus() {
    let house = House::open_with(&[OPERATIONS]).await;
    house.stranger().get("/v1/cluster").await;
    let text = metrics(&house).await;
    let mut kinds: HashMap<&str, &str> = HashMap::new();
    let mut helped = "";
    let mut present = "";
    let mut series = HashSet::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, said) = help.split_once(' ').unwrap();
            assert!(said.ends_with('.'), "{line}");
            helped = name;
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, helped, "every metric is explained");
            assert!(kinds.insert(name, kind).is_none(), "{name} begins twice");
            check_name(name, kind);
            present = name;
        } else {
            let (labelled, number) = line.rsplit_once(' ').unwrap();
            number.parse::<f64>().unwrap_or_else(|error| panic!("{line}: {error}"));
            assert!(series.insert(labelled), "{labelled} is there twice");
            let name = labelled.split('{').next().unwrap();
            let suffix = name
                .strip_prefix(present)
                .unwrap_or_else(|| panic!("{line} is not under {present}"));
            let suffixes: &[&str] = if kinds[present] == "histogram" {
                &["_bucket", "_sum", "_count"]
            } else {
                &[""]
            };
            assert!(suffixes.contains(&suffix), "{line} is not under {present}");
        }
    }
    assert!(kinds.len() > 15 && series.len() > 50, "{text}");
    house.server.shutdown().await;
}

fn check_name(name: &str, kind: &str) {
    let is_plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_';
    assert!(name.starts_with("certward_") && name.chars().all(is_plain), "{name}");
    assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
    for word in name.split('_') {
        let other_units = [
            "milliseconds",
            "minutes",
            "hours",
            "days",
            "kilobytes",
            "megabytes",
            "percent",
            "ratios",
        ];
        let reserved = ["counter", "gauge", "histogram", "bucket", "sum", "count"];
        assert!(!other_units.contains(&word) && !reserved.contains(&word), "{name}");
    }
}
