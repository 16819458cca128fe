use std::collections::HashSet;

use rcgen::{CertificateParams, DnType, DnValue, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use time::macros::datetime;

use super::super::KeyAlgorithm;
use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-21 21:10:00 UTC);

/// A server certificate whose name has several attributes of different string types.
fn server(key: &KeyPair) -> ServerCertificate {
    let mut parameters = CertificateParams::new(["db.example".to_owned()]).unwrap();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    let printable = |text: &str| DnValue::PrintableString(text.try_into().unwrap());
    parameters.distinguished_name.push(DnType::CountryName, printable("DE"));
    parameters
        .distinguished_name
        .push(DnType::OrganizationName, "Größe, O=x");
    parameters
        .distinguished_name
        .push(DnType::CommonName, printable("db.example"));
    let certificate = parameters.self_signed(key).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerCertificate::new(
        Certificate::from_der(certificate.der().to_vec()).unwrap(),
        Vec::new(),
        key,
    )
    .unwrap()
}

fn rsa_server() -> ServerCertificate {
    server(&KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap())
}

fn issue(server: &ServerCertificate, name: &str, key: &ClientKey) -> Result<Certificate, IssuerError> {
    client_certificate(server, name, key, client_certificate_validity(None, NOW))
}

#[test]
fn the_issuer_is_the_servers_subject_byte_for_byte_and_its_key_signed() {
    let server = rsa_server();
    let certificate = issue(&server, "user1", &ClientKey::generate(KeyAlgorithm::EcdsaP256).unwrap()).unwrap();
    assert_eq!(certificate.issuer().as_der(), server.certificate().subject().as_der());
    let signed: CertificateDer<'_> = server.certificate().der().clone();
    let issuer = webpki::EndEntityCert::try_from(&signed).unwrap();
    let mut members = asn1::Reader::new(certificate.der()).enter(asn1::SEQUENCE).unwrap();
    let to_be_signed = members.value().unwrap().encoded;
    members.value().unwrap();
    let signature = &members.value().unwrap().content[1..];
    issuer
        .verify_signature(webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA512, to_be_signed, signature)
        .unwrap();
}

#[test]
fn the_name_is_one_common_name_whatever_is_in_it() {
    let server = rsa_server();
    let key = ClientKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    for name in ["user1", "a,CN=evil", "CN=x+O=y", "сертификат-ü", "\"", &"n".repeat(300)] {
        let certificate = issue(&server, name, &key).unwrap();
        assert_eq!(certificate.subject().single_common_name(), Ok(name));
        assert_eq!(certificate.subject().attributes().count(), 1);
    }
}

#[test]
fn an_rsa_key_may_encipher_and_an_ecdsa_key_may_not() {
    let server = rsa_server();
    for (algorithm, enciphers) in [(KeyAlgorithm::Rsa2048, true), (KeyAlgorithm::EcdsaP256, false)] {
        let certificate = issue(&server, "x", &ClientKey::generate(algorithm).unwrap()).unwrap();
        let usage = certificate.key_usage().unwrap();
        assert!(usage.digital_signature());
        assert_eq!(usage.key_encipherment(), enciphers);
        assert!(!usage.key_cert_sign());
        let purposes = certificate.extended_key_usage().unwrap();
        assert!(purposes.client_auth() && purposes.purposes().len() == 1);
        assert!(!certificate.has_basic_constraints() && certificate.subject_alt_names().is_empty());
        assert_eq!(
            (
                certificate.subject_key_identifier(),
                certificate.authority_key_identifier()
            ),
            (None, None)
        );
    }
}

#[test]
fn serial_numbers_are_positive_long_and_never_the_same() {
    let server = rsa_server();
    let key = ClientKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let serials: HashSet<Vec<u8>> = (0..200)
        .map(|_| {
            let certificate = issue(&server, "x", &key).unwrap();
            let mut tbs = asn1::Reader::new(certificate.der())
                .enter(asn1::SEQUENCE)
                .unwrap()
                .enter(asn1::SEQUENCE)
                .unwrap();
            tbs.expect(0xa0).unwrap();
            tbs.expect(asn1::INTEGER).unwrap().to_vec()
        })
        .collect();
    assert_eq!(serials.len(), 200);
    assert!(serials.iter().all(|serial| serial.len() == 20 && serial[0] & 0x80 == 0));
}

#[test]
fn validity_is_in_whole_days_before_and_whole_seconds_after() {
    for (now, not_after, expected) in [
        (
            NOW,
            None,
            (datetime!(2026-11-14 0:00 UTC), datetime!(2031-11-21 0:00 UTC)),
        ),
        (
            datetime!(2028-02-29 12:00 UTC),
            None,
            (datetime!(2028-02-22 0:00 UTC), datetime!(2033-02-28 0:00 UTC)),
        ),
        (
            datetime!(2026-01-01 0:30 +1),
            None,
            (datetime!(2025-12-24 0:00 UTC), datetime!(2030-12-31 0:00 UTC)),
        ),
        (
            NOW,
            Some(datetime!(2060-01-01 1:02:03.9 +1)),
            (datetime!(2026-11-14 0:00 UTC), datetime!(2060-01-01 0:02:03 UTC)),
        ),
    ] {
        let validity = client_certificate_validity(not_after, now);
        assert_eq!((validity.not_before, validity.not_after), expected);
        let key = ClientKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let certificate = client_certificate(&rsa_server(), "x", &key, validity).unwrap();
        assert_eq!(certificate.validity(), validity);
    }
}

#[test]
fn a_server_key_that_is_not_rsa_issues_nothing() {
    let answer = issue(
        &server(&KeyPair::generate().unwrap()),
        "x",
        &ClientKey::generate(KeyAlgorithm::EcdsaP256).unwrap(),
    );
    assert!(matches!(answer, Err(IssuerError::ServerKeyNotRsa)), "{answer:?}");
}
