//! The attribute `acl`: rules of Redis's `ACL SETUSER`.
//!
//! Only what no version of Redis Enterprise takes is refused here (`docs/contracts/redis-enterprise.md#acl-rules`); the
//! names of commands and categories are for the cluster to judge, which the plan asks when it can be reached.

use tf_provider::{AttributePath, Diagnostic};

use crate::report::diagnostic;

/// The path of the attribute.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("acl")
}

/// Checks the rules and returns a diagnostic when they are invalid. The message never quotes a word that may be a
/// password.
pub(crate) fn check(acl: &str) -> Option<Diagnostic> {
    problem(acl).map(|detail| diagnostic(path(), "Unsuitable ACL", detail))
}

/// Returns `true` when two texts have the same rules; blanks between them do not count.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

fn problem(acl: &str) -> Option<String> {
    if let Some(control) = acl.chars().find(|character| character.is_control()) {
        return Some(format!(
            "The rules hold the control character {control:?}. Write them on one line; join(\" \", [...]) puts several \
             together."
        ));
    }
    if acl.trim().is_empty() {
        return Some("The rules are empty. Write \"-@all\" for a role that may do nothing.".to_owned());
    }
    let mut in_selector = false;
    for word in acl.split_whitespace() {
        // Selectors may be written with or without blanks inside of their parentheses.
        let (opens, rule) = match word.strip_prefix('(') {
            Some(rule) => (true, rule),
            None => (false, word),
        };
        let (closes, rule) = match rule.strip_suffix(')') {
            Some(rule) => (true, rule),
            None => (false, rule),
        };
        if rule.contains(['(', ')']) || (opens && in_selector) {
            return Some(format!(
                "\"{word}\": selectors cannot stand in one another, and patterns cannot hold parentheses."
            ));
        }
        in_selector |= opens;
        if closes && !in_selector {
            return Some(format!("\"{word}\" closes a parenthesis that was not opened."));
        }
        if !rule.is_empty()
            && let Some(problem) = rule_problem(rule)
        {
            return Some(problem);
        }
        in_selector &= !closes;
    }
    in_selector.then(|| "A selector is not closed: a \")\" is missing.".to_owned())
}

fn rule_problem(rule: &str) -> Option<String> {
    let (first, rest) = rule.split_at(rule.chars().next().map_or(0, char::len_utf8));
    match first {
        ">" | "<" | "#" | "!" => Some(format!(
            "A rule begins with \"{first}\", which sets a password. Passwords belong to users, not to ACLs."
        )),
        "+" | "-" | "~" | "&" if rest.is_empty() => {
            Some(format!("\"{rule}\" stands alone; a name or pattern follows it."))
        }
        "+" | "-" | "~" | "&" => None,
        "%" => {
            let access = rest.split_once('~').map(|(access, _)| access.to_ascii_uppercase());
            let known = access.is_some_and(|access| ["R", "W", "RW", "WR"].contains(&access.as_str()));
            (!known).then(|| format!("\"{rule}\" is no key pattern; write \"%R~…\", \"%W~…\" or \"%RW~…\"."))
        }
        _ if WORDS.contains(&rule.to_ascii_lowercase().as_str()) => None,
        _ if OF_USERS.contains(&rule.to_ascii_lowercase().as_str()) => Some(format!(
            "\"{rule}\" is about a user and its login; an ACL has rules for commands, keys and channels only."
        )),
        _ => Some(format!(
            "\"{rule}\" is no rule. Commands begin with + or -, key patterns with ~, channel patterns with &, for \
             example \"+@read ~cache:*\"."
        )),
    }
}

/// Rules that are one word.
const WORDS: [&str; 8] = [
    "allcommands",
    "nocommands",
    "allkeys",
    "resetkeys",
    "allchannels",
    "resetchannels",
    "clearselectors",
    "reset",
];
/// Arguments of `ACL SETUSER` that do not grant rights.
const OF_USERS: [&str; 6] = [
    "on",
    "off",
    "nopass",
    "resetpass",
    "sanitize-payload",
    "skip-sanitize-payload",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_the_contract_are_taken() {
        for good in [
            "+@all ~*",
            "+@all -@dangerous ~*",
            "+set +get",
            "+config|get -flushall ~app:* &events:* allchannels",
            "%R~a:* %W~b:* %RW~c:* resetchannels",
            "+@read ~a:* (+set ~b:*) ( +get %R~c:* ) clearselectors",
            "  +get   ~*  ",
        ] {
            assert_eq!(check(good), None, "{good}");
        }
    }

    #[test]
    fn other_rules_are_refused_with_the_reason() {
        for (bad, expected) in [
            ("", "are empty"),
            (" ", "are empty"),
            ("+get\n~*", "control character"),
            (">secret", "sets a password"),
            ("<secret", "sets a password"),
            ("#5e884898", "sets a password"),
            ("!5e884898", "sets a password"),
            ("on +get", "about a user"),
            ("resetpass", "about a user"),
            ("get", "is no rule"),
            ("+", "stands alone"),
            ("%X~a", "is no key pattern"),
            ("%R", "is no key pattern"),
            ("(+get (+set ~a))", "one another"),
            ("((+get)", "one another"),
            ("(+get ~a", "is missing"),
            ("+get ~a)", "not opened"),
            ("~a(b)c", "hold parentheses"),
        ] {
            let finding = check(bad).unwrap();
            assert!(finding.detail.contains(expected), "{bad}: {finding:?}");
            assert!(
                !finding.detail.contains("secret") && !finding.detail.contains("5e88"),
                "{finding:?}"
            );
            assert_eq!(finding.attribute, path());
        }
    }

    #[test]
    fn blanks_mean_nothing() {
        assert!(same("+get ~*", "  +get   ~* "));
        assert!(!same("+get ~*", "~* +get"));
    }
}
