//! The attribute `mtls.client_certificates_pem`: what clients chain to or show.

use std::collections::BTreeMap;

use certward::pki::{Certificate, PemError, Sha256Fingerprint, certificates_from_pem};
use certward::redis_enterprise::ClientCertificate;
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};
use time::OffsetDateTime;

use crate::report::{chain, diagnostic};
use crate::timestamp;
use crate::trust::ca_certificate::called;

/// Certificates by what tells them apart: their DER.
pub(crate) type Members = BTreeMap<Sha256Fingerprint, Certificate>;

/// What is wrong with the texts, as far as they are known. No finding repeats a text.
pub(crate) fn check(texts: &[Value<String>]) -> Vec<Diagnostic> {
    let texts = texts.iter().filter_map(Value::as_deref_option);
    let problems = texts.filter_map(|text| certificates_from_pem(text).err());
    problems
        .map(|problem| {
            let (summary, detail) = match problem {
                PemError::PrivateKeyFound { line } => (
                    "Private key in client_certificates_pem",
                    format!(
                        "Line {line} of a text begins a private key. It would be written to the state and to plan files, \
                         and shown to everybody who may look at the database. Pass the certificate alone, for example \
                         file(\"ca.crt\"). Treat a key that has been in a plan or state file as known to others."
                    ),
                ),
                PemError::NoCertificate => (
                    "No certificate in client_certificates_pem",
                    "A text has no block that begins with -----BEGIN CERTIFICATE-----. Pass the text of the file, for \
                     example file(\"ca.crt\")."
                        .to_owned(),
                ),
                problem => (
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

/// The path of `mtls`: Terraform shows the line of a nested attribute as a whole, and of nothing inside it.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("mtls")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn made(name: &str) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.not_before = datetime!(2026-01-01 0:00 UTC);
        params.not_after = datetime!(2026-06-01 0:00 UTC);
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn texts(texts: &[&str]) -> Value<Vec<Value<String>>> {
        Value::Value(texts.iter().map(|text| Value::Value((*text).to_owned())).collect())
    }

    #[test]
    fn certificates_are_compared_by_their_der() {
        let ((one, _), (two, _)) = (made("one"), made("two"));
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
        let (certificate, key) = made("one");
        for (text, summary) in [
            (format!("{certificate}{key}"), "Private key in client_certificates_pem"),
            ("canary.crt".to_owned(), "No certificate in client_certificates_pem"),
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
        let certificate = &certificates_from_pem(&made("one").0).unwrap()[0];
        assert_eq!(check_dates(certificate, datetime!(2026-05-31 0:00 UTC)), None);
        let finding = check_dates(certificate, datetime!(2026-06-02 0:00 UTC)).unwrap();
        assert!(finding.detail.contains("2026-06-01T00:00:00Z"), "{finding:?}");
    }
}
