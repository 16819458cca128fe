//! One event, one line, whatever a stranger puts into it.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

/// A log's destination that writes control characters as escapes, so that no name in a certificate or header can begin
/// a line of its own or steer a terminal. The line end that closes an event is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escaping<M>(pub(super) M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Escaping<M> {
    type Writer = EscapingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapingWriter(self.0.make_writer())
    }

    fn make_writer_for(&'a self, metadata: &tracing::Metadata<'_>) -> Self::Writer {
        EscapingWriter(self.0.make_writer_for(metadata))
    }
}

/// Writes one event; tracing's formatter hands each over in one piece.
#[derive(Debug)]
pub(super) struct EscapingWriter<W>(W);

impl<W: Write> Write for EscapingWriter<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        match escaped(event) {
            None => self.0.write_all(event)?,
            Some(escaped) => self.0.write_all(&escaped)?,
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The event with its control characters escaped; none when there are none, which is the usual case.
fn escaped(event: &[u8]) -> Option<Vec<u8>> {
    let (line, end) = match event {
        [line @ .., b'\n'] => (line, "\n"),
        line => (line, ""),
    };
    // The bytes of the C1 controls, U+0080 to U+009F, begin with 0xC2 in UTF-8.
    if !line.iter().any(|byte| byte.is_ascii_control() || *byte == 0xc2) {
        return None;
    }
    let mut text = String::with_capacity(line.len() + 16);
    for character in String::from_utf8_lossy(line).chars() {
        if character.is_control() {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    text.push_str(end);
    Some(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(event: &str) -> String {
        let mut writer = EscapingWriter(Vec::new());
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
    fn ordinary_text_is_written_as_it_is() {
        assert_eq!(written("Zoë © \u{a0}Ж\n"), "Zoë © \u{a0}Ж\n");
    }
}
