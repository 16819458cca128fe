//! Algorithms named in certificates.

use super::ObjectIdentifier;
use super::der::{self, DerError, DerReader, Element};

/// The kind of a public key (RFC 5280 4.1.2.7, RFC 5480, RFC 8410).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicKey {
    /// RSA with a modulus of this many bits.
    Rsa {
        /// Length of the modulus in bits.
        bits: u32,
    },
    /// An elliptic curve key on NIST P-256.
    EcdsaP256,
    /// An elliptic curve key on NIST P-384.
    EcdsaP384,
    /// An elliptic curve key on NIST P-521.
    EcdsaP521,
    /// An Ed25519 key.
    Ed25519,
    /// Anything else: the dotted object identifier of its curve, or of its algorithm when that is no elliptic curve.
    Other(String),
}

/// The algorithm a certificate was signed with (RFC 4055, RFC 5758, RFC 8410).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant is the algorithm it names")]
pub enum SignatureAlgorithm {
    RsaMd2,
    RsaMd5,
    RsaSha1,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    RsaPss,
    EcdsaSha1,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    Ed25519,
    /// Anything else, by its dotted object identifier.
    Other(String),
}

impl PublicKey {
    /// The kind of a DER `SubjectPublicKeyInfo`, tag and length included.
    ///
    /// # Errors
    /// [`DerError`] when the bytes are none.
    pub fn from_spki_der(subject_public_key_info: &[u8]) -> Result<Self, DerError> {
        let mut reader = DerReader::new(subject_public_key_info);
        let element = reader.expect(der::SEQUENCE)?;
        reader.finish()?;
        Self::read(element)
    }

    pub(super) fn read(subject_public_key_info: Element<'_>) -> Result<Self, DerError> {
        let mut info = DerReader::new(subject_public_key_info.content);
        let mut algorithm = info.nested(der::SEQUENCE)?;
        let identifier = algorithm.expect(der::OBJECT_IDENTIFIER)?.content;
        let key = info.expect(der::BIT_STRING)?;
        info.finish()?;
        match identifier {
            RSA_ENCRYPTION => Ok(Self::Rsa {
                bits: modulus_bits(key.bit_string_bytes()?)?,
            }),
            EC_PUBLIC_KEY => match algorithm.optional(der::OBJECT_IDENTIFIER)?.map(|curve| curve.content) {
                Some(PRIME256V1) => Ok(Self::EcdsaP256),
                Some(SECP384R1) => Ok(Self::EcdsaP384),
                Some(SECP521R1) => Ok(Self::EcdsaP521),
                curve => Ok(Self::Other(
                    ObjectIdentifier::from_der_content(curve.unwrap_or(identifier))?.to_string(),
                )),
            },
            ED25519 => Ok(Self::Ed25519),
            _ => Ok(Self::Other(ObjectIdentifier::from_der_content(identifier)?.to_string())),
        }
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::EcdsaP521 => f.write_str("ECDSA P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other(identifier) => match KNOWN_KEYS.iter().find(|(known, _)| known == identifier) {
                Some((_, name)) => f.write_str(name),
                None => write!(f, "OID {identifier}"),
            },
        }
    }
}

impl SignatureAlgorithm {
    pub(super) fn read(algorithm_identifier: Element<'_>) -> Result<Self, DerError> {
        let identifier = DerReader::new(algorithm_identifier.content)
            .expect(der::OBJECT_IDENTIFIER)?
            .content;
        Ok(match identifier {
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2] => Self::RsaMd2,
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4] => Self::RsaMd5,
            // The second one is an old name for the same algorithm (OIW), still found in Windows certificates.
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5] | [0x2b, 0x0e, 3, 2, 29] => Self::RsaSha1,
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10] => Self::RsaPss,
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11] => Self::RsaSha256,
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12] => Self::RsaSha384,
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13] => Self::RsaSha512,
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] => Self::EcdsaSha1,
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2] => Self::EcdsaSha256,
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3] => Self::EcdsaSha384,
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4] => Self::EcdsaSha512,
            ED25519 => Self::Ed25519,
            other => Self::Other(ObjectIdentifier::from_der_content(other)?.to_string()),
        })
    }

    /// Returns `true` if signatures of this kind can be forged today: MD2, MD5 and SHA-1 (RFC 9155, CA/B Forum ballot
    /// 118).
    pub fn is_weak(&self) -> bool {
        matches!(self, Self::RsaMd2 | Self::RsaMd5 | Self::RsaSha1 | Self::EcdsaSha1)
    }
}

impl std::fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::RsaMd2 => "RSA and MD2",
            Self::RsaMd5 => "RSA and MD5",
            Self::RsaSha1 => "RSA and SHA-1",
            Self::RsaSha256 => "RSA and SHA-256",
            Self::RsaSha384 => "RSA and SHA-384",
            Self::RsaSha512 => "RSA and SHA-512",
            Self::RsaPss => "RSASSA-PSS",
            Self::EcdsaSha1 => "ECDSA and SHA-1",
            Self::EcdsaSha256 => "ECDSA and SHA-256",
            Self::EcdsaSha384 => "ECDSA and SHA-384",
            Self::EcdsaSha512 => "ECDSA and SHA-512",
            Self::Ed25519 => "Ed25519",
            Self::Other(identifier) => return write!(f, "OID {identifier}"),
        })
    }
}

/// `RSAPublicKey` (RFC 8017 A.1.1): the bits of its modulus.
fn modulus_bits(key: &[u8]) -> Result<u32, DerError> {
    let mut sequence = DerReader::new(key).nested(der::SEQUENCE)?;
    let modulus = sequence.expect(der::INTEGER)?.content;
    let start = modulus
        .iter()
        .position(|byte| *byte != 0)
        .ok_or(DerError::Content("an RSA modulus"))?;
    let significant = &modulus[start..];
    let bits = significant.len() * 8 - significant[0].leading_zeros() as usize;
    u32::try_from(bits).map_err(|_| DerError::Content("an RSA modulus"))
}

/// Names of keys that TLS makes no use of, or too rarely for a variant of their own.
const KNOWN_KEYS: [(&str, &str); 19] = [
    ("1.2.840.113549.1.1.10", "RSA-PSS"),
    ("1.2.840.113549.1.1.7", "RSA-OAEP"),
    ("1.2.840.10040.4.1", "DSA"),
    ("1.2.840.10046.2.1", "Diffie-Hellman"),
    ("1.2.840.10045.2.1", "elliptic curve with explicit parameters"),
    ("1.2.840.10045.3.1.1", "ECDSA P-192"),
    ("1.3.132.0.33", "ECDSA P-224"),
    ("1.3.132.0.10", "ECDSA secp256k1"),
    ("1.3.36.3.3.2.8.1.1.7", "ECDSA brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "ECDSA brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "ECDSA brainpoolP512r1"),
    ("1.2.156.10197.1.301", "SM2"),
    ("1.3.101.110", "X25519"),
    ("1.3.101.111", "X448"),
    ("1.3.101.113", "Ed448"),
    ("1.2.643.7.1.1.1.1", "GOST R 34.10-2012"),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const PRIME256V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const SECP384R1: &[u8] = &[0x2b, 0x81, 0x04, 0, 34];
const SECP521R1: &[u8] = &[0x2b, 0x81, 0x04, 0, 35];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_by_name_and_by_identifier_only_when_they_are_unknown() {
        for (key, name) in [
            (PublicKey::Rsa { bits: 2048 }, "RSA-2048"),
            (PublicKey::EcdsaP256, "ECDSA P-256"),
            (PublicKey::Other("1.3.132.0.10".to_owned()), "ECDSA secp256k1"),
            (PublicKey::Other("1.2.840.113549.1.1.10".to_owned()), "RSA-PSS"),
            (PublicKey::Other("1.2.3.4".to_owned()), "OID 1.2.3.4"),
        ] {
            assert_eq!(key.to_string(), name);
        }
        for (identifier, _) in KNOWN_KEYS {
            identifier.parse::<ObjectIdentifier>().unwrap();
        }
    }
}
