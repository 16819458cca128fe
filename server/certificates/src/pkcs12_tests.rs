use certward_pki::archive::pkcs12::{Pkcs12Error, read};

use super::*;

const CERTIFICATE: &[u8] = b"the reader does not look inside";
/// A `SEQUENCE`, into which the reader does not look either.
const KEY: &[u8] = &[0x30, 3, 2, 1, 0];

#[test]
fn what_is_written_is_read() {
    for password in ["", "x", "pässwörd 𐐀"] {
        let file = write(&[CERTIFICATE, b"issuer"], KEY, password).unwrap();
        let contents = read(&file, password, true).unwrap();
        assert_eq!(contents.certificates, [CERTIFICATE, b"issuer"]);
        assert_eq!(contents.private_keys.len(), 1);
        assert_eq!(*contents.private_keys[0], KEY);
        assert!(read(&file, password, false).unwrap().private_keys.is_empty());
        let refused = read(&file, "other", true);
        assert!(matches!(refused, Err(Pkcs12Error::WrongPassword)));
    }
}

#[test]
fn openssl_reads_certificates_without_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("certificates.pfx");
    let certificate = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).unwrap();
    let der = certificate.cert.der();
    std::fs::write(&path, write_certificates(&[der, der], "").unwrap()).unwrap();
    let output = std::process::Command::new("openssl")
        .args(["pkcs12", "-nokeys", "-passin", "pass:", "-in"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2);
}
