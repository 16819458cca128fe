//! The calls that read and change a user.

use certward::Error;
use certward::redis_enterprise::{AuthMethod, Client, Removal, User};
use tf_provider::value::Value;

use super::model::{Account, AccountAttribute, CertUserState};
use super::{CertUser, certificate_subject, plan, roles, subject_line};
use crate::resources::redis_object::{RedisObject, Run};
use crate::session::Kind;

impl RedisObject for CertUser {
    type State = CertUserState;
    type Object = User;
    type Definition = Account;

    const KIND: Kind = super::KIND;
    const NOUN: &'static str = "user";

    fn id_and_name(state: &CertUserState) -> (&Value<String>, &Value<String>) {
        (&state.id, &state.name)
    }

    fn unique_attributes(state: &CertUserState) -> Vec<(AccountAttribute, String)> {
        let line = state.certificate_subject_line.as_ref_option();
        // Two spellings of a subject are one.
        let subject = line
            .and_then(|line| line.parse().ok())
            .map(|name| subject_line::to_text(&name));
        let email = state.email.as_ref_option().filter(|email| !email.is_empty());
        [
            (AccountAttribute::Name, state.name.as_ref_option().cloned()),
            (AccountAttribute::CertificateSubjectLine, subject),
            (AccountAttribute::Email, email.cloned()),
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
