//! Commands that no user of a database may use, whatever its ACL: those that affect the engine, its files and its
//! users, or other users' connections. `docs/engines.md` reviews every command.
//!
//! The rules are appended here, where users are written to an engine, after all of the user's own: in Redis the last
//! matching rule wins, so no ACL can grant these commands again.

use std::collections::BTreeSet;

use super::command::Command;
use super::error::EngineError;
use super::persistence::text;
use crate::resp::reply::Reply;

/// The rules that deny these commands, for one incarnation of an engine. They name only commands that it has, because
/// `ACL SETUSER` refuses others.
#[derive(Debug)]
pub(super) struct KeptBack {
    rules: Vec<String>,
    unless_named: Vec<&'static str>,
}

impl KeptBack {
    /// The commands whose replies [`Self::of_replies`] takes, in this order. Every Redis command is either slow or
    /// fast.
    pub(super) fn questions() -> [Command; 3] {
        ["admin", "slow", "fast"].map(|category| Command::new("ACL CAT", [category]))
    }

    /// Builds the rules from the replies to [`Self::questions`].
    ///
    /// # Errors
    ///
    /// [`EngineError::NotReady`] if the engine does not list its commands: no user may be written then.
    pub(super) fn of_replies(replies: [Reply; 3]) -> Result<Self, EngineError> {
        let [admin, slow, fast] = replies.map(names);
        let all: BTreeSet<String> = slow.into_iter().chain(fast).collect();
        if admin.is_empty() || all.is_empty() {
            return Err(EngineError::NotReady);
        }
        Ok(Self::new(&admin, &all))
    }

    /// For an engine with the commands `all`, of which `admin` are in the category `@admin`.
    fn new(admin: &[String], all: &BTreeSet<String>) -> Self {
        let admin = admin.iter().filter(|name| !HARMLESS.contains(&name.as_str()));
        let named = NAMED.iter().filter_map(|name| known(name, all));
        let names: BTreeSet<&str> = admin.map(String::as_str).chain(named).collect();
        Self {
            rules: names.into_iter().map(|name| format!("-{name}")).collect(),
            unless_named: UNLESS_NAMED.iter().filter_map(|name| known(name, all)).collect(),
        }
    }

    /// Appends to `rules` those that deny these commands: for the user's root permissions, and in each selector.
    pub(super) fn restrict<'a>(&self, rules: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let (mut own, mut restricted) = (Vec::new(), Vec::new());
        for rule in rules {
            match rule.strip_prefix('(').and_then(|selector| selector.strip_suffix(')')) {
                Some(selector) => {
                    let selector: Vec<&str> = selector.split_ascii_whitespace().collect();
                    let kept_back = self.of_scope(&selector).join(" ");
                    restricted.push(format!("({} {kept_back})", selector.join(" ")));
                }
                None => {
                    own.push(rule);
                    restricted.push(rule.to_owned());
                }
            }
        }
        restricted.extend(self.of_scope(&own));
        restricted
    }

    /// The rules to append to a scope with these rules.
    fn of_scope(&self, scope: &[&str]) -> Vec<String> {
        let is_named = |name: &str| {
            let names_it = |rule: &&str| {
                rule.strip_prefix('+')
                    .is_some_and(|rule| rule.eq_ignore_ascii_case(name))
            };
            scope.iter().any(names_it)
        };
        let unnamed = self.unless_named.iter().filter(|name| !is_named(name));
        unnamed
            .map(|name| format!("-{name}"))
            .chain(self.rules.iter().cloned())
            .collect()
    }
}

/// `name` if the engine has it; the containing command if subcommands have no rules of their own (Redis 6.2).
fn known<'a>(name: &'a str, all: &BTreeSet<String>) -> Option<&'a str> {
    if all.contains(name) {
        return Some(name);
    }
    let (command, _) = name.split_once('|')?;
    let has_subcommands = all.iter().any(|known| known.contains('|'));
    (!has_subcommands && all.contains(command)).then_some(command)
}

fn names(reply: Reply) -> Vec<String> {
    match reply {
        Reply::Array(names) => names.into_iter().map(|name| text(name).to_ascii_lowercase()).collect(),
        _ => Vec::new(),
    }
}

/// Commands of `@admin` that only report the engine's role and the time of its last save.
const HARMLESS: [&str; 2] = ["lastsave", "role"];

/// Denied in addition to `@admin`. Whole commands are denied, so that subcommands of newer engines are as well.
const NAMED: [&str; 19] = [
    "acl|genpass",
    "client|kill",
    "client|list",
    "client|no-evict",
    "client|pause",
    "client|unblock",
    "client|unpause",
    "cluster",
    "commandlog",
    "config",
    "function|stats",
    "latency",
    "migrate",
    "module",
    "monitor",
    "pfdebug",
    "pfselftest",
    "script|debug",
    "slowlog",
];

/// Commands that a category does not grant, only their names: payloads that pass the engine's own checks have crashed
/// engines (Redis 8.0.2, `XREADGROUP` on a restored stream).
const UNLESS_NAMED: [&str; 2] = ["restore", "restore-asking"];

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &str) -> BTreeSet<String> {
        names.split(' ').map(str::to_owned).collect()
    }

    fn rules_of(admin: &str, all: &str) -> Vec<String> {
        let admin: Vec<_> = set(admin).into_iter().collect();
        KeptBack::new(&admin, &set(all)).rules
    }

    #[test]
    fn commands_that_an_engine_does_not_have_are_not_named() {
        let rules = rules_of("debug role", "debug role get script|debug script|load migrate");
        assert_eq!(rules, ["-debug", "-migrate", "-script|debug"]);
    }

    #[test]
    fn administration_that_is_new_in_an_engine_is_kept_back_too() {
        assert_eq!(rules_of("hotkeys|get", "hotkeys|get get"), ["-hotkeys|get"]);
    }

    #[test]
    fn a_command_is_kept_back_whole_where_subcommands_have_no_rules() {
        assert_eq!(
            rules_of("debug", "debug script client get"),
            ["-client", "-debug", "-script"]
        );
    }

    #[test]
    fn the_rules_end_every_scope() {
        let admin = ["config|set".to_owned()];
        let kept_back = KeptBack::new(&admin, &set("config config|set get"));
        assert_eq!(
            kept_back.restrict(["+@all", "~*", "(+config|set ~*)", "+config|set"]),
            [
                "+@all",
                "~*",
                "(+config|set ~* -config -config|set)",
                "+config|set",
                "-config",
                "-config|set"
            ]
        );
    }

    #[test]
    fn restore_is_given_by_its_name_and_by_no_category() {
        let admin = ["debug".to_owned()];
        let kept_back = KeptBack::new(&admin, &set("debug restore get"));
        assert_eq!(
            kept_back.restrict(["+@all", "(+@all)", "(+Restore)"]),
            [
                "+@all",
                "(+@all -restore -debug)",
                "(+Restore -debug)",
                "-restore",
                "-debug"
            ]
        );
        assert_eq!(
            kept_back.restrict(["+restore", "-restore"]),
            ["+restore", "-restore", "-debug"]
        );
    }

    #[test]
    fn an_engine_that_does_not_say_its_commands_takes_no_users() {
        let none = || Reply::Array(Vec::new());
        assert!(KeptBack::of_replies([none(), none(), none()]).is_err());
        assert!(KeptBack::of_replies([Reply::Nil, Reply::Nil, Reply::Nil]).is_err());
    }
}
