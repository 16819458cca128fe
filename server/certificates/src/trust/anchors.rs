//! The trusted certification authorities: what `mtls_trusted_ca` holds.

use std::collections::HashMap;

use certward_pki::{Certificate, PemError, certificates_from_pem};
use time::OffsetDateTime;

use super::authority_certificate::{self, CaFault};
use super::decided::DecidedChains;
use super::strength::Strength;
use crate::certificate::{Anchor, ClientPurpose};

/// CAs that client certificates may chain to, each found fit to be trusted when it was given.
///
/// Each stands for itself: an intermediate in the bundle is trusted whether or not its root is there. An anchor that
/// expires admits nobody from then on, and stays.
#[derive(Debug)]
pub struct TrustAnchors {
    certificates: Vec<Certificate>,
    /// The same, in the same order, as path building wants them.
    anchors: Vec<Anchor>,
    /// Of the keys and signatures in chains to them.
    strength: Strength,
    /// The purpose that clients' certificates must name.
    purpose: ClientPurpose,
    /// The cached decisions about chains to these anchors.
    decided: DecidedChains,
}

/// The reason that a text cannot be `mtls_trusted_ca`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UntrustworthyCa {
    /// No certificates in PEM, or a private key among them. The text is never repeated.
    #[error("the trusted CA must be one or more certificates in PEM")]
    Pem(#[source] PemError),
    /// More than a path is looked for in.
    #[error("the text holds {0} certificates; at most {MAX_ANCHORS} can be trusted")]
    TooMany(usize),
    /// One that is not fit to be trusted.
    #[error("certificate {number} (\"{subject}\") {fault}")]
    Certificate {
        /// Its place in the text, counted from 1.
        number: usize,
        /// The subject of the certificate.
        subject: String,
        /// The fault, and what would have been right.
        fault: CaFault,
    },
    /// One certificate twice.
    #[error("certificate {number} (\"{subject}\") is the same as certificate {first}; expected each once")]
    Repeated {
        /// Its second place in the text, counted from 1.
        number: usize,
        /// Its first.
        first: usize,
        /// The subject of the certificate.
        subject: String,
    },
}

impl TrustAnchors {
    /// Reads the text an administrator wants to trust: certificates in PEM, each a CA fit to be trusted at `now`. Text
    /// between them does no harm. One of `present`, which is trusted already, may have expired since: it admits nobody, and
    /// must not stand in the way of other changes.
    ///
    /// # Errors
    ///
    /// [`UntrustworthyCa`], about the first certificate that is not fit; nothing of the text is then to be trusted.
    pub fn from_pem_bundle(pem: &str, present: &[Certificate], now: OffsetDateTime) -> Result<Self, UntrustworthyCa> {
        Self::read(pem, |certificate| (!present.contains(certificate)).then_some(now))
    }

    /// Reads the text again that [`TrustAnchors::from_pem_bundle`] took once. A CA that has expired since is no error
    /// here: it admits nobody, and a server must start with it.
    ///
    /// # Errors
    ///
    /// [`UntrustworthyCa`] when the text is another one.
    pub fn from_stored_bundle(pem: &str) -> Result<Self, UntrustworthyCa> {
        Self::read(pem, |_| None)
    }

    /// The CAs, in the order of the text.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Returns `true` when any of the certificates is valid at `now`, so that it can admit clients.
    #[must_use]
    pub fn any_in_date(&self, now: OffsetDateTime) -> bool {
        self.certificates
            .iter()
            .any(|certificate| certificate.validity().contains(now))
    }

    /// Each certificate is held against the moment that `in_date_at` gives for it, if it gives one.
    fn read(pem: &str, in_date_at: impl Fn(&Certificate) -> Option<OffsetDateTime>) -> Result<Self, UntrustworthyCa> {
        let certificates = certificates_from_pem(pem).map_err(UntrustworthyCa::Pem)?;
        if certificates.len() > MAX_ANCHORS {
            return Err(UntrustworthyCa::TooMany(certificates.len()));
        }
        let mut places: HashMap<&Certificate, usize> = HashMap::new();
        let mut anchors = Vec::with_capacity(certificates.len());
        for (number, certificate) in (1..).zip(&certificates) {
            if let Some(first) = places.insert(certificate, number) {
                return Err(UntrustworthyCa::Repeated {
                    number,
                    first,
                    subject: certificate.subject().to_string(),
                });
            }
            let anchor = authority_certificate::to_anchor(certificate, in_date_at(certificate), Strength::Strong)
                .map_err(|fault| UntrustworthyCa::Certificate {
                    number,
                    subject: certificate.subject().to_string(),
                    fault,
                })?;
            anchors.push(anchor);
        }
        drop(places);
        Ok(Self {
            certificates,
            anchors,
            strength: Strength::Strong,
            purpose: ClientPurpose::Named,
            decided: DecidedChains::default(),
        })
    }

    /// The CAs among certificates, each of which stands for itself too. One that is not fit to be trusted is given to
    /// `unfit` and left out; so are those beyond [`MAX_ANCHORS`].
    pub fn of_fit(
        certificates: &[Certificate],
        strength: Strength,
        purpose: ClientPurpose,
        mut unfit: impl FnMut(&Certificate, CaFault),
    ) -> Self {
        let mut fit = Self {
            certificates: Vec::new(),
            anchors: Vec::new(),
            strength,
            purpose,
            decided: DecidedChains::default(),
        };
        for certificate in certificates.iter().take(MAX_ANCHORS) {
            match authority_certificate::to_anchor(certificate, None, strength) {
                Ok(anchor) => {
                    fit.certificates.push(certificate.clone());
                    fit.anchors.push(anchor);
                }
                Err(fault) => unfit(certificate, fault),
            }
        }
        fit
    }

    /// The weakest key and signature that a chain to these anchors may have.
    #[must_use]
    pub fn strength(&self) -> Strength {
        self.strength
    }

    pub(super) fn purpose(&self) -> ClientPurpose {
        self.purpose
    }

    pub(super) fn decided(&self) -> &DecidedChains {
        &self.decided
    }

    pub(super) fn as_anchors(&self) -> &[Anchor] {
        &self.anchors
    }
}

/// Organisations trust a handful.
const MAX_ANCHORS: usize = 256;
