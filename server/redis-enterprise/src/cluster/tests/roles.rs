use super::world::{World, regular, role_uid};
use crate::cluster::{ClusterError, Run};
use certward_redis_model::permission::{ManagementRole, Permission};
use certward_redis_model::role::{NewRole, Role, RoleUpdate};
use certward_redis_model::user::RoleSelection;
use std::sync::Arc;

fn role(name: &str, management: ManagementRole) -> NewRole {
    NewRole {
        uid: None,
        name: name.parse().unwrap(),
        management,
        databases: Vec::new(),
    }
}

fn management(management: ManagementRole) -> RoleUpdate {
    RoleUpdate {
        management: Some(management),
        ..RoleUpdate::default()
    }
}

async fn create(world: &World, new: NewRole) -> Result<Arc<Role>, ClusterError> {
    world.cluster.create_role(&world.permit().await, new, Run::Apply).await
}

#[tokio::test]
async fn a_role_is_created_changed_and_deleted() {
    let world = World::new().await;
    let created = create(&world, role("ops", ManagementRole::DbViewer)).await.unwrap();
    assert_eq!(created.uid.get(), 7);
    let taken = create(&world, role("ops", ManagementRole::None)).await;
    assert!(matches!(taken, Err(ClusterError::NameTaken { .. })), "{taken:?}");
    let with_uid = |uid| NewRole {
        uid: Some(role_uid(uid)),
        ..role("other", ManagementRole::None)
    };
    assert!(matches!(
        create(&world, with_uid(7)).await,
        Err(ClusterError::UidTaken { uid: 7 })
    ));
    assert_eq!(create(&world, with_uid(20)).await.unwrap().uid.get(), 20);
    assert_eq!(
        create(&world, role("next", ManagementRole::None))
            .await
            .unwrap()
            .uid
            .get(),
        21
    );
    let changed = world
        .cluster
        .update_role(
            &world.permit().await,
            created.uid,
            management(ManagementRole::DbMember),
            Run::Apply,
        )
        .await
        .unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.management),
        ("ops", ManagementRole::DbMember)
    );
    world
        .cluster
        .delete_role(&world.permit().await, created.uid, Run::Apply)
        .await
        .unwrap();
    let again = world
        .cluster
        .delete_role(&world.permit().await, created.uid, Run::Apply)
        .await;
    assert!(matches!(again, Err(ClusterError::NoSuchRole { .. })), "{again:?}");
}

#[tokio::test]
async fn a_role_in_use_is_not_deleted() {
    let world = World::new().await;
    let user = world.user("alice", ManagementRole::DbViewer).await;
    let deleted = world
        .cluster
        .delete_role(&world.permit().await, role_uid(5), Run::Apply)
        .await;
    assert!(
        matches!(&deleted, Err(ClusterError::RoleInUse { holder, .. }) if *holder == format!("user {}", user.uid)),
        "{deleted:?}"
    );
}

#[tokio::test]
async fn a_changed_role_changes_what_its_users_may_do_at_once() {
    let world = World::new().await;
    let user = world.user("alice", ManagementRole::DbViewer).await;
    let permissions = |world: &World| world.cluster.state().permissions_of(&user);
    assert!(!permissions(&world).contains(Permission::CreateBdb));
    let update = management(ManagementRole::DbMember);
    world
        .cluster
        .update_role(&world.permit().await, role_uid(5), update, Run::Apply)
        .await
        .unwrap();
    assert!(permissions(&world).contains(Permission::CreateBdb));
}

#[tokio::test]
async fn the_permissions_of_several_roles_add_up_and_the_highest_is_shown() {
    let world = World::new().await;
    let mut new = regular("alice", ManagementRole::None);
    new.roles = RoleSelection::Uids(vec![role_uid(4), role_uid(3), role_uid(4)]);
    let user = world.create(new).await.unwrap();
    assert_eq!(user.role_uids, [role_uid(4), role_uid(3)]);
    let state = world.cluster.state();
    let permissions = state.permissions_of(&user);
    // Of the cluster viewer alone, and of the member of databases alone.
    assert!(permissions.contains(Permission::ViewAllMetrics) && permissions.contains(Permission::CreateBdb));
    assert_eq!(state.management_role_of(&user), ManagementRole::DbMember);
}

#[tokio::test]
async fn the_role_that_makes_the_last_administrators_keeps_its_management_role() {
    let world = World::new().await;
    let update = || management(ManagementRole::ClusterMember);
    let demote = |uid| {
        let world = &world;
        async move {
            world
                .cluster
                .update_role(&world.permit().await, uid, update(), Run::Apply)
                .await
        }
    };
    let only_one = demote(role_uid(1)).await;
    assert!(
        matches!(only_one, Err(ClusterError::LastAdminRole { .. })),
        "{only_one:?}"
    );
    let second = create(&world, role("second", ManagementRole::Admin)).await.unwrap();
    world.user("alice", ManagementRole::Admin).await;
    let with_users = demote(role_uid(1)).await;
    assert!(
        matches!(with_users, Err(ClusterError::LastAdminRole { .. })),
        "{with_users:?}"
    );
    demote(second.uid).await.unwrap();
}

#[tokio::test]
async fn a_user_manager_neither_makes_nor_touches_a_role_of_administrators() {
    let world = World::new().await;
    create(&world, role("managers", ManagementRole::UserManager))
        .await
        .unwrap();
    let manager = world.user("mary", ManagementRole::UserManager).await;
    let cluster = &world.cluster;
    let made = cluster
        .create_role(
            &world.permit_of(&manager).await,
            role("mine", ManagementRole::Admin),
            Run::Apply,
        )
        .await;
    assert!(matches!(made, Err(ClusterError::AboveOwnRights { .. })), "{made:?}");
    let own = role_uid(7);
    let raised = cluster
        .update_role(
            &world.permit_of(&manager).await,
            own,
            management(ManagementRole::Admin),
            Run::Apply,
        )
        .await;
    assert!(matches!(raised, Err(ClusterError::AboveOwnRights { .. })), "{raised:?}");
    let lowered = cluster
        .update_role(
            &world.permit_of(&manager).await,
            role_uid(1),
            management(ManagementRole::None),
            Run::Apply,
        )
        .await;
    assert!(
        matches!(lowered, Err(ClusterError::AboveOwnRights { .. })),
        "{lowered:?}"
    );
    let deleted = cluster
        .delete_role(&world.permit_of(&manager).await, role_uid(1), Run::Apply)
        .await;
    assert!(
        matches!(deleted, Err(ClusterError::AboveOwnRights { .. })),
        "{deleted:?}"
    );
    cluster
        .create_role(
            &world.permit_of(&manager).await,
            role("theirs", ManagementRole::ClusterMember),
            Run::Apply,
        )
        .await
        .unwrap();
}
