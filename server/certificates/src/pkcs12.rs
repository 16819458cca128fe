//! Writes PKCS#12 files (RFC 7292): a key with its certificate and issuers, or certificates alone. It uses PBES2 with
//! AES-256 and a SHA-256 MAC, which OpenSSL 3 reads without its legacy provider, and .NET as well. `certward_pki` has
//! the reader.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_256, DecryptionContext, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::{digest, hmac, pbkdf2};
use certward_pki::archive::pkcs12::sha256_mac_key;
use der::oid::ObjectIdentifier;
use zeroize::Zeroizing;

use crate::asn1::{
    NULL, algorithm, explicit, implicit_bytes, integer, object_identifier, octet_string, secret_sequence, sequence,
    set_of_one,
};

/// Encrypts the certificates, the key's own first, and the PKCS#8 key with AES-256 under PBKDF2 with HMAC-SHA-256, and
/// authenticates the whole with HMAC-SHA-256, like `openssl pkcs12 -export` of version 3 and current .NET. No friendly
/// name is set, as on the real server (`docs/contracts/ravendb.md#generated-certificate`).
pub fn write(certificates: &[&[u8]], pkcs8: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    // It ties the key to its certificate, which is the first; its content is free.
    let key_id = digest::digest(&digest::SHA256, certificates.first().copied().unwrap_or_default());
    let attributes = local_key_id(&key_id.as_ref()[..KEY_ID_LENGTH]);

    let certificates = encrypted_certificates(certificates, &attributes, password)?;
    let (scheme, encrypted) = encrypt(pkcs8, password)?;
    let key_bag = sequence(&[
        &object_identifier(SHROUDED_KEY_BAG),
        &explicit(0, &[&sequence(&[&scheme, &octet_string(&encrypted)])]),
        &attributes,
    ]);
    let keys = data(&sequence(&[&key_bag]));

    authenticated(&sequence(&[&certificates, &keys]), password)
}

/// Certificates without keys, encrypted and authenticated as above.
pub fn write_certificates(certificates: &[&[u8]], password: &str) -> Result<Vec<u8>, Unspecified> {
    let certificates = encrypted_certificates(certificates, &[], password)?;
    authenticated(&sequence(&[&certificates]), password).map(|file| file.to_vec())
}

/// A file with this authenticated safe.
fn authenticated(safe: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let mac = mac(safe, password)?;
    Ok(secret_sequence(&[&integer(3), &data(safe), &mac]))
}

/// A `ContentInfo` of encrypted certificates, the first of which has `attributes`.
fn encrypted_certificates(certificates: &[&[u8]], attributes: &[u8], password: &str) -> Result<Vec<u8>, Unspecified> {
    let bags: Vec<Vec<u8>> = certificates
        .iter()
        .enumerate()
        .map(|(place, certificate)| certificate_bag(certificate, if place == 0 { attributes } else { &[] }))
        .collect();
    let bags: Vec<&[u8]> = bags.iter().map(Vec::as_slice).collect();
    let (scheme, encrypted) = encrypt(&sequence(&bags), password)?;
    Ok(sequence(&[
        &object_identifier(ENCRYPTED_DATA),
        &explicit(
            0,
            &[&sequence(&[
                &integer(0),
                &sequence(&[&object_identifier(DATA), &scheme, &implicit_bytes(0, &encrypted)]),
            ])],
        ),
    ]))
}

/// A `ContentInfo` of plain data.
fn data(bytes: &[u8]) -> Vec<u8> {
    sequence(&[&object_identifier(DATA), &explicit(0, &[&octet_string(bytes)])])
}

fn certificate_bag(certificate: &[u8], attributes: &[u8]) -> Vec<u8> {
    let value = sequence(&[
        &object_identifier(X509_CERTIFICATE),
        &explicit(0, &[&octet_string(certificate)]),
    ]);
    sequence(&[&object_identifier(CERTIFICATE_BAG), &explicit(0, &[&value]), attributes])
}

/// Bag attributes: a set with the local key id.
fn local_key_id(bytes: &[u8]) -> Vec<u8> {
    let attribute = sequence(&[&object_identifier(LOCAL_KEY_ID), &set_of_one(&octet_string(bytes))]);
    set_of_one(&attribute)
}

/// The `AlgorithmIdentifier` of the encryption, and the encrypted bytes.
fn encrypt(plain: &[u8], password: &str) -> Result<(Vec<u8>, Vec<u8>), Unspecified> {
    let (mut salt, mut iv) = ([0; SALT_LENGTH], [0; 16]);
    let random = SystemRandom::new();
    random.fill(&mut salt)?;
    random.fill(&mut iv)?;
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ITERATIONS,
        &salt,
        password.as_bytes(),
        &mut *key,
    );
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, &*key)?)?;
    // Room for the padding, so that the plain text is not moved and left behind; it is encrypted in place.
    let mut in_place = Vec::with_capacity(plain.len() + 16);
    in_place.extend_from_slice(plain);
    let context = key.less_safe_encrypt(&mut in_place, EncryptionContext::Iv128(FixedLength::from(&iv)))?;
    debug_assert!(matches!(context, DecryptionContext::Iv128(_)));
    let derivation = algorithm(
        PBKDF2,
        &sequence(&[
            &octet_string(&salt),
            &integer(ITERATIONS.get()),
            &algorithm(HMAC_SHA256, NULL),
        ]),
    );
    let scheme = algorithm(
        PBES2,
        &sequence(&[&derivation, &algorithm(AES_256_CBC, &octet_string(&iv))]),
    );
    Ok((scheme, in_place))
}

/// `MacData` over the authenticated safe.
fn mac(authenticated: &[u8], password: &str) -> Result<Vec<u8>, Unspecified> {
    let mut salt = [0; SALT_LENGTH];
    SystemRandom::new().fill(&mut salt)?;
    let key = sha256_mac_key(password, &salt, ITERATIONS);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), authenticated);
    let digest_info = sequence(&[&algorithm(SHA256, NULL), &octet_string(tag.as_ref())]);
    Ok(sequence(&[
        &digest_info,
        &octet_string(&salt),
        &integer(ITERATIONS.get()),
    ]))
}

const SALT_LENGTH: usize = 16;
const KEY_ID_LENGTH: usize = 20;
/// OpenSSL's default. The password protects a file in transit; its content is stored beside it in plain text.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(2048).expect("2048 is not zero");

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const SHROUDED_KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const X509_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
const LOCAL_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const HMAC_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

#[cfg(test)]
#[path = "pkcs12_tests.rs"]
mod tests;
