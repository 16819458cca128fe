//! Certificates in every format that people hand in, made by OpenSSL.

use std::fs;
use std::path::Path;

use certward_pki::{Certificate, ErrorChain, Thumbprint, certificates_from_pem};
use certward_server::certificate::{BundleError, CertificateBundle};
use certward_server::server_certificate::{ParseError, parse_server_certificate};
use secrecy::SecretString;

use crate::support::{has_openssl, openssl};

/// A directory with `a.crt`/`a.key` and `b.crt`/`b.key` (self-signed), a CA `ca.crt`, and `leaf.crt`/`leaf.key` from it.
fn pki() -> Option<tempfile::TempDir> {
    if !has_openssl() {
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let run = |arguments: &str| openssl(directory.path(), &arguments.split(' ').collect::<Vec<_>>());
    for name in ["a", "b", "ca"] {
        run(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.crt -days 30 -subj /CN={name}"
        ));
    }
    run("req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=leaf");
    fs::write(directory.path().join("leaf.ext"), "basicConstraints=CA:FALSE\n").unwrap();
    run("x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out leaf.crt -days 30 -extfile leaf.ext");
    Some(directory)
}

fn pem(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

fn certificate(directory: &Path, name: &str) -> Certificate {
    certificates_from_pem(&pem(directory, name)).unwrap().remove(0)
}

fn thumbprint(directory: &Path, name: &str) -> Thumbprint {
    certificate(directory, name).thumbprint()
}

fn secret(text: &str) -> Option<SecretString> {
    Some(SecretString::from(text.to_owned()))
}

async fn thumbprints(file: impl Into<Vec<u8>>, password: Option<SecretString>) -> Vec<Thumbprint> {
    let bundle = CertificateBundle::parse(file.into(), password).await.unwrap();
    bundle
        .end_entities()
        .iter()
        .map(|end_entity| end_entity.certificate.thumbprint())
        .collect()
}

#[tokio::test]
async fn der_and_pem_are_read_and_keys_in_the_text_are_passed_over() {
    let Some(directory) = pki() else { return };
    let directory = directory.path();
    let a = thumbprint(directory, "a.crt");
    assert_eq!(
        thumbprints(certificate(directory, "a.crt").der().to_vec(), None).await,
        [a]
    );
    assert_eq!(thumbprints(pem(directory, "a.crt"), None).await, [a]);
    let with_key = format!(
        "{}{}",
        pem(directory, "a.key"),
        pem(directory, "a.crt").replace('\n', "\r\n")
    );
    assert_eq!(thumbprints(with_key, None).await, [a]);
    let twice = format!("{0}{0}", pem(directory, "a.crt"));
    assert_eq!(thumbprints(twice, None).await, [a]);
}

#[tokio::test]
async fn two_leaves_keep_their_order_and_an_issuer_goes_into_the_chain() {
    let Some(directory) = pki() else { return };
    let directory = directory.path();
    let (a, b, leaf) = (
        thumbprint(directory, "a.crt"),
        thumbprint(directory, "b.crt"),
        thumbprint(directory, "leaf.crt"),
    );
    for (first, second) in [("a.crt", "b.crt"), ("b.crt", "a.crt")] {
        let both = format!("{}{}", pem(directory, first), pem(directory, second));
        assert_eq!(
            thumbprints(both, None).await,
            [thumbprint(directory, first), thumbprint(directory, second)]
        );
    }
    let chain = format!(
        "{}{}{}",
        pem(directory, "ca.crt"),
        pem(directory, "leaf.crt"),
        pem(directory, "a.crt")
    );
    let bundle = CertificateBundle::parse(chain.into_bytes(), None).await.unwrap();
    let [first, second] = bundle.end_entities() else {
        panic!("{bundle:?}")
    };
    assert_eq!(
        [first.certificate.thumbprint(), second.certificate.thumbprint()],
        [leaf, a]
    );
    assert_eq!(first.issuer_chain, [certificate(directory, "ca.crt").der().clone()]);
    assert!(second.issuer_chain.is_empty());
    assert_ne!(a, b);
}

#[tokio::test]
async fn every_pkcs12_encryption_of_openssl_is_read() {
    let Some(directory) = pki() else { return };
    let directory = directory.path();
    let leaf = thumbprint(directory, "leaf.crt");
    let export = "pkcs12 -export -inkey leaf.key -in leaf.crt -certfile ca.crt -out f.pfx -passout";
    for password in ["", "pass word ü"] {
        for options in [
            &[][..],
            &["-legacy"],
            &["-legacy", "-certpbe", "PBE-SHA1-3DES"],
            &["-legacy", "-certpbe", "PBE-SHA1-RC2-128"],
            &["-certpbe", "AES-128-CBC", "-keypbe", "AES-192-CBC", "-macalg", "sha512"],
            &["-certpbe", "NONE", "-keypbe", "NONE", "-macalg", "sha384"],
            &["-nomac"],
            &["-iter", "20000"],
        ] {
            let pass = format!("pass:{password}");
            let mut arguments: Vec<&str> = export.split(' ').collect();
            arguments.push(&pass);
            arguments.extend(options);
            openssl(directory, &arguments);
            let file = fs::read(directory.join("f.pfx")).unwrap();
            assert_eq!(
                thumbprints(file.clone(), secret(password)).await,
                [leaf],
                "{password:?} {options:?}"
            );
            let loaded = parse_server_certificate(file.clone(), secret(password)).await.unwrap();
            assert_eq!(loaded.certificate().thumbprint(), leaf);
            assert_eq!(loaded.chain(), [certificate(directory, "ca.crt").der().clone()]);
            let opened = CertificateBundle::parse(file, secret("wrong")).await;
            // Without a MAC, OpenSSL leaves the certificates in the clear, and any password opens them.
            let in_the_clear = options == ["-nomac"];
            assert!(
                in_the_clear || matches!(opened, Err(BundleError::Pkcs12(_))),
                "{password:?} {options:?}: {opened:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_pkcs12_file_without_a_key_is_a_bundle_and_no_server_certificate() {
    let Some(directory) = pki() else { return };
    let directory = directory.path();
    openssl(
        directory,
        &[
            "pkcs12", "-export", "-nokeys", "-in", "a.crt", "-out", "f.pfx", "-passout", "pass:",
        ],
    );
    let file = fs::read(directory.join("f.pfx")).unwrap();
    assert_eq!(thumbprints(file.clone(), None).await, [thumbprint(directory, "a.crt")]);
    let error = parse_server_certificate(file, None).await.unwrap_err();
    assert!(matches!(error, ParseError::PrivateKeys { count: 0 }), "{error:?}");
}

#[tokio::test]
async fn of_a_pkcs12_file_the_last_certificate_is_the_first() {
    let Some(directory) = pki() else { return };
    let directory = directory.path();
    let both = format!("{}{}", pem(directory, "a.crt"), pem(directory, "b.crt"));
    fs::write(directory.join("both.crt"), both).unwrap();
    let export = "pkcs12 -export -nokeys -in both.crt -out f.pfx -passout pass:";
    openssl(directory, &export.split(' ').collect::<Vec<_>>());
    assert_eq!(
        thumbprints(fs::read(directory.join("f.pfx")).unwrap(), None).await,
        [thumbprint(directory, "b.crt"), thumbprint(directory, "a.crt")]
    );
}

#[tokio::test]
async fn an_iteration_count_above_a_million_is_refused_before_it_is_spent() {
    let Some(directory) = pki() else { return };
    let directory = directory.path();
    // In the MAC, in PBES2 and in the older scheme; with `-nomaciter`, the count of the MAC is 1.
    for options in [
        &["-iter", "1000001"][..],
        &["-iter", "1000001", "-nomaciter"],
        &["-legacy", "-iter", "1000001", "-nomaciter"],
    ] {
        let export = "pkcs12 -export -inkey a.key -in a.crt -out f.pfx -passout pass:x";
        openssl(
            directory,
            &[&export.split(' ').collect::<Vec<_>>()[..], options].concat(),
        );
        let file = fs::read(directory.join("f.pfx")).unwrap();
        let error = CertificateBundle::parse(file, secret("x")).await.unwrap_err();
        let BundleError::Pkcs12(cause) = error else {
            panic!("{error:?}")
        };
        assert_eq!(
            cause.to_string(),
            "it asks for 1000001 iterations of a key derivation; 1 to 1000000 are allowed"
        );
    }
}

#[tokio::test]
async fn pkcs7_is_read_in_der_and_in_pem() {
    let Some(directory) = pki() else { return };
    let directory = directory.path();
    for form in ["DER", "PEM"] {
        let arguments = "crl2pkcs7 -nocrl -certfile leaf.crt -certfile ca.crt -out f.p7b -outform";
        openssl(
            directory,
            &[&arguments.split(' ').collect::<Vec<_>>()[..], &[form]].concat(),
        );
        let file = fs::read(directory.join("f.p7b")).unwrap();
        let bundle = CertificateBundle::parse(file, None).await.unwrap();
        let [leaf] = bundle.end_entities() else {
            panic!("{bundle:?}")
        };
        assert_eq!(leaf.certificate.thumbprint(), thumbprint(directory, "leaf.crt"));
        assert_eq!(leaf.issuer_chain.len(), 1);
    }
}

#[tokio::test]
async fn a_server_certificate_in_pem_comes_with_its_own_key() {
    let Some(directory) = pki() else { return };
    let directory = directory.path();
    // The issuer first, as some tools write it.
    let file = format!(
        "{}{}{}",
        pem(directory, "ca.crt"),
        pem(directory, "leaf.crt"),
        pem(directory, "leaf.key")
    );
    let loaded = parse_server_certificate(file.into_bytes(), None).await.unwrap();
    assert_eq!(loaded.certificate().thumbprint(), thumbprint(directory, "leaf.crt"));
    let strangers = format!("{}{}", pem(directory, "leaf.crt"), pem(directory, "a.key"));
    let error = parse_server_certificate(strangers.into_bytes(), None)
        .await
        .unwrap_err();
    assert!(matches!(error, ParseError::Unusable(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_no_certificate_is_refused() {
    for (file, expected) in [
        (&b""[..], "it is neither a DER certificate nor PEM, PKCS#7 or PKCS#12"),
        (
            b"this is not a certificate",
            "it is neither a DER certificate nor PEM, PKCS#7 or PKCS#12",
        ),
        (b"-----BEGIN CERTIFICATE-----\nAAAA", "its PEM text is broken"),
        (
            b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----",
            "its PEM text is broken",
        ),
        (b"-----BEGIN X-----\nAAAA\n-----END X-----", "it holds no certificate"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "certificate 1 in it is not readable",
        ),
        (b"\x30\x03\x02\x01\x03", "it cannot be read as PKCS#12"),
    ] {
        let error = CertificateBundle::parse(file.to_vec(), None).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn a_time_in_another_form_than_rfc_5280_allows_is_named() {
    let certificate = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).unwrap();
    let mut der = certificate.cert.der().to_vec();
    let utc_time = [0x17, 13];
    let place = der.windows(2).position(|two| two == utc_time).unwrap();
    assert_eq!(der[place + 14], b'Z');
    der[place + 14] = b'0';
    let error = CertificateBundle::parse(der, None).await.unwrap_err();
    let told = ErrorChain::new(&error).to_string();
    assert!(
        told.contains("the validity of the certificate") && told.contains("a time has no Z at its end"),
        "{told}"
    );
}
