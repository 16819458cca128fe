//! Errors in the settings, with their origin.

use std::fmt;
use std::path::PathBuf;

/// The origin of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `--Key=value`.
    CommandLine,
    /// The environment variable of this name.
    Environment(String),
    /// The settings file.
    File(PathBuf),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => f.write_str("on the command line"),
            Self::Environment(variable) => write!(f, "in the environment variable {variable}"),
            Self::File(path) => write!(f, "in {}", path.display()),
            Self::Default => f.write_str("not set"),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The key as it is written in the table of keys, or as it was given when it is not there; empty for a mistake
    /// that concerns a whole source.
    pub key: String,
    /// The origin of the value.
    pub origin: Origin,
    /// The error, and the value that would have been right. Never shows a secret.
    pub problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}: {}", self.origin, self.problem)
        } else {
            write!(f, "{} ({}): {}", self.key, self.origin, self.problem)
        }
    }
}

/// All that is wrong, at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// `Err` when there are any, else what was made in spite of looking for them.
    pub(super) fn unless_none<T>(mistakes: Vec<Mistake>, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if mistakes.is_empty() => Ok(value),
            _ => Err(Self(mistakes)),
        }
    }

    /// Each of them, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Self {
        Self(vec![mistake])
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => write!(f, "the settings cannot be used: {only}"),
            all => {
                write!(f, "the settings cannot be used, for {} reasons:", all.len())?;
                all.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
            }
        }
    }
}

impl std::error::Error for Mistakes {}
