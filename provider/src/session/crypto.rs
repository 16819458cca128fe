//! The cryptography of the process: ring's, with aws-lc-rs for P-521, which ring does not know. As the source of randomness
//! aws-lc-rs would cost 100 ms at start; ring costs 1 ms.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, KeyProvider, aws_lc_rs, ring};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;

/// Makes `provider` the one of the process. Called once, first.
pub(crate) fn install() {
    // It fails when there is one already: then that one counts.
    _ = provider().install_default();
}

/// The cryptography of the process.
pub(crate) fn provider() -> CryptoProvider {
    CryptoProvider {
        signature_verification_algorithms: aws_lc_rs::default_provider().signature_verification_algorithms,
        key_provider: &Keys,
        ..ring::default_provider()
    }
}

#[derive(Debug)]
struct Keys;

impl KeyProvider for Keys {
    fn load_private_key(&self, key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        ring::default_provider()
            .key_provider
            .load_private_key(key.clone_key())
            .or_else(|_| aws_lc_rs::default_provider().key_provider.load_private_key(key))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P521_SHA512};
    use rustls::SignatureScheme;

    use super::*;

    #[test]
    fn the_provider_logs_in_with_and_believes_p_521() {
        for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P521_SHA512] {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
            assert!(provider().key_provider.load_private_key(key).is_ok());
        }
        let schemes = provider().signature_verification_algorithms.supported_schemes();
        assert!(schemes.contains(&SignatureScheme::ECDSA_NISTP521_SHA512));
    }
}
