use serde_json::{Value, json};
use time::macros::datetime;

use super::*;

fn connection(changes: &Value) -> Connection {
    let mut connection = json!({
        "listener": "database",
        "database": { "uid": 1, "name": "cache" },
        "address": "127.0.0.1:35004",
        "opened_at": "2026-11-30T13:23:44Z",
        "identity": "certificate",
        "user": { "uid": 5, "name": "app" },
        "certificate": {
            "subject": "CN=app,O=Example",
            "fingerprint": "AB".repeat(32),
            "thumbprint": "CD".repeat(20),
            "not_after": "2027-01-01T00:00:00Z",
        },
        "rests_on": [
            { "kind": "ca", "id": "AB".repeat(32), "name": "CN=Example Team CA" },
            { "kind": "role", "id": "7", "name": "readers" },
            { "kind": "server_certificate" },
        ],
        "valid_until": "2027-01-01T00:00:00Z",
    });
    for (member, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => _ = connection.as_object_mut().unwrap().remove(member),
            value => connection[member] = value.clone(),
        }
    }
    serde_json::from_value(connection).unwrap()
}

#[test]
fn connection_is_read_with_everything_that_the_server_tells() {
    let read = connection(&json!({}));
    assert_eq!(
        (&read.listener, &read.identity),
        (&Listener::Database, &ConnectionIdentity::Certificate)
    );
    assert_eq!(read.opened_at, datetime!(2026-11-30 13:23:44 UTC));
    assert_eq!(read.valid_until, Some(datetime!(2027-01-01 0:00 UTC)));
    assert_eq!(read.database.unwrap().uid, Some(DatabaseUid::from(1)));
    assert_eq!(read.user.unwrap().uid, UserUid::from(5));
    let certificate = read.certificate.unwrap();
    assert_eq!(certificate.fingerprint, Sha256Fingerprint::from_bytes([0xab; 32]));
    assert_eq!(certificate.thumbprint, Thumbprint::from_bytes([0xcd; 20]));
    let kinds: Vec<&RestsOnKind> = read.rests_on.iter().map(|object| &object.kind).collect();
    assert_eq!(
        kinds,
        [&RestsOnKind::Ca, &RestsOnKind::Role, &RestsOnKind::ServerCertificate]
    );
    assert_eq!(read.rests_on[1].id.as_deref(), Some("7"));
}

#[test]
fn words_that_a_newer_server_uses_are_kept() {
    let read = connection(&json!({
        "listener": "syncer",
        "database": null,
        "user": null,
        "certificate": null,
        "identity": "passkey",
        "rests_on": [{ "kind": "passkey", "id": "1", "more": [] }],
        "valid_until": null,
        "member_of_a_newer_server": {},
    }));
    assert_eq!(read.listener, Listener::from("syncer"));
    assert_eq!(read.rests_on[0].kind, RestsOnKind::from("passkey"));
    assert_eq!(read.to_string(), "127.0.0.1:35004 to the listener syncer by passkey");
}

#[test]
fn connection_is_printed_as_from_where_to_where_and_as_whom() {
    let nobody = |listener: &str, identity: &str| {
        json!({
            "listener": listener, "identity": identity,
            "database": null, "user": null, "certificate": null, "rests_on": null, "valid_until": null,
        })
    };
    for (changes, expected) in [
        (json!({}), "database 1 (cache) as user app"),
        (json!({ "user": { "uid": 5 } }), "database 1 (cache) as user 5"),
        (
            json!({ "user": null }),
            "database 1 (cache) with the certificate CN=app,O=Example",
        ),
        (
            json!({ "user": null, "certificate": null, "identity": "anonymous", "database": { "uid": 1 } }),
            "database 1 as the default user",
        ),
        (nobody("ravendb", "unauthenticated"), "the RavenDB API"),
        (
            nobody("redis_enterprise", "password"),
            "the Redis Enterprise API with a password",
        ),
        (nobody("database", "certificate"), "a database with a certificate"),
    ] {
        let printed = connection(&changes).to_string();
        assert_eq!(printed, format!("127.0.0.1:35004 to {expected}"));
    }
}

#[test]
fn no_text_of_a_hostile_server_is_printed_raw_or_at_full_length() {
    let hostile = format!("a\u{1b}[2J\u{202e}b\nc{}", "x".repeat(10_000));
    let read = connection(&json!({
        "address": hostile, "user": { "uid": 5, "name": hostile }, "database": { "uid": 1, "name": hostile },
    }));
    let printed = read.to_string();
    assert!(!printed.contains(['\u{1b}', '\u{202e}', '\n']), "{printed:?}");
    assert!(printed.len() < 1_000, "{}", printed.len());
    let read = connection(&json!({ "listener": hostile, "database": null, "user": null, "identity": hostile }));
    assert!(!read.to_string().contains(['\u{1b}', '\u{202e}', '\n']));
}
