//! Checks of a user's certificate that need only the certificate itself: can it be used to log in?

use certward::pki::{Certificate, PublicKey, SignatureAlgorithm};
use tf_provider::Diagnostic;

use crate::report::diagnostic;
use crate::resources::client_certificate::certificate_pem::{LONGEST_IN_TLS, path};

/// A warning about a certificate that nobody can log in with. The user may have another one of this subject.
pub(crate) fn warning(certificate: &Certificate) -> Option<Diagnostic> {
    let Problem {
        summary,
        text,
        admitted_by,
    } = key_problem(certificate).or_else(|| certificate_problem(certificate))?;
    let exception = admitted_by.map_or_else(String::new, |setting| {
        format!(", but to databases with mtls.{setting} = true")
    });
    Some(diagnostic(
        path(),
        summary,
        format!(
            "{} {text}. The user is made, and nobody logs in with this certificate{exception}; one of the same subject that \
             is suitable needs no change here.",
            certificate.subject()
        ),
    ))
}

/// A fault because of which a certificate cannot be used to log in.
struct Problem {
    summary: &'static str,
    text: String,
    /// The database setting that admits it nevertheless.
    admitted_by: Option<&'static str>,
}

impl Problem {
    fn never(text: impl Into<String>) -> Self {
        Self {
            summary: "Certificate that can never log in",
            text: text.into(),
            admitted_by: None,
        }
    }

    fn of_key(text: impl Into<String>) -> Self {
        Self {
            summary: "Key that can never log in",
            ..Self::never(text)
        }
    }

    fn unless(setting: &'static str, text: impl Into<String>) -> Self {
        Self {
            summary: "Certificate that may not log in",
            admitted_by: Some(setting),
            ..Self::never(text)
        }
    }
}

fn key_problem(certificate: &Certificate) -> Option<Problem> {
    match certificate.public_key() {
        PublicKey::Rsa { bits } if *bits < SMALLEST_RSA_KEY => {
            let text =
                format!("has an RSA key of {bits} bits, which is too short: {SMALLEST_RSA_KEY} bits are the least");
            Some(if *bits < SMALLEST_WEAK_RSA_KEY {
                Problem::of_key(text)
            } else {
                Problem::unless("allow_weak_hashing", text)
            })
        }
        PublicKey::Rsa { bits } if *bits > LARGEST_RSA_KEY || bits % 8 != 0 => Some(Problem::of_key(format!(
            "has an RSA key of {bits} bits, with which TLS libraries check no signature: {SMALLEST_RSA_KEY} to \
             {LARGEST_RSA_KEY} bits in whole bytes are suitable"
        ))),
        PublicKey::Rsa { .. }
        | PublicKey::EcdsaP256
        | PublicKey::EcdsaP384
        | PublicKey::EcdsaP521
        | PublicKey::Ed25519 => None,
        other => Some(Problem::of_key(format!(
            "has a key of the kind {other}, with which no TLS handshake is made"
        ))),
    }
}

fn certificate_problem(certificate: &Certificate) -> Option<Problem> {
    if certificate.is_ca() {
        return Some(Problem::never(
            "is the certificate of a certification authority, which belongs into certward_trusted_ca",
        ));
    }
    if certificate.version() < 3 {
        return Some(Problem::never(
            "is of X.509 version 1, which \"openssl x509 -req\" makes without -extfile, and cannot say that it is for clients \
             (clientAuth)",
        ));
    }
    if certificate.der().len() > LONGEST_IN_TLS {
        return Some(Problem::never(format!(
            "has more than {LONGEST_IN_TLS} bytes, which TLS libraries do not take in a handshake"
        )));
    }
    extension_problem(certificate)
        .or_else(|| purpose_problem(certificate))
        .or_else(|| {
            let algorithm = certificate.signature_algorithm();
            algorithm.is_weak().then(|| {
                let text = format!("is signed with {algorithm:?}, which can be forged");
                match algorithm {
                    SignatureAlgorithm::RsaSha1 => Problem::unless("allow_weak_hashing", text),
                    _ => Problem::never(text),
                }
            })
        })
}

/// A problem with the certificate's extensions, if there is one.
fn extension_problem(certificate: &Certificate) -> Option<Problem> {
    if let Some(usage) = certificate.key_usage() {
        if !usage.digital_signature() {
            return Some(Problem::never(
                "has a key usage without digitalSignature, and a TLS login is a signature",
            ));
        }
        if usage.key_cert_sign() {
            return Some(Problem::never(
                "has the key usage keyCertSign, which only the certificate of a certification authority may have",
            ));
        }
    }
    let mut extensions = certificate.extensions().iter();
    let unknown = extensions.find(|extension| {
        extension.is_critical() && !KNOWN_EXTENSIONS.contains(&extension.identifier().as_der_content())
    })?;
    Some(Problem::never(format!(
        "has the critical extension {}, which TLS libraries do not know and must refuse (RFC 5280, section 4.2)",
        unknown.identifier()
    )))
}

fn purpose_problem(certificate: &Certificate) -> Option<Problem> {
    const SETTING: &str = "allow_missing_extended_key_usage";
    match certificate.extended_key_usage() {
        Some(purpose) if purpose.any() => Some(Problem::unless(
            SETTING,
            "has the extended key usage anyExtendedKeyUsage, and the cluster asks for clientAuth by name",
        )),
        Some(purpose) if purpose.client_auth() => None,
        Some(_) => Some(Problem::never("has an extended key usage without clientAuth")),
        None if certificate.netscape_type_excludes_clients() => Some(Problem::never(
            "has a Netscape certificate type (nsCertType) that is not for clients",
        )),
        None => Some(Problem::unless(
            SETTING,
            "has no extended key usage, and the cluster asks for clientAuth",
        )),
    }
}

/// Extensions that TLS libraries process: key usage, alternative names, basic constraints, CRL distribution points and
/// extended key usage. Certificate policies, which AD CS can mark critical, are not among them.
const KNOWN_EXTENSIONS: [&[u8]; 5] = [
    &[0x55, 0x1d, 15],
    &[0x55, 0x1d, 17],
    &[0x55, 0x1d, 19],
    &[0x55, 0x1d, 31],
    &[0x55, 0x1d, 37],
];
/// RSA key sizes that databases accept with `allow_weak_hashing`, in bits.
const SMALLEST_WEAK_RSA_KEY: u32 = 1024;
const LARGEST_RSA_KEY: u32 = 8192;
/// The smallest RSA key with which TLS libraries verify signatures, in bits.
const SMALLEST_RSA_KEY: u32 = 2048;

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};

    use super::*;
    use crate::testing::certificates::{LEAF, certificate, params, pem};

    fn warning(text: &str) -> Option<Diagnostic> {
        super::warning(&certificate(text))
    }

    #[test]
    fn a_key_that_can_never_log_in_is_warned_of_by_its_name() {
        for (text, name) in [(SECP256K1, "ECDSA secp256k1"), (RSA_PSS, "RSA-PSS")] {
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
            let mut params = params("app");
            params.extended_key_usages = purposes.to_vec();
            params
        };
        let mut authority = params("app");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let mut encipherment = purposes(&[ExtendedKeyUsagePurpose::ClientAuth]);
        encipherment.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
        let mut signing = encipherment.clone();
        signing.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign];
        let extended = |identifier: &[u64], content: Vec<u8>, is_critical| {
            let mut params = purposes(&[ExtendedKeyUsagePurpose::ClientAuth]);
            let mut extension = CustomExtension::from_oid_content(identifier, content);
            extension.set_criticality(is_critical);
            params.custom_extensions = vec![extension];
            params
        };
        let policies = |is_critical| extended(&[2, 5, 29, 32], vec![0x30, 0], is_critical);
        let long = extended(&[1, 3, 6, 1, 4, 1, 1], vec![0; LONGEST_IN_TLS], false);
        let mut netscape = extended(&[2, 16, 840, 1, 113_730, 1, 1], vec![3, 2, 6, 0x40], false);
        netscape.extended_key_usages = vec![];
        for (params, expected) in [
            (encipherment, "without digitalSignature"),
            (signing, "keyCertSign"),
            (policies(true), "critical extension 2.5.29.32"),
            (long, "more than 16384 bytes"),
            (netscape, "nsCertType"),
            (authority, "certification authority"),
            (purposes(&[ExtendedKeyUsagePurpose::ServerAuth]), "without clientAuth"),
            (purposes(&[ExtendedKeyUsagePurpose::Any]), "anyExtendedKeyUsage"),
            (purposes(&[]), "has no extended key usage"),
        ] {
            let text = pem(&params);
            let finding = warning(&text).unwrap();
            assert_eq!(finding.attribute, path());
            assert!(finding.detail.contains(expected), "{finding:?}");
        }
        let good = purposes(&[ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth]);
        assert_eq!(warning(&pem(&good)), None);
        assert_eq!(warning(&pem(&policies(false))), None);
    }

    #[test]
    fn the_setting_of_databases_that_lets_a_certificate_in_is_named() {
        for purposes in [vec![], vec![ExtendedKeyUsagePurpose::Any]] {
            let mut params = params("app");
            params.extended_key_usages = purposes;
            let finding = warning(&pem(&params)).unwrap();
            assert_eq!(finding.summary, "Certificate that may not log in");
            assert!(
                finding.detail.contains("mtls.allow_missing_extended_key_usage"),
                "{finding:?}"
            );
        }
        for (arguments, expected) in [
            (&["-newkey", "rsa:1024"][..], "mtls.allow_weak_hashing"),
            (&["-newkey", "rsa:2048", "-sha1"], "mtls.allow_weak_hashing"),
        ] {
            let finding = warning(&openssl(arguments)).unwrap();
            assert!(finding.detail.contains(expected), "{finding:?}");
        }
    }

    #[test]
    fn keys_of_other_kinds_and_lengths_are_warned_of() {
        for (arguments, expected) in [
            (&["-newkey", "rsa:512"][..], "RSA key of 512 bits"),
            (&["-newkey", "rsa:2052"], "RSA key of 2052 bits"),
            (&["-newkey", "ed448"], "Ed448"),
            (
                &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"],
                "ECDSA brainpoolP256r1",
            ),
        ] {
            let finding = warning(&openssl(arguments)).unwrap();
            assert_eq!(finding.summary, "Key that can never log in");
            assert!(finding.detail.contains(expected), "{finding:?}");
        }
        assert_eq!(warning(&openssl(&["-newkey", "rsa:2048"])), None);
    }

    /// A client's certificate with such a key.
    fn openssl(arguments: &[&str]) -> String {
        let client = ["-addext", "extendedKeyUsage=clientAuth"];
        crate::testing::certificates::openssl(&[&LEAF[..], &client, arguments].concat())
    }
}
