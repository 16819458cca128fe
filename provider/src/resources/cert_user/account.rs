//! A user as Redis Enterprise has it, and the calls that read and change it.
//!
//! The one module that translates between the SDK's types and what the resource compares.

use std::collections::BTreeSet;

use certward::Error;
use certward::redis_enterprise::{AuthMethod, Client, CreateUser, ManagementRole, Removal, RoleUid, UpdateUser, User};
use tf_provider::value::Value;

use super::state::CertUserState;
use super::{CertUser, certificate_subject, plan, roles, subject_line};
use crate::provider::session::Kind;
use crate::resources::redis_object::{Definition, RedisObject, Run};

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

    fn role_attribute(&self) -> &'static str {
        if self.role_uids.is_some() { "role_ids" } else { "role" }
    }

    fn role_uids(&self) -> Vec<RoleUid> {
        self.role_uids.iter().flatten().copied().map(RoleUid::from).collect()
    }

    fn management_role(&self) -> ManagementRole {
        ManagementRole::from(self.role.as_deref().unwrap_or_default())
    }

    fn create_request(&self) -> CreateUser {
        let request = CreateUser::certificate(&self.name, &self.subject_line).email_alerts(self.email_alerts);
        let request = match self.role_attribute() {
            "role" => request.role(self.management_role()),
            _ => request.role_uids(self.role_uids()),
        };
        match self.email.as_str() {
            "" => request,
            email => request.email(email),
        }
    }

    /// Says nothing of what is there already.
    fn update_request(&self, there: &Self) -> UpdateUser {
        self.differences(there)
            .into_iter()
            .fold(UpdateUser::new(), |request, attribute| match attribute {
                "name" => request.name(&self.name),
                "email" => request.email(&self.email),
                "certificate_subject_line" => request.certificate_subject_line(&self.subject_line),
                "role" => request.role(self.management_role()),
                "role_ids" => request.role_uids(self.role_uids()),
                _ => request.email_alerts(self.email_alerts),
            })
    }
}

impl Definition for Account {
    fn name(&self) -> &str {
        &self.name
    }

    fn email(&self) -> Option<&str> {
        Some(self.email.as_str()).filter(|email| !email.is_empty())
    }

    fn unique(&self) -> Vec<&'static str> {
        let email = self.email().map(|_| "email");
        ["name", "certificate_subject_line"].into_iter().chain(email).collect()
    }

    fn differences(&self, there: &Self) -> Vec<&'static str> {
        let same_roles = match &self.role_uids {
            Some(_) => self.role_uids == there.role_uids,
            None => self.role == there.role,
        };
        [
            ("name", self.name == there.name),
            ("email", self.email == there.email),
            (
                "certificate_subject_line",
                subject_line::same(&self.subject_line, &there.subject_line),
            ),
            (self.role_attribute(), same_roles),
            ("email_alerts", self.email_alerts == there.email_alerts),
        ]
        .into_iter()
        .filter_map(|(attribute, same)| (!same).then_some(attribute))
        .collect()
    }

    fn shown(&self, attribute: &str) -> String {
        match attribute {
            "name" => format!("{:?}", self.name),
            "email" => format!("{:?}", self.email),
            "certificate_subject_line" => format!("{:?}", self.subject_line),
            "role" => format!("{:?}", self.role.as_deref().unwrap_or_default()),
            "role_ids" => format!("{:?}", self.role_uids.iter().flatten().collect::<Vec<_>>()),
            _ => self.email_alerts.to_string(),
        }
    }
}

impl RedisObject for CertUser {
    type State = CertUserState;
    type Object = User;
    type Definition = Account;

    const KIND: Kind = super::KIND;
    const NOUN: &'static str = "user";

    fn id_and_name(state: &CertUserState) -> (&Value<String>, &Value<String>) {
        (&state.id, &state.name)
    }

    fn unique_attributes(state: &CertUserState) -> Vec<(&'static str, String)> {
        let line = state.certificate_subject_line.as_ref_option();
        // Two spellings of a subject are one.
        let subject = line
            .and_then(|line| line.parse().ok())
            .map(|name| subject_line::to_text(&name));
        let email = state.email.as_ref_option().filter(|email| !email.is_empty());
        [
            ("name", state.name.as_ref_option().cloned()),
            ("certificate_subject_line", subject),
            ("email", email.cloned()),
        ]
        .into_iter()
        .filter_map(|(attribute, value)| Some((attribute, value?)))
        .collect()
    }

    fn of_state(state: &CertUserState) -> Option<Account> {
        Account::of_state(state)
    }

    fn of_object(user: &User) -> Account {
        Account::of_user(user)
    }

    fn uid(user: &User) -> u64 {
        user.uid.get()
    }

    fn removal(uid: u64) -> Removal {
        Removal::User(uid.into())
    }

    fn take_over(state: &mut CertUserState, user: &User) {
        take_over(state, user);
    }

    fn confirm(planned: CertUserState, user: &User) -> CertUserState {
        let mut state = planned.clone();
        take_over(&mut state, user);
        // Terraform insists on what a plan has promised; what else has changed meanwhile is found by the next refresh.
        if !planned.status.is_unknown() {
            state.status = planned.status;
        }
        if !planned.role.is_unknown() && !planned.role_ids.is_unknown() {
            state.role = planned.role;
        }
        if !planned.certificate_subject.is_unknown() {
            state.certificate_subject = planned.certificate_subject;
        }
        state
    }

    fn imported() -> CertUserState {
        CertUserState {
            deletion_protection: Value::Value(false),
            ..CertUserState::default()
        }
    }

    /// Keeps only attributes that a configuration can set together.
    fn in_one_form(state: &mut CertUserState) {
        state.certificate_subject = Value::Null;
        state.role = Value::Null;
    }

    fn refusal(user: &User) -> Option<(&'static str, String)> {
        let refused = user.auth_method != AuthMethod::Certificate;
        let why = || plan::not_by_certificate(&user.name, user.auth_method.as_str());
        refused.then(|| (plan::NOT_BY_CERTIFICATE, why()))
    }

    async fn find(client: &Client, uid: u64) -> Result<Option<User>, Error> {
        client.users().get(uid.into()).await
    }

    async fn list(client: &Client) -> Result<Vec<User>, Error> {
        client.users().list().await
    }

    async fn create(client: &Client, wanted: &Account, run: Run) -> Result<User, Error> {
        let request = wanted.create_request();
        match run {
            Run::Apply => client.users().create(&request).send().await,
            Run::Try => client.users().create(&request).dry_run().send().await,
        }
    }

    async fn update(client: &Client, uid: u64, there: &Account, wanted: &Account, run: Run) -> Result<User, Error> {
        let request = wanted.update_request(there);
        match run {
            Run::Apply => client.users().update(uid.into(), &request).send().await,
            Run::Try => client.users().update(uid.into(), &request).dry_run().send().await,
        }
    }

    async fn delete(client: &Client, uid: u64) -> Result<(), Error> {
        client.users().delete(uid.into()).await.map(drop)
    }
}

/// Fills in the cluster's values. An equivalent value keeps its former spelling.
pub(crate) fn take_over(state: &mut CertUserState, user: &User) {
    let account = Account::of_user(user);
    let kept = state.certificate_subject_line.as_ref_option();
    if !kept.is_some_and(|kept| subject_line::same(kept, &account.subject_line)) {
        let name = account.subject_line.parse().ok();
        let parts = name.and_then(|name| certificate_subject::of(&name));
        state.certificate_subject = parts.map_or(Value::Null, Value::Value);
        state.certificate_subject_line = Value::Value(account.subject_line);
    } else if state.certificate_subject.is_null() {
        // A state of an older version, or of an import, has no parts.
        let name = account.subject_line.parse().ok();
        let parts = name.and_then(|name| certificate_subject::of(&name));
        state.certificate_subject = parts.map_or(Value::Null, Value::Value);
    }
    if let Some(uids) = &account.role_uids
        && roles::known_ids(&state.role_ids).as_ref() != Some(uids)
    {
        state.role_ids = roles::to_value(uids);
    }
    state.id = Value::Value(user.uid.to_string());
    state.name = Value::Value(account.name);
    state.email = Value::Value(account.email);
    state.role = Value::Value(account.role.unwrap_or_default());
    state.email_alerts = Value::Value(account.email_alerts);
    state.auth_method = Value::Value(user.auth_method.to_string());
    let status = user.status.as_ref();
    state.status = status.map_or(Value::Null, |status| Value::Value(status.to_string()));
}
