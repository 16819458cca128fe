//! Log lines that do not come from an event, and the maximum length of all lines.

use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::LogFormat;
use crate::clock::{Clock as _, SystemClock};

/// The line, truncated to the maximum length. A truncated JSON object would be invalid, so it is replaced by one that
/// gives its length.
pub(super) fn bounded(mut line: Vec<u8>, format: LogFormat) -> Vec<u8> {
    let length = line.len();
    if length <= MAX_LINE {
        return line;
    }
    match format {
        LogFormat::Text => {
            let text = String::from_utf8_lossy(&line[..KEPT]);
            // The cut may be within a character.
            let end = text.trim_end_matches(char::REPLACEMENT_CHARACTER).len().min(KEPT);
            line.truncate(end);
            line.extend(format!("... ({length} bytes)\n").into_bytes());
            line
        }
        LogFormat::Json => warning("a line was left out, because it is too long", ("bytes", length), format),
    }
}

/// The line that reports dropped lines.
pub(super) fn dropped_lines(count: u64, format: LogFormat) -> Vec<u8> {
    let message = if count == 1 {
        "1 line was dropped".to_owned()
    } else {
        format!("{count} lines were dropped")
    };
    let message = format!("{message}: nobody read the log in time, or it could not be written");
    warning(
        &message,
        ("lines", usize::try_from(count).unwrap_or(usize::MAX)),
        format,
    )
}

/// A line in the subscriber's format.
fn warning(message: &str, (name, number): (&str, usize), format: LogFormat) -> Vec<u8> {
    let now = SystemClock.now().format(&Rfc3339).unwrap_or_default();
    let line = match format {
        LogFormat::Text => format!("{now}  WARN {message}\n"),
        LogFormat::Json => {
            let line = json!({ "timestamp": now, "level": "WARN", "message": message, name: number, "target": module_path!() });
            format!("{line}\n")
        }
    };
    line.into_bytes()
}

/// Longer than any event of the server, unless a stranger chooses its text.
const MAX_LINE: usize = 16 * 1024;
/// Length of a truncated line.
const KEPT: usize = MAX_LINE - 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_bounded() {
        for length in [0, 100, MAX_LINE - 1] {
            let line = [vec![b'x'; length], b"\n".to_vec()].concat();
            assert_eq!(bounded(line.clone(), LogFormat::Text), line);
            assert_eq!(bounded(line.clone(), LogFormat::Json), line);
        }
        for character in ["x", "é", "€", "🦀"] {
            for shift in 0..4 {
                let line = format!("{}{}\n", "x".repeat(shift), character.repeat(MAX_LINE));
                let length = line.len();
                let cut = String::from_utf8(bounded(line.into_bytes(), LogFormat::Text)).unwrap();
                assert!(cut.len() <= MAX_LINE, "{}", cut.len());
                assert!(
                    cut.ends_with(&format!("{character}... ({length} bytes)\n")),
                    "{character}"
                );
            }
        }
        let cut = bounded(vec![b'x'; MAX_LINE + 1], LogFormat::Json);
        let object: serde_json::Value = serde_json::from_slice(&cut).unwrap();
        assert_eq!(object["bytes"], MAX_LINE + 1);
    }
}
