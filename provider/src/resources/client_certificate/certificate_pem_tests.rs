use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_ED25519, SignatureAlgorithm,
};
use time::macros::datetime;

use super::*;
use crate::testing::certificates::{LEAF, params};

fn made(algorithm: &'static SignatureAlgorithm, change: impl FnOnce(&mut CertificateParams)) -> String {
    let mut params = params("app");
    change(&mut params);
    let key = KeyPair::generate_for(algorithm).unwrap();
    params.self_signed(&key).unwrap().pem()
}

fn plain(change: impl FnOnce(&mut CertificateParams)) -> String {
    made(&PKCS_ECDSA_P256_SHA256, change)
}

fn openssl(arguments: &[&str]) -> String {
    crate::testing::certificates::openssl(&[&LEAF[..], arguments].concat())
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
        ("P-521", made(&PKCS_ECDSA_P521_SHA512, |_| {})),
        (
            "a CA of its own",
            plain(|p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
        ),
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
        params("app").serialize_request(&key).unwrap().pem().unwrap()
    };
    let key = KeyPair::generate().unwrap().serialize_pem();
    let two = plain(|_| {}) + &plain(|_| {});
    let ca = |name: &str| {
        plain(|p| {
            p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            p.distinguished_name.push(DnType::CommonName, name);
        })
    };
    for (case, pem, expected) in [
        (
            "a key beside it",
            plain(|_| {}) + &key,
            "Private key in certificate_pem",
        ),
        ("a key alone", key.clone(), "Private key in certificate_pem"),
        ("two certificates", two, "holds 2 certificates that are no chain"),
        (
            "a stranger's CA",
            plain(|_| {}) + &ca("Other CA"),
            "One of them belongs",
        ),
        ("a certificate request", request, "is a certificate request"),
        ("nothing", String::new(), "The text is empty"),
        ("a file name", "certs/app.crt".to_owned(), "looks like a file name"),
        ("base64 alone", "MIIB".repeat(100), "openssl x509 -inform DER"),
        (
            "a certificate of OpenSSL's own form",
            plain(|_| {}).replace(" CERTIFICATE", " TRUSTED CERTIFICATE"),
            "openssl x509 -in trusted.crt",
        ),
        (
            "PKCS#7 that is called a certificate",
            "-----BEGIN CERTIFICATE-----\nMIIC5QYJKoZIhvcNAQcCoIIC1jCCAtICAQExADALBgkqhkiG9w0BBwGgggK4MIIC\n-----END CERTIFICATE-----"
                .to_owned(),
            "openssl pkcs7 -inform DER",
        ),
        (
            "a broken block",
            plain(|_| {}).replace("MII", "!!!"),
            "is not a PEM certificate",
        ),
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
        (
            "SHA-1",
            openssl(&["-newkey", "rsa:2048", "-sha1"]),
            "is signed with RSA and SHA-1.",
        ),
        (
            "MD5",
            openssl(&["-newkey", "rsa:2048", "-md5"]),
            "is signed with RSA and MD5.",
        ),
    ] {
        let found = findings(&pem);
        assert!(found.iter().any(|text| text.contains(expected)), "{case}: {found:?}");
        assert!(
            !format!("{found:?}").contains("BEGIN PRIVATE KEY-----\n"),
            "{case} shows the key"
        );
    }
}

/// The form in which Vault, step-ca and cert-manager issue certificates.
#[test]
fn of_a_chain_the_client_certificate_is_taken() {
    let authority = |name: &str| {
        let mut authority = params(name);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority
    };
    let root = rcgen::CertifiedIssuer::self_signed(authority("Root"), KeyPair::generate().unwrap()).unwrap();
    let between = rcgen::CertifiedIssuer::signed_by(authority("Between"), KeyPair::generate().unwrap(), &root).unwrap();
    let leaf = params("app")
        .signed_by(&KeyPair::generate().unwrap(), &between)
        .unwrap()
        .pem();
    let alone = parse(&leaf).unwrap();
    let (root, between) = (root.pem(), between.pem());
    for chain in [
        format!("{leaf}{between}"),
        format!("{leaf}{between}{root}"),
        format!("{root}{between}{leaf}"),
        format!("{leaf}{leaf}{between}"),
    ] {
        assert_eq!(parse(&chain).unwrap(), alone);
    }
    // The one between is missing, so nothing says that the root is above.
    assert!(parse(&format!("{leaf}{root}")).is_err());
    assert_eq!(
        &*check(&parse(&between).unwrap())[0].summary,
        "Not a client certificate"
    );
}

#[test]
fn intermediate_of_a_chain_that_has_expired_is_warned_of() {
    let authority = |name: &str, year: i32| {
        let mut authority = params(name);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.not_after = rcgen::date_time_ymd(year, 6, 1);
        authority
    };
    let signed = |year: i32| {
        let root = rcgen::CertifiedIssuer::self_signed(authority("Root", 2026), KeyPair::generate().unwrap()).unwrap();
        let between = authority("Between", year);
        let between = rcgen::CertifiedIssuer::signed_by(between, KeyPair::generate().unwrap(), &root).unwrap();
        let leaf = params("app")
            .signed_by(&KeyPair::generate().unwrap(), &between)
            .unwrap();
        format!("{}{}{}", leaf.pem(), between.pem(), root.pem())
    };
    let now = datetime!(2026-07-01 0:00 UTC);
    assert_eq!(warn_of_chain(&signed(2027), now), [], "the root's dates do not count");
    let warnings = warn_of_chain(&signed(2026), now);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let expected = "The intermediate CN=Between has expired on 2026-06-01T00:00:00Z";
    assert!(warnings[0].detail.starts_with(expected), "{warnings:?}");
    assert_eq!(check_dates(&parse(&signed(2026)).unwrap(), now), None);
}

#[test]
fn what_is_registered_and_not_as_expected_is_warned_of() {
    let summaries = |pem: &str| -> Vec<String> {
        let certificate = parse(pem).unwrap();
        assert_eq!(check(&certificate), []);
        let warnings = warnings(&certificate).into_iter();
        warnings.map(|finding| finding.summary.into_owned()).collect()
    };
    assert_eq!(summaries(&plain(|_| {})), [""; 0]);
    assert_eq!(
        summaries(&plain(|p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))),
        ["Certificate says that it is an authority"]
    );
    let curve = openssl(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"]);
    assert_eq!(summaries(&curve), ["Key that can never log in"]);
    assert_eq!(
        summaries(&openssl(&["-newkey", "ed448"])),
        ["Key that can never log in"]
    );
    assert_eq!(
        summaries(&openssl(&["-newkey", "rsa-pss"])),
        ["Key that can never log in"]
    );
    let large = plain(|p| {
        p.subject_alt_names = (0..2_000)
            .map(|number| rcgen::SanType::DnsName(format!("n{number}.example").try_into().unwrap()))
            .collect();
    });
    assert_eq!(summaries(&large), ["Certificate that can never log in"]);
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
