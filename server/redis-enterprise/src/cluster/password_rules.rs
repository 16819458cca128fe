//! Rules for new passwords, by the cluster's settings.

use secrecy::{ExposeSecret as _, SecretString};

use super::ClusterError;
use certward_redis_model::name::EmailAddress;
use certward_redis_model::settings::ClusterSettings;

/// Checks a new password. `password_min_length` always applies; `password_complexity` requires characters of all four
/// kinds, forbids the same character four times in a row, and forbids the user's e-mail address and its reverse in it
/// (the vendor's page "Password complexity rules").
///
/// # Errors
///
/// [`ClusterError::PasswordTooWeak`] for the first rule that is violated.
pub(super) fn check(
    password: &SecretString,
    settings: &ClusterSettings,
    email: Option<&EmailAddress>,
) -> Result<(), ClusterError> {
    let password = password.expose_secret();
    let broken = |rule: String| Err(ClusterError::PasswordTooWeak { rule });
    let least = settings.password_min_length;
    if password.chars().count() < least as usize {
        return broken(format!("has fewer than {least} characters"));
    }
    if password.len() > MAX_LENGTH {
        return broken(format!("has more than {MAX_LENGTH} bytes"));
    }
    if !settings.password_complexity {
        return Ok(());
    }
    let kinds: [Kind; 4] = [
        (char::is_uppercase, "upper-case letter"),
        (char::is_lowercase, "lower-case letter"),
        (char::is_numeric, "digit"),
        (
            |character| !character.is_alphanumeric(),
            "character that is neither letter nor digit",
        ),
    ];
    for (is_of_kind, kind) in kinds {
        if !password.chars().any(is_of_kind) {
            return broken(format!("has no {kind}"));
        }
    }
    let characters: Vec<char> = password.chars().collect();
    if characters
        .windows(4)
        .any(|run| run.iter().all(|character| *character == run[0]))
    {
        return broken("has a character more than three times in a row".to_owned());
    }
    if let Some(email) = email.map(EmailAddress::to_key) {
        let lower = password.to_lowercase();
        let reverse: String = email.chars().rev().collect();
        if lower.contains(&email) || lower.contains(&reverse) {
            return broken("holds the e-mail address of the user".to_owned());
        }
    }
    Ok(())
}

/// A kind of characters, and its name in errors.
type Kind = (fn(char) -> bool, &'static str);

/// Maximum length in bytes, which bounds the cost of hashing.
const MAX_LENGTH: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str, password_complexity: bool) -> bool {
        let settings = ClusterSettings {
            password_complexity,
            ..ClusterSettings::default()
        };
        let email = "bob@b.com".parse().unwrap();
        super::check(&SecretString::from(password), &settings, Some(&email)).is_ok()
    }

    #[test]
    fn a_password_has_the_least_number_of_characters_whatever_they_are() {
        for (password, good) in [
            ("", false),
            ("1234567", false),
            ("12345678", true),
            ("äöüäöüä", false),
            ("äöüäöüäö", true),
        ] {
            assert_eq!(check(password, false), good, "{password}");
        }
        assert!(check(&"x".repeat(1024), false));
        assert!(!check(&"x".repeat(1025), false));
    }

    #[test]
    fn complexity_asks_for_all_four_kinds_and_against_runs_and_the_address() {
        for (password, good) in [
            ("Passw0rd!", true),
            ("passw0rd!", false),
            ("PASSW0RD!", false),
            ("Password!", false),
            ("Passw0rdd", false),
            ("Passss0rd!", false),
            ("Passs0rd!", true),
            ("X1!bob@b.com", false),
            ("X1!MOC.b@bob", false),
        ] {
            assert_eq!(check(password, true), good, "{password}");
        }
    }
}
