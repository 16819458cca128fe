//! The rules of a Redis ACL: a user's rights in a database.
//!
//! The grammar is Redis's own (`ACL SETUSER`, Redis 7.2) without the rules about the user itself, and with the limits
//! of the Redis Enterprise reference, "Redis ACL overview" (`docs/contracts/redis-enterprise.md#acl-rules`): no
//! passwords, no nested selectors, no parenthesis in a pattern.

use std::fmt;
use std::str::FromStr;

use certward_system::suggestion;

/// Valid rules, stored as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisAclRules {
    text: String,
    rules: Vec<String>,
    min_version: DatabaseVersion,
}

/// The oldest version of databases that knows every rule of an ACL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatabaseVersion {
    /// Commands, categories, keys.
    V6_0,
    /// Channels.
    V6_2,
    /// Selectors, separate read and write permissions on keys, denied subcommands.
    V7_2,
}

/// Rules of an ACL are refused. No text shows what may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisAclRefusal {
    /// There is no rule.
    #[error("the rules are empty; '-@all' grants nothing")]
    Empty,
    /// The text exceeds the limit.
    #[error("the rules have {length} bytes; at most {MAX_LENGTH} are kept")]
    TooLong {
        /// The length in bytes.
        length: usize,
    },
    /// A character that breaks lines in logs and consoles.
    #[error("the rules hold a control character")]
    ControlCharacter,
    /// A rule that sets a password: an ACL belongs to roles, not to users.
    #[error("the rule that starts with '{prefix}' is about a password; passwords belong to users")]
    Password {
        /// `>`, `<`, `#` or `!`.
        prefix: char,
    },
    /// A rule about the user itself, such as its login.
    #[error("the rule '{rule}' is about the user; an ACL holds rules for commands, keys and channels")]
    AboutTheUser {
        /// As given.
        rule: String,
    },
    /// A nested selector.
    #[error("selectors cannot be nested")]
    NestedSelector,
    /// `(` without `)`, or `)` without `(`.
    #[error("a parenthesis has no counterpart")]
    Unbalanced,
    /// A parenthesis within a rule.
    #[error("the rule '{rule}' holds a parenthesis, which patterns and names must not")]
    Parenthesis {
        /// As given.
        rule: String,
    },
    /// `clearselectors` inside a selector.
    #[error("'clearselectors' cannot stand in a selector")]
    ClearInSelector,
    /// An unknown category.
    #[error("there is no command category '{category}'{}", suggestion::did_you_mean(*near))]
    UnknownCategory {
        /// The category without its sign.
        category: String,
        /// The category that it may be a misspelling of.
        near: Option<&'static str>,
    },
    /// `+` or `-` is not followed by the name of a command.
    #[error("the rule '{rule}' names no command; after + or - stands a name, a name|subcommand, or @category")]
    NoCommand {
        /// As given.
        rule: String,
    },
    /// A key or channel rule without a pattern.
    #[error("the rule '{rule}' has no pattern")]
    NoPattern {
        /// As given.
        rule: String,
    },
    /// `%` with something other than R, W or both.
    #[error("the rule '{rule}' must start with %R~, %W~ or %RW~")]
    KeyAccess {
        /// As given.
        rule: String,
    },
    /// A pattern after all keys, or all channels, have been allowed: Redis refuses it, because it has no effect.
    #[error("the rule '{rule}' has no effect after '{all}', which allows all of them")]
    WithoutEffect {
        /// As given.
        rule: String,
        /// The earlier rule that allows all.
        all: &'static str,
    },
    /// None of the forms of a rule.
    #[error(
        "the rule '{rule}' is none of +command, -command, +@category, -@category, ~keys, %R~keys, &channels, \
         allkeys, resetkeys, allcommands, nocommands, allchannels, resetchannels, clearselectors, (selector)"
    )]
    Unknown {
        /// As given.
        rule: String,
    },
}

impl RedisAclRules {
    /// The rules as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The rules one by one, as arguments of `ACL SETUSER`; a selector is one rule.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(String::as_str)
    }

    /// The oldest version of databases that accepts them.
    #[must_use]
    pub fn min_version(&self) -> DatabaseVersion {
        self.min_version
    }
}

impl fmt::Display for RedisAclRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for DatabaseVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V6_0 => "6.0",
            Self::V6_2 => "6.2",
            Self::V7_2 => "7.2",
        })
    }
}

impl FromStr for RedisAclRules {
    type Err = RedisAclRefusal;

    fn from_str(text: &str) -> Result<Self, RedisAclRefusal> {
        if text.len() > MAX_LENGTH {
            return Err(RedisAclRefusal::TooLong { length: text.len() });
        }
        if text.chars().any(char::is_control) {
            return Err(RedisAclRefusal::ControlCharacter);
        }
        let mut reader = Reader::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            reader.word(word)?;
        }
        if reader.selector.is_some() {
            return Err(RedisAclRefusal::Unbalanced);
        }
        if reader.rules.is_empty() {
            return Err(RedisAclRefusal::Empty);
        }
        Ok(Self {
            text: text.to_owned(),
            rules: reader.rules,
            min_version: reader.min_version.unwrap_or(DatabaseVersion::V6_0),
        })
    }
}

/// The rules parsed so far.
#[derive(Default)]
struct Reader {
    rules: Vec<String>,
    base: Scope,
    selector: Option<(Vec<String>, Scope)>,
    min_version: Option<DatabaseVersion>,
}

/// Wildcards that the rules of the base or of one selector have already granted.
#[derive(Default)]
struct Scope {
    all_keys: Option<&'static str>,
    all_channels: Option<&'static str>,
}

impl Reader {
    /// Parses the text between two blanks: a rule, or one with the parenthesis that opens or closes its selector.
    fn word(&mut self, word: &str) -> Result<(), RedisAclRefusal> {
        let mut rest = word;
        if let Some(inner) = rest.strip_prefix('(') {
            if self.selector.is_some() || inner.starts_with('(') {
                return Err(RedisAclRefusal::NestedSelector);
            }
            self.selector = Some((Vec::new(), Scope::default()));
            self.needs(DatabaseVersion::V7_2);
            rest = inner;
        }
        let closes = rest.ends_with(')');
        if closes {
            rest = &rest[..rest.len() - 1];
        }
        if !rest.is_empty() {
            self.rule(rest)?;
        }
        if closes {
            let (rules, _) = self.selector.take().ok_or(RedisAclRefusal::Unbalanced)?;
            self.rules.push(format!("({})", rules.join(" ")));
        }
        Ok(())
    }

    fn rule(&mut self, rule: &str) -> Result<(), RedisAclRefusal> {
        if let Some(prefix) = rule.chars().next().filter(|first| PASSWORD_PREFIXES.contains(first)) {
            return Err(RedisAclRefusal::Password { prefix });
        }
        let owned = || rule.to_owned();
        if rule.contains(['(', ')']) {
            return Err(RedisAclRefusal::Parenthesis { rule: owned() });
        }
        let lower = rule.to_ascii_lowercase();
        if ABOUT_THE_USER.contains(&lower.as_str()) {
            return Err(RedisAclRefusal::AboutTheUser { rule: owned() });
        }
        let needed = match lower.as_str() {
            "allcommands" | "nocommands" => DatabaseVersion::V6_0,
            "allkeys" | "resetkeys" | "~*" => {
                self.scope().all_keys = match lower.as_str() {
                    "allkeys" => Some("allkeys"),
                    "~*" => Some("~*"),
                    _ => None,
                };
                DatabaseVersion::V6_0
            }
            "allchannels" | "resetchannels" | "&*" => {
                self.scope().all_channels = match lower.as_str() {
                    "allchannels" => Some("allchannels"),
                    "&*" => Some("&*"),
                    _ => None,
                };
                DatabaseVersion::V6_2
            }
            "clearselectors" if self.selector.is_some() => return Err(RedisAclRefusal::ClearInSelector),
            "clearselectors" => DatabaseVersion::V7_2,
            _ => match rule.as_bytes()[0] {
                b'+' | b'-' => command(rule)?,
                b'~' | b'%' => {
                    let needed = key_pattern(rule)?;
                    refuse_without_effect(rule, self.scope().all_keys)?;
                    needed
                }
                b'&' if rule.len() == 1 => return Err(RedisAclRefusal::NoPattern { rule: owned() }),
                b'&' => {
                    refuse_without_effect(rule, self.scope().all_channels)?;
                    DatabaseVersion::V6_2
                }
                _ => return Err(RedisAclRefusal::Unknown { rule: owned() }),
            },
        };
        self.needs(needed);
        match &mut self.selector {
            Some((rules, _)) => rules.push(owned()),
            None => self.rules.push(owned()),
        }
        Ok(())
    }

    fn scope(&mut self) -> &mut Scope {
        match &mut self.selector {
            Some((_, scope)) => scope,
            None => &mut self.base,
        }
    }

    fn needs(&mut self, version: DatabaseVersion) {
        self.min_version = self.min_version.max(Some(version));
    }
}

/// `+command`, `-command|subcommand`, `+@category`.
fn command(rule: &str) -> Result<DatabaseVersion, RedisAclRefusal> {
    let name = &rule[1..];
    if let Some(category) = name.strip_prefix('@') {
        let lower = category.to_ascii_lowercase();
        if CATEGORIES.contains(&lower.as_str()) {
            return Ok(DatabaseVersion::V6_0);
        }
        return Err(RedisAclRefusal::UnknownCategory {
            category: category.to_owned(),
            near: suggestion::near(category, CATEGORIES.iter().copied()),
        });
    }
    let is_name = |part: &str| !part.is_empty() && part.bytes().all(is_name_byte);
    let (command, subcommand) = match name.split_once('|') {
        None => (name, None),
        Some((command, subcommand)) => (command, Some(subcommand)),
    };
    // After the bar may stand a first argument, which is not limited to the characters of names; one bar is the most.
    let argument = subcommand.is_none_or(|argument| !argument.is_empty() && !argument.contains('|'));
    if !is_name(command) || !argument {
        return Err(RedisAclRefusal::NoCommand { rule: rule.to_owned() });
    }
    Ok(match subcommand {
        Some(_) if rule.starts_with('-') => DatabaseVersion::V7_2,
        _ => DatabaseVersion::V6_0,
    })
}

/// `~pattern`, `%R~pattern`, `%W~pattern`, `%RW~pattern`.
fn key_pattern(rule: &str) -> Result<DatabaseVersion, RedisAclRefusal> {
    let (needed, pattern) = match rule.strip_prefix('%') {
        None => (DatabaseVersion::V6_0, &rule[1..]),
        Some(rest) => {
            let (access, pattern) = rest
                .split_once('~')
                .filter(|(access, _)| KEY_ACCESS.contains(&access.to_ascii_uppercase().as_str()))
                .ok_or_else(|| RedisAclRefusal::KeyAccess { rule: rule.to_owned() })?;
            debug_assert!(!access.is_empty(), "every access has a letter");
            (DatabaseVersion::V7_2, pattern)
        }
    };
    if pattern.is_empty() {
        return Err(RedisAclRefusal::NoPattern { rule: rule.to_owned() });
    }
    Ok(needed)
}

fn refuse_without_effect(rule: &str, all: Option<&'static str>) -> Result<(), RedisAclRefusal> {
    match all {
        Some(all) => Err(RedisAclRefusal::WithoutEffect {
            rule: rule.to_owned(),
            all,
        }),
        None => Ok(()),
    }
}

/// Bytes in command names: letters, digits, and the characters that modules use.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// Limited because an ACL is sent to its databases with every login of its users.
const MAX_LENGTH: usize = 16 * 1024;

/// Adds a password, removes a password, adds a hash, removes a hash.
const PASSWORD_PREFIXES: [char; 4] = ['>', '<', '#', '!'];

const ABOUT_THE_USER: [&str; 7] = [
    "on",
    "off",
    "nopass",
    "resetpass",
    "reset",
    "sanitize-payload",
    "skip-sanitize-payload",
];

const KEY_ACCESS: [&str; 4] = ["R", "W", "RW", "WR"];

/// The categories of `ACL CAT` in Redis 8, the last eight of which come from its built-in modules.
const CATEGORIES: [&str; 30] = [
    "all",
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
    "search",
    "json",
    "timeseries",
    "bloom",
    "cuckoo",
    "cms",
    "topk",
    "tdigest",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> RedisAclRules {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn check_refused(text: &str, expected: &RedisAclRefusal) {
        assert_eq!(text.parse::<RedisAclRules>().as_ref(), Err(expected), "{text}");
    }

    #[test]
    fn every_form_of_a_rule_is_taken_and_kept_as_given() {
        for (text, min_version) in [
            ("+@all ~*", "6.0"),
            ("+@all -@dangerous ~*", "6.0"),
            ("+@read ~*", "6.0"),
            ("+set +get", "6.0"),
            ("+@READ +FT.INFO +FT.SEARCH", "6.0"),
            ("+config|get +select|0 ~app:*", "6.0"),
            ("allcommands allkeys", "6.0"),
            ("nocommands resetkeys ~a ~b", "6.0"),
            ("+@json ~{user}:[0-9]*", "6.0"),
            ("+@all ~* resetkeys ~only:*", "6.0"),
            ("+publish resetchannels &channel1 &channel2", "6.2"),
            ("+@all ~* &*", "6.2"),
            ("+@pubsub allchannels", "6.2"),
            ("+@read ~app1* %R~app2*", "7.2"),
            ("%RW~a %W~b %r~c %WR~d", "7.2"),
            ("+@all -config|set ~*", "7.2"),
            ("+GET ~key1 (+SET ~key2)", "7.2"),
            ("+GET ~key1 ( +SET ~key2 ) clearselectors (+DEL ~*)", "7.2"),
            ("  +get   ~ключ:*  ", "6.0"),
        ] {
            let rules = parsed(text);
            assert_eq!(rules.as_str(), text);
            assert_eq!(rules.min_version().to_string(), min_version, "{text}");
        }
    }

    #[test]
    fn a_selector_is_one_rule() {
        let rules = parsed("+GET ~key1 ( +SET ~key2 ) ()");
        assert_eq!(
            rules.rules().collect::<Vec<_>>(),
            ["+GET", "~key1", "(+SET ~key2)", "()"]
        );
    }

    #[test]
    fn passwords_are_refused_and_never_shown() {
        for (text, prefix) in [
            (">hunter2", '>'),
            ("<hunter2", '<'),
            ("#hunter2", '#'),
            ("!hunter2", '!'),
        ] {
            let error = format!("+get {text}").parse::<RedisAclRules>().unwrap_err();
            assert_eq!(error, RedisAclRefusal::Password { prefix });
            assert!(!error.to_string().contains("hunter2"));
            assert!(format!("(+get {text})").parse::<RedisAclRules>().is_err());
        }
    }

    #[test]
    fn rules_about_the_user_are_refused() {
        for rule in [
            "on",
            "OFF",
            "nopass",
            "resetpass",
            "reset",
            "sanitize-payload",
            "skip-sanitize-payload",
        ] {
            let expected = RedisAclRefusal::AboutTheUser { rule: rule.to_owned() };
            check_refused(&format!("+@all {rule} ~*"), &expected);
        }
    }

    #[test]
    fn selectors_are_one_level_deep_and_closed() {
        for text in ["+GET ~key1 (+SET (+SET ~key2) ~key3)", "((+get ~a))"] {
            check_refused(text, &RedisAclRefusal::NestedSelector);
        }
        for text in ["(+get ~a", "+get ~a )", "(+get) )", "("] {
            check_refused(text, &RedisAclRefusal::Unbalanced);
        }
        check_refused("(clearselectors)", &RedisAclRefusal::ClearInSelector);
    }

    #[test]
    fn parentheses_in_patterns_are_refused() {
        for rule in ["~a(b", "~a)b", "&a(b", "%R~a)b", "+g(et"] {
            let expected = RedisAclRefusal::Parenthesis { rule: rule.to_owned() };
            check_refused(rule, &expected);
        }
    }

    #[test]
    fn a_misspelt_category_is_answered_with_the_nearest() {
        for (category, near) in [
            ("raed", Some("read")),
            ("dangerouse", Some("dangerous")),
            ("sortedsets", Some("sortedset")),
            ("elephants", None),
        ] {
            let expected = RedisAclRefusal::UnknownCategory {
                category: category.to_owned(),
                near,
            };
            check_refused(&format!("+@{category}"), &expected);
        }
    }

    #[test]
    fn a_sign_without_a_name_is_refused() {
        for rule in ["+", "-", "+|get", "+get|", "+get|a|b", "+ge*t", "+get,set", "-+get"] {
            check_refused(rule, &RedisAclRefusal::NoCommand { rule: rule.to_owned() });
        }
    }

    #[test]
    fn a_pattern_that_is_missing_or_has_no_effect_is_refused() {
        for rule in ["~", "&", "%R~", "%RW~"] {
            check_refused(rule, &RedisAclRefusal::NoPattern { rule: rule.to_owned() });
        }
        for rule in ["%~a", "%X~a", "%RR~a", "%RWR~a", "%R", "%"] {
            check_refused(rule, &RedisAclRefusal::KeyAccess { rule: rule.to_owned() });
        }
        for (all, rule) in [("~*", "~a"), ("allkeys", "%R~a"), ("&*", "&a"), ("allchannels", "&a")] {
            let expected = RedisAclRefusal::WithoutEffect {
                rule: rule.to_owned(),
                all,
            };
            check_refused(&format!("{all} {rule}"), &expected);
            // A selector starts afresh.
            assert!(format!("{all} ({rule})").parse::<RedisAclRules>().is_ok());
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for rule in ["get", "@read", "*", "user", "ключ", "all"] {
            check_refused(rule, &RedisAclRefusal::Unknown { rule: rule.to_owned() });
        }
        for text in ["", " ", "   "] {
            check_refused(text, &RedisAclRefusal::Empty);
        }
        for text in ["+get\n+set", "+get\t~*", "~a\0b"] {
            check_refused(text, &RedisAclRefusal::ControlCharacter);
        }
        let length = MAX_LENGTH + 1;
        check_refused(&"~".repeat(length), &RedisAclRefusal::TooLong { length });
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser_and_what_is_taken_can_be_told_to_a_database(text in "[-+@~%&()|<>#! a-cRW*]{0,24}") {
            if let Ok(rules) = text.parse::<RedisAclRules>() {
                let again = rules.rules().collect::<Vec<_>>().join(" ");
                let again: RedisAclRules = again.parse().unwrap();
                prop_assert_eq!(again.rules().collect::<Vec<_>>(), rules.rules().collect::<Vec<_>>());
                prop_assert!(rules.rules().all(|rule| !rule.starts_with(['>', '<', '#', '!'])));
            }
        }
    }
}
