//! From the body of a request to a user that is to be.

use certward_pki::ErrorChain;
use secrecy::SecretString;
use serde_json::Map;

use super::super::json::{Object, Value};
use super::super::problem::{Code, Problem};
use crate::cluster::name::{EmailAddress, EmailAddressError, NameError, UserName};
use crate::cluster::permission::ManagementRole;
use crate::cluster::uid::{RoleUid, UserUid};
use crate::cluster::user::{AuthMethod, EmailAlerts, NewUser, RoleSelection, UserUpdate};
use crate::trust::{SubjectLine, SubjectLineError};

/// A user to be made. The body has passed its schema.
///
/// # Errors
///
/// For what no schema says: [`roles`], [`subject_line`], [`refuse_hashed_password`].
pub(super) fn new_user(body: &Object) -> Result<NewUser, Problem> {
    refuse_hashed_password(body)?;
    Ok(NewUser {
        uid: body.integer("uid").and_then(UserUid::new),
        name: name(body)?,
        email: email(body)?.flatten(),
        auth_method: auth_method(body).unwrap_or(AuthMethod::Regular),
        password: password(body, "password"),
        certificate_subject_line: subject_line(body)?,
        // A user without a role may do nothing: as the captured certificate user, whose role is `none`.
        roles: roles(body)?.unwrap_or(RoleSelection::Management(ManagementRole::None)),
        alerts: EmailAlerts {
            enabled: body.boolean("email_alerts").unwrap_or(true),
            cluster: body.boolean("cluster_email_alerts"),
            databases: body.texts("bdbs_email_alerts"),
        },
    })
}

/// Reads a change to a user from a body that has passed its schema.
///
/// # Errors
///
/// As [`new_user`].
pub(super) fn user_update(body: &Object, shown: &Map<String, serde_json::Value>) -> Result<UserUpdate, Problem> {
    refuse_hashed_password(body)?;
    // The answers show a role beside the uids of roles; a client that sends both back means the uids.
    let sent_back = |role: &Value| shown.get("role").is_some_and(|shown| role.says(shown));
    let by_uids_alone = body.get("role_uids").is_some() && body.get("role").is_some_and(sent_back);
    Ok(UserUpdate {
        name: name(body)?,
        email: email(body)?,
        auth_method: auth_method(body),
        password: password(body, "password"),
        certificate_subject_line: subject_line(body)?,
        roles: if by_uids_alone {
            uids(body).map(RoleSelection::Uids)
        } else {
            roles(body)?
        },
        email_alerts: body.boolean("email_alerts"),
        cluster_email_alerts: body.boolean("cluster_email_alerts"),
        bdbs_email_alerts: body.texts("bdbs_email_alerts"),
    })
}

/// The secret under a member.
pub(super) fn password(body: &Object, member: &str) -> Option<SecretString> {
    body.text(member).map(SecretString::from)
}

/// Refuses a password that has been hashed by the client, which the vendor allows: Argon2id wants the password itself.
pub(super) fn refuse_hashed_password(body: &Object) -> Result<(), Problem> {
    if body.get("password_hash_method").is_some() {
        return Err(Problem::new(
            Code::NotSupported,
            "password_hash_method is not supported: give the password itself, it is stored as an Argon2id hash",
        ));
    }
    Ok(())
}

fn name(body: &Object) -> Result<Option<UserName>, Problem> {
    let name = body.text("name").map(str::parse).transpose();
    name.map_err(|error: NameError| Problem::new(Code::InvalidSchema, error.to_string()))
}

/// `Some(None)` for the empty string, which is what a user without an address shows.
fn email(body: &Object) -> Result<Option<Option<EmailAddress>>, Problem> {
    match body.text("email") {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => text
            .parse()
            .map(|address| Some(Some(address)))
            .map_err(|error: EmailAddressError| Problem::new(Code::InvalidSchema, error.to_string())),
    }
}

fn auth_method(body: &Object) -> Option<AuthMethod> {
    match body.text("auth_method")? {
        "certificate" => Some(AuthMethod::Certificate),
        "entraid" => Some(AuthMethod::EntraId),
        "sso" => Some(AuthMethod::Sso),
        _ => Some(AuthMethod::Regular),
    }
}

/// The subject line. An empty one is what other users show, and counts as none given: a client that sends back what it
/// read must not fail.
fn subject_line(body: &Object) -> Result<Option<SubjectLine>, Problem> {
    match body.text("certificate_subject_line") {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|error: SubjectLineError| {
            let text = format!("certificate_subject_line: {}", ErrorChain::new(&error));
            Problem::new(Code::InvalidSubjectLine, text)
        }),
    }
}

/// The roles: by uid, or by the deprecated management role.
///
/// # Errors
///
/// Both are given, and could contradict each other.
fn roles(body: &Object) -> Result<Option<RoleSelection>, Problem> {
    let management = body.text("role").and_then(|role| role.parse().ok());
    match (uids(body), management) {
        (Some(_), Some(_)) => Err(Problem::new(
            Code::IllegalFieldsCombination,
            "role and role_uids exclude each other; give role_uids",
        )),
        (Some(uids), None) => Ok(Some(RoleSelection::Uids(uids))),
        (None, Some(management)) => Ok(Some(RoleSelection::Management(management))),
        (None, None) => Ok(None),
    }
}

fn uids(body: &Object) -> Option<Vec<RoleUid>> {
    let uids = body.integers("role_uids")?;
    Some(uids.into_iter().filter_map(RoleUid::new).collect())
}
