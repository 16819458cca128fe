//! Metrics in Prometheus's text format that the recorder does not hold: those whose series appear and disappear.

use std::fmt::{Display, Write as _};

use super::metric::description;

/// A text of metrics under construction.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Begins a metric: all of its series must follow before the next begins.
    pub fn metric(&mut self, name: &'static str) -> Series<'_> {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        if let Some((kind, text)) = description(name) {
            // Writing into a text cannot fail.
            let _ = write!(self.0, "# HELP {name} {text}\n# TYPE {name} {kind}\n");
        }
        Series {
            text: &mut self.0,
            name,
        }
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// The series of one metric.
#[derive(Debug)]
pub struct Series<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Series<'_> {
    /// Adds a series. A label with an empty value is omitted, which is equivalent.
    pub fn add(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.text.push_str(self.name);
        let mut before = '{';
        for (label, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
            self.text.push(before);
            before = ',';
            self.text.push_str(label);
            self.text.push_str("=\"");
            for character in value.chars() {
                match character {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    _ => self.text.push(character),
                }
            }
            self.text.push('"');
        }
        if before == ',' {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::STORE_BYTES;
    use super::*;

    #[test]
    fn a_label_cannot_end_before_its_value_does() {
        let mut text = Exposition::default();
        let mut series = text.metric(STORE_BYTES);
        series.add(&[("file", "a\"} 1\nb\\"), ("empty", "")], 7);
        series.add(&[], 0);
        let text = text.into_text();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[0].starts_with("# HELP certward_store_bytes "), "{text}");
        assert_eq!(lines[1], "# TYPE certward_store_bytes gauge");
        assert_eq!(lines[2], r#"certward_store_bytes{file="a\"} 1\nb\\"} 7"#);
        assert_eq!(lines[3], "certward_store_bytes 0");
    }
}
