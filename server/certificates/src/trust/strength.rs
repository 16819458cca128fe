//! Strength of keys and signatures.

use std::sync::LazyLock;

use aws_lc_rs::signature::{
    self, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RsaParameters,
};
use certward_pki::{PublicKey, SignatureAlgorithm};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use webpki::ALL_VERIFICATION_ALGS;

/// Required strength of certificates' keys and signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strength {
    /// Algorithms without a known practical attack.
    #[default]
    Strong,
    /// Also RSA keys from 1024 bits and signatures with SHA-1 (`mtls_allow_weak_hashing` of a database). An attacker
    /// who breaks one can impersonate any client.
    DangerAllowWeak,
}

impl Strength {
    /// True if a key is strong enough.
    pub(super) fn admits_key(self, key: &PublicKey) -> bool {
        match (self, key) {
            (Self::DangerAllowWeak, PublicKey::Rsa { bits }) => (1024..=8192).contains(bits),
            _ => is_strong(key),
        }
    }

    /// True if another party's signature is strong enough.
    pub(super) fn admits_signature(self, algorithm: &SignatureAlgorithm) -> bool {
        !algorithm.is_weak() || self == Self::DangerAllowWeak && *algorithm == SignatureAlgorithm::RsaSha1
    }

    /// The signature algorithms for verifying a chain.
    pub(super) fn algorithms(self) -> &'static [&'static dyn SignatureVerificationAlgorithm] {
        match self {
            Self::Strong => ALL_VERIFICATION_ALGS,
            Self::DangerAllowWeak => &ALL_AND_WEAK,
        }
    }
}

/// RSA with key lengths or digests that webpki does not support.
#[derive(Debug)]
struct WeakRsa {
    parameters: &'static RsaParameters,
    signature: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for WeakRsa {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        signature::UnparsedPublicKey::new(self.parameters, public_key)
            .verify(message, signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

/// True if TLS and path building here support the key, and it is strong: RSA of 2048 to 8192 bits in whole bytes, ECDSA
/// on P-256, P-384 or P-521, Ed25519.
pub(super) fn is_strong(key: &PublicKey) -> bool {
    match key {
        PublicKey::Rsa { bits } => (2048..=8192).contains(bits) && bits % 8 == 0,
        PublicKey::EcdsaP256 | PublicKey::EcdsaP384 | PublicKey::EcdsaP521 | PublicKey::Ed25519 => true,
        _ => false,
    }
}

/// The same in words, for errors.
pub(super) const STRONG_KEYS: &str =
    "RSA of 2048 to 8192 bits in whole bytes, ECDSA on P-256, P-384 or P-521, or Ed25519";

/// Weak algorithms come first: of two that match a signature, the first decides.
static ALL_AND_WEAK: LazyLock<Vec<&'static dyn SignatureVerificationAlgorithm>> = LazyLock::new(|| {
    let weak = [WEAK_SHA1, WEAK_SHA256, WEAK_SHA512];
    weak.into_iter().chain(ALL_VERIFICATION_ALGS.iter().copied()).collect()
});
const WEAK_SHA1: &dyn SignatureVerificationAlgorithm = &WeakRsa {
    parameters: &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    signature: SHA1_WITH_RSA_ENCRYPTION,
};
/// RSA from 1024 bits, PKCS #1 and SHA-256.
pub const WEAK_SHA256: &dyn SignatureVerificationAlgorithm = &WeakRsa {
    parameters: &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    signature: alg_id::RSA_PKCS1_SHA256,
};
/// RSA from 1024 bits, PKCS #1 and SHA-512.
pub const WEAK_SHA512: &dyn SignatureVerificationAlgorithm = &WeakRsa {
    parameters: &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    signature: alg_id::RSA_PKCS1_SHA512,
};

/// 1.2.840.113549.1.1.5 and NULL, without the SEQUENCE around them (RFC 4055, section 5).
const SHA1_WITH_RSA_ENCRYPTION: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00,
]);

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
