//! Names chosen by strangers, in refusals and logs.

use std::fmt::{self, Write};

/// The beginning of a name: a stranger's may be kilobytes long, and several times that after escaping.
pub fn shown(name: &impl fmt::Display) -> String {
    let mut beginning = Beginning {
        text: String::new(),
        left: MAX_SHOWN,
    };
    // The one error is that there is more.
    if write!(beginning, "{name}").is_err() {
        beginning.text.push_str("...");
    }
    beginning.text
}

/// Accepts text until it is full, so that the rest is not even formatted.
struct Beginning {
    text: String,
    left: usize,
}

impl Write for Beginning {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            // As a log writes it: characters that are escaped there are longer.
            let length = character.escape_debug().len();
            self.left = self.left.checked_sub(length).ok_or(fmt::Error)?;
            self.text.push(character);
        }
        Ok(())
    }
}

/// Maximum length in characters, after escaping.
const MAX_SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use certward_pki::DistinguishedName;

    use super::*;

    #[test]
    fn a_long_name_is_cut_after_200_characters_and_another_is_not() {
        let name: DistinguishedName = "CN=alice,O=Example".parse().unwrap();
        assert_eq!(shown(&name), name.to_string());
        let long: DistinguishedName = format!("CN={}", "\u{e9}".repeat(300)).parse().unwrap();
        assert_eq!(shown(&long), format!("CN={}...", "\u{e9}".repeat(197)));
        let just: DistinguishedName = format!("CN={}", "x".repeat(197)).parse().unwrap();
        assert_eq!(shown(&just), just.to_string());
    }

    #[test]
    fn what_is_escaped_counts_as_it_is_shown() {
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters
            .distinguished_name
            .push(rcgen::DnType::CommonName, "\u{1}".repeat(12_000));
        let certificate = parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let certificate = certward_pki::Certificate::from_der(certificate.der().clone()).unwrap();
        assert!(certificate.subject().to_string().len() >= 12_000);
        assert!(shown(certificate.subject()).escape_debug().count() <= 203);
    }
}
