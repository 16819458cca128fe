//! Checks if a client can log in with a certificate's key.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use certward_pki::{Certificate, PublicKey};

use super::bounded_chain::ChainBounds;

/// No client can log in with a key. Worded as the rest of a sentence that begins with the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The algorithm or curve is not used in TLS handshakes here.
    #[error(
        "is of the kind {0}, with which no TLS handshake is made here; expected RSA, ECDSA on P-256, P-384 or P-521, or Ed25519"
    )]
    Kind(PublicKey),
    /// The numbers are not a valid key: an RSA exponent that is 1, even or above 33 bits, an even modulus, a point that
    /// is not on its curve.
    #[error("is no valid {0} key; expected one as a key generator makes it (for RSA with the exponent 65537)")]
    Invalid(PublicKey),
    /// The RSA key exceeds the supported length.
    #[error("has {bits} bits; expected RSA of 2048 to 8192 bits")]
    TooLong {
        /// The length of the modulus.
        bits: u32,
    },
}

/// The fitness of a well-formed key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFitness {
    /// The key can be used.
    Fit,
    /// The RSA key has fewer than 2048 bits, and TLS handshakes with it fail.
    Short {
        /// The length of the modulus.
        bits: u32,
    },
}

/// Checks the key of `certificate`: its kind, its length, and the validity of its numbers.
///
/// # Errors
///
/// [`KeyFault`].
pub fn check(certificate: &Certificate) -> Result<KeyFitness, KeyFault> {
    check_key(certificate.public_key(), certificate.subject_public_key_info_der())
}

/// Returns the reason why no client can log in with a certificate that is registered nevertheless, as on the real
/// server. Worded as the rest of a sentence; none if a client can log in.
///
/// # Errors
///
/// [`KeyFault`].
pub fn obstacle(certificate: &Certificate) -> Result<Option<String>, KeyFault> {
    let (bytes, at_most) = (certificate.der().len(), ChainBounds::WIDEST.bytes);
    Ok(match check(certificate)? {
        KeyFitness::Short { bits } => Some(format!(
            "has an RSA key of {bits} bits, with which no TLS handshake is made here"
        )),
        KeyFitness::Fit if bytes > at_most => {
            Some(format!("has {bytes} bytes; a handshake here takes {at_most} at most"))
        }
        KeyFitness::Fit => None,
    })
}

fn check_key(key: &PublicKey, subject_public_key_info: &[u8]) -> Result<KeyFitness, KeyFault> {
    let algorithm: &'static dyn VerificationAlgorithm = match key {
        PublicKey::Rsa { bits } if *bits > MAX_RSA_BITS => return Err(KeyFault::TooLong { bits: *bits }),
        PublicKey::Rsa { .. } => &RSA_PKCS1_2048_8192_SHA256,
        PublicKey::EcdsaP256 => &ECDSA_P256_SHA256_ASN1,
        PublicKey::EcdsaP384 => &ECDSA_P384_SHA384_ASN1,
        PublicKey::EcdsaP521 => &ECDSA_P521_SHA512_ASN1,
        PublicKey::Ed25519 => &ED25519,
        _ => return Err(KeyFault::Kind(key.clone())),
    };
    // The library's own checks of a public key, which do not depend on the length that the algorithm wants.
    ParsedPublicKey::new(algorithm, subject_public_key_info).map_err(|_| KeyFault::Invalid(key.clone()))?;
    Ok(match key {
        PublicKey::Rsa { bits } if *bits < MIN_RSA_BITS => KeyFitness::Short { bits: *bits },
        _ => KeyFitness::Fit,
    })
}

/// Minimum length of RSA keys with which the TLS library verifies signatures.
const MIN_RSA_BITS: u32 = 2048;
const MAX_RSA_BITS: u32 = 8192;

#[cfg(test)]
mod tests {
    use rcgen::{KeyPair, PublicKeyData as _};

    use super::*;
    use crate::asn1;

    fn fitness(subject_public_key_info: &[u8]) -> Result<KeyFitness, KeyFault> {
        check_key(
            &PublicKey::from_spki_der(subject_public_key_info).unwrap(),
            subject_public_key_info,
        )
    }

    fn rsa(bits: usize, exponent: &[u8], is_odd: bool) -> Vec<u8> {
        let mut modulus = vec![0xa4 | u8::from(is_odd); bits / 8];
        modulus[0] = 0xa5;
        let key = asn1::sequence(&[&asn1::unsigned_integer(&modulus), &asn1::unsigned_integer(exponent)]);
        let rsa_encryption = asn1::value(0x06, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]]);
        asn1::sequence(&[&asn1::sequence(&[&rsa_encryption, asn1::NULL]), &asn1::bit_string(&key)])
    }

    #[test]
    fn rsa_keys_whose_numbers_are_no_key_are_refused() {
        assert_eq!(fitness(&rsa(2048, &[1, 0, 1], true)), Ok(KeyFitness::Fit));
        assert_eq!(fitness(&rsa(2048, &[3], true)), Ok(KeyFitness::Fit));
        assert_eq!(
            fitness(&rsa(1024, &[1, 0, 1], true)),
            Ok(KeyFitness::Short { bits: 1024 })
        );
        for (what, key) in [
            ("exponent 1", rsa(2048, &[1], true)),
            ("exponent 0", rsa(2048, &[0], true)),
            ("an even exponent", rsa(2048, &[1, 0, 2], true)),
            ("an exponent of 41 bits", rsa(2048, &[1, 0, 0, 0, 0, 1], true)),
            ("an even modulus", rsa(2048, &[1, 0, 1], false)),
            ("exponent 1 of a short key", rsa(1024, &[1], true)),
        ] {
            assert!(matches!(fitness(&key), Err(KeyFault::Invalid(_))), "{what}");
        }
        assert_eq!(
            fitness(&rsa(16_384, &[1, 0, 1], true)),
            Err(KeyFault::TooLong { bits: 16_384 })
        );
    }

    #[test]
    fn keys_on_other_curves_and_points_off_their_curve_are_refused() {
        for algorithm in [
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_ECDSA_P521_SHA512,
            &rcgen::PKCS_ED25519,
        ] {
            let key = KeyPair::generate_for(algorithm).unwrap().subject_public_key_info();
            assert_eq!(fitness(&key), Ok(KeyFitness::Fit));
        }
        let mut off_curve = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
            .unwrap()
            .subject_public_key_info();
        *off_curve.last_mut().unwrap() ^= 1;
        assert_eq!(fitness(&off_curve), Err(KeyFault::Invalid(PublicKey::EcdsaP256)));
        let key_on = |algorithm: &[u8], curve: &[u8]| {
            let algorithm = asn1::sequence(&[&asn1::value(0x06, &[algorithm]), curve]);
            asn1::sequence(&[&algorithm, &asn1::bit_string(&[4; 49])])
        };
        let elliptic = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
        let p_192 = asn1::value(0x06, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1]]);
        let secp256k1 = asn1::value(0x06, &[&[0x2b, 0x81, 0x04, 0, 10]]);
        for key in [
            key_on(elliptic, &p_192),
            key_on(elliptic, &secp256k1),
            // DSA and Ed448.
            key_on(&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1], &[]),
            key_on(&[0x2b, 0x65, 0x71], &[]),
        ] {
            assert!(matches!(fitness(&key), Err(KeyFault::Kind(_))));
        }
    }
}
