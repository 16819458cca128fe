use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use time::macros::datetime;

use super::*;

fn client_certificate() -> (Vec<u8>, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "alice");
    params.not_before = datetime!(2026-01-01 0:00 UTC);
    params.not_after = datetime!(2051-01-01 0:00 UTC);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = vec![
        SanType::DnsName("a.example".try_into().unwrap()),
        SanType::IpAddress("::1".parse().unwrap()),
        SanType::URI("spiffe://a/b".try_into().unwrap()),
        SanType::Rfc822Name("a@example".try_into().unwrap()),
    ];
    params.serial_number = Some(vec![0x80, 1, 2].into());
    (params.self_signed(&key).unwrap().der().to_vec(), key)
}

#[test]
fn every_member_is_read() {
    let (der, key) = client_certificate();
    let certificate = Certificate::from_der(der.clone()).unwrap();
    assert_eq!(certificate.version(), 3);
    assert_eq!(certificate.serial_number().to_string(), "00:80:01:02");
    assert_eq!(certificate.subject().to_string(), "CN=alice");
    assert_eq!(certificate.subject().single_common_name(), Ok("alice"));
    assert!(certificate.is_self_issued() && certificate.issued(&certificate));
    assert_eq!(certificate.validity().not_before, datetime!(2026-01-01 0:00 UTC));
    assert_eq!(certificate.validity().not_after, datetime!(2051-01-01 0:00 UTC)); // GeneralizedTime from 2050 on
    assert_eq!(*certificate.public_key(), PublicKey::EcdsaP256);
    assert_eq!(*certificate.signature_algorithm(), SignatureAlgorithm::EcdsaSha256);
    assert!(!certificate.is_ca() && !certificate.has_basic_constraints());
    let usage = certificate.key_usage().unwrap();
    assert!(usage.digital_signature() && usage.key_encipherment() && !usage.key_cert_sign() && !usage.crl_sign());
    let purposes = certificate.extended_key_usage().unwrap();
    assert!(purposes.client_auth() && !purposes.server_auth() && !purposes.any());
    assert_eq!(
        certificate.subject_alt_names(),
        [
            SubjectAltName::Dns("a.example".to_owned()),
            SubjectAltName::Ip("::1".parse().unwrap()),
            SubjectAltName::Uri("spiffe://a/b".to_owned()),
            SubjectAltName::Email("a@example".to_owned()),
        ]
    );
    let present: Vec<_> = certificate
        .extensions()
        .iter()
        .map(|extension| (extension.identifier().to_string(), extension.is_critical()))
        .collect();
    assert!(present.contains(&("2.5.29.17".to_owned(), false)), "{present:?}");
    assert!(present.contains(&("2.5.29.15".to_owned(), true)), "{present:?}");
    assert_eq!(
        certificate.subject_public_key_info_der(),
        rcgen::PublicKeyData::subject_public_key_info(&key)
    );
    assert_eq!(certificate.der().as_ref(), der);
}

#[test]
fn an_authority_is_told_by_its_basic_constraints() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = Certificate::from_der(params.self_signed(&key).unwrap().der().clone()).unwrap();
    assert!(certificate.is_ca() && certificate.has_basic_constraints());
    assert_eq!(certificate.path_length_constraint(), Some(1));
    assert!(certificate.key_usage().unwrap().key_cert_sign());
    assert_eq!(certificate.subject_key_identifier().unwrap().len(), 20);
    assert!(certificate.extended_key_usage().is_none());
}

#[test]
fn digests_are_those_of_openssl() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/distinguished-names");
    let certificate = Certificate::from_der(std::fs::read(folder.join("01-victim.der")).unwrap()).unwrap();
    // openssl x509 -inform der -in 01-victim.der -noout -fingerprint -sha1 / -sha256
    // openssl x509 -inform der -in 01-victim.der -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64
    assert_eq!(
        certificate.thumbprint().to_string(),
        "EB2ADCBF0B0D7CE684001595089518635D9CA4C9"
    );
    assert_eq!(
        certificate.fingerprint().to_string(),
        "F6C0DEB5B56451BFCC8E3C75F330767C2EFDAF91CEF598E8507D6E5A64C0D3C1"
    );
    assert_eq!(
        certificate.public_key_pinning_hash().to_string(),
        "jN8btY/VvQYJhWrDFzVcWCQu517fF8OQZ4oMUxZQbPc="
    );
}

#[test]
fn bytes_that_are_no_certificate_are_refused() {
    let (der, _) = client_certificate();
    assert_eq!(
        Certificate::from_der(vec![0; 64 * 1024 + 1]),
        Err(CertificateError::TooLarge(65_537))
    );
    assert!(matches!(
        Certificate::from_der(Vec::new()),
        Err(CertificateError::Malformed {
            part: "outer sequence",
            ..
        })
    ));
    let trailing = [der.as_slice(), &[0]].concat();
    assert!(matches!(
        Certificate::from_der(trailing),
        Err(CertificateError::Malformed { part: "end", .. })
    ));
    for length in 0..der.len() {
        assert!(
            Certificate::from_der(der[..length].to_vec()).is_err(),
            "cut at {length}"
        );
    }
}

#[test]
fn times_are_read_in_the_form_of_the_rfc_only() {
    let read = |tag, text: &str| {
        let encoded = der::encode(tag, text.as_bytes());
        date_time(DerReader::new(&encoded).element().unwrap())
    };
    assert_eq!(
        read(der::UTC_TIME, "491231235959Z"),
        Ok(datetime!(2049-12-31 23:59:59 UTC))
    );
    assert_eq!(read(der::UTC_TIME, "500101000000Z"), Ok(datetime!(1950-01-01 0:00 UTC)));
    assert_eq!(
        read(der::GENERALIZED_TIME, "99991231235959Z"),
        Ok(datetime!(9999-12-31 23:59:59 UTC))
    );
    for (tag, text, expected) in [
        (der::UTC_TIME, "4912312359Z", "a time has no seconds"),
        (
            der::UTC_TIME,
            "491231235959+0100",
            "a time has an offset from UTC instead of Z",
        ),
        (der::UTC_TIME, "490231235959Z", "a time is on no calendar or clock"),
        (der::UTC_TIME, "491231246060Z", "a time is on no calendar or clock"),
        (
            der::GENERALIZED_TIME,
            "20491231235959.5Z",
            "a time has a fraction of a second",
        ),
        (
            der::GENERALIZED_TIME,
            "20491231235959",
            "a time has no Z at its end, and so no time zone",
        ),
        (der::UTC_TIME, "Z", "a time has another number of digits than it should"),
        (
            der::UTC_TIME,
            "20491231235959Z",
            "a time has another number of digits than it should",
        ),
    ] {
        assert_eq!(read(tag, text), Err(DerError::Time(expected)), "{text}");
    }
    assert!(read(der::INTEGER, "491231235959Z").is_err());
}

proptest! {
    #[test]
    fn no_changed_certificate_panics(position: prop::sample::Index, value: u8) {
        let (mut der, _) = client_certificate();
        let position = position.index(der.len());
        der[position] = value;
        if let Ok(certificate) = Certificate::from_der(der) {
            let _ = format!("{certificate:?} {}", certificate.subject());
        }
    }
}
