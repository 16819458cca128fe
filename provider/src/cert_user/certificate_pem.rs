//! The attribute `certificate_pem`: a certificate whose subject is the user's.
//!
//! Nothing but its subject reaches the cluster, so dates and issuer are not looked at here: that is for the cluster's
//! trusted CA to vouch for at every login. A key that can never log in is worth a warning: the user may have another
//! certificate with this subject.

use certward::pki::{Certificate, DistinguishedName, PublicKey};
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

/// A warning about a certificate whose key no TLS handshake takes. The text has been checked by [`parse`].
pub(crate) fn warning(text: &str) -> Option<Diagnostic> {
    let certificate = parse_certificate(text).ok()?;
    let problem = match certificate.public_key() {
        PublicKey::Rsa { bits } if *bits < SMALLEST_RSA_KEY => {
            format!("has an RSA key of {bits} bits, which is too short")
        }
        PublicKey::Rsa { .. }
        | PublicKey::EcdsaP256
        | PublicKey::EcdsaP384
        | PublicKey::EcdsaP521
        | PublicKey::Ed25519 => return None,
        other => format!("has a key of the kind {other}, with which no TLS handshake is made"),
    };
    Some(diagnostic(
        path(),
        "Key that can never log in",
        format!(
            "{} {problem}. The user is made, and nobody logs in with this certificate. Have one issued with RSA of at \
             least {SMALLEST_RSA_KEY} bits, ECDSA on P-256, P-384 or P-521, or Ed25519.",
            certificate.subject()
        ),
    ))
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
        assert_eq!(warning(&pem(&params())), None);
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
