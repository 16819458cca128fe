//! Secrets in texts, replaced before anybody reads them.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use zeroize::Zeroizing;

/// Names a secret: from now on it is replaced by `***` in every log line and every diagnostic of this process.
///
/// Give each password, token or key as soon as it is known. Texts shorter than 4 bytes are not taken, because they
/// would be found everywhere. PEM blocks of private keys and JSON Web Tokens are replaced without being named.
pub fn mask(secret: &str) {
    if secret.len() < SHORTEST_SECRET {
        return;
    }
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    // Debug output, the usual way into a log, has line ends and quotes escaped.
    let escaped = Zeroizing::new(secret.escape_debug().to_string());
    for form in [secret, escaped.as_str()] {
        if !secrets.iter().any(|known| known.as_str() == form) {
            secrets.push(Zeroizing::new(form.to_owned()));
        }
    }
    // Longest first, so that a secret that contains another one goes as a whole.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
}

/// The text without secrets.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for secret in SECRETS.read().unwrap_or_else(PoisonError::into_inner).iter() {
        if text.contains(secret.as_str()) {
            text = Cow::Owned(text.replace(secret.as_str(), "***"));
        }
    }
    let text = replace(text, private_key_block, "***private key***");
    replace(text, json_web_token, "***token***")
}

/// Replaces every range that `find` finds in the rest of the text.
fn replace<'a>(text: Cow<'a, str>, find: fn(&str) -> Option<(usize, usize)>, by: &str) -> Cow<'a, str> {
    let Some(_) = find(&text) else { return text };
    let mut rest: &str = &text;
    let mut replaced = String::with_capacity(text.len());
    while let Some((start, end)) = find(rest) {
        replaced.push_str(&rest[..start]);
        replaced.push_str(by);
        rest = &rest[end..];
    }
    replaced.push_str(rest);
    Cow::Owned(replaced)
}

/// A PEM block whose label ends in PRIVATE KEY; one without an end reaches to the end of the text. The begin line alone,
/// which a message quotes to say what is missing, is no key.
fn private_key_block(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(begin) = text[from..].find(BEGIN).map(|at| from + at) {
        let label = &text[begin + BEGIN.len()..];
        match label.find("-----") {
            Some(length)
                if label[..length].ends_with("PRIVATE KEY") && begins_as_a_key(&label[length + "-----".len()..]) =>
            {
                let body = begin + BEGIN.len() + length + "-----".len();
                let end = text[body..].find(END).map(|at| body + at + END.len());
                let end = end.and_then(|label| text[label..].find("-----").map(|at| label + at + "-----".len()));
                return Some((begin, end.unwrap_or(text.len())));
            }
            Some(_) => from = begin + BEGIN.len(),
            None => return None,
        }
    }
    None
}

/// True if the text after a begin line can be a key: on the next line (whose line break may be escaped any number of
/// times), a single word or a header of an encrypted key (RFC 1421); on the same line, as after line breaks were lost,
/// a long word.
fn begins_as_a_key(text: &str) -> bool {
    let is_base64 = |character: char| character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '=');
    let mut rest = text;
    let mut is_next_line = false;
    loop {
        let plain = rest.trim_start();
        is_next_line |= rest[..rest.len() - plain.len()].contains(['\n', '\r']);
        let unescaped = plain.trim_start_matches('\\');
        if unescaped.len() == plain.len() {
            rest = plain;
            break;
        }
        let Some(after) = unescaped.strip_prefix(['n', 'r']) else {
            rest = unescaped;
            break;
        };
        is_next_line = true;
        rest = after;
    }
    if !is_next_line {
        return rest.chars().take_while(|character| is_base64(*character)).count() >= SHORTEST_KEY_LINE;
    }
    let line = rest
        .split(['\n', '\r', '\\', '"'])
        .next()
        .unwrap_or_default()
        .trim_end();
    let word = line.split("-----").next().unwrap_or_default();
    !word.is_empty() && (!word.contains(char::is_whitespace) || HEADERS.iter().any(|header| line.starts_with(header)))
}

/// Three parts of Base64 text with dots between, the first of which begins as `{"` does (RFC 7519).
fn json_web_token(text: &str) -> Option<(usize, usize)> {
    let part = |text: &str| {
        text.bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            .count()
    };
    let mut from = 0;
    while let Some(start) = text[from..].find("eyJ").map(|at| from + at) {
        let mut end = start + part(&text[start..]);
        let mut parts = 1;
        while parts < 3 && text[end..].starts_with('.') && part(&text[end + 1..]) > 0 {
            end += 1 + part(&text[end + 1..]);
            parts += 1;
        }
        if parts == 3 {
            return Some((start, end));
        }
        from = end;
    }
    None
}

static SECRETS: RwLock<Vec<Zeroizing<String>>> = RwLock::new(Vec::new());

const SHORTEST_SECRET: usize = 4;
/// Longer than words of a sentence, and far shorter than any key.
const SHORTEST_KEY_LINE: usize = 24;
const HEADERS: [&str; 3] = ["Proc-Type:", "DEK-Info:", "Comment:"];
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_secrets_are_replaced() {
        mask("pass\"word-1");
        assert_eq!(masked("it is pass\"word-1."), "it is ***.");
        assert_eq!(masked(&format!("it is {:?}", "pass\"word-1")), "it is \"***\"");
    }

    #[test]
    fn secret_inside_another_leaves_no_rest() {
        mask("mask-inner");
        mask("mask-inner-outer");
        assert_eq!(masked("<mask-inner-outer>"), "<***>");
    }

    #[test]
    fn short_texts_are_not_taken_for_secrets() {
        mask("ab");
        assert_eq!(masked("about"), "about");
    }

    #[test]
    fn private_keys_are_replaced() {
        let text = "a -----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY----- b";
        assert_eq!(masked(text), "a ***private key*** b");
        assert_eq!(masked(&format!("{text:?}")), "\"a ***private key*** b\"");
        assert_eq!(masked("x -----BEGIN PRIVATE KEY-----\nMHc"), "x ***private key***");
        let body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        for text in [
            format!("-----BEGIN PRIVATE KEY-----\r\n{body}\r\n-----END PRIVATE KEY-----\r\n"),
            format!("  -----BEGIN PRIVATE KEY-----\n    {body}\n  -----END PRIVATE KEY-----\n"),
            format!("-----BEGIN PRIVATE KEY----- {body} -----END PRIVATE KEY-----"),
            format!("-----BEGIN PRIVATE KEY-----{body}-----END PRIVATE KEY-----"),
            format!(
                "{:?}",
                format!(
                    "{:?}",
                    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----")
                )
            ),
            format!(
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\n{body}\n-----END RSA PRIVATE KEY-----"
            ),
            format!("-----BEGIN PRIVATE KEY-----\n\n{body}"),
        ] {
            let masked = masked(&text);
            assert!(
                masked.contains("***private key***") && !masked.contains(&body[..8]),
                "{text}: {masked}"
            );
        }
    }

    #[test]
    fn a_message_about_private_keys_stays_whole() {
        for text in [
            certward_pki::PrivateKeyError::Missing.to_string(),
            format!("{:?}", certward_pki::PrivateKeyError::Missing.to_string()),
            "\"-----BEGIN PRIVATE KEY-----\" is missing. Set both.\nThen try again.".to_owned(),
            "it begins with -----BEGIN PRIVATE KEY-----. Give a certificate.".to_owned(),
            "it begins with -----BEGIN PRIVATE KEY-----\nGive a certificate instead.".to_owned(),
            "-----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY----- stand around a key".to_owned(),
            "ends with -----BEGIN PRIVATE KEY-----".to_owned(),
        ] {
            assert_eq!(masked(&text), text);
        }
    }

    #[test]
    fn certificates_stay_readable_and_hide_no_key_behind_them() {
        let certificate = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
        assert_eq!(masked(certificate), certificate);
        let both = format!("{certificate}-----BEGIN PRIVATE KEY-----\nMHc\n-----END PRIVATE KEY-----\n");
        assert_eq!(masked(&both), format!("{certificate}***private key***\n"));
    }

    #[test]
    fn tokens_are_replaced() {
        assert_eq!(
            masked("Bearer eyJhbGciOi.eyJzdWIi.c2ln-_ end"),
            "Bearer ***token*** end"
        );
        assert_eq!(masked("eyJhbGciOi alone"), "eyJhbGciOi alone");
    }

    proptest::proptest! {
        #[test]
        fn no_text_around_a_private_key_keeps_it_readable(before in ".*", label in "[A-Z ]{0,9}", after in ".*") {
            let text = format!("{before}-----BEGIN {label}PRIVATE KEY-----\nBODY-4711\n-----END {label}PRIVATE KEY-----{after}");
            proptest::prop_assert!(!masked(&text).contains("BODY-4711"));
        }

        #[test]
        fn any_text_can_be_masked(text in "(-----BEGIN |-----END |-----|PRIVATE KEY|eyJ|[a-z.é]){0,20}") {
            _ = masked(&text);
        }
    }
}
