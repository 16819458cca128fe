//! The client's own defects (version 0.10.0): what it does not do right against a server that follows the vendor's
//! documentation. Each is asserted, so that a new version of the client, or a server that hides one, is noticed.

use redis_enterprise::users::{AuthRequest, JwtRefreshRequest, PasswordSet, PasswordUpdate};
use redis_enterprise::{CreateRedisAclRequest, CreateUserRequest, EnterpriseClient, RestError};
use serde_json::json;

use crate::{Site, refused, step};

/// Tells a defect: the server did what is documented, and the client could not read it.
fn unreadable<T: std::fmt::Debug>(sentence: &str, answer: Result<T, RestError>) {
    let unreadable = matches!(answer, Err(RestError::ParseError(_)));
    if !unreadable {
        eprintln!("expected a parse error: {answer:?}");
    }
    step(&format!("defect of the client: {sentence}"), unreadable);
}

pub async fn all(site: &Site, client: &EnterpriseClient) -> Result<(), RestError> {
    cluster(client).await?;
    users(site, client).await
}

async fn cluster(client: &EnterpriseClient) -> Result<(), RestError> {
    let subjects = json!({ "mtls_authorized_subjects": [{ "CN": "client.example.com" }] });
    client.cluster().update(subjects).await?;
    unreadable(
        "`cluster().info()` takes authorized subjects for strings",
        client.cluster().info().await,
    );
    let raw = client.get_raw("/v1/cluster").await?;
    step(
        "its raw door reads them",
        raw["mtls_authorized_subjects"][0]["CN"] == "client.example.com",
    );
    client
        .cluster()
        .update(json!({ "mtls_authorized_subjects": [] }))
        .await?;
    unreadable(
        "`cluster().nodes()` wants `address` for `addr`",
        client.cluster().nodes().await,
    );
    refused(
        "defect of the client: `certificate_delete` takes a number, and certificates have names",
        client.cluster().certificate_delete(1).await,
        404,
    );
    unreadable(
        "`ocsp().get_config()` wants `enabled`",
        client.ocsp().get_config().await,
    );
    let acl = CreateRedisAclRequest::builder().name("any").acl("+@all ~*").build();
    unreadable(
        "`redis_acls().validate()` wants `valid`, and the ACL is answered",
        client.redis_acls().validate(acl).await,
    );
    Ok(())
}

async fn users(site: &Site, client: &EnterpriseClient) -> Result<(), RestError> {
    let certificate_user = CreateUserRequest::builder()
        .email("service@example.com")
        .password("a long password")
        .name("service")
        .role_uids(vec![3])
        .auth_method("certificate")
        .build();
    refused(
        "defect of the client: a new certificate user comes without its subject, and with a password",
        client.users().create(certificate_user).await,
        400,
    );

    let create = CreateUserRequest::builder()
        .email("defects@example.com")
        .password("the first password")
        .name("defects")
        .role_uids(vec![3])
        .build();
    let user = client.users().create(create).await?;
    let own = site.client("defects@example.com", "the first password");
    let login = AuthRequest {
        email: "defects@example.com".to_owned(),
        password: "the first password".to_owned(),
    };
    refused(
        "defect of the client: `authorize` sends `email`, which is not documented",
        own.users().authorize(login).await,
        400,
    );
    let refresh = JwtRefreshRequest {
        jwt: "a.b.c".to_owned(),
    };
    refused(
        "defect of the client: `refresh_jwt` sends the token in the body, and a password in the header",
        own.users().refresh_jwt(refresh).await,
        401,
    );
    let set = PasswordSet {
        email: "defects@example.com".to_owned(),
        password: "the second password".to_owned(),
    };
    refused(
        "defect of the client: `password_set` sends `email` and `password` for `new_password`",
        own.users().password_set(set).await,
        400,
    );
    refused(
        "defect of the client: `password_delete` does not say which",
        own.users().password_delete().await,
        400,
    );
    let update = PasswordUpdate {
        current_password: None,
        new_password: "the third password".to_owned(),
    };
    unreadable(
        "`password_update` reads nothing from the answer to a change that succeeded",
        own.users().password_update(update).await,
    );
    let renewed = site.client("defects@example.com", "the third password");
    step("it did succeed", renewed.cluster().info().await.is_ok());
    client.users().delete(user.uid).await
}
