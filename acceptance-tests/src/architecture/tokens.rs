//! Rust's source as words and signs, without comments and texts.

/// A piece of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// An identifier or keyword.
    Word(String),
    /// A text, without its quotes and with its escapes as they are.
    Text(String),
    /// Any other character that is no blank.
    Sign(char),
}

/// Numbers and characters are left out, as comments are. The name of a lifetime is a word.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if let Some((skipped, text)) = text(rest) {
            tokens.push(Token::Text(text.to_owned()));
            skipped
        } else if first == '\'' {
            character(rest)
        } else if is_of_word(first) {
            let length = rest.find(|character| !is_of_word(character)).unwrap_or(rest.len());
            if !first.is_ascii_digit() {
                tokens.push(Token::Word(rest[..length].to_owned()));
            }
            length
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Sign(first));
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

fn is_of_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// The length of a block comment, which may hold others.
fn comment(source: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < source.len() {
        let rest = &source.as_bytes()[at..];
        match rest {
            [b'/', b'*', ..] => depth += 1,
            [b'*', b'/', ..] => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            break;
        }
    }
    at.min(source.len())
}

/// The length of the text that starts here, and what is in it.
fn text(source: &str) -> Option<(usize, &str)> {
    let prefix = ["", "r", "b", "br", "c", "cr"].into_iter().find_map(|prefix| {
        let quoted = source.strip_prefix(prefix)?.starts_with(['"', '#']);
        quoted.then_some(prefix.len())
    })?;
    let is_raw = source[..prefix].ends_with('r');
    let hashes = source[prefix..].bytes().take_while(|byte| *byte == b'#').count();
    let start = prefix + hashes + 1;
    if (hashes > 0 && !is_raw) || source.as_bytes().get(start - 1) != Some(&b'"') {
        return None;
    }
    let body = &source[start..];
    if is_raw {
        let end = format!("\"{}", "#".repeat(hashes));
        let length = body.find(&end).unwrap_or(body.len());
        return Some(((start + length + end.len()).min(source.len()), &body[..length]));
    }
    let mut escaped = false;
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((start + at + 1, &body[..at])),
            _ => {}
        }
    }
    Some((source.len(), body))
}

/// The length of a character or lifetime.
fn character(source: &str) -> usize {
    let mut characters = source.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        // The character behind the backslash may be a quote.
        (Some((_, '\\')), Some((at, escaped))) => {
            let from = at + escaped.len_utf8();
            source[from..].find('\'').map_or(source.len(), |end| from + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_comments_texts_and_characters_are_none() {
        let source = r####"
            a /* b /* c */ d */ "e \" f" r#"g " h"# '\'' 'i' '\u{1F}' &'j k br"l\" b'm' r#type 12u8 // n
            o"####;
        let words: Vec<String> = tokens(source)
            .into_iter()
            .filter_map(|token| match token {
                Token::Word(word) => Some(word),
                Token::Text(_) | Token::Sign(_) => None,
            })
            .collect();
        assert_eq!(words, ["a", "j", "k", "b", "r", "type", "o"]);
    }
}
