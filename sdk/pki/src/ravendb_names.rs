//! Names of RavenDB's databases: which there can be, and which are the same. Used by the clients, the provider and the
//! reference server.

use std::fmt;

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

/// Returns `true` when two names of databases are equal for RavenDB, which compares them as .NET's `OrdinalIgnoreCase`
/// does: character by character in upper case.
///
/// ```
/// use certward_pki::ravendb_names::eq_ignore_case;
///
/// assert!(eq_ignore_case("Orders", "ORDERS"));
/// // As .NET has it, and Rust's lower case does not.
/// assert!(eq_ignore_case("\u{b5}", "\u{39c}"));
/// assert!(!eq_ignore_case("\u{df}", "\u{1e9e}"));
/// assert!(!eq_ignore_case("\u{131}", "I"));
/// ```
pub fn eq_ignore_case(one: &str, other: &str) -> bool {
    one.chars().map(upper).eq(other.chars().map(upper))
}

/// The form that all names of one database share: a key to find it by.
pub fn folded(name: &str) -> String {
    name.chars().map(upper).collect()
}

/// The simple upper case of Unicode. As in .NET, no character outside ASCII becomes one of ASCII.
fn upper(character: char) -> char {
    // Greek letters with a iota below, whose full upper case is two letters.
    match character {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            return char::from_u32(u32::from(character) + 8).unwrap_or(character);
        }
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => return char::from_u32(u32::from(character) + 9).unwrap_or(character),
        _ => {}
    }
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) if character.is_ascii() || !upper.is_ascii() => upper,
        _ => character,
    }
}

/// The reason that no database can have a name. Its text is a clause that follows the name: `has a dot at an end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseNameFault {
    /// The name is empty or white space.
    Blank,
    /// Longer than 128 characters, each unit of UTF-16 counted as one, as .NET counts.
    TooLong(usize),
    /// This is neither a letter, a digit, `_`, `-` nor `.`.
    Character(char),
    /// A dot that is not between two other characters.
    Dot,
    /// Windows keeps the name for a device.
    Device,
}

/// Returns the reason that RavenDB refuses a database with this name; none when it does not (`ResourceNameValidator` of
/// 7.2; observed records `134-post-empty-dbname` and `422-edit-bad-dbname`).
pub fn database_name_fault(name: &str) -> Option<DatabaseNameFault> {
    let length = name.encode_utf16().count();
    let is_allowed = |character: char| is_letter_or_digit(character) || matches!(character, '_' | '-' | '.');
    if name.trim().is_empty() {
        Some(DatabaseNameFault::Blank)
    } else if length > LONGEST_NAME {
        Some(DatabaseNameFault::TooLong(length))
    } else if let Some(stranger) = name.chars().find(|character| !is_allowed(*character)) {
        Some(DatabaseNameFault::Character(stranger))
    } else if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        Some(DatabaseNameFault::Dot)
    } else {
        let is_device = DEVICES.iter().any(|device| device.eq_ignore_ascii_case(name));
        is_device.then_some(DatabaseNameFault::Device)
    }
}

impl fmt::Display for DatabaseNameFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => formatter.write_str("is empty"),
            Self::TooLong(length) => write!(formatter, "has {length} characters; at most {LONGEST_NAME} are allowed"),
            Self::Character(stranger) => write!(
                formatter,
                "has the character {stranger:?}; letters, digits, \"_\", \"-\" and \".\" are allowed"
            ),
            Self::Dot => {
                formatter.write_str("has a dot at an end, or two in a row; a dot stands between other characters only")
            }
            Self::Device => {
                formatter.write_str("is one that Windows keeps for a device, which RavenDB refuses everywhere")
            }
        }
    }
}

/// .NET's `char.IsLetterOrDigit`, which looks at one unit of UTF-16: a character that takes two is neither.
fn is_letter_or_digit(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    character.len_utf16() == 1
        && (GeneralCategoryGroup::Letter.contains(category) || category == GeneralCategory::DecimalNumber)
}

/// `Constants.Documents.MaxDatabaseNameLength`.
const LONGEST_NAME: usize = 128;
/// <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_ravendb_refuses_are_refused_for_their_fault() {
        let longest = "a".repeat(128);
        for good in [
            "a.b",
            "a-b_c",
            "Ünïcode9",
            "база",
            "名前",
            "connect",
            "١",
            "x",
            "clock",
            &longest,
        ] {
            assert_eq!(database_name_fault(good), None, "{good}");
        }
        let (too_long, pairs) = ("a".repeat(129), "𠮷".repeat(65));
        for (bad, fault) in [
            ("", DatabaseNameFault::Blank),
            (" ", DatabaseNameFault::Blank),
            (&too_long, DatabaseNameFault::TooLong(129)),
            (&pairs, DatabaseNameFault::TooLong(130)),
            ("²", DatabaseNameFault::Character('²')),
            ("𠮷", DatabaseNameFault::Character('𠮷')),
            ("Ⅷ", DatabaseNameFault::Character('Ⅷ')),
            ("a b", DatabaseNameFault::Character(' ')),
            ("a/b", DatabaseNameFault::Character('/')),
            ("a\\b", DatabaseNameFault::Character('\\')),
            ("a*b", DatabaseNameFault::Character('*')),
            ("a\u{0}", DatabaseNameFault::Character('\u{0}')),
            ("clock$", DatabaseNameFault::Character('$')),
            ("a..b", DatabaseNameFault::Dot),
            (".a", DatabaseNameFault::Dot),
            ("a.", DatabaseNameFault::Dot),
            (".", DatabaseNameFault::Dot),
            ("con", DatabaseNameFault::Device),
            ("LPT9", DatabaseNameFault::Device),
        ] {
            assert_eq!(database_name_fault(bad), Some(fault), "{bad}");
        }
    }

    #[test]
    fn names_of_one_database_share_their_folded_form() {
        assert_eq!(folded("Über"), folded("üBER"));
        assert_eq!(folded("\u{b5}"), folded("\u{39c}"));
        for (one, other) in [
            ("\u{1f80}", "\u{1f88}"),
            ("\u{1fa7}", "\u{1faf}"),
            ("\u{1fb3}", "\u{1fbc}"),
        ] {
            assert!(eq_ignore_case(one, other));
        }
        for (one, other) in [("\u{131}", "I"), ("\u{17f}", "s"), ("\u{df}", "\u{1e9e}"), ("ß", "ss")] {
            assert_ne!(folded(one), folded(other));
            assert!(!eq_ignore_case(one, other));
        }
    }
}
