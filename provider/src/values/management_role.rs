//! Management roles of Redis Enterprise, as attributes have them.

use tf_provider::{AttributePath, Diagnostic};

use crate::report::diagnostic;

/// Checks the value of this attribute and returns a diagnostic when it is invalid.
pub(crate) fn check(attribute: AttributePath, role: &str) -> Option<Diagnostic> {
    if MANAGEMENT_ROLES.contains(&role) {
        return None;
    }
    let spelled = role.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    let detail = match MANAGEMENT_ROLES.iter().find(|known| **known == spelled) {
        Some(known) => format!("{attribute} is \"{role}\", which is no management role. Write \"{known}\"."),
        None => format!(
            "{attribute} is \"{role}\", which is no management role. Write one of \"{}\".",
            MANAGEMENT_ROLES.join("\", \"")
        ),
    };
    Some(diagnostic(attribute, "Unknown management role", detail))
}

/// The rank of a management role by its rights; 0 for unknown roles.
pub(crate) fn rank(role: &str) -> usize {
    MANAGEMENT_ROLES.iter().position(|known| *known == role).unwrap_or(0)
}

/// `docs/contracts/redis-enterprise.md#management-roles`, the weakest first; the last two manage users.
const MANAGEMENT_ROLES: [&str; 7] = [
    "none",
    "db_viewer",
    "cluster_viewer",
    "db_member",
    "cluster_member",
    "user_manager",
    "admin",
];

#[cfg(test)]
mod tests {
    use certward::redis_enterprise::ManagementRole;

    use super::*;

    #[test]
    fn roles_are_those_of_the_sdk() {
        for known in MANAGEMENT_ROLES {
            assert!(
                !matches!(ManagementRole::from(known), ManagementRole::Unknown(_)),
                "{known}"
            );
            assert_eq!(check(AttributePath::new("role"), known), None);
        }
        assert!(rank("admin") > rank("user_manager") && rank("user_manager") > rank("cluster_member"));
    }

    #[test]
    fn other_words_are_explained() {
        for (bad, expected) in [
            ("DB Viewer", "Write \"db_viewer\""),
            ("Admin", "Write \"admin\""),
            ("boss", "Write one of"),
            ("", "Write one of"),
        ] {
            let finding = check(AttributePath::new("role"), bad).unwrap();
            assert!(finding.detail.contains(expected), "{finding:?}");
            assert!(finding.detail.starts_with(&format!("role is \"{bad}\"")), "{finding:?}");
        }
    }
}
