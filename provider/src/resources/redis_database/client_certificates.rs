//! The attribute `mtls.client_certificates_pem`: what clients chain to or show.

use std::collections::BTreeMap;

use certward::pki::{Certificate, PemError, PublicKey, Sha256Fingerprint, certificates_from_pem};
use certward::redis_enterprise::ClientCertificate;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};
use time::OffsetDateTime;

use crate::report::{chain, diagnostic};
use crate::values::certificate_name::called;
use crate::values::pem_form::other_form;
use crate::values::timestamp;

/// Certificates by what tells them apart: their DER.
pub(crate) type Members = BTreeMap<Sha256Fingerprint, Certificate>;

/// Errors in the texts, as far as they are known. No error repeats a text.
pub(crate) fn check(texts: &[Value<String>]) -> Vec<Diagnostic> {
    let texts = texts.iter().filter_map(Value::as_deref_option);
    let problems = texts.filter_map(|text| Some((text, certificates_from_pem(text).err()?)));
    problems
        .map(|(text, problem)| {
            let (summary, detail) = match (problem, other_form(text)) {
                (PemError::PrivateKeyFound { line }, _) => (
                    "Private key in client_certificates_pem",
                    format!(
                        "Line {line} of a text begins a private key. It would be written to the state and to plan files, \
                         and shown to everybody who may look at the database. Pass the certificate alone, for example \
                         file(\"ca.crt\"). Treat a key that has been in a plan or state file as known to others."
                    ),
                ),
                (_, Some(form)) => ("No certificate in client_certificates_pem", format!("A text {form}")),
                (PemError::NoCertificate, None) => (
                    "No certificate in client_certificates_pem",
                    "A text has no block that begins with -----BEGIN CERTIFICATE-----. Pass the text of the file, for \
                     example file(\"ca.crt\")."
                        .to_owned(),
                ),
                (problem, None) => (
                    "Unreadable client_certificates_pem",
                    format!(
                        "A text is not a PEM certificate: {}. Pass the text of the file, for example file(\"ca.crt\").",
                        chain(&problem)
                    ),
                ),
            };
            diagnostic(path(), summary, detail)
        })
        .collect()
}

/// The error about a certificate that comes in and has ended.
pub(crate) fn check_dates(certificate: &Certificate, now: OffsetDateTime) -> Option<Diagnostic> {
    let validity = certificate.validity();
    validity.is_over(now).then(|| {
        diagnostic(
            path(),
            "Certificate has expired",
            format!(
                "{} ended on {}. Pass the renewed certificate.",
                called(certificate),
                timestamp::format(validity.not_after)
            ),
        )
    })
}

/// A warning about a certificate that comes in and that no client is let in by while `allow_weak_hashing` is not true.
pub(crate) fn warn_of_weakness(certificate: &Certificate) -> Option<Diagnostic> {
    let short = match certificate.public_key() {
        PublicKey::Rsa { bits } if *bits < SMALLEST_RSA_KEY => Some(format!("has an RSA key of {bits} bits")),
        _ => None,
    };
    // A root's own signature proves nothing, so it does no harm when an old root made it with SHA-1.
    let is_root = certificate.is_ca() && certificate.is_self_issued();
    let weak = (certificate.signature_algorithm().is_weak() && !is_root)
        .then(|| format!("is signed with {}", certificate.signature_algorithm()));
    let problem = weak.or(short)?;
    Some(diagnostic(
        path(),
        "Weak certificate",
        format!(
            "{} {problem}, and allow_weak_hashing is not true, so the database lets in no client by it. Have it issued \
             again with SHA-256 and at least {SMALLEST_RSA_KEY} bits.",
            called(certificate)
        ),
    ))
}

/// The certificates of every text; `None` while one of them is not known, or cannot be read.
pub(crate) fn known(texts: &Value<Vec<Value<String>>>) -> Option<Members> {
    let mut known = Members::new();
    for text in texts.as_ref_option()? {
        known.append(&mut members(certificates_from_pem(text.as_deref_option()?).ok()?));
    }
    Some(known)
}

/// The certificates without repetitions.
pub(crate) fn members(certificates: impl IntoIterator<Item = Certificate>) -> Members {
    let certificates = certificates.into_iter();
    certificates
        .map(|certificate| (certificate.fingerprint(), certificate))
        .collect()
}

/// One text each, as the state has them.
pub(crate) fn to_value(members: &Members) -> Value<Vec<Value<String>>> {
    let texts = members.values().map(|certificate| Value::Value(certificate.to_pem()));
    Value::Value(texts.collect())
}

/// The same for a request.
pub(crate) fn to_cluster(members: &Members) -> Vec<ClientCertificate> {
    members.values().map(ClientCertificate::from).collect()
}

/// NIST SP 800-57 part 1 rev. 5, table 4.
const SMALLEST_RSA_KEY: u32 = 2048;

/// The path of `mtls`: Terraform shows the line of a nested attribute as a whole, and of nothing inside it.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("mtls")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::testing::certificates::{LEAF, certificate, openssl, params, pem};

    fn texts(texts: &[&str]) -> Value<Vec<Value<String>>> {
        Value::Value(texts.iter().map(|text| Value::Value((*text).to_owned())).collect())
    }

    #[test]
    fn certificates_are_compared_by_their_der() {
        let (one, two) = (pem(&params("one")), pem(&params("two")));
        let both = format!("# both\r\n{}{two}", one.replace('\n', "\r\n"));
        let members = known(&texts(&[&two, &one])).unwrap();
        assert_eq!(members.len(), 2);
        assert_eq!(known(&texts(&[&both, &one])), Some(members.clone()));
        assert_eq!(known(&to_value(&members)), Some(members.clone()));
        assert_eq!(known(&Value::Value(vec![Value::Unknown])), None);
        assert_eq!(to_cluster(&members).len(), 2);
    }

    #[test]
    fn keys_and_other_texts_are_refused_and_not_repeated() {
        let (certificate, key) = (pem(&params("one")), rcgen::KeyPair::generate().unwrap().serialize_pem());
        for (text, summary) in [
            (format!("{certificate}{key}"), "Private key in client_certificates_pem"),
            ("canary.crt".to_owned(), "No certificate in client_certificates_pem"),
            (
                certificate.replace(" CERTIFICATE", " TRUSTED CERTIFICATE"),
                "No certificate in client_certificates_pem",
            ),
        ] {
            let findings = check(&[Value::Value(text.clone()), Value::Value(certificate.clone())]);
            assert_eq!(findings.len(), 1);
            assert_eq!((&*findings[0].summary, &findings[0].attribute), (summary, &path()));
            assert!(!findings[0].detail.contains(&text));
        }
        assert_eq!(check(&[Value::Unknown, Value::Value(certificate)]), []);
    }

    #[test]
    fn certificate_that_has_ended_is_refused() {
        let one = certificate(&pem(&params("one")));
        assert_eq!(check_dates(&one, datetime!(2026-12-31 0:00 UTC)), None);
        let finding = check_dates(&one, datetime!(2027-01-02 0:00 UTC)).unwrap();
        assert!(finding.detail.contains("2027-01-01T00:00:00Z"), "{finding:?}");
    }

    #[test]
    fn weak_certificates_are_warned_of() {
        let made = |arguments: &[&str]| certificate(&openssl(arguments));
        for (arguments, expected) in [
            (
                &["-newkey", "rsa:2048", "-sha1"][..],
                Some("is signed with RSA and SHA-1"),
            ),
            (&["-newkey", "rsa:1024"], Some("an RSA key of 1024 bits")),
            (&["-newkey", "rsa:2048"], None),
        ] {
            let finding = warn_of_weakness(&made(&[arguments, &LEAF[..]].concat()));
            match expected {
                Some(expected) => assert!(finding.unwrap().detail.contains(expected)),
                None => assert_eq!(finding, None),
            }
        }
        assert_eq!(
            warn_of_weakness(&made(&["-newkey", "rsa:2048", "-sha1"])),
            None,
            "a root"
        );
    }
}
