//! The attribute `security_clearance`.

use tf_provider::{AttributePath, Diagnostic};

use crate::report::diagnostic;

/// The path of the attribute.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("security_clearance")
}

/// The default clearance.
pub(crate) const DEFAULT: &str = "ValidUser";

/// Checks the value and returns a diagnostic when it is invalid. RavenDB stores a missing clearance as
/// `UnauthenticatedClients` and takes `ClusterNode` from anyone who may register (observed records 121 and 240), so
/// both are stopped here.
pub(crate) fn check(clearance: &str) -> Option<Diagnostic> {
    let detail = match clearance {
        "ValidUser" | "Operator" | "ClusterAdmin" => return None,
        "ClusterNode" => {
            "ClusterNode is the clearance of the servers of a cluster among themselves. For full rights write \
             \"ClusterAdmin\"."
                .to_owned()
        }
        "UnauthenticatedClients" => {
            "UnauthenticatedClients is what RavenDB notes for clients without rights. Write \"ValidUser\", with \
             database_permissions for the databases it may use."
                .to_owned()
        }
        other => match CLEARANCES.iter().find(|known| known.eq_ignore_ascii_case(other)) {
            Some(known) => format!("\"{other}\" is not known; upper and lower case count. Write \"{known}\"."),
            None => format!("\"{other}\" is not known. Write one of \"ValidUser\", \"Operator\", \"ClusterAdmin\"."),
        },
    };
    Some(diagnostic(path(), "Unsuitable security clearance", detail))
}

const CLEARANCES: [&str; 3] = ["ValidUser", "Operator", "ClusterAdmin"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_clearances_are_taken_and_others_explained() {
        for good in CLEARANCES {
            assert_eq!(check(good), None);
        }
        for (bad, expected) in [
            ("ClusterNode", "ClusterAdmin"),
            ("UnauthenticatedClients", "ValidUser"),
            ("operator", "Write \"Operator\""),
            ("Boss", "Write one of"),
            ("", "Write one of"),
        ] {
            let finding = check(bad).unwrap();
            assert!(finding.detail.contains(expected), "{finding:?}");
            assert_eq!(finding.attribute, path());
        }
    }
}
