//! The passwords of users: several are valid at a time, so that they can be rotated.

use std::sync::Arc;

use secrecy::SecretString;

use super::access::action::ChangePassword;
use super::access::{Applicant, ClusterCaller, ClusterPermit, Guess, PasswordHash};
use super::password_rules;
use super::{Asked, Cluster, ClusterError, ClusterState, Plan, Planning, Run};
use certward_redis_model::permission::PermissionSet;
use certward_redis_model::state::Change;
use certward_redis_model::uid::UserUid;
use certward_redis_model::user::{Authentication, User};

/// A new password for a user.
#[derive(Debug)]
pub struct PasswordChange {
    /// The name or e-mail address of the user; none for the caller itself.
    pub username: Option<String>,
    /// The password.
    pub password: SecretString,
}

impl Cluster {
    /// Replaces all passwords of the user with this one. The user's tokens are void afterwards.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::PasswordOfAnother`] if a caller who is not an administrator names another user;
    /// [`ClusterError::NoSuchUserName`]; [`ClusterError::PasswordNotAllowed`]; [`ClusterError::PasswordTooWeak`];
    /// [`ClusterError::Busy`]; [`ClusterError::PasswordSameAsCurrent`]; [`ClusterError::Store`].
    pub async fn set_password(
        &self,
        permit: &ClusterPermit<ChangePassword>,
        change: PasswordChange,
    ) -> Result<(), ClusterError> {
        let alone: fn(&[PasswordHash]) -> &[PasswordHash] = |_| &[];
        self.put_password(permit, change, alone, |_, hash| Ok(vec![hash]), "set the password")
            .await
    }

    /// Adds a password to the user. The user's tokens are void afterwards.
    ///
    /// # Errors
    ///
    /// As [`Self::set_password`]; [`ClusterError::TooManyPasswords`].
    pub async fn add_password(
        &self,
        permit: &ClusterPermit<ChangePassword>,
        change: PasswordChange,
    ) -> Result<(), ClusterError> {
        let add = |present: &[PasswordHash], hash| {
            if present.len() >= MAX_PASSWORDS {
                return Err(ClusterError::TooManyPasswords { limit: MAX_PASSWORDS });
            }
            Ok(present.iter().cloned().chain([hash]).collect())
        };
        self.put_password(permit, change, |present| present, add, "added a password")
            .await
    }

    /// Deletes a password of the user. The user's tokens are void afterwards.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::PasswordOfAnother`] if a caller who is not an administrator names another user;
    /// [`ClusterError::NoSuchUserName`]; [`ClusterError::PasswordNotAllowed`]; [`ClusterError::Busy`];
    /// [`ClusterError::NoSuchPassword`], which counts as a wrong password unless an administrator names another user,
    /// and is the result for every password while the user is locked; [`ClusterError::LastPassword`];
    /// [`ClusterError::Store`].
    pub async fn delete_password(
        &self,
        permit: &ClusterPermit<ChangePassword>,
        change: PasswordChange,
    ) -> Result<(), ClusterError> {
        let asked = Asked::by(permit, "password");
        let rights = self.look_again(&asked)?;
        let user = target(&self.state(), permit.caller(), rights, change.username.as_deref())?;
        let place = match self
            .compare((permit.caller(), rights), &user, passwords_of(&user)?, &change.password)
            .await?
        {
            Guess::Right(place) => place,
            Guess::Wrong | Guess::Locked => return Err(ClusterError::NoSuchPassword),
        };
        let gone = passwords_of(&user)?[place].clone();
        let asked = Asked::by(permit, format!("user {}", user.uid));
        let caller = Arc::clone(permit.caller());
        self.change(asked, Run::Apply, move |planning| {
            check_may_change(planning, &caller, user.uid)?;
            let (user, present) = present(planning, user.uid)?;
            let left: Vec<PasswordHash> = present.iter().filter(|hash| **hash != gone).cloned().collect();
            if left.len() == present.len() {
                return Err(ClusterError::NoSuchPassword);
            }
            if left.is_empty() {
                return Err(ClusterError::LastPassword);
            }
            let issued_at = user.password_issued_at().unwrap_or(planning.now);
            Ok(plan(planning, user, left, issued_at, "deleted a password"))
        })
        .await
    }

    async fn put_password(
        &self,
        permit: &ClusterPermit<ChangePassword>,
        change: PasswordChange,
        kept: fn(&[PasswordHash]) -> &[PasswordHash],
        next: impl FnOnce(&[PasswordHash], PasswordHash) -> Result<Vec<PasswordHash>, ClusterError> + Send + 'static,
        what: &'static str,
    ) -> Result<(), ClusterError> {
        let asked = Asked::by(permit, "password");
        let rights = self.look_again(&asked)?;
        let state = self.state();
        let user = target(&state, permit.caller(), rights, change.username.as_deref())?;
        let present_hashes = passwords_of(&user)?;
        password_rules::check(&change.password, state.settings(), user.email.as_ref())?;
        drop(state);
        self.refuse_present((permit.caller(), rights), &user, present_hashes, &change.password)
            .await?;
        let hash = self
            .passwords()
            .hash_beside(kept(present_hashes), &change.password)
            .await
            .map_err(|_| ClusterError::Busy)?;
        let asked = Asked::by(permit, format!("user {}", user.uid));
        let caller = Arc::clone(permit.caller());
        self.change(asked, Run::Apply, move |planning| {
            check_may_change(planning, &caller, user.uid)?;
            let (user, present) = present(planning, user.uid)?;
            let hashes = next(present, hash)?;
            Ok(plan(planning, user, hashes, planning.now, what))
        })
        .await
    }
}

impl Cluster {
    /// Refuses a new password that the user has already. The refusal reveals this to the caller, so a password that the
    /// user does not have counts as a wrong one. A change that replaces all present passwords voids the count; a dry
    /// run, and a password added beside them, do not.
    pub(super) async fn refuse_present(
        &self,
        caller: (&ClusterCaller, PermissionSet),
        user: &User,
        present: &[PasswordHash],
        new: &SecretString,
    ) -> Result<(), ClusterError> {
        match self.compare(caller, user, present, new).await? {
            Guess::Right(_) => Err(ClusterError::PasswordSameAsCurrent),
            Guess::Wrong | Guess::Locked => Ok(()),
        }
    }

    /// Checks a password against a user's, for a caller with these rights who learns the result. It counts like a
    /// login, except for administrators with the passwords of others, which they may replace without knowing them.
    async fn compare(
        &self,
        (caller, rights): (&ClusterCaller, PermissionSet),
        user: &User,
        hashes: &[PasswordHash],
        password: &SecretString,
    ) -> Result<Guess, ClusterError> {
        let is_own = caller.user().is_some_and(|own| own.uid == user.uid);
        let compared = if super::is_admin(rights) && !is_own {
            let place = self.passwords().verify(Applicant::LetIn, password, hashes).await;
            place.map(|place| place.map_or(Guess::Wrong, Guess::Right))
        } else {
            self.check_guess(Applicant::LetIn, user, hashes, password).await
        };
        compared.map_err(|_| ClusterError::Busy)
    }
}

/// The user whose password is changed. A caller who may not change it does not learn if the user exists.
fn target(
    state: &ClusterState,
    caller: &ClusterCaller,
    rights: PermissionSet,
    username: Option<&str>,
) -> Result<Arc<User>, ClusterError> {
    let own = caller.user().and_then(|user| state.user(user.uid));
    let named = username.map(|name| state.user_logging_in_as(name));
    let is_own = match (own, named) {
        (Some(own), Some(Some(named))) => own.uid == named.uid,
        (Some(_), None) => true,
        _ => false,
    };
    if !is_own && !super::is_admin(rights) {
        return Err(ClusterError::PasswordOfAnother);
    }
    let user = named.unwrap_or(own).ok_or_else(|| ClusterError::NoSuchUserName {
        name: username.unwrap_or(caller.name()).to_owned(),
    })?;
    Ok(Arc::clone(user))
}

fn passwords_of(user: &User) -> Result<&[PasswordHash], ClusterError> {
    match &user.authentication {
        Authentication::Regular { passwords, .. } => Ok(passwords),
        _ => Err(ClusterError::PasswordNotAllowed {
            auth_method: user.auth_method().as_str(),
        }),
    }
}

/// Refuses the password of another user, unless the caller is an administrator at the moment of the change.
fn check_may_change(planning: &Planning<'_>, caller: &ClusterCaller, uid: UserUid) -> Result<(), ClusterError> {
    let is_own = caller.user().is_some_and(|user| user.uid == uid);
    if is_own || planning.is_by_admin() {
        Ok(())
    } else {
        Err(ClusterError::PasswordOfAnother)
    }
}

/// The user and its passwords at the moment of the change.
fn present<'a>(planning: &Planning<'a>, uid: UserUid) -> Result<(&'a Arc<User>, &'a [PasswordHash]), ClusterError> {
    let user = planning.state.user(uid).ok_or(ClusterError::NoSuchUser { uid })?;
    Ok((user, passwords_of(user)?))
}

fn plan(
    planning: &Planning<'_>,
    user: &User,
    passwords: Vec<PasswordHash>,
    issued_at: time::OffsetDateTime,
    what: &str,
) -> Plan<()> {
    let changed = User {
        uid: user.uid,
        name: user.name.clone(),
        email: user.email.clone(),
        authentication: Authentication::Regular { passwords, issued_at },
        credentials_revision: planning.state.revision() + 1,
        role_uids: user.role_uids.clone(),
        alerts: user.alerts.clone(),
    };
    Plan {
        changes: vec![Change::PutUser(Arc::new(changed))],
        detail: format!("{what} of user {} {:?}", user.uid, user.name.as_str()),
        outcome: (),
    }
}

/// A login tries each of them, at 20 ms.
const MAX_PASSWORDS: usize = 8;
