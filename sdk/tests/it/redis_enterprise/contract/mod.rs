//! Every operation against the raw files: what is sent is what the file holds, and what is read is what it answers.

mod access;
mod cluster;
mod operations;
mod users;

use std::collections::BTreeSet;

use certward::pki::PrivateKeyPem;
use certward::redis_enterprise::{
    ActionStatus, AuthMethod, AuthorizedSubject, BootstrapState, CertificateName, CreateCluster, CreateRedisAcl,
    CreateRole, CreateUser, ManagementRole, NewCertificate, NewPassword, OcspCertificateStatus, PasswordHashing,
    RoleResource, RoleUid, SubjectValidation, TlsVersion, UpdateCluster, UpdateClusterPolicy, UpdateOcspConfiguration,
    UpdateRedisAcl, UpdateRole, UpdateUser, UserStatus,
};
use certward::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use time::macros::datetime;

use super::exchange::{Exchange, builder, file};

#[tokio::test]
async fn refusals_are_told_apart() {
    type Predicate = fn(&certward::Error) -> bool;
    let cases: [(&str, &str, Predicate, &str); 15] = [
        ("errors/unauthorized", "error-401", certward::Error::is_unauthorized, ""),
        ("errors/forbidden", "error-403", certward::Error::is_forbidden, ""),
        (
            "users/create",
            "error-name-in-use",
            certward::Error::is_conflict,
            "name_already_exists",
        ),
        (
            "users/create",
            "error-email-in-use",
            certward::Error::is_conflict,
            "email_already_exists",
        ),
        (
            "users/create",
            "error-subject-in-use",
            certward::Error::is_conflict,
            "subject_already_exists",
        ),
        (
            "users/create",
            "error-password",
            certward::Error::is_invalid_input,
            "password_not_complex",
        ),
        (
            "users/update",
            "error-last-admin",
            certward::Error::is_invalid_input,
            "change_last_admin_role_not_allowed",
        ),
        (
            "users/password-remove",
            "error-last",
            certward::Error::is_invalid_input,
            "cannot_delete_last_password",
        ),
        (
            "users/password-set",
            "error-others",
            certward::Error::is_forbidden,
            "unauthorized_action",
        ),
        (
            "users/authorize",
            "error-expired-password",
            certward::Error::is_unauthorized,
            "password_expired",
        ),
        (
            "certificates/delete",
            "error-in-use",
            certward::Error::is_forbidden,
            "certificate_in_use",
        ),
        (
            "certificates/update-cert",
            "error-expired",
            certward::Error::is_invalid_input,
            "certificate_expired",
        ),
        (
            "certificates/update-cert",
            "error-unknown-name",
            certward::Error::is_forbidden,
            "invalid_certificate_name",
        ),
        (
            "cluster/update",
            "error-invalid-schema",
            certward::Error::is_invalid_input,
            "invalid_schema",
        ),
        (
            "redis_acls/update",
            "error-read-only",
            certward::Error::is_conflict,
            "redis_acl_read_only",
        ),
    ];
    for (operation, kind, predicate, code) in cases {
        let answer = file(operation, kind);
        let cluster = Exchange::answering(&answer).await;
        let error = cluster.client.users().list().await.unwrap_err();
        assert!(predicate(&error), "{operation}: {error:?}");
        assert_eq!(error.status(), answer["status"].as_u64().map(|status| status as u16));
        assert_eq!(error.error_type(), answer["body"]["error_code"].as_str());
        assert!(
            code.is_empty() || error.error_type() == Some(code),
            "{operation}: {error:?}"
        );
        assert_eq!(error.server_message(), answer["body"]["description"].as_str());
        assert!(!error.is_retryable() && error.is_unauthorized() == (error.status() == Some(401)));
    }
    let older = json!({"status": 406, "body": {"error_code": "x", "message": "older pages write message"}});
    let cluster = Exchange::answering(&older).await;
    let error = cluster.client.users().list().await.unwrap_err();
    assert_eq!(error.server_message(), Some("older pages write message"));
}

#[tokio::test]
async fn words_and_members_this_version_does_not_know_are_kept_and_tolerated() {
    let mut answer = file("users/read", "answer");
    answer["body"]["auth_method"] = json!("passkey");
    answer["body"]["role"] = json!("auditor");
    answer["body"]["favourite_colour"] = json!({"name": "red"});
    let cluster = Exchange::answering(&answer).await;
    let user = cluster.client.users().get(1.into()).await.unwrap().unwrap();
    assert_eq!(user.auth_method, AuthMethod::from("passkey"));
    assert_eq!(user.role.unwrap().as_str(), "auditor");
    assert_eq!(ManagementRole::from("user_manager"), ManagementRole::UserManager);
}

#[tokio::test]
async fn a_users_word_reaches_no_other_path() {
    let cluster = Exchange::new("certificates/delete").await;
    for name in ["../users/1", "a/b", "..", "", "a%2e", "a?x=1"] {
        let refused = cluster.client.certificates().delete(&name.into()).await.unwrap_err();
        assert!(refused.is_invalid_input(), "{name}: {refused}");
        assert!(
            cluster
                .client
                .actions()
                .get(&name.into())
                .await
                .unwrap_err()
                .is_invalid_input()
        );
        assert!(
            cluster
                .client
                .permissions()
                .get(&name.into())
                .await
                .unwrap_err()
                .is_invalid_input()
        );
    }
    assert_eq!(cluster.server.received_requests().await.unwrap().len(), 0);
}

#[test]
fn every_file_of_the_contract_is_read_here() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../acceptance-tests/contract/redis_enterprise");
    let source = [
        include_str!("access.rs"),
        include_str!("cluster.rs"),
        include_str!("mod.rs"),
        include_str!("operations.rs"),
        include_str!("users.rs"),
        include_str!("../databases.rs"),
    ]
    .concat();
    let not_ours = ["users/create-page", "users/authorize-body"];
    for area in std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
    {
        let area_name = area.file_name().unwrap().to_str().unwrap().to_owned();
        for file in std::fs::read_dir(&area)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
        {
            let operation = format!("{area_name}/{}", file.to_str().unwrap().split('.').next().unwrap());
            let known = source.contains(&format!("\"{operation}\"")) || not_ours.contains(&operation.as_str());
            assert!(known, "{operation} is asked by no test");
        }
    }
}

fn certificate_user() -> CreateUser {
    CreateUser::certificate("abc-user", "C=US,CN=abc").role_uids([RoleUid::from(2)])
}

/// The request of a file, as a dry run.
fn dry_run(operation: &str) -> Value {
    let mut request = file(operation, "request");
    request["path"] = json!(format!("{}?dry_run", request["path"].as_str().unwrap()));
    request
}

/// A file with its placeholders filled in.
pub(super) fn with_values(content: Value, certificate: &str, key: &str) -> Value {
    match content {
        Value::String(text) if text == "<PEM>" => json!(certificate),
        Value::String(text) if text == "<PEM key>" => json!(key),
        Value::Array(values) => values
            .into_iter()
            .map(|value| with_values(value, certificate, key))
            .collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, with_values(value, certificate, key)))
            .collect(),
        other => other,
    }
}

pub(super) fn self_signed() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = rcgen::CertificateParams::new(["a.example".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap()
        .pem();
    certward::pki::certificates_from_pem(&pem).unwrap()[0].to_pem()
}
