//! A user as answers show it, with the members and in the order of the captured ones (`users/*.answer.json`).

use serde::Serialize;

use super::super::Dialect;
use super::super::timestamp::timestamp;
use crate::cluster::ClusterState;
use crate::cluster::user::User;

/// A user. No password and no hash of one is ever shown.
#[derive(Serialize)]
pub(super) struct View<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) action_uid: Option<String>,
    auth_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bdbs_email_alerts: Option<&'a [String]>,
    certificate_subject_line: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_email_alerts: Option<bool>,
    email: &'a str,
    email_alerts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_login: Option<i64>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_issue_date: Option<String>,
    role: &'static str,
    role_uids: Vec<u32>,
    status: &'static str,
    uid: u32,
}

impl<'a> View<'a> {
    pub(super) fn of(user: &'a User, state: &ClusterState, dialect: &Dialect) -> Self {
        let access = &dialect.app.cluster_access;
        Self {
            action_uid: None,
            auth_method: user.auth_method().as_str(),
            bdbs_email_alerts: user.alerts.databases.as_deref(),
            certificate_subject_line: user.certificate_subject_line().map_or("", |subject| subject.as_str()),
            cluster_email_alerts: user.alerts.cluster,
            email: user.email.as_ref().map_or("", |email| email.as_str()),
            email_alerts: user.alerts.enabled,
            last_login: access.last_login_of(user.uid).map(time::OffsetDateTime::unix_timestamp),
            name: user.name.as_str(),
            password_issue_date: user.password_issued_at().map(timestamp),
            role: state.management_role_of(user).as_str(),
            role_uids: user.role_uids.iter().map(|uid| uid.get()).collect(),
            status: access.status_of(user, state).as_str(),
            uid: user.uid.get(),
        }
    }
}
