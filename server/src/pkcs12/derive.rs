//! Keys from passwords: the derivation of RFC 7292 appendix B, and the budget that bounds every derivation.

use aws_lc_rs::digest::{self, Context};
use zeroize::Zeroizing;

use super::ReadError;

/// What a key is derived for (RFC 7292, appendix B.3).
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Encryption = 1,
    InitialisationVector = 2,
    Mac = 3,
}

/// A password as a BMPString with its final zero (RFC 7292, appendix B.1).
pub(super) struct BmpPassword(Zeroizing<Vec<u8>>);

impl BmpPassword {
    pub(super) fn new(password: &str) -> Self {
        let mut octets = Zeroizing::new(Vec::with_capacity(password.len() * 2 + 2));
        octets.extend(password.encode_utf16().flat_map(u16::to_be_bytes));
        octets.extend([0, 0]);
        Self(octets)
    }

    /// No octets at all, not even the final zero: what some writers take for "no password".
    pub(super) fn absent() -> Self {
        Self(Zeroizing::new(Vec::new()))
    }
}

/// Derives `length` octets (RFC 7292, appendix B.2).
pub(super) fn derive(
    hash: &'static digest::Algorithm,
    password: &BmpPassword,
    salt: &[u8],
    purpose: Purpose,
    iterations: u32,
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
        for _ in 1..iterations {
            round = digest::digest(hash, round.as_ref());
        }
        derived.extend_from_slice(round.as_ref());
        let addend = fill_block(round.as_ref(), block);
        input.chunks_mut(block).for_each(|chunk| add_one_and(chunk, &addend));
    }
    derived.truncate(length);
    derived
}

fn fill_block(source: &[u8], block: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(source.iter().copied().cycle().take(block).collect())
}

/// `number = number + addend + 1`, big-endian, of one length, without the carry.
fn add_one_and(number: &mut [u8], addend: &[u8]) {
    let mut carry = 1_u16;
    for (octet, other) in number.iter_mut().zip(addend).rev() {
        carry += u16::from(*octet) + u16::from(*other);
        *octet = (carry & 0xff) as u8;
        carry >>= 8;
    }
}

/// What a file may still cost. Every derivation pays here before it begins.
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
    pub(super) fn spend(&mut self, iterations: i64) -> Result<u32, ReadError> {
        let count = u32::try_from(iterations)
            .ok()
            .filter(|count| (1..=MAX_ITERATIONS).contains(count));
        let count = count.ok_or(ReadError::Iterations {
            iterations,
            limit: MAX_ITERATIONS,
        })?;
        self.iterations = self.iterations.checked_sub(count).ok_or(ReadError::TooMuchWork)?;
        Ok(count)
    }
}

/// The most one derivation may ask for; OpenSSL writes 2048, .NET 2000, Java 10,000.
const MAX_ITERATIONS: u32 = 1_000_000;
/// The most a file may ask for in all, about two seconds of one core.
const MAX_TOTAL_ITERATIONS: u32 = 3_000_000;
