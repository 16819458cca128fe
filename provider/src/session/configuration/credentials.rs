//! Files and texts of the provider block, turned into what the SDK logs in with. Nothing here connects.

use std::error::Error as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward::pki::archive::pkcs12::Pkcs12Error;
use certward::pki::{Certificate, PrivateKeyPem, certificates_from_pem};
use certward::{CredentialFile, Identity, TrustAnchors};
use secrecy::SecretString;
use terraform_plugin::log;
use tf_provider::Diagnostics;
use zeroize::Zeroizing;

use super::setting::{Origin, Setting};
use super::settings::{PemSetting, Pkcs12Setting, Settings};
use super::wrong_pem::{self, Wanted};
use crate::report::{chain, error, warning};
use crate::values::pem_form::other_form;

/// The provider's identity; `Ok(None)` if none is configured. The key matches the certificate.
///
/// Before it returns `Err`, it adds an error to `diags`.
pub(crate) fn identity(diags: &mut Diagnostics, settings: &Settings) -> Result<Option<Identity>, ()> {
    match (
        &settings.client_certificate,
        &settings.client_private_key,
        &settings.pkcs12,
    ) {
        (PemSetting::Absent, PemSetting::Absent, Pkcs12Setting::Absent) => Ok(None),
        (_, _, Pkcs12Setting::Base64(text, origin)) => {
            log::mask(text);
            let compact: Zeroizing<String> = Zeroizing::new(text.split_ascii_whitespace().collect());
            let Ok(bytes) = STANDARD.decode(compact.as_bytes()).map(Zeroizing::new) else {
                error(
                    diags,
                    origin.path(),
                    "Unreadable PKCS#12 file",
                    format!("{origin} is not Base64. Use filebase64(\"admin.pfx\"), or pkcs12_file with the path."),
                );
                return Err(());
            };
            pkcs12(diags, &bytes, origin, settings).map(Some)
        }
        (_, _, Pkcs12Setting::File(path, origin)) => {
            let file = read_file(diags, path, origin)?;
            let identity = pkcs12(diags, file.bytes(), origin, settings)?;
            warn_of_readers(diags, &file, path, origin);
            Ok(Some(identity))
        }
        (certificate, key, Pkcs12Setting::Absent) => pem(diags, certificate, key).map(Some),
    }
}

/// Trust anchors for the servers' certificates. Default: the system's roots.
pub(crate) fn trust_anchors(diags: &mut Diagnostics, settings: &Settings) -> Result<TrustAnchors, ()> {
    let Some((text, origin)) = pem_text(diags, &settings.ca_certificate)? else {
        return Ok(TrustAnchors::system());
    };
    TrustAnchors::from_pem(&text).map_err(|problem| {
        error(
            diags,
            origin.path(),
            "Unreadable CA certificates",
            format!(
                "{origin}: {}. It takes the PEM certificates of the authorities that issued the servers' certificates.",
                other_form(&text).map_or_else(|| chain(&problem), |form| format!("this text {form}"))
            ),
        );
    })
}

fn pem(diags: &mut Diagnostics, certificate: &PemSetting, key: &PemSetting) -> Result<Identity, ()> {
    let key = secret_pem_text(diags, key)?;
    if let Some((text, _)) = &key {
        log::mask(text);
    }
    let (Some((certificate, certificate_origin)), Some((key, key_origin))) = (pem_text(diags, certificate)?, key)
    else {
        // Reading the settings has added an error for one without the other.
        return Err(());
    };
    let problem = match Identity::from_pem(&certificate, &key) {
        Ok(identity) => return Ok(identity),
        Err(problem) => problem,
    };
    if let Err(problem) = PrivateKeyPem::from_pem(&key) {
        error(
            diags,
            key_origin.path(),
            "Unreadable private key",
            format!(
                "{key_origin}: {}.",
                wrong_pem::hint(&key, Wanted::PrivateKey).unwrap_or_else(|| chain(&problem))
            ),
        );
    } else if let Some(own) = own_certificate(&certificate) {
        error(
            diags,
            key_origin.path(),
            "Key does not match certificate",
            format!(
                "{key_origin} is not the private key of the certificate in {certificate_origin} ({}, {}): {}. Set the \
                 key and the certificate that were made together.",
                own.subject(),
                own.public_key(),
                chain(&problem)
            ),
        );
    } else {
        error(
            diags,
            certificate_origin.path(),
            "Unreadable client certificate",
            format!(
                "{certificate_origin}: {}. It takes a PEM certificate, the provider's own first.",
                wrong_pem::hint(&certificate, Wanted::Certificate).unwrap_or_else(|| chain(&problem))
            ),
        );
    }
    Err(())
}

fn pkcs12(diags: &mut Diagnostics, bytes: &[u8], origin: &Origin, settings: &Settings) -> Result<Identity, ()> {
    if bytes.starts_with(ZIP_SIGNATURE) {
        error(
            diags,
            origin.path(),
            "This is a zip file",
            format!(
                "{origin} is a zip file, such as RavenDB's Studio and its setup hand out. Unpack it, and set {origin} \
                 to the .pfx file inside, or client_certificate_file and client_private_key_file to the .crt and .key \
                 files."
            ),
        );
        return Err(());
    }
    let password = match &settings.pkcs12_password {
        Setting::Known(password, _) => {
            log::mask(password);
            SecretString::from(password.as_str())
        }
        _ => SecretString::from(""),
    };
    let read = Identity::from_pkcs12(bytes, &password);
    read.inspect(|identity| log::mask(identity.private_key().expose()))
        .map_err(|problem| {
            let no_password = settings.pkcs12_password.origin().is_none();
            let hint = match problem.source().and_then(|cause| cause.downcast_ref()) {
                Some(Pkcs12Error::NotPkcs12) => {
                    " A certificate and a key in PEM go into client_certificate_file and client_private_key_file."
                }
                Some(Pkcs12Error::WrongPassword | Pkcs12Error::Undecryptable) if no_password => {
                    " No pkcs12_password is set, so the empty password was tried."
                }
                _ => "",
            };
            error(
                diags,
                origin.path(),
                "Unreadable PKCS#12 file",
                format!("{origin}: {}.{hint}", chain(&problem)),
            );
        })
}

/// The text of a PEM setting and where it comes from.
fn pem_text(diags: &mut Diagnostics, setting: &PemSetting) -> Result<Option<PemText>, ()> {
    match setting {
        PemSetting::Absent => Ok(None),
        PemSetting::Text(text, origin) => Ok(Some((Zeroizing::new(text.clone()), origin.clone()))),
        PemSetting::File(path, origin) => {
            let file = read_file(diags, path, origin)?;
            text_of(diags, &file, path, origin)
        }
    }
}

/// As [`pem_text`], and warns when the text is a private key in a file that others can read.
fn secret_pem_text(diags: &mut Diagnostics, setting: &PemSetting) -> Result<Option<PemText>, ()> {
    let PemSetting::File(path, origin) = setting else {
        return pem_text(diags, setting);
    };
    let file = read_file(diags, path, origin)?;
    let text = text_of(diags, &file, path, origin)?;
    if text.as_ref().is_some_and(|(text, _)| text.contains("PRIVATE KEY-----")) {
        warn_of_readers(diags, &file, path, origin);
    }
    Ok(text)
}

fn text_of(diags: &mut Diagnostics, file: &CredentialFile, path: &str, origin: &Origin) -> Result<Option<PemText>, ()> {
    match file.text() {
        Ok(text) => Ok(Some((Zeroizing::new(text.to_owned()), origin.clone()))),
        Err(_) => {
            error(
                diags,
                origin.path(),
                "Unreadable file",
                format!(
                    "{origin}: \"{path}\" is not text, and so not PEM. A PKCS#12 file (.pfx, .p12) goes into \
                     pkcs12_file. A certificate in DER becomes PEM with openssl x509 -inform DER -in app.cer -out app.crt, a \
                     PKCS#7 bundle (.p7b) with openssl pkcs7 -inform DER -print_certs -in bundle.p7b -out bundle.crt."
                ),
            );
            Err(())
        }
    }
}

fn warn_of_readers(diags: &mut Diagnostics, file: &CredentialFile, path: &str, origin: &Origin) {
    if file.is_readable_by_others() {
        warning(
            diags,
            origin.path(),
            "Private key can be read by others",
            format!(
                "{origin}: other users of this machine can read \"{path}\", which holds a private key. Take that right \
                 from them: chmod 600 \"{path}\"."
            ),
        );
    }
}

fn read_file(diags: &mut Diagnostics, path: &str, origin: &Origin) -> Result<CredentialFile, ()> {
    let problem = if path.contains("-----BEGIN") {
        // The text may be a private key, so it is not repeated.
        "this is a PEM text. It takes the path of a file; the text itself goes into the attribute that ends in \
         _pem."
            .to_owned()
    } else {
        match CredentialFile::read(path) {
            Ok(file) => return Ok(file),
            Err(problem) => format!(
                "{}. Relative paths start at the directory Terraform runs in; \"${{path.module}}/…\" starts at the module.",
                chain(&problem)
            ),
        }
    };
    error(diags, origin.path(), "Unreadable file", format!("{origin}: {problem}"));
    Err(())
}

fn own_certificate(text: &str) -> Option<Certificate> {
    certificates_from_pem(text).ok()?.into_iter().next()
}

/// The text of a PEM setting, and where it comes from.
type PemText = (Zeroizing<String>, Origin);

/// The first bytes of every zip file with an entry (APPNOTE 4.3.7).
const ZIP_SIGNATURE: &[u8] = b"PK\x03\x04";

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
