//! Certificates in another form than PEM certificates, by their text, and the command that converts them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Names the form of a text without a PEM certificate, and the way to convert it. Completes "this text …".
pub(crate) fn other_form(text: &str) -> Option<&'static str> {
    let has_label = |labels: &[&str]| {
        labels
            .iter()
            .any(|label| text.contains(&format!("-----BEGIN {label}-----")))
    };
    if has_label(&["PKCS7", "PKCS #7 SIGNED DATA", "CMS"]) {
        return Some(
            "is a PKCS#7 bundle (.p7b), and a PEM certificate belongs here. Take the certificates out of it: openssl pkcs7 \
             -print_certs -in bundle.p7b -out bundle.crt",
        );
    }
    if has_label(&["TRUSTED CERTIFICATE", "X509 CERTIFICATE"]) {
        return Some(
            "is a certificate in a form of OpenSSL's own (BEGIN TRUSTED CERTIFICATE, or the old BEGIN X509 CERTIFICATE), \
             which only OpenSSL reads. Write it as a PEM certificate: openssl x509 -in trusted.crt -out plain.crt",
        );
    }
    let base64: String = match text.split_once("-----BEGIN CERTIFICATE-----") {
        Some((_, block)) => start_of(block),
        None if text.contains("-----") => return None,
        None => start_of(text.trim_start_matches('\u{feff}')),
    };
    let start = STANDARD.decode(base64).ok()?;
    // Behind the header of the sequence, the type of content is the first (RFC 2315, section 7).
    let is_signed_data = start
        .windows(SIGNED_DATA.len())
        .take(LONGEST_HEADER)
        .any(|window| window == SIGNED_DATA);
    is_signed_data.then_some(
        "is a PKCS#7 bundle (.p7b) in Base64, and a PEM certificate belongs here. Take the certificates out of it: grep -v -e \
         -- bundle.p7b | openssl base64 -d | openssl pkcs7 -inform DER -print_certs -out bundle.crt",
    )
}

/// The first of the Base64, in whole groups.
fn start_of(text: &str) -> String {
    let characters = text.chars().filter(|character| !character.is_ascii_whitespace());
    characters.take(START).collect()
}

/// The object identifier 1.2.840.113549.1.7.2 in DER.
const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// Of a sequence: a tag, and up to five bytes of length.
const LONGEST_HEADER: usize = 7;
const START: usize = 32;

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::testing::certificates::{params, pem};

    /// The output of an OpenSSL command for a text.
    fn converted(arguments: &[&str], input: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        let mut openssl = Command::new("openssl")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("openssl is on the PATH");
        openssl.stdin.take().unwrap().write_all(input).unwrap();
        let output = openssl.wait_with_output().unwrap();
        assert!(output.status.success());
        output.stdout
    }

    #[test]
    fn other_forms_are_told_with_the_command_that_converts_them() {
        let certificate = pem(&params("app"));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &certificate).unwrap();
        let bundle = |form: &str| {
            let path = file.path().to_str().unwrap();
            converted(&["crl2pkcs7", "-nocrl", "-certfile", path, "-outform", form], b"")
        };
        let trusted = text(converted(&["x509", "-trustout"], certificate.as_bytes()));
        let labelled = text(bundle("PEM"));
        let bare = text(converted(&["base64"], &bundle("DER")));
        // As AD CS hands it out.
        let mislabelled = labelled.replace("PKCS7", "CERTIFICATE");
        for (other, command) in [
            (&trusted, "openssl x509 -in"),
            (&labelled, "openssl pkcs7 -print_certs"),
            (&bare, "openssl pkcs7 -inform DER"),
            (&mislabelled, "openssl pkcs7 -inform DER"),
        ] {
            let told = other_form(other).unwrap_or_else(|| panic!("nothing is said about {other}"));
            assert!(told.contains(command), "{told}");
        }
        for none in [&*certificate, "", "app.crt", "MII", "-----BEGIN CERTIFICATE-----", "é"] {
            assert_eq!(other_form(none), None, "{none}");
        }
    }
}
