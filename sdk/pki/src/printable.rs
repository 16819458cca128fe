//! Text of somebody else's, on its way to a terminal or a log.

use std::fmt::{self, Write};

/// Prints a text so that it cannot steer a terminal, reorder what is around it, or hide a part of itself.
///
/// Control characters (C0, C1), bidirectional formatting, zero-width characters, line and paragraph separators, tag
/// characters, and whatever else Unicode calls default-ignorable are printed as `\u{202e}`. At most
/// [`at_most`](Self::at_most) characters of the text are printed; how many are left out is said.
///
/// ```
/// use certward_pki::Printable;
///
/// assert_eq!(Printable::line("a\u{202e}b\nc").to_string(), "a\\u{202e}b c");
/// assert_eq!(Printable::lines("a\nb\u{1b}").to_string(), "a\nb\\u{1b}");
/// assert_eq!(Printable::line("abcdef").at_most(4).to_string(), "abcd… (2 more characters)");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a> {
    text: &'a str,
    breaks: Breaks,
    at_most: usize,
}

/// The treatment of line breaks and tabs.
#[derive(Clone, Copy, Debug)]
enum Breaks {
    /// Blanks.
    Blank,
    /// They stay.
    Kept,
    /// They are escaped as other control characters.
    Escaped,
}

impl<'a> Printable<'a> {
    /// The text on one line: line breaks and tabs become blanks.
    pub fn line(text: &'a str) -> Self {
        Self::with(text, Breaks::Blank)
    }

    /// The text with its line breaks (`\n`) and tabs.
    pub fn lines(text: &'a str) -> Self {
        Self::with(text, Breaks::Kept)
    }

    /// The text on one line, from which line breaks and tabs can be told: they become `\n`, `\r` and `\t`.
    pub fn escaped(text: &'a str) -> Self {
        Self::with(text, Breaks::Escaped)
    }

    /// Prints at most so many characters of the text. Default: 2,000.
    #[must_use]
    pub fn at_most(self, characters: usize) -> Self {
        Self {
            at_most: characters,
            ..self
        }
    }

    fn with(text: &'a str, breaks: Breaks) -> Self {
        Self {
            text,
            breaks,
            at_most: DEFAULT_LENGTH,
        }
    }
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.text.chars();
        for character in characters.by_ref().take(self.at_most) {
            match (character, self.breaks) {
                ('\n' | '\r' | '\t', Breaks::Blank) => f.write_char(' ')?,
                ('\n' | '\t', Breaks::Kept) => f.write_char(character)?,
                ('\n' | '\r' | '\t', Breaks::Escaped) => write!(f, "{}", character.escape_default())?,
                _ if is_hidden(character) => write!(f, "{}", character.escape_unicode())?,
                _ => f.write_char(character)?,
            }
        }
        match characters.count() {
            0 => Ok(()),
            more => write!(f, "… ({more} more characters)"),
        }
    }
}

/// Returns `true` for a character that is invisible, or changes the display of others.
pub fn is_hidden(character: char) -> bool {
    character.is_control() || HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

/// Enough for any message that is meant to be read.
const DEFAULT_LENGTH: usize = 2_000;

/// Unicode 16: `Default_Ignorable_Code_Point`, `Bidi_Control`, line and paragraph separators, interlinear annotations.
const HIDDEN: [(char, char); 17] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_that_hide_or_reorder_text_are_escaped() {
        for hidden in [
            '\0',
            '\u{7}',
            '\u{1b}',
            '\r',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{61c}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{fffb}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e007f}',
            '\u{e0100}',
        ] {
            let text = format!("a{hidden}b");
            let expected = format!("a\\u{{{:x}}}b", u32::from(hidden));
            assert_eq!(Printable::lines(&text).to_string(), expected);
            if hidden != '\r' {
                assert_eq!(Printable::line(&text).to_string(), expected);
                assert_eq!(Printable::escaped(&text).to_string(), expected);
            }
        }
    }

    #[test]
    fn texts_of_every_language_stay_as_they_are() {
        for text in [
            "Zürich – 100 %",
            "שלום",
            "مرحبا",
            "日本語",
            "नमस्ते",
            "✅ 🔑",
            "C:\\certs \"a\" 'b' {c}",
        ] {
            assert_eq!(Printable::line(text).to_string(), text);
        }
    }

    #[test]
    fn line_breaks_become_what_the_reader_wants() {
        let text = "a\r\nb\tc";
        assert_eq!(Printable::line(text).to_string(), "a  b c");
        assert_eq!(Printable::lines("a\nb\tc").to_string(), "a\nb\tc");
        assert_eq!(Printable::escaped(text).to_string(), "a\\r\\nb\\tc");
    }

    proptest! {
        #[test]
        fn no_text_prints_a_hidden_character_or_more_than_its_limit(text in any::<String>(), limit in 0usize..50) {
            let printed = Printable::line(&text).at_most(limit).to_string();
            prop_assert!(!printed.chars().any(is_hidden), "{printed:?}");
            prop_assert!(printed.chars().count() <= limit * 10 + 50, "{printed:?}");
        }
    }
}
