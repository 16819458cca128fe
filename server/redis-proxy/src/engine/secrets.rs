//! Secrets for logging users in to an engine. They are never stored, and change with every start of the server.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use secrecy::SecretString;
use zeroize::Zeroizing;

use certward_redis_model::database::PasswordDigest;

/// A 256-bit secret for each user of an engine, derived from one random key (HMAC-SHA256 of the name), so that none has
/// to be stored.
pub(super) struct EngineSecrets {
    key: hmac::Key,
}

/// A secret, as `AUTH` takes it.
pub(super) struct EngineSecret(SecretString);

impl EngineSecrets {
    /// Derives secrets from a new random key.
    pub(super) fn new() -> Self {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        aws_lc_rs::rand::fill(key.as_mut_slice()).expect("the system gives random bytes");
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()),
        }
    }

    /// The secret of the user `name`.
    pub(super) fn of(&self, name: &str) -> EngineSecret {
        let tag = hmac::sign(&self.key, name.as_bytes());
        EngineSecret(SecretString::from(HEXLOWER.encode(tag.as_ref())))
    }
}

impl EngineSecret {
    /// The secret as an argument of `AUTH`.
    pub(super) fn secret(&self) -> &SecretString {
        &self.0
    }

    /// The rule of `ACL SETUSER` for it: `#` and its SHA-256.
    pub(super) fn rule(&self) -> String {
        format!("#{}", PasswordDigest::of(&self.0).to_hex())
    }
}

const KEY_LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn users_have_different_secrets_and_engines_have_too() {
        let (one, other) = (EngineSecrets::new(), EngineSecrets::new());
        let secret = |secrets: &EngineSecrets, name| secrets.of(name).secret().expose_secret().to_owned();
        assert_eq!(secret(&one, "alice"), secret(&one, "alice"));
        assert_ne!(secret(&one, "alice"), secret(&one, "bob"));
        assert_ne!(secret(&one, "alice"), secret(&other, "alice"));
        assert_eq!(secret(&one, "alice").len(), 64);
    }
}
