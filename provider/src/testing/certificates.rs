//! Certificates for tests.

use std::process::Command;

use certward::pki::{Certificate, certificates_from_pem};
use rcgen::{CertificateParams, DnType, KeyPair};
use time::macros::datetime;

/// A certificate of 2026 for this common name and nothing else.
pub(crate) fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = datetime!(2026-01-01 0:00 UTC);
    params.not_after = datetime!(2027-01-01 0:00 UTC);
    params
}

/// A certificate that has signed itself, with a new key.
pub(crate) fn pem(params: &CertificateParams) -> String {
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}

/// The one certificate of a text.
pub(crate) fn certificate(pem: &str) -> Certificate {
    certificates_from_pem(pem).unwrap().remove(0)
}

/// A self-signed certificate of `openssl req`, for what rcgen does not make: short RSA keys and old signatures.
pub(crate) fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(["req", "-x509", "-nodes", "-subj", "/CN=app", "-keyout", "/dev/null"])
        .args(["-days", "30"])
        .args(arguments)
        .output()
        .expect("openssl is on the PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// For [`openssl`]: no authority.
pub(crate) const LEAF: [&str; 2] = ["-addext", "basicConstraints=critical,CA:FALSE"];
