use serde_json::{Value, json};

use super::*;

fn identity(identity: Value) -> AffectedIdentity {
    serde_json::from_value(identity).unwrap()
}

#[test]
fn identity_is_printed_with_the_places_where_it_loses_rights() {
    let databases: Vec<Value> = (1..=7).map(|uid| json!({ "uid": uid, "name": "cache" })).collect();
    for (affected, expected) in [
        (
            json!({ "kind": "user", "id": "5", "name": "app", "databases": [databases[0]], "api": true }),
            "user app: database 1 (cache), the administration API",
        ),
        (json!({ "kind": "user", "id": "5" }), "user 5"),
        (
            json!({ "kind": "certificate", "id": "AB", "name": "ops", "databases": [{ "name": "Orders" }], "api": false }),
            "certificate ops: database Orders",
        ),
        (
            json!({ "kind": "group", "id": "5", "name": "a\u{1b}b", "databases": databases[..6] }),
            "group a\\u{1b}b: database 1 (cache), database 2 (cache), database 3 (cache), database 4 (cache), \
             database 5 (cache), 1 more database",
        ),
    ] {
        assert_eq!(identity(affected).to_string(), expected);
    }
    let many = identity(json!({ "kind": "user", "id": "5", "databases": databases }));
    assert!(many.to_string().ends_with(", 2 more databases"), "{many}");
}

#[test]
fn effect_is_empty_only_when_nothing_is_counted_or_listed() {
    let effect = |effect: Value| serde_json::from_value::<RemovalEffect>(effect).unwrap();
    assert!(effect(json!({ "connections_total": 0, "identities_total": 0 })).is_empty());
    assert!(!effect(json!({ "connections_total": 1, "identities_total": 0 })).is_empty());
    let listed =
        json!({ "connections_total": 0, "identities_total": 0, "identities": [{ "kind": "user", "id": "5" }] });
    assert!(!effect(listed).is_empty());
    // Another product's JSON is not "nothing".
    assert!(serde_json::from_value::<RemovalEffect>(json!({})).is_err());
}
