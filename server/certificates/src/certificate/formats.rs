//! Recognizes the formats, and extracts the certificates of each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward_pki::archive::{Format, pkcs7, pkcs12};
use zeroize::Zeroizing;

use super::BundleError;
use super::bundle::MAX_CERTIFICATES;

/// The contents of a file: certificates in the order of the file, those of PKCS#12 in reverse order, and private keys
/// in PKCS#8, PKCS#1 or SEC 1.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) private_keys: Vec<Zeroizing<Vec<u8>>>,
}

/// Parses a file of any format. Private keys are skipped unless `with_keys` is set.
pub(super) fn read(file: &[u8], password: &str, with_keys: bool) -> Result<Contents, BundleError> {
    let contents = match Format::of(file) {
        Some(Format::Certificate) => Contents {
            certificates: vec![file.to_vec()],
            ..Contents::default()
        },
        Some(Format::Pkcs7) => Contents {
            certificates: pkcs7::certificates(file)?,
            ..Contents::default()
        },
        Some(Format::Pkcs12) => {
            let pkcs12::Contents {
                mut certificates,
                private_keys,
            } = pkcs12::read(file, password, with_keys)?;
            // .NET lists the last one first, which RavenDB makes the primary of a collection.
            certificates.reverse();
            Contents {
                certificates,
                private_keys,
            }
        }
        None => read_pem(file, with_keys)?,
    };
    if contents.certificates.is_empty() {
        return Err(BundleError::Empty);
    }
    if contents.certificates.len() > MAX_CERTIFICATES {
        return Err(BundleError::TooMany {
            count: contents.certificates.len(),
        });
    }
    Ok(contents)
}

/// The `CERTIFICATE` and `PKCS7` blocks of a text, and its private keys if they are wanted. Other blocks are skipped
/// without decoding.
fn read_pem(file: &[u8], with_keys: bool) -> Result<Contents, BundleError> {
    let text = str::from_utf8(file).map_err(|_| BundleError::UnknownFormat)?;
    let mut contents = Contents::default();
    let mut rest = text;
    let mut found = false;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (label, after) = after.split_once(DASHES).ok_or(BundleError::Pem)?;
        let end = format!("-----END {label}-----");
        // A label is a few words; a longer one is the text of a block whose first line is cut off.
        let (body, after) = after
            .split_once(end.as_str())
            .filter(|_| label.len() <= MAX_LABEL)
            .ok_or(BundleError::Pem)?;
        rest = after;
        found = true;
        match label {
            "CERTIFICATE" | "X509 CERTIFICATE" => contents.certificates.push(decode(body)?.to_vec()),
            "PKCS7" | "CMS" => contents.certificates.extend(pkcs7::certificates(&decode(body)?)?),
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" if with_keys => {
                if body.contains(':') {
                    return Err(BundleError::EncryptedPemKey);
                }
                contents.private_keys.push(decode(body)?);
            }
            "ENCRYPTED PRIVATE KEY" if with_keys => return Err(BundleError::EncryptedPemKey),
            _ => {}
        }
        if contents.certificates.len() > MAX_CERTIFICATES {
            return Err(BundleError::TooMany {
                count: contents.certificates.len(),
            });
        }
    }
    if found {
        Ok(contents)
    } else {
        Err(BundleError::UnknownFormat)
    }
}

fn decode(body: &str) -> Result<Zeroizing<Vec<u8>>, BundleError> {
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    base64.extend(body.chars().filter(|character| !character.is_whitespace()));
    STANDARD
        .decode(base64.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| BundleError::Pem)
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
const MAX_LABEL: usize = 64;
