//! The certificate that the real server generates, byte for byte (`docs/contracts/ravendb.md#generated-certificate`).

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::signature::{RSA_PKCS1_SHA512, RsaKeyPair};
use certward_pki::{Certificate, Validity};
use der::oid::ObjectIdentifier;
use rustls_pki_types::PrivateKeyDer;
use time::{Duration, OffsetDateTime, Time};

use super::IssuerError;
use super::key::ClientKey;
use crate::asn1::{self, algorithm, bit_string, explicit, object_identifier, octet_string, sequence, set_of_one};
use crate::server_certificate::ServerCertificate;

/// The validity of a client certificate: from seven days before the last UTC midnight, to `not_after` or to five years
/// after that midnight. In whole seconds, the resolution of X.509.
#[must_use]
pub fn client_certificate_validity(not_after: Option<OffsetDateTime>, now: OffsetDateTime) -> Validity {
    let midnight = now.to_offset(time::UtcOffset::UTC).replace_time(Time::MIDNIGHT);
    // The 29th of February becomes the 28th when the year five years on has none.
    let five_years_on = midnight.replace_year(midnight.year() + YEARS).unwrap_or_else(|_| {
        midnight
            .replace_day(28)
            .and_then(|date| date.replace_year(date.year() + YEARS))
            .unwrap_or(midnight)
    });
    let not_after = not_after.map_or(five_years_on, |chosen| {
        let chosen = chosen.to_offset(time::UtcOffset::UTC);
        chosen.replace_nanosecond(0).unwrap_or(chosen)
    });
    Validity {
        not_before: midnight - BACKDATED,
        not_after,
    }
}

/// Issues and signs. `name` has been checked.
pub(super) fn client_certificate(
    server: &ServerCertificate,
    name: &str,
    key: &ClientKey,
    validity: Validity,
) -> Result<Certificate, IssuerError> {
    let signing_key = signing_key(server.private_key())?;
    let random = SystemRandom::new();
    let mut serial_number = [0; 20];
    random
        .fill(&mut serial_number)
        .map_err(|_| IssuerError::Cryptography("draw a serial number"))?;
    // Positive and in twenty bytes (RFC 5280, section 4.1.2.2); 158 random bits, and never zero.
    serial_number[0] = serial_number[0] & 0x7f | 0x40;

    let signature_algorithm = algorithm(SHA512_WITH_RSA, asn1::NULL);
    // One UTF8String, whatever is in the name: a comma starts no new attribute.
    let subject = sequence(&[&set_of_one(&sequence(&[
        &object_identifier(COMMON_NAME),
        &asn1::utf8_string(name),
    ]))]);
    let key_usage = if key.algorithm().is_rsa() {
        SIGNATURE_AND_ENCIPHERMENT
    } else {
        SIGNATURE
    };
    let extensions = sequence(&[
        &extension(KEY_USAGE, key_usage),
        &extension(EXTENDED_KEY_USAGE, &sequence(&[&object_identifier(CLIENT_AUTH)])),
    ]);
    let to_be_signed = sequence(&[
        &explicit(0, &[&asn1::integer(VERSION_3)]),
        &asn1::unsigned_integer(&serial_number),
        &signature_algorithm,
        server.certificate().subject().as_der(),
        &sequence(&[&date_time(validity.not_before), &date_time(validity.not_after)]),
        &subject,
        key.subject_public_key_info(),
        &explicit(3, &[&extensions]),
    ]);
    let mut signature = vec![0; signing_key.public_modulus_len()];
    signing_key
        .sign(&RSA_PKCS1_SHA512, &random, &to_be_signed, &mut signature)
        .map_err(|_| IssuerError::Cryptography("sign a certificate"))?;
    let certificate = sequence(&[&to_be_signed, &signature_algorithm, &bit_string(&signature)]);
    Certificate::from_der(certificate).map_err(IssuerError::Certificate)
}

fn signing_key(key: &PrivateKeyDer<'_>) -> Result<RsaKeyPair, IssuerError> {
    let key = match key {
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(key) if is_rsa(key.secret_pkcs8_der()) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        _ => return Err(IssuerError::ServerKeyNotRsa),
    };
    key.map_err(|error| IssuerError::ServerKeyRejected(error.to_string()))
}

/// Returns `true` when a PKCS#8 key is an RSA key.
fn is_rsa(pkcs8: &[u8]) -> bool {
    let algorithm = || {
        let mut info = asn1::Reader::new(pkcs8).enter(asn1::SEQUENCE)?;
        info.expect(asn1::INTEGER)?;
        info.enter(asn1::SEQUENCE)?.object_identifier()
    };
    algorithm() == Ok(RSA_ENCRYPTION)
}

/// An extension that is not critical.
fn extension(identifier: ObjectIdentifier, encoded: &[u8]) -> Vec<u8> {
    sequence(&[&object_identifier(identifier), &octet_string(encoded)])
}

/// `UTCTime` before 2050, `GeneralizedTime` from then on (RFC 5280, section 4.1.2.5).
fn date_time(at: OffsetDateTime) -> Vec<u8> {
    let year = at.year();
    let rest = format!(
        "{:02}{:02}{:02}{:02}{:02}Z",
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    if (1950..2050).contains(&year) {
        asn1::value(UTC_TIME, &[format!("{:02}{rest}", year % 100).as_bytes()])
    } else {
        asn1::value(GENERALIZED_TIME, &[format!("{year:04}{rest}").as_bytes()])
    }
}

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const YEARS: i32 = 5;
const BACKDATED: Duration = Duration::days(7);
const VERSION_3: u32 = 2;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SHA512_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.13");
const RSA_ENCRYPTION: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const COMMON_NAME: ObjectIdentifier = oid("2.5.4.3");
const KEY_USAGE: ObjectIdentifier = oid("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = oid("2.5.29.37");
const CLIENT_AUTH: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.2");
/// `BIT STRING` with digitalSignature (bit 0) and keyEncipherment (bit 2).
const SIGNATURE_AND_ENCIPHERMENT: &[u8] = &[0x03, 0x02, 0x05, 0xa0];
/// `BIT STRING` with digitalSignature: an ECDSA key does not encipher.
const SIGNATURE: &[u8] = &[0x03, 0x02, 0x07, 0x80];

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
