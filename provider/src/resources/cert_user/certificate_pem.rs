//! The attribute `certificate_pem`: a certificate whose subject is the user's.
//!
//! Nothing but its subject reaches the cluster, so dates and issuer are not looked at here: that is for the cluster's
//! trusted CA to vouch for at every login. A certificate that can never log in is worth a warning: the user may have
//! another one with this subject.

use certward::pki::DistinguishedName;
use tf_provider::Diagnostic;

use super::{fitness, subject_line};
use crate::resources::client_certificate::certificate_pem::parse as parse_certificate;
pub(crate) use crate::resources::client_certificate::certificate_pem::{path, same};

/// The subject of the one certificate of the text, or of the one that the others are the chain of. The error never repeats
/// the text.
pub(crate) fn parse(text: &str) -> Result<DistinguishedName, Diagnostic> {
    let certificate = parse_certificate(text)?;
    match subject_line::check(certificate.subject(), &path()) {
        Some(finding) => Err(finding),
        None => Ok(certificate.subject().clone()),
    }
}

/// A warning about a certificate that nobody can log in with. The text has been checked by [`parse`].
pub(crate) fn warning(text: &str) -> Option<Diagnostic> {
    fitness::warning(&parse_certificate(text).ok()?)
}

#[cfg(test)]
mod tests {
    use rcgen::{DnType, KeyPair};
    use tf_provider::value::Value;

    use super::*;
    use crate::testing::certificates::{params, pem};

    #[test]
    fn subject_of_the_certificate_is_taken() {
        let mut of_a_country = params("app");
        of_a_country.distinguished_name = rcgen::DistinguishedName::new();
        of_a_country.distinguished_name.push(DnType::CountryName, "US");
        of_a_country.distinguished_name.push(DnType::CommonName, "app");
        let name = parse(&pem(&of_a_country)).unwrap();
        assert_eq!(subject_line::to_text(&name), "CN=app,C=US");
    }

    #[test]
    fn a_certificate_without_a_subject_is_refused() {
        let mut nameless = params("app");
        nameless.distinguished_name = rcgen::DistinguishedName::new();
        let finding = parse(&pem(&nameless)).unwrap_err();
        assert_eq!((&*finding.summary, finding.attribute), ("Unsuitable subject", path()));
    }

    #[test]
    fn line_ends_make_no_other_certificate() {
        let text = pem(&params("app"));
        let value = |text: &str| Value::Value(text.to_owned());
        assert!(same(
            &value(&text),
            &value(&format!("app\r\n{}", text.replace('\n', "\r\n")))
        ));
        assert!(!same(&value(&text), &value(&pem(&params("app")))));
    }

    #[test]
    fn private_key_is_refused_and_not_repeated() {
        let key = KeyPair::generate().unwrap().serialize_pem();
        let finding = parse(&key).unwrap_err();
        assert_eq!(finding.summary, "Private key in certificate_pem");
        assert!(!finding.detail.contains(key.lines().nth(1).unwrap()));
    }
}
