//! The use cases and the decisions about callers, called as a dialect calls them.

mod access;
mod administrators;
mod certificates;
mod databases;
mod passwords;
mod roles;
mod settings;
mod users;
mod world;

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};

use self::world::{NOW, TestCa, World, certified};
use super::RedisAclUpdate;
use super::permission::ManagementRole;
use super::redis_acl::NewRedisAcl;
use super::{ClusterError, ClusterState, NewCluster, Run};
use crate::cluster::access::{ClusterRefusal, Way, authorize};
use certward_redis_model::uid::RedisAclUid;
use certward_store::audit::Outcome;
use certward_transport::listener::peer::Peer;

/// Everything of a state that a store keeps.
fn described(state: &ClusterState) -> String {
    let users: Vec<_> = state
        .users()
        .map(|user| {
            format!(
                "{user:?} {:?}",
                user.certificate_subject_line().map(|subject| subject.as_str())
            )
        })
        .collect();
    format!(
        "{} {:?} {:?} {:?} {users:?} {:?} {:?} {:?} {:?}",
        state.revision(),
        state.identity(),
        state.bootstrapped_at(),
        state.highest_uids(),
        state.roles().collect::<Vec<_>>(),
        state.redis_acls().collect::<Vec<_>>(),
        state.settings(),
        state.certificates(),
    )
}

#[tokio::test]
async fn a_fresh_cluster_has_the_built_in_roles_and_acls_and_no_user() {
    let world = World::new().await;
    let state = world.cluster.state();
    let roles: Vec<_> = state
        .roles()
        .map(|role| (role.uid.get(), role.name.as_str(), role.management.as_str()))
        .collect();
    assert_eq!(
        roles,
        [
            (1, "Admin", "admin"),
            (2, "Cluster Member", "cluster_member"),
            (3, "Cluster Viewer", "cluster_viewer"),
            (4, "DB Member", "db_member"),
            (5, "DB Viewer", "db_viewer"),
            (6, "None", "none"),
        ]
    );
    let acls: Vec<_> = state
        .redis_acls()
        .map(|acl| (acl.name.as_str(), acl.acl.as_str()))
        .collect();
    assert_eq!(
        acls,
        [
            ("Full Access", "+@all ~*"),
            ("Not Dangerous", "+@all -@dangerous ~*"),
            ("Read Only", "+@read ~*"),
        ]
    );
    assert_eq!(
        (state.users().len(), state.revision(), state.is_created()),
        (0, 1, false)
    );
}

#[tokio::test]
async fn what_was_answered_is_what_the_next_process_finds() {
    let world = World::new().await;
    world.trust(&TestCa::new("ca")).await;
    world.user("alice", ManagementRole::Admin).await;
    world
        .create(certified("bob", "CN=bob, O=Acme", ManagementRole::DbViewer))
        .await
        .unwrap();
    let gone = world.user("carol", ManagementRole::None).await;
    world
        .cluster
        .delete_user(&world.permit().await, gone.uid)
        .await
        .unwrap();
    let shown = world.cluster.state();
    let (found, _) = world.reopened().await;
    assert_eq!(described(&found), described(&shown));
    assert_eq!(found.trust_anchors().unwrap().certificates().len(), 1);
    let bob = found.user_with_subject(&"CN=bob,O=Acme".parse().unwrap()).unwrap();
    assert_eq!(bob.certificate_subject_line().unwrap().as_str(), "CN=bob, O=Acme");
}

#[tokio::test]
async fn the_revision_grows_by_one_with_each_change_and_not_without_one() {
    let world = World::new().await;
    let before = world.cluster.state().revision();
    let mut changes = world.cluster.changes();
    world.user("alice", ManagementRole::Admin).await;
    assert_eq!(world.cluster.state().revision(), before + 1);
    assert!(changes.has_changed().unwrap());
    assert_eq!(*changes.borrow_and_update(), before + 1);
    world
        .create(world::regular("alice", ManagementRole::Admin))
        .await
        .unwrap_err();
    assert_eq!(world.cluster.state().revision(), before + 1);
    assert!(!changes.has_changed().unwrap());
}

#[tokio::test]
async fn a_snapshot_is_not_touched_by_a_later_change() {
    let world = World::new().await;
    let before = world.cluster.state();
    world.user("alice", ManagementRole::Admin).await;
    assert_eq!((before.users().len(), world.cluster.state().users().len()), (0, 1));
}

#[tokio::test]
async fn a_dry_run_checks_everything_and_changes_nothing() {
    let world = World::new().await;
    let before = described(&world.cluster.state());
    let dry = |new| {
        let world = &world;
        async move { world.cluster.create_user(&world.permit().await, new, Run::Dry).await }
    };
    let user = dry(world::regular("alice", ManagementRole::Admin)).await.unwrap();
    assert_eq!(user.name.as_str(), "alice");
    assert_eq!(described(&world.cluster.state()), before);
    assert!(world.audit_records().await.is_empty());
    world.user("alice", ManagementRole::Admin).await;
    let again = dry(world::regular("alice", ManagementRole::Admin)).await;
    assert!(matches!(again, Err(ClusterError::NameTaken { .. })), "{again:?}");
}

#[tokio::test]
async fn a_change_and_a_refusal_are_recorded_with_who_asked_for_them() {
    let world = World::new().await;
    world.user("alice", ManagementRole::Admin).await;
    world
        .create(world::regular("alice", ManagementRole::Admin))
        .await
        .unwrap_err();
    let records = world.audit_records().await;
    let [done, refused] = records.as_slice() else {
        panic!("{records:?}");
    };
    assert_eq!(
        (done.actor.name.as_str(), &*done.action),
        ("Server Certificate", "create_user")
    );
    assert!(
        matches!(&done.outcome, Outcome::Done(detail) if detail.contains("\"alice\"")),
        "{done:?}"
    );
    assert!(matches!(&refused.outcome, Outcome::Refused(_)), "{refused:?}");
}

#[tokio::test]
async fn the_first_administrator_creates_the_cluster_once() {
    let world = World::new().await;
    let (peer, _connection) = local_peer().await;
    let founder = world
        .access
        .authenticate_founder(&peer, None, Way::Direct)
        .await
        .unwrap();
    let new = || NewCluster {
        name: Some("prod.example".to_owned()),
        administrator: "admin".parse().unwrap(),
        email: Some("admin@example.com".parse().unwrap()),
        password: world::PASSWORD.into(),
    };
    let permit = authorize(&founder).unwrap();
    let user = world.cluster.create(&permit, new()).await.unwrap();
    let state = world.cluster.state();
    assert_eq!(state.management_role_of(&user), ManagementRole::Admin);
    assert_eq!(
        (state.identity().name.as_str(), state.bootstrapped_at()),
        ("prod.example", Some(NOW))
    );
    // The founder is nobody any more.
    assert!(
        world
            .access
            .authenticate_founder(&peer, None, Way::Direct)
            .await
            .is_err()
    );
    let late_permit = authorize(&founder).unwrap();
    let mallory = world::regular("mallory", ManagementRole::Admin);
    let late = world.cluster.create_user(&late_permit, mallory, Run::Apply).await;
    assert!(matches!(late, Err(ClusterError::CallerLostRights)), "{late:?}");
    let again = world.cluster.create(&permit, new()).await;
    assert!(matches!(again, Err(ClusterError::AlreadyBootstrapped)), "{again:?}");
    world.login("admin@example.com", world::PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_stranger_from_elsewhere_does_not_create_the_cluster() {
    let world = World::new().await;
    // The last one is of this machine, where nobody has such a connection.
    for address in ["192.0.2.7:443", "[2001:db8::7]:443", "127.0.0.1:1", "[::1]:1"] {
        let peer = Arc::new(Peer::from_handshake(address.parse().unwrap(), None));
        let refused = world.access.authenticate_founder(&peer, None, Way::Direct).await;
        assert!(
            matches!(refused, Err(ClusterRefusal::NotTheFounder)),
            "{address}: {refused:?}"
        );
    }
    let (peer, connection) = local_peer().await;
    let forwarded = world.access.authenticate_founder(&peer, None, Way::Forwarded).await;
    assert!(matches!(forwarded, Err(ClusterRefusal::NotTheFounder)), "{forwarded:?}");
    world
        .access
        .authenticate_founder(&peer, None, Way::Direct)
        .await
        .unwrap();
    drop(connection);
    world.user("alice", ManagementRole::Admin).await;
    let (peer, _connection) = local_peer().await;
    assert!(
        world
            .access
            .authenticate_founder(&peer, None, Way::Direct)
            .await
            .is_err(),
        "the cluster has a user"
    );
}

/// The server's end of a connection from this process, and both of its sockets.
async fn local_peer() -> (Arc<Peer>, [TcpStream; 2]) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, address) = listener.accept().await.unwrap();
    (Arc::new(Peer::from_handshake(address, None)), [client, server])
}

#[tokio::test]
async fn the_full_access_acl_stays_as_it_is_and_others_come_and_go() {
    let world = World::new().await;
    let cluster = &world.cluster;
    let new = |name: &str| NewRedisAcl {
        uid: None,
        name: name.parse().unwrap(),
        acl: "+@read ~app:*".parse().unwrap(),
    };
    let acl = cluster
        .create_redis_acl(&world.permit().await, new("app"), Run::Apply)
        .await
        .unwrap();
    assert_eq!(acl.uid.get(), 4);
    let taken = cluster
        .create_redis_acl(&world.permit().await, new("app"), Run::Apply)
        .await;
    assert!(matches!(taken, Err(ClusterError::NameTaken { .. })), "{taken:?}");
    let update = RedisAclUpdate {
        acl: Some("+@all ~*".parse().unwrap()),
        ..RedisAclUpdate::default()
    };
    let changed = cluster
        .update_redis_acl(&world.permit().await, acl.uid, update.clone(), Run::Apply)
        .await
        .unwrap();
    assert_eq!((changed.name.as_str(), changed.acl.as_str()), ("app", "+@all ~*"));
    let full_access = RedisAclUid::new(1).unwrap();
    let changed = cluster
        .update_redis_acl(&world.permit().await, full_access, update, Run::Apply)
        .await;
    assert!(
        matches!(changed, Err(ClusterError::ReadOnlyRedisAcl { .. })),
        "{changed:?}"
    );
    let deleted = cluster.delete_redis_acl(&world.permit().await, full_access).await;
    assert!(
        matches!(deleted, Err(ClusterError::ReadOnlyRedisAcl { .. })),
        "{deleted:?}"
    );
    cluster.delete_redis_acl(&world.permit().await, acl.uid).await.unwrap();
    let again = cluster.delete_redis_acl(&world.permit().await, acl.uid).await;
    assert!(matches!(again, Err(ClusterError::NoSuchRedisAcl { .. })), "{again:?}");
    let next = cluster
        .create_redis_acl(&world.permit().await, new("app"), Run::Apply)
        .await
        .unwrap();
    assert_eq!(next.uid.get(), 5, "a number is not given twice");
}
