use proptest::prelude::*;

use super::*;

const CERTIFICATE: &[u8] = b"the reader does not look inside";
const KEY: &[u8] = b"nor here";

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
        assert!(matches!(refused, Err(ReadError::Password)));
    }
}

#[test]
fn a_changed_octet_never_changes_what_is_read() {
    let file = write(&[CERTIFICATE], KEY, "x").unwrap();
    for place in (0..file.len()).step_by(7) {
        let mut changed = file.to_vec();
        changed[place] ^= 0x10;
        // Some octets, such as the parameters of the digest, mean nothing; then nothing must have changed.
        if let Ok(contents) = read(&changed, "x", true) {
            assert_eq!(contents.certificates, [CERTIFICATE], "octet {place}");
            assert_eq!(*contents.private_keys[0], KEY, "octet {place}");
        }
    }
}

#[test]
fn many_cheap_derivations_are_too_many_together() {
    let mut budget = derive::Budget::new();
    assert!(matches!(budget.spend(1_000_001), Err(ReadError::Iterations { .. })));
    assert!(matches!(budget.spend(0), Err(ReadError::Iterations { .. })));
    assert!(matches!(budget.spend(-1), Err(ReadError::Iterations { .. })));
    for _ in 0..3 {
        budget.spend(1_000_000).unwrap();
    }
    assert!(matches!(budget.spend(1), Err(ReadError::TooMuchWork)));
}

/// The file with its MAC replaced by one of RFC 9579.
fn with_pbmac1(file: &[u8], password: &str, iterations: u32, key_length: Option<u32>) -> Vec<u8> {
    use std::num::NonZeroU32;

    use aws_lc_rs::{hmac, pbkdf2};

    use crate::asn1::{NULL, Reader, SEQUENCE, algorithm, integer, octet_string, sequence};

    let mut pfx = Reader::new(file).enter(SEQUENCE).unwrap();
    let version = pfx.value().unwrap().encoded;
    let auth_safe = pfx.value().unwrap();
    let authenticated = {
        let mut members = Reader::new(auth_safe.content);
        members.object_identifier().unwrap();
        members
            .enter(crate::asn1::CONTEXT_0)
            .unwrap()
            .expect(crate::asn1::OCTET_STRING)
            .unwrap()
    };
    let mut key = [0; 32];
    let honest = NonZeroU32::new(iterations.min(2048)).unwrap();
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        honest,
        b"salt",
        password.as_bytes(),
        &mut key,
    );
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), authenticated);
    let key_length = key_length.map(integer).unwrap_or_default();
    let derivation = algorithm(
        identifiers::PBKDF2,
        &sequence(&[
            &octet_string(b"salt"),
            &integer(iterations),
            &key_length,
            &algorithm(identifiers::HMAC_SHA256, NULL),
        ]),
    );
    let parameters = sequence(&[&derivation, &algorithm(identifiers::HMAC_SHA256, NULL)]);
    let digest_info = sequence(&[
        &algorithm(identifiers::PBMAC1, &parameters),
        &octet_string(tag.as_ref()),
    ]);
    let mac = sequence(&[&digest_info, &octet_string(b"unused"), &integer(1)]);
    sequence(&[version, auth_safe.encoded, &mac])
}

#[test]
fn the_mac_of_rfc_9579_is_checked_and_its_count_bounded() {
    let file = write(&[CERTIFICATE], KEY, "x").unwrap();
    let good = with_pbmac1(&file, "x", 2048, Some(32));
    assert_eq!(read(&good, "x", true).unwrap().certificates, [CERTIFICATE]);
    assert!(matches!(read(&good, "y", true), Err(ReadError::Password)));
    let forged = with_pbmac1(&file, "other", 2048, Some(32));
    assert!(matches!(read(&forged, "x", true), Err(ReadError::Password)));
    let dear = with_pbmac1(&file, "x", 1_000_001, Some(32));
    assert!(matches!(
        read(&dear, "x", true),
        Err(ReadError::Iterations {
            iterations: 1_000_001,
            ..
        })
    ));
    for key_length in [None, Some(8), Some(1 << 20)] {
        let odd = with_pbmac1(&file, "x", 2048, key_length);
        assert!(matches!(read(&odd, "x", true), Err(ReadError::Structure)));
    }
}

proptest! {
    #[test]
    fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&octets, "", true);
    }

    #[test]
    fn no_damage_panics(damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
        // Without a password, so that damage reaches the parser behind the decryption as often as it can.
        let mut file = write(&[CERTIFICATE], KEY, "").unwrap().to_vec();
        for (place, octet) in damage {
            let place = place.index(file.len());
            file[place] = octet;
        }
        let _ = read(&file[..cut.index(file.len())], "", true);
        let _ = read(&file, "", true);
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

#[test]
fn nothing_may_follow_what_belongs_into_a_file() {
    use crate::asn1::{
        CONTEXT_0, NULL, OCTET_STRING, Reader, SEQUENCE, explicit, object_identifier, octet_string, sequence,
    };

    let file = write(&[CERTIFICATE], KEY, "x").unwrap();
    let mut pfx = Reader::new(&file).enter(SEQUENCE).unwrap();
    let [version, auth_safe, mac] = std::array::from_fn(|_| pfx.value().unwrap());
    let authenticated = {
        let mut members = Reader::new(auth_safe.content);
        members.object_identifier().unwrap();
        members.enter(CONTEXT_0).unwrap().expect(OCTET_STRING).unwrap()
    };
    let without_mac = |authenticated: &[u8]| {
        let content = explicit(0, &[&octet_string(authenticated)]);
        let auth_safe = sequence(&[&object_identifier(identifiers::DATA), &content]);
        sequence(&[version.encoded, &auth_safe])
    };
    for (name, good, extended) in [
        ("the file", file.to_vec(), [&file[..], NULL].concat()),
        (
            "its members",
            sequence(&[version.encoded, auth_safe.encoded, mac.encoded]),
            sequence(&[version.encoded, auth_safe.encoded, mac.encoded, NULL]),
        ),
        (
            "its contents",
            without_mac(authenticated),
            without_mac(&[authenticated, NULL].concat()),
        ),
    ] {
        assert_eq!(read(&good, "x", true).unwrap().certificates, [CERTIFICATE], "{name}");
        assert!(
            matches!(read(&extended, "x", true), Err(ReadError::Structure)),
            "{name}"
        );
    }
}
