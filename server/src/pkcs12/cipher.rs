//! Password-based encryption: PBES2 (RFC 8018) and the older schemes of RFC 7292.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, pbkdf2};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, KeyInit, KeyIvInit as _};
use der::oid::ObjectIdentifier;
use zeroize::Zeroizing;

use super::ReadError;
use super::derive::{BmpPassword, Budget, Purpose, derive};
use super::identifiers as id;
use crate::asn1::{self, NotDer};

/// `AlgorithmIdentifier` (RFC 5280, section 4.1.1.2).
#[derive(Clone, Copy)]
pub(super) struct AlgorithmIdentifier<'a> {
    pub(super) algorithm: ObjectIdentifier,
    parameters: asn1::Reader<'a>,
}

impl<'a> AlgorithmIdentifier<'a> {
    pub(super) fn read(reader: &mut asn1::Reader<'a>) -> Result<Self, NotDer> {
        let mut members = reader.enter(asn1::SEQUENCE)?;
        Ok(Self {
            algorithm: members.object_identifier()?,
            parameters: members,
        })
    }

    /// The parameters, when they are a sequence.
    pub(super) fn parameters(mut self) -> Result<asn1::Reader<'a>, NotDer> {
        self.parameters.enter(asn1::SEQUENCE)
    }
}

/// `PBKDF2-params` (RFC 8018, appendix A.2).
pub(super) struct Pbkdf2Parameters<'a> {
    salt: &'a [u8],
    iterations: i64,
    pub(super) key_length: Option<i64>,
    prf: ObjectIdentifier,
}

impl<'a> Pbkdf2Parameters<'a> {
    pub(super) fn read(derivation: AlgorithmIdentifier<'a>) -> Result<Self, ReadError> {
        if derivation.algorithm != id::PBKDF2 {
            return Err(ReadError::Unsupported {
                algorithm: derivation.algorithm,
            });
        }
        let mut members = derivation.parameters()?;
        let (salt, iterations) = (members.expect(asn1::OCTET_STRING)?, members.integer()?);
        // Optional, and told from what follows by its tag.
        let key_length = members.clone().integer().ok();
        if key_length.is_some() {
            members.value()?;
        }
        let prf = if members.is_empty() {
            id::HMAC_SHA1
        } else {
            AlgorithmIdentifier::read(&mut members)?.algorithm
        };
        Ok(Self {
            salt,
            iterations,
            key_length,
            prf,
        })
    }

    /// Pays for the derivation and makes it.
    pub(super) fn derive(
        &self,
        password: &str,
        length: usize,
        budget: &mut Budget,
    ) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let prf = match self.prf {
            id::HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
            id::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
            id::HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
            id::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
            other => return Err(ReadError::Unsupported { algorithm: other }),
        };
        let iterations = NonZeroU32::new(budget.spend(self.iterations)?).ok_or(ReadError::Structure)?;
        let mut key = Zeroizing::new(vec![0; length]);
        pbkdf2::derive(prf, iterations, self.salt, password.as_bytes(), &mut key);
        Ok(key)
    }
}

/// The password in the two forms that the schemes want.
pub(super) struct Password<'a> {
    pub(super) text: &'a str,
    pub(super) bmp: BmpPassword,
}

/// Decrypts with the scheme that `algorithm` names.
pub(super) fn decrypt(
    algorithm: AlgorithmIdentifier<'_>,
    encrypted: &[u8],
    password: &Password<'_>,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    match algorithm.algorithm {
        id::PBES2 => pbes2(algorithm.parameters()?, encrypted, password.text, budget),
        id::PBE_SHA1_3DES => old::<des::TdesEde3>(algorithm.parameters()?, 24, encrypted, password, budget),
        id::PBE_SHA1_RC2_128 => old::<rc2::Rc2>(algorithm.parameters()?, 16, encrypted, password, budget),
        id::PBE_SHA1_RC2_40 => old::<rc2::Rc2>(algorithm.parameters()?, 5, encrypted, password, budget),
        other => Err(ReadError::Unsupported { algorithm: other }),
    }
}

/// `PBES2-params` (RFC 8018, appendix A.4): a derivation and a cipher.
fn pbes2(
    mut parameters: asn1::Reader<'_>,
    encrypted: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let derivation = Pbkdf2Parameters::read(AlgorithmIdentifier::read(&mut parameters)?)?;
    let mut scheme = parameters.enter(asn1::SEQUENCE)?;
    let (cipher, iv) = (scheme.object_identifier()?, scheme.expect(asn1::OCTET_STRING)?);
    let (key_length, aes) = match cipher {
        id::AES_128_CBC => (16, Some(&AES_128)),
        id::AES_192_CBC => (24, Some(&AES_192)),
        id::AES_256_CBC => (32, Some(&AES_256)),
        id::DES_EDE3_CBC => (24, None),
        other => return Err(ReadError::Unsupported { algorithm: other }),
    };
    let key = derivation.derive(password, key_length, budget)?;
    let Some(aes) = aes else {
        return cbc_decrypt::<des::TdesEde3>(&key, iv, encrypted);
    };
    let iv = FixedLength::<16>::try_from(iv).map_err(|_| ReadError::Structure)?;
    let key = UnboundCipherKey::new(aes, &key)
        .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
        .map_err(|_| ReadError::Structure)?;
    let mut plain = Zeroizing::new(encrypted.to_vec());
    let length = key
        .decrypt(&mut plain, DecryptionContext::Iv128(iv))
        .map_err(|_| ReadError::Password)?
        .len();
    plain.truncate(length);
    Ok(plain)
}

/// The schemes of RFC 7292, appendix C: a salt and a count, from which key and initialisation vector are derived.
fn old<C: BlockCipherDecrypt + KeyInit>(
    mut parameters: asn1::Reader<'_>,
    key_length: usize,
    encrypted: &[u8],
    password: &Password<'_>,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let (salt, count) = (parameters.expect(asn1::OCTET_STRING)?, parameters.integer()?);
    budget.spend(count)?;
    let iterations = budget.spend(count)?;
    let hash = &digest::SHA1_FOR_LEGACY_USE_ONLY;
    let key = derive(hash, &password.bmp, salt, Purpose::Encryption, iterations, key_length);
    let iv = derive(hash, &password.bmp, salt, Purpose::InitialisationVector, iterations, 8);
    cbc_decrypt::<C>(&key, &iv, encrypted)
}

fn cbc_decrypt<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    encrypted: &[u8],
) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| ReadError::Structure)?;
    cipher
        .decrypt_padded_vec::<Pkcs7>(encrypted)
        .map(Zeroizing::new)
        .map_err(|_| ReadError::Password)
}
