//! Names of users, roles and ACLs on Redis Enterprise.

use tf_provider::{AttributePath, Diagnostic};

use crate::report::diagnostic;

/// The path of the attribute.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("name")
}

/// Checks the name of a user (`docs/contracts/redis-enterprise.md#users`).
pub(crate) fn check_user(name: &str) -> Option<Diagnostic> {
    let of_users = |character: char| matches!(character, ' '..='~') && !"\"&<>".contains(character);
    check(
        name,
        of_users,
        "ASCII letters, digits, blanks and marks other than \", &, < and >",
    )
}

/// Checks the name of a role or an ACL (`docs/contracts/redis-enterprise.md#roles` and
/// `docs/contracts/redis-enterprise.md#redis-acls`).
pub(crate) fn check_role_or_acl(name: &str) -> Option<Diagnostic> {
    let of_roles = |character: char| character.is_ascii_alphanumeric() || "_ []()@,.;#-".contains(character);
    check(
        name,
        of_roles,
        "ASCII letters, digits, blanks and _ [ ] ( ) @ , . ; # -",
    )
}

fn check(name: &str, allowed: impl Fn(char) -> bool, allowed_in_words: &str) -> Option<Diagnostic> {
    let length = name.chars().count();
    let detail = if name.trim().is_empty() {
        "The name is blank. Redis Enterprise shows it wherever the object appears.".to_owned()
    } else if length > LONGEST {
        format!("The name has {length} characters; at most {LONGEST} are allowed. Shorten it.")
    } else if let Some(other) = name.chars().find(|character| !allowed(*character)) {
        format!("The name holds {other:?}; Redis Enterprise allows {allowed_in_words} only.")
    } else {
        return None;
    };
    Some(diagnostic(path(), "Unsuitable name", detail))
}

/// The bound of users' names (`docs/contracts/redis-enterprise.md#users`); none is documented for roles and ACLs.
const LONGEST: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_users_are_printable_ascii_without_four_marks() {
        for good in ["a", "John Doe", "svc+app@example.com", "a'b|{c}~!", &"a".repeat(255)] {
            assert_eq!(check_user(good), None, "{good}");
        }
        for (bad, expected) in [
            ("", "blank"),
            ("  ", "blank"),
            ("a\"b", "'\"'"),
            ("a&b", "'&'"),
            ("<a>", "'<'"),
            ("jörg", "'ö'"),
            ("a\n", "'\\n'"),
            (&"a".repeat(256), "has 256 characters"),
        ] {
            let finding = check_user(bad).unwrap();
            assert!(finding.detail.contains(expected), "{finding:?}");
            assert_eq!(finding.attribute, path());
        }
    }

    #[test]
    fn names_of_roles_have_fewer_marks() {
        for good in ["DB Viewer", "a_b [1] (x)@y,z.;#-"] {
            assert_eq!(check_role_or_acl(good), None, "{good}");
        }
        for bad in ["a+b", "a/b", "a:b", "a!", "ü"] {
            assert!(check_role_or_acl(bad).is_some(), "{bad}");
        }
    }
}
