//! The key types that a list of cipher suites allows.

use certward_pki::PublicKey;

/// The signature algorithm of a server's key, as the cipher suites of TLS 1.2 name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signing {
    /// An RSA key.
    Rsa,
    /// A key on an elliptic curve, including Ed25519 (RFC 8422, section 5.10).
    Ecdsa,
}

impl Signing {
    /// The signature algorithm of a key; `None` for keys without a cipher suite.
    pub(super) fn of(key: &PublicKey) -> Option<Self> {
        match key {
            PublicKey::Rsa { .. } => Some(Self::Rsa),
            PublicKey::EcdsaP256 | PublicKey::EcdsaP384 | PublicKey::EcdsaP521 | PublicKey::Ed25519 => {
                Some(Self::Ecdsa)
            }
            _ => None,
        }
    }

    /// Returns `true` if a list in OpenSSL's form (`openssl-ciphers`, "CIPHER LIST FORMAT"), such as `DEFAULT:!3DES`,
    /// leaves a suite for such a key. TLS 1.3 suites, which work with every key, are not in such lists.
    pub(super) fn is_allowed_by(self, cipher_list: &str) -> bool {
        let mut allowed = false;
        for element in cipher_list.split([':', ',', ' ']).filter(|element| !element.is_empty()) {
            match element.split_at_checked(1) {
                Some(("!", excluded)) if self.is_whole(excluded) => return false,
                Some(("-", removed)) if self.is_whole(removed) => allowed = false,
                // Others taken out leave some suite of this kind; "+" and "@" put suites into another order.
                Some(("!" | "-" | "+" | "@", _)) => {}
                _ => allowed |= self.is_among(element),
            }
        }
        allowed
    }

    /// Returns `true` if a keyword means all suites with such a key.
    fn is_whole(self, keyword: &str) -> bool {
        match self {
            Self::Rsa => matches!(keyword, "aRSA" | "ALL"),
            Self::Ecdsa => matches!(keyword, "aECDSA" | "ECDSA" | "ALL"),
        }
    }

    /// Returns `true` if a keyword, a combination of keywords or a suite's name includes a suite with such a key.
    fn is_among(self, element: &str) -> bool {
        let signing = if element.starts_with("TLS_AES_") || element.starts_with("TLS_CHACHA20_") {
            return false;
        } else if element.contains("ECDSA") {
            Some(Self::Ecdsa)
        } else if element.contains("RSA") || element.contains('-') {
            Some(Self::Rsa) // a suite whose name has no signature in it, AES128-SHA for instance, is RSA's
        } else {
            None // DEFAULT, HIGH, ECDHE, AESGCM: suites with either
        };
        signing.is_none_or(|signing| signing == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_allows_the_keys_that_its_suites_name() {
        for (list, rsa, ecdsa) in [
            ("DEFAULT:!3DES", true, true),
            ("HIGH:!aNULL:!MD5", true, true),
            ("ECDHE+AESGCM", true, true),
            ("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384", true, false),
            ("ECDHE-ECDSA-AES128-GCM-SHA256", false, true),
            ("ECDHE-ECDSA-AES128-GCM-SHA256:AES128-SHA", true, true),
            ("AES128-SHA", true, false),
            ("DEFAULT:!aRSA", false, true),
            ("DEFAULT:!ECDSA", true, false),
            ("DEFAULT:-aECDSA:ECDHE-ECDSA-AES128-GCM-SHA256", true, true),
            ("DEFAULT:!aECDSA:ECDHE-ECDSA-AES128-GCM-SHA256", true, false),
            ("DEFAULT@SECLEVEL=2", true, true),
            ("TLS_AES_128_GCM_SHA256", false, false),
            ("", false, false),
        ] {
            assert_eq!(Signing::Rsa.is_allowed_by(list), rsa, "RSA under {list}");
            assert_eq!(Signing::Ecdsa.is_allowed_by(list), ecdsa, "ECDSA under {list}");
        }
    }

    #[test]
    fn every_usable_key_signs_in_one_way() {
        assert_eq!(Signing::of(&PublicKey::Rsa { bits: 2048 }), Some(Signing::Rsa));
        assert_eq!(Signing::of(&PublicKey::Ed25519), Some(Signing::Ecdsa));
        assert_eq!(Signing::of(&PublicKey::EcdsaP384), Some(Signing::Ecdsa));
        assert_eq!(Signing::of(&PublicKey::Other("1.2.840.10040.4.1".to_owned())), None);
    }
}
