//! Password-based encryption: PBES2 (RFC 8018) and the older schemes of RFC 7292.

use aria::{Aria128, Aria192, Aria256};
use aws_lc_rs::cipher::{AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use camellia::{Camellia128, Camellia192, Camellia256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, KeyInit, KeyIvInit as _};
use des::{TdesEde2, TdesEde3};
use rc2::Rc2;
use rc4::{Rc4, StreamCipher as _};
use zeroize::Zeroizing;

use super::Pkcs12Error;
use super::algorithm::{self as id, AlgorithmIdentifier, integer};
use super::derive::{BmpPassword, Budget, Pbkdf2Parameters, Purpose, derive};
use crate::der::{self, DerError, DerReader};

type Plain = Zeroizing<Vec<u8>>;
/// Decrypts by a key and an initialisation vector.
type Decrypt = fn(&[u8], &[u8], &[u8]) -> Result<Plain, DecryptError>;

/// The password in the two forms that the schemes want.
pub(super) struct Password<'a> {
    pub(super) text: &'a str,
    pub(super) bmp: BmpPassword,
}

/// The reason that bytes cannot be decrypted.
pub(super) enum DecryptError {
    /// The padding is invalid: the password is wrong, or the file is damaged.
    Padding,
    Other(Pkcs12Error),
}

impl<E: Into<Pkcs12Error>> From<E> for DecryptError {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// Decrypts with the scheme that `algorithm` names.
pub(super) fn decrypt(
    algorithm: AlgorithmIdentifier<'_>,
    encrypted: &[u8],
    password: &Password<'_>,
    budget: &mut Budget,
) -> Result<Plain, DecryptError> {
    let identifier = algorithm.algorithm.clone();
    let mut old = |key_length: usize, decrypt: Decrypt| {
        let (key, iv) = old_key_and_iv(algorithm.clone().parameters()?, key_length, &password.bmp, budget)?;
        decrypt(&key, &iv, encrypted)
    };
    match identifier.to_string().as_str() {
        id::PBE_SHA1_3DES => old(24, cbc_decrypt::<TdesEde3>),
        id::PBE_SHA1_2DES => old(16, cbc_decrypt::<TdesEde2>),
        id::PBE_SHA1_RC2_128 => old(16, cbc_decrypt::<Rc2>),
        id::PBE_SHA1_RC2_40 => old(5, cbc_decrypt::<Rc2>),
        id::PBE_SHA1_RC4_128 => old(16, rc4_decrypt),
        id::PBE_SHA1_RC4_40 => old(5, rc4_decrypt),
        id::PBES2 => pbes2(algorithm.parameters()?, encrypted, password.text, budget),
        _ => Err(Pkcs12Error::Unsupported { algorithm: identifier }.into()),
    }
}

/// `PBES2-params` (RFC 8018, appendix A.4): a derivation and a cipher.
fn pbes2(
    mut parameters: DerReader<'_>,
    encrypted: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Result<Plain, DecryptError> {
    let derivation = Pbkdf2Parameters::read(AlgorithmIdentifier::read(&mut parameters)?)?;
    let scheme = AlgorithmIdentifier::read(&mut parameters)?;
    let (key_length, decrypt): (usize, Decrypt) = match scheme.algorithm.to_string().as_str() {
        id::AES_128_CBC => (16, aes_decrypt),
        id::AES_192_CBC => (24, aes_decrypt),
        id::AES_256_CBC => (32, aes_decrypt),
        id::DES_EDE3_CBC => (24, cbc_decrypt::<TdesEde3>),
        id::CAMELLIA_128_CBC => (16, cbc_decrypt::<Camellia128>),
        id::CAMELLIA_192_CBC => (24, cbc_decrypt::<Camellia192>),
        id::CAMELLIA_256_CBC => (32, cbc_decrypt::<Camellia256>),
        id::ARIA_128_CBC => (16, cbc_decrypt::<Aria128>),
        id::ARIA_192_CBC => (24, cbc_decrypt::<Aria192>),
        id::ARIA_256_CBC => (32, cbc_decrypt::<Aria256>),
        _ => {
            return Err(Pkcs12Error::Unsupported {
                algorithm: scheme.algorithm,
            }
            .into());
        }
    };
    let iv = scheme.initialisation_vector()?;
    let key = derivation.derive(password, key_length, budget)?;
    decrypt(&key, iv, encrypted)
}

/// The schemes of RFC 7292, appendix C: a salt and a count, from which key and initialisation vector are derived.
fn old_key_and_iv(
    mut parameters: DerReader<'_>,
    key_length: usize,
    password: &BmpPassword,
    budget: &mut Budget,
) -> Result<(Plain, Plain), Pkcs12Error> {
    let salt = parameters.expect(der::OCTET_STRING)?.content;
    let count = integer(&mut parameters)?;
    budget.spend(count)?;
    let iterations = budget.spend(count)?;
    let hash = &digest::SHA1_FOR_LEGACY_USE_ONLY;
    Ok((
        derive(hash, password, salt, Purpose::Encryption, iterations, key_length),
        derive(hash, password, salt, Purpose::InitialisationVector, iterations, 8),
    ))
}

fn aes_decrypt(key: &[u8], iv: &[u8], encrypted: &[u8]) -> Result<Plain, DecryptError> {
    let iv = FixedLength::<16>::try_from(iv).map_err(|_| BROKEN_PARAMETERS)?;
    let cipher = match key.len() {
        16 => &AES_128,
        24 => &AES_192,
        _ => &AES_256,
    };
    let key = UnboundCipherKey::new(cipher, key)
        .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
        .map_err(|_| BROKEN_PARAMETERS)?;
    let mut plain = Zeroizing::new(encrypted.to_vec());
    let length = key
        .decrypt(&mut plain, DecryptionContext::Iv128(iv))
        .map_err(|_| DecryptError::Padding)?
        .len();
    plain.truncate(length);
    Ok(plain)
}

fn cbc_decrypt<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    encrypted: &[u8],
) -> Result<Plain, DecryptError> {
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| BROKEN_PARAMETERS)?;
    cipher
        .decrypt_padded_vec::<Pkcs7>(encrypted)
        .map(Zeroizing::new)
        .map_err(|_| DecryptError::Padding)
}

/// A stream cipher: no initialisation vector, and no padding that would tell a wrong password.
fn rc4_decrypt(key: &[u8], _iv: &[u8], encrypted: &[u8]) -> Result<Plain, DecryptError> {
    let mut plain = Zeroizing::new(encrypted.to_vec());
    Rc4::new_from_slice(key)
        .map_err(|_| BROKEN_PARAMETERS)?
        .apply_keystream(&mut plain);
    Ok(plain)
}

const BROKEN_PARAMETERS: DerError = DerError::Content("the parameters of an encryption");
