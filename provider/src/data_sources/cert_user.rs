//! The data source `certward_cert_user`.

use async_trait::async_trait;
use certward::redis_enterprise::{Client, User};
use serde::{Deserialize, Serialize};
use terraform_plugin::Configured;
use tf_provider::schema::{Attribute, AttributeType, Schema};
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{AttributePath, DataSource, Diagnostics};

use crate::report::error;
use crate::report::failure;
use crate::resources::cert_user::{CertUser as Resource, CertificateSubject, certificate_subject, roles, subject_line};
use crate::resources::redis_object::{RedisImportId, RedisObject, found};
use crate::run::interruption::until_stopped;
use crate::session::{Kind, Session};
use crate::values::schema::{computed, defaulted, list_of_strings, named, schema, set_of_strings};
use crate::values::uid;

/// `certward_cert_user`: one certificate user of the cluster.
pub(crate) struct CertUser {
    session: Configured<Session>,
}

/// A certificate user, as data sources have it; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CertUserData {
    pub(crate) id: Value<String>,
    pub(crate) name: Value<String>,
    pub(crate) email: Value<String>,
    pub(crate) certificate_subject_line: Value<String>,
    pub(crate) certificate_subject: Value<CertificateSubject>,
    pub(crate) role: Value<String>,
    pub(crate) role_ids: Value<Vec<Value<String>>>,
    pub(crate) email_alerts: Value<bool>,
    pub(crate) status: Value<String>,
}

impl CertUser {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self { session }
    }
}

#[async_trait]
impl DataSource for CertUser {
    type State<'a> = CertUserData;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(cert_user())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: CertUserData) -> Option<()> {
        let ways = ways(&config);
        let set = ways.iter().filter(|(_, value)| value.is_value()).count();
        let unknown = ways.iter().any(|(_, value)| value.is_unknown());
        if set > 1 || (set == 0 && !unknown) {
            error(
                diags,
                AttributePath::root(),
                "Which user is meant?",
                "Set exactly one of id, name, email and certificate_subject_line.",
            );
        }
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        config: CertUserData,
        _meta: Option<StructEmpty>,
    ) -> Option<CertUserData> {
        if let Some(finding) = uid::check(AttributePath::new("id"), "a user", &config.id) {
            diags.add_error(finding);
            return None;
        }
        let session = self.session.get(diags)?;
        let client = &session.redis_enterprise(diags, KIND)?.client;
        let asked = until_stopped(find(diags, client, &config)).await;
        let user = asked.or_interrupted(diags)?;
        let mut data = describe(&user);
        // The user's own spelling of what was looked for stays, as Terraform insists.
        if config.certificate_subject_line.is_value() {
            data.certificate_subject_line = config.certificate_subject_line;
        }
        if config.id.is_value() {
            data.id = config.id;
        }
        Some(data)
    }
}

fn ways(config: &CertUserData) -> [(&'static str, &Value<String>); 4] {
    [
        ("id", &config.id),
        ("name", &config.name),
        ("email", &config.email),
        ("certificate_subject_line", &config.certificate_subject_line),
    ]
}

async fn find(diags: &mut Diagnostics, client: &Client, config: &CertUserData) -> Option<User> {
    let id = match (
        &config.id,
        &config.name,
        &config.email,
        &config.certificate_subject_line,
    ) {
        (Value::Value(id), ..) => RedisImportId::Uid(uid::parse(id)?),
        (_, Value::Value(name), ..) => RedisImportId::Name(name.clone()),
        (_, _, Value::Value(email), _) => RedisImportId::Email(email.clone()),
        (_, _, _, Value::Value(line)) => return by_subject(diags, client, line).await,
        _ => {
            error(
                diags,
                AttributePath::root(),
                "Which user is meant?",
                "None of id, name, email and certificate_subject_line is set.",
            );
            return None;
        }
    };
    found::<Resource>(diags, client, &id).await
}

async fn by_subject(diags: &mut Diagnostics, client: &Client, line: &str) -> Option<User> {
    let users = match client.users().list().await {
        Ok(users) => users,
        Err(problem) => {
            failure::redis_enterprise(diags, "list the users", &problem);
            return None;
        }
    };
    let fits = |user: &User| {
        let subject = user.certificate_subject_line.as_deref();
        Resource::refusal(user).is_none() && subject.is_some_and(|subject| subject_line::same(subject, line))
    };
    let user = users.into_iter().find(fits);
    if user.is_none() {
        error(
            diags,
            subject_line::path(),
            "No such user",
            format!(
                "No user is known by the subject {line:?}; upper and lower case count, blanks after commas do not."
            ),
        );
    }
    user
}

pub(super) fn describe(user: &User) -> CertUserData {
    let account = Resource::of_object(user);
    let subject = account.subject_line.parse().ok();
    let parts = subject.and_then(|subject| certificate_subject::of(&subject));
    let status = user.status.as_ref();
    CertUserData {
        id: Value::Value(user.uid.to_string()),
        name: Value::Value(account.name),
        email: Value::Value(account.email),
        certificate_subject_line: Value::Value(account.subject_line),
        certificate_subject: parts.map_or(Value::Null, Value::Value),
        role: account.role.map_or(Value::Null, Value::Value),
        role_ids: account.role_uids.map_or(Value::Null, |uids| roles::to_value(&uids)),
        email_alerts: Value::Value(account.email_alerts),
        status: status.map_or(Value::Null, |status| Value::Value(status.to_string())),
    }
}

/// The attributes of a user; those it can be looked for by are made with `looked_for`.
pub(super) fn attributes(looked_for: impl Fn(AttributeType, &str) -> Attribute) -> [(&'static str, Attribute); 9] {
    use AttributeType::{AttributeSingle, Bool, String};
    let subject = named([
        ("common_name", computed(String, "Common name (CN).")),
        (
            "organizational_units",
            computed(
                list_of_strings(),
                "Organizational units (OU), in the order of the subject line.",
            ),
        ),
        ("organization", computed(String, "Organization (O).")),
        ("locality", computed(String, "The locality (L).")),
        ("province", computed(String, "State or province (ST).")),
        ("country", computed(String, "Country (C), two letters.")),
    ]);
    [
        ("id", looked_for(String, "The uid of the user on the cluster.")),
        (
            "name",
            looked_for(String, "Name of the user; upper and lower case count."),
        ),
        (
            "email",
            looked_for(String, "E-mail address of the user; empty when it has none."),
        ),
        (
            "certificate_subject_line",
            looked_for(
                String,
                "The subject of the user's certificate as text (RFC 2253). Spellings of one subject are the same.",
            ),
        ),
        (
            "certificate_subject",
            computed(
                AttributeSingle(subject),
                "The subject in parts; null when it has others than these, or has them in another order.",
            ),
        ),
        ("role", computed(String, "Management role of the user.")),
        ("role_ids", computed(set_of_strings(), "Ids of the user's roles.")),
        (
            "email_alerts",
            computed(Bool, "Whether the user gets mails about alerts."),
        ),
        (
            "status",
            computed(String, "Whether the user can log in: `active` or `locked`."),
        ),
    ]
}

fn cert_user() -> Schema {
    schema(
        "A user of the Redis Enterprise cluster who is known by the subject of a certificate. Exactly one of `id`, \
         `name`, `email` and `certificate_subject_line` says which.",
        attributes(defaulted),
    )
}

const KIND: Kind = Kind {
    type_name: "certward_cert_user",
    elsewhere: "RavenDB registers each certificate, and that is the user: use certward_client_certificates.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_way_to_look_is_given() {
        let text = |text: &str| Value::Value(text.to_owned());
        let by = |id: Value<String>, name: Value<String>| CertUserData {
            id,
            name,
            ..CertUserData::default()
        };
        let source = CertUser::new(Configured::new());
        for (config, errors) in [
            (by(text("7"), Value::Null), 0),
            (by(Value::Null, text("app")), 0),
            (by(Value::Unknown, Value::Null), 0),
            (by(Value::Unknown, text("app")), 0),
            (by(Value::Null, Value::Null), 1),
            (by(text("7"), text("app")), 1),
            (by(text("made up by a mock"), Value::Null), 0),
        ] {
            let mut diags = Diagnostics::default();
            source.validate(&mut diags, config.clone()).await;
            assert_eq!(diags.errors.len(), errors, "{config:?}");
        }
    }
}
