//! A line of the console into words.

/// Splits at blanks. A word with blanks in it stands in double or single quotes; within quotes every character stands
/// for itself, and so does a backslash everywhere, so that passwords and paths need no escapes. `''` is an empty word.
///
/// # Errors
///
/// [`UnclosedQuote`].
pub(super) fn split(line: &str) -> Result<Vec<String>, UnclosedQuote> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' | '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next() {
                        Some(next) if next == character => break,
                        Some(next) => word.push(next),
                        None => return Err(UnclosedQuote(character)),
                    }
                }
            }
            blank if blank.is_whitespace() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

/// A quote without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the quote {0} has no end")]
pub(super) struct UnclosedQuote(char);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_blanks_and_kept_together_by_quotes() {
        for (line, words) in [
            ("", vec![]),
            ("  \t ", vec![]),
            ("generateClientCert ops /tmp", vec!["generateClientCert", "ops", "/tmp"]),
            (
                r#"trustClientCert "John Doe" 'a b.pfx' "s3cr7t p@$$w0rd""#,
                vec!["trustClientCert", "John Doe", "a b.pfx", "s3cr7t p@$$w0rd"],
            ),
            (r#"a '' "" b"#, vec!["a", "", "", "b"]),
            (r#"pre"mid dle"post"#, vec!["premid dlepost"]),
            (r#"c:\secrets\x 'it"s'"#, vec![r"c:\secrets\x", r#"it"s"#]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
    }

    #[test]
    fn a_quote_without_an_end_is_refused() {
        assert_eq!(split("trustClientCert \"John"), Err(UnclosedQuote('"')));
    }
}
