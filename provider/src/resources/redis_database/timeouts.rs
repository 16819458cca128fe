//! The attribute `timeouts`.

use std::time::Duration;

use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use super::state::DatabaseTimeouts;
use crate::report::diagnostic;
use crate::values::duration;

/// The timeouts of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) create: Duration,
    pub(crate) update: Duration,
    pub(crate) delete: Duration,
}

impl Timeouts {
    /// Reads a state or plan; a missing or unknown value is [`DEFAULT`].
    pub(crate) fn of_state(timeouts: &Value<DatabaseTimeouts>) -> Self {
        let read = |text: fn(&DatabaseTimeouts) -> &Value<String>| {
            let text = timeouts
                .as_ref_option()
                .and_then(|timeouts| text(timeouts).as_deref_option());
            text.and_then(|text| duration::parse(text).ok()).unwrap_or(DEFAULT)
        };
        Self {
            create: read(|timeouts| &timeouts.create),
            update: read(|timeouts| &timeouts.update),
            delete: read(|timeouts| &timeouts.delete),
        }
    }
}

/// Checks the value and returns a diagnostic when it is invalid.
pub(crate) fn check(timeouts: &DatabaseTimeouts) -> Vec<Diagnostic> {
    let DatabaseTimeouts { create, update, delete } = timeouts;
    let named = [("create", create), ("update", update), ("delete", delete)];
    let findings = named.into_iter().filter_map(|(name, value)| {
        let problem = duration::parse(value.as_deref_option()?).err()?;
        // Terraform shows the line of a nested attribute as a whole, and of nothing inside it.
        let path = AttributePath::new("timeouts");
        Some(diagnostic(
            path,
            "Unsuitable duration",
            format!("timeouts.{name}: {problem}."),
        ))
    });
    findings.collect()
}

/// A database is made within seconds; on a cluster under load it takes minutes.
const DEFAULT: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    fn timeouts(create: Value<String>) -> DatabaseTimeouts {
        DatabaseTimeouts {
            create,
            ..DatabaseTimeouts::default()
        }
    }

    #[test]
    fn what_is_not_set_is_five_minutes() {
        let five_minutes = Timeouts {
            create: DEFAULT,
            update: DEFAULT,
            delete: DEFAULT,
        };
        assert_eq!(Timeouts::of_state(&Value::Null), five_minutes);
        let thirty = Value::Value(timeouts(Value::Value("30s".to_owned())));
        let expected = Timeouts {
            create: Duration::from_secs(30),
            ..five_minutes
        };
        assert_eq!(Timeouts::of_state(&thirty), expected);
    }

    #[test]
    fn what_is_no_duration_is_refused_on_its_attribute() {
        assert_eq!(check(&timeouts(Value::Null)), []);
        assert_eq!(check(&timeouts(Value::Unknown)), []);
        let findings = check(&timeouts(Value::Value("30".to_owned())));
        assert_eq!(findings[0].attribute.to_string(), "timeouts");
        assert!(findings[0].detail.starts_with("timeouts.create: "), "{findings:?}");
        assert!(findings[0].detail.contains("\"30s\""), "{findings:?}");
    }
}
