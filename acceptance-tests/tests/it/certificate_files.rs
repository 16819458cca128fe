//! One table of PKCS#12 files, read by the server and by the SDK with the same outcome.

use std::path::Path;
use std::process::Command;

use certward::pki::{Certificate, certificates_from_pem};
use certward::{Identity, SecretString};
use certward_server::certificate::{BundleError, CertificateBundle};
use certward_server::server_certificate::{ParseError, parse_server_certificate};

#[path = "../../../sdk/pki/src/archive/ber_form.rs"]
mod ber_form;

/// A folder with a CA and a certificate of it, each with its key.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 30 -subj /CN=ca",
            None,
        );
        folder.openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout a.key -out a.csr -subj /CN=a",
            None,
        );
        std::fs::write(folder.0.path().join("a.ext"), "basicConstraints=CA:FALSE\n").unwrap();
        folder.openssl(
            "x509 -req -in a.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out a.crt -days 30 -extfile a.ext",
            None,
        );
        folder
    }

    fn openssl(&self, arguments: &str, password: Option<&str>) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .args(
                password
                    .map(|password| format!("pass:{password}"))
                    .iter()
                    .flat_map(|pass| ["-passout", pass]),
            )
            .current_dir(self.0.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "openssl {arguments}: {output:?}");
    }

    fn export(&self, password: &str, options: &str) -> Vec<u8> {
        let arguments = "pkcs12 -export -in a.crt -inkey a.key -certfile ca.crt -out a.pfx";
        self.openssl(&format!("{arguments} {options}"), Some(password));
        std::fs::read(self.0.path().join("a.pfx")).unwrap()
    }

    fn certificate(&self, name: &str) -> Certificate {
        let text = std::fs::read_to_string(self.0.path().join(name)).unwrap();
        certificates_from_pem(&text).unwrap().remove(0)
    }
}

/// Results of server and SDK for a file: its certificates, the key's own first, or the error.
async fn outcomes(file: &[u8], password: &str) -> [Result<Vec<Vec<u8>>, String>; 2] {
    let secret = SecretString::from(password);
    let server = parse_server_certificate(file.to_vec(), Some(secret.clone())).await;
    let server = match server {
        Ok(read) => Ok([read.certificate().der().clone()]
            .iter()
            .chain(read.chain())
            .map(|der| der.to_vec())
            .collect()),
        Err(ParseError::Bundle(BundleError::Pkcs12(error))) => Err(error.to_string()),
        Err(error) => panic!("the server found something else: {error:?}"),
    };
    let sdk = match Identity::from_pkcs12(file, &secret) {
        Ok(identity) => Ok(identity.chain().iter().map(|read| read.der().to_vec()).collect()),
        Err(error) => {
            let report = error.report().to_string();
            let reason = report.strip_prefix("cannot read the PKCS#12 file: ");
            Err(reason.unwrap_or_else(|| panic!("{report}")).to_owned())
        }
    };
    [server, sdk]
}

#[tokio::test]
async fn server_and_sdk_read_the_same_pkcs12_files() {
    let folder = Folder::new();
    let expected = Ok(vec![
        folder.certificate("a.crt").der().to_vec(),
        folder.certificate("ca.crt").der().to_vec(),
    ]);
    for options in [
        "",
        "-legacy",
        "-legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES",
        "-legacy -certpbe PBE-SHA1-RC4-128 -keypbe PBE-SHA1-RC4-40",
        "-nomac",
        "-macalg sha224",
        "-macalg sha512",
        "-certpbe AES-128-CBC -keypbe AES-192-CBC",
        "-certpbe ARIA-256-CBC -keypbe CAMELLIA-256-CBC",
        "-certpbe NONE -keypbe NONE",
    ] {
        for password in ["", "pass word", "ü𐐀"] {
            let file = folder.export(password, options);
            for (form, file) in [("BER", ber_form::indefinite(&file, 100)), ("DER", file)] {
                for outcome in outcomes(&file, password).await {
                    assert_eq!(outcome, expected, "{options} {password:?} {form}");
                }
            }
        }
    }
    let plain = folder.export("", "-certpbe NONE -keypbe NONE -nomac");
    for outcome in outcomes(&ber_form::indefinite_throughout(&plain, 100), "").await {
        assert_eq!(outcome, expected, "BER throughout");
    }
}

#[tokio::test]
async fn server_and_sdk_refuse_the_same_pkcs12_files_for_the_same_reason() {
    let folder = Folder::new();
    let good = folder.export("x", "");
    let legacy_without_mac = "-legacy -nomac -certpbe PBE-SHA1-3DES";
    for (name, file, reason) in [
        ("another password", folder.export("y", ""), "the password is wrong, or"),
        (
            "another password, no MAC",
            folder.export("y", legacy_without_mac),
            "it cannot be decrypted with this password; it has no MAC",
        ),
        (
            "a cut file",
            good[..good.len() - 1].to_vec(),
            "the PKCS#12 file is damaged: the input ends inside an element",
        ),
        (
            "MD5",
            folder.export("x", "-legacy -certpbe PBE-MD5-DES"),
            "it uses encryption with MD5 and DES (1.2.840.113549.1.5.3)",
        ),
        (
            "a million and one",
            folder.export("x", "-iter 1000001"),
            "it asks for 1000001 iterations",
        ),
        (
            "nested",
            [&[0x30, 0x80, 2, 1, 3][..], &[0x30, 0x80].repeat(10_000)].concat(),
            "the PKCS#12 file is damaged: its elements are nested",
        ),
    ] {
        let [server, sdk] = outcomes(&file, "x").await;
        let (server, sdk) = (server.unwrap_err(), sdk.unwrap_err());
        assert!(server.starts_with(reason), "{name}: {server}");
        assert_eq!(server, sdk, "{name}");
    }
}

/// Made by hand with `pk12util` of NSS 3.87, and with `keytool` and the provider of Bouncy Castle 1.72.
#[tokio::test]
async fn files_of_nss_and_bouncy_castle_are_read() {
    for (name, password) in [
        ("nss.p12", "pässword 𐐀"),
        ("nss-legacy.p12", "x"),
        ("bouncy-castle.p12", "xxxxxx"),
    ] {
        let file = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("files").join(name)).unwrap();
        assert_eq!(file[..2], [0x30, 0x80], "{name} is BER");
        for outcome in outcomes(&file, password).await {
            assert_eq!(outcome.unwrap().len(), 1, "{name}");
        }
        for outcome in outcomes(&file, "wrong").await {
            assert!(outcome.unwrap_err().starts_with("the password is wrong"), "{name}");
        }
    }
}

#[tokio::test]
async fn pkcs7_in_ber_is_read_with_its_certificates_unchanged() {
    let folder = Folder::new();
    folder.openssl(
        "crl2pkcs7 -nocrl -certfile a.crt -certfile ca.crt -outform DER -out a.p7b",
        None,
    );
    let der = std::fs::read(folder.0.path().join("a.p7b")).unwrap();
    for file in [ber_form::indefinite(&der, 100), der] {
        let bundle = CertificateBundle::parse(file, None).await.unwrap();
        let [leaf] = bundle.end_entities() else {
            panic!("{bundle:?}")
        };
        assert_eq!(leaf.certificate, folder.certificate("a.crt"));
        assert_eq!(leaf.issuer_chain, [folder.certificate("ca.crt").der().clone()]);
    }
}
