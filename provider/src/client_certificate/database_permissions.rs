//! The attribute `database_permissions`: what a `ValidUser` may do in which database.

use std::collections::BTreeMap;

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use crate::report::diagnostic;

/// Database name to access, as Terraform carries it.
pub(crate) type Permissions = BTreeMap<String, Value<String>>;

/// The path of the attribute.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("database_permissions")
}

/// What is wrong with the map by itself.
pub(crate) fn check(permissions: &Permissions) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (database, access) in permissions {
        let at = path().key(database.clone());
        if let Some(problem) = name_problem(database) {
            findings.push(diagnostic(at.clone(), "Not a database name", problem));
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
            Value::Value(access) if !ACCESSES.contains(&access.as_str()) => findings.push(diagnostic(
                at,
                "Unknown database access",
                format!("\"{access}\" is no access to a database. Write one of \"Read\", \"ReadWrite\", \"Admin\"."),
            )),
            Value::Null => findings.push(diagnostic(
                at,
                "Missing database access",
                "The access is null. Write one of \"Read\", \"ReadWrite\", \"Admin\", or leave the database away.",
            )),
            Value::Value(_) | Value::Unknown => {}
        }
    }
    findings
}

/// Whether both maps give the same access to the same databases; names are compared without case, as RavenDB does.
pub(crate) fn same(one: &Permissions, other: &Permissions) -> bool {
    one.len() == other.len() && fold(one) == fold(other)
}

/// The map with the spelling of `spelling` for every database that is in both.
///
/// RavenDB gives names back in the case it stored first; a difference in case is no drift.
pub(crate) fn respelled(permissions: Permissions, spelling: &Permissions) -> Permissions {
    let spellings: BTreeMap<String, &String> = spelling.keys().map(|name| (folded(name), name)).collect();
    permissions
        .into_iter()
        .map(|(name, access)| match spellings.get(&folded(&name)) {
            Some(spelling) => ((*spelling).clone(), access),
            None => (name, access),
        })
        .collect()
}

fn fold(permissions: &Permissions) -> BTreeMap<String, &Value<String>> {
    permissions
        .iter()
        .map(|(name, access)| (folded(name), access))
        .collect()
}

/// .NET's `OrdinalIgnoreCase`: every character by itself in upper case, those that would become several left alone, and
/// those beyond ASCII that would become ASCII.
fn folded(name: &str) -> String {
    name.chars()
        .map(|character| {
            if matches!(character, 'ı' | 'ſ') {
                return character;
            }
            let mut upper = character.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(upper), None) => upper,
                _ => character,
            }
        })
        .collect()
}

/// RavenDB's rule for database names (observed records 134 and 422; `ResourceNameValidator` of 7.2).
fn name_problem(name: &str) -> Option<String> {
    let shown = name.escape_debug();
    let length = name.encode_utf16().count();
    if name.is_empty() {
        return Some("The name of the database is empty.".to_owned());
    }
    if length > LONGEST_NAME {
        return Some(format!(
            "The name has {length} characters; RavenDB's database names have {LONGEST_NAME} at most."
        ));
    }
    if let Some(stranger) = name
        .chars()
        .find(|character| !is_letter_or_digit(*character) && !"_-.".contains(*character))
    {
        return Some(format!(
            "\"{shown}\" has the character {stranger:?}. RavenDB's database names are of letters, digits, \"_\", \"-\" and \
             \".\"."
        ));
    }
    if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return Some(format!(
            "\"{shown}\" has a dot at an end, or two in a row. RavenDB takes a dot between other characters only."
        ));
    }
    RESERVED
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(name))
        .then(|| format!("\"{shown}\" is a name that Windows keeps for a device, and RavenDB refuses it everywhere."))
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
const RESERVED: [&str; 23] = [
    "con", "prn", "aux", "nul", "clock$", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// RavenDB's `DatabaseAccess` (contract section 2).
const ACCESSES: [&str; 3] = ["Read", "ReadWrite", "Admin"];

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions<const N: usize>(entries: [(&str, &str); N]) -> Permissions {
        entries
            .into_iter()
            .map(|(name, access)| (name.to_owned(), Value::Value(access.to_owned())))
            .collect()
    }

    #[test]
    fn good_maps_have_no_findings() {
        assert_eq!(check(&permissions([])), []);
        let good = permissions([("Orders", "Read"), ("a.b-c_1", "ReadWrite"), ("Straße", "Admin")]);
        assert_eq!(check(&good), []);
        assert_eq!(check(&BTreeMap::from([("a".to_owned(), Value::Unknown)])), []);
        // .NET does not fold these two.
        assert_eq!(check(&permissions([("ı", "Read"), ("I", "Read")])), []);
    }

    #[test]
    fn names_that_ravendb_refuses_are_refused() {
        for good in ["a.b", "a-b_c", "Ünïcode9", "名前", "connect", "١", &"a".repeat(128)] {
            assert_eq!(name_problem(good), None, "{good}");
        }
        for bad in [
            "",
            "a..b",
            ".a",
            "a.",
            ".",
            "con",
            "LPT9",
            "²",
            "𠮷",
            "Ⅷ",
            "a b",
            "a/b",
            &"a".repeat(129),
        ] {
            assert!(name_problem(bad).is_some(), "{bad}");
        }
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
            let findings = check(&map);
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(findings[0].summary, summary);
            assert_eq!(findings[0].attribute.to_string(), path);
        }
    }

    #[test]
    fn case_of_database_names_is_no_difference() {
        let one = permissions([("Orders", "Read"), ("Über", "Admin")]);
        assert!(same(&one, &permissions([("ORDERS", "Read"), ("über", "Admin")])));
        assert!(!same(&one, &permissions([("ORDERS", "ReadWrite"), ("über", "Admin")])));
        assert!(!same(&one, &permissions([("Orders", "Read")])));
        let theirs = permissions([("orders", "Admin"), ("New", "Read")]);
        assert_eq!(
            respelled(theirs, &one),
            permissions([("Orders", "Admin"), ("New", "Read")])
        );
    }
}
