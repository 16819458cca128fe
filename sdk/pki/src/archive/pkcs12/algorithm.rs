//! Algorithms and other object identifiers of RFC 7292, RFC 8018, RFC 8017, RFC 5652 and the ciphers' own.

use crate::ObjectIdentifier;
use crate::der::{self, DerError, DerReader};

/// `AlgorithmIdentifier` (RFC 5280, section 4.1.1.2).
#[derive(Clone)]
pub(super) struct AlgorithmIdentifier<'a> {
    pub(super) algorithm: ObjectIdentifier,
    /// The parameters after the identifier: one value, or none.
    parameters: DerReader<'a>,
}

impl<'a> AlgorithmIdentifier<'a> {
    pub(super) fn read(reader: &mut DerReader<'a>) -> Result<Self, DerError> {
        let mut members = reader.nested(der::SEQUENCE)?;
        Ok(Self {
            algorithm: object_identifier(&mut members)?,
            parameters: members,
        })
    }

    /// The parameters, when they are a sequence.
    pub(super) fn parameters(mut self) -> Result<DerReader<'a>, DerError> {
        self.parameters.nested(der::SEQUENCE)
    }

    /// The parameters, when they are an initialisation vector.
    pub(super) fn initialisation_vector(mut self) -> Result<&'a [u8], DerError> {
        self.parameters.expect(der::OCTET_STRING).map(|element| element.content)
    }
}

pub(super) fn object_identifier(reader: &mut DerReader<'_>) -> Result<ObjectIdentifier, DerError> {
    let content = reader.expect(der::OBJECT_IDENTIFIER)?.content;
    // None in use has more than 16; the text of a longer one would only fill an error.
    if content.len() > 32 {
        return Err(DerError::Content("an OBJECT IDENTIFIER"));
    }
    ObjectIdentifier::from_der_content(content)
}

/// A whole number of up to eight bytes.
pub(super) fn integer(reader: &mut DerReader<'_>) -> Result<i64, DerError> {
    let content = reader.expect(der::INTEGER)?.content;
    let first = *content.first().ok_or(DerError::Content("an INTEGER"))?;
    if content.len() > 8 {
        return Err(DerError::Content("an INTEGER"));
    }
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    Ok(content.iter().fold(sign, |sum, byte| (sum << 8) | i64::from(*byte)))
}

pub(super) const DATA: &str = "1.2.840.113549.1.7.1";
pub(super) const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";

pub(super) const KEY_BAG: &str = "1.2.840.113549.1.12.10.1.1";
pub(super) const SHROUDED_KEY_BAG: &str = "1.2.840.113549.1.12.10.1.2";
pub(super) const CERTIFICATE_BAG: &str = "1.2.840.113549.1.12.10.1.3";
pub(super) const SAFE_CONTENTS_BAG: &str = "1.2.840.113549.1.12.10.1.6";
pub(super) const X509_CERTIFICATE: &str = "1.2.840.113549.1.9.22.1";

pub(super) const PBE_SHA1_RC4_128: &str = "1.2.840.113549.1.12.1.1";
pub(super) const PBE_SHA1_RC4_40: &str = "1.2.840.113549.1.12.1.2";
pub(super) const PBE_SHA1_3DES: &str = "1.2.840.113549.1.12.1.3";
pub(super) const PBE_SHA1_2DES: &str = "1.2.840.113549.1.12.1.4";
pub(super) const PBE_SHA1_RC2_128: &str = "1.2.840.113549.1.12.1.5";
pub(super) const PBE_SHA1_RC2_40: &str = "1.2.840.113549.1.12.1.6";
pub(super) const PBES2: &str = "1.2.840.113549.1.5.13";
pub(super) const PBKDF2: &str = "1.2.840.113549.1.5.12";
pub(super) const PBMAC1: &str = "1.2.840.113549.1.5.14";

pub(super) const HMAC_SHA1: &str = "1.2.840.113549.2.7";
pub(super) const HMAC_SHA224: &str = "1.2.840.113549.2.8";
pub(super) const HMAC_SHA256: &str = "1.2.840.113549.2.9";
pub(super) const HMAC_SHA384: &str = "1.2.840.113549.2.10";
pub(super) const HMAC_SHA512: &str = "1.2.840.113549.2.11";

pub(super) const AES_128_CBC: &str = "2.16.840.1.101.3.4.1.2";
pub(super) const AES_192_CBC: &str = "2.16.840.1.101.3.4.1.22";
pub(super) const AES_256_CBC: &str = "2.16.840.1.101.3.4.1.42";
pub(super) const DES_EDE3_CBC: &str = "1.2.840.113549.3.7";
pub(super) const CAMELLIA_128_CBC: &str = "1.2.392.200011.61.1.1.1.2";
pub(super) const CAMELLIA_192_CBC: &str = "1.2.392.200011.61.1.1.1.3";
pub(super) const CAMELLIA_256_CBC: &str = "1.2.392.200011.61.1.1.1.4";
pub(super) const ARIA_128_CBC: &str = "1.2.410.200046.1.1.2";
pub(super) const ARIA_192_CBC: &str = "1.2.410.200046.1.1.7";
pub(super) const ARIA_256_CBC: &str = "1.2.410.200046.1.1.12";

pub(super) const SHA1: &str = "1.3.14.3.2.26";
pub(super) const SHA224: &str = "2.16.840.1.101.3.4.2.4";
pub(super) const SHA256: &str = "2.16.840.1.101.3.4.2.1";
pub(super) const SHA384: &str = "2.16.840.1.101.3.4.2.2";
pub(super) const SHA512: &str = "2.16.840.1.101.3.4.2.3";

/// Returns the common name of an algorithm that is not supported, with its identifier.
pub(super) fn name_of(algorithm: &ObjectIdentifier) -> String {
    let identifier = algorithm.to_string();
    let name = match identifier.as_str() {
        "1.2.840.113549.1.7.2" => "a signature instead of a MAC",
        "1.2.840.113549.1.7.3" => "encryption to a public key",
        "1.2.840.113549.1.5.1" => "encryption with MD2 and DES",
        "1.2.840.113549.1.5.3" => "encryption with MD5 and DES",
        "1.2.840.113549.1.5.4" => "encryption with MD2 and RC2",
        "1.2.840.113549.1.5.6" => "encryption with MD5 and RC2",
        "1.2.840.113549.1.5.10" => "encryption with SHA-1 and DES",
        "1.2.840.113549.1.5.11" => "encryption with SHA-1 and RC2",
        "1.3.6.1.4.1.11591.4.11" => "scrypt",
        "1.3.14.3.2.7" => "DES",
        "1.2.840.113549.3.2" => "RC2 under PBES2",
        "1.2.840.113549.3.4" => "RC4 under PBES2",
        "1.2.840.113549.1.9.16.3.18" => "ChaCha20-Poly1305",
        "2.16.840.1.101.3.4.1.6" | "2.16.840.1.101.3.4.1.26" | "2.16.840.1.101.3.4.1.46" => "AES-GCM",
        "1.2.840.113549.2.5" => "a MAC with MD5",
        "2.16.840.1.101.3.4.2.5" => "SHA-512/224",
        "2.16.840.1.101.3.4.2.6" => "SHA-512/256",
        "2.16.840.1.101.3.4.2.7" | "2.16.840.1.101.3.4.2.8" | "2.16.840.1.101.3.4.2.9" | "2.16.840.1.101.3.4.2.10" => {
            "SHA-3"
        }
        HMAC_SHA224 => "a key derivation with HMAC-SHA-224",
        "1.2.840.113549.2.12" | "1.2.840.113549.2.13" => "HMAC with SHA-512/224 or SHA-512/256",
        "1.2.643.7.1.1.5.1.1" | "1.2.643.7.1.1.5.2.1" | "1.2.643.2.2.21" => "encryption with GOST",
        "1.2.643.7.1.1.2.2" | "1.2.643.7.1.1.2.3" | "1.2.643.7.1.1.4.1" | "1.2.643.7.1.1.4.2" => "GOST",
        "1.2.156.10197.1.104.2" => "SM4",
        _ => return format!("the algorithm {identifier}"),
    };
    format!("{name} ({identifier})")
}
