//! Which names databases can have.

/// Why a text is no database's name, in words for the caller; none when it is one.
///
/// Letters, digits, `_`, `-` and `.`, at most 128 characters, and no name that Windows keeps for a device (contract
/// section 1.11, observed record `422-edit-bad-dbname`).
pub(super) fn fault(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        return Some(", database name is empty".to_owned());
    }
    if !name
        .chars()
        .all(|character| character.is_alphanumeric() || matches!(character, '_' | '-' | '.'))
    {
        return Some(format!(
            ": the name '{name}' holds something else than letters, digits, '_', '-' and '.'"
        ));
    }
    if name.chars().count() > MAX_LENGTH {
        return Some(format!(": the name '{name}' is longer than {MAX_LENGTH} characters"));
    }
    let device = name.to_ascii_lowercase();
    if RESERVED.contains(&device.as_str()) {
        return Some(format!(": the name '{name}' is reserved on Windows"));
    }
    None
}

const MAX_LENGTH: usize = 128;

const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_letters_digits_and_three_signs_are_taken() {
        for name in ["Northwind", "a.b-c_D9", "база", "x", &"n".repeat(128)] {
            assert_eq!(fault(name), None, "{name}");
        }
        for name in [
            "",
            " ",
            "a*b",
            "a/b",
            "a b",
            "a\\b",
            "a?",
            "a\u{0}",
            "NUL",
            "com1",
            &"n".repeat(129),
        ] {
            assert!(fault(name).is_some(), "{name:?}");
        }
    }
}
