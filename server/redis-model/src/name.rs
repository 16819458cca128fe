//! The names of users, roles and ACLs, in the forms that the API allows (`docs/contracts/redis-enterprise.md#users` and
//! `docs/contracts/redis-enterprise.md#roles`).

use std::fmt;
use std::str::FromStr;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $allows:ident, $allowed:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name(String);

            impl $name {
                /// The name as given.
                #[must_use]
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&self.0)
                }
            }

            impl FromStr for $name {
                type Err = NameError;

                fn from_str(text: &str) -> Result<Self, NameError> {
                    let error = |problem| NameError { what: $what, problem };
                    if text.is_empty() {
                        return Err(error(NameProblem::Empty));
                    }
                    if text.len() > MAX_LENGTH {
                        return Err(error(NameProblem::TooLong(text.len())));
                    }
                    if let Some(character) = text.chars().find(|character| !$allows(*character)) {
                        return Err(error(NameProblem::Character { character, allowed: $allowed }));
                    }
                    Ok(Self(text.to_owned()))
                }
            }
        )*
    };
}

names! {
    /// A user's name: 1 to 255 printable ASCII characters except `"`, `&`, `<` and `>`. It is also the user's name in
    /// databases.
    UserName, "user", in_user_name, "printable ASCII characters but \", &, < and >";
    /// The name of a role or an ACL: 1 to 255 of `a-z A-Z 0-9 _ [ ] ( ) @ , . ; # -` and the blank.
    ObjectName, "role or ACL", in_object_name, "letters, digits, blanks and _ [ ] ( ) @ , . ; # -";
}

/// The text is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name of a {what} {problem}")]
pub struct NameError {
    what: &'static str,
    problem: NameProblem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum NameProblem {
    #[error("is empty")]
    Empty,
    #[error("has {0} characters; at most {MAX_LENGTH} are allowed")]
    TooLong(usize),
    #[error("holds {character:?}; allowed are {allowed}")]
    Character { character: char, allowed: &'static str },
}

/// An e-mail address: a local part, `@`, and a domain with a dot. It may be a user's login name, regardless of case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// The text is not a valid e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the e-mail address is not of the form local@domain.tld with letters, digits and _ . + - in at most 255 characters"
)]
pub struct EmailAddressError;

impl EmailAddress {
    /// The address as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form for comparing addresses.
    #[must_use]
    pub fn to_key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EmailAddress {
    type Err = EmailAddressError;

    fn from_str(text: &str) -> Result<Self, EmailAddressError> {
        let made_of = |part: &str, further: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|character| character.is_ascii_alphanumeric() || further.contains(character))
        };
        let well_formed = text.len() <= MAX_LENGTH
            && text.split_once('@').is_some_and(|(local, domain)| {
                made_of(local, "_.+-")
                    && domain
                        .split_once('.')
                        .is_some_and(|(label, rest)| made_of(label, "-") && made_of(rest, "-."))
            });
        well_formed.then(|| Self(text.to_owned())).ok_or(EmailAddressError)
    }
}

fn in_user_name(character: char) -> bool {
    (character == ' ' || character.is_ascii_graphic()) && !matches!(character, '"' | '&' | '<' | '>')
}

fn in_object_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_ []()@,.;#-".contains(character)
}

/// Maximum length of a name or an address, in characters, which are all of one byte.
const MAX_LENGTH: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_is_printable_ascii_without_what_html_and_json_give_a_meaning() {
        for name in ["a", "abc-user", "John Doe", "a@b.c", "'", "{x}|~", &"x".repeat(255)] {
            assert_eq!(name.parse::<UserName>().expect(name).as_str(), name);
        }
        for name in ["", "a\"b", "a&b", "<a", "a>", "jörg", "a\tb", "a\n", &"x".repeat(256)] {
            assert!(name.parse::<UserName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_role_name_has_letters_digits_and_the_listed_marks() {
        for name in ["Admin", "DB Viewer", "a_[b](c)@d,e.f;g#h-i"] {
            assert_eq!(name.parse::<ObjectName>().expect(name).as_str(), name);
        }
        for name in ["", "a/b", "a'b", "ä", "a:b"] {
            assert!(name.parse::<ObjectName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn an_address_has_a_local_part_and_a_domain_with_a_dot() {
        for address in ["a@b.c", "a.b+c_d-e@sub.example-x.com", "A@B.C"] {
            assert!(address.parse::<EmailAddress>().is_ok(), "{address}");
        }
        for address in ["", "a", "a@b", "@b.c", "a@.c", "a@b.", "a@b@c.d", "a b@c.d", "a@b.c\n"] {
            assert!(address.parse::<EmailAddress>().is_err(), "{address:?}");
        }
    }

    #[test]
    fn an_error_says_which_character_is_wrong() {
        assert_eq!(
            "a&b".parse::<UserName>().map_err(|error| error.to_string()),
            Err("the name of a user holds '&'; allowed are printable ASCII characters but \", &, < and >".to_owned())
        );
    }
}
