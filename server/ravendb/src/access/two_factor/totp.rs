//! Time-based one-time codes (RFC 6238, with HMAC-SHA-1, six digits, thirty seconds).

use aws_lc_rs::hmac;
use time::OffsetDateTime;

use crate::model::definition::TwoFactorKey;

/// A count of thirty-second steps since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Step(i64);

impl Step {
    pub(super) fn at(now: OffsetDateTime) -> Self {
        Self(now.unix_timestamp().div_euclid(STEP_SECONDS))
    }
}

/// The step near `now` with this code, if any. All steps are compared, so that the time taken reveals nothing.
pub(super) fn matching_step(key: &TwoFactorKey, code: u32, now: OffsetDateTime) -> Option<Step> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.expose());
    let Step(present) = Step::at(now);
    let mut found = None;
    for step in present - TOLERANCE..=present + TOLERANCE {
        let expected = code_of(&key, step).to_be_bytes();
        if aws_lc_rs::constant_time::verify_slices_are_equal(&expected, &code.to_be_bytes()).is_ok() {
            found = Some(Step(step));
        }
    }
    found
}

/// The code of a step (RFC 4226, section 5.3).
fn code_of(key: &hmac::Key, step: i64) -> u32 {
    let tag = hmac::sign(key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0x0f);
    let word = [tag[offset] & 0x7f, tag[offset + 1], tag[offset + 2], tag[offset + 3]];
    u32::from_be_bytes(word) % MODULUS
}

#[cfg(test)]
/// The one-time code of `key` at `now`.
pub fn current_code(key: &TwoFactorKey, now: OffsetDateTime) -> u32 {
    let Step(present) = Step::at(now);
    code_of(
        &hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.expose()),
        present,
    )
}

const STEP_SECONDS: i64 = 30;
/// Accepted steps before and after the current one: clocks differ, and people type slowly
/// (`docs/contracts/ravendb.md#two-factor-authentication`).
const TOLERANCE: i64 = 2;
const MODULUS: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    fn rfc_key() -> TwoFactorKey {
        TwoFactorKey::from_bytes(b"12345678901234567890".to_vec())
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, with the last six of its eight digits.
        for (seconds, code) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            let now = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
            assert_eq!(matching_step(&rfc_key(), code, now), Some(Step::at(now)), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_two_steps_early_and_two_steps_late() {
        let made = OffsetDateTime::from_unix_timestamp(59).unwrap();
        for (steps, good) in [(-3, false), (-2, true), (2, true), (3, false)] {
            let now = made + Duration::seconds(30 * steps);
            assert_eq!(matching_step(&rfc_key(), 287_082, now).is_some(), good, "{steps}");
        }
    }
}
