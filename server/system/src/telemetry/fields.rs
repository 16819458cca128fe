//! The fields of an event in the text log.

use std::error::Error;
use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// Writes fields in logfmt: a value with blanks, `=` or quotes is quoted, so that programs can split the line.
pub(super) struct Logfmt;

impl<'writer> FormatFields<'writer> for Logfmt {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut written = WrittenFields {
            writer,
            separator: "",
            result: Ok(()),
        };
        fields.record(&mut written);
        written.result
    }
}

struct WrittenFields<'writer> {
    writer: Writer<'writer>,
    separator: &'static str,
    result: fmt::Result,
}

impl WrittenFields<'_> {
    fn write(&mut self, text: fmt::Arguments<'_>) {
        let separator = std::mem::replace(&mut self.separator, " ");
        if self.result.is_ok() {
            self.result = write!(self.writer, "{separator}{text}");
        }
    }

    fn write_value(&mut self, name: &str, suffix: &str, value: &str) {
        if value.contains(|character: char| character.is_whitespace() || "=\"".contains(character)) {
            self.write(format_args!("{name}{suffix}={value:?}"));
        } else {
            self.write(format_args!("{name}{suffix}={value}"));
        }
    }
}

impl Visit for WrittenFields<'_> {
    /// Text is always quoted.
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            MESSAGE => self.write(format_args!("{value}")),
            name => self.write(format_args!("{name}={value:?}")),
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.write_value(field.name(), "", &value.to_string());
        let mut sources = Vec::new();
        let mut next = value.source();
        while let Some(source) = next {
            sources.push(source.to_string());
            next = source.source();
        }
        if !sources.is_empty() {
            self.write_value(field.name(), ".sources", &format!("[{}]", sources.join(", ")));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            MESSAGE => self.write(format_args!("{value:?}")),
            name => self.write_value(name, "", &format!("{value:?}")),
        }
    }
}

/// tracing's name for the text of an event.
const MESSAGE: &str = "message";

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use super::super::CapturedLog;
    use super::*;

    /// The line of an event, from its message on.
    fn line(event: impl FnOnce()) -> String {
        let log = CapturedLog::default();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_target(false)
            .without_time()
            .fmt_fields(Logfmt)
            .with_writer(Arc::new(log.clone()))
            .finish();
        tracing::subscriber::with_default(subscriber, event);
        let text = log.take();
        text.trim_start().strip_prefix("INFO ").unwrap().trim_end().to_owned()
    }

    #[test]
    fn value_with_blanks_equals_sign_or_quotes_is_quoted() {
        for (value, shown) in [
            ("wrong_password", "wrong_password"),
            ("127.0.0.1:6379", "127.0.0.1:6379"),
            (
                "the name or the password is wrong",
                "\"the name or the password is wrong\"",
            ),
            ("CN=alice", "\"CN=alice\""),
            ("a\"b", "\"a\\\"b\""),
            ("a\nb", "\"a\\nb\""),
        ] {
            let line = line(|| tracing::info!(refused.detail = %value, lines.omitted = 2, "refused"));
            assert_eq!(line, format!("refused refused.detail={shown} lines.omitted=2"));
        }
    }

    #[test]
    fn text_is_quoted_and_a_message_is_not() {
        let line = line(|| tracing::info!(name = "alice", absent = None::<&str>, "a \"message\" of {}", 3));
        assert_eq!(line, "a \"message\" of 3 name=\"alice\"");
    }

    #[test]
    fn error_is_followed_by_its_sources() {
        let error = io::Error::other(ParseFailed(io::ErrorKind::NotFound.into()));
        let line = line(|| tracing::info!(error = &error as &dyn Error, "failed"));
        assert_eq!(
            line,
            "failed error=\"cannot parse\" error.sources=\"[entity not found]\""
        );
    }

    #[derive(Debug, thiserror::Error)]
    #[error("cannot parse")]
    struct ParseFailed(#[source] io::Error);
}
