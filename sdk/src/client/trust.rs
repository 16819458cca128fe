//! Whom the client trusts to vouch for a server.

use rustls::RootCertStore;

use super::error::Error;
use crate::pki::{Certificate, certificates_from_pem};

/// The certification authorities a server's certificate must lead to.
///
/// The default is the roots of the system. Naming authorities replaces them, so that a private server cannot be stood in
/// for by a public one; [`TrustAnchors::with_system_roots`] takes both.
#[derive(Clone, Debug, Default)]
pub struct TrustAnchors {
    authorities: Vec<Certificate>,
    system_roots: Option<bool>,
}

impl TrustAnchors {
    /// The roots of the system only.
    pub fn system() -> Self {
        Self::default()
    }

    /// These authorities and no others.
    ///
    /// # Errors
    /// [`Error::is_configuration`]: no certificate in the text, or a private key.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        Self::default().and_pem(text)
    }

    /// These authorities too.
    ///
    /// # Errors
    /// As [`TrustAnchors::from_pem`].
    pub fn and_pem(mut self, text: &str) -> Result<Self, Error> {
        let certificates = certificates_from_pem(text)
            .map_err(|error| Error::configuration("cannot read the CA certificates").with_source(error))?;
        self.authorities.extend(certificates);
        Ok(self)
    }

    /// Whether the roots of the system count too. Default: only when no authority is named.
    #[must_use]
    pub fn with_system_roots(mut self, used: bool) -> Self {
        self.system_roots = Some(used);
        self
    }

    /// The authorities that were named.
    pub fn authorities(&self) -> &[Certificate] {
        &self.authorities
    }

    pub(crate) fn uses_system_roots(&self) -> bool {
        self.system_roots.unwrap_or(self.authorities.is_empty())
    }

    /// What is trusted, in words for an error.
    pub(crate) fn description(&self) -> String {
        let mut names: Vec<String> = self
            .authorities
            .iter()
            .take(5)
            .map(|authority| authority.subject().to_string())
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

    pub(crate) fn root_store(&self) -> Result<RootCertStore, Error> {
        let mut store = RootCertStore::empty();
        if self.uses_system_roots() {
            // Single broken files in a system's store are common and none of the user's doing.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        for authority in &self.authorities {
            store.add(authority.der().clone()).map_err(|error| {
                Error::configuration(format!(
                    "the CA certificate {} cannot be used as a trust anchor",
                    authority.subject()
                ))
                .with_source(error)
            })?;
        }
        if store.is_empty() {
            return Err(Error::configuration(
                "there is no trust anchor: the system has no roots, and no CA certificate was given",
            ));
        }
        Ok(store)
    }
}
