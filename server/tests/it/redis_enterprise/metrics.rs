//! `/metrics`, as whoever watches the server reads it.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::databases::operations;
use super::house::{Client, House};

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

/// What `promtool check metrics` looks for, and what Prometheus refuses.
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
