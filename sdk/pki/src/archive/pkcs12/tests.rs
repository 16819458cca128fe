use std::num::NonZeroU32;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use aws_lc_rs::{hmac, pbkdf2};
use proptest::prelude::*;

use super::super::{BerError, MAX_FILE, ber_form};
use super::derive::Budget;
use super::*;
use crate::der::{CONTEXT_0_CONSTRUCTED, DerReader, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, encode};
use crate::{Certificate, ObjectIdentifier, certificates_from_pem};

/// A folder with a certificate, its key, and what OpenSSL made of them.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        let made = files.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout a.key -out a.crt -days 30 -subj /CN=a",
            &[],
        );
        assert!(made, "openssl req");
        files
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn openssl(&self, arguments: &str, more: &[&str]) -> bool {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .args(more)
            .current_dir(self.path())
            .output()
            .unwrap();
        output.status.success()
    }

    /// A PKCS#12 file with these options of `openssl pkcs12 -export`.
    fn export(&self, password: &str, options: &str) -> Vec<u8> {
        let arguments = format!("pkcs12 -export -in a.crt -inkey a.key -out a.pfx {options}");
        let password = format!("pass:{password}");
        assert!(
            self.openssl(arguments.trim(), &["-passout", &password]),
            "openssl {arguments}"
        );
        std::fs::read(self.path().join("a.pfx")).unwrap()
    }

    fn certificate(&self) -> Certificate {
        let text = std::fs::read_to_string(self.path().join("a.crt")).unwrap();
        certificates_from_pem(&text).unwrap().remove(0)
    }

    fn assert_is_read(&self, name: &str, file: &[u8], password: &str) {
        let contents = read(file, password, true).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(contents.certificates, [self.certificate().der().to_vec()], "{name}");
        assert_eq!(contents.private_keys.len(), 1, "{name}");
    }
}

fn refusal(file: &[u8], password: &str) -> Pkcs12Error {
    match read(file, password, true) {
        Ok(_) => panic!("it is read"),
        Err(error) => error,
    }
}

#[test]
fn every_cipher_and_mac_is_read_in_der_and_in_ber() {
    let files = Files::new();
    for options in [
        "",
        "-nomac",
        "-legacy",
        "-legacy -nomac",
        "-legacy -certpbe PBE-SHA1-RC4-128 -keypbe PBE-SHA1-RC4-40",
        "-legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES",
        "-legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES",
        "-macalg sha1",
        "-macalg sha224",
        "-macalg sha384",
        "-macalg sha512 -nomaciter",
        "-certpbe AES-128-CBC -keypbe AES-192-CBC",
        "-certpbe DES-EDE3-CBC -keypbe CAMELLIA-128-CBC",
        "-certpbe CAMELLIA-192-CBC -keypbe CAMELLIA-256-CBC",
        "-certpbe ARIA-128-CBC -keypbe ARIA-192-CBC",
        "-certpbe ARIA-256-CBC -keypbe NONE",
    ] {
        let password = "pässwörd 𐐀";
        let file = files.export(password, options);
        files.assert_is_read(options, &file, password);
        for piece in [1, 100, 100_000] {
            files.assert_is_read(options, &ber_form::indefinite(&file, piece), password);
        }
    }
}

#[test]
fn a_file_that_is_ber_at_every_level_is_read() {
    let files = Files::new();
    let file = files.export("", "-certpbe NONE -keypbe NONE -nomac");
    let ber = ber_form::indefinite_throughout(&file, 33);
    assert!(ber.windows(2).filter(|two| *two == [0x30, 0x80]).count() > 5);
    files.assert_is_read("BER throughout", &ber, "");
}

#[test]
fn the_empty_password_is_tried_in_both_forms_and_old_openssl_s_form_of_others() {
    let files = Files::new();
    for options in ["", "-legacy", "-legacy -nomac -certpbe PBE-SHA1-3DES"] {
        files.assert_is_read(options, &files.export("", options), "");
    }
    // Before version 1.1 OpenSSL took each byte of the UTF-8 form for a character.
    let file = files.export("pÃ¤ss", "-legacy");
    files.assert_is_read("old OpenSSL", &file, "päss");
}

#[test]
fn errors_tell_a_wrong_password_from_everything_else() {
    let files = Files::new();
    let file = files.export("x", "");
    assert_eq!(refusal(&file, "y"), Pkcs12Error::WrongPassword);
    let certificate = files.certificate();
    let key = std::fs::read(files.path().join("a.key")).unwrap();
    for other in [
        &b""[..],
        b"PK\x03\x04",
        b"-----BEGIN CERTIFICATE-----",
        &[0x30],
        &[0x30, 0x84, 0xff],
        certificate.der(),
        &key,
        // PKCS#8.
        &[0x30, 0x81, 0x87, 2, 1, 0, 0x30, 0],
    ] {
        assert_eq!(refusal(other, "x"), Pkcs12Error::NotPkcs12, "{other:02x?}");
    }
    for damaged in [
        &file[..file.len() - 1],
        &[&file[..], &[5, 0]].concat(),
        &[0x30, 3, 2, 1, 3],
    ] {
        let error = refusal(damaged, "x");
        assert!(matches!(error, Pkcs12Error::Damaged(_)), "{error}");
        assert!(!error.to_string().contains("password"), "{error}");
    }
    for options in [
        "-nomac -certpbe AES-256-CBC",
        "-nomac -legacy -certpbe PBE-SHA1-RC4-128",
    ] {
        let error = refusal(&files.export("x", options), "y");
        assert_eq!(error, Pkcs12Error::Undecryptable, "{options}");
    }
    let two_passwords = with_pbmac1(&files.export("x", ""), "y", 2048, Some(32));
    assert_eq!(refusal(&two_passwords, "y"), Pkcs12Error::SecondPassword);
    assert_eq!(
        refusal(&files.export("x", "-macalg md5"), "x").to_string(),
        "it uses a MAC with MD5 (1.2.840.113549.2.5), which is not supported"
    );
    assert_eq!(
        refusal(&files.export("x", "-legacy -certpbe PBE-MD5-DES"), "x").to_string(),
        "it uses encryption with MD5 and DES (1.2.840.113549.1.5.3), which is not supported"
    );
}

#[test]
fn many_cheap_derivations_are_too_many_together() {
    let mut budget = Budget::new();
    for refused in [1_000_001, 0, -1, i64::MAX] {
        assert_eq!(
            budget.spend(refused).unwrap_err(),
            Pkcs12Error::Iterations { iterations: refused }
        );
    }
    for _ in 0..3 {
        budget.spend(1_000_000).unwrap();
    }
    assert_eq!(budget.spend(1).unwrap_err(), Pkcs12Error::TooMuchWork);
}

fn object_identifier(text: &str) -> Vec<u8> {
    encode(
        OBJECT_IDENTIFIER,
        text.parse::<ObjectIdentifier>().unwrap().as_der_content(),
    )
}

fn sequence(members: &[&[u8]]) -> Vec<u8> {
    encode(SEQUENCE, &members.concat())
}

fn integer(number: u32) -> Vec<u8> {
    encode(INTEGER, &[&[0], &number.to_be_bytes()[..]].concat())
}

/// A file's version, authenticated safe with its `ContentInfo`, and MAC.
fn parts(file: &[u8]) -> [Vec<u8>; 3] {
    let mut pfx = DerReader::new(file).nested(SEQUENCE).unwrap();
    std::array::from_fn(|_| pfx.element().unwrap().encoded.to_vec())
}

fn authenticated(auth_safe: &[u8]) -> Vec<u8> {
    let mut members = DerReader::new(auth_safe).nested(SEQUENCE).unwrap();
    members.element().unwrap();
    let mut content = members.nested(CONTEXT_0_CONSTRUCTED).unwrap();
    content.expect(OCTET_STRING).unwrap().content.to_vec()
}

/// The file with its MAC replaced by one of RFC 9579.
fn with_pbmac1(file: &[u8], password: &str, iterations: u32, key_length: Option<u32>) -> Vec<u8> {
    let [version, auth_safe, _] = parts(file);
    let mut key = [0; 32];
    let honest = NonZeroU32::new(iterations.min(2048)).unwrap();
    let prf = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(prf, honest, b"salt", password.as_bytes(), &mut key);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &authenticated(&auth_safe));
    let hmac_sha256 = sequence(&[&object_identifier(algorithm::HMAC_SHA256), &[5, 0]]);
    let parameters = sequence(&[
        &encode(OCTET_STRING, b"salt"),
        &integer(iterations),
        &key_length.map(integer).unwrap_or_default(),
        &hmac_sha256,
    ]);
    let derivation = sequence(&[&object_identifier(algorithm::PBKDF2), &parameters]);
    let scheme = sequence(&[
        &object_identifier(algorithm::PBMAC1),
        &sequence(&[&derivation, &hmac_sha256]),
    ]);
    let digest_info = sequence(&[&scheme, &encode(OCTET_STRING, tag.as_ref())]);
    let mac = sequence(&[&digest_info, &encode(OCTET_STRING, b"unused"), &integer(1)]);
    sequence(&[&version, &auth_safe, &mac])
}

#[test]
fn the_mac_of_rfc_9579_is_checked_and_its_count_bounded() {
    let files = Files::new();
    let file = files.export("x", "");
    let good = with_pbmac1(&file, "x", 2048, Some(32));
    files.assert_is_read("PBMAC1", &good, "x");
    files.assert_is_read("PBMAC1 in BER", &ber_form::indefinite(&good, 7), "x");
    assert_eq!(refusal(&good, "y"), Pkcs12Error::WrongPassword);
    let forged = with_pbmac1(&file, "other", 2048, Some(32));
    assert_eq!(refusal(&forged, "x"), Pkcs12Error::WrongPassword);
    let dear = with_pbmac1(&file, "x", 1_000_001, Some(32));
    assert_eq!(refusal(&dear, "x"), Pkcs12Error::Iterations { iterations: 1_000_001 });
    for key_length in [None, Some(8), Some(1 << 20)] {
        let odd = with_pbmac1(&file, "x", 2048, key_length);
        assert!(matches!(refusal(&odd, "x"), Pkcs12Error::Damaged(_)));
    }
}

#[test]
fn a_mac_over_ber_covers_its_bytes_as_they_are_concatenated() {
    let files = Files::new();
    let [version, auth_safe, mac] = parts(&files.export("x", ""));
    // As Bouncy Castle: BER inside the string, too, and the MAC over that.
    let inner = ber_form::indefinite(&authenticated(&auth_safe), 50);
    let content_info = |content: &[u8]| {
        let content = encode(CONTEXT_0_CONSTRUCTED, &encode(OCTET_STRING, content));
        sequence(&[&object_identifier(algorithm::DATA), &content])
    };
    let with_new_mac = with_pbmac1(&sequence(&[&version, &content_info(&inner), &mac]), "x", 2048, Some(32));
    for piece in [1, 1000] {
        let file = ber_form::indefinite(&with_new_mac, piece);
        files.assert_is_read("BER in BER", &file, "x");
        assert_eq!(refusal(&file, "y"), Pkcs12Error::WrongPassword);
    }
}

#[test]
fn nothing_may_follow_what_belongs_into_a_file() {
    let files = Files::new();
    let file = files.export("", "-certpbe NONE -keypbe NONE");
    let [version, auth_safe, mac] = parts(&file);
    let null = [5, 0];
    let without_mac = |authenticated: &[u8]| {
        let content = encode(CONTEXT_0_CONSTRUCTED, &encode(OCTET_STRING, authenticated));
        sequence(&[&version, &sequence(&[&object_identifier(algorithm::DATA), &content])])
    };
    let inner = authenticated(&auth_safe);
    files.assert_is_read("as it is", &without_mac(&inner), "");
    for (name, extended) in [
        ("the file", [&file[..], &null].concat()),
        ("its members", sequence(&[&version, &auth_safe, &mac, &null])),
        ("its contents", without_mac(&[&inner[..], &null].concat())),
    ] {
        assert!(matches!(refusal(&extended, ""), Pkcs12Error::Damaged(_)), "{name}");
    }
}

#[test]
fn a_changed_byte_never_changes_what_is_read() {
    let files = Files::new();
    let file = files.export("x", "-iter 1");
    let good = read(&file, "x", true).unwrap();
    for place in (0..file.len()).step_by(7) {
        let mut changed = file.clone();
        changed[place] ^= 0x10;
        // Some bytes, such as the parameters of the digest, mean nothing; then nothing must have changed.
        if let Ok(contents) = read(&changed, "x", true) {
            assert_eq!(contents.certificates, good.certificates, "byte {place}");
            assert_eq!(contents.private_keys, good.private_keys, "byte {place}");
        }
    }
}

#[test]
fn hostile_nesting_is_refused_at_once() {
    let started = Instant::now();
    // Behind the first bytes of a PKCS#12 file, and with and without an end.
    for end in [&[][..], &[0, 0].repeat(10_000)] {
        let file = [&[0x30, 0x80, 2, 1, 3][..], &[0x30, 0x80].repeat(10_000), end].concat();
        assert_eq!(refusal(&file, ""), Pkcs12Error::Damaged(BerError::TooDeep));
    }
    let strings = [&[0x30, 0x80, 2, 1, 3][..], &[0x24, 0x80].repeat(10_000)].concat();
    assert_eq!(refusal(&strings, ""), Pkcs12Error::Damaged(BerError::TooDeep));
    let large = [&[0x30, 0x80, 2, 1, 3][..], &vec![0; MAX_FILE]].concat();
    assert_eq!(refusal(&large, ""), Pkcs12Error::Damaged(BerError::TooLarge));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    // More bags than a file has.
    let bag = sequence(&[&object_identifier("1.2.3"), &encode(CONTEXT_0_CONSTRUCTED, &[])]);
    let data = |content: &[u8]| {
        let content = encode(CONTEXT_0_CONSTRUCTED, &encode(OCTET_STRING, content));
        sequence(&[&object_identifier(algorithm::DATA), &content])
    };
    let safe = data(&encode(SEQUENCE, &bag.repeat(513)));
    let file = sequence(&[&[2, 1, 3], &data(&sequence(&[&safe]))]);
    assert_eq!(refusal(&file, ""), Pkcs12Error::TooManyEntries);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes, "", true);
        let _ = read(&[&[0x30, 0x80, 2, 1, 3][..], &bytes].concat(), "", true);
    }
}

#[test]
fn no_damage_panics() {
    let files = Files::new();
    let der = files.export("", "-iter 1 -nomac -certpbe NONE -keypbe NONE");
    let encrypted = files.export("", "-iter 1 -legacy -nomac");
    for file in [
        ber_form::indefinite_throughout(&der, 40),
        ber_form::indefinite(&encrypted, 40),
        der,
        encrypted,
    ] {
        for _ in 0..2_000 {
            let mut damaged = file.clone();
            for _ in 0..fastrand::usize(1..6) {
                let place = fastrand::usize(..damaged.len());
                damaged[place] = fastrand::u8(..);
            }
            let _ = read(&damaged[..fastrand::usize(..damaged.len())], "", true);
            let _ = read(&damaged, "", true);
        }
    }
}
