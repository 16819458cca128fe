//! A user as answers show it.

use super::super::Dialect;
use super::super::timestamp::timestamp;
use super::super::wire::{self, Email};
use certward_redis_model::state::ClusterState;
use certward_redis_model::user::User;

/// A user. No password and no hash of one is ever shown.
pub(super) fn shown(user: &User, state: &ClusterState, dialect: &Dialect) -> wire::User {
    let access = &dialect.app.cluster_access;
    let subject = user.certificate_subject_line();
    wire::User {
        auth_method: Some(user.auth_method()),
        bdbs_email_alerts: user.alerts.databases.clone(),
        certificate_subject_line: Some(subject.map_or_else(String::new, |subject| subject.as_str().to_owned())),
        cluster_email_alerts: user.alerts.cluster,
        email: Some(Email(user.email.clone())),
        email_alerts: Some(user.alerts.enabled),
        last_login: access.last_login_of(user.uid).map(time::OffsetDateTime::unix_timestamp),
        name: Some(user.name.clone()),
        password_issue_date: user.password_issued_at().map(timestamp),
        role: Some(state.management_role_of(user)),
        role_uids: Some(user.role_uids.clone()),
        status: Some(access.status_of(user, state)),
        uid: Some(user.uid),
        ..wire::User::default()
    }
}
