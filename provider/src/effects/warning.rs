//! The text of the warning.

use std::fmt::{self, Display, Write as _};

use certward::effects::RemovalEffect;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use crate::report::{diagnostic, shown};

/// A planned change that takes something away.
pub(crate) struct Loss {
    pub(crate) act: Act,
    /// The object that is affected, such as `the user "app"`.
    pub(crate) subject: String,
    /// The attribute whose value it follows from; the root for a whole object.
    pub(crate) attribute: AttributePath,
}

/// The kind of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Its resource is destroyed.
    Destroy,
    /// Another object takes its place.
    Replace,
    /// It is left out of what stays.
    Change,
}

/// Names an object as a [`Loss`] does: `the user "app"`.
pub(crate) fn named(noun: &str, name: &Value<String>) -> String {
    match name.as_deref_option() {
        Some(name) => format!("the {noun} \"{}\"", shown(name).at_most(LONGEST_NAME)),
        None => format!("the {noun}"),
    }
}

/// The warning of what a change would end.
pub(crate) fn of(loss: Loss, effect: &RemovalEffect) -> Diagnostic {
    let Loss {
        act,
        subject,
        attribute,
    } = loss;
    let connections = Count::of(effect.connections_total, effect.connections.len());
    let identities = Count::of(effect.identities_total, effect.identities.len());
    let consequences: Vec<String> = [
        (connections.0 > 0).then(|| format!("ends {}", connections.of_noun("open connection", "open connections"))),
        (identities.0 > 0).then(|| format!("takes access from {}", identities.of_noun("identity", "identities"))),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut detail = String::new();
    // Writing to a text cannot fail.
    _ = list(
        &mut detail,
        "Applied now, this would end:",
        connections,
        &effect.connections,
    );
    _ = list(
        &mut detail,
        "These would lose their access, or some of their rights:",
        identities,
        &effect.identities,
    );
    detail.push_str(act.advice(&subject));
    let summary = format!("{} {subject} {}", act.gerund(), consequences.join(" and "));
    diagnostic(attribute, summary, detail)
}

impl Act {
    fn gerund(self) -> &'static str {
        match self {
            Self::Destroy => "Destroying",
            Self::Replace => "Replacing",
            Self::Change => "Changing",
        }
    }

    fn advice(self, subject: &str) -> &'static str {
        match self {
            Self::Destroy if subject.starts_with(DATABASE) => {
                "The data goes with the database, and its clients have nothing to come back to. If they are still needed, let \
                 them change over to another database first, and destroy this one in a later run; deletion_protection = true \
                 keeps it until then."
            }
            Self::Destroy => {
                "If they are still needed, give them another way in first: renew or rotate what they use, apply, and destroy \
                 this in a later run. Where something takes its place, lifecycle { create_before_destroy = true } keeps \
                 that order."
            }
            Self::Replace => {
                "With lifecycle { create_before_destroy = true } what takes its place is there before this goes, and clients \
                 can connect again at once. Clients that have not changed over by then are shut out: to give them time, add \
                 the new one as a resource of its own, and remove this one in a later run."
            }
            Self::Change => {
                "If they are still needed, leave the certificates they rest on in the list until the clients have renewed \
                 theirs, and take them out in a later run."
            }
        }
    }
}

/// A number of objects, of which an answer may list fewer.
#[derive(Clone, Copy)]
struct Count(u64);

impl Count {
    fn of(total: u64, listed: usize) -> Self {
        Self(total.max(listed as u64))
    }

    fn of_noun(self, one: &str, several: &str) -> String {
        match self.0 {
            1 => format!("1 {one}"),
            many => format!("{many} {several}"),
        }
    }
}

/// A list under its heading; nothing when there is nothing. Terraform leaves lines alone that begin with blanks.
fn list(detail: &mut String, heading: &str, count: Count, entries: &[impl Display]) -> fmt::Result {
    if count.0 == 0 {
        return Ok(());
    }
    write!(detail, "{heading}\n\n")?;
    let shown = entries.iter().take(MOST_SHOWN);
    let more = count.0 - shown.len() as u64;
    for entry in shown {
        writeln!(detail, "  - {entry}")?;
    }
    if more > 0 {
        writeln!(detail, "  - and {more} more")?;
    }
    detail.push('\n');
    Ok(())
}

/// The beginning of [`named`] for a database.
const DATABASE: &str = "the database";
/// Of each list.
const MOST_SHOWN: usize = 10;
/// Of a name in the summary.
const LONGEST_NAME: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_for_a_database_is_about_its_clients_and_data_and_not_about_credentials() {
        let name = Value::Value("cache".to_owned());
        let advice = Act::Destroy.advice(&named("database", &name));
        assert!(
            advice.contains("another database") && !advice.contains("rotate"),
            "{advice}"
        );
        assert!(Act::Destroy.advice(&named("user", &name)).contains("rotate"));
    }
}
