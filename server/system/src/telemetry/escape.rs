//! Escapes events, so that each is one line, whatever its content.

use std::io::{self, Write};

use certward_pki::is_hidden;
use tracing_subscriber::fmt::MakeWriter;

use super::LogFormat;

/// A log's output that escapes control characters, and those that hide or reorder text, so that a name in a certificate
/// or header cannot start a new line, control a terminal or imitate another name. The line end of an event is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escaping<M> {
    pub(super) lines: M,
    pub(super) format: LogFormat,
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Escaping<M> {
    type Writer = EscapingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapingWriter(self.lines.make_writer(), self.format)
    }

    fn make_writer_for(&'a self, metadata: &tracing::Metadata<'_>) -> Self::Writer {
        EscapingWriter(self.lines.make_writer_for(metadata), self.format)
    }
}

/// Writes one event, which tracing's formatter passes in one piece.
#[derive(Debug)]
pub(super) struct EscapingWriter<W>(W, LogFormat);

impl<W: Write> Write for EscapingWriter<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        match escaped(event, self.1) {
            None => self.0.write_all(event)?,
            Some(escaped) => self.0.write_all(&escaped)?,
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The escaped event; none if nothing has to be escaped, which is the usual case.
fn escaped(event: &[u8], format: LogFormat) -> Option<Vec<u8>> {
    let (line, end) = match event {
        [line @ .., b'\n'] => (line, "\n"),
        line => (line, ""),
    };
    if !line.iter().any(|byte| byte.is_ascii_control() || !byte.is_ascii()) {
        return None;
    }
    let mut text = String::with_capacity(line.len() + 16);
    for character in String::from_utf8_lossy(line).chars() {
        match format {
            _ if !is_hidden(character) => text.push(character),
            LogFormat::Text => text.extend(character.escape_default()),
            // In a string of JSON, the only place where one can be.
            LogFormat::Json => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    text.push_str(end);
    Some(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(event: &str) -> String {
        written_as(LogFormat::Text, event)
    }

    fn written_as(format: LogFormat, event: &str) -> String {
        let mut writer = EscapingWriter(Vec::new(), format);
        writer.write_all(event.as_bytes()).unwrap();
        String::from_utf8(writer.0).unwrap()
    }

    #[test]
    fn an_event_is_one_line() {
        assert_eq!(written("name=a\nERROR forged\n"), "name=a\\nERROR forged\n");
        assert_eq!(written("carriage\rreturn\n"), "carriage\\rreturn\n");
    }

    #[test]
    fn a_terminal_is_not_steered() {
        assert_eq!(written("\u{1b}[2J\u{9b}2J\u{7f}\n"), "\\u{1b}[2J\\u{9b}2J\\u{7f}\n");
    }

    #[test]
    fn no_text_is_hidden_or_reordered() {
        assert_eq!(written("a\u{202e}b\u{200b}c\n"), "a\\u{202e}b\\u{200b}c\n");
    }

    #[test]
    fn json_stays_json() {
        let name = "a\u{7f}b\u{9b}c\u{202e}d\u{e0041}é";
        let event = serde_json::json!({ "name": name }).to_string() + "\n";
        let written = written_as(LogFormat::Json, &event);
        assert!(!written.trim_end().chars().any(is_hidden), "{written}");
        let read: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(read["name"], name);
    }

    #[test]
    fn ordinary_text_is_written_as_it_is() {
        assert_eq!(written("Zoë © \u{a0}Ж\n"), "Zoë © \u{a0}Ж\n");
    }
}
