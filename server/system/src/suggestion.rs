//! Suggestions for unknown names.

use strsim::damerau_levenshtein;

/// The known name of which `given` is a misspelling: at most one letter in three is wrong, ignoring case. None if no
/// name is that similar: a less similar one would mislead.
#[must_use]
pub fn near(given: &str, known: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    // A comparison takes time by the length, and a stranger chooses that.
    if given.len() > LONGEST {
        return None;
    }
    let most = given.chars().count() / 3;
    let given = given.to_ascii_lowercase();
    known
        .into_iter()
        // No name is nearer than the lengths differ.
        .filter(|known| known.len().abs_diff(given.len()) <= most)
        .map(|known| (damerau_levenshtein(&known.to_ascii_lowercase(), &given), known))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, known)| known)
}

/// `; did you mean 'name'?`, or an empty text.
pub fn did_you_mean(near: Option<&str>) -> String {
    near.map(|name| format!("; did you mean '{name}'?")).unwrap_or_default()
}

/// Longer than any name of the APIs, the settings and the console.
const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelling_is_near_and_another_word_is_not() {
        let known = ["name", "CN", "ServerUrl", "role_uids"];
        for (given, expected) in [
            ("nmae", Some("name")),
            ("NAME", Some("name")),
            ("role_uid", Some("role_uids")),
            ("SERVERURI", Some("ServerUrl")),
            ("DC", None),
            ("x", None),
            ("", None),
            ("Server", None),
            ("something_else", None),
        ] {
            assert_eq!(near(given, known), expected, "{given}");
        }
        assert_eq!(near(&"n".repeat(1_000_000), known), None);
    }
}
