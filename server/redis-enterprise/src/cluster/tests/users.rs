use std::sync::Arc;

use secrecy::SecretString;

use super::world::{NOW, PASSWORD, World, certified, regular, role_uid, user_uid};
use crate::cluster::UserUpdate;
use crate::cluster::access::action::{ChangePassword, CreateUser, DeleteUser, InstallLicense, UpdateCluster};
use crate::cluster::settings_update::SettingsUpdate;
use crate::cluster::{ClusterError, PasswordChange, Run};
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::policy::PolicyUpdate;
use certward_redis_model::role::NewRole;
use certward_redis_model::uid::UserUid;
use certward_redis_model::user::{AuthMethod, NewUser, RoleSelection, User};

pub(super) async fn update(world: &World, uid: UserUid, update: UserUpdate) -> Result<Arc<User>, ClusterError> {
    world
        .cluster
        .update_user(&world.permit().await, uid, update, Run::Apply)
        .await
}

pub(super) fn roles(management: ManagementRole) -> UserUpdate {
    UserUpdate {
        roles: Some(RoleSelection::Management(management)),
        ..UserUpdate::default()
    }
}

pub(super) fn password(text: &str) -> UserUpdate {
    UserUpdate {
        password: Some(SecretString::from(text)),
        ..UserUpdate::default()
    }
}

pub(super) fn change(username: Option<&str>, password: &str) -> PasswordChange {
    PasswordChange {
        username: username.map(str::to_owned),
        password: SecretString::from(password),
    }
}

/// A world with a user manager.
pub(super) async fn with_manager() -> (World, Arc<User>) {
    let world = World::new().await;
    let role = NewRole {
        uid: None,
        name: "managers".parse().unwrap(),
        management: ManagementRole::UserManager,
        databases: Vec::new(),
    };
    world
        .cluster
        .create_role(&world.permit().await, role, Run::Apply)
        .await
        .unwrap();
    let manager = world.user("mary", ManagementRole::UserManager).await;
    (world, manager)
}

#[tokio::test]
async fn a_certificate_user_needs_neither_name_nor_role_nor_password() {
    let world = World::new().await;
    let new = NewUser {
        name: None,
        ..certified("x", "CN=alice, O=Acme", ManagementRole::None)
    };
    let user = world.create(new).await.unwrap();
    assert_eq!(
        (user.name.as_str(), user.role_uids.as_slice()),
        ("user-1", &[role_uid(6)][..])
    );
    assert_eq!(user.password_issued_at(), None);
    let named_by_address = NewUser {
        name: None,
        email: Some("bob@example.com".parse().unwrap()),
        ..regular("x", ManagementRole::None)
    };
    let user = world.create(named_by_address).await.unwrap();
    assert_eq!(
        (user.name.as_str(), user.password_issued_at()),
        ("bob@example.com", Some(NOW))
    );
}

#[tokio::test]
async fn method_password_and_subject_must_go_together() {
    let world = World::new().await;
    let subject = || Some("CN=x".parse().unwrap());
    let secret = || Some(SecretString::from(PASSWORD));
    let create = |auth_method, password, certificate_subject_line| {
        let new = NewUser {
            auth_method,
            password,
            certificate_subject_line,
            ..regular("alice", ManagementRole::None)
        };
        world.create(new)
    };
    let missing = create(AuthMethod::Regular, None, None).await;
    assert!(matches!(missing, Err(ClusterError::PasswordMissing)), "{missing:?}");
    let subject_of_regular = create(AuthMethod::Regular, secret(), subject()).await;
    assert!(matches!(
        subject_of_regular,
        Err(ClusterError::SubjectLineNotAllowed { auth_method: "regular" })
    ));
    let no_subject = create(AuthMethod::Certificate, None, None).await;
    assert!(
        matches!(no_subject, Err(ClusterError::SubjectLineMissing)),
        "{no_subject:?}"
    );
    for method in [AuthMethod::Certificate, AuthMethod::EntraId, AuthMethod::Sso] {
        let with_password = create(method, secret(), None).await;
        assert!(
            matches!(with_password, Err(ClusterError::PasswordNotAllowed { .. })),
            "{with_password:?}"
        );
    }
    create(AuthMethod::Sso, None, None).await.unwrap();
}

#[tokio::test]
async fn names_addresses_subjects_and_numbers_belong_to_one_user() {
    let world = World::new().await;
    let mut alice = regular("alice", ManagementRole::None);
    alice.email = Some("Alice@Example.com".parse().unwrap());
    world.create(alice).await.unwrap();
    world
        .create(certified("bob", "CN=bob,O=Acme", ManagementRole::None))
        .await
        .unwrap();

    let same_name = world.create(regular("alice", ManagementRole::None)).await;
    assert!(
        matches!(same_name, Err(ClusterError::NameTaken { .. })),
        "{same_name:?}"
    );
    let name_is_address = world.create(regular("alice@example.com", ManagementRole::None)).await;
    assert!(
        matches!(name_is_address, Err(ClusterError::NameTaken { .. })),
        "{name_is_address:?}"
    );
    let mut same_address = regular("carol", ManagementRole::None);
    same_address.email = Some("alice@example.COM".parse().unwrap());
    let same_address = world.create(same_address).await;
    assert!(
        matches!(same_address, Err(ClusterError::EmailTaken { .. })),
        "{same_address:?}"
    );
    // A user without a name of its own is called as its address.
    let nameless = NewUser {
        name: None,
        email: Some("alice@example.com".parse().unwrap()),
        ..regular("unused", ManagementRole::None)
    };
    let nameless = world.create(nameless).await;
    assert!(matches!(nameless, Err(ClusterError::EmailTaken { .. })), "{nameless:?}");
    let same_subject = world
        .create(certified("carol", "cn=bob, O=Acme", ManagementRole::None))
        .await;
    assert!(matches!(same_subject, Err(ClusterError::SubjectTaken { holder, .. }) if holder == user_uid(2)));
    let same_uid = NewUser {
        uid: Some(user_uid(1)),
        ..regular("carol", ManagementRole::None)
    };
    assert!(matches!(
        world.create(same_uid).await,
        Err(ClusterError::UidTaken { uid: 1 })
    ));
    // What nobody has any more can be had again.
    world
        .cluster
        .delete_user(&world.permit().await, user_uid(2))
        .await
        .unwrap();
    let carol = world
        .create(certified("bob", "CN=bob,O=Acme", ManagementRole::None))
        .await
        .unwrap();
    assert_eq!(carol.uid, user_uid(3), "a number is not given twice");
}

#[tokio::test]
async fn a_role_that_does_not_exist_is_not_given() {
    let world = World::new().await;
    let unknown = NewUser {
        roles: RoleSelection::Uids(vec![role_uid(99)]),
        ..regular("alice", ManagementRole::None)
    };
    let unknown = world.create(unknown).await;
    assert!(matches!(unknown, Err(ClusterError::UnknownRole { .. })), "{unknown:?}");
    let without = world.create(regular("alice", ManagementRole::UserManager)).await;
    assert!(
        matches!(without, Err(ClusterError::NoRoleWithManagement { .. })),
        "{without:?}"
    );
}

#[tokio::test]
async fn a_user_changes_its_own_password_and_alerts_and_nothing_else() {
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::DbViewer).await;
    let own = |change: UserUpdate| {
        let (world, alice) = (&world, &alice);
        async move {
            let permit = world.permit_on_self(alice).await;
            world.cluster.update_user(&permit, alice.uid, change, Run::Apply).await
        }
    };
    for (member, change) in [
        (
            "name",
            UserUpdate {
                name: Some("monitoring".parse().unwrap()),
                ..UserUpdate::default()
            },
        ),
        (
            "name",
            UserUpdate {
                name: Some("Alice".parse().unwrap()),
                ..password("another horse")
            },
        ),
        ("role_uids", roles(ManagementRole::Admin)),
        (
            "email",
            UserUpdate {
                email: Some(Some("a@b.c".parse().unwrap())),
                ..UserUpdate::default()
            },
        ),
        (
            "auth_method",
            UserUpdate {
                auth_method: Some(AuthMethod::Sso),
                ..UserUpdate::default()
            },
        ),
        (
            "certificate_subject_line",
            UserUpdate {
                certificate_subject_line: Some("CN=x".parse().unwrap()),
                ..UserUpdate::default()
            },
        ),
    ] {
        let refused = own(change).await;
        assert!(
            matches!(refused, Err(ClusterError::NotOwnBusiness { member: named }) if named == member),
            "{member}: {refused:?}"
        );
    }
    // A client that sends the whole user back changes nothing by it.
    let whole = UserUpdate {
        email: Some(None),
        auth_method: Some(AuthMethod::Regular),
        email_alerts: Some(false),
        ..roles(ManagementRole::DbViewer)
    };
    let changed = own(whole).await.unwrap();
    assert!(!changed.alerts.enabled);
    let renamed = UserUpdate {
        name: Some("alice".parse().unwrap()),
        ..password("another horse")
    };
    own(renamed).await.unwrap();
    assert_eq!(world.refusal("alice", PASSWORD).await, "wrong_password");
    assert_eq!(world.refusal("alice", "another horse").await, "admitted");
}

#[tokio::test]
async fn a_user_has_no_permit_for_another_user() {
    use crate::cluster::access::action::{UpdateUser, ViewUser};
    use crate::cluster::access::{authorize, authorize_on};
    let world = World::new().await;
    let (alice, bob) = (
        world.user("alice", ManagementRole::ClusterMember).await,
        world.user("bob", ManagementRole::None).await,
    );
    let caller = world.login("alice", PASSWORD).await.unwrap();
    assert!(authorize_on::<ViewUser>(&caller, alice.uid).is_ok());
    assert!(authorize_on::<UpdateUser>(&caller, alice.uid).is_ok());
    assert!(authorize_on::<ViewUser>(&caller, bob.uid).is_err());
    assert!(authorize_on::<UpdateUser>(&caller, bob.uid).is_err());
    assert!(authorize::<UpdateUser>(&caller).is_err());
}

#[tokio::test]
async fn a_change_of_method_takes_the_old_way_in_away() {
    let world = World::new().await;
    world.user("root", ManagementRole::Admin).await;
    let alice = world.user("alice", ManagementRole::None).await;
    let to_certificate = UserUpdate {
        auth_method: Some(AuthMethod::Certificate),
        certificate_subject_line: Some("CN=alice".parse().unwrap()),
        ..UserUpdate::default()
    };
    let changed = update(&world, alice.uid, to_certificate).await.unwrap();
    assert!(changed.credentials_revision > alice.credentials_revision);
    assert_eq!(world.refusal("alice", PASSWORD).await, "wrong_password");
    let without_password = UserUpdate {
        auth_method: Some(AuthMethod::Regular),
        ..UserUpdate::default()
    };
    let refused = update(&world, alice.uid, without_password).await;
    assert!(matches!(refused, Err(ClusterError::PasswordMissing)), "{refused:?}");
    let back = UserUpdate {
        auth_method: Some(AuthMethod::Regular),
        ..password(PASSWORD)
    };
    update(&world, alice.uid, back).await.unwrap();
    assert!(
        world
            .cluster
            .state()
            .user_with_subject(&"CN=alice".parse().unwrap())
            .is_none()
    );
    assert_eq!(world.refusal("alice", PASSWORD).await, "admitted");
}

#[tokio::test]
async fn a_subject_line_is_kept_as_it_was_given_last() {
    let world = World::new().await;
    let alice = world
        .create(certified("alice", "CN=alice,O=Acme", ManagementRole::None))
        .await
        .unwrap();
    let spaced = UserUpdate {
        certificate_subject_line: Some("CN=alice, O=Acme".parse().unwrap()),
        ..UserUpdate::default()
    };
    let changed = update(&world, alice.uid, spaced).await.unwrap();
    assert_eq!(changed.certificate_subject_line().unwrap().as_str(), "CN=alice, O=Acme");
}

#[tokio::test]
async fn a_user_manager_manages_all_but_administrators() {
    let (world, manager) = with_manager().await;
    let admin = world.user("root", ManagementRole::Admin).await;
    let cluster = &world.cluster;
    let made = cluster
        .create_user(
            &world.permit_of(&manager).await,
            regular("mine", ManagementRole::Admin),
            Run::Apply,
        )
        .await;
    assert!(matches!(made, Err(ClusterError::AboveOwnRights { .. })), "{made:?}");
    for (uid, change) in [
        (manager.uid, roles(ManagementRole::Admin)),
        (admin.uid, roles(ManagementRole::None)),
        (admin.uid, password("taken over by me")),
    ] {
        let changed = cluster
            .update_user(&world.permit_of(&manager).await, uid, change, Run::Apply)
            .await;
        assert!(
            matches!(changed, Err(ClusterError::AboveOwnRights { .. })),
            "{changed:?}"
        );
    }
    let deleted = cluster.delete_user(&world.permit_of(&manager).await, admin.uid).await;
    assert!(
        matches!(deleted, Err(ClusterError::AboveOwnRights { .. })),
        "{deleted:?}"
    );
    let theirs = cluster
        .create_user(
            &world.permit_of(&manager).await,
            regular("theirs", ManagementRole::DbMember),
            Run::Apply,
        )
        .await
        .unwrap();
    cluster
        .delete_user(&world.permit_of(&manager).await, theirs.uid)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_caller_that_lost_its_rights_meanwhile_changes_nothing() {
    let (world, manager) = with_manager().await;
    let permit = world.permit_of(&manager).await;
    world
        .cluster
        .delete_user(&world.permit().await, manager.uid)
        .await
        .unwrap();
    let made = world
        .cluster
        .create_user(&permit, regular("mine", ManagementRole::None), Run::Apply)
        .await;
    assert!(matches!(made, Err(ClusterError::CallerLostRights)), "{made:?}");
}

/// A world with a user who is one of two administrators.
pub(super) async fn with_administrator() -> (World, Arc<User>) {
    let world = World::new().await;
    // So that mallory is not the last, who cannot be demoted.
    world.user("root", ManagementRole::Admin).await;
    let mallory = world.user("mallory", ManagementRole::Admin).await;
    (world, mallory)
}

#[tokio::test]
async fn an_action_needs_its_permission_at_the_moment_of_the_change() {
    let (world, mallory) = with_administrator().await;
    let alice = world.user("alice", ManagementRole::None).await;
    let (cluster, before) = (&world.cluster, world.cluster.state().settings().clone());
    let settings = world.permit_of::<UpdateCluster>(&mallory).await;
    let license = world.permit_of::<InstallLicense>(&mallory).await;
    let create = world.permit_of::<CreateUser>(&mallory).await;
    let delete = world.permit_of::<DeleteUser>(&mallory).await;
    let passwords = world.permit_of::<ChangePassword>(&mallory).await;
    update(&world, mallory.uid, roles(ManagementRole::None)).await.unwrap();

    let lost = |answer: Result<(), ClusterError>, what: &str| {
        assert!(
            matches!(answer, Err(ClusterError::CallerLostRights)),
            "{what}: {answer:?}"
        );
    };
    let policy = PolicyUpdate {
        resp3_default: Some(false),
        ..PolicyUpdate::default()
    };
    lost(cluster.update_policy(&settings, policy).await, "policy");
    let wanted = SettingsUpdate {
        password_complexity: Some(true),
        ..SettingsUpdate::default()
    };
    let changed = cluster.update_settings(&settings, wanted, Run::Apply).await;
    lost(changed.map(drop), "settings");
    lost(cluster.put_certificates(&settings, Vec::new()).await, "certificates");
    lost(cluster.install_license(&license, "mine".to_owned()).await, "licence");
    let made = cluster
        .create_user(&create, regular("mine", ManagementRole::None), Run::Dry)
        .await;
    lost(made.map(drop), "user, tried");
    lost(cluster.delete_user(&delete, alice.uid).await, "deletion");
    assert_eq!(world.cluster.state().settings(), &before);

    // Everybody may ask for a change of a password; of another's, only administrators.
    for guess in [PASSWORD, "another horse"] {
        let set = cluster.set_password(&passwords, change(Some("alice"), guess)).await;
        assert!(matches!(set, Err(ClusterError::PasswordOfAnother)), "{set:?}");
    }
    assert_eq!(world.refusal("alice", PASSWORD).await, "admitted");
}

#[tokio::test]
async fn names_that_engines_have_for_themselves_are_nobodys_in_any_case() {
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::None).await;
    for name in ["default", "Default", "DEFAULT", " default", "certward", "CertWard "] {
        let made = world.create(regular(name, ManagementRole::None)).await;
        assert!(
            matches!(made, Err(ClusterError::NameReserved { .. })),
            "{name}: {made:?}"
        );
        let renamed = UserUpdate {
            name: Some(name.parse().unwrap()),
            ..UserUpdate::default()
        };
        let renamed = update(&world, alice.uid, renamed).await;
        assert!(
            matches!(renamed, Err(ClusterError::NameReserved { .. })),
            "{name}: {renamed:?}"
        );
    }
    world.user("certward-2", ManagementRole::None).await;
}
