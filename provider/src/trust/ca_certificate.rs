//! Certificates of certification authorities, as the user writes them.
//!
//! A cluster that trusts the wrong certificate lets in whoever holds its key, and one that trusts a useless one lets in
//! nobody, so what cannot or should not be an authority is refused here, before anything is sent.

use certward::pki::{Certificate, PemError, PublicKey, certificates_from_pem};
use tf_provider::{AttributePath, Diagnostic};
use time::{Duration, OffsetDateTime};

use crate::report::{chain, diagnostic};
use crate::values::certificate_name::called;
use crate::values::pem_form::other_form;
use crate::values::timestamp;

/// Reads the one certificate of a text.
///
/// Line ends, a byte order mark, indentation and text around the block do not matter. The error never repeats the text.
pub(crate) fn parse_one(attribute: &'static str, text: &str) -> Result<Certificate, Diagnostic> {
    let mut certificates = parse_all(attribute, text)?;
    match (certificates.pop(), certificates.len()) {
        (Some(certificate), 0) => Ok(certificate),
        (_, others) => Err(diagnostic(
            AttributePath::new(attribute),
            format!("Several certificates in {attribute}"),
            format!(
                "This text holds {} certificates; exactly one belongs here. Write one certward_trusted_ca for each, or \
                 pass the whole text to certward_trusted_ca_bundle, which replaces whatever the cluster trusts.",
                others + 1
            ),
        )),
    }
}

/// Reads every certificate of a text; there is one at least. The error never repeats the text.
pub(crate) fn parse_all(attribute: &'static str, text: &str) -> Result<Vec<Certificate>, Diagnostic> {
    certificates_from_pem(text).map_err(|problem| {
        let (summary, detail) = match problem {
            PemError::PrivateKeyFound { line } => (
                format!("Private key in {attribute}"),
                format!(
                    "Line {line} of this text begins a private key. It would be written to the state and to plan \
                     files, and an authority's key lets its holder make certificates for anybody. Pass the certificate \
                     alone, for example file(\"ca.crt\"). Treat a key that has been in a plan or state file as known to \
                     others."
                ),
            ),
            problem if problem == PemError::NoCertificate || other_form(text).is_some() => {
                (format!("No certificate in {attribute}"), no_certificate(text))
            }
            problem => (
                format!("Unreadable {attribute}"),
                format!(
                    "This is not a PEM certificate: {}. Pass the text of the file, for example file(\"ca.crt\").",
                    chain(&problem)
                ),
            ),
        };
        diagnostic(AttributePath::new(attribute), summary, detail)
    })
}

/// Errors in this certificate as a CA, independent of the current time.
pub(crate) fn check(attribute: &'static str, certificate: &Certificate) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut refuse = |summary: &'static str, detail: String| {
        findings.push(diagnostic(AttributePath::new(attribute), summary, detail));
    };
    let subject = called(certificate);

    if !certificate.is_ca() {
        let reason = if certificate.version() < 3 {
            "it is of X.509 version 1, which cannot say so. \"openssl x509 -req\" makes such certificates unless it is \
             given -extfile; make it again with basicConstraints=critical,CA:TRUE and \
             keyUsage=critical,keyCertSign,cRLSign"
        } else if certificate.has_basic_constraints() {
            "its basic constraints say CA:FALSE. A client's own certificate is not trusted by itself: pass the \
             certificate of the authority that issued it"
        } else {
            "it has no basic constraints. A client's own certificate is not trusted by itself: pass the certificate of \
             the authority that issued it"
        };
        refuse(
            "Not a certification authority",
            format!("{subject} may not issue certificates: {reason}."),
        );
    } else if let Some(usage) = certificate.key_usage()
        && !usage.key_cert_sign()
    {
        refuse(
            "Not a certification authority",
            format!(
                "The key usage of {subject} leaves out keyCertSign, so no certificate it issued would be accepted. Have \
                 it issued again with keyCertSign."
            ),
        );
    } else if let Some(usage) = certificate.extended_key_usage()
        && !usage.client_auth()
        && !usage.any()
    {
        refuse(
            "Not an authority for clients",
            format!(
                "The extended key usage of {subject} leaves out clientAuth, so nobody could log in with a certificate it \
                 issued. Have it issued again without that extension."
            ),
        );
    }
    if let Some(problem) = key_problem(certificate.public_key()) {
        refuse(
            "Unsuitable key",
            format!(
                "{subject} has {problem}. Use an authority with RSA of at least {SMALLEST_RSA_KEY} bits, ECDSA on P-256, \
                 P-384 or P-521, or Ed25519."
            ),
        );
    }
    // A root's own signature proves nothing, so it does no harm when an old root made it with SHA-1.
    if certificate.signature_algorithm().is_weak() && !certificate.is_self_issued() {
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
pub(crate) fn check_dates(
    attribute: &'static str,
    certificate: &Certificate,
    now: OffsetDateTime,
) -> Option<Diagnostic> {
    let (validity, subject) = (certificate.validity(), called(certificate));
    let (summary, detail) = if validity.is_over(now) {
        (
            "Certificate has expired",
            format!(
                "{subject} ended on {}, and with it the login of everybody it issued a certificate to. Pass the \
                 authority's renewed certificate.",
                timestamp::format(validity.not_after)
            ),
        )
    } else if validity.not_before > now + CLOCK_TOLERANCE {
        (
            "Certificate is not valid yet",
            format!(
                "{subject} begins on {}. Trust it when it is valid.",
                timestamp::format(validity.not_before)
            ),
        )
    } else {
        return None;
    };
    Some(diagnostic(AttributePath::new(attribute), summary, detail))
}

/// The warning about a certificate that ends within 30 days, or has ended.
pub(crate) fn ending(attribute: &'static str, certificate: &Certificate, now: OffsetDateTime) -> Option<Diagnostic> {
    let validity = certificate.validity();
    if !validity.is_over(now + ENDING_SOON) {
        return None;
    }
    let verb = if validity.is_over(now) { "ended" } else { "ends" };
    Some(diagnostic(
        AttributePath::new(attribute),
        "Trusted authority is ending",
        format!(
            "{} {verb} on {}. From then on nobody can log in with a certificate it issued. Trust its successor beside it \
             in time, and have the certificates issued again.",
            called(certificate),
            timestamp::format(validity.not_after)
        ),
    ))
}

fn no_certificate(text: &str) -> String {
    let start = text.trim_start_matches('\u{feff}').trim();
    if let Some(form) = other_form(text) {
        return format!("This text {form}");
    }
    if start.contains("CERTIFICATE REQUEST-----") {
        "This text is a certificate request. Pass the certificate that an authority has made of it."
    } else if start.is_empty() {
        "The text is empty. Pass the text of the certificate, for example file(\"ca.crt\")."
    } else if !start.contains("-----") && start.len() < 256 && !start.contains('\n') {
        "This text looks like a file name or something else short. Pass the text of the certificate, for example \
         file(\"ca.crt\")."
    } else {
        "The text has no block that begins with -----BEGIN CERTIFICATE-----. A certificate in DER (binary, or Base64 \
         without the BEGIN line) becomes PEM with: openssl x509 -inform DER -in ca.cer -out ca.crt"
    }
    .to_owned()
}

fn key_problem(key: &PublicKey) -> Option<String> {
    match key {
        PublicKey::Rsa { bits } if *bits < SMALLEST_RSA_KEY => {
            Some(format!("an RSA key of {bits} bits, which is too short"))
        }
        PublicKey::Rsa { .. }
        | PublicKey::EcdsaP256
        | PublicKey::EcdsaP384
        | PublicKey::EcdsaP521
        | PublicKey::Ed25519 => None,
        other => Some(format!("a key of the kind {other}, which TLS cannot check everywhere")),
    }
}

/// NIST SP 800-57 part 1 rev. 5, table 4: 2048 bits is the smallest modulus still accepted.
const SMALLEST_RSA_KEY: u32 = 2048;
/// A certificate made a moment ago by a machine whose clock is ahead is not refused.
const CLOCK_TOLERANCE: Duration = Duration::hours(1);
/// Time enough to have every client's certificate issued again.
const ENDING_SOON: Duration = Duration::days(30);

#[cfg(test)]
#[path = "ca_certificate_tests.rs"]
mod tests;
