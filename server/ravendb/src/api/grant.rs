//! The definition in the body of generate, register and edit (`docs/contracts/ravendb.md#generate`,
//! `docs/contracts/ravendb.md#register` and `docs/contracts/ravendb.md#edit`).

use certward_pki::ravendb_names::database_name_fault;

use super::json::{self, Object, Properties as _, Value};
use super::problem::Problem;
use crate::access::two_factor::parse_secret;
use crate::model::clearance::{DatabaseAccess, Permissions, SecurityClearance};
use crate::model::definition::{Grant, TwoFactorKey};

/// Parses name and rights; `read_only_licensed` allows `Read` access. The order of the errors is the real server's:
/// values of the wrong type first, then the name, then the databases. Members of single sign-on and unknown ones are
/// ignored.
///
/// # Errors
///
/// The [`Problem`]s listed in `docs/contracts/ravendb.md#errors`; 402 for `Read` access without the licence.
pub(super) fn read(definition: &Object, read_only_licensed: bool) -> Result<Grant, Problem> {
    read_with(definition, read_only_licensed, || Ok(()))
}

/// Like [`read`], with a check by the caller between the name and the databases.
///
/// # Errors
///
/// Like [`read`], and those of `check`.
pub(super) fn read_with(
    definition: &Object,
    read_only_licensed: bool,
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
        permissions: checked(accesses, read_only_licensed)?,
        disabled: false,
        two_factor_key: two_factor_key(definition)?,
    })
}

/// The error for a missing name (records `115`, `116`, `118`, `119`).
pub(super) fn blank_name() -> Problem {
    Problem::argument("Name is a required field of a certificate's definition")
}

/// The accesses by name, in any case, or by number in text, as enumerations are read. A value that is not text grants
/// nothing: the real server ignores it.
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

fn checked(accesses: Vec<(String, DatabaseAccess)>, read_only_licensed: bool) -> Result<Permissions, Problem> {
    for (database, access) in &accesses {
        if let Some(fault) = database_name_fault(database) {
            return Err(Problem::argument(format!(
                "Error in permissions of the certificate's definition: the name '{database}' {fault}"
            )));
        }
        if *access == DatabaseAccess::Read && !read_only_licensed {
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

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    const ARGUMENT: &str = "System.ArgumentException";
    const FORMAT: &str = "System.FormatException";

    fn grant(members: &str) -> Result<Grant, Problem> {
        let definition = json::read(format!("{{{members}}}").as_bytes()).unwrap();
        read(&definition, false)
    }

    #[test]
    fn whatever_is_left_out_or_null_is_the_least() {
        for members in [
            r#""Name":"a""#,
            r#""Name":"a","SecurityClearance":null,"Permissions":null,"TwoFactorAuthenticationKey":null"#,
            r#""Name":"a","Permissions":{},"TwoFactorAuthenticationKey":"","Foo":[{}],"name":"b""#,
        ] {
            let grant = grant(members).unwrap();
            assert_eq!(grant.name, "a");
            assert_eq!(grant.clearance, SecurityClearance::UnauthenticatedClients);
            assert!(grant.permissions.is_empty() && grant.two_factor_key.is_none());
        }
    }

    #[test]
    fn a_name_must_be_text_that_is_not_blank() {
        for name in ["\"\"", "\"  \"", "\"\\t\\n\"", "null", "5", "true", "[\"a\"]", "{}"] {
            assert_eq!(
                grant(&format!(r#""Name":{name}"#)).unwrap_err().kind(),
                ARGUMENT,
                "{name}"
            );
        }
        assert_eq!(grant("").unwrap_err().kind(), ARGUMENT);
    }

    #[test]
    fn accesses_are_read_as_enumerations_are() {
        for (access, expected) in [
            ("\"Admin\"", Some(DatabaseAccess::Admin)),
            ("\"readwrite\"", Some(DatabaseAccess::ReadWrite)),
            ("\" Admin \"", Some(DatabaseAccess::Admin)),
            ("\"1\"", Some(DatabaseAccess::Admin)),
            ("1", None),
            ("true", None),
            ("{}", None),
        ] {
            let grant = grant(&format!(r#""Name":"a","Permissions":{{"db":{access}}}"#)).unwrap();
            assert_eq!(grant.permissions.access_to("db"), expected, "{access}");
        }
    }

    #[test]
    fn what_is_wrong_has_the_type_of_the_real_server() {
        for (members, kind) in [
            (r#""Permissions":{"db":"Write"}"#, ARGUMENT),
            (r#""Permissions":{"db":""}"#, ARGUMENT),
            (r#""Permissions":{"db":"7"}"#, ARGUMENT),
            (r#""Permissions":{"db":null}"#, "System.ArgumentNullException"),
            (r#""Permissions":{"":"Admin"}"#, ARGUMENT),
            (r#""Permissions":{"a/b":"Admin"}"#, ARGUMENT),
            (r#""Permissions":["db"]"#, FORMAT),
            (r#""Permissions":"db""#, FORMAT),
            (r#""Permissions":5"#, FORMAT),
            (r#""SecurityClearance":"Root""#, FORMAT),
            (r#""SecurityClearance":"""#, FORMAT),
            (r#""SecurityClearance":99"#, FORMAT),
            (r#""SecurityClearance":[]"#, FORMAT),
            (r#""TwoFactorAuthenticationKey":"not Base32!""#, ARGUMENT),
        ] {
            let problem = grant(&format!(r#""Name":"a",{members}"#)).unwrap_err();
            assert_eq!(
                (problem.kind(), problem.status()),
                (kind, StatusCode::INTERNAL_SERVER_ERROR),
                "{members}"
            );
        }
    }

    #[test]
    fn read_access_needs_its_licence() {
        let definition = json::read(br#"{"Name":"a","Permissions":{"db":"Read"}}"#).unwrap();
        assert_eq!(
            read(&definition, false).unwrap_err().status(),
            StatusCode::PAYMENT_REQUIRED
        );
        assert_eq!(
            read(&definition, true).unwrap().permissions.access_to("DB"),
            Some(DatabaseAccess::Read)
        );
    }
}
