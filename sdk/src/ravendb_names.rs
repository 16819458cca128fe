//! Names that RavenDB takes for the same.

/// Whether RavenDB takes two names of databases for the same: it compares them as .NET's `OrdinalIgnoreCase` does, character
/// by character in upper case.
///
/// ```
/// use certward::pki::eq_ignore_case;
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

/// The simple upper case of Unicode. As in .NET, no character outside ASCII becomes one of ASCII.
fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) if character.is_ascii() || !upper.is_ascii() => upper,
        _ => character,
    }
}
