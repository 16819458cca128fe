//! The attribute `certificate_pem`: a certificate whose subject is the user's.
//!
//! Nothing but its subject reaches the cluster, so dates and issuer are not looked at here: that is for the cluster's
//! trusted CA to vouch for at every login. A certificate that can never log in is worth a warning: the user may have
//! another one with this subject.

use certward::pki::{Certificate, DistinguishedName, PublicKey};
use tf_provider::Diagnostic;

use super::subject_line;
pub(crate) use crate::client_certificate::certificate_pem::path;
use crate::client_certificate::certificate_pem::{LONGEST_IN_TLS, parse as parse_certificate};
use crate::report::diagnostic;

/// The subject of the one certificate of the text, or of the one that the others are the chain of. The error never repeats
/// the text.
pub(crate) fn parse(text: &str) -> Result<DistinguishedName, Diagnostic> {
    let certificate = parse_certificate(text)?;
    match subject_line::check(certificate.subject(), &path()) {
        Some(finding) => Err(finding),
        None => Ok(certificate.subject().clone()),
    }
}

/// Whether two texts hold the same certificate, whatever their line ends and the text around it.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one == other
        || match (parse_certificate(one), parse_certificate(other)) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        }
}

/// A warning about a certificate that nobody can log in with. The user may have another one of this subject. The text has
/// been checked by [`parse`].
pub(crate) fn warning(text: &str) -> Option<Diagnostic> {
    let certificate = parse_certificate(text).ok()?;
    let (summary, problem) = if let Some(problem) = key_problem(&certificate) {
        ("Key that can never log in", problem)
    } else {
        ("Certificate that can never log in", certificate_problem(&certificate)?)
    };
    Some(diagnostic(
        path(),
        summary,
        format!(
            "{} {problem}. The user is made, and nobody logs in with this certificate; one of the same subject that is \
             suitable needs no change here.",
            certificate.subject()
        ),
    ))
}

fn key_problem(certificate: &Certificate) -> Option<String> {
    match certificate.public_key() {
        PublicKey::Rsa { bits } if *bits < SMALLEST_RSA_KEY => Some(format!(
            "has an RSA key of {bits} bits, which is too short: {SMALLEST_RSA_KEY} bits are the least"
        )),
        PublicKey::Rsa { .. }
        | PublicKey::EcdsaP256
        | PublicKey::EcdsaP384
        | PublicKey::EcdsaP521
        | PublicKey::Ed25519 => None,
        other => Some(format!(
            "has a key of the kind {other}, with which no TLS handshake is made"
        )),
    }
}

fn certificate_problem(certificate: &Certificate) -> Option<String> {
    let purpose = certificate.extended_key_usage();
    if certificate.is_ca() {
        Some("is the certificate of a certification authority, which belongs into certward_trusted_ca".to_owned())
    } else if certificate.version() < 3 {
        Some(
            "is of X.509 version 1, which \"openssl x509 -req\" makes without -extfile, and cannot say that it is for \
             clients (clientAuth)"
                .to_owned(),
        )
    } else if certificate.der().len() > LONGEST_IN_TLS {
        Some(format!(
            "has more than {LONGEST_IN_TLS} bytes, which TLS libraries do not take in a handshake"
        ))
    } else {
        match purpose {
            Some(purpose) if purpose.client_auth() => None,
            Some(purpose) if purpose.any() => Some(
                "has the extended key usage anyExtendedKeyUsage, and the cluster asks for clientAuth by name"
                    .to_owned(),
            ),
            Some(_) => Some("has an extended key usage without clientAuth".to_owned()),
            None => Some("has no extended key usage, and the cluster asks for clientAuth".to_owned()),
        }
    }
}

/// What TLS libraries check signatures with.
const SMALLEST_RSA_KEY: u32 = 2048;

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
    fn a_key_that_can_never_log_in_is_warned_of_by_its_name() {
        for (text, name) in [(SECP256K1, "ECDSA secp256k1"), (RSA_PSS, "RSA-PSS")] {
            parse(text).unwrap();
            let finding = warning(text).unwrap();
            assert_eq!(
                (&*finding.summary, finding.attribute),
                ("Key that can never log in", path())
            );
            assert!(finding.detail.contains(name), "{}", finding.detail);
        }
    }

    /// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:secp256k1`, for `CN=app`.
    const SECP256K1: &str = "\
-----BEGIN CERTIFICATE-----
MIIBgDCCASagAwIBAgIUZghd5Gr4zVBeHxskwj7wVFzi578wCgYIKoZIzj0EAwIw
DjEMMAoGA1UEAwwDYXBwMB4XDTI2MTEzMDA5NDc0NVoXDTM2MTEyNzA5NDc0NVow
DjEMMAoGA1UEAwwDYXBwMFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE9uKkPqIZytmQ
59TYMiKflPadSgCLs/INZTf4Qb1wPEvHbed7JCm0w34Osyj4nalCU16oysCi2A0r
qJOkyMk09aNlMGMwHQYDVR0OBBYEFDx3dHZKNTrXKHiwBZ9PqU1dJxr4MB8GA1Ud
IwQYMBaAFDx3dHZKNTrXKHiwBZ9PqU1dJxr4MAwGA1UdEwEB/wQCMAAwEwYDVR0l
BAwwCgYIKwYBBQUHAwIwCgYIKoZIzj0EAwIDSAAwRQIgUL+1AkbrmIDyELw5CRE+
Yu5dV9kFGTdlkN037LUR3bcCIQD7BDw2gSa8OWKjRw5A5qKXHm94KTXWjsO5EMiE
cnim7A==
-----END CERTIFICATE-----
";
    /// `openssl req -x509 -newkey rsa-pss`.
    const RSA_PSS: &str = "\
-----BEGIN CERTIFICATE-----
MIIDdzCCAiqgAwIBAgIUOOk+qL09LRg5oippii0ROxP2I1gwQgYJKoZIhvcNAQEK
MDWgDzANBglghkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEF
AKIEAgIA3jAOMQwwCgYDVQQDDANhcHAwHhcNMjYxMTMwMDk0NzQ2WhcNMzYxMTI3
MDk0NzQ2WjAOMQwwCgYDVQQDDANhcHAwggEgMAsGCSqGSIb3DQEBCgOCAQ8AMIIB
CgKCAQEAwwcq9B+4oorWtnoAY0j6Ayj8rF0m8YmCV67mOD3SHHc2OJXnjD3X75Ki
UGAHjnOYjzjzEtUG17CLuT6i59kFarsNSuQHD+V7x6lgRvNDPsn+bL64tM2YfUKb
lWNQx54ZszsT4D5rYNcEbpSNySZTiDcKHo/hZ9DeFkv0vuTxjAJ+GatBjUZJ2OZp
wmO9P0BIizo9+C1xCv18cuE47zihsgG8OTVoimX4qeSyoQHRZFiD5p81+6Z2kdu5
wog7mq68Y9QEX4dJaOUUt82sXdGvxGPz+93Ay3KYKASA0McSHVc6WjzzezicUrGc
/nMFmiGlQhkTeELZ8iI1QCS3dHGQ1QIDAQABo2UwYzAdBgNVHQ4EFgQUduqacC1b
KIpWDBYLY7PlyRNCxs8wHwYDVR0jBBgwFoAUduqacC1bKIpWDBYLY7PlyRNCxs8w
DAYDVR0TAQH/BAIwADATBgNVHSUEDDAKBggrBgEFBQcDAjBCBgkqhkiG9w0BAQow
NaAPMA0GCWCGSAFlAwQCAQUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAQUA
ogQCAgDeA4IBAQAQrmNTt+ofgcPyUbABKOsjuNhRpdT+v/mgMT4koZL5saeDdhZd
z8myC6ztGiofUsviVylUWPM/4z42N5hpZEkd6UFdazo8oLCGbrGYe3dC0mMrqlM/
sCfEfkMjmp+t6j6V4La9Z58mDP7YGCXtPO4/i+TNgzhzKfPbpNSBLUXS1U9aXrgA
lzA9a4ygujGR1wmycf6qgNf2y4qYeGogT+zweBeAOEhsetQBxU+ZXazznf5pQVA6
xRTpa0mu2SsknpG2OLPLNaWk8p5aWrki9s7cu4S9TtUNS8izxDIkUuGzrNNR8IpB
RDmlAe/Jd8cyvhD3kV73Lul+i+IX0VDOn3My
-----END CERTIFICATE-----
";

    #[test]
    fn a_certificate_that_logs_nobody_in_is_warned_of_with_the_reason() {
        let purposes = |purposes: &[ExtendedKeyUsagePurpose]| {
            let mut params = params();
            params.extended_key_usages = purposes.to_vec();
            params
        };
        let mut authority = params();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        for (params, expected) in [
            (authority, "certification authority"),
            (purposes(&[ExtendedKeyUsagePurpose::ServerAuth]), "without clientAuth"),
            (purposes(&[ExtendedKeyUsagePurpose::Any]), "anyExtendedKeyUsage"),
            (purposes(&[]), "has no extended key usage"),
        ] {
            let text = pem(&params);
            parse(&text).unwrap();
            let finding = warning(&text).unwrap();
            assert_eq!(finding.attribute, path());
            assert!(finding.detail.contains(expected), "{finding:?}");
        }
        let good = purposes(&[ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth]);
        assert_eq!(warning(&pem(&good)), None);
    }

    #[test]
    fn a_certificate_without_a_subject_is_refused() {
        let mut nameless = params();
        nameless.distinguished_name = rcgen::DistinguishedName::new();
        let finding = parse(&pem(&nameless)).unwrap_err();
        assert_eq!((&*finding.summary, finding.attribute), ("Unsuitable subject", path()));
    }

    #[test]
    fn line_ends_make_no_other_certificate() {
        let text = pem(&params());
        assert!(same(&text, &format!("app\r\n{}", text.replace('\n', "\r\n"))));
        assert!(!same(&text, &pem(&params())));
    }

    #[test]
    fn private_key_is_refused_and_not_repeated() {
        let key = KeyPair::generate().unwrap().serialize_pem();
        let finding = parse(&key).unwrap_err();
        assert_eq!(finding.summary, "Private key in certificate_pem");
        assert!(!finding.detail.contains(key.lines().nth(1).unwrap()));
    }
}
