//! The attribute `certificate_pem`: one public client certificate.
//!
//! RavenDB registers whatever it is given as a login: certification authorities, expired, weak and server certificates
//! (observed records 228 to 236). So what is clearly another thing than a login is refused here, before anything is sent,
//! and what may be meant is warned of.

use std::fmt::Write as _;

use certward::pki::{Certificate, PemError, PublicKey, certificates_from_pem};
use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic};
use time::{Duration, OffsetDateTime};

use crate::report::{chain, diagnostic};
use crate::values::dates;
use crate::values::pem_form::other_form;
use crate::values::timestamp;

/// The path of the attribute.
pub(crate) fn path() -> AttributePath {
    AttributePath::new("certificate_pem")
}

/// Reads the one certificate of the text, or the one that the others of it are the chain of (`fullchain.pem`).
///
/// Line ends, a byte order mark, indentation and text around the block do not matter. The error never repeats the text.
pub(crate) fn parse(text: &str) -> Result<Certificate, Diagnostic> {
    match certificates_from_pem(text) {
        Ok(certificates) => leaf(&certificates).ok_or_else(|| several(&certificates)),
        Err(PemError::PrivateKeyFound { line }) => Err(diagnostic(
            path(),
            "Private key in certificate_pem",
            format!(
                "Line {line} of this text begins a private key. It would be written to the state and to plan files. \
                 Pass the certificate alone, for example file(\"app.crt\"); the private key stays with the program \
                 that logs in with it, and Terraform does not need it. Treat a key that has been in a plan or state \
                 file as known to others."
            ),
        )),
        Err(error) if error == PemError::NoCertificate || other_form(text).is_some() => Err(diagnostic(
            path(),
            "No certificate in certificate_pem",
            no_certificate(text),
        )),
        Err(error) => Err(diagnostic(
            path(),
            "Unreadable certificate_pem",
            format!(
                "This is not a PEM certificate: {}. Pass the text of the file, for example file(\"app.crt\").",
                chain(&error)
            ),
        )),
    }
}

/// The certificate that no other one of these was issued by, when every other one is above it. In any order.
fn leaf(certificates: &[Certificate]) -> Option<Certificate> {
    let issued_another = |one: &Certificate| certificates.iter().any(|other| other != one && one.issued(other));
    let mut leaves = certificates.iter().filter(|one| !issued_another(one));
    let leaf = leaves.next()?;
    if leaves.any(|other| other != leaf) {
        return None;
    }
    let mut above = vec![leaf];
    while let Some(next) = certificates
        .iter()
        .find(|next| !above.contains(next) && above.last().is_some_and(|last| next.issued(last)))
    {
        above.push(next);
    }
    certificates
        .iter()
        .all(|one| above.contains(&one))
        .then(|| leaf.clone())
}

/// Warnings about this certificate as a login; RavenDB registers it nevertheless.
pub(crate) fn warnings(certificate: &Certificate) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut warn = |summary: &'static str, detail: String| findings.push(diagnostic(path(), summary, detail));
    let subject = subject(certificate);
    if certificate.is_ca() && certificate.is_self_issued() {
        warn(
            "Certificate says that it is an authority",
            format!(
                "{subject} signed itself and is marked as a certification authority (CA:TRUE), as \"openssl req -x509\" \
                 marks certificates by default. Whoever holds its key logs in. If it is an authority's, pass the certificate \
                 of the client; to trust an issuer on RavenDB, set Security.WellKnownIssuers.Admin on the server. \
                 Otherwise make it with -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=clientAuth."
            ),
        );
    }
    if let PublicKey::Other(_) = certificate.public_key() {
        warn(
            "Key that can never log in",
            format!(
                "{subject} has a key of the kind {}, with which no TLS handshake is made. It is registered, and nobody logs \
                 in with it. {SUITABLE_KEYS}",
                certificate.public_key()
            ),
        );
    }
    if certificate.der().len() > LONGEST_IN_TLS {
        warn(
            "Certificate that can never log in",
            format!(
                "{subject} has {} bytes, and TLS libraries take {LONGEST_IN_TLS} at most in a handshake. It is registered, \
                 and nobody logs in with it. Have a smaller one issued.",
                certificate.der().len()
            ),
        );
    }
    findings
}

/// Errors in this certificate as a login, independent of the current time.
pub(crate) fn check(certificate: &Certificate) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut refuse = |summary: &'static str, detail: String| findings.push(diagnostic(path(), summary, detail));
    let subject = subject(certificate);

    if certificate.is_ca() && !certificate.is_self_issued() {
        refuse(
            "Not a client certificate",
            format!(
                "{subject} is the certificate of a certification authority. RavenDB would take it as the login of whoever \
                 holds the authority's key. To trust an issuer on RavenDB set Security.WellKnownIssuers.Admin on the server."
            ),
        );
    }
    if let Some(usage) = certificate.extended_key_usage()
        && !usage.client_auth()
        && !usage.any()
    {
        let instead = if usage.server_auth() {
            "it is a server certificate (serverAuth)"
        } else {
            "its extended key usage lists other purposes"
        };
        refuse(
            "Not a client certificate",
            format!(
                "{subject} is not meant for logging in: {instead}. Ask its issuer for a certificate with the extended \
                 key usage clientAuth, or without that extension."
            ),
        );
    }
    if let Some(usage) = certificate.key_usage()
        && !usage.digital_signature()
    {
        refuse(
            "Not a client certificate",
            format!(
                "The key usage of {subject} leaves out digitalSignature, and a TLS login is a signature. Ask its \
                 issuer for a certificate with the key usage digitalSignature."
            ),
        );
    }
    if let Some(problem) = key_problem(certificate.public_key()) {
        refuse("Unsuitable key", format!("{subject} has {problem}. {SUITABLE_KEYS}"));
    }
    if certificate.signature_algorithm().is_weak() {
        refuse(
            "Weak signature",
            format!(
                "{subject} is signed with {}. Signatures with MD2, MD5 and SHA-1 can be forged. Have it issued again \
                 with SHA-256 or better.",
                certificate.signature_algorithm()
            ),
        );
    }
    findings
}

/// The error if this certificate is not valid at this moment.
pub(crate) fn check_dates(certificate: &Certificate, now: OffsetDateTime) -> Option<Diagnostic> {
    let validity = certificate.validity();
    let subject = subject(certificate);
    if validity.is_over(now) {
        return Some(diagnostic(
            path(),
            "Certificate has expired",
            format!(
                "{subject} ended on {}. RavenDB would register it and refuse every login with it. Have it renewed \
                 where it comes from.",
                timestamp::format(validity.not_after)
            ),
        ));
    }
    if validity.not_before > now + CLOCK_TOLERANCE {
        return Some(diagnostic(
            path(),
            "Certificate is not valid yet",
            format!(
                "{subject} begins on {}. RavenDB would register it and refuse every login until then. Register it \
                 when it is valid, or have one issued that begins earlier.",
                timestamp::format(validity.not_before)
            ),
        ));
    }
    None
}

/// Warnings about the certificates of a chain above the client's own. The text has been checked by [`parse`].
pub(crate) fn warn_of_chain(text: &str, now: OffsetDateTime) -> Vec<Diagnostic> {
    let chain = certificates_from_pem(text).unwrap_or_default();
    let Some(leaf) = leaf(&chain) else { return Vec::new() };
    let above: Vec<Certificate> = chain.into_iter().filter(|certificate| *certificate != leaf).collect();
    dates::ending_intermediates(&above, now)
        .map(|intermediate| {
            diagnostic(
                path(),
                "A certificate of the chain has expired",
                format!(
                    "{}. RavenDB registers the client's own certificate, {}, and lets it in without the chain; whatever checks \
                     the chain does not. Pass the authority's renewed certificate, or the client's certificate alone.",
                    dates::ended(intermediate, now),
                    subject(&leaf)
                ),
            )
        })
        .collect()
}

fn several(certificates: &[Certificate]) -> Diagnostic {
    let mut detail = format!(
        "This text holds {} certificates that are no chain: one certificate belongs here, with the certificates of its \
         issuers or without.",
        certificates.len()
    );
    match certificates.iter().filter(|certificate| certificate.is_ca()).count() {
        0 => detail.push_str(" Write one resource for each, for example with for_each."),
        1 => detail.push_str(" One of them belongs to a certification authority: pass the client certificate alone."),
        authorities => {
            _ = write!(
                detail,
                " {authorities} of them belong to certification authorities: pass the client certificate alone."
            )
        }
    }
    diagnostic(path(), "Several certificates in certificate_pem", detail)
}

fn no_certificate(text: &str) -> String {
    let start = text.trim_start_matches('\u{feff}').trim();
    if let Some(form) = other_form(text) {
        format!("This text {form}")
    } else if start.contains("-----BEGIN CERTIFICATE REQUEST-----")
        || start.contains("-----BEGIN NEW CERTIFICATE REQUEST-----")
    {
        "This text is a certificate request, which the cluster does not sign: have a certification authority sign it, and \
         pass the certificate it answers with."
            .to_owned()
    } else if start.contains("-----BEGIN PUBLIC KEY-----") {
        "This text is a public key without a certificate around it. Pass the certificate, which begins with \
         -----BEGIN CERTIFICATE-----."
            .to_owned()
    } else if start.is_empty() {
        "The text is empty. Pass the text of the certificate, for example file(\"app.crt\").".to_owned()
    } else if !start.contains("-----") && start.len() < 256 && !start.contains('\n') {
        "This text looks like a file name or something else short. Pass the text of the certificate, for example \
         file(\"app.crt\")."
            .to_owned()
    } else {
        "The text has no block that begins with -----BEGIN CERTIFICATE-----. A certificate in DER (binary, or Base64 \
         without the BEGIN line) becomes PEM with: openssl x509 -inform DER -in app.cer -out app.crt"
            .to_owned()
    }
}

fn key_problem(key: &PublicKey) -> Option<String> {
    match key {
        PublicKey::Rsa { bits } if *bits < SMALLEST_RSA_KEY => {
            Some(format!("an RSA key of {bits} bits, which is too short"))
        }
        _ => None,
    }
}

fn subject(certificate: &Certificate) -> String {
    if certificate.subject().is_empty() {
        format!("The certificate with thumbprint {}", certificate.thumbprint())
    } else {
        certificate.subject().to_string()
    }
}

/// NIST SP 800-57 part 1 rev. 5, table 4: 2048 bits is the smallest modulus still accepted.
const SMALLEST_RSA_KEY: u32 = 2048;
const SUITABLE_KEYS: &str = "Use RSA with at least 2048 bits, ECDSA on P-256, P-384 or P-521, or Ed25519.";
/// The bound of a handshake message that TLS libraries share.
pub(crate) const LONGEST_IN_TLS: usize = 16 * 1024;
/// A certificate made a moment ago by a machine whose clock is ahead is not refused.
const CLOCK_TOLERANCE: Duration = Duration::hours(1);

/// True if two texts hold the same certificate, regardless of line endings and surrounding text.
pub(crate) fn same(one: &Value<String>, other: &Value<String>) -> bool {
    match (one, other) {
        (Value::Value(one), Value::Value(other)) => {
            one == other || parse(one).is_ok_and(|one| parse(other).is_ok_and(|other| one == other))
        }
        _ => false,
    }
}

#[cfg(test)]
#[path = "certificate_pem_tests.rs"]
mod tests;
