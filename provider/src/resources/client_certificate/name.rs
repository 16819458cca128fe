//! The attribute `name`.

use tf_provider::{AttributePath, Diagnostic};

use crate::report::diagnostic;

/// The path of the attribute.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("name")
}

/// Checks the value and returns a diagnostic when it is invalid.
pub(crate) fn check(name: &str) -> Option<Diagnostic> {
    name.trim().is_empty().then(|| {
        diagnostic(
            path(),
            "Unsuitable name",
            "The name is blank. RavenDB needs one to show in the Studio and in its audit log.",
        )
    })
}

/// Returns a warning about a value that RavenDB accepts.
pub(crate) fn warning(name: &str) -> Option<Diagnostic> {
    let control = name.chars().find(|character| character.is_control())?;
    Some(diagnostic(
        path(),
        "Control character in a name",
        format!(
            "The name holds the control character {control:?}, which can garble logs. A final line end goes away with \
             chomp() or trimspace()."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_that_is_not_blank_is_taken() {
        for good in ["a", "my \"cert\", 1", "../a/b", "сертификат-ü", &"ü".repeat(300)] {
            assert_eq!((check(good), warning(good)), (None, None), "{good}");
        }
        for odd in ["a\n", "a\u{85}b"] {
            assert_eq!(check(odd), None, "{odd:?}");
            assert!(warning(odd).unwrap().detail.contains("control"));
        }
        for bad in ["", " \u{a0}"] {
            assert!(check(bad).unwrap().detail.contains("blank"));
        }
    }
}
