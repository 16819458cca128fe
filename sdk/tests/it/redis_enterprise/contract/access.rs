//! Roles and Redis ACLs.

use super::*;

#[tokio::test]
async fn roles_are_read_made_changed_and_deleted() {
    let cluster = Exchange::new("roles/list").await;
    let roles = cluster.client.roles().list().await.unwrap();
    cluster.sent_what_the_file_holds("roles/list").await;
    let cluster = Exchange::new("roles/read").await;
    let admin = cluster.client.roles().get(1.into()).await.unwrap().unwrap();
    cluster.sent_what_the_file_holds("roles/read").await;
    assert_eq!((roles.len(), &roles[0]), (6, &admin));
    assert_eq!(admin.management, Some(ManagementRole::Admin));

    let cluster = Exchange::new("roles/create").await;
    let role = CreateRole::new("abc-role", ManagementRole::None);
    assert_eq!(cluster.client.roles().create(&role).send().await.unwrap().uid.get(), 2);
    cluster.sent_what_the_file_holds("roles/create").await;
    let cluster = Exchange::new("roles/create-scoped").await;
    let two = [RoleResource::databases([1, 2])];
    let role = CreateRole::new("two databases", ManagementRole::DbViewer).resources(two.clone());
    assert_eq!(
        cluster.client.roles().create(&role).send().await.unwrap().resources,
        two
    );
    cluster.sent_what_the_file_holds("roles/create-scoped").await;
    let cluster = Exchange::new("roles/update").await;
    let changes = UpdateRole::new().management(ManagementRole::ClusterViewer);
    let changed = cluster.client.roles().update(2.into(), &changes).send().await.unwrap();
    assert_eq!(changed.management, Some(ManagementRole::ClusterViewer));
    cluster.sent_what_the_file_holds("roles/update").await;
    let cluster = Exchange::new("roles/delete").await;
    assert!(cluster.client.roles().delete(2.into()).send().await.unwrap().is_some());
    cluster.sent_what_the_file_holds("roles/delete").await;
}

#[tokio::test]
async fn redis_acls_are_read_made_changed_and_deleted() {
    let cluster = Exchange::new("redis_acls/list").await;
    let acls = cluster.client.redis_acls().list().await.unwrap();
    let texts: Vec<&str> = acls.iter().map(|acl| acl.acl.as_str()).collect();
    assert_eq!(texts, ["+@all ~*", "+@all -@dangerous ~*", "+@read ~*"]);
    cluster.sent_what_the_file_holds("redis_acls/list").await;
    let cluster = Exchange::new("redis_acls/read").await;
    let full = cluster.client.redis_acls().get(1.into()).await.unwrap().unwrap();
    assert_eq!(
        (full.min_version.as_deref(), full.max_version.as_deref()),
        (Some("6.0"), Some("9999"))
    );
    cluster.sent_what_the_file_holds("redis_acls/read").await;
    let cluster = Exchange::new("redis_acls/create").await;
    let acl = CreateRedisAcl::new("test_acl_1", "+set +get");
    assert_eq!(
        cluster.client.redis_acls().create(&acl).send().await.unwrap().uid.get(),
        11
    );
    cluster.sent_what_the_file_holds("redis_acls/create").await;
    let cluster = Exchange::new("redis_acls/create").await;
    cluster.client.redis_acls().validate(&acl).await.unwrap();
    assert_eq!(cluster.sent().await.url.path(), "/v1/redis_acls/validate");
    let cluster = Exchange::new("redis_acls/update").await;
    let changes = UpdateRedisAcl::new().name("test_acl_1").acl("+set +get +del");
    assert_eq!(
        cluster
            .client
            .redis_acls()
            .update(11.into(), &changes)
            .send()
            .await
            .unwrap()
            .acl,
        "+set +get +del"
    );
    cluster.sent_what_the_file_holds("redis_acls/update").await;
    let cluster = Exchange::new("redis_acls/delete").await;
    assert!(cluster.client.redis_acls().delete(11.into()).await.unwrap().is_some());
    cluster.sent_what_the_file_holds("redis_acls/delete").await;
}
