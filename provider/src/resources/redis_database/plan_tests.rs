use certward::pki::certificates_from_pem;
use time::macros::datetime;

use super::super::model::{RolePermissionState, SnapshotPolicyState};
use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-21 0:00 UTC);

fn text(text: &str) -> Value<String> {
    Value::Value(text.to_owned())
}

fn certificate(not_after: OffsetDateTime) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Team CA");
    params.not_before = not_after - time::Duration::DAY;
    params.not_after = not_after;
    params.self_signed(&key).unwrap().pem()
}

fn config() -> RedisDatabaseState {
    RedisDatabaseState {
        name: text("orders"),
        memory_size: Value::Value(1 << 30),
        default_user_password_wo: text("canary"),
        default_user_password_wo_version: Value::Value(1),
        ..RedisDatabaseState::default()
    }
}

fn mtls(certificates: &[&str]) -> Value<DatabaseMtls> {
    Value::Value(DatabaseMtls {
        tls_mode: text("enabled"),
        client_authentication_enforced: Value::Value(true),
        client_certificates_pem: Value::Value(certificates.iter().map(|pem| text(pem)).collect()),
        ..DatabaseMtls::default()
    })
}

fn prior() -> RedisDatabaseState {
    RedisDatabaseState {
        port: Value::Value(12000),
        id: text("3"),
        status: text("active"),
        endpoint: text("localhost:12000"),
        ..create(config())
    }
}

fn checked(prior: Option<&RedisDatabaseState>, planned: &RedisDatabaseState) -> Diagnostics {
    let mut diags = Diagnostics::default();
    check(&mut diags, prior, planned, NOW);
    diags
}

#[test]
fn what_is_not_set_has_the_defaults_of_the_cluster_and_is_protected() {
    let planned = create(config());
    assert_eq!(planned.eviction_policy, text("volatile-lru"));
    assert_eq!(planned.data_persistence, text("disabled"));
    assert_eq!(
        (&planned.aof_policy, &planned.snapshot_policy),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(planned.default_user_enabled, Value::Value(true));
    assert_eq!(planned.roles_permissions, Value::Value(vec![]));
    assert_eq!(planned.deletion_protection, Value::Value(true));
    assert_eq!((&planned.mtls, &planned.timeouts), (&Value::Null, &Value::Null));
    for computed in [&planned.id, &planned.status, &planned.endpoint] {
        assert_eq!(*computed, Value::Unknown);
    }
    assert_eq!(planned.port, Value::Unknown);
}

#[test]
fn password_is_in_no_plan() {
    assert_eq!(create(config()).default_user_password_wo, Value::Null);
    assert_eq!(update(&prior(), config()).default_user_password_wo, Value::Null);
}

#[test]
fn port_that_is_not_set_is_kept_and_another_one_moves_the_endpoint() {
    let planned = update(&prior(), config());
    assert!(planned == prior());
    let moved = RedisDatabaseState {
        port: Value::Value(12001),
        ..config()
    };
    let planned = update(&prior(), moved);
    assert_eq!(
        (&planned.port, &planned.endpoint),
        (&Value::Value(12001), &Value::Unknown)
    );
    assert_eq!(planned.id, text("3"));
}

#[test]
fn order_and_spelling_are_no_change() {
    let ca = certificate(datetime!(2027-01-01 0:00 UTC));
    let other = certificate(datetime!(2027-01-01 0:00 UTC));
    let permission = |role, acl| {
        Value::Value(RolePermissionState {
            role_id: crate::values::uid::text(role),
            redis_acl_id: crate::values::uid::text(acl),
        })
    };
    let policy = |seconds, writes| {
        Value::Value(SnapshotPolicyState {
            seconds: Value::Value(seconds),
            writes: Value::Value(writes),
        })
    };
    let before = RedisDatabaseState {
        mtls: mtls(&[&ca, &other]),
        data_persistence: text("snapshot"),
        snapshot_policy: Value::Value(vec![policy(60, 100), policy(3600, 1)]),
        roles_permissions: Value::Value(vec![permission(1, 2), permission(3, 2)]),
        ..prior()
    };
    let after = RedisDatabaseState {
        mtls: mtls(&[&format!("{other}# and\r\n{}", ca.replace('\n', "\r\n"))]),
        data_persistence: text("snapshot"),
        snapshot_policy: Value::Value(vec![policy(3600, 1), policy(60, 100)]),
        roles_permissions: Value::Value(vec![permission(3, 2), permission(1, 2)]),
        ..config()
    };
    assert!(update(&before, after.clone()) == before);
    let fewer = RedisDatabaseState {
        mtls: mtls(&[&ca]),
        ..after
    };
    assert!(update(&before, fewer) != before);
}

#[test]
fn certificate_that_has_ended_comes_in_no_more_but_blocks_nothing_where_it_is() {
    let ended = certificate(datetime!(2026-11-01 0:00 UTC));
    assert_eq!(certificates_from_pem(&ended).unwrap().len(), 1);
    let planned = RedisDatabaseState {
        mtls: mtls(&[&ended]),
        ..create(config())
    };
    let diags = checked(None, &planned);
    assert_eq!(&*diags.errors[0].summary, "Certificate has expired");
    assert_eq!(diags.errors[0].attribute.to_string(), "mtls");
    assert_eq!(checked(Some(&planned), &planned), Diagnostics::default());
}

#[test]
fn new_database_without_certificates_cannot_demand_them() {
    let mut planned = create(config());
    planned.mtls = Value::Value(DatabaseMtls {
        tls_mode: text("enabled"),
        client_authentication_enforced: Value::Value(true),
        ..DatabaseMtls::default()
    });
    let refused = checked(None, &planned);
    assert_eq!(&*refused.errors[0].summary, "No client certificates");
    assert_eq!(refused.errors[0].attribute.to_string(), "mtls");
    // A database that is there may have certificates that are not managed here.
    assert_eq!(checked(Some(&prior()), &planned), Diagnostics::default());
}

#[test]
fn what_weakens_who_is_let_in_is_warned_of() {
    let mut planned = prior();
    planned.mtls = Value::Value(DatabaseMtls {
        allow_outdated_certificates: Value::Value(true),
        allow_weak_hashing: Value::Value(true),
        ..DatabaseMtls::default()
    });
    let diags = checked(Some(&prior()), &planned);
    let warned: Vec<String> = diags
        .warnings
        .iter()
        .map(|warning| warning.attribute.to_string())
        .collect();
    assert_eq!(warned, ["mtls", "mtls"]);
    let summaries: Vec<&str> = diags.warnings.iter().map(|warning| &*warning.summary).collect();
    assert_eq!(
        summaries,
        ["Certificates are good for ever", "Certificates can be forged"]
    );
    assert_eq!(diags.errors, []);
}

/// The certificates of many authorities name no purpose: once is enough.
#[test]
fn certificates_of_any_purpose_are_warned_of_when_they_are_allowed() {
    let with = |allowed: Value<bool>| RedisDatabaseState {
        mtls: Value::Value(DatabaseMtls {
            allow_missing_extended_key_usage: allowed,
            ..DatabaseMtls::default()
        }),
        ..prior()
    };
    let allowing = with(Value::Value(true));
    for before in [None, Some(prior()), Some(with(Value::Value(false)))] {
        let diags = checked(before.as_ref(), &allowing);
        assert_eq!(diags.errors, []);
        let warned: Vec<(&str, String)> = diags
            .warnings
            .iter()
            .map(|warning| (&*warning.summary, warning.attribute.to_string()))
            .collect();
        assert_eq!(warned, [("Certificates need not be for clients", "mtls".to_owned())]);
    }
    assert_eq!(checked(Some(&allowing), &allowing), Diagnostics::default());
    assert_eq!(
        checked(Some(&allowing), &with(Value::Value(false))),
        Diagnostics::default()
    );
}

#[test]
fn database_is_removed_only_when_it_is_not_protected_or_could_not_be_made() {
    let removed = |protection: Value<bool>, status: &str| {
        let mut diags = Diagnostics::default();
        let state = RedisDatabaseState {
            deletion_protection: protection,
            status: text(status),
            ..prior()
        };
        guard_removal(&mut diags, &state);
        diags.errors.is_empty()
    };
    assert!(!removed(Value::Value(true), "active"));
    assert!(!removed(Value::Null, "active"));
    assert!(removed(Value::Value(false), "active"));
    assert!(removed(Value::Value(true), "creation-failed"));
}
