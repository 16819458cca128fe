//! A client's key pair.

use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _, EcPrivateKeyBin, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::oid::ObjectIdentifier;
use zeroize::Zeroizing;

use super::IssuerError;
use crate::asn1;

/// The kind of key of client certificates (`Certward.ClientCertificate.KeyAlgorithm`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KeyAlgorithm {
    /// RSA with 4096 bits, as on the real server; seconds of CPU for each key.
    #[default]
    Rsa4096,
    /// RSA with 3072 bits.
    Rsa3072,
    /// RSA with 2048 bits.
    Rsa2048,
    /// ECDSA on the curve P-256; generated almost instantly.
    EcdsaP256,
}

impl KeyAlgorithm {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::EcdsaP256];

    /// The name in the settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa4096 => "RSA_4096",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa2048 => "RSA_2048",
            Self::EcdsaP256 => "ECDSA_P256",
        }
    }

    pub(super) fn is_rsa(self) -> bool {
        self != Self::EcdsaP256
    }
}

impl std::fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for KeyAlgorithm {
    type Err = UnknownKeyAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownKeyAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or(UnknownKeyAlgorithm)
    }
}

/// The text is not a kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key algorithm must be RSA_2048, RSA_3072, RSA_4096 or ECDSA_P256")]
pub struct UnknownKeyAlgorithm;

/// A key pair, wiped on drop.
pub(super) struct ClientKey {
    algorithm: KeyAlgorithm,
    pkcs8: Zeroizing<Vec<u8>>,
    /// The key's own structure: PKCS#1 for RSA, SEC 1 with its curve for ECDSA.
    traditional: Zeroizing<Vec<u8>>,
    subject_public_key_info: Vec<u8>,
}

impl ClientKey {
    /// Generates a key; for RSA-4096 this takes about a second of CPU, and often more.
    pub(super) fn generate(algorithm: KeyAlgorithm) -> Result<Self, IssuerError> {
        const FAILED: IssuerError = IssuerError::Cryptography("make a key");
        let size = match algorithm {
            KeyAlgorithm::Rsa4096 => KeySize::Rsa4096,
            KeyAlgorithm::Rsa3072 => KeySize::Rsa3072,
            KeyAlgorithm::Rsa2048 => KeySize::Rsa2048,
            KeyAlgorithm::EcdsaP256 => return Self::generate_ecdsa(),
        };
        let key = RsaKeyPair::generate(size).map_err(|_| FAILED)?;
        let pkcs8: Pkcs8V1Der<'_> = key.as_der().map_err(|_| FAILED)?;
        let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| FAILED)?;
        let subject_public_key_info = public.as_ref().to_vec();
        let traditional = Zeroizing::new(private_key_of(&pkcs8).map_err(|_| FAILED)?.to_vec());
        Ok(Self {
            algorithm,
            pkcs8,
            traditional,
            subject_public_key_info,
        })
    }

    fn generate_ecdsa() -> Result<Self, IssuerError> {
        const FAILED: IssuerError = IssuerError::Cryptography("make a key");
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| FAILED)?;
        let pkcs8 = Zeroizing::new(key.to_pkcs8v1().map_err(|_| FAILED)?.as_ref().to_vec());
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| FAILED)?;
        let scalar: EcPrivateKeyBin<'_> = key.private_key().as_be_bytes().map_err(|_| FAILED)?;
        // `ECPrivateKey` (RFC 5915). PKCS#8 leaves the curve out of it; alone, it must name it.
        let traditional = asn1::secret_sequence(&[
            &asn1::integer(1),
            &Zeroizing::new(asn1::octet_string(scalar.as_ref())),
            &asn1::explicit(0, &[&asn1::object_identifier(SECP256R1)]),
            &asn1::explicit(1, &[&asn1::bit_string(key.public_key().as_ref())]),
        ]);
        Ok(Self {
            algorithm: KeyAlgorithm::EcdsaP256,
            pkcs8,
            traditional,
            subject_public_key_info: public.as_ref().to_vec(),
        })
    }

    pub(super) fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The key in PKCS#8 (RFC 5208).
    pub(super) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public key in DER.
    pub(super) fn subject_public_key_info(&self) -> &[u8] {
        &self.subject_public_key_info
    }

    /// The key in PEM under its own name, without a final line end. The vendor's Node client looks for the words
    /// `RSA PRIVATE KEY` and silently sends no certificate when it finds PKCS#8 (`docs/contracts/ravendb.md#generate`).
    pub(super) fn traditional_pem(&self) -> Result<Zeroizing<String>, IssuerError> {
        let label = if self.algorithm.is_rsa() {
            "RSA PRIVATE KEY"
        } else {
            "EC PRIVATE KEY"
        };
        let base64 = Zeroizing::new(STANDARD.encode(&*self.traditional));
        let mut pem = Zeroizing::new(String::with_capacity(base64.len() + base64.len() / 64 + 80));
        pem.push_str("-----BEGIN ");
        pem.push_str(label);
        pem.push_str("-----\n");
        let mut rest = base64.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = after;
        }
        pem.push_str("-----END ");
        pem.push_str(label);
        pem.push_str("-----");
        Ok(pem)
    }
}

/// The `privateKey` inside a `PrivateKeyInfo` (RFC 5208, section 5).
fn private_key_of(pkcs8: &[u8]) -> Result<&[u8], asn1::NotDer> {
    let mut info = asn1::Reader::new(pkcs8).enter(asn1::SEQUENCE)?;
    info.expect(asn1::INTEGER)?;
    info.expect(asn1::SEQUENCE)?;
    info.expect(asn1::OCTET_STRING)
}

const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
