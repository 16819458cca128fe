//! Which keys count as strong.

use certward::pki::PublicKey;

/// Whether a key can be used by TLS and path building here, and cannot be broken today: RSA with 2048 to 8192 bits in
/// whole octets, ECDSA on P-256, P-384 or P-521, Ed25519.
pub(super) fn is_strong(key: &PublicKey) -> bool {
    match key {
        PublicKey::Rsa { bits } => (2048..=8192).contains(bits) && bits % 8 == 0,
        PublicKey::EcdsaP256 | PublicKey::EcdsaP384 | PublicKey::EcdsaP521 | PublicKey::Ed25519 => true,
        _ => false,
    }
}

/// The same in words, for errors.
pub(super) const STRONG_KEYS: &str =
    "RSA of 2048 to 8192 bits in whole octets, ECDSA on P-256, P-384 or P-521, or Ed25519";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_odd_and_unknown_keys_are_not_strong() {
        for (key, strong) in [
            (PublicKey::Rsa { bits: 2048 }, true),
            (PublicKey::Rsa { bits: 8192 }, true),
            (PublicKey::Rsa { bits: 2040 }, false),
            (PublicKey::Rsa { bits: 2049 }, false),
            (PublicKey::Rsa { bits: 8200 }, false),
            (PublicKey::EcdsaP256, true),
            (PublicKey::EcdsaP384, true),
            (PublicKey::EcdsaP521, true),
            (PublicKey::Ed25519, true),
            (PublicKey::Other("1.2.840.10040.4.1".to_owned()), false),
        ] {
            assert_eq!(is_strong(&key), strong, "{key}");
        }
    }
}
