//! The files of a generated certificate, read by OpenSSL.

use std::fs;
use std::io::{Cursor, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use certward_server::issuer::{IssuedCertificate, Issuer, KeyAlgorithm};
use secrecy::SecretString;
use zip::ZipArchive;

use crate::support::{NOW, has_openssl, openssl, run_openssl, server_certificate};

async fn issue(algorithm: KeyAlgorithm, name: &str, password: Option<&str>) -> IssuedCertificate {
    let password = password.map(|password| SecretString::from(password.to_owned()));
    Issuer::new(algorithm, 0)
        .issue(server_certificate(), name.to_owned(), None, password, NOW)
        .await
        .unwrap()
}

#[tokio::test]
async fn openssl_reads_the_pkcs12_file_without_its_legacy_provider() {
    if !has_openssl() {
        return;
    }
    for (password, wrong) in [("", "x"), ("s3cret", ""), ("pässwörd", "passwort")] {
        let issued = issue(KeyAlgorithm::Rsa2048, "reader", Some(password)).await;
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("c.pfx"), &*issued.pfx).unwrap();
        let pass = |password: &str| format!("pass:{password}");
        let read = ["pkcs12", "-in", "c.pfx", "-passin", &pass(password), "-nodes"];
        let text = openssl(directory.path(), &read);
        assert!(text.contains(&issued.certificate_pem), "{text}");
        assert!(text.contains("-----BEGIN PRIVATE KEY-----"), "{text}");
        let wrong = run_openssl(
            directory.path(),
            &["pkcs12", "-in", "c.pfx", "-passin", &pass(wrong), "-nodes"],
        );
        assert!(!wrong.status.success());
        let described = run_openssl(
            directory.path(),
            &["pkcs12", "-in", "c.pfx", "-passin", &pass(password), "-info", "-noout"],
        );
        let described = String::from_utf8(described.stderr).unwrap();
        assert!(
            described.contains("MAC: sha256") && described.contains("AES-256-CBC"),
            "{described}"
        );
    }
}

#[tokio::test]
async fn openssl_reads_key_and_certificate_and_they_belong_together() {
    if !has_openssl() {
        return;
    }
    for (algorithm, label) in [
        (KeyAlgorithm::Rsa2048, "RSA PRIVATE KEY"),
        (KeyAlgorithm::EcdsaP256, "EC PRIVATE KEY"),
    ] {
        let issued = issue(algorithm, "reader", None).await;
        assert!(
            issued
                .private_key_pem
                .starts_with(&format!("-----BEGIN {label}-----\n"))
        );
        assert!(issued.private_key_pem.ends_with(&format!("-----END {label}-----")));
        assert!(issued.certificate_pem.ends_with("-----END CERTIFICATE-----"));
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("c.crt"), &issued.certificate_pem).unwrap();
        fs::write(directory.path().join("c.key"), issued.private_key_pem.as_bytes()).unwrap();
        let of_key = openssl(directory.path(), &["pkey", "-in", "c.key", "-pubout"]);
        let of_certificate = openssl(directory.path(), &["x509", "-in", "c.crt", "-noout", "-pubkey"]);
        assert_eq!(of_key, of_certificate);
    }
}

#[tokio::test]
async fn openssl_sees_the_profile_of_the_real_server() {
    if !has_openssl() {
        return;
    }
    let issued = issue(KeyAlgorithm::Rsa2048, "a,CN=evil", None).await;
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("c.crt"), &issued.certificate_pem).unwrap();
    let text = openssl(directory.path(), &["x509", "-in", "c.crt", "-noout", "-text"]);
    for line in [
        "Version: 3 (0x2)",
        "Signature Algorithm: sha512WithRSAEncryption",
        "Issuer: CN = db.example",
        "Not Before: Nov 14 00:00:00 2026 GMT",
        "Not After : Nov 21 00:00:00 2031 GMT",
        "Subject: CN = \"a,CN=evil\"",
        "X509v3 Key Usage: \n                Digital Signature, Key Encipherment\n",
        "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in {text}");
    }
    for line in ["critical", "Basic Constraints", "Key Identifier", "Alternative Name"] {
        assert!(!text.contains(line), "{line:?} is in {text}");
    }
}

#[tokio::test]
async fn the_archive_holds_the_three_files_in_order_for_their_owner_only() {
    let issued = issue(KeyAlgorithm::EcdsaP256, "my \"cert\", 1", Some("secret")).await;
    let mut archive = ZipArchive::new(Cursor::new(issued.archive.as_slice())).unwrap();
    let names = ["my \"cert\", 1.pfx", "my \"cert\", 1.crt", "my \"cert\", 1.key"];
    let contents = [
        &*issued.pfx,
        issued.certificate_pem.as_bytes(),
        issued.private_key_pem.as_bytes(),
    ];
    assert_eq!(archive.len(), 3);
    for (place, (name, content)) in names.into_iter().zip(contents).enumerate() {
        let mut file = archive.by_index(place).unwrap();
        assert_eq!(file.name().unwrap(), name);
        assert_eq!(file.unix_mode(), Some(0o100_600));
        let mut read = Vec::new();
        file.read_to_end(&mut read).unwrap();
        assert_eq!(read, content);
    }
}

#[tokio::test]
async fn unzip_leaves_a_name_that_is_a_path_where_it_is_told_to() {
    let issued = issue(KeyAlgorithm::EcdsaP256, "../a/b", None).await;
    let directory = tempfile::tempdir().unwrap();
    let inside = directory.path().join("inside");
    fs::create_dir(&inside).unwrap();
    fs::write(directory.path().join("c.zip"), &*issued.archive).unwrap();
    let unzip = "import zipfile; zipfile.ZipFile('../c.zip').extractall('.')";
    assert!(
        Command::new("python3")
            .current_dir(&inside)
            .args(["-c", unzip])
            .status()
            .unwrap()
            .success()
    );
    let mut names: Vec<_> = fs::read_dir(&inside)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["___a_b.crt", "___a_b.key", "___a_b.pfx"]);
    assert!(fs::metadata(&inside).unwrap().permissions().mode() & 0o700 == 0o700);
}
