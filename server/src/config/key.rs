//! The form of a key in the table of settings.

use std::path::Path;

use super::table;
use certward_system::suggestion;

/// A key that may stand in the settings.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written in `settings.json`. Compared without regard to case, as RavenDB does.
    pub name: &'static str,
    /// The values that it takes, or that it has no effect.
    pub kind: Kind,
    /// The text that stands for it when nobody sets it; empty for none.
    pub default: &'static str,
    /// Its effect, or why it has none.
    pub meaning: &'static str,
}

/// The values of a key.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Number {
        /// The lowest.
        least: u64,
        /// The highest.
        most: u64,
        /// The unit of the number.
        unit: &'static str,
    },
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// A path, from the folder of the settings file. Blanks at its ends belong to it.
    Path,
    /// A secret, of which every character counts.
    Password,
    /// A secret of this form.
    Secret(&'static str),
    /// Text of this form.
    Text(&'static str),
    /// The key changes nothing, because what it is about does not exist here.
    Ignored,
    /// The key would change what a real server does, and Certward cannot do that: no value is accepted.
    Refused,
}

impl Kind {
    /// Returns `true` if no value may be shown.
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::Secret(_) | Self::Refused)
    }

    /// The words of which the value must be one.
    pub(super) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Choice(words) => words,
            _ => unreachable!("only a choice is read so"),
        }
    }
}

/// A key that is followed, and how its value is read.
pub(crate) struct Setting<T> {
    /// Its line in the table.
    pub(crate) key: Key,
    pub(super) read: Read<T>,
}

/// Reads a value of this kind. Relative paths start from the folder. The error says what is wrong, and what would be right.
pub(super) type Read<T> = fn(&str, Kind, &Path) -> Result<T, String>;

impl<T> Setting<T> {
    /// Reads a text.
    pub(super) fn read(&self, text: &str, folder: &Path) -> Result<T, String> {
        let text = match self.key.kind {
            Kind::Path | Kind::Password => text,
            _ => text.trim(),
        };
        (self.read)(text, self.key.kind, folder)
    }
}

/// The key with this name, in any case.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    table::keys().find(|key| key.name.eq_ignore_ascii_case(name))
}

/// The key that `name` is a misspelling of, if it is one.
pub(super) fn near(name: &str) -> Option<&'static str> {
    suggestion::near(name, table::keys().map(|key| key.name))
}

/// The same for an option of the command line, which `--settings` is too.
pub(super) fn near_option(name: &str) -> Option<&'static str> {
    match suggestion::near(name, [SETTINGS_FILE]) {
        Some(_) => Some("--settings FILE"),
        None => near(name),
    }
}

/// The option that names the settings file, without its dashes.
pub(super) const SETTINGS_FILE: &str = "settings";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_have_one_name() {
        for (place, key) in table::keys().enumerate() {
            assert!(
                !table::keys()
                    .take(place)
                    .any(|other| other.name.eq_ignore_ascii_case(key.name)),
                "{}",
                key.name
            );
        }
    }

    #[test]
    fn key_that_was_meant_is_named_whatever_its_case_and_no_far_one() {
        for (given, expected) in [
            ("SERVERURI", Some("ServerUrl")),
            ("Security.Certificate.Pasword", Some("Security.Certificate.Password")),
            (
                "certward.limits.maxbodysizeinkB",
                Some("Certward.Limits.MaxBodySizeInKb"),
            ),
            ("Elephants", None),
        ] {
            assert_eq!(near(given), expected, "{given}");
        }
    }

    #[test]
    fn the_option_for_the_settings_file_can_have_been_meant() {
        for (given, expected) in [
            ("setings", "--settings FILE"),
            ("Settings", "--settings FILE"),
            ("setting", "--settings FILE"),
            ("DatDir", "DataDir"),
            ("SeverUrl", "ServerUrl"),
        ] {
            assert_eq!(near_option(given), Some(expected), "{given}");
        }
    }
}
