//! The `MacData` of a file (RFC 7292, section 4; RFC 9579).

use aws_lc_rs::{digest, hmac};

use super::Pkcs12Error;
use super::algorithm::{self as id, AlgorithmIdentifier, integer};
use super::derive::{BmpPassword, Budget, Pbkdf2Parameters, Purpose, derive};
use crate::der::{self, DerError, DerReader};

/// Checks the `MacData` over `content`, and returns the forms of the password that the file may be encrypted with: the one
/// that made the MAC, or every form when the MAC does not tell them apart.
pub(super) fn check(
    mut mac: DerReader<'_>,
    content: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Result<Vec<BmpPassword>, Pkcs12Error> {
    let mut digest_info = mac.nested(der::SEQUENCE)?;
    let algorithm = AlgorithmIdentifier::read(&mut digest_info)?;
    let expected = digest_info.expect(der::OCTET_STRING)?.content;
    let (hash, code) = match algorithm.algorithm.to_string().as_str() {
        id::PBMAC1 => {
            check_pbmac1(algorithm, expected, content, password, budget)?;
            return Ok(BmpPassword::forms(password));
        }
        id::SHA1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        id::SHA224 => (&digest::SHA224, hmac::HMAC_SHA224),
        id::SHA256 => (&digest::SHA256, hmac::HMAC_SHA256),
        id::SHA384 => (&digest::SHA384, hmac::HMAC_SHA384),
        id::SHA512 => (&digest::SHA512, hmac::HMAC_SHA512),
        _ => {
            return Err(Pkcs12Error::Unsupported {
                algorithm: algorithm.algorithm,
            });
        }
    };
    let salt = mac.expect(der::OCTET_STRING)?.content;
    let count = if mac.is_empty() { 1 } else { integer(&mut mac)? };
    mac.finish()?;
    for form in BmpPassword::forms(password) {
        let iterations = budget.spend(count)?;
        let key = derive(hash, &form, salt, Purpose::Mac, iterations, hash.output_len());
        if hmac::verify(&hmac::Key::new(code, &key), content, expected).is_ok() {
            return Ok(vec![form]);
        }
    }
    Err(Pkcs12Error::WrongPassword)
}

/// RFC 9579: the MAC key comes from PBKDF2, and the salt and count outside are not used.
fn check_pbmac1(
    algorithm: AlgorithmIdentifier<'_>,
    expected: &[u8],
    content: &[u8],
    password: &str,
    budget: &mut Budget,
) -> Result<(), Pkcs12Error> {
    let mut parameters = algorithm.parameters()?;
    let derivation = Pbkdf2Parameters::read(AlgorithmIdentifier::read(&mut parameters)?)?;
    let code = AlgorithmIdentifier::read(&mut parameters)?.algorithm;
    let code = match code.to_string().as_str() {
        id::HMAC_SHA1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        id::HMAC_SHA224 => hmac::HMAC_SHA224,
        id::HMAC_SHA256 => hmac::HMAC_SHA256,
        id::HMAC_SHA384 => hmac::HMAC_SHA384,
        id::HMAC_SHA512 => hmac::HMAC_SHA512,
        _ => return Err(Pkcs12Error::Unsupported { algorithm: code }),
    };
    // The length must be given (RFC 9579, section 5); below 20 bytes it is no key but a guess.
    let length = derivation.key_length.and_then(|length| usize::try_from(length).ok());
    let length = length
        .filter(|length| (20..=64).contains(length))
        .ok_or(DerError::Content("the key length of the MAC"))?;
    let key = derivation.derive(password, length, budget)?;
    hmac::verify(&hmac::Key::new(code, &key), content, expected).map_err(|_| Pkcs12Error::WrongPassword)
}
