//! Telling the formats apart, and getting the certificates out of each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::oid::ObjectIdentifier;
use zeroize::Zeroizing;

use super::BundleError;
use super::bundle::MAX_CERTIFICATES;
use crate::asn1;
use crate::pkcs12;

/// What a file held: certificates in its order, those of PKCS#12 in the reverse of it, and private keys in PKCS#8, PKCS#1 or SEC 1.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) private_keys: Vec<Zeroizing<Vec<u8>>>,
}

/// Reads a file of any of the formats. Private keys are passed over unless they are wanted.
pub(super) fn read(file: &[u8], password: &str, with_keys: bool) -> Result<Contents, BundleError> {
    let contents = match format_of(file) {
        Some(Format::Certificate) => Contents {
            certificates: vec![file.to_vec()],
            ..Contents::default()
        },
        Some(Format::Pkcs7) => Contents {
            certificates: certificates_of_pkcs7(file)?,
            ..Contents::default()
        },
        Some(Format::Pkcs12) => {
            let pkcs12::Contents {
                mut certificates,
                private_keys,
            } = pkcs12::read(file, password, with_keys).map_err(|error| BundleError::Pkcs12(error.into()))?;
            // .NET lists the last one first, which RavenDB makes the primary of a collection.
            certificates.reverse();
            Contents {
                certificates,
                private_keys,
            }
        }
        None => read_pem(file, with_keys)?,
    };
    if contents.certificates.is_empty() {
        return Err(BundleError::Empty);
    }
    if contents.certificates.len() > MAX_CERTIFICATES {
        return Err(BundleError::TooMany {
            count: contents.certificates.len(),
        });
    }
    Ok(contents)
}

enum Format {
    Certificate,
    Pkcs7,
    Pkcs12,
}

/// All three are a sequence; what it begins with tells them apart.
fn format_of(file: &[u8]) -> Option<Format> {
    let mut outer = asn1::Reader::new(file);
    let mut members = outer.enter(asn1::SEQUENCE).ok()?;
    match members.value().ok()?.tag {
        asn1::SEQUENCE => Some(Format::Certificate),
        asn1::OBJECT_IDENTIFIER => Some(Format::Pkcs7),
        asn1::INTEGER => Some(Format::Pkcs12),
        _ => None,
    }
}

/// The certificates of a `SignedData` (RFC 5652, section 5.1), as `.p7b` files carry them. Nothing is verified.
fn certificates_of_pkcs7(file: &[u8]) -> Result<Vec<Vec<u8>>, BundleError> {
    let read = || -> Result<Vec<Vec<u8>>, asn1::NotDer> {
        let mut outer = asn1::Reader::new(file);
        let mut content_info = outer.enter(asn1::SEQUENCE)?;
        if !outer.is_empty() || content_info.object_identifier()? != SIGNED_DATA {
            return Err(asn1::NotDer);
        }
        let mut signed_data = content_info.enter(asn1::CONTEXT_0)?.enter(asn1::SEQUENCE)?;
        signed_data.expect(asn1::INTEGER)?;
        signed_data.expect(asn1::SET)?;
        signed_data.expect(asn1::SEQUENCE)?;
        let mut members = asn1::Reader::new(signed_data.optional(asn1::CONTEXT_0)?.unwrap_or_default());
        let mut certificates = Vec::new();
        while !members.is_empty() {
            let member = members.value()?;
            // Other choices are attribute certificates, which identify nobody here.
            if member.tag == asn1::SEQUENCE {
                certificates.push(member.encoded.to_vec());
            }
        }
        Ok(certificates)
    };
    read().map_err(|_| BundleError::Pkcs7)
}

/// The `CERTIFICATE` and `PKCS7` blocks of a text, and its private keys when they are wanted. Other blocks are passed
/// over without being decoded.
fn read_pem(file: &[u8], with_keys: bool) -> Result<Contents, BundleError> {
    let text = str::from_utf8(file).map_err(|_| BundleError::UnknownFormat)?;
    let mut contents = Contents::default();
    let mut rest = text;
    let mut found = false;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (label, after) = after.split_once(DASHES).ok_or(BundleError::Pem)?;
        let end = format!("-----END {label}-----");
        // A label is a few words; a longer one is the text of a block whose first line is cut off.
        let (body, after) = after
            .split_once(end.as_str())
            .filter(|_| label.len() <= MAX_LABEL)
            .ok_or(BundleError::Pem)?;
        rest = after;
        found = true;
        match label {
            "CERTIFICATE" | "X509 CERTIFICATE" => contents.certificates.push(decode(body)?.to_vec()),
            "PKCS7" | "CMS" => contents.certificates.extend(certificates_of_pkcs7(&decode(body)?)?),
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" if with_keys => {
                if body.contains(':') {
                    return Err(BundleError::EncryptedPemKey);
                }
                contents.private_keys.push(decode(body)?);
            }
            "ENCRYPTED PRIVATE KEY" if with_keys => return Err(BundleError::EncryptedPemKey),
            _ => {}
        }
        if contents.certificates.len() > MAX_CERTIFICATES {
            return Err(BundleError::TooMany {
                count: contents.certificates.len(),
            });
        }
    }
    if found {
        Ok(contents)
    } else {
        Err(BundleError::UnknownFormat)
    }
}

fn decode(body: &str) -> Result<Zeroizing<Vec<u8>>, BundleError> {
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    base64.extend(body.chars().filter(|character| !character.is_whitespace()));
    STANDARD
        .decode(base64.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| BundleError::Pem)
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
const MAX_LABEL: usize = 64;
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
