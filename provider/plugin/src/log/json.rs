//! Log lines as go-plugin reads them: one JSON object a line on stderr.

use std::fmt;
use std::io::{self, Write};

use certward_pki::Printable;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::mask::masked;

/// Writes every event as a line. Go-plugin takes `@level`, `@message`, `@module` and `@timestamp` for itself and shows
/// other keys as fields; a line it cannot read it prints raw.
pub(crate) struct JsonLines;

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = line(event.metadata(), fields, now());
        // One write a line keeps lines of several threads apart. A closed stderr is nobody's loss.
        _ = io::stderr().write_all(line.as_bytes());
    }
}

fn line(metadata: &tracing::Metadata<'_>, fields: Fields, now: OffsetDateTime) -> String {
    let mut line = Map::new();
    line.insert(
        "@level".to_owned(),
        metadata.level().as_str().to_ascii_lowercase().into(),
    );
    line.insert("@message".to_owned(), printable(&fields.message).into());
    line.insert("@module".to_owned(), metadata.target().into());
    line.insert(
        "@timestamp".to_owned(),
        now.format(TIMESTAMP).unwrap_or_default().into(),
    );
    line.extend(fields.others);
    let mut line = Value::Object(line).to_string();
    line.push('\n');
    line
}

/// A text of a line. Go-plugin prints it as it is, so a line break would begin a line that nobody wrote.
fn printable(text: &str) -> String {
    Printable::escaped(&masked(text)).at_most(LONGEST_TEXT).to_string()
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn text(&mut self, field: &Field, text: &str) {
        match field.name() {
            "message" => text.clone_into(&mut self.message),
            name => _ = self.others.insert(name.to_owned(), printable(text).into()),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.others.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.others.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.others.insert(field.name().to_owned(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.others.insert(field.name().to_owned(), value.into());
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time of a log line is the time it is written"
)]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// A panic comes with its backtrace.
const LONGEST_TEXT: usize = 20_000;

/// `2006-01-02T15:04:05.000000Z`: go-plugin reads no other number of decimals.
const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use time::macros::datetime;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// Keeps the lines in place of writing them.
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut fields = Fields::default();
            event.record(&mut fields);
            let line = line(event.metadata(), fields, datetime!(2026-01-02 03:04:05.000_007 UTC));
            self.0.lock().unwrap().push(line);
        }
    }

    #[test]
    fn line_is_what_go_plugin_reads_and_holds_no_secret() {
        super::super::mask("json-canary");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let subscriber = tracing_subscriber::registry().with(Kept(Arc::clone(&lines)));
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(target: "here", password = "json-canary", n = 3, ok = true, "took json-canary\nand \u{202e}more");
        });
        assert_eq!(
            lines.lock().unwrap().as_slice(),
            [
                "{\"@level\":\"warn\",\"@message\":\"took ***\\\\nand \\\\u{202e}more\",\"@module\":\"here\",\
              \"@timestamp\":\"2026-01-02T03:04:05.000007Z\",\"password\":\"***\",\"n\":3,\"ok\":true}\n"
            ]
        );
    }
}
