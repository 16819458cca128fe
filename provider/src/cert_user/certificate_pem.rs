//! The attribute `certificate_pem`: a certificate whose subject is the user's.
//!
//! Nothing but its subject reaches the cluster, so dates, key and issuer are not looked at here: that is for the
//! cluster's trusted CA to vouch for at every login.

use certward::pki::{Certificate, DistinguishedName};
use tf_provider::Diagnostic;

use super::subject_line;
use crate::client_certificate::certificate_pem::parse as parse_certificate;
pub(crate) use crate::client_certificate::certificate_pem::path;
use crate::report::diagnostic;

/// The subject of the one certificate of the text. The error never repeats the text.
pub(crate) fn parse(text: &str) -> Result<DistinguishedName, Diagnostic> {
    let certificate = parse_certificate(text)?;
    if let Some(finding) = check(&certificate) {
        return Err(finding);
    }
    match subject_line::check(certificate.subject(), &path()) {
        Some(finding) => Err(finding),
        None => Ok(certificate.subject().clone()),
    }
}

fn check(certificate: &Certificate) -> Option<Diagnostic> {
    let subject = certificate.subject();
    let detail = if certificate.is_ca() {
        format!(
            "{subject} is the certificate of a certification authority, and no user logs in with one. Give the \
             certificate of the user; the authority belongs into certward_trusted_ca."
        )
    } else if certificate
        .extended_key_usage()
        .is_some_and(|usage| !usage.client_auth() && !usage.any())
    {
        format!(
            "{subject} is not meant for logging in: its extended key usage lacks clientAuth, and the cluster would \
             refuse it. Ask its issuer for a certificate with that purpose."
        )
    } else {
        return None;
    };
    Some(diagnostic(path(), "Not a client certificate", detail))
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};

    use super::*;

    fn params() -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CountryName, "US");
        params.distinguished_name.push(DnType::CommonName, "app");
        params
    }

    fn pem(params: &CertificateParams) -> String {
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn subject_of_the_certificate_is_taken() {
        let name = parse(&pem(&params())).unwrap();
        assert_eq!(subject_line::to_text(&name), "CN=app,C=US");
    }

    #[test]
    fn what_logs_nobody_in_is_refused() {
        let mut authority = params();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let mut server = params();
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let mut nameless = params();
        nameless.distinguished_name = rcgen::DistinguishedName::new();
        for (params, summary) in [
            (authority, "Not a client certificate"),
            (server, "Not a client certificate"),
            (nameless, "Unsuitable subject"),
        ] {
            let finding = parse(&pem(&params)).unwrap_err();
            assert_eq!((&*finding.summary, finding.attribute), (summary, path()));
        }
    }

    #[test]
    fn private_key_is_refused_and_not_repeated() {
        let key = KeyPair::generate().unwrap().serialize_pem();
        let finding = parse(&key).unwrap_err();
        assert_eq!(finding.summary, "Private key in certificate_pem");
        assert!(!finding.detail.contains(key.lines().nth(1).unwrap()));
    }
}
