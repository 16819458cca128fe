//! Reading a PKCS#12 file (RFC 7292, section 4).

use aws_lc_rs::{digest, hmac};
use der::oid::ObjectIdentifier;
use zeroize::Zeroizing;

use super::cipher::{AlgorithmIdentifier, Password, Pbkdf2Parameters, decrypt};
use super::derive::{BmpPassword, Budget, Purpose, derive};
use super::identifiers as id;
use crate::asn1::{self, NotDer};

/// What a file held, in its order.
#[derive(Default)]
pub(crate) struct Contents {
    /// DER certificates.
    pub(crate) certificates: Vec<Vec<u8>>,
    /// PKCS#8 keys; left out when they were not asked for.
    pub(crate) private_keys: Vec<Zeroizing<Vec<u8>>>,
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// It is not a PKCS#12 file, or a broken one.
    #[error("it is not a PKCS#12 file in DER")]
    Structure,
    /// The password is wrong, or is missing.
    #[error("the password does not open it")]
    Password,
    /// A count no honest writer uses, which would keep the server busy.
    #[error("it asks for {iterations} iterations; 1 to {limit} are allowed")]
    Iterations {
        /// As asked for.
        iterations: i64,
        /// The most allowed.
        limit: u32,
    },
    /// Every count is allowed, but all together are not.
    #[error("it asks for more key derivations than a file may")]
    TooMuchWork,
    /// An algorithm that is not in use in such files.
    #[error("it uses the algorithm {algorithm}, which is not supported")]
    Unsupported {
        /// Which.
        algorithm: ObjectIdentifier,
    },
    /// More certificates or keys than a file may hold.
    #[error("it holds more than {MAX_BAGS} entries")]
    TooManyEntries,
}

impl From<NotDer> for ReadError {
    fn from(NotDer: NotDer) -> Self {
        Self::Structure
    }
}

/// Reads the certificates, and the private keys when they are wanted. Without a MAC nothing says that the password is
/// right, except that what is decrypted can be read.
pub(crate) fn read(file: &[u8], password: &str, with_keys: bool) -> Result<Contents, ReadError> {
    let mut outer = asn1::Reader::new(file);
    let mut pfx = outer.enter(asn1::SEQUENCE)?;
    if !outer.is_empty() || pfx.integer()? != VERSION_3 {
        return Err(ReadError::Structure);
    }
    let (content_type, mut content) = content_info(&mut pfx)?;
    if content_type != id::DATA {
        return Err(ReadError::Unsupported {
            algorithm: content_type,
        });
    }
    let authenticated = content.expect(asn1::OCTET_STRING)?;
    let mut budget = Budget::new();
    let bmp = match pfx.optional(asn1::SEQUENCE)? {
        Some(mac) => check_mac(asn1::Reader::new(mac), authenticated, password, &mut budget)?,
        None => BmpPassword::new(password),
    };
    let mut reader = Reader {
        password: Password { text: password, bmp },
        budget,
        with_keys,
        bags: 0,
    };
    let mut contents = Contents::default();
    if !pfx.is_empty() {
        return Err(ReadError::Structure);
    }
    let mut safes = whole_sequence(authenticated)?;
    while !safes.is_empty() {
        let (content_type, mut content) = content_info(&mut safes)?;
        match content_type {
            id::DATA => reader.bags(content.expect(asn1::OCTET_STRING)?, &mut contents, 0)?,
            id::ENCRYPTED_DATA => {
                let plain = reader.decrypted(content.enter(asn1::SEQUENCE)?)?;
                reader.bags(&plain, &mut contents, 0)?;
            }
            other => return Err(ReadError::Unsupported { algorithm: other }),
        }
    }
    Ok(contents)
}

/// What is in a sequence that nothing follows.
fn whole_sequence(encoded: &[u8]) -> Result<asn1::Reader<'_>, NotDer> {
    let mut outer = asn1::Reader::new(encoded);
    let members = outer.enter(asn1::SEQUENCE)?;
    if outer.is_empty() { Ok(members) } else { Err(NotDer) }
}

/// `ContentInfo` (RFC 5652, section 3): a type, and what is inside its explicit tag.
fn content_info<'a>(reader: &mut asn1::Reader<'a>) -> Result<(ObjectIdentifier, asn1::Reader<'a>), NotDer> {
    let mut members = reader.enter(asn1::SEQUENCE)?;
    Ok((members.object_identifier()?, members.enter(asn1::CONTEXT_0)?))
}

struct Reader<'a> {
    password: Password<'a>,
    budget: Budget,
    with_keys: bool,
    bags: usize,
}

impl Reader<'_> {
    /// The plain text of an `EncryptedData` (RFC 5652, section 8).
    fn decrypted(&mut self, mut data: asn1::Reader<'_>) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        data.integer()?;
        let mut content = data.enter(asn1::SEQUENCE)?;
        content.object_identifier()?;
        let algorithm = AlgorithmIdentifier::read(&mut content)?;
        let encrypted = content.expect(asn1::CONTEXT_0_PRIMITIVE)?;
        decrypt(algorithm, encrypted, &self.password, &mut self.budget)
    }

    fn bags(&mut self, safe_contents: &[u8], contents: &mut Contents, depth: usize) -> Result<(), ReadError> {
        // What was decrypted with a wrong password and no MAC is noise: that is about the password.
        let mut bags = whole_sequence(safe_contents).map_err(|_| ReadError::Password)?;
        while !bags.is_empty() {
            self.bags += 1;
            if self.bags > MAX_BAGS || depth > MAX_DEPTH {
                return Err(ReadError::TooManyEntries);
            }
            let mut bag = bags.enter(asn1::SEQUENCE)?;
            let identifier = bag.object_identifier()?;
            let mut value = bag.enter(asn1::CONTEXT_0)?;
            match identifier {
                id::CERTIFICATE_BAG => {
                    let mut certificate = value.enter(asn1::SEQUENCE)?;
                    if certificate.object_identifier()? == id::X509_CERTIFICATE {
                        let octets = certificate.enter(asn1::CONTEXT_0)?.expect(asn1::OCTET_STRING)?;
                        contents.certificates.push(octets.to_vec());
                    }
                }
                id::SHROUDED_KEY_BAG if self.with_keys => {
                    let mut key = value.enter(asn1::SEQUENCE)?;
                    let algorithm = AlgorithmIdentifier::read(&mut key)?;
                    let encrypted = key.expect(asn1::OCTET_STRING)?;
                    let plain = decrypt(algorithm, encrypted, &self.password, &mut self.budget)?;
                    contents.private_keys.push(plain);
                }
                id::KEY_BAG if self.with_keys => {
                    contents
                        .private_keys
                        .push(Zeroizing::new(value.value()?.encoded.to_vec()));
                }
                id::SAFE_CONTENTS_BAG => self.bags(value.value()?.encoded, contents, depth + 1)?,
                // Revocation lists, secrets, and keys that nobody asked for.
                _ => {}
            }
        }
        Ok(())
    }
}

/// Checks the `MacData`, and tells which form of the password made it: an empty password is written in two ways.
fn check_mac(
    mut mac: asn1::Reader<'_>,
    content: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Result<BmpPassword, ReadError> {
    let mut digest_info = mac.enter(asn1::SEQUENCE)?;
    let algorithm = AlgorithmIdentifier::read(&mut digest_info)?;
    let wanted = digest_info.expect(asn1::OCTET_STRING)?;
    if algorithm.algorithm == id::PBMAC1 {
        check_pbmac1(algorithm, wanted, content, password, budget)?;
        return Ok(BmpPassword::new(password));
    }
    let (hash, code) = match algorithm.algorithm {
        id::SHA1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        id::SHA256 => (&digest::SHA256, hmac::HMAC_SHA256),
        id::SHA384 => (&digest::SHA384, hmac::HMAC_SHA384),
        id::SHA512 => (&digest::SHA512, hmac::HMAC_SHA512),
        other => return Err(ReadError::Unsupported { algorithm: other }),
    };
    let salt = mac.expect(asn1::OCTET_STRING)?;
    let count = if mac.is_empty() { 1 } else { mac.integer()? };
    let mut forms = vec![BmpPassword::new(password)];
    if password.is_empty() {
        forms.push(BmpPassword::absent());
    }
    for form in forms {
        let iterations = budget.spend(count)?;
        let key = derive(hash, &form, salt, Purpose::Mac, iterations, hash.output_len());
        if hmac::verify(&hmac::Key::new(code, &key), content, wanted).is_ok() {
            return Ok(form);
        }
    }
    Err(ReadError::Password)
}

/// RFC 9579: the MAC key comes from PBKDF2, and the salt and count outside are not used.
fn check_pbmac1(
    algorithm: AlgorithmIdentifier<'_>,
    wanted: &[u8],
    content: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Result<(), ReadError> {
    let mut parameters = algorithm.parameters()?;
    let derivation = Pbkdf2Parameters::read(AlgorithmIdentifier::read(&mut parameters)?)?;
    let code = match AlgorithmIdentifier::read(&mut parameters)?.algorithm {
        id::HMAC_SHA256 => hmac::HMAC_SHA256,
        id::HMAC_SHA384 => hmac::HMAC_SHA384,
        id::HMAC_SHA512 => hmac::HMAC_SHA512,
        other => return Err(ReadError::Unsupported { algorithm: other }),
    };
    // The length must be given (RFC 9579, section 5); below 20 octets it is no key but a guess.
    let length = derivation.key_length.and_then(|length| usize::try_from(length).ok());
    let length = length
        .filter(|length| (20..=64).contains(length))
        .ok_or(ReadError::Structure)?;
    let key = derivation.derive(password, length, budget)?;
    hmac::verify(&hmac::Key::new(code, &key), content, wanted).map_err(|_| ReadError::Password)
}

const VERSION_3: i64 = 3;
/// A chain and its key are under ten.
const MAX_BAGS: usize = 512;
/// Bags can hold bags; nobody's do.
const MAX_DEPTH: usize = 4;
