use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_ED25519, SignatureAlgorithm,
};
use time::macros::datetime;

use super::*;

fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "app");
    params.not_before = datetime!(2026-01-01 0:00 UTC);
    params.not_after = datetime!(2027-01-01 0:00 UTC);
    params
}

fn made(algorithm: &'static SignatureAlgorithm, change: impl FnOnce(&mut CertificateParams)) -> String {
    let mut params = params();
    change(&mut params);
    let key = KeyPair::generate_for(algorithm).unwrap();
    params.self_signed(&key).unwrap().pem()
}

fn plain(change: impl FnOnce(&mut CertificateParams)) -> String {
    made(&PKCS_ECDSA_P256_SHA256, change)
}

/// For what rcgen does not make: short RSA keys and old signatures.
fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-nodes",
            "-subj",
            "/CN=app",
            "-keyout",
            "/dev/null",
            "-days",
            "30",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(arguments)
        .output()
        .expect("openssl is on the PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn findings(pem: &str) -> Vec<String> {
    match parse(pem) {
        Ok(certificate) => check(&certificate),
        Err(finding) => vec![finding],
    }
    .into_iter()
    .map(|finding| {
        assert_eq!(finding.attribute, path());
        format!("{}: {}", finding.summary, finding.detail)
    })
    .collect()
}

#[test]
fn client_certificates_are_taken() {
    for (case, pem) in [
        ("no extensions", plain(|_| {})),
        (
            "clientAuth",
            plain(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
        ),
        (
            "clientAuth and serverAuth",
            plain(|p| {
                p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            }),
        ),
        (
            "any purpose",
            plain(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]),
        ),
        (
            "digitalSignature",
            plain(|p| p.key_usages = vec![KeyUsagePurpose::DigitalSignature]),
        ),
        ("CA:FALSE", plain(|p| p.is_ca = IsCa::ExplicitNoCa)),
        ("P-384", made(&PKCS_ECDSA_P384_SHA384, |_| {})),
        ("Ed25519", made(&PKCS_ED25519, |_| {})),
        ("RSA-2048", openssl(&["-newkey", "rsa:2048"])),
    ] {
        assert_eq!(findings(&pem), Vec::<String>::new(), "{case}");
    }
}

#[test]
fn what_cannot_or_should_not_log_in_is_refused() {
    let request = {
        let key = KeyPair::generate().unwrap();
        params().serialize_request(&key).unwrap().pem().unwrap()
    };
    let key = KeyPair::generate().unwrap().serialize_pem();
    let two = plain(|_| {}) + &plain(|_| {});
    let ca = plain(|p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    for (case, pem, expected) in [
        (
            "a key beside it",
            plain(|_| {}) + &key,
            "Private key in certificate_pem",
        ),
        ("a key alone", key.clone(), "Private key in certificate_pem"),
        ("two certificates", two, "holds 2 certificates"),
        ("a chain", plain(|_| {}) + &ca, "leave the chain away"),
        ("a certificate request", request, "is a certificate request"),
        ("nothing", String::new(), "The text is empty"),
        ("a file name", "certs/app.crt".to_owned(), "looks like a file name"),
        ("base64 alone", "MIIB".repeat(100), "openssl x509 -inform DER"),
        (
            "a broken block",
            plain(|_| {}).replace("MII", "!!!"),
            "is not a PEM certificate",
        ),
        ("a CA", ca.clone(), "Not a client certificate"),
        ("a self-signed CA", ca, "CA:FALSE"),
        (
            "serverAuth only",
            plain(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
            "server certificate",
        ),
        (
            "another purpose only",
            plain(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning]),
            "other purposes",
        ),
        (
            "no digitalSignature",
            plain(|p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment]),
            "leaves out digitalSignature",
        ),
        ("RSA-1024", openssl(&["-newkey", "rsa:1024"]), "an RSA key of 1024 bits"),
        ("P-521", made(&PKCS_ECDSA_P521_SHA512, |_| {}), "ECDSA P-521"),
        ("SHA-1", openssl(&["-newkey", "rsa:2048", "-sha1"]), "Weak signature"),
        ("MD5", openssl(&["-newkey", "rsa:2048", "-md5"]), "Weak signature"),
    ] {
        let found = findings(&pem);
        assert!(found.iter().any(|text| text.contains(expected)), "{case}: {found:?}");
        assert!(
            !format!("{found:?}").contains("BEGIN PRIVATE KEY-----\n"),
            "{case} shows the key"
        );
    }
}

#[test]
fn several_faults_are_all_named() {
    let found = findings(&openssl(&[
        "-newkey",
        "rsa:1024",
        "-sha1",
        "-addext",
        "extendedKeyUsage=serverAuth",
        "-addext",
        "keyUsage=keyEncipherment",
    ]));
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn dates_decide_at_their_second() {
    let certificate = parse(&plain(|_| {})).unwrap();
    for (now, expected) in [
        (datetime!(2025-12-31 22:59:59 UTC), Some("Certificate is not valid yet")),
        (datetime!(2025-12-31 23:00:00 UTC), None),
        (datetime!(2026-06-01 0:00 UTC), None),
        (datetime!(2027-01-01 0:00:00 UTC), None),
        (datetime!(2027-01-01 0:00:01 UTC), Some("Certificate has expired")),
    ] {
        let finding = check_dates(&certificate, now);
        assert_eq!(finding.as_ref().map(|finding| &*finding.summary), expected, "{now}");
    }
}
