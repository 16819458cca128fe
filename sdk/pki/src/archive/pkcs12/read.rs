//! The structure of a PKCS#12 file (RFC 7292, section 4).

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::super::Format;
use super::super::ber::to_der;
use super::algorithm::{self as id, AlgorithmIdentifier, integer, object_identifier};
use super::cipher::{DecryptError, Password, decrypt};
use super::derive::{BmpPassword, Budget};
use super::{Pkcs12Error, mac};
use crate::ObjectIdentifier;
use crate::der::{self, DerError, DerReader};

/// The contents of a file, in its order.
#[derive(Default)]
pub struct Contents {
    /// DER certificates.
    pub certificates: Vec<Vec<u8>>,
    /// PKCS#8 keys; left out when they were not asked for.
    pub private_keys: Vec<Zeroizing<Vec<u8>>>,
}

/// Reads the certificates, and the private keys when they are wanted. Without a MAC nothing says that the password is
/// right, except that what is decrypted can be read.
///
/// # Errors
/// [`Pkcs12Error`], which tells apart what is no PKCS#12, damage, a wrong password, an algorithm that is not supported, and
/// a file that asks for too much work.
pub fn read(file: &[u8], password: &str, with_keys: bool) -> Result<Contents, Pkcs12Error> {
    if Format::of(file) != Some(Format::Pkcs12) {
        return Err(Pkcs12Error::NotPkcs12);
    }
    let file = to_der(file)?;
    let mut pfx = DerReader::new(&file).nested(der::SEQUENCE)?;
    integer(&mut pfx)?;
    let (content_type, mut content) = content_info(&mut pfx)?;
    if content_type.to_string() != id::DATA {
        return Err(Pkcs12Error::Unsupported {
            algorithm: content_type,
        });
    }
    let authenticated = content.expect(der::OCTET_STRING)?.content;
    let mut budget = Budget::new();
    let mac_data = pfx.optional(der::SEQUENCE)?;
    pfx.finish()?;
    let forms = match mac_data {
        Some(data) => mac::check(DerReader::new(data.content), authenticated, password, &mut budget)?,
        None => BmpPassword::forms(password),
    };
    let mut reader = Reader {
        has_mac: mac_data.is_some(),
        with_keys,
        password: Password {
            text: password,
            bmp: BmpPassword::new(password),
        },
        budget,
        bags: 0,
        contents: Contents::default(),
    };
    let mut first_error = None;
    for form in forms {
        (reader.bags, reader.contents) = (0, Contents::default());
        reader.password.bmp = form;
        match reader.authenticated_safe(authenticated) {
            Ok(()) => return Ok(reader.contents),
            Err(error) => drop(first_error.get_or_insert(error)),
        }
    }
    Err(first_error.unwrap_or(Pkcs12Error::WrongPassword))
}

/// `ContentInfo` (RFC 5652, section 3): a type, and what is inside its explicit tag.
fn content_info<'a>(reader: &mut DerReader<'a>) -> Result<(ObjectIdentifier, DerReader<'a>), DerError> {
    let mut members = reader.nested(der::SEQUENCE)?;
    Ok((
        object_identifier(&mut members)?,
        members.nested(der::CONTEXT_0_CONSTRUCTED)?,
    ))
}

struct Reader<'a> {
    has_mac: bool,
    with_keys: bool,
    password: Password<'a>,
    budget: Budget,
    bags: usize,
    contents: Contents,
}

impl Reader<'_> {
    fn authenticated_safe(&mut self, authenticated: &[u8]) -> Result<(), Pkcs12Error> {
        let authenticated = to_der(authenticated)?;
        let mut safes = DerReader::new(&authenticated).nested(der::SEQUENCE)?;
        while !safes.is_empty() {
            let (content_type, mut content) = content_info(&mut safes)?;
            match content_type.to_string().as_str() {
                id::DATA => {
                    let bags = to_der(content.expect(der::OCTET_STRING)?.content)?;
                    self.bags(DerReader::new(&bags), 0)?;
                }
                id::ENCRYPTED_DATA => {
                    let plain = self.decrypted(content.nested(der::SEQUENCE)?)?;
                    self.bags(DerReader::new(&plain), 0)?;
                }
                _ => {
                    return Err(Pkcs12Error::Unsupported {
                        algorithm: content_type,
                    });
                }
            }
        }
        Ok(())
    }

    /// The plain text of an `EncryptedData` (RFC 5652, section 8).
    fn decrypted(&mut self, mut data: DerReader<'_>) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
        integer(&mut data)?;
        let mut content = data.nested(der::SEQUENCE)?;
        object_identifier(&mut content)?;
        let algorithm = AlgorithmIdentifier::read(&mut content)?;
        let encrypted = content.element()?;
        let encrypted = match encrypted.tag {
            CONTEXT_0_PRIMITIVE => Cow::Borrowed(encrypted.content),
            // In pieces: the tag is implicit, so that only here it is known to be an OCTET STRING.
            der::CONTEXT_0_CONSTRUCTED => {
                let (mut pieces, mut all) = (DerReader::new(encrypted.content), Vec::new());
                while !pieces.is_empty() {
                    all.extend_from_slice(pieces.expect(der::OCTET_STRING)?.content);
                }
                Cow::Owned(all)
            }
            found => {
                return Err(DerError::UnexpectedTag {
                    expected: CONTEXT_0_PRIMITIVE,
                    found,
                }
                .into());
            }
        };
        self.plain(algorithm, &encrypted)
    }

    /// Decrypts content that must be DER. Without a MAC, a wrong password gives noise, and so does content under a
    /// second password.
    fn plain(
        &mut self,
        algorithm: AlgorithmIdentifier<'_>,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
        let plain = match decrypt(algorithm, encrypted, &self.password, &mut self.budget) {
            Ok(plain) => to_der(&plain).ok(),
            Err(DecryptError::Padding) => None,
            Err(DecryptError::Other(error)) => return Err(error),
        };
        plain
            .filter(|plain| plain.first() == Some(&der::SEQUENCE))
            .ok_or(if self.has_mac {
                Pkcs12Error::SecondPassword
            } else {
                Pkcs12Error::Undecryptable
            })
    }

    fn bags(&mut self, mut safe_contents: DerReader<'_>, depth: usize) -> Result<(), Pkcs12Error> {
        let mut bags = safe_contents.nested(der::SEQUENCE)?;
        while !bags.is_empty() {
            self.bags += 1;
            if self.bags > MAX_BAGS || depth > MAX_DEPTH {
                return Err(Pkcs12Error::TooManyEntries);
            }
            let mut bag = bags.nested(der::SEQUENCE)?;
            let identifier = object_identifier(&mut bag)?;
            let mut value = bag.nested(der::CONTEXT_0_CONSTRUCTED)?;
            match identifier.to_string().as_str() {
                id::CERTIFICATE_BAG => {
                    let mut certificate = value.nested(der::SEQUENCE)?;
                    if object_identifier(&mut certificate)?.to_string() == id::X509_CERTIFICATE {
                        let mut value = certificate.nested(der::CONTEXT_0_CONSTRUCTED)?;
                        let der = value.expect(der::OCTET_STRING)?.content;
                        self.contents.certificates.push(der.to_vec());
                    }
                }
                id::SHROUDED_KEY_BAG if self.with_keys => {
                    let mut key = value.nested(der::SEQUENCE)?;
                    let algorithm = AlgorithmIdentifier::read(&mut key)?;
                    let key = self.plain(algorithm, key.expect(der::OCTET_STRING)?.content)?;
                    self.contents.private_keys.push(key);
                }
                id::KEY_BAG if self.with_keys => {
                    let key = value.expect(der::SEQUENCE)?.encoded;
                    self.contents.private_keys.push(Zeroizing::new(key.to_vec()));
                }
                id::SAFE_CONTENTS_BAG => self.bags(value, depth + 1)?,
                // Revocation lists, secrets, and keys that nobody asked for.
                _ => {}
            }
        }
        Ok(())
    }
}

/// `[0]`, primitive: an implicit tag on a string.
const CONTEXT_0_PRIMITIVE: u8 = 0x80;
/// A chain and its key are under ten.
pub(super) const MAX_BAGS: usize = 512;
/// Bags can hold bags; nobody's do.
const MAX_DEPTH: usize = 4;
