//! Hints about texts that are not the expected PEM. No hint repeats the text: it may be a private key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::values::pem_form::other_form;

/// The expected content of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Certificate,
    PrivateKey,
}

/// Names the actual content of the text, and the remedy. `None` if the parser's message is more helpful.
pub(super) fn hint(text: &str, wanted: Wanted) -> Option<String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if let Some(form) = other_form(text).filter(|_| wanted == Wanted::Certificate) {
        return Some(format!("this text {form}"));
    }
    let (has_certificate, has_key) = (
        text.contains("BEGIN CERTIFICATE-----"),
        text.contains("PRIVATE KEY-----"),
    );
    let hint = if text.contains("-----BEGIN") && text.contains("\\n") {
        "its line ends are written as the two characters \\n. Write replace(var.pem, \"\\\\n\", \"\\n\") in Terraform; an \
         environment variable takes real line ends: export VARIABLE=\"$(cat file.pem)\""
    } else if wanted == Wanted::PrivateKey && has_certificate && !has_key {
        "this is a certificate and no private key. Are client_certificate and client_private_key exchanged?"
    } else if wanted == Wanted::Certificate && has_key && !has_certificate {
        "this is a private key and no certificate. Are client_certificate and client_private_key exchanged?"
    } else if text.contains("BEGIN PUBLIC KEY-----") {
        "this is a public key, which only says what the private key belongs to. Give the file that was made with it"
    } else if text.contains("-----BEGIN OPENSSH PRIVATE KEY") {
        "this is a key of OpenSSH. TLS takes PKCS#8: ssh-keygen -p -m PKCS8 -f FILE rewrites the file so"
    } else if text.contains("-----BEGIN") && !text.contains(['\n', '\r']) {
        "the whole PEM text is on one line. The BEGIN line, the END line and the Base64 between them are lines of their own: \
         keep the line ends, for example with file(\"app.pem\")"
    } else if text.starts_with(BASE64_OF_PEM) {
        "this is the Base64 of a PEM text. Decode it: base64decode(var.pem)"
    } else if text.contains("-----") {
        return None;
    } else if is_der_in_base64(text) {
        "this is Base64 without the lines around it. Give the whole PEM text, from the BEGIN line to the END line"
    } else if looks_like_a_path(text) {
        "this looks like the path of a file. A path goes into the attribute that ends in _file, or write file(\"…\")"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

fn is_der_in_base64(text: &str) -> bool {
    let compact: zeroize::Zeroizing<String> = zeroize::Zeroizing::new(text.split_ascii_whitespace().collect());
    let decoded = STANDARD.decode(compact.as_bytes()).map(zeroize::Zeroizing::new);
    decoded.is_ok_and(|der| der.len() > SHORTEST_DER && der[0] == DER_SEQUENCE)
}

fn looks_like_a_path(text: &str) -> bool {
    let extension = std::path::Path::new(text)
        .extension()
        .and_then(|extension| extension.to_str());
    let known = extension.is_some_and(|extension| EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()));
    !text.contains('\n') && text.len() < LONGEST_PATH && (known || text.starts_with(['/', '.', '~']))
}

/// `-----BEGIN ` in Base64.
const BASE64_OF_PEM: &str = "LS0tLS1CRUdJTi";
/// The first byte of every certificate and key.
const DER_SEQUENCE: u8 = 0x30;
const SHORTEST_DER: usize = 40;
const LONGEST_PATH: usize = 512;
const EXTENSIONS: [&str; 6] = ["pem", "key", "crt", "cer", "pfx", "p12"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_text_is_told_for_what_it_is() {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap().pem();
        let key = key.serialize_pem();
        let lines: Vec<&str> = key.lines().collect();
        let inside = lines[1..lines.len() - 1].concat();
        for (text, wanted, expected) in [
            (key.replace('\n', "\\n"), Wanted::PrivateKey, "two characters \\n"),
            (key.replace('\n', " "), Wanted::PrivateKey, "on one line"),
            (STANDARD.encode(&key), Wanted::PrivateKey, "Base64 of a PEM text"),
            (inside, Wanted::PrivateKey, "without the lines around it"),
            ("certs/app.key".to_owned(), Wanted::PrivateKey, "path of a file"),
            ("/run/secrets/key".to_owned(), Wanted::PrivateKey, "path of a file"),
            (certificate.clone(), Wanted::PrivateKey, "this is a certificate"),
            (key.clone(), Wanted::Certificate, "this is a private key"),
            (
                certificate.replace('\n', "\\n"),
                Wanted::Certificate,
                "two characters \\n",
            ),
            (
                certificate.replace("CERTIFICATE", "PKCS7"),
                Wanted::Certificate,
                "openssl pkcs7 -print_certs",
            ),
        ] {
            let told = hint(&text, wanted).unwrap_or_else(|| panic!("nothing is said about {expected}"));
            assert!(told.contains(expected), "{told}");
            // What the log masks must not be set off by our own words.
            assert!(!told.contains("-----BEGIN"), "{told}");
        }
        assert_eq!(hint("anything", Wanted::PrivateKey), None);
        assert_eq!(hint(&key, Wanted::PrivateKey), None);
    }
}
