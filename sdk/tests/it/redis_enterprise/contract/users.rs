//! Users, their passwords and their logins.

use super::*;

#[tokio::test]
async fn users_are_read() {
    let cluster = Exchange::new("users/list").await;
    let users = cluster.client.users().list().await.unwrap();
    cluster.sent_what_the_file_holds("users/list").await;
    let cluster = Exchange::new("users/read").await;
    let user = cluster.client.users().get(1.into()).await.unwrap().unwrap();
    cluster.sent_what_the_file_holds("users/read").await;
    assert_eq!(users, std::slice::from_ref(&user));
    assert_eq!((user.uid.get(), user.name.as_str()), (1, "Administrator"));
    assert_eq!(user.email.as_deref(), Some("admin@redis.local"));
    assert_eq!(
        (user.auth_method, user.certificate_subject_line),
        (AuthMethod::Regular, None)
    );
    assert_eq!(
        (user.role, user.role_uids),
        (Some(ManagementRole::Admin), vec![RoleUid::from(1)])
    );
    assert_eq!(user.status, Some(UserStatus::Active));
    assert_eq!(user.password_issue_date, Some(datetime!(2025-10-14 00:01:06 UTC)));
    let cluster = Exchange::answering(&file("users/read", "error-missing")).await;
    assert_eq!(cluster.client.users().get(7.into()).await.unwrap(), None);
}

#[tokio::test]
async fn a_certificate_user_is_made() {
    let cluster = Exchange::new("users/create-certificate").await;
    let user = cluster.client.users().create(&certificate_user()).send().await.unwrap();
    cluster.sent_what_the_file_holds("users/create-certificate").await;
    assert_eq!(user.auth_method, AuthMethod::Certificate);
    assert_eq!(user.certificate_subject_line.as_deref(), Some("C=US,CN=abc"));
    assert_eq!((user.email, user.password_issue_date), (None, None));
    assert_eq!(
        user.action_uid.unwrap().as_str(),
        "5bb5f8a4-3d1e-4c60-8f8f-0a0f6c3f3f11"
    );
}

#[tokio::test]
async fn a_user_with_a_password_is_made_and_the_password_is_not_shown() {
    let cluster = Exchange::new("users/create").await;
    let user = CreateUser::regular("John Doe", "my-password".into())
        .email("newuser@example.com")
        .email_alerts(true)
        .bdbs_email_alerts(["1".to_owned(), "2".to_owned()])
        .role_uids([RoleUid::from(3)]);
    assert!(!format!("{user:?}").contains("my-password"));
    let created = cluster.client.users().create(&user).send().await.unwrap();
    cluster.sent_what_the_file_holds("users/create").await;
    assert_eq!(created.bdbs_email_alerts, ["1", "2"]);
}

#[tokio::test]
async fn a_user_is_changed_and_deleted() {
    let cluster = Exchange::new("users/create").await;
    let changes = UpdateUser::new().name("abc-user-2").email_alerts(false);
    cluster.client.users().update(2.into(), &changes).send().await.unwrap();
    cluster.sent_what_the_file_holds("users/update").await;
    let cluster = Exchange::new("users/delete").await;
    let action = cluster.client.users().delete(2.into()).await.unwrap().unwrap();
    assert_eq!(action.as_str(), "8fc32a11-4688-4057-9237-cd77fccd726f");
    cluster.sent_what_the_file_holds("users/delete").await;
    let cluster = Exchange::answering(&json!({"status": 200, "body": null})).await;
    assert_eq!(cluster.client.users().delete(2.into()).await.unwrap(), None);
    let secret = UpdateUser::new().password("canary".into());
    assert!(!format!("{secret:?}").contains("canary") && !secret.is_empty() && UpdateUser::new().is_empty());
}

#[tokio::test]
async fn passwords_are_set_added_and_taken_away() {
    let password = || NewPassword::new("a-new-password".into()).of_user("newuser@example.com");
    assert!(!format!("{:?}", password()).contains("a-new-password"));
    let cluster = Exchange::new("users/password-set").await;
    cluster.client.users().set_password(&password()).await.unwrap();
    cluster.sent_what_the_file_holds("users/password-set").await;
    let cluster = Exchange::new("users/password-set").await;
    cluster.client.users().add_password(&password()).await.unwrap();
    cluster.sent_what_the_file_holds("users/password-add").await;
    let cluster = Exchange::new("users/password-set").await;
    let old = SecretString::from("an-old-password");
    cluster
        .client
        .users()
        .delete_password(Some("newuser@example.com"), &old)
        .await
        .unwrap();
    cluster.sent_what_the_file_holds("users/password-remove").await;

    let cluster = Exchange::answering(&json!({"status": 200, "body": null})).await;
    cluster
        .client
        .users()
        .set_password(&NewPassword::new("hash".into()).hashed())
        .await
        .unwrap();
    let sent: Value = serde_json::from_slice(&cluster.sent().await.body).unwrap();
    assert_eq!(sent, json!({"new_password": "hash", "password_hash_method": 1}));
}

#[tokio::test]
async fn a_login_is_turned_into_a_token_and_the_token_into_a_newer_one() {
    let mut answer = file("users/authorize", "answer");
    answer["body"]["access_token"] = json!("aaa.bbb.ccc");
    let cluster = Exchange::answering(&answer).await;
    let ttl = Some(std::time::Duration::from_millis(299_001));
    let basic = builder()
        .endpoint(&cluster.server.uri())
        .basic("Jörg", "pass:word".into())
        .build()
        .unwrap();
    let by_token = basic.log_in(ttl).await.unwrap();
    cluster.sent_what_the_file_holds("users/authorize").await;
    let sent = cluster.sent().await;
    let expected = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "Jörg:pass:word");
    assert_eq!(sent.headers["authorization"], format!("Basic {expected}"));

    let cluster = Exchange::answering(&answer).await;
    let token = builder()
        .endpoint(&cluster.server.uri())
        .jwt("aaa.bbb.ccc".into())
        .build()
        .unwrap();
    assert_eq!(token.refresh_jwt(ttl).await.unwrap().expose_secret(), "aaa.bbb.ccc");
    cluster.sent_what_the_file_holds("users/refresh-jwt").await;
    assert_eq!(cluster.sent().await.headers["authorization"], "JWT aaa.bbb.ccc");
    assert!(!format!("{basic:?} {by_token:?} {token:?}").contains("aaa"));
    assert!(basic.with_jwt("a b".into()).unwrap_err().is_configuration());
}

#[tokio::test]
async fn a_lifetime_of_a_token_out_of_range_is_not_sent() {
    let cluster = Exchange::new("users/authorize").await;
    for ttl in [0, 86_401] {
        let ttl = Some(std::time::Duration::from_secs(ttl));
        assert!(cluster.client.authorize(ttl).await.unwrap_err().is_invalid_input());
    }
    assert_eq!(cluster.server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_login_asks_what_it_may_do() {
    let cluster = Exchange::new("users/own-role").await;
    assert_eq!(cluster.client.own_role().await.unwrap(), ManagementRole::Admin);
    cluster.sent_what_the_file_holds("users/own-role").await;
    let cluster = Exchange::new("users/permissions").await;
    let permissions = cluster.client.permissions().list().await.unwrap();
    assert_eq!(
        permissions[&ManagementRole::DbViewer].api_permissions,
        ["view_bdb_info", "view_cluster_info"]
    );
    cluster.sent_what_the_file_holds("users/permissions").await;
    let cluster = Exchange::new("users/permissions-of-role").await;
    let none = cluster.client.permissions().get(&ManagementRole::None).await.unwrap();
    assert_eq!(none.unwrap().ui_permissions, [""; 0]);
    cluster.sent_what_the_file_holds("users/permissions-of-role").await;
    let cluster = Exchange::answering(&file("errors/not-found", "error-404")).await;
    assert_eq!(cluster.client.permissions().get(&"owner".into()).await.unwrap(), None);
}
