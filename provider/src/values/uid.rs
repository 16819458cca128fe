//! Ids of Redis Enterprise's objects: whole numbers on the cluster, text in Terraform, so that every `id` fits every
//! attribute that takes one.

use serde_json::Value as Json;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};

use crate::report::diagnostic;

/// The id as the cluster has it.
pub(crate) fn parse(id: &str) -> Option<u64> {
    // One text for each: "01" would be another.
    let digits = !id.is_empty() && !id.starts_with('0') && id.bytes().all(|byte| byte.is_ascii_digit());
    let uid = digits.then(|| id.parse().ok()).flatten()?;
    (uid > 0).then_some(uid)
}

/// The id as the cluster has it; `None` while it is not known.
pub(crate) fn known(id: &Value<String>) -> Option<u64> {
    parse(id.as_ref_option()?)
}

/// The id as a state has it.
pub(crate) fn text(uid: u64) -> Value<String> {
    Value::Value(uid.to_string())
}

/// Checks the id of a `noun` in this attribute and returns a diagnostic when it is invalid.
///
/// For plans: `terraform test` with a mocked provider validates ids that it has made up.
pub(crate) fn check(attribute: AttributePath, noun: &str, id: &Value<String>) -> Option<Diagnostic> {
    let id = id.as_ref_option()?;
    if parse(id).is_some() {
        return None;
    }
    let detail = format!(
        "{id:?} is no id of {noun}; ids are whole numbers from 1, and not names. Use the attribute id of the resource or \
         data source."
    );
    Some(diagnostic(attribute, "Unsuitable id", detail))
}

/// Turns the numbers that older states have for ids into text, at any depth of arrays.
pub(crate) fn upgrade(value: &mut Json) {
    match value {
        Json::Number(number) => *value = Json::String(number.to_string()),
        Json::Array(elements) => elements.iter_mut().for_each(upgrade),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_whole_numbers_from_1() {
        for good in ["1", "42", "18446744073709551615"] {
            assert_eq!(parse(good).map(|uid| uid.to_string()).as_deref(), Some(good));
        }
        for bad in ["", "0", "-1", "+1", "1.5", "app", " 1", "18446744073709551616"] {
            assert_eq!(parse(bad), None, "{bad}");
            let id = Value::Value(bad.to_owned());
            assert!(check(AttributePath::new("id"), "a role", &id).is_some());
        }
        assert_eq!(check(AttributePath::new("id"), "a role", &Value::Unknown), None);
    }

    #[test]
    fn numbers_of_older_states_become_text() {
        let mut state = json!([1, 20, "3", null]);
        upgrade(&mut state);
        assert_eq!(state, json!(["1", "20", "3", null]));
    }
}
