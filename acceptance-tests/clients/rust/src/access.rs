//! Roles, ACLs and users.

use redis_enterprise::{
    CreateRedisAclRequest, CreateRoleRequest, CreateUserRequest, EnterpriseClient, RestError, UpdateUserRequest,
};
use serde_json::json;

use crate::{Site, refused, step};

pub async fn roles(client: &EnterpriseClient) -> Result<(), RestError> {
    let roles = client.roles().list().await?;
    step(
        "the first role is the administrator's",
        roles[0].uid == 1 && roles[0].management.as_deref() == Some("admin"),
    );
    let request = |name: &str, management: &str| CreateRoleRequest::builder().name(name).management(management).build();
    let role = client.roles().create(request("operators", "cluster_viewer")).await?;
    step("a role is created", role.name == "operators");
    refused(
        "its name is taken",
        client.roles().create(request("operators", "none")).await,
        409,
    );
    let updated = client
        .roles()
        .update(role.uid, request("operators", "cluster_member"))
        .await?;
    step("it is updated", updated.management.as_deref() == Some("cluster_member"));
    let read = client.roles().get(role.uid).await?;
    step("and read", read.management.as_deref() == Some("cluster_member"));
    step("nobody has it", client.roles().users(role.uid).await?.is_empty());
    client.roles().delete(role.uid).await?;
    refused("it is deleted", client.roles().get(role.uid).await, 404);
    refused("and cannot be again", client.roles().delete(role.uid).await, 404);
    Ok(())
}

pub async fn redis_acls(client: &EnterpriseClient) -> Result<(), RestError> {
    let acls = client.redis_acls().list().await?;
    step(
        "the first ACL is full access",
        acls[0].name == "Full Access" && acls[0].acl == "+@all ~*",
    );
    let request = |name: &str, acl: &str| CreateRedisAclRequest::builder().name(name).acl(acl).build();
    let acl = client
        .redis_acls()
        .create(request("orders", "+@read ~orders:*"))
        .await?;
    step("an ACL is created", acl.acl == "+@read ~orders:*");
    refused(
        "one that sets a password is refused",
        client.redis_acls().create(request("bad", "+@all >password ~*")).await,
        400,
    );
    refused(
        "its name is taken",
        client.redis_acls().create(request("orders", "+@all ~*")).await,
        409,
    );
    let updated = client
        .redis_acls()
        .update(acl.uid, request("orders", "+@write ~orders:*"))
        .await?;
    step("it is updated", updated.acl == "+@write ~orders:*");
    step(
        "and read",
        client.redis_acls().get(acl.uid).await?.acl == "+@write ~orders:*",
    );
    refused(
        "full access cannot be changed",
        client
            .redis_acls()
            .update(acls[0].uid, request("Full Access", "+@read ~*"))
            .await,
        409,
    );
    client.redis_acls().delete(acl.uid).await?;
    refused("it is deleted", client.redis_acls().get(acl.uid).await, 404);
    Ok(())
}

pub async fn users(site: &Site, client: &EnterpriseClient) -> Result<(), RestError> {
    let users = client.users().list().await?;
    step(
        "the administrator is the one user",
        users.len() == 1 && users[0].email == site.username && users[0].role == "admin",
    );
    let request = |email: &str, name: &str| {
        CreateUserRequest::builder()
            .email(email)
            .password("a long password")
            .name(name)
            .role_uids(vec![3])
            .build()
    };
    let user = client.users().create(request("viewer@example.com", "viewer")).await?;
    step(
        "a user is created",
        user.role == "cluster_viewer" && user.status.as_deref() == Some("active"),
    );
    refused(
        "her e-mail is taken",
        client.users().create(request("viewer@example.com", "other")).await,
        409,
    );
    let viewer = site.client("viewer@example.com", "a long password");
    step("she logs in", viewer.cluster().info().await?.name == "cluster.example");
    refused("she may not see users", viewer.users().list().await, 403);
    let update = UpdateUserRequest::builder()
        .name("watcher")
        .email_alerts(false)
        .role_uids(vec![6])
        .build();
    let updated = client.users().update(user.uid, update).await?;
    step(
        "she is updated",
        updated.name.as_deref() == Some("watcher") && updated.role == "none",
    );
    refused("her new role counts at once", viewer.cluster().info().await, 403);
    step(
        "and is read",
        client.users().get(user.uid).await?.role_uids == Some(vec![6]),
    );

    // Certificate users have no place in the client's own request; its raw door takes them.
    let body = json!({
        "name": "service", "auth_method": "certificate", "certificate_subject_line": "CN=service", "role_uids": [3],
    });
    let created = client.post_raw("/v1/users", body).await?;
    let uid = u32::try_from(created["uid"].as_u64().unwrap_or_default()).unwrap_or_default();
    let service = client.users().get(uid).await?;
    step(
        "a certificate user is read",
        service.auth_method.as_deref() == Some("certificate")
            && service.certificate_subject_line.as_deref() == Some("CN=service")
            && service.email.is_empty(),
    );
    step("she is found by her role", client.roles().users(3).await? == [uid]);

    let permissions = client.users().permissions().await?;
    step(
        "permissions are listed",
        permissions["admin"]["api_permissions"].is_array(),
    );
    let viewers = client.users().permission_detail("db_viewer").await?;
    step(
        "and those of a role",
        viewers["db_viewer"]["api_permissions"].is_array() && viewers.as_object().is_some_and(|all| all.len() == 1),
    );

    let deleted = client.delete_raw(&format!("/v1/users/{uid}")).await?;
    let action = client
        .actions()
        .get(deleted["action_uid"].as_str().unwrap_or_default())
        .await?;
    step("a deletion is an action that completes", action.status == "completed");
    client.users().delete(user.uid).await?;
    refused("deleted users are gone", client.users().get(user.uid).await, 404);
    refused(
        "the last administrator stays",
        client.users().delete(users[0].uid).await,
        406,
    );
    Ok(())
}
