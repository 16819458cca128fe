//! The numbers that identify users, roles, ACLs and databases.

use std::fmt;
use std::str::FromStr;

macro_rules! uids {
    ($($(#[$doc:meta])* $name:ident, $what:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name(u32);

            impl $name {
                /// None for 0 and for numbers above [`MAX_UID`].
                #[must_use]
                pub const fn new(number: u32) -> Option<Self> {
                    if number == 0 || number > MAX_UID { None } else { Some(Self(number)) }
                }

                /// From 1 to [`MAX_UID`].
                #[must_use]
                pub const fn get(self) -> u32 {
                    self.0
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.fmt(f)
                }
            }

            impl FromStr for $name {
                type Err = UidError;

                fn from_str(text: &str) -> Result<Self, UidError> {
                    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                    let number = digits.then(|| text.parse().ok()).flatten();
                    number.and_then(Self::new).ok_or_else(|| UidError {
                        what: $what,
                        text: text.chars().take(SHOWN).collect(),
                    })
                }
            }
        )*
    };
}

uids! {
    /// The number of a user.
    UserUid, "user";
    /// The number of a role.
    RoleUid, "role";
    /// The number of an ACL.
    RedisAclUid, "redis_acl";
    /// The number of a database.
    DatabaseUid, "bdb";
}

/// The text is not a valid number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no uid of a {what}; use a number from 1 to {MAX_UID}")]
pub struct UidError {
    what: &'static str,
    text: String,
}

/// The largest number: that of a signed 32-bit integer, which every client can hold.
pub const MAX_UID: u32 = i32::MAX as u32;
/// Maximum length of a wrong number in an error, in characters.
const SHOWN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_a_number_from_1_to_the_largest_signed_32_bit_integer() {
        for (text, expected) in [("1", Some(1)), ("2147483647", Some(2_147_483_647)), ("007", Some(7))] {
            assert_eq!(text.parse().ok().map(UserUid::get), expected, "{text}");
        }
        for text in ["", "0", "-1", "+1", "2147483648", "99999999999", "1.0", "a", " 1"] {
            assert!(text.parse::<UserUid>().is_err(), "{text}");
        }
    }
}
