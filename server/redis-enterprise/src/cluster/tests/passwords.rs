//! The passwords of users: which are good, which are guesses, and who may change whose.

use secrecy::SecretString;

use super::world::{PASSWORD, World, certified, regular};
use crate::cluster::access::ClusterPermit;
use crate::cluster::access::action::CreateUser;
use crate::cluster::{ClusterError, Run};
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::user::{Authentication, NewUser};

use super::users::{change, password, update, with_administrator, with_manager};

#[tokio::test]
async fn a_user_manager_cannot_guess_the_password_of_another_by_setting_it() {
    let (world, manager) = with_manager().await;
    let admin = world.user("root", ManagementRole::Admin).await;
    let alice = world.user("alice", ManagementRole::None).await;
    let guess = async |uid| {
        let permit = world.permit_of(&manager).await;
        world
            .cluster
            .update_user(&permit, uid, password(PASSWORD), Run::Dry)
            .await
    };
    assert!(matches!(
        guess(admin.uid).await,
        Err(ClusterError::AboveOwnRights { .. })
    ));
    guess(alice.uid).await.unwrap();
}

#[tokio::test]
async fn a_password_must_be_good_at_the_moment_of_the_change() {
    let (world, mallory) = with_administrator().await;
    let made = async |permit: &ClusterPermit<CreateUser>| {
        let new = regular("mine", ManagementRole::None);
        world.cluster.create_user(permit, new, Run::Apply).await
    };
    let permit = world.permit_of::<CreateUser>(&mallory).await;
    world
        .set(|settings| settings.control_plane_basic_authentication = false)
        .await;
    let off = made(&permit).await;
    assert!(matches!(off, Err(ClusterError::CallerLostRights)), "{off:?}");
    world
        .set(|settings| settings.control_plane_basic_authentication = true)
        .await;
    world.set(|settings| settings.password_expiration_duration = 1).await;
    world.clock.advance(time::Duration::days(2));
    let expired = made(&permit).await;
    assert!(matches!(expired, Err(ClusterError::CallerLostRights)), "{expired:?}");
}

#[tokio::test]
async fn several_passwords_are_good_until_they_are_deleted_and_one_stays() {
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::None).await;
    let cluster = &world.cluster;
    cluster
        .add_password(&world.permit_of(&alice).await, change(None, "second horse"))
        .await
        .unwrap();
    assert_eq!(world.refusal("alice", PASSWORD).await, "admitted");
    assert_eq!(world.refusal("alice", "second horse").await, "admitted");
    let again = cluster
        .add_password(&world.permit_of(&alice).await, change(None, "second horse"))
        .await;
    assert!(matches!(again, Err(ClusterError::PasswordSameAsCurrent)), "{again:?}");
    let unknown = cluster
        .delete_password(&world.permit_of(&alice).await, change(None, "third horse"))
        .await;
    assert!(matches!(unknown, Err(ClusterError::NoSuchPassword)), "{unknown:?}");
    cluster
        .delete_password(&world.permit_of(&alice).await, change(None, "second horse"))
        .await
        .unwrap();
    assert_eq!(world.refusal("alice", "second horse").await, "wrong_password");
    let last = cluster
        .delete_password(&world.permit_of(&alice).await, change(None, PASSWORD))
        .await;
    assert!(matches!(last, Err(ClusterError::LastPassword)), "{last:?}");
    cluster
        .set_password(&world.permit_of(&alice).await, change(Some("alice"), "only horse"))
        .await
        .unwrap();
    assert_eq!(world.refusal("alice", PASSWORD).await, "wrong_password");
    assert_eq!(world.refusal("alice", "only horse").await, "admitted");
}

#[tokio::test]
async fn only_so_many_passwords_are_kept_and_all_are_checked_at_the_cost_of_one() {
    let world = World::new().await;
    world.user("alice", ManagementRole::None).await;
    for number in 2..=8 {
        let more = change(Some("alice"), &format!("password {number}"));
        world.cluster.add_password(&world.permit().await, more).await.unwrap();
    }
    let state = world.cluster.state();
    let Authentication::Regular { passwords, .. } = &state.user_named("alice").unwrap().authentication else {
        panic!("alice has passwords");
    };
    assert_eq!(passwords.len(), 8);
    assert!(
        passwords
            .iter()
            .all(|hash| (hash.cost, hash.salt) == (passwords[0].cost, passwords[0].salt))
    );
    let more = world
        .cluster
        .add_password(&world.permit().await, change(Some("alice"), "password 9"))
        .await;
    assert!(
        matches!(more, Err(ClusterError::TooManyPasswords { limit: 8 })),
        "{more:?}"
    );
}

#[tokio::test]
async fn the_passwords_of_others_are_an_administrators_business() {
    let (world, manager) = with_manager().await;
    world.user("alice", ManagementRole::None).await;
    let cluster = &world.cluster;
    for name in ["alice", "nobody"] {
        let refused = cluster
            .set_password(&world.permit_of(&manager).await, change(Some(name), "new password"))
            .await;
        assert!(
            matches!(refused, Err(ClusterError::PasswordOfAnother)),
            "{name}: {refused:?}"
        );
    }
    cluster
        .set_password(&world.permit().await, change(Some("alice"), "new password"))
        .await
        .unwrap();
    assert_eq!(world.refusal("alice", "new password").await, "admitted");
    let unknown = cluster
        .set_password(&world.permit().await, change(Some("nobody"), "new password"))
        .await;
    assert!(
        matches!(unknown, Err(ClusterError::NoSuchUserName { .. })),
        "{unknown:?}"
    );
    world
        .create(certified("bob", "CN=bob", ManagementRole::None))
        .await
        .unwrap();
    let certificate = cluster
        .set_password(&world.permit().await, change(Some("bob"), "new password"))
        .await;
    assert!(
        matches!(certificate, Err(ClusterError::PasswordNotAllowed { .. })),
        "{certificate:?}"
    );
}

#[tokio::test]
async fn a_password_follows_the_rules_of_the_settings() {
    let world = World::new().await;
    let short = NewUser {
        password: Some(SecretString::from("short")),
        ..regular("alice", ManagementRole::None)
    };
    let short = world.create(short).await;
    assert!(matches!(short, Err(ClusterError::PasswordTooWeak { .. })), "{short:?}");
    let alice = world.user("alice", ManagementRole::None).await;
    let same = update(&world, alice.uid, password(PASSWORD)).await;
    assert!(matches!(same, Err(ClusterError::PasswordSameAsCurrent)), "{same:?}");
    world.set(|settings| settings.password_complexity = true).await;
    let plain = update(&world, alice.uid, password("only lower case")).await;
    assert!(matches!(plain, Err(ClusterError::PasswordTooWeak { .. })), "{plain:?}");
}

#[tokio::test]
async fn a_guess_by_deleting_or_trying_out_a_password_counts_like_a_login() {
    for by_deleting in [true, false] {
        let world = World::new().await;
        let alice = world.user("alice", ManagementRole::None).await;
        let (to_delete, to_update) = (world.permit_of(&alice).await, world.permit_on_self(&alice).await);
        for _ in 0..5 {
            if by_deleting {
                let wrong = world
                    .cluster
                    .delete_password(&to_delete, change(None, "third horse"))
                    .await;
                assert!(matches!(wrong, Err(ClusterError::NoSuchPassword)), "{wrong:?}");
            } else {
                let tried = world
                    .cluster
                    .update_user(&to_update, alice.uid, password("third horse"), Run::Dry)
                    .await;
                tried.unwrap();
            }
        }
        assert_eq!(world.refusal("alice", PASSWORD).await, "locked");
        // Not even the right one is told from a wrong one now.
        let right = world.cluster.delete_password(&to_delete, change(None, PASSWORD)).await;
        assert!(matches!(right, Err(ClusterError::NoSuchPassword)), "{right:?}");
    }
}

#[tokio::test]
async fn a_password_that_a_token_holder_adds_clears_no_wrong_ones() {
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::None).await;
    let permit = world.permit_of(&alice).await;
    // It tells the caller that this is none of the user's: the first wrong one.
    world
        .cluster
        .add_password(&permit, change(None, "second horse"))
        .await
        .unwrap();
    // With another password the caller is let in anew.
    let alice = world.cluster.state().user(alice.uid).unwrap().clone();
    let permit = world.permit_of(&alice).await;
    for guess in ["guess 2", "guess 3", "guess 4"] {
        assert_eq!(world.refusal("alice", guess).await, "wrong_password");
        let again = world.cluster.add_password(&permit, change(None, "second horse")).await;
        assert!(matches!(again, Err(ClusterError::PasswordSameAsCurrent)), "{again:?}");
        assert_eq!(world.refusal("alice", "second horse").await, "admitted");
    }
    assert_eq!(world.refusal("alice", "guess 5").await, "wrong_password");
    for password in [PASSWORD, "second horse"] {
        assert_eq!(world.refusal("alice", password).await, "locked");
    }
}

#[tokio::test]
async fn an_administrators_own_password_is_guessed_by_its_token_no_longer_than_another_users() {
    let world = World::new().await;
    let root = world.user("root", ManagementRole::Admin).await;
    let permit = world.permit_of(&root).await;
    for _ in 0..5 {
        let tried = world
            .cluster
            .update_user(&permit, root.uid, password("third horse"), Run::Dry)
            .await;
        tried.unwrap();
    }
    assert_eq!(world.refusal("root", PASSWORD).await, "locked");
}

#[tokio::test]
async fn an_administrator_locks_nobody_by_deleting_a_password() {
    let world = World::new().await;
    let alice = world.user("alice", ManagementRole::None).await;
    for _ in 0..6 {
        let wrong = world
            .cluster
            .delete_password(&world.permit().await, change(Some("alice"), "third horse"))
            .await;
        assert!(matches!(wrong, Err(ClusterError::NoSuchPassword)), "{wrong:?}");
    }
    assert_eq!(world.refusal(alice.name.as_str(), PASSWORD).await, "admitted");
}
