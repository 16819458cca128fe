//! JSON as .NET's configuration takes it: with comments, and with a comma behind the last member or element.

use zeroize::Zeroizing;

/// The same text in plain JSON: comments and such commas become blanks, so that every character keeps its line and column.
pub(super) fn plain(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    // Where the last comma is, while nothing but blanks and comments has come behind it.
    let mut comma = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => length_of_string(rest),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if first == '/' && length > 1 {
            plain.extend(
                token
                    .chars()
                    .map(|character| if character == '\n' { '\n' } else { ' ' }),
            );
        } else {
            match first {
                '}' | ']' => {
                    if let Some(at) = comma.take() {
                        plain.replace_range(at..=at, " ");
                    }
                }
                ',' => comma = Some(plain.len()),
                first if first.is_ascii_whitespace() => {}
                _ => comma = None,
            }
            plain.push_str(token);
        }
        rest = after;
    }
    plain
}

/// With its quotation marks; all of the text when the last one is missing.
fn length_of_string(text: &str) -> usize {
    let mut is_escaped = true;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_last_commas_become_blanks_and_texts_stay() {
        for (relaxed, expected) in [
            ("{\"a\": 1, // one,\n}", "{\"a\": 1         \n}"),
            ("[1, 2, /* , \n ] */ ]", "[1, 2       \n      ]"),
            (
                r#"{"a": "// no /* comment */ ,}", "b\"//": ",]",}"#,
                r#"{"a": "// no /* comment */ ,}", "b\"//": ",]" }"#,
            ),
            ("{\"a\": [[1,],],}", "{\"a\": [[1 ] ] }"),
            // What is no JSON stays none.
            ("[,]", "[ ]"),
            ("[1,,]", "[1, ]"),
            ("{\"a\": /1}", "{\"a\": /1}"),
            ("{\"a", "{\"a"),
            ("/* ", "   "),
        ] {
            assert_eq!(*plain(relaxed), expected, "{relaxed}");
        }
    }
}
