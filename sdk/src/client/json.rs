//! Bounds the memory that a JSON text makes a reader allocate.

use super::error::Cause;

/// Refuses a text with more values or objects than any answer has. `{"uid":1}` has ten bytes and can become a struct of a
/// thousand, so that a limit on the bytes alone would let an answer of 16 MiB take more than a GiB.
pub(super) fn check_size(text: &[u8]) -> Result<(), Cause> {
    let (mut objects, mut values, mut in_string, mut escaped) = (0usize, 0usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'{' if !in_string => objects += 1,
            b'[' | b',' if !in_string => values += 1,
            _ => {}
        }
    }
    if objects > MAX_OBJECTS || objects + values > MAX_VALUES {
        return Err(Cause::TooLarge(format!(
            "the answer has {objects} objects and {} values; at most {MAX_OBJECTS} and {MAX_VALUES} are read",
            objects + values
        )));
    }
    Ok(())
}

/// A page of 10,000 registered certificates has twice as many.
const MAX_OBJECTS: usize = 100_000;
const MAX_VALUES: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings_only() {
        let strings = format!(r#"["{}\"{{,","\\"]"#, "{,[".repeat(1_000_000));
        assert!(check_size(strings.as_bytes()).is_ok());
        assert!(serde_json::from_str::<Vec<String>>(&strings).is_ok());
        let objects = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        assert!(check_size(objects(MAX_OBJECTS).as_bytes()).is_ok());
        assert!(check_size(objects(MAX_OBJECTS + 1).as_bytes()).is_err());
        assert!(check_size(format!("[{}]", vec!["0"; MAX_VALUES + 1].join(",")).as_bytes()).is_err());
    }
}
