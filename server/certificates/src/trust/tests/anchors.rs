//! Texts that can be uploaded as `mtls_trusted_ca`.

use certward_pki::{PemError, PublicKey, SignatureAlgorithm};
use time::Duration;

use crate::asn1;
use crate::trust::minted::*;
use crate::trust::{CaFault, TrustAnchors, UntrustworthyCa};

fn fault(ca: &Minted) -> CaFault {
    match TrustAnchors::from_pem_bundle(&ca.pem(), &[], NOW) {
        Err(UntrustworthyCa::Certificate { number: 1, fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_root_and_an_intermediate_in_one_text_are_both_trusted() {
    let root = ca("CN=Root,O=Acme").self_signed();
    let intermediate = root.issue(ca("CN=Issuing,O=Acme"));
    let text = format!("Acme's CAs\n{}\r\nand\n{}", root.pem(), intermediate.pem());
    let anchors = TrustAnchors::from_pem_bundle(&text, &[], NOW).unwrap();
    assert_eq!(anchors.certificates(), [root.certificate, intermediate.certificate]);
}

#[test]
fn each_kind_of_authority_that_tools_make_is_trusted() {
    let template = ca("CN=Root");
    for (what, extensions) in [
        ("openssl req -x509", vec![basic_constraints(true, Some(true), None)]),
        (
            "step-ca",
            vec![
                basic_constraints(true, Some(true), Some(1)),
                key_usage(&[KEY_CERT_SIGN, CRL_SIGN]),
            ],
        ),
        (
            "an issuer of clients only",
            vec![
                basic_constraints(true, Some(true), Some(0)),
                key_usage(&[DIGITAL_SIGNATURE, KEY_CERT_SIGN]),
                extended_key_usage(&[CLIENT_AUTH]),
            ],
        ),
        (
            "any purpose",
            vec![basic_constraints(true, Some(true), None), any_extended_key_usage()],
        ),
        (
            "constrained to a domain",
            vec![
                basic_constraints(true, Some(true), None),
                permitted_names(0x82, b"example.com"),
            ],
        ),
        (
            "a critical SAN and policies",
            vec![
                basic_constraints(true, Some(true), None),
                extension(17, true, &[0x30, 3, 0x82, 1, b'a']),
                extension(32, false, &[0x30, 0]),
            ],
        ),
        (
            "critical policies, as of AD CS",
            vec![
                basic_constraints(true, Some(true), None),
                extension(32, true, &[0x30, 0]),
            ],
        ),
    ] {
        let root = template.clone().with_only(&extensions).self_signed();
        assert!(TrustAnchors::from_pem_bundle(&root.pem(), &[], NOW).is_ok(), "{what}");
    }
}

#[test]
fn a_certificate_that_is_no_authority_is_refused_with_its_issuer() {
    let root = ca("CN=Root").self_signed();
    let leaf = root.issue(client("CN=alice"));
    let not_authority = CaFault::NotAuthority {
        issuer: "CN=Root".to_owned(),
    };
    assert_eq!(fault(&leaf), not_authority);
    let said_false = root.issue(client("CN=alice").with(basic_constraints(true, None, None)));
    assert_eq!(fault(&said_false), not_authority);
    // The shape of CVE-2025-6037: a registered leaf that signs.
    let self_signed = client("CN=alice").self_signed();
    assert!(matches!(fault(&self_signed), CaFault::NotAuthority { .. }));
}

#[test]
fn a_certificate_of_version_1_is_refused_with_the_recipe() {
    let mut template = ca("CN=Root");
    template.version = 1;
    let error = TrustAnchors::from_pem_bundle(&template.self_signed().pem(), &[], NOW).unwrap_err();
    assert_eq!(
        error.to_string(),
        "certificate 1 (\"CN=Root\") is X.509 version 1, which cannot say that it is a CA; expected version 3 with \
         basicConstraints=critical,CA:TRUE"
    );
}

#[test]
fn an_authority_is_trusted_from_its_first_to_its_last_second() {
    let root = ca("CN=Root").self_signed();
    let validity = root.certificate.validity();
    for (now, expected) in [
        (validity.not_before, None),
        (validity.not_after, None),
        (
            validity.not_before - Duration::SECOND,
            Some(CaFault::NotYetValid(validity.not_before)),
        ),
        (
            validity.not_after + Duration::SECOND,
            Some(CaFault::Expired(validity.not_after)),
        ),
    ] {
        let found = match TrustAnchors::from_pem_bundle(&root.pem(), &[], now) {
            Ok(_) => None,
            Err(UntrustworthyCa::Certificate { fault, .. }) => Some(fault),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(found, expected, "{now}");
    }
}

#[test]
fn what_was_trusted_once_is_read_again_after_it_has_expired() {
    let mut template = ca("CN=Root");
    template.not_after = NOW - Duration::DAY;
    let root = template.self_signed();
    assert!(matches!(fault(&root), CaFault::Expired(_)));
    assert_eq!(
        TrustAnchors::from_stored_bundle(&root.pem()).unwrap().certificates(),
        [root.certificate]
    );
    assert!(TrustAnchors::from_stored_bundle(&client("CN=a").self_signed().pem()).is_err());
}

#[test]
fn extensions_that_make_no_authority_are_refused() {
    let only = |extensions: &[Vec<u8>]| fault(&ca("CN=Root").with_only(extensions).self_signed());
    let basic = basic_constraints(true, Some(true), None);
    assert_eq!(
        only(&[basic_constraints(false, Some(true), None)]),
        CaFault::BasicConstraintsNotCritical
    );
    assert_eq!(
        only(&[basic.clone(), key_usage(&[DIGITAL_SIGNATURE, CRL_SIGN])]),
        CaFault::KeyUsage
    );
    assert_eq!(
        only(&[basic.clone(), extended_key_usage(&[SERVER_AUTH])]),
        CaFault::Purpose
    );
    assert_eq!(
        only(&[basic.clone(), extension(36, true, &[0x30, 0])]),
        CaFault::CriticalExtension("2.5.29.36".to_owned())
    );
    assert_eq!(
        only(&[basic.clone(), permitted_names(0xa4, &name("O=Acme"))]),
        CaFault::DirectoryNameConstraints
    );
    assert_eq!(
        only(&[basic, extension(30, true, &[0x30, 2, 0xa0, 9])]),
        CaFault::DirectoryNameConstraints // unreadable: what it limits cannot be told
    );
}

#[test]
fn keys_and_names_that_cannot_be_relied_on_are_refused() {
    for (key, expected) in [
        (rsa_key(1024), PublicKey::Rsa { bits: 1024 }),
        (rsa_key(2047), PublicKey::Rsa { bits: 2047 }),
        (rsa_key(16_384), PublicKey::Rsa { bits: 16_384 }),
    ] {
        let mut template = ca("CN=Root");
        template.subject_public_key_info = Some(key);
        assert_eq!(fault(&template.self_signed()), CaFault::WeakKey(expected));
    }
    assert_eq!(fault(&ca("").self_signed()), CaFault::EmptySubject);
}

#[test]
fn a_ca_with_a_control_character_in_its_subject_is_refused() {
    let common_name = |tag: u8, text: &[u8]| {
        let attribute = asn1::sequence(&[&asn1::value(0x06, &[&[0x55, 4, 3]]), &asn1::value(tag, &[text])]);
        asn1::sequence(&[&asn1::value(0x31, &[&attribute])])
    };
    for (what, tag, text) in [
        ("a NUL in a UTF8String", 0x0c, &b"Root\0.example"[..]),
        ("a line end in a PrintableString", 0x13, b"Root\nx"),
        ("DEL in an IA5String", 0x16, b"Root\x7f"),
        ("C1 in a UTF8String", 0x0c, "Root\u{85}".as_bytes()),
        ("a NUL in a T61String", 0x14, b"Root\0"),
        ("a NUL in a BMPString", 0x1e, b"\0R\0\0"),
        ("a NUL in a UniversalString", 0x1c, b"\0\0\0R\0\0\0\0"),
    ] {
        let mut template = ca("CN=Root");
        template.subject = common_name(tag, text);
        assert_eq!(fault(&template.self_signed()), CaFault::ControlCharacter, "{what}");
    }
    let mut template = ca("CN=Root");
    template.subject = common_name(0x1e, b"\0R\0o");
    assert!(TrustAnchors::from_pem_bundle(&template.self_signed().pem(), &[], NOW).is_ok());
}

#[test]
fn a_ca_whose_rsa_exponent_is_even_is_refused() {
    let mut template = ca("CN=Root");
    let mut key = rsa_key(2048);
    // The exponent stands last: 65537 becomes 65536, which is even.
    *key.last_mut().unwrap() = 0;
    template.subject_public_key_info = Some(key);
    assert!(matches!(fault(&template.self_signed()), CaFault::InvalidKey(_)));
}

#[test]
fn a_root_that_its_own_key_did_not_sign_is_refused() {
    let root = ca("CN=Root").self_signed();
    let forged = ca("CN=Root").self_signed().issue(ca("CN=Root"));
    assert_eq!(fault(&forged), CaFault::OwnSignature);
    // One that names the key it was signed with, another one of the same CA, carries the CA over to a new key.
    let key_identifiers = [
        extension(14, false, &[0x04, 1, 2]),
        extension(35, false, &[0x30, 3, 0x80, 1, 1]),
    ];
    let [subject_key, authority_key] = key_identifiers;
    let carried_over = root.issue(ca("CN=Root").with(subject_key).with(authority_key));
    assert!(TrustAnchors::from_pem_bundle(&carried_over.pem(), &[], NOW).is_ok());
}

#[test]
fn a_sha1_signature_is_taken_from_a_root_only_and_only_when_it_is_right() {
    let pem = include_str!("../../../../tests/data/old-root-sha1.pem");
    let anchors = TrustAnchors::from_stored_bundle(pem).unwrap();
    assert_eq!(
        *anchors.certificates()[0].signature_algorithm(),
        SignatureAlgorithm::RsaSha1
    );
    let mut changed = anchors.certificates()[0].der().to_vec();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let changed = certward_pki::Certificate::from_der(changed).unwrap();
    assert!(matches!(
        TrustAnchors::from_stored_bundle(&changed.to_pem()),
        Err(UntrustworthyCa::Certificate {
            fault: CaFault::OwnSignature,
            ..
        })
    ));
}

#[test]
fn the_text_is_refused_as_a_whole_and_the_certificate_named() {
    let root = ca("CN=Root").self_signed();
    let leaf = root.issue(client("CN=alice"));
    let error = TrustAnchors::from_pem_bundle(&(root.pem() + &leaf.pem()), &[], NOW).unwrap_err();
    assert_eq!(
        error.to_string(),
        "certificate 2 (\"CN=alice\") is no CA: its basic constraints do not say CA:TRUE; expected the certificate of its \
         issuer, \"CN=Root\""
    );
    assert_eq!(
        TrustAnchors::from_pem_bundle(&root.pem().repeat(2), &[], NOW).unwrap_err(),
        UntrustworthyCa::Repeated {
            number: 2,
            first: 1,
            subject: "CN=Root".to_owned()
        }
    );
    assert!(matches!(
        TrustAnchors::from_pem_bundle(&root.pem().repeat(257), &[], NOW),
        Err(UntrustworthyCa::TooMany(257))
    ));
}

#[test]
fn a_private_key_in_the_text_is_named_and_not_repeated() {
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let error =
        TrustAnchors::from_pem_bundle(&format!("{}{key}", ca("CN=Root").self_signed().pem()), &[], NOW).unwrap_err();
    let secret = key.lines().nth(1).unwrap();
    assert!(matches!(error, UntrustworthyCa::Pem(PemError::PrivateKeyFound { .. })));
    assert!(!format!("{error} {error:?}").contains(secret));
    assert!(matches!(
        TrustAnchors::from_pem_bundle("", &[], NOW),
        Err(UntrustworthyCa::Pem(PemError::NoCertificate))
    ));
}

#[test]
fn a_ca_that_expired_while_it_was_trusted_does_not_stand_in_the_way_of_others() {
    let (old, new) = (ca("CN=Old").self_signed(), ca("CN=New").self_signed());
    let later = old.certificate.validity().not_after + time::Duration::SECOND;
    let mut lasting = ca("CN=Lasting");
    lasting.not_after = later + time::Duration::DAY;
    let lasting = lasting.self_signed();
    let present = TrustAnchors::from_pem_bundle(&old.pem(), &[], NOW).unwrap();
    let both = old.pem() + &lasting.pem();
    let read = |text: &str, present: &[_]| TrustAnchors::from_pem_bundle(text, present, later);
    assert!(read(&both, present.certificates()).is_ok());
    assert!(read(&both, &[]).is_err());
    assert!(read(&(both + &new.pem()), present.certificates()).is_err());
}
