use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P384_SHA384,
};
use time::macros::datetime;

use super::*;
use crate::testing::certificates::{self, pem};

const NOW: OffsetDateTime = datetime!(2026-11-21 0:00 UTC);

fn params() -> CertificateParams {
    let mut params = certificates::params("Team CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// The summaries of what is found in an authority of these parameters.
fn findings(change: impl FnOnce(&mut CertificateParams)) -> Vec<Diagnostic> {
    let mut params = params();
    change(&mut params);
    check("certificate_pem", &parse_one("certificate_pem", &pem(&params)).unwrap())
}

fn finding(text: &str) -> Diagnostic {
    let finding = parse_one("certificate_pem", text).unwrap_err();
    assert_eq!(finding.attribute, AttributePath::new("certificate_pem"));
    finding
}

#[test]
fn authorities_are_taken() {
    assert_eq!(findings(|_| {}), []);
    assert_eq!(
        findings(|params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign]),
        []
    );
    assert_eq!(
        findings(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
        []
    );
    let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let pem = params().self_signed(&key).unwrap().pem();
    assert_eq!(check("x", &parse_one("x", &pem).unwrap()), []);
}

#[test]
fn what_is_no_authority_is_refused_with_the_reason() {
    for (found, expected) in [
        (
            findings(|params| params.is_ca = IsCa::NoCa),
            "pass the certificate of the authority that issued it",
        ),
        (findings(|params| params.is_ca = IsCa::ExplicitNoCa), "CA:FALSE"),
        (
            findings(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]),
            "keyCertSign",
        ),
        (
            findings(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
            "clientAuth",
        ),
    ] {
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].detail.contains(expected), "{found:?}");
        assert!(found[0].detail.contains("Team CA"), "{found:?}");
    }
}

#[test]
fn texts_are_read_whatever_surrounds_the_block() {
    let pem = pem(&params());
    let certificate = parse_one("x", &pem).unwrap();
    for text in [
        pem.replace('\n', "\r\n"),
        format!("\u{feff}{pem}"),
        format!("subject=Team CA\n{pem}\n"),
        pem.trim_end().to_owned(),
    ] {
        assert_eq!(parse_one("x", &text).as_ref(), Ok(&certificate));
    }
    assert_eq!(parse_all("x", &format!("{pem}{pem}")).unwrap().len(), 2);
}

#[test]
fn private_key_is_found_and_never_repeated() {
    let key = KeyPair::generate().unwrap();
    let text = format!("{}{}", params().self_signed(&key).unwrap().pem(), key.serialize_pem());
    let found = finding(&text);
    assert_eq!(found.summary, "Private key in certificate_pem");
    let secret = key.serialize_pem().lines().nth(1).unwrap().to_owned();
    assert!(!format!("{found:?}").contains(&secret));
}

#[test]
fn other_texts_are_explained() {
    let pem = pem(&params());
    for (text, summary, expected) in [
        (
            pem.repeat(2),
            "Several certificates in certificate_pem",
            "2 certificates",
        ),
        (String::new(), "No certificate in certificate_pem", "empty"),
        (
            pem.replace("CERTIFICATE", "PKCS7"),
            "No certificate in certificate_pem",
            "openssl pkcs7 -print_certs",
        ),
        ("ca.crt".to_owned(), "No certificate in certificate_pem", "file name"),
        (
            "-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----".to_owned(),
            "No certificate in certificate_pem",
            "certificate request",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".to_owned(),
            "Unreadable certificate_pem",
            "not a PEM certificate",
        ),
    ] {
        let found = finding(&text);
        assert_eq!(found.summary, summary);
        assert!(found.detail.contains(expected), "{found:?}");
    }
}

#[test]
fn dates_are_judged_and_the_end_is_announced() {
    let certificate = parse_one("x", &pem(&params())).unwrap();
    let summary = |now, finding: fn(&'static str, &Certificate, OffsetDateTime) -> Option<Diagnostic>| {
        finding("x", &certificate, now).map(|finding| finding.summary.into_owned())
    };
    let expired = Some("Certificate has expired".to_owned());
    let ends = Some("Trusted authority is ending".to_owned());
    assert_eq!((summary(NOW, check_dates), summary(NOW, ending)), (None, None));
    let december = datetime!(2026-12-10 0:00 UTC);
    assert_eq!(
        (summary(december, check_dates), summary(december, ending)),
        (None, ends.clone())
    );
    let later = datetime!(2027-01-02 0:00 UTC);
    assert_eq!((summary(later, check_dates), summary(later, ending)), (expired, ends));
    let early = datetime!(2025-12-31 22:00 UTC);
    assert_eq!(
        summary(early, check_dates),
        Some("Certificate is not valid yet".to_owned())
    );
    assert_eq!(
        summary(datetime!(2025-12-31 23:30 UTC), check_dates),
        None,
        "clocks differ"
    );
}
