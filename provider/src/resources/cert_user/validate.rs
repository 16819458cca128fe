//! Validation before planning: of the configuration alone, without clock and network.

use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostic, Diagnostics};

use super::model::CertUserState;
use super::{certificate_pem, roles, subject};
use crate::report::diagnostic;
use crate::values::redis_name;

/// Adds what is wrong with the configuration. Values that are not known yet are left for a later call.
pub(crate) fn validate(diags: &mut Diagnostics, config: &CertUserState) {
    if let Value::Value(name) = &config.name {
        diags.errors.extend(redis_name::check_user(name));
    }
    if let Value::Value(email) = &config.email {
        diags.errors.extend(check_email(email));
    }
    diags.errors.extend(subject::check(config));
    if let Value::Value(text) = &config.certificate_pem {
        diags.warnings.extend(certificate_pem::warning(text));
    }
    diags.errors.extend(roles::check(config));
}

/// The pattern of `docs/contracts/redis-enterprise.md#users`: `(^$|^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+$)`.
fn check_email(email: &str) -> Option<Diagnostic> {
    let made_of = |text: &str, marks: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || marks.contains(character))
    };
    let suitable = email.is_empty()
        || email.split_once('@').is_some_and(|(local, domain)| {
            made_of(local, "_.+-")
                && domain
                    .split_once('.')
                    .is_some_and(|(host, rest)| made_of(host, "-") && made_of(rest, "-."))
        });
    (!suitable).then(|| {
        diagnostic(
            AttributePath::new("email"),
            "Unsuitable e-mail address",
            format!(
                "{email:?} is no e-mail address that Redis Enterprise takes, such as \"app@example.com\". A certificate \
                 user needs none: leave email away."
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_contract() {
        for good in ["", "a@b.c", "first.last+tag@mail-1.example.com"] {
            assert_eq!(check_email(good), None, "{good}");
        }
        for bad in ["a", "a@b", "@b.c", "a@.c", "a b@c.d", "a@b.c\n", "ü@b.c", "a@b@c.d"] {
            assert!(check_email(bad).is_some(), "{bad}");
        }
    }
}
