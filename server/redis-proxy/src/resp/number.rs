//! Numbers of the protocol, parsed byte by byte.

/// A number and its CR LF, as `string2ll` accepts it: an optional minus, no leading zeros.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Number {
    value: u64,
    digits: u8,
    is_negative: bool,
    has_ended: bool,
}

pub(super) enum NumberStep {
    More,
    Is(i64),
    /// Not a number.
    None,
}

impl Number {
    pub(super) fn push(&mut self, byte: u8) -> NumberStep {
        if self.has_ended {
            // The engine looks for the CR, and takes any byte after it for the LF.
            return NumberStep::Is(if self.is_negative {
                0_i64.wrapping_sub_unsigned(self.value)
            } else {
                0_i64.wrapping_add_unsigned(self.value)
            });
        }
        match byte {
            b'0'..=b'9' => {
                let is_second_after_zero = self.value == 0 && self.digits > 0;
                let is_negative_zero = self.is_negative && self.digits == 0 && byte == b'0';
                let largest = i64::MAX.unsigned_abs() + u64::from(self.is_negative);
                let next = self
                    .value
                    .checked_mul(10)
                    .and_then(|value| value.checked_add((byte - b'0').into()))
                    .filter(|next| *next <= largest);
                match next {
                    Some(next) if !is_second_after_zero && !is_negative_zero => {
                        self.value = next;
                        self.digits += 1;
                        NumberStep::More
                    }
                    _ => NumberStep::None,
                }
            }
            b'-' if self.digits == 0 && !self.is_negative => {
                self.is_negative = true;
                NumberStep::More
            }
            b'\r' if self.digits > 0 => {
                self.has_ended = true;
                NumberStep::More
            }
            _ => NumberStep::None,
        }
    }
}
