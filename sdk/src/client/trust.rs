//! The trust anchors for server certificates.

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use time::OffsetDateTime;

use super::error::Error;
use super::file::CredentialFile;
use crate::pki::{Certificate, Validity, certificates_from_pem};

/// The certificates that a server's certificate is checked against.
///
/// The default is the roots of the system. Naming certificates replaces them, so that a private server cannot be stood in
/// for by a public one; [`TrustAnchors::with_system_roots`] takes both.
///
/// A CA certificate vouches for the certificates that it signed. Any other certificate vouches for itself alone: a server
/// that shows exactly it is believed, one with a certificate signed by its key is not. The same goes for a CA certificate
/// that may sign none (RFC 5280 4.2.1.3, 4.2.1.9): version 1 or 2, a key usage without `keyCertSign`, an extended key usage
/// without `serverAuth`, an unknown critical extension, or no subject. A certificate out of date vouches for nothing. The
/// name of the server is checked in every case.
#[derive(Clone, Debug, Default)]
pub struct TrustAnchors {
    authorities: Vec<Certificate>,
    system_roots: Option<bool>,
}

/// [`TrustAnchors`] in the form that handshakes are checked with.
#[derive(Debug)]
pub(super) struct Trusted {
    system: Vec<TrustAnchor<'static>>,
    authorities: Vec<(TrustAnchor<'static>, Validity)>,
    named: Vec<Certificate>,
    /// A description of the trust anchors, for errors.
    pub(super) description: String,
}

impl TrustAnchors {
    /// The roots of the system only.
    pub fn system() -> Self {
        Self::default()
    }

    /// These certificates and no others.
    ///
    /// # Errors
    /// [`Error::is_configuration`]: no certificate in the text, or a private key.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        Self::default().and_pem(text)
    }

    /// These certificates too.
    ///
    /// # Errors
    /// As [`TrustAnchors::from_pem`].
    pub fn and_pem(mut self, text: &str) -> Result<Self, Error> {
        let certificates = certificates_from_pem(text)
            .map_err(|error| Error::configuration("cannot read the CA certificates").with_source(error))?;
        self.authorities.extend(certificates);
        Ok(self)
    }

    /// As [`TrustAnchors::from_pem`], from a file as [`CredentialFile`] reads it.
    ///
    /// # Errors
    /// As [`TrustAnchors::from_pem`], and when the file cannot be read.
    pub fn from_pem_file(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
        Self::from_pem(CredentialFile::read(path)?.text()?)
    }

    /// Also trusts the roots of the system. Default: only when no certificate is given.
    #[must_use]
    pub fn with_system_roots(mut self, used: bool) -> Self {
        self.system_roots = Some(used);
        self
    }

    /// The certificates that were named.
    pub fn authorities(&self) -> &[Certificate] {
        &self.authorities
    }

    pub(crate) fn uses_system_roots(&self) -> bool {
        self.system_roots.unwrap_or(self.authorities.is_empty())
    }

    /// A description of the trust anchors, for errors.
    fn description(&self) -> String {
        let mut names: Vec<String> = self
            .authorities
            .iter()
            .take(5)
            .map(|authority| {
                let validity = authority.validity();
                match limit(authority) {
                    Some(why) => format!("{} (for itself alone: {why})", authority.subject()),
                    None => format!("{} (until {})", authority.subject(), validity.not_after),
                }
            })
            .collect();
        if self.authorities.len() > names.len() {
            names.push(format!("{} more", self.authorities.len() - names.len()));
        }
        match (self.uses_system_roots(), names.is_empty()) {
            (true, true) => "the roots of the system".to_owned(),
            (true, false) => format!("the roots of the system and {}", names.join("; ")),
            (false, _) => names.join("; "),
        }
    }

    pub(super) fn trusted(&self) -> Result<Trusted, Error> {
        #[cfg_attr(not(feature = "native-roots"), expect(unused_mut, reason = "nothing is added"))]
        let mut system = RootCertStore::empty();
        if self.uses_system_roots() {
            // Single broken files in a system's store are common and none of the user's doing.
            #[cfg(feature = "native-roots")]
            system.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let mut authorities = Vec::new();
        for authority in self.authorities.iter().filter(|authority| limit(authority).is_none()) {
            let mut store = RootCertStore::empty();
            store.add(authority.der().clone()).map_err(|error| {
                Error::configuration(format!(
                    "the CA certificate {} cannot be used as a trust anchor",
                    authority.subject()
                ))
                .with_source(error)
            })?;
            authorities.extend(store.roots.into_iter().map(|anchor| (anchor, authority.validity())));
        }
        if system.is_empty() && self.authorities.is_empty() {
            return Err(Error::configuration(
                "there is no trust anchor: the system has no roots, and no CA certificate was given",
            ));
        }
        Ok(Trusted {
            system: system.roots,
            authorities,
            named: self.authorities.clone(),
            description: self.description(),
        })
    }
}

impl Trusted {
    /// The anchors of chains at this moment. The library that checks the chains does not look at an anchor's dates.
    pub(super) fn roots_at(&self, now: UnixTime) -> RootCertStore {
        let authorities = self
            .authorities
            .iter()
            .filter(|(_, validity)| moment(now).is_some_and(|now| validity.contains(now)));
        RootCertStore {
            roots: self
                .system
                .iter()
                .chain(authorities.map(|(anchor, _)| anchor))
                .cloned()
                .collect(),
        }
    }

    /// The named certificate that is equal, byte for byte.
    pub(super) fn named(&self, presented: &CertificateDer<'_>) -> Option<&Certificate> {
        self.named.iter().find(|named| named.der() == presented)
    }
}

/// A moment as validities are compared with.
pub(super) fn moment(now: UnixTime) -> Option<OffsetDateTime> {
    let seconds = i64::try_from(now.as_secs()).ok()?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// Returns the reason that a certificate is trusted for itself alone and not as a CA, if there is one. Certward's
/// server has the same rules for the CAs of clients (`cluster::trust`), but refuses such a certificate when it is
/// uploaded.
fn limit(certificate: &Certificate) -> Option<&'static str> {
    let purpose = certificate.extended_key_usage();
    let unknown = |extension: &crate::pki::Extension| {
        extension.is_critical() && !KNOWN_EXTENSIONS.contains(&extension.identifier().as_der_content())
    };
    if certificate.version() != 3 || !certificate.is_ca() {
        Some("it is no CA certificate")
    } else if certificate.key_usage().is_some_and(|usage| !usage.key_cert_sign()) {
        Some("its key usage has no keyCertSign")
    } else if purpose.is_some_and(|purpose| !purpose.server_auth() && !purpose.any()) {
        Some("its extended key usage has no serverAuth")
    } else if certificate.extensions().iter().any(unknown) {
        Some("it has a critical extension that is not known here")
    } else if certificate.subject().is_empty() {
        Some("it has no subject")
    } else {
        None
    }
}

/// Those that chain checks here know: key usage, subject alternative name, basic constraints, name constraints, CRL
/// distribution points, certificate policies (not asked for), extended key usage.
const KNOWN_EXTENSIONS: [&[u8]; 7] = [
    &[0x55, 0x1d, 15],
    &[0x55, 0x1d, 17],
    &[0x55, 0x1d, 19],
    &[0x55, 0x1d, 30],
    &[0x55, 0x1d, 31],
    &[0x55, 0x1d, 32],
    &[0x55, 0x1d, 37],
];
