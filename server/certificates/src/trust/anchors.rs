//! The trusted CAs of `mtls_trusted_ca`.

use std::collections::HashMap;

use certward_pki::{Certificate, PemError, certificates_from_pem};
use time::OffsetDateTime;

use super::authority_certificate::{self, CaFault};
use super::decided::DecidedChains;
use super::strength::Strength;
use crate::certificate::{Anchor, ClientPurpose};

/// CAs to which client certificates may chain, each checked when it was set.
///
/// Each is a trust anchor by itself: an intermediate in the bundle is trusted whether or not its root is included. An
/// expired anchor admits no client, and stays.
#[derive(Debug)]
pub struct TrustAnchors {
    certificates: Vec<Certificate>,
    /// The same, in the same order, in the form for path building.
    anchors: Vec<Anchor>,
    /// Required strength of keys and signatures in chains to them.
    strength: Strength,
    /// The purpose that clients' certificates must have.
    purpose: ClientPurpose,
    /// The cached decisions about chains to these anchors.
    decided: DecidedChains,
}

/// A text cannot be `mtls_trusted_ca`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UntrustworthyCa {
    /// It is not PEM, or contains a private key. The text is never repeated.
    #[error("the trusted CA must be one or more certificates in PEM")]
    Pem(#[source] PemError),
    /// More certificates than path building supports.
    #[error("the text holds {0} certificates; at most {MAX_ANCHORS} can be trusted")]
    TooMany(usize),
    /// A certificate that cannot be trusted.
    #[error("certificate {number} (\"{subject}\") {fault}")]
    Certificate {
        /// Its position in the text, counted from 1.
        number: usize,
        /// The subject of the certificate.
        subject: String,
        /// The fault, and a valid alternative.
        fault: CaFault,
    },
    /// A repeated certificate.
    #[error("certificate {number} (\"{subject}\") is the same as certificate {first}; expected each once")]
    Repeated {
        /// Its second position in the text, counted from 1.
        number: usize,
        /// Its first position.
        first: usize,
        /// The subject of the certificate.
        subject: String,
    },
}

impl TrustAnchors {
    /// Parses a text to trust: PEM certificates, each a CA that can be trusted at `now`. Text between them is ignored.
    /// A certificate in `present` is trusted already and may have expired since: it admits no client, and must not
    /// prevent other changes.
    ///
    /// # Errors
    ///
    /// [`UntrustworthyCa`] for the first certificate that cannot be trusted; then nothing of the text is trusted.
    pub fn from_pem_bundle(pem: &str, present: &[Certificate], now: OffsetDateTime) -> Result<Self, UntrustworthyCa> {
        Self::read(pem, |certificate| (!present.contains(certificate)).then_some(now))
    }

    /// Parses a text that [`TrustAnchors::from_pem_bundle`] has accepted before. A CA that has expired since is not an
    /// error here: it admits no client, and a server must be able to start with it.
    ///
    /// # Errors
    ///
    /// [`UntrustworthyCa`] if the text has been changed.
    pub fn from_stored_bundle(pem: &str) -> Result<Self, UntrustworthyCa> {
        Self::read(pem, |_| None)
    }

    /// The CAs, in the order of the text.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Returns `true` if any of the certificates is valid at `now`, so that it can admit clients.
    #[must_use]
    pub fn any_in_date(&self, now: OffsetDateTime) -> bool {
        self.certificates
            .iter()
            .any(|certificate| certificate.validity().contains(now))
    }

    /// Checks each certificate as of the time that `in_date_at` returns for it, if any.
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

    /// The CAs among the certificates, each of them a trust anchor. Those that cannot be trusted are passed to `unfit`
    /// and omitted, and so are those beyond `MAX_ANCHORS`.
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

    /// Minimum strength of keys and signatures in a chain to these anchors.
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

/// Organizations trust a handful.
const MAX_ANCHORS: usize = 256;
