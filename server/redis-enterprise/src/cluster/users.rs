//! Creating, changing and deleting users.

use std::sync::Arc;

use certward_pki::DistinguishedName;
use secrecy::SecretString;

use super::access::action::{CreateUser, DeleteUser, UpdateUser};
use super::access::{ClusterCaller, ClusterPermit, PasswordHash, Proof};
use super::password_rules;
use super::{Asked, Cluster, ClusterError, ClusterState, Plan, Planning, Run, list_length};
use crate::cluster::UserUpdate;
use certward_certificates::trust::SubjectLine;
use certward_redis_model::name::{EmailAddress, UserName};
use certward_redis_model::permission::{ManagementRole, PermissionSet};
use certward_redis_model::rights;
use certward_redis_model::state::Change;
use certward_redis_model::uid::{RoleUid, UserUid};
use certward_redis_model::user::{AuthMethod, Authentication, EmailAlerts, NewUser, RoleSelection, User};

impl Cluster {
    /// Creates a user.
    ///
    /// # Errors
    ///
    /// In this order: those of the password's rules; [`ClusterError::Busy`]; [`ClusterError::PasswordMissing`] and the
    /// like, if method, password and subject conflict; [`ClusterError::UidTaken`], [`ClusterError::NameTaken`],
    /// [`ClusterError::EmailTaken`], [`ClusterError::SubjectTaken`]; [`ClusterError::InvalidSetting`] for too many
    /// alerts; [`ClusterError::UnknownRole`]; [`ClusterError::AboveOwnRights`] if a caller who is not an administrator
    /// would create one; [`ClusterError::Store`].
    pub async fn create_user(
        &self,
        permit: &ClusterPermit<CreateUser>,
        new: NewUser,
        run: Run,
    ) -> Result<Arc<User>, ClusterError> {
        let asked = Asked::by(permit, new.label());
        let hash = self.hash_new(new.password.as_ref(), new.email.as_ref()).await?;
        self.change(asked, run, move |planning| plan_create(planning, new, hash))
            .await
    }

    /// Changes a user. With a permit for itself only, a user can change its password and its alerts; repeating the
    /// current value of another member is not a change.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::PasswordSameAsCurrent`], which only the user itself and administrators get; those
    /// of the password's rules; [`ClusterError::Busy`]; [`ClusterError::NoSuchUser`]; that of the precondition;
    /// [`ClusterError::NotOwnBusiness`];
    /// [`ClusterError::AboveOwnRights`] if a caller who is not an administrator would change or create one;
    /// [`ClusterError::PasswordMissing`] and the like; [`ClusterError::NameReserved`], [`ClusterError::NameTaken`] and
    /// the like; [`ClusterError::UnknownRole`]; [`ClusterError::LastAdminDemoted`],
    /// [`ClusterError::WouldLockOutCaller`]; [`ClusterError::Store`].
    pub async fn update_user(
        &self,
        permit: &ClusterPermit<UpdateUser>,
        uid: UserUid,
        update: UserUpdate,
        run: Run,
    ) -> Result<Arc<User>, ClusterError> {
        let asked = Asked::by(permit, format!("user {uid}"));
        let is_for_itself = permit.target().is_some();
        // Whoever else could ask this would have a way to guess passwords that no lock-out ends.
        let caller = permit.caller();
        let rights = self.look_again(&asked)?;
        let may_compare = caller.user().is_some_and(|user| user.uid == uid) || super::is_admin(rights);
        if let Some(password) = &update.password
            && may_compare
        {
            self.refuse_current((permit.caller(), rights), uid, password).await?;
        }
        let email = self.state().user(uid).and_then(|user| user.email.clone());
        let hash = self.hash_new(update.password.as_ref(), email.as_ref()).await?;
        // What the caller gets in by, when it changes itself.
        let own_subject = caller
            .certificate()
            .filter(|_| caller.proof() == Some(Proof::Certificate) && caller.user().is_some_and(|user| user.uid == uid))
            .map(|certificate| certificate.subject().clone());
        self.change(asked, run, move |planning| {
            plan_update(planning, uid, update, hash, is_for_itself, own_subject.as_ref())
        })
        .await
    }

    /// Deletes a user. Its certificate and its tokens are not accepted afterwards.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::NoSuchUser`]; [`ClusterError::AboveOwnRights`] if a caller who is not an
    /// administrator would delete one; [`ClusterError::LastAdminDeleted`]; [`ClusterError::Store`].
    pub async fn delete_user(&self, permit: &ClusterPermit<DeleteUser>, uid: UserUid) -> Result<(), ClusterError> {
        let asked = Asked::by(permit, format!("user {uid}"));
        self.change(asked, Run::Apply, move |planning| plan_delete(planning, uid))
            .await
    }

    async fn hash_new(
        &self,
        password: Option<&SecretString>,
        email: Option<&EmailAddress>,
    ) -> Result<Option<PasswordHash>, ClusterError> {
        let Some(password) = password else {
            return Ok(None);
        };
        password_rules::check(password, self.state().settings(), email)?;
        self.passwords()
            .hash(password)
            .await
            .map(Some)
            .map_err(|_| ClusterError::Busy)
    }

    async fn refuse_current(
        &self,
        caller: (&ClusterCaller, PermissionSet),
        uid: UserUid,
        password: &SecretString,
    ) -> Result<(), ClusterError> {
        let state = self.state();
        let Some(user) = state.user(uid).cloned() else {
            return Ok(());
        };
        // Not held while the password is hashed: a change meanwhile would have to copy it.
        drop(state);
        match &user.authentication {
            Authentication::Regular { passwords, .. } => self.refuse_present(caller, &user, passwords, password).await,
            _ => Ok(()),
        }
    }
}

fn plan_create(
    planning: &Planning<'_>,
    new: NewUser,
    hash: Option<PasswordHash>,
) -> Result<Plan<Arc<User>>, ClusterError> {
    let state = planning.state;
    let authentication = authentication(new.auth_method, hash, new.certificate_subject_line, planning)?;
    let uid = match new.uid {
        Some(uid) if state.user(uid).is_some() => return Err(ClusterError::UidTaken { uid: uid.get() }),
        Some(uid) => uid,
        None => state.next_user_uid().ok_or(ClusterError::NoUidLeft)?,
    };
    let name = new.name.map_or_else(|| default_name(new.email.as_ref(), uid), Ok)?;
    refuse_reserved(&name)?;
    check_unique(state, uid, &name, new.email.as_ref(), &authentication)?;
    check_alerts(&new.alerts)?;
    let role_uids = resolve(state, new.roles)?;
    planning.check_reach(state.highest_management_role(&role_uids), || {
        "making an administrator".to_owned()
    })?;
    let user = Arc::new(User {
        uid,
        name,
        email: new.email,
        authentication,
        credentials_revision: state.revision() + 1,
        role_uids,
        alerts: new.alerts,
    });
    Ok(Plan {
        changes: vec![Change::PutUser(Arc::clone(&user))],
        detail: format!("created {}", described(&user)),
        outcome: user,
    })
}

fn plan_update(
    planning: &Planning<'_>,
    uid: UserUid,
    update: UserUpdate,
    hash: Option<PasswordHash>,
    is_for_itself: bool,
    own_subject: Option<&DistinguishedName>,
) -> Result<Plan<Arc<User>>, ClusterError> {
    let state = planning.state;
    let user = state.user(uid).ok_or(ClusterError::NoSuchUser { uid })?;
    planning.check_precondition(&update.precondition)?;
    if is_for_itself {
        check_own_business(state, user, &update)?;
    }
    let role_uids = update.roles.map(|roles| resolve(state, roles)).transpose()?;
    let role_uids = role_uids.unwrap_or_else(|| user.role_uids.clone());
    let email = update.email.unwrap_or_else(|| user.email.clone());
    let method = update.auth_method.unwrap_or_else(|| user.auth_method());
    if !is_for_itself {
        planning.check_reach(state.management_role_of(user), || {
            format!("changing the administrator {:?}", user.name.as_str())
        })?;
    }
    let is_admin = state.highest_management_role(&role_uids) == ManagementRole::Admin;
    if is_admin && !is_for_itself {
        planning.check_reach(ManagementRole::Admin, || format!("making user {uid} an administrator"))?;
    }
    let subject = update.certificate_subject_line;
    let authentication = changed_authentication(&user.authentication, method, hash, subject, planning)?;
    let name = update.name.unwrap_or_else(|| user.name.clone());
    if name != user.name {
        refuse_reserved(&name)?;
    }
    let changed_credentials = authentication.is_some();
    let authentication = authentication.unwrap_or_else(|| user.authentication.clone());
    check_unique(state, uid, &name, email.as_ref(), &authentication)?;
    if is_last_administrator(planning, user) {
        let gets_in = state.lets_in_by(&authentication, planning.now)
            || authentication.lets_in() && !state.lets_in_by(&user.authentication, planning.now);
        if !(is_admin && gets_in) {
            return Err(ClusterError::LastAdminDemoted { uid });
        }
        if let (Some(shown), Authentication::Certificate { subject }) = (own_subject, &authentication)
            && subject.name() != shown
        {
            return Err(ClusterError::WouldLockOutCaller {
                setting: "this certificate_subject_line",
                reason: "is the last administrator, authenticated by a certificate with another subject",
            });
        }
    }
    let alerts = EmailAlerts {
        enabled: update.email_alerts.unwrap_or(user.alerts.enabled),
        cluster: update.cluster_email_alerts.or(user.alerts.cluster),
        databases: update.bdbs_email_alerts.or_else(|| user.alerts.databases.clone()),
    };
    check_alerts(&alerts)?;
    let changed = Arc::new(User {
        uid,
        name,
        email,
        authentication,
        credentials_revision: if changed_credentials {
            state.revision() + 1
        } else {
            user.credentials_revision
        },
        role_uids,
        alerts,
    });
    Ok(Plan {
        changes: vec![Change::PutUser(Arc::clone(&changed))],
        detail: format!("changed {} to {}", described(user), described(&changed)),
        outcome: changed,
    })
}

fn check_alerts(alerts: &EmailAlerts) -> Result<(), ClusterError> {
    list_length::check("bdbs_email_alerts", alerts.databases.as_ref().map_or(0, Vec::len))
}

/// Without the permission to change users, a user may change only its own password and alerts
/// (`docs/contracts/redis-enterprise.md#users`). All other parts are listed here with whether the update changes them:
/// databases identify a user by its name, administrators by the rest. Repeating the current value is not a change.
fn check_own_business(state: &ClusterState, user: &User, update: &UserUpdate) -> Result<(), ClusterError> {
    let UserUpdate {
        name,
        email,
        auth_method,
        certificate_subject_line,
        roles,
        // These are the user's own.
        password: _,
        email_alerts: _,
        cluster_email_alerts: _,
        bdbs_email_alerts: _,
        precondition: _,
    } = update;
    let roles_differ = match roles {
        None => false,
        Some(roles) => resolve(state, roles.clone())? != user.role_uids,
    };
    let kept = [
        ("name", name.as_ref().is_some_and(|name| *name != user.name)),
        ("role_uids", roles_differ),
        ("email", email.as_ref().is_some_and(|email| *email != user.email)),
        (
            "auth_method",
            auth_method.is_some_and(|method| method != user.auth_method()),
        ),
        (
            "certificate_subject_line",
            certificate_subject_line.is_some() && certificate_subject_line.as_ref() != user.certificate_subject_line(),
        ),
    ];
    match kept.into_iter().find(|(_, differs)| *differs) {
        Some((member, _)) => Err(ClusterError::NotOwnBusiness { member }),
        None => Ok(()),
    }
}

fn plan_delete(planning: &Planning<'_>, uid: UserUid) -> Result<Plan<()>, ClusterError> {
    let state = planning.state;
    let user = state.user(uid).ok_or(ClusterError::NoSuchUser { uid })?;
    planning.check_reach(state.management_role_of(user), || {
        format!("deleting the administrator {:?}", user.name.as_str())
    })?;
    if is_last_administrator(planning, user) {
        return Err(ClusterError::LastAdminDeleted { uid });
    }
    Ok(Plan {
        changes: vec![Change::DeleteUser(uid)],
        detail: format!("deleted {}", described(user)),
        outcome: (),
    })
}

/// True if this user is an administrator who can log in, and the only one.
fn is_last_administrator(planning: &Planning<'_>, user: &User) -> bool {
    let mut administrators = planning.state.administrators(planning.now);
    administrators.next().is_some_and(|only| only.uid == user.uid) && administrators.next().is_none()
}

/// The roles of a selection, without duplicates.
fn resolve(state: &ClusterState, selection: RoleSelection) -> Result<Vec<RoleUid>, ClusterError> {
    match selection {
        RoleSelection::Uids(uids) => {
            if let Some(uid) = uids.iter().copied().find(|uid| state.role(*uid).is_none()) {
                return Err(ClusterError::UnknownRole { uid });
            }
            let mut unique = Vec::with_capacity(uids.len());
            for uid in uids {
                if !unique.contains(&uid) {
                    unique.push(uid);
                }
            }
            Ok(unique)
        }
        RoleSelection::Management(management) => match state.roles().find(|role| role.management == management) {
            Some(role) => Ok(vec![role.uid]),
            None if management == ManagementRole::None => Ok(Vec::new()),
            None => Err(ClusterError::NoRoleWithManagement { management }),
        },
    }
}

fn default_name(email: Option<&EmailAddress>, uid: UserUid) -> Result<UserName, ClusterError> {
    let name = email.map_or_else(|| format!("user-{uid}"), |email| email.as_str().to_owned());
    Ok(name
        .parse()
        .expect("the characters of an address and a number are those of a name"))
}

/// Refuses names that Redis and the server reserve in engines, regardless of case and surrounding blanks: Redis
/// distinguishes them, but people do not.
pub(super) fn refuse_reserved(name: &UserName) -> Result<(), ClusterError> {
    let plain = name.as_str().trim();
    let is_reserved = |kept: &str| plain.eq_ignore_ascii_case(kept);
    if is_reserved(rights::DEFAULT) || is_reserved(rights::CONTROL) {
        return Err(ClusterError::NameReserved { name: name.to_string() });
    }
    Ok(())
}

/// A name, an address and a subject each identify one user. A name that equals another user's address would identify
/// two.
fn check_unique(
    state: &ClusterState,
    uid: UserUid,
    name: &UserName,
    email: Option<&EmailAddress>,
    authentication: &Authentication,
) -> Result<(), ClusterError> {
    let is_another = |user: &&Arc<User>| user.uid != uid;
    let by_name = state.user_named(name.as_str()).filter(is_another);
    // A name that was made of the address is not what is to be changed.
    let is_chosen = email.is_none_or(|email| email.as_str() != name.as_str());
    if is_chosen && let Some(holder) = by_name.or_else(|| state.user_with_email(name.as_str()).filter(is_another)) {
        return Err(ClusterError::NameTaken {
            name: name.to_string(),
            holder: format!("user {}", holder.uid),
        });
    }
    if let Some(email) = email {
        let by_email = state.user_with_email(email.as_str()).filter(is_another);
        if let Some(holder) = by_email.or_else(|| state.user_named(email.as_str()).filter(is_another)) {
            return Err(ClusterError::EmailTaken {
                email: email.to_string(),
                holder: holder.uid,
            });
        }
    }
    if let Authentication::Certificate { subject } = authentication
        && let Some(holder) = state.user_with_subject(subject.name()).filter(is_another)
    {
        return Err(ClusterError::SubjectTaken {
            subject: subject.to_string(),
            holder: holder.uid,
        });
    }
    Ok(())
}

fn described(user: &User) -> String {
    let roles: Vec<String> = user.role_uids.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "user {} {:?} with auth_method {} and roles {}",
        user.uid,
        user.name.as_str(),
        user.auth_method().as_str(),
        if roles.is_empty() {
            "none".to_owned()
        } else {
            roles.join(", ")
        }
    );
    if let Some(subject) = user.certificate_subject_line() {
        text.push_str(&format!(" as {:?}", subject.as_str()));
    }
    text
}

/// The authentication that a request asks for.
fn authentication(
    method: AuthMethod,
    hash: Option<PasswordHash>,
    subject: Option<SubjectLine>,
    planning: &Planning<'_>,
) -> Result<Authentication, ClusterError> {
    let auth_method = method.as_str();
    if hash.is_some() && method != AuthMethod::Regular {
        return Err(ClusterError::PasswordNotAllowed { auth_method });
    }
    if subject.is_some() && method != AuthMethod::Certificate {
        return Err(ClusterError::SubjectLineNotAllowed { auth_method });
    }
    match method {
        AuthMethod::Regular => Ok(Authentication::Regular {
            passwords: vec![hash.ok_or(ClusterError::PasswordMissing)?],
            issued_at: planning.now,
        }),
        AuthMethod::Certificate => Ok(Authentication::Certificate {
            subject: subject.ok_or(ClusterError::SubjectLineMissing)?,
        }),
        AuthMethod::EntraId => Ok(Authentication::EntraId),
        AuthMethod::Sso => Ok(Authentication::Sso),
    }
}

/// The authentication that replaces `present`; none when it stays.
fn changed_authentication(
    present: &Authentication,
    method: AuthMethod,
    hash: Option<PasswordHash>,
    subject: Option<SubjectLine>,
    planning: &Planning<'_>,
) -> Result<Option<Authentication>, ClusterError> {
    let stays = match (present, method) {
        (Authentication::Regular { .. }, AuthMethod::Regular) => hash.is_none() && subject.is_none(),
        (Authentication::Certificate { subject: line }, AuthMethod::Certificate) => {
            let same = subject.as_ref().is_none_or(|subject| subject.as_str() == line.as_str());
            hash.is_none() && same
        }
        (Authentication::EntraId, AuthMethod::EntraId) | (Authentication::Sso, AuthMethod::Sso) => {
            hash.is_none() && subject.is_none()
        }
        _ => false,
    };
    if stays {
        return Ok(None);
    }
    authentication(method, hash, subject, planning).map(Some)
}
