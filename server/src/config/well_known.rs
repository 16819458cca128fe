//! `Security.WellKnownIssuers.Admin`: certificates whose holder may make cluster administrators.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use certward_pki::archive::Format;
use certward_pki::{Certificate, Thumbprint, certificates_from_pem};

use certward_system::files::{FileError, TrustedFile};

/// Reads one entry: base64 of a DER certificate, in one line or several, or the path of a file with one, in PEM or DER.
///
/// # Errors
///
/// The problem with it. A private key beside the certificate is refused, as on RavenDB: a CA's key does not belong in
/// the settings. A certificate that is not a CA is refused too, because trust in it would extend to everything its key
/// signs.
pub(super) fn issuer(text: &str, folder: &Path) -> Result<Certificate, String> {
    if text.parse::<Thumbprint>().is_ok() {
        return Err("is a thumbprint, and a hash proves no issuer; give the certificate itself".to_owned());
    }
    // In lines, as `base64` and `openssl x509 | openssl base64` print it: the API takes it so as well.
    let digits: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let certificate = match STANDARD.decode(digits) {
        // A path with blanks can be base64 without them.
        Ok(der) if der.first() == Some(&SEQUENCE) || !text.contains(char::is_whitespace) => {
            from_bytes(&der, "the base64 text")?
        }
        _ => from_file(&folder.join(text))?,
    };
    let may_sign = certificate.key_usage().is_none_or(|usage| usage.key_cert_sign());
    if !certificate.is_ca() || !may_sign {
        return Err(format!("the certificate of {} is not a CA's", certificate.subject()));
    }
    Ok(certificate)
}

fn from_file(path: &Path) -> Result<Certificate, String> {
    let shown = path.display().to_string();
    let bytes = TrustedFile::open(path)
        .and_then(|file| file.read(MAX_FILE_BYTES))
        .map_err(|error| match error {
            FileError::Open { source, .. } => {
                format!("{shown} is neither base64 of a certificate nor a file that can be opened: {source}")
            }
            error => error.to_string(),
        })?;
    from_bytes(&bytes, &shown)
}

fn from_bytes(bytes: &[u8], shown: &str) -> Result<Certificate, String> {
    if bytes.windows(PEM_START.len()).any(|window| window == PEM_START) {
        let mut certificates = certificates_from_pem(&String::from_utf8_lossy(bytes))
            .map_err(|error| format!("{shown} holds no certificate alone: {error}"))?;
        return match (certificates.pop(), certificates.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(format!("{shown} holds several certificates; name one file for each")),
        };
    }
    Certificate::from_der(bytes.to_vec()).map_err(|_| {
        if Format::of(bytes) == Some(Format::Pkcs12) {
            format!("{shown} is a PFX, which may hold a private key; give the certificate alone, in PEM or DER")
        } else {
            format!("{shown} is not a certificate in PEM or DER")
        }
    })
}

/// The first byte of every certificate in DER.
const SEQUENCE: u8 = 0x30;
const PEM_START: &[u8] = b"-----BEGIN ";

const MAX_FILE_BYTES: usize = 64 * 1024;
