//! The definition in the body of generate, register and edit (contract sections 1.2, 1.3, 1.6).

use super::json::{Object, Value};
use super::problem::Problem;
use super::{database_name, json};
use crate::authority::clearance::{DatabaseAccess, Permissions, SecurityClearance};
use crate::authority::definition::{Grant, TwoFactorKey};
use crate::config::Settings;
use crate::two_factor::parse_secret;

/// Reads name and rights. The order of the faults is the real server's: values of the wrong kind first, then the name,
/// then the databases. Members of single sign-on and everything unknown are ignored.
///
/// # Errors
///
/// [`Problem`] as contract section 1.11 lists them; 402 for `Read` access without the licence for it.
pub(super) fn read(definition: &Object, settings: &Settings) -> Result<Grant, Problem> {
    read_with(definition, settings, || Ok(()))
}

/// As [`read`], with a check of the caller's own between the name and the databases.
///
/// # Errors
///
/// As [`read`], and those of `check`.
pub(super) fn read_with(
    definition: &Object,
    settings: &Settings,
    check: impl FnOnce() -> Result<(), Problem>,
) -> Result<Grant, Problem> {
    // A missing clearance and null are both stored as the lowest one (observed records `121`, `126`).
    let clearance = definition
        .clearance("SecurityClearance")?
        .unwrap_or(SecurityClearance::UnauthenticatedClients);
    let accesses = match definition.object("Permissions")? {
        Some(permissions) => accesses(permissions)?,
        None => Vec::new(),
    };
    let name = definition
        .text("Name")
        .filter(|name| !name.trim().is_empty())
        .ok_or_else(blank_name)?;
    check()?;
    Ok(Grant {
        name: name.to_owned(),
        clearance,
        permissions: checked(accesses, settings)?,
        disabled: false,
        two_factor_key: two_factor_key(definition)?,
    })
}

/// Without a name nothing can be registered, issued or edited (records `115`, `116`, `118`, `119`).
pub(super) fn blank_name() -> Problem {
    Problem::argument("Name is a required field of a certificate's definition")
}

/// The accesses by name, in any case, or by number in text, as enumerations are read. What is no text gives nothing:
/// the real server passes over it.
fn accesses(permissions: &Object) -> Result<Vec<(String, DatabaseAccess)>, Problem> {
    permissions
        .iter()
        .filter_map(|(database, value)| match value {
            Value::Text(text) => Some(access(text).map(|access| (database.to_owned(), access))),
            Value::Null => Some(Err(Problem::argument_null(format!(
                "the access to '{database}' is null"
            )))),
            _ => None,
        })
        .collect()
}

fn access(text: &json::Text) -> Result<DatabaseAccess, Problem> {
    let text = text.trim();
    DatabaseAccess::ALL
        .into_iter()
        .enumerate()
        .find(|(index, access)| access.as_str().eq_ignore_ascii_case(text) || index.to_string() == text)
        .map(|(_, access)| access)
        .ok_or_else(|| {
            Problem::argument(
                "Error in permissions: an access must be ReadWrite, Admin or Read, and none of them was found",
            )
        })
}

fn checked(accesses: Vec<(String, DatabaseAccess)>, settings: &Settings) -> Result<Permissions, Problem> {
    for (database, access) in &accesses {
        if let Some(fault) = database_name::fault(database) {
            return Err(Problem::argument(format!(
                "Error in permissions of the certificate's definition{fault}"
            )));
        }
        if *access == DatabaseAccess::Read && !settings.licensed_read_only_access {
            return Err(Problem::read_only_not_licensed());
        }
    }
    Ok(accesses.into_iter().collect())
}

/// The shared secret of one-time codes, in Base32. Empty counts as none.
fn two_factor_key(definition: &Object) -> Result<Option<TwoFactorKey>, Problem> {
    let text = definition
        .text("TwoFactorAuthenticationKey")
        .filter(|text| !text.trim().is_empty());
    text.map(parse_secret)
        .transpose()
        .map_err(|error| Problem::argument(error.to_string()))
}
