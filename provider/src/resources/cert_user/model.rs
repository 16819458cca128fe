//! The resource as Terraform keeps it, and what can be decided about a certificate user.

use std::collections::BTreeSet;

use certward::redis_enterprise::{CreateUser, ManagementRole, RoleUid, UpdateUser, User};
use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

use super::{roles, subject_line};
use crate::resources::compared::{Compared, attributes};
use crate::resources::redis_object::Definition;

/// State, configuration and plan of `certward_cert_user`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CertUserState {
    pub(crate) name: Value<String>,
    pub(crate) email: Value<String>,
    pub(crate) certificate_subject: Value<CertificateSubject>,
    pub(crate) certificate_subject_line: Value<String>,
    pub(crate) certificate_pem: Value<String>,
    pub(crate) role: Value<String>,
    pub(crate) role_ids: Value<Vec<Value<String>>>,
    pub(crate) email_alerts: Value<bool>,
    pub(crate) deletion_protection: Value<bool>,

    pub(crate) id: Value<String>,
    pub(crate) auth_method: Value<String>,
    pub(crate) status: Value<String>,
}

/// The attribute `certificate_subject`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CertificateSubject {
    pub(crate) common_name: Value<String>,
    pub(crate) organizational_units: Value<Vec<Value<String>>>,
    pub(crate) organization: Value<String>,
    pub(crate) locality: Value<String>,
    pub(crate) province: Value<String>,
    pub(crate) country: Value<String>,
}

/// The configurable attributes of a certificate user of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    /// `""`: none.
    pub(crate) email: String,
    pub(crate) subject_line: String,
    /// The management role; `None` when it is not known yet, and then `role_uids` is.
    pub(crate) role: Option<String>,
    /// The roles; `None` when they are not known yet, and then `role` is. They go first when both are known.
    pub(crate) role_uids: Option<BTreeSet<u64>>,
    pub(crate) email_alerts: bool,
}

impl Account {
    /// Reads a state or plan; `None` when too little of it is known yet.
    pub(crate) fn of_state(state: &CertUserState) -> Option<Self> {
        let line = state.certificate_subject_line.as_ref_option()?;
        let account = Self {
            name: state.name.as_ref_option()?.clone(),
            email: state.email.as_ref_option()?.clone(),
            // One form goes over the wire, whatever the user wrote.
            subject_line: line
                .parse()
                .map_or_else(|_| line.clone(), |name| subject_line::to_text(&name)),
            role: state.role.as_ref_option().cloned(),
            role_uids: roles::known_ids(&state.role_ids),
            email_alerts: *state.email_alerts.as_ref_option()?,
        };
        (account.role.is_some() || account.role_uids.is_some()).then_some(account)
    }

    /// Reads the cluster's answer. An omitted member has the default of `docs/contracts/redis-enterprise.md#users`.
    pub(crate) fn of_user(user: &User) -> Self {
        Self {
            name: user.name.clone(),
            email: user.email.clone().unwrap_or_default(),
            subject_line: user.certificate_subject_line.clone().unwrap_or_default(),
            role: Some(user.role.as_ref().map_or_else(String::new, ToString::to_string)),
            role_uids: Some(user.role_uids.iter().map(|uid| uid.get()).collect()),
            email_alerts: user.email_alerts.unwrap_or(true),
        }
    }

    fn role_uids(&self) -> Vec<RoleUid> {
        self.role_uids.iter().flatten().copied().map(RoleUid::from).collect()
    }

    fn management_role(&self) -> ManagementRole {
        ManagementRole::from(self.role.as_deref().unwrap_or_default())
    }

    pub(super) fn create_request(&self) -> CreateUser {
        let request = CreateUser::certificate(&self.name, &self.subject_line).email_alerts(self.email_alerts);
        let request = match &self.role_uids {
            Some(_) => request.role_uids(self.role_uids()),
            None => request.role(self.management_role()),
        };
        match self.email.as_str() {
            "" => request,
            email => request.email(email),
        }
    }

    /// Says nothing of what is there already.
    pub(super) fn update_request(&self, there: &Self) -> UpdateUser {
        self.differences(there)
            .into_iter()
            .fold(UpdateUser::new(), |request, attribute| match attribute {
                AccountAttribute::Name => request.name(&self.name),
                AccountAttribute::Email => request.email(&self.email),
                AccountAttribute::CertificateSubjectLine => request.certificate_subject_line(&self.subject_line),
                AccountAttribute::Role => request.role(self.management_role()),
                AccountAttribute::RoleIds => request.role_uids(self.role_uids()),
                AccountAttribute::EmailAlerts => request.email_alerts(self.email_alerts),
            })
    }
}

attributes! {
    AccountAttribute {
        Name = "name",
        Email = "email",
        CertificateSubjectLine = "certificate_subject_line",
        Role = "role",
        RoleIds = "role_ids",
        EmailAlerts = "email_alerts",
    }
}

impl Compared for Account {
    type Attribute = AccountAttribute;

    fn agrees(&self, there: &Self, attribute: AccountAttribute) -> bool {
        match attribute {
            AccountAttribute::Name => self.name == there.name,
            AccountAttribute::Email => self.email == there.email,
            AccountAttribute::CertificateSubjectLine => subject_line::same(&self.subject_line, &there.subject_line),
            // One of the two decides.
            AccountAttribute::Role => self.role_uids.is_some() || self.role == there.role,
            AccountAttribute::RoleIds => self.role_uids.is_none() || self.role_uids == there.role_uids,
            AccountAttribute::EmailAlerts => self.email_alerts == there.email_alerts,
        }
    }

    fn shown(&self, attribute: AccountAttribute) -> String {
        match attribute {
            AccountAttribute::Name => format!("{:?}", self.name),
            AccountAttribute::Email => format!("{:?}", self.email),
            AccountAttribute::CertificateSubjectLine => format!("{:?}", self.subject_line),
            AccountAttribute::Role => format!("{:?}", self.role.as_deref().unwrap_or_default()),
            AccountAttribute::RoleIds => format!("{:?}", self.role_uids.iter().flatten().collect::<Vec<_>>()),
            AccountAttribute::EmailAlerts => self.email_alerts.to_string(),
        }
    }
}

impl Definition for Account {
    const NAME: AccountAttribute = AccountAttribute::Name;

    fn name(&self) -> &str {
        &self.name
    }

    fn email(&self) -> Option<&str> {
        Some(self.email.as_str()).filter(|email| !email.is_empty())
    }

    fn unique(&self) -> Vec<AccountAttribute> {
        let email = self.email().map(|_| AccountAttribute::Email);
        [AccountAttribute::Name, AccountAttribute::CertificateSubjectLine]
            .into_iter()
            .chain(email)
            .collect()
    }
}
