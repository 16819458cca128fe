//! The certificate extensions this project decides by (RFC 5280 4.2.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::certificate_error::CertificateError;
use super::der::{self, DerError, DerReader, Element};
use super::{DistinguishedName, ObjectIdentifier};

/// Permitted uses of a key (RFC 5280 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyUsage(u16);

/// Purposes of a certificate (RFC 5280 4.2.1.12).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExtendedKeyUsage(Vec<ObjectIdentifier>);

/// A subject alternative name (RFC 5280 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectAltName {
    /// A `dNSName`, as written; `*` and letter case are kept.
    Dns(String),
    /// An `iPAddress` of 4 or 16 bytes.
    Ip(IpAddr),
    /// A `uniformResourceIdentifier`, as written.
    Uri(String),
    /// An `rfc822Name`, as written.
    Email(String),
    /// A `directoryName`.
    DirectoryName(DistinguishedName),
    /// Any other form, or one of those above with bytes that are not its text: the DER element with its tag.
    Other(Vec<u8>),
}

/// That a certificate has an extension, and whether it may be ignored (RFC 5280 4.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Extension {
    identifier: ObjectIdentifier,
    critical: bool,
}

#[derive(Clone, Copy)]
pub(super) struct BasicConstraints {
    pub(super) ca: bool,
    pub(super) path_length: Option<u32>,
}

#[derive(Default)]
pub(super) struct Extensions {
    pub(super) present: Vec<Extension>,
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) extended_key_usage: Option<ExtendedKeyUsage>,
    pub(super) subject_alt_names: Vec<SubjectAltName>,
    pub(super) authority_key_identifier: Option<Box<[u8]>>,
    pub(super) subject_key_identifier: Option<Box<[u8]>>,
    pub(super) netscape_type_excludes_clients: bool,
}

#[allow(
    missing_docs,
    reason = "each method asks for the bit that RFC 5280 4.2.1.3 gives this name"
)]
impl KeyUsage {
    pub fn digital_signature(self) -> bool {
        self.bit(0)
    }

    /// `nonRepudiation`, called content commitment since X.509 (2005).
    pub fn content_commitment(self) -> bool {
        self.bit(1)
    }

    pub fn key_encipherment(self) -> bool {
        self.bit(2)
    }

    pub fn data_encipherment(self) -> bool {
        self.bit(3)
    }

    pub fn key_agreement(self) -> bool {
        self.bit(4)
    }

    pub fn key_cert_sign(self) -> bool {
        self.bit(5)
    }

    pub fn crl_sign(self) -> bool {
        self.bit(6)
    }

    fn bit(self, number: u16) -> bool {
        self.0 & (0x8000 >> number) != 0
    }
}

impl ExtendedKeyUsage {
    /// Returns `true` if `id-kp-clientAuth` is listed. [`ExtendedKeyUsage::any`] does not count.
    pub fn client_auth(&self) -> bool {
        self.lists(&[0x2b, 6, 1, 5, 5, 7, 3, 2])
    }

    /// Returns `true` if `id-kp-serverAuth` is listed. [`ExtendedKeyUsage::any`] does not count.
    pub fn server_auth(&self) -> bool {
        self.lists(&[0x2b, 6, 1, 5, 5, 7, 3, 1])
    }

    /// Returns `true` if `anyExtendedKeyUsage` is listed.
    pub fn any(&self) -> bool {
        self.lists(&[0x55, 0x1d, 37, 0])
    }

    /// All purposes, in order.
    pub fn purposes(&self) -> &[ObjectIdentifier] {
        &self.0
    }

    fn lists(&self, purpose: &[u8]) -> bool {
        self.0.iter().any(|listed| listed.as_der_content() == purpose)
    }
}

impl Extension {
    /// The extension's identifier, such as 2.5.29.19 for basic constraints.
    pub fn identifier(&self) -> &ObjectIdentifier {
        &self.identifier
    }

    /// Returns `true` if a verifier that does not know the extension must reject the certificate.
    pub fn is_critical(&self) -> bool {
        self.critical
    }
}

impl Extensions {
    /// Reads the content of the `[3]` element of a certificate. Extensions nobody here asks about are stepped over,
    /// critical ones too: whether they can be ignored is for chain checks to say.
    pub(super) fn read(content: &[u8]) -> Result<Self, CertificateError> {
        let at = |part| move |source| CertificateError::Malformed { part, source };
        let mut reader = DerReader::new(content);
        let mut sequence = reader.nested(der::SEQUENCE).map_err(at("extensions"))?;
        reader.finish().map_err(at("extensions"))?;
        let mut extensions = Self::default();
        while !sequence.is_empty() {
            let (extension, value) = extension(&mut sequence).map_err(at("extensions"))?;
            if extensions
                .present
                .iter()
                .any(|seen| seen.identifier == extension.identifier)
            {
                return Err(CertificateError::RepeatedExtension(extension.identifier.to_string()));
            }
            if extensions.present.len() == MAX_EXTENSIONS {
                return Err(CertificateError::Malformed {
                    part: "extensions",
                    source: DerError::Content("a list of at most 256 extensions"),
                });
            }
            match extension.identifier.as_der_content() {
                BASIC_CONSTRAINTS => {
                    extensions.basic_constraints = Some(basic_constraints(value).map_err(at("basic constraints"))?)
                }
                KEY_USAGE => extensions.key_usage = Some(key_usage(value).map_err(at("key usage"))?),
                EXTENDED_KEY_USAGE => {
                    extensions.extended_key_usage = Some(extended_key_usage(value).map_err(at("extended key usage"))?);
                }
                SUBJECT_ALT_NAME => {
                    extensions.subject_alt_names = subject_alt_names(value).map_err(at("subject alternative name"))?
                }
                AUTHORITY_KEY_IDENTIFIER => {
                    extensions.authority_key_identifier =
                        authority_key_identifier(value).map_err(at("authority key identifier"))?;
                }
                SUBJECT_KEY_IDENTIFIER => {
                    let identifier = only(value, der::OCTET_STRING).map_err(at("subject key identifier"))?;
                    extensions.subject_key_identifier = Some(identifier.content.into());
                }
                NETSCAPE_CERTIFICATE_TYPE => {
                    // What cannot be read says nothing that could be relied on, and is no reason to refuse the certificate.
                    let names_clients = only(value, der::BIT_STRING).is_ok_and(|bits| match bits.content {
                        [_, first, ..] => first & NETSCAPE_SSL_CLIENT != 0,
                        _ => false,
                    });
                    extensions.netscape_type_excludes_clients = !names_clients;
                }
                _ => {}
            }
            extensions.present.push(extension);
        }
        Ok(extensions)
    }
}

/// One `Extension`, and the bytes inside its `OCTET STRING`.
fn extension<'a>(sequence: &mut DerReader<'a>) -> Result<(Extension, &'a [u8]), DerError> {
    let mut extension = sequence.nested(der::SEQUENCE)?;
    let identifier = ObjectIdentifier::from_der_content(extension.expect(der::OBJECT_IDENTIFIER)?.content)?;
    let critical = extension
        .optional(der::BOOLEAN)?
        .map(|critical| critical.boolean())
        .transpose()?
        .unwrap_or(false);
    let value = extension.expect(der::OCTET_STRING)?.content;
    extension.finish()?;
    Ok((Extension { identifier, critical }, value))
}

fn only(value: &[u8], tag: u8) -> Result<Element<'_>, DerError> {
    let mut reader = DerReader::new(value);
    let element = reader.expect(tag)?;
    reader.finish()?;
    Ok(element)
}

fn basic_constraints(value: &[u8]) -> Result<BasicConstraints, DerError> {
    let mut sequence = DerReader::new(only(value, der::SEQUENCE)?.content);
    let ca = sequence
        .optional(der::BOOLEAN)?
        .map(|ca| ca.boolean())
        .transpose()?
        .unwrap_or(false);
    let path_length = match sequence.optional(der::INTEGER)?.map(|length| length.content) {
        None => None,
        Some(bytes @ [0..=0x7f, ..]) if bytes.len() <= 4 => {
            Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
        }
        Some(_) => return Err(DerError::Content("a path length")),
    };
    sequence.finish()?;
    Ok(BasicConstraints { ca, path_length })
}

fn key_usage(value: &[u8]) -> Result<KeyUsage, DerError> {
    match *only(value, der::BIT_STRING)?.content {
        [0] => Ok(KeyUsage(0)),
        [0..=7, first] => Ok(KeyUsage(u16::from_be_bytes([first, 0]))),
        [0..=7, first, second] => Ok(KeyUsage(u16::from_be_bytes([first, second]))),
        _ => Err(DerError::Content("a key usage")),
    }
}

fn extended_key_usage(value: &[u8]) -> Result<ExtendedKeyUsage, DerError> {
    let mut sequence = DerReader::new(only(value, der::SEQUENCE)?.content);
    let mut purposes = Vec::new();
    while !sequence.is_empty() {
        purposes.push(ObjectIdentifier::from_der_content(
            sequence.expect(der::OBJECT_IDENTIFIER)?.content,
        )?);
    }
    Ok(ExtendedKeyUsage(purposes))
}

fn subject_alt_names(value: &[u8]) -> Result<Vec<SubjectAltName>, DerError> {
    let mut sequence = DerReader::new(only(value, der::SEQUENCE)?.content);
    let mut names = Vec::new();
    while !sequence.is_empty() {
        names.push(subject_alt_name(sequence.element()?));
    }
    Ok(names)
}

/// One `GeneralName`, told by its context tag (RFC 5280 4.2.1.6).
fn subject_alt_name(name: Element<'_>) -> SubjectAltName {
    let text = || {
        std::str::from_utf8(name.content)
            .ok()
            .filter(|text| text.is_ascii())
            .map(str::to_owned)
    };
    let known = match name.tag {
        0x81 => text().map(SubjectAltName::Email),
        0x82 => text().map(SubjectAltName::Dns),
        0x86 => text().map(SubjectAltName::Uri),
        0x87 => match name.content.len() {
            4 => <[u8; 4]>::try_from(name.content)
                .ok()
                .map(|bytes| SubjectAltName::Ip(Ipv4Addr::from(bytes).into())),
            16 => <[u8; 16]>::try_from(name.content)
                .ok()
                .map(|bytes| SubjectAltName::Ip(Ipv6Addr::from(bytes).into())),
            _ => None,
        },
        0xa4 => DistinguishedName::from_der(name.content)
            .ok()
            .map(SubjectAltName::DirectoryName),
        _ => None,
    };
    known.unwrap_or_else(|| SubjectAltName::Other(name.encoded.to_vec()))
}

fn authority_key_identifier(value: &[u8]) -> Result<Option<Box<[u8]>>, DerError> {
    let mut sequence = DerReader::new(only(value, der::SEQUENCE)?.content);
    Ok(sequence.optional(0x80)?.map(|identifier| identifier.content.into()))
}

const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 14];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 35];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
/// 2.16.840.1.113730.1.1, which is older than the extended key usage. OpenSSL still heeds it.
const NETSCAPE_CERTIFICATE_TYPE: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 1, 1];
/// The first bit.
const NETSCAPE_SSL_CLIENT: u8 = 0x80;
/// Certificates in use have about ten. Looking for repetitions takes time with the square of this number.
const MAX_EXTENSIONS: usize = 256;
