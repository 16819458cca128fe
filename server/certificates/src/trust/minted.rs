//! Certificates for tests, including invalid ones: written byte by byte, signed with ECDSA P-256.

use certward_pki::{Certificate, DistinguishedName};
use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use time::macros::{datetime, format_description};

use crate::asn1;

/// The default time of the tests.
pub const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// Contents of a certificate. A test changes one member to introduce one fault.
#[derive(Clone)]
pub struct Template {
    pub version: u32,
    pub subject: Vec<u8>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    /// Each a complete `Extension`.
    pub extensions: Vec<Vec<u8>>,
    /// Replaces the key of the certificate's holder.
    pub subject_public_key_info: Option<Vec<u8>>,
}

/// A certificate and its key.
pub struct Minted {
    pub certificate: Certificate,
    key: KeyPair,
}

/// A CA, with the proper extensions.
pub fn ca(subject: &str) -> Template {
    Template {
        version: 3,
        subject: name(subject),
        not_before: datetime!(2026-01-01 0:00 UTC),
        not_after: datetime!(2027-01-01 0:00 UTC),
        extensions: vec![basic_constraints(true, Some(true), None), key_usage(&[KEY_CERT_SIGN])],
        subject_public_key_info: None,
    }
}

/// A client, with the proper extensions.
pub fn client(subject: &str) -> Template {
    Template {
        extensions: vec![key_usage(&[DIGITAL_SIGNATURE]), extended_key_usage(&[CLIENT_AUTH])],
        ..ca(subject)
    }
}

impl Template {
    pub fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    pub fn with_only(mut self, extensions: &[Vec<u8>]) -> Self {
        self.extensions = extensions.to_vec();
        self
    }

    pub fn self_signed(self) -> Minted {
        let key = new_key();
        let issuer = self.subject.clone();
        self.signed(&issuer, &key, None)
    }

    fn signed(self, issuer: &[u8], issuer_key: &KeyPair, own_key: Option<KeyPair>) -> Minted {
        let subject_public_key_info = self
            .subject_public_key_info
            .clone()
            .unwrap_or_else(|| own_key.as_ref().unwrap_or(issuer_key).subject_public_key_info());
        let mut to_be_signed = Vec::new();
        if self.version > 1 {
            to_be_signed.push(asn1::explicit(0, &[&asn1::integer(self.version - 1)]));
        }
        to_be_signed.extend([
            asn1::integer(0x1234_5678),
            ecdsa_with_sha256(),
            issuer.to_vec(),
            asn1::sequence(&[&time(self.not_before), &time(self.not_after)]),
            self.subject.clone(),
            subject_public_key_info,
        ]);
        if self.version == 3 {
            let extensions: Vec<_> = self.extensions.iter().map(Vec::as_slice).collect();
            to_be_signed.push(asn1::explicit(3, &[&asn1::sequence(&extensions)]));
        }
        let members: Vec<_> = to_be_signed.iter().map(Vec::as_slice).collect();
        let to_be_signed = asn1::sequence(&members);
        let signature = asn1::bit_string(&issuer_key.sign(&to_be_signed).unwrap());
        let der = asn1::sequence(&[&to_be_signed, &ecdsa_with_sha256(), &signature]);
        Minted {
            certificate: Certificate::from_der(der).unwrap(),
            key: own_key.unwrap_or_else(|| KeyPair::try_from(issuer_key.serialize_der()).unwrap()),
        }
    }
}

impl Minted {
    /// Issues a certificate from `template`, with a new key.
    pub fn issue(&self, template: Template) -> Minted {
        template.signed(self.certificate.subject().as_der(), &self.key, Some(new_key()))
    }

    /// Another self-signed certificate with the same key and the same name.
    pub fn again(&self, template: Template) -> Minted {
        let subject = template.subject.clone();
        template.signed(&subject, &self.key, None)
    }

    pub fn pem(&self) -> String {
        self.certificate.to_pem()
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }
}

pub fn name(text: &str) -> Vec<u8> {
    text.parse::<DistinguishedName>().unwrap().as_der().to_vec()
}

pub fn basic_constraints(critical: bool, ca: Option<bool>, path_length: Option<u32>) -> Vec<u8> {
    let ca = if ca == Some(true) { TRUE.to_vec() } else { Vec::new() };
    let path_length = path_length.map(asn1::integer).unwrap_or_default();
    extension(19, critical, &asn1::sequence(&[&ca, &path_length]))
}

/// Bits by their number in RFC 5280 4.2.1.3, all below 8.
pub fn key_usage(bits: &[u8]) -> Vec<u8> {
    let byte = bits.iter().fold(0_u8, |byte, bit| byte | (0x80 >> bit));
    let unused = u8::try_from(byte.trailing_zeros().min(7)).unwrap();
    extension(15, true, &asn1::value(0x03, &[&[unused, byte]]))
}

/// Purposes by their number below 1.3.6.1.5.5.7.3.
pub fn extended_key_usage(purposes: &[u8]) -> Vec<u8> {
    let purposes: Vec<_> = purposes
        .iter()
        .map(|purpose| asn1::value(0x06, &[&[0x2b, 6, 1, 5, 5, 7, 3, *purpose]]))
        .collect();
    let purposes: Vec<_> = purposes.iter().map(Vec::as_slice).collect();
    extension(37, false, &asn1::sequence(&purposes))
}

/// `anyExtendedKeyUsage`.
pub fn any_extended_key_usage() -> Vec<u8> {
    extension(
        37,
        false,
        &asn1::sequence(&[&asn1::value(0x06, &[&[0x55, 0x1d, 37, 0]])]),
    )
}

/// `nsCertType` with one byte of bits.
pub fn netscape_type(bits: u8) -> Vec<u8> {
    let identifier = [0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 1, 1];
    let bits = asn1::value(0x03, &[&[0, bits]]);
    asn1::sequence(&[&asn1::value(0x06, &[&identifier]), &asn1::octet_string(&bits)])
}

/// Permits names of one form, given by its context tag.
pub fn permitted_names(tag: u8, base: &[u8]) -> Vec<u8> {
    let subtree = asn1::sequence(&[&asn1::value(tag, &[base])]);
    extension(30, true, &asn1::sequence(&[&asn1::explicit(0, &[&subtree])]))
}

pub fn dns_names(names: &[&str]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|name| asn1::value(0x82, &[name.as_bytes()])).collect();
    let names: Vec<_> = names.iter().map(Vec::as_slice).collect();
    extension(17, false, &asn1::sequence(&names))
}

/// An extension below 2.5.29.
pub fn extension(number: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { TRUE } else { &[] };
    asn1::sequence(&[
        &asn1::value(0x06, &[&[0x55, 0x1d, number]]),
        critical,
        &asn1::octet_string(value),
    ])
}

/// The `SubjectPublicKeyInfo` of an RSA key with this many bits, whose private key does not exist.
pub fn rsa_key(bits: u32) -> Vec<u8> {
    let mut modulus = vec![0xa5; bits.div_ceil(8) as usize];
    modulus[0] >>= (8 - bits % 8) % 8;
    modulus[0] |= 1 << ((bits - 1) % 8);
    let key = asn1::sequence(&[&asn1::unsigned_integer(&modulus), &asn1::integer(65_537)]);
    let rsa_encryption = asn1::value(0x06, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]]);
    asn1::sequence(&[&asn1::sequence(&[&rsa_encryption, asn1::NULL]), &asn1::bit_string(&key)])
}

fn new_key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

fn ecdsa_with_sha256() -> Vec<u8> {
    asn1::sequence(&[&asn1::value(0x06, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]])])
}

fn time(at: OffsetDateTime) -> Vec<u8> {
    let text = at
        .format(format_description!(
            "[year repr:last_two][month][day][hour][minute][second]Z"
        ))
        .unwrap();
    asn1::value(0x17, &[text.as_bytes()])
}

pub const DIGITAL_SIGNATURE: u8 = 0;
pub const KEY_ENCIPHERMENT: u8 = 2;
pub const KEY_CERT_SIGN: u8 = 5;
pub const CRL_SIGN: u8 = 6;
pub const SERVER_AUTH: u8 = 1;
pub const CLIENT_AUTH: u8 = 2;
pub const NETSCAPE_CLIENT: u8 = 0x80;
pub const NETSCAPE_SERVER: u8 = 0x40;
const TRUE: &[u8] = &[0x01, 0x01, 0xff];
