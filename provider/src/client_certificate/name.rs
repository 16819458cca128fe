//! The attribute `name`.

use tf_provider::{AttributePath, Diagnostic};

use crate::report::diagnostic;

/// The path of the attribute.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("name")
}

/// What is wrong with the value.
pub(crate) fn check(name: &str) -> Option<Diagnostic> {
    let length = name.chars().count();
    let detail = if name.trim().is_empty() {
        "The name is blank. RavenDB needs one to show in the Studio and in its audit log.".to_owned()
    } else if length > LONGEST {
        format!("The name has {length} characters; at most {LONGEST} are allowed. Shorten it.")
    } else if let Some(control) = name.chars().find(|character| character.is_control()) {
        format!(
            "The name holds the control character {control:?}, which would garble logs. Remove it; a final line end \
             goes away with chomp() or trimspace()."
        )
    } else {
        return None;
    };
    Some(diagnostic(path(), "Unsuitable name", detail))
}

/// The longest common name of RFC 5280 (`ub-common-name`), which the name becomes when RavenDB generates a certificate.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_1_to_64_characters_are_taken() {
        for good in ["a", "my \"cert\", 1", "../a/b", "сертификат-ü", &"ü".repeat(64)] {
            assert_eq!(check(good), None, "{good}");
        }
        for (bad, expected) in [
            ("", "blank"),
            (" \u{a0}", "blank"),
            (&*"a".repeat(65), "has 65 characters"),
            ("a\n", "'\\n'"),
            ("a\u{85}b", "control"),
        ] {
            let finding = check(bad).unwrap();
            assert!(finding.detail.contains(expected), "{finding:?}");
        }
    }
}
