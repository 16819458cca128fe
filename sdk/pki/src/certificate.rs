//! A parsed X.509 certificate.

use std::fmt;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use time::{Date, Month, OffsetDateTime, Time};

use super::algorithm::{PublicKey, SignatureAlgorithm};
use super::certificate_error::{CertificateError, MAX_DER_LENGTH};
use super::der::{self, DerError, DerReader, Element};
use super::extensions::{ExtendedKeyUsage, Extension, Extensions, KeyUsage, SubjectAltName};
use super::pem_block::pem_block;
use super::{DistinguishedName, PublicKeyPinningHash, SerialNumber, Sha256Fingerprint, Thumbprint, Validity};

/// An X.509 certificate, version 1 to 3 (RFC 5280 4.1), parsed once. Cloning is cheap.
///
/// Parsing checks the form and nothing else: no signature, no dates, no purposes. Two certificates are equal when their
/// DER bytes are.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: CertificateDer<'static>,
    thumbprint: Thumbprint,
    fingerprint: Sha256Fingerprint,
    public_key_pinning_hash: PublicKeyPinningHash,
    version: u8,
    serial_number: SerialNumber,
    signature_algorithm: SignatureAlgorithm,
    issuer: DistinguishedName,
    validity: Validity,
    subject: DistinguishedName,
    subject_public_key_info: Box<[u8]>,
    public_key: PublicKey,
    extensions: Extensions,
}

impl Certificate {
    /// The largest DER certificate that is read, in bytes. Certificates in use stay under 8 KiB; the limit bounds what
    /// a stranger's certificate can cost.
    pub const MAX_DER_LENGTH: usize = MAX_DER_LENGTH;

    /// Parses one DER certificate with nothing after it.
    ///
    /// # Errors
    /// [`CertificateError`] when the bytes are too many or no certificate. No input panics.
    pub fn from_der(der: impl Into<CertificateDer<'static>>) -> Result<Self, CertificateError> {
        parse(der.into()).map(|inner| Self(Arc::new(inner)))
    }

    /// The DER bytes.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.0.der
    }

    /// SHA-1 over the DER certificate.
    pub fn thumbprint(&self) -> Thumbprint {
        self.0.thumbprint
    }

    /// SHA-256 over the DER certificate.
    pub fn fingerprint(&self) -> Sha256Fingerprint {
        self.0.fingerprint
    }

    /// SHA-256 over the `SubjectPublicKeyInfo`.
    pub fn public_key_pinning_hash(&self) -> PublicKeyPinningHash {
        self.0.public_key_pinning_hash
    }

    /// The version as people say it: 1, 2 or 3.
    pub fn version(&self) -> u8 {
        self.0.version
    }

    /// The serial number.
    pub fn serial_number(&self) -> &SerialNumber {
        &self.0.serial_number
    }

    /// The subject. It may be empty if a subject alternative name identifies the subject.
    pub fn subject(&self) -> &DistinguishedName {
        &self.0.subject
    }

    /// The issuer's name.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.0.issuer
    }

    /// The validity period.
    pub fn validity(&self) -> Validity {
        self.0.validity
    }

    /// The kind of public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// The DER `SubjectPublicKeyInfo`, tag and length included.
    pub fn subject_public_key_info_der(&self) -> &[u8] {
        &self.0.subject_public_key_info
    }

    /// The algorithm its signature claims to be made with.
    pub fn signature_algorithm(&self) -> &SignatureAlgorithm {
        &self.0.signature_algorithm
    }

    /// Returns `true` if basic constraints mark the subject as a certification authority (RFC 5280 4.2.1.9).
    pub fn is_ca(&self) -> bool {
        self.0
            .extensions
            .basic_constraints
            .is_some_and(|constraints| constraints.ca)
    }

    /// Returns `true` if there is a basic constraints extension, whatever its content.
    pub fn has_basic_constraints(&self) -> bool {
        self.0.extensions.basic_constraints.is_some()
    }

    /// Maximum number of intermediate CA certificates below this one; `None` if basic constraints set no limit.
    pub fn path_length_constraint(&self) -> Option<u32> {
        self.0
            .extensions
            .basic_constraints
            .and_then(|constraints| constraints.path_length)
    }

    /// The permitted uses of the key; `None` if the extension is absent.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.0.extensions.key_usage
    }

    /// The purposes of the certificate; `None` if the extension is absent.
    pub fn extended_key_usage(&self) -> Option<ExtendedKeyUsage> {
        self.0.extensions.extended_key_usage.clone()
    }

    /// Returns `true` if there is a Netscape certificate type (`nsCertType`) without SSL clients. Some scripts write it
    /// instead of an extended key usage.
    pub fn netscape_type_excludes_clients(&self) -> bool {
        self.0.extensions.netscape_type_excludes_clients
    }

    /// The subject alternative names, in order; empty if the extension is absent.
    pub fn subject_alt_names(&self) -> Vec<SubjectAltName> {
        self.0.extensions.subject_alt_names.clone()
    }

    /// The extensions it has, in their order, those included whose content this type does not read.
    pub fn extensions(&self) -> &[Extension] {
        &self.0.extensions.present
    }

    /// The key identifier of the issuer's key, when the extension names one.
    pub fn authority_key_identifier(&self) -> Option<&[u8]> {
        self.0.extensions.authority_key_identifier.as_deref()
    }

    /// The key identifier of the subject's key.
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.0.extensions.subject_key_identifier.as_deref()
    }

    /// Returns `true` if subject and issuer are the same name (RFC 5280 6.1). This does not prove that the key is the
    /// same.
    pub fn is_self_issued(&self) -> bool {
        self.0.subject == self.0.issuer
    }

    /// Returns `true` if this subject is the other's issuer, by name only. Signatures are not checked.
    pub fn issued(&self, other: &Self) -> bool {
        self.0.subject == other.0.issuer
    }

    /// The PEM form: one `CERTIFICATE` block with 64 characters a line, `\n` line ends, the last line included.
    pub fn to_pem(&self) -> String {
        pem_block("CERTIFICATE", &self.0.der)
    }
}

fn parse(der: CertificateDer<'static>) -> Result<Inner, CertificateError> {
    if der.len() > Certificate::MAX_DER_LENGTH {
        return Err(CertificateError::TooLarge(der.len()));
    }
    let at = |part| move |source| CertificateError::Malformed { part, source };

    let mut outer = DerReader::new(&der);
    let mut certificate = outer.nested(der::SEQUENCE).map_err(at("outer sequence"))?;
    outer.finish().map_err(at("end"))?;
    let mut tbs = certificate.nested(der::SEQUENCE).map_err(at("signed part"))?;
    let outer_algorithm = certificate.expect(der::SEQUENCE).map_err(at("signature algorithm"))?;
    certificate
        .expect(der::BIT_STRING)
        .and_then(|signature| signature.bit_string_bytes())
        .map_err(at("signature"))?;
    certificate.finish().map_err(at("end"))?;

    let version = version(&mut tbs)?;
    let serial_number = tbs.expect(der::INTEGER).map_err(at("serial number"))?;
    let inner_algorithm = tbs.expect(der::SEQUENCE).map_err(at("signature algorithm"))?;
    if inner_algorithm.encoded != outer_algorithm.encoded {
        return Err(CertificateError::SignatureAlgorithmMismatch);
    }
    let signature_algorithm = SignatureAlgorithm::read(inner_algorithm).map_err(at("signature algorithm"))?;
    let issuer = tbs
        .element()
        .and_then(|name| DistinguishedName::from_der(name.encoded))
        .map_err(at("issuer"))?;
    let validity = tbs.nested(der::SEQUENCE).and_then(validity).map_err(at("validity"))?;
    let subject = tbs
        .element()
        .and_then(|name| DistinguishedName::from_der(name.encoded))
        .map_err(at("subject"))?;
    let subject_public_key_info = tbs.expect(der::SEQUENCE).map_err(at("public key"))?;
    let public_key = PublicKey::read(subject_public_key_info).map_err(at("public key"))?;
    tbs.optional(ISSUER_UNIQUE_ID).map_err(at("issuer unique identifier"))?;
    tbs.optional(SUBJECT_UNIQUE_ID)
        .map_err(at("subject unique identifier"))?;
    let extensions = tbs.optional(der::CONTEXT_3_CONSTRUCTED).map_err(at("extensions"))?;
    tbs.finish().map_err(at("end of the signed part"))?;

    Ok(Inner {
        thumbprint: Thumbprint::of(&der),
        fingerprint: Sha256Fingerprint::of(&der),
        public_key_pinning_hash: PublicKeyPinningHash::of_spki_der(subject_public_key_info.encoded),
        version,
        serial_number: SerialNumber::from_certificate(serial_number.content),
        signature_algorithm,
        issuer,
        validity,
        subject,
        subject_public_key_info: subject_public_key_info.encoded.into(),
        public_key,
        extensions: extensions
            .map(|element| Extensions::read(element.content))
            .transpose()?
            .unwrap_or_default(),
        der,
    })
}

fn version(tbs: &mut DerReader<'_>) -> Result<u8, CertificateError> {
    let at = |source| CertificateError::Malformed {
        part: "version",
        source,
    };
    let Some(explicit) = tbs.optional(der::CONTEXT_0_CONSTRUCTED).map_err(at)? else {
        return Ok(1);
    };
    let mut reader = DerReader::new(explicit.content);
    let version = reader.expect(der::INTEGER).map_err(at)?;
    reader.finish().map_err(at)?;
    match version.content {
        [encoded @ 0..=2] => Ok(encoded + 1),
        _ => Err(CertificateError::Version),
    }
}

fn validity(mut sequence: DerReader<'_>) -> Result<Validity, DerError> {
    let not_before = date_time(sequence.element()?)?;
    let not_after = date_time(sequence.element()?)?;
    sequence.finish()?;
    Ok(Validity { not_before, not_after })
}

/// `UTCTime` and `GeneralizedTime` in the one form RFC 5280 4.1.2.5 allows: seconds, no fraction, `Z`.
fn date_time(element: Element<'_>) -> Result<OffsetDateTime, DerError> {
    let digits_of_year = match element.tag {
        der::UTC_TIME => 2,
        der::GENERALIZED_TIME => 4,
        found => {
            return Err(DerError::UnexpectedTag {
                expected: der::UTC_TIME,
                found,
            });
        }
    };
    let digits = time_digits(element.content, digits_of_year + 10).map_err(DerError::Time)?;
    let two = |at: usize| (digits[at] - b'0') * 10 + digits[at + 1] - b'0';
    let year = match digits_of_year {
        2 => i32::from(two(0)) + if two(0) < 50 { 2000 } else { 1900 },
        _ => i32::from(two(0)) * 100 + i32::from(two(2)),
    };
    let rest = digits_of_year;
    let date = Month::try_from(two(rest)).and_then(|month| Date::from_calendar_date(year, month, two(rest + 2)));
    let time = Time::from_hms(two(rest + 4), two(rest + 6), two(rest + 8));
    match (date, time) {
        (Ok(date), Ok(time)) => Ok(date.with_time(time).assume_utc()),
        _ => Err(DerError::Time("a time is on no calendar or clock")),
    }
}

/// The digits of a time, or what is wrong with it. Chain checks at a login, RavenDB and OpenSSL refuse the other forms that
/// BER has, so a certificate with one of them would be registered and never let in.
fn time_digits(content: &[u8], expected: usize) -> Result<&[u8], &'static str> {
    let length = content.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, zone) = content.split_at(length);
    match zone {
        b"Z" if length == expected => Ok(digits),
        b"Z" if length + 2 == expected => Err("a time has no seconds"),
        [b'+' | b'-', ..] => Err("a time has an offset from UTC instead of Z"),
        [b'.' | b',', ..] => Err("a time has a fraction of a second"),
        [] => Err("a time has no Z at its end, and so no time zone"),
        _ => Err("a time has another number of digits than it should"),
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl std::hash::Hash for Certificate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.fingerprint.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("thumbprint", &self.0.thumbprint)
            .field("subject", &self.0.subject)
            .field("issuer", &self.0.issuer)
            .field("serial_number", &self.0.serial_number)
            .field("not_after", &self.0.validity.not_after)
            .finish_non_exhaustive()
    }
}

/// `[1]` and `[2]`, implicit, of `TBSCertificate`: never used since RFC 5280, but still allowed.
const ISSUER_UNIQUE_ID: u8 = 0x81;
const SUBJECT_UNIQUE_ID: u8 = 0x82;

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
