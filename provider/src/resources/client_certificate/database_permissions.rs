//! The attribute `database_permissions`: what a `ValidUser` may do in which database.

use std::collections::BTreeMap;

use certward::ravendb_names::{database_name_fault, folded};
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use crate::report::diagnostic;

/// Database name to access, as Terraform carries it.
pub(crate) type Permissions = BTreeMap<String, Value<String>>;

/// The path of the attribute.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("database_permissions")
}

/// Checks the map by itself, and returns diagnostics.
pub(crate) fn check(permissions: &Permissions) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (database, access) in permissions {
        let at = path().key(database.clone());
        if let Some(fault) = database_name_fault(database) {
            let detail = format!("The name \"{}\" {fault}.", database.escape_debug());
            findings.push(diagnostic(at.clone(), "Not a database name", detail));
        }
        if let Some(first) = seen.insert(folded(database), database) {
            findings.push(diagnostic(
                at.clone(),
                "Database named twice",
                format!(
                    "\"{first}\" and \"{database}\" are the same database: RavenDB compares names without case, and \
                     would keep one of the two without saying which. Leave one away."
                ),
            ));
        }
        match access {
            Value::Value(access) if !ACCESSES.contains(&access.as_str()) => findings.push(diagnostic(
                at,
                "Unknown database access",
                format!("\"{access}\" is no access to a database. Write one of \"Read\", \"ReadWrite\", \"Admin\"."),
            )),
            Value::Null => findings.push(diagnostic(
                at,
                "Missing database access",
                "The access is null. Write one of \"Read\", \"ReadWrite\", \"Admin\", or leave the database away.",
            )),
            Value::Value(_) | Value::Unknown => {}
        }
    }
    findings
}

/// Returns `true` when both maps give the same access to the same databases; names are compared without regard to case,
/// as in RavenDB.
pub(crate) fn same(one: &Permissions, other: &Permissions) -> bool {
    one.len() == other.len() && fold(one) == fold(other)
}

/// The map with the spelling of `spelling` for every database that is in both.
///
/// RavenDB gives names back in the case it stored first; a difference in case is no drift.
pub(crate) fn respelled(permissions: Permissions, spelling: &Permissions) -> Permissions {
    let spellings: BTreeMap<String, &String> = spelling.keys().map(|name| (folded(name), name)).collect();
    permissions
        .into_iter()
        .map(|(name, access)| match spellings.get(&folded(&name)) {
            Some(spelling) => ((*spelling).clone(), access),
            None => (name, access),
        })
        .collect()
}

fn fold(permissions: &Permissions) -> BTreeMap<String, &Value<String>> {
    permissions
        .iter()
        .map(|(name, access)| (folded(name), access))
        .collect()
}

/// RavenDB's `DatabaseAccess` (`docs/contracts/ravendb.md#clearances-and-access`).
const ACCESSES: [&str; 3] = ["Read", "ReadWrite", "Admin"];

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions<const N: usize>(entries: [(&str, &str); N]) -> Permissions {
        entries
            .into_iter()
            .map(|(name, access)| (name.to_owned(), Value::Value(access.to_owned())))
            .collect()
    }

    #[test]
    fn good_maps_have_no_findings() {
        assert_eq!(check(&permissions([])), []);
        let good = permissions([("Orders", "Read"), ("a.b-c_1", "ReadWrite"), ("Straße", "Admin")]);
        assert_eq!(check(&good), []);
        assert_eq!(check(&BTreeMap::from([("a".to_owned(), Value::Unknown)])), []);
        // .NET does not fold these two.
        assert_eq!(check(&permissions([("ı", "Read"), ("I", "Read")])), []);
    }

    #[test]
    fn findings_name_the_database() {
        for (map, summary, path) in [
            (
                permissions([("", "Read")]),
                "Not a database name",
                r#"database_permissions[""]"#,
            ),
            (
                permissions([("a*b", "Read")]),
                "Not a database name",
                r#"database_permissions["a*b"]"#,
            ),
            (
                permissions([("a", "Write")]),
                "Unknown database access",
                r#"database_permissions["a"]"#,
            ),
            (
                permissions([("DB", "Read"), ("dB", "Read")]),
                "Database named twice",
                r#"database_permissions["dB"]"#,
            ),
            (
                BTreeMap::from([("a".to_owned(), Value::Null)]),
                "Missing database access",
                r#"database_permissions["a"]"#,
            ),
        ] {
            let findings = check(&map);
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(findings[0].summary, summary);
            assert_eq!(findings[0].attribute.to_string(), path);
        }
    }

    #[test]
    fn case_of_database_names_is_no_difference() {
        let one = permissions([("Orders", "Read"), ("Über", "Admin")]);
        assert!(same(&one, &permissions([("ORDERS", "Read"), ("über", "Admin")])));
        assert!(!same(&one, &permissions([("ORDERS", "ReadWrite"), ("über", "Admin")])));
        assert!(!same(&one, &permissions([("Orders", "Read")])));
        let theirs = permissions([("orders", "Admin"), ("New", "Read")]);
        assert_eq!(
            respelled(theirs, &one),
            permissions([("Orders", "Admin"), ("New", "Read")])
        );
    }
}
