//! Validation before planning: of the configuration alone, without clock and network.

use std::collections::BTreeMap;

use certward::ravendb::{DatabaseAccess, SecurityClearance};
use certward::ravendb_names::{database_name_fault, folded};
use tf_provider::value::Value;
use tf_provider::{Diagnostic, Diagnostics};

use super::certificate_pem;
use super::model::{ClientCertificateState, GrantAttribute, Permissions};
use crate::report::{diagnostic, error};
use crate::resources::compared::Attribute;

/// Adds what is wrong with the configuration. Values that are not known yet are left for a later call.
pub(crate) fn validate(diags: &mut Diagnostics, config: &ClientCertificateState) {
    if let Value::Value(name) = &config.name {
        diags.errors.extend(check_name(name));
        diags.warnings.extend(warn_of_name(name));
    }
    if let Value::Value(clearance) = &config.security_clearance {
        diags.errors.extend(check_clearance(clearance));
    }
    if let Value::Value(permissions) = &config.database_permissions {
        diags.errors.extend(check_permissions(permissions));
        if let Value::Value(clearance) = &config.security_clearance
            && *clearance != SecurityClearance::ValidUser
            && !permissions.is_empty()
        {
            error(
                diags,
                GrantAttribute::DatabasePermissions.path(),
                "Permissions without effect",
                format!(
                    "A certificate with the clearance {clearance} has every database already; database_permissions \
                     count for ValidUser only. Remove them, or lower security_clearance to \"ValidUser\"."
                ),
            );
        }
    }
    if let Value::Value(text) = &config.certificate_pem {
        match certificate_pem::parse(text) {
            Ok(certificate) => {
                diags.errors.extend(certificate_pem::check(&certificate));
                diags.warnings.extend(certificate_pem::warnings(&certificate));
            }
            Err(finding) => diags.add_error(finding),
        }
    }
}

/// Checks the name and returns a diagnostic when it is invalid.
fn check_name(name: &str) -> Option<Diagnostic> {
    name.trim().is_empty().then(|| {
        diagnostic(
            GrantAttribute::Name.path(),
            "Unsuitable name",
            "The name is blank. RavenDB needs one to show in the Studio and in its audit log.",
        )
    })
}

/// Returns a warning about a name that RavenDB accepts.
fn warn_of_name(name: &str) -> Option<Diagnostic> {
    let control = name.chars().find(|character| character.is_control())?;
    Some(diagnostic(
        GrantAttribute::Name.path(),
        "Control character in a name",
        format!(
            "The name holds the control character {control:?}, which can garble logs. A final line end goes away with \
             chomp() or trimspace()."
        ),
    ))
}

/// Checks the value and returns a diagnostic when it is invalid. RavenDB stores a missing clearance as
/// `UnauthenticatedClients` and takes `ClusterNode` from anyone who may register (observed records 121 and 240), so
/// both are stopped here.
fn check_clearance(clearance: &SecurityClearance) -> Option<Diagnostic> {
    let detail = match clearance {
        SecurityClearance::ValidUser | SecurityClearance::Operator | SecurityClearance::ClusterAdmin => return None,
        SecurityClearance::ClusterNode => {
            "ClusterNode is the clearance of the servers of a cluster among themselves. For full rights write \
             \"ClusterAdmin\"."
                .to_owned()
        }
        SecurityClearance::UnauthenticatedClients => {
            "UnauthenticatedClients is what RavenDB notes for clients without rights. Write \"ValidUser\", with \
             database_permissions for the databases it may use."
                .to_owned()
        }
        other => match CLEARANCES
            .iter()
            .find(|known| known.eq_ignore_ascii_case(other.as_str()))
        {
            Some(known) => format!("\"{other}\" is not known; upper and lower case count. Write \"{known}\"."),
            None => format!("\"{other}\" is not known. Write one of \"ValidUser\", \"Operator\", \"ClusterAdmin\"."),
        },
    };
    Some(diagnostic(
        GrantAttribute::SecurityClearance.path(),
        "Unsuitable security clearance",
        detail,
    ))
}

const CLEARANCES: [&str; 3] = ["ValidUser", "Operator", "ClusterAdmin"];

/// Checks the map by itself, and returns diagnostics.
fn check_permissions(permissions: &Permissions) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (database, access) in permissions {
        let at = GrantAttribute::DatabasePermissions.path().key(database.clone());
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
            Value::Value(DatabaseAccess::Read | DatabaseAccess::ReadWrite | DatabaseAccess::Admin) | Value::Unknown => {
            }
            Value::Value(access) => findings.push(diagnostic(
                at,
                "Unknown database access",
                format!("\"{access}\" is no access to a database. Write one of \"Read\", \"ReadWrite\", \"Admin\"."),
            )),
            Value::Null => findings.push(diagnostic(
                at,
                "Missing database access",
                "The access is null. Write one of \"Read\", \"ReadWrite\", \"Admin\", or leave the database away.",
            )),
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions<const N: usize>(entries: [(&str, &str); N]) -> Permissions {
        entries
            .into_iter()
            .map(|(name, access)| (name.to_owned(), Value::Value(access.into())))
            .collect()
    }

    #[test]
    fn three_clearances_are_taken_and_others_explained() {
        for good in CLEARANCES {
            assert_eq!(check_clearance(&good.into()), None);
        }
        for (bad, expected) in [
            ("ClusterNode", "ClusterAdmin"),
            ("UnauthenticatedClients", "ValidUser"),
            ("operator", "Write \"Operator\""),
            ("Boss", "Write one of"),
            ("", "Write one of"),
        ] {
            let finding = check_clearance(&bad.into()).unwrap();
            assert!(finding.detail.contains(expected), "{finding:?}");
            assert_eq!(finding.attribute, GrantAttribute::SecurityClearance.path());
        }
    }

    #[test]
    fn any_name_that_is_not_blank_is_taken() {
        for good in ["a", "my \"cert\", 1", "../a/b", "сертификат-ü", &"ü".repeat(300)] {
            assert_eq!((check_name(good), warn_of_name(good)), (None, None), "{good}");
        }
        for odd in ["a\n", "a\u{85}b"] {
            assert_eq!(check_name(odd), None, "{odd:?}");
            assert!(warn_of_name(odd).unwrap().detail.contains("control"));
        }
        for bad in ["", " \u{a0}"] {
            assert!(check_name(bad).unwrap().detail.contains("blank"));
        }
    }

    #[test]
    fn good_maps_have_no_findings() {
        assert_eq!(check_permissions(&permissions([])), []);
        let good = permissions([("Orders", "Read"), ("a.b-c_1", "ReadWrite"), ("Straße", "Admin")]);
        assert_eq!(check_permissions(&good), []);
        assert_eq!(
            check_permissions(&BTreeMap::from([("a".to_owned(), Value::Unknown)])),
            []
        );
        // .NET does not fold these two.
        assert_eq!(check_permissions(&permissions([("ı", "Read"), ("I", "Read")])), []);
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
            let findings = check_permissions(&map);
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(findings[0].summary, summary);
            assert_eq!(findings[0].attribute.to_string(), path);
        }
    }
}
