//! Keys from passwords: the derivation of RFC 7292 appendix B, PBKDF2, and the budget that bounds every derivation.

use std::num::NonZeroU32;

use aws_lc_rs::digest::{self, Context};
use aws_lc_rs::pbkdf2;
use zeroize::Zeroizing;

use super::Pkcs12Error;
use super::algorithm::{self as id, AlgorithmIdentifier, integer};
use crate::der;

/// The purpose that a key is derived for (RFC 7292, appendix B.3).
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Encryption = 1,
    InitialisationVector = 2,
    Mac = 3,
}

/// A password as a BMPString with its final zero (RFC 7292, appendix B.1).
#[derive(Clone)]
pub(super) struct BmpPassword(Zeroizing<Vec<u8>>);

impl BmpPassword {
    /// Characters outside the BMP as UTF-16 writes them, as OpenSSL, Java and .NET do.
    pub(super) fn new(password: &str) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(password.len() * 2 + 2));
        bytes.extend(password.encode_utf16().flat_map(u16::to_be_bytes));
        bytes.extend([0, 0]);
        Self(bytes)
    }

    /// No bytes at all, not even the final zero: what some writers take for "no password".
    fn absent() -> Self {
        Self(Zeroizing::new(Vec::new()))
    }

    /// Each byte of the UTF-8 form as a character, as OpenSSL wrote it before version 1.1 (passphrase-encoding(7)).
    fn byte_by_byte(password: &str) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(password.len() * 2 + 2));
        bytes.extend(password.bytes().flat_map(|byte| [0, byte]));
        bytes.extend([0, 0]);
        Self(bytes)
    }

    /// Every form in which files exist, the right one first.
    pub(super) fn forms(password: &str) -> Vec<Self> {
        let mut forms = vec![Self::new(password)];
        if password.is_empty() {
            forms.push(Self::absent());
        }
        if !password.is_ascii() {
            forms.push(Self::byte_by_byte(password));
        }
        forms
    }
}

/// Derives `length` bytes (RFC 7292, appendix B.2).
pub(super) fn derive(
    hash: &'static digest::Algorithm,
    password: &BmpPassword,
    salt: &[u8],
    purpose: Purpose,
    iterations: NonZeroU32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = hash.block_len();
    let fill = |source: &[u8]| -> Zeroizing<Vec<u8>> {
        let length = source.len().div_ceil(block) * block;
        Zeroizing::new(source.iter().copied().cycle().take(length).collect())
    };
    let diversifier = vec![purpose as u8; block];
    let mut input = Zeroizing::new([fill(salt).as_slice(), fill(&password.0).as_slice()].concat());
    let mut derived = Zeroizing::new(Vec::with_capacity(length + hash.output_len()));
    while derived.len() < length {
        let mut context = Context::new(hash);
        context.update(&diversifier);
        context.update(&input);
        let mut round = context.finish();
        for _ in 1..iterations.get() {
            round = digest::digest(hash, round.as_ref());
        }
        derived.extend_from_slice(round.as_ref());
        let addend: Zeroizing<Vec<u8>> = Zeroizing::new(round.as_ref().iter().copied().cycle().take(block).collect());
        input.chunks_mut(block).for_each(|chunk| add_one_and(chunk, &addend));
    }
    derived.truncate(length);
    derived
}

/// `number = number + addend + 1`, big-endian, of one length, without the carry.
fn add_one_and(number: &mut [u8], addend: &[u8]) {
    let mut carry = 1_u16;
    for (byte, other) in number.iter_mut().zip(addend).rev() {
        carry += u16::from(*byte) + u16::from(*other);
        *byte = (carry & 0xff) as u8;
        carry >>= 8;
    }
}

/// The key of a MAC with SHA-256 over a file that is being written.
pub fn sha256_mac_key(password: &str, salt: &[u8], iterations: NonZeroU32) -> Zeroizing<Vec<u8>> {
    let (hash, password) = (&digest::SHA256, BmpPassword::new(password));
    derive(hash, &password, salt, Purpose::Mac, iterations, hash.output_len())
}

/// `PBKDF2-params` (RFC 8018, appendix A.2).
pub(super) struct Pbkdf2Parameters<'a> {
    salt: &'a [u8],
    iterations: i64,
    pub(super) key_length: Option<i64>,
    prf: pbkdf2::Algorithm,
}

impl<'a> Pbkdf2Parameters<'a> {
    pub(super) fn read(derivation: AlgorithmIdentifier<'a>) -> Result<Self, Pkcs12Error> {
        let algorithm = derivation.algorithm.clone();
        if algorithm.to_string() != id::PBKDF2 {
            return Err(Pkcs12Error::Unsupported { algorithm });
        }
        let mut members = derivation.parameters()?;
        let salt = members.expect(der::OCTET_STRING)?.content;
        let iterations = integer(&mut members)?;
        // Optional, and told from what follows by its tag.
        let key_length = integer(&mut members.clone()).ok();
        if key_length.is_some() {
            members.element()?;
        }
        let prf = if members.is_empty() {
            pbkdf2::PBKDF2_HMAC_SHA1
        } else {
            let prf = AlgorithmIdentifier::read(&mut members)?.algorithm;
            match prf.to_string().as_str() {
                id::HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
                id::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
                id::HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
                id::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
                _ => return Err(Pkcs12Error::Unsupported { algorithm: prf }),
            }
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
    ) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
        let iterations = budget.spend(self.iterations)?;
        let mut key = Zeroizing::new(vec![0; length]);
        pbkdf2::derive(self.prf, iterations, self.salt, password.as_bytes(), &mut key);
        Ok(key)
    }
}

/// The remaining iterations for a file. Every derivation is charged before it begins.
pub(super) struct Budget {
    iterations: u32,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            iterations: MAX_TOTAL_ITERATIONS,
        }
    }

    /// Pays for a derivation of so many iterations.
    pub(super) fn spend(&mut self, iterations: i64) -> Result<NonZeroU32, Pkcs12Error> {
        let count = u32::try_from(iterations)
            .ok()
            .filter(|count| *count <= MAX_ITERATIONS)
            .and_then(NonZeroU32::new)
            .ok_or(Pkcs12Error::Iterations { iterations })?;
        self.iterations = self
            .iterations
            .checked_sub(count.get())
            .ok_or(Pkcs12Error::TooMuchWork)?;
        Ok(count)
    }
}

/// The most one derivation may ask for; OpenSSL writes 2048, .NET 2000, Java 10,000, Firefox 600,000.
pub(super) const MAX_ITERATIONS: u32 = 1_000_000;
/// The most a file may ask for in all, about two seconds of one core.
const MAX_TOTAL_ITERATIONS: u32 = 3_000_000;
