//! From the body of a request to a user that is to be.

use certward_pki::ErrorChain;

use super::super::problem::{Code, Problem};
use super::super::wire::{Email, User};
use crate::cluster::Precondition;
use crate::cluster::UserUpdate;
use certward_certificates::trust::{SubjectLine, SubjectLineError};
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::user::{AuthMethod, EmailAlerts, NewUser, RoleSelection};

/// A user to be made.
///
/// # Errors
///
/// For what no schema says: [`roles`], [`subject_line`], [`refuse_hashed_password`].
pub(super) fn new_user(mut user: User) -> Result<NewUser, Problem> {
    refuse_hashed_password(user.password_hash_method)?;
    Ok(NewUser {
        certificate_subject_line: subject_line(user.certificate_subject_line.as_deref())?,
        // A user without a role may do nothing: as the captured certificate user, whose role is `none`.
        roles: roles(&mut user)?.unwrap_or(RoleSelection::Management(ManagementRole::None)),
        uid: user.uid,
        name: user.name,
        email: user.email.and_then(|Email(address)| address),
        auth_method: user.auth_method.unwrap_or(AuthMethod::Regular),
        password: user.password,
        alerts: EmailAlerts {
            enabled: user.email_alerts.unwrap_or(true),
            cluster: user.cluster_email_alerts,
            databases: user.bdbs_email_alerts,
        },
    })
}

/// A change to a user.
///
/// # Errors
///
/// As [`new_user`].
pub(super) fn user_update(mut user: User, precondition: Precondition) -> Result<UserUpdate, Problem> {
    refuse_hashed_password(user.password_hash_method)?;
    Ok(UserUpdate {
        certificate_subject_line: subject_line(user.certificate_subject_line.as_deref())?,
        roles: roles(&mut user)?,
        name: user.name,
        email: user.email.map(|Email(address)| address),
        auth_method: user.auth_method,
        password: user.password,
        email_alerts: user.email_alerts,
        cluster_email_alerts: user.cluster_email_alerts,
        bdbs_email_alerts: user.bdbs_email_alerts,
        precondition,
    })
}

/// Refuses a password that has been hashed by the client, which the vendor allows: Argon2id wants the password itself.
pub(super) fn refuse_hashed_password(method: Option<u64>) -> Result<(), Problem> {
    match method {
        Some(_) => Err(Problem::new(
            Code::NotSupported,
            "password_hash_method is not supported: give the password itself, it is stored as an Argon2id hash",
        )),
        None => Ok(()),
    }
}

/// The subject line. An empty one is what other users show, and counts as none given: a client that sends back what it
/// read must not fail.
fn subject_line(text: Option<&str>) -> Result<Option<SubjectLine>, Problem> {
    let given = text.filter(|text| !text.is_empty());
    given.map(str::parse).transpose().map_err(|error: SubjectLineError| {
        let text = format!("certificate_subject_line: {}", ErrorChain::new(&error));
        Problem::new(Code::InvalidSubjectLine, text)
    })
}

/// The roles: by uid, or by the deprecated management role.
///
/// # Errors
///
/// Both are given, and could contradict each other.
fn roles(user: &mut User) -> Result<Option<RoleSelection>, Problem> {
    match (user.role_uids.take(), user.role) {
        (Some(_), Some(_)) => Err(Problem::new(
            Code::IllegalFieldsCombination,
            "role and role_uids exclude each other; give role_uids",
        )),
        (uids, None) => Ok(uids.map(RoleSelection::Uids)),
        (None, management) => Ok(management.map(RoleSelection::Management)),
    }
}
