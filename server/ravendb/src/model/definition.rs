//! A registered certificate: the public certificate, its holder, and its rights.

use std::fmt;

use certward_pki::{Certificate, PublicKeyPinningHash, Thumbprint, Validity};
use rustls_pki_types::CertificateDer;
use zeroize::Zeroizing;

use super::clearance::{Permissions, SecurityClearance};

/// One entry of the registry. It holds no private key: the server never stores one.
#[derive(Debug, Clone)]
pub struct RegisteredCertificate {
    /// The key of the entry. A certificate is admitted only if it equals [`Self::der`] completely: a SHA-1 hash is no
    /// identity.
    pub thumbprint: Thumbprint,
    /// The certificate, byte for byte as registered or issued.
    pub der: CertificateDer<'static>,
    /// The holder's name; not unique.
    pub name: String,
    /// Rights on the server.
    pub clearance: SecurityClearance,
    /// Rights on databases.
    pub permissions: Permissions,
    /// The certificate's validity.
    pub validity: Validity,
    /// The certificate's pinning hash, by which renewals are found.
    pub pinning_hash: PublicKeyPinningHash,
    /// The issuers that were registered with it, nearest first, with which renewals are compared.
    pub issuer_chain: Vec<CertificateDer<'static>>,
    /// A disabled entry stays registered, and its certificate is refused.
    pub disabled: bool,
    /// The entry's position among certificates that were registered together.
    pub collection: Collection,
    /// The entry that this one renewed when it registered itself; none for an entry that a caller registered. That
    /// entry may have been deleted since.
    pub renews: Option<Thumbprint>,
    /// The secret of one-time codes. If set, every session requires a code.
    pub two_factor_key: Option<TwoFactorKey>,
}

/// The parts of a definition that an administrator sets.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The holder's name, not blank.
    pub name: String,
    /// Rights on the server.
    pub clearance: SecurityClearance,
    /// Rights on databases.
    pub permissions: Permissions,
    /// A disabled entry stays registered, and its certificate is refused.
    pub disabled: bool,
    /// The shared secret of one-time codes; none if no codes are required.
    pub two_factor_key: Option<TwoFactorKey>,
}

impl RegisteredCertificate {
    /// A single entry, outside any collection.
    #[must_use]
    pub fn new(certificate: &Certificate, grant: Grant) -> Self {
        Self {
            thumbprint: certificate.thumbprint(),
            der: certificate.der().clone(),
            name: grant.name,
            clearance: grant.clearance,
            permissions: grant.permissions,
            validity: certificate.validity(),
            pinning_hash: certificate.public_key_pinning_hash(),
            issuer_chain: Vec::new(),
            disabled: grant.disabled,
            collection: Collection::Single,
            renews: None,
            two_factor_key: grant.two_factor_key,
        }
    }

    /// Returns `true` if a login requires a one-time code in addition to the certificate.
    #[must_use]
    pub fn has_two_factor(&self) -> bool {
        self.two_factor_key.is_some()
    }
}

/// The position of a certificate among those registered in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Collection {
    /// Registered alone.
    Single,
    /// The first of several; the others depend on it and are deleted with it.
    Primary {
        /// The others, in the order of the upload.
        secondaries: Vec<Thumbprint>,
    },
    /// One of the others.
    Secondary {
        /// The first.
        primary: Thumbprint,
    },
}

/// The shared secret of one-time codes (RFC 6238). Wiped on drop; `Debug` omits it.
#[derive(Clone)]
pub struct TwoFactorKey(Zeroizing<Vec<u8>>);

impl TwoFactorKey {
    /// Takes the decoded secret.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The decoded secret, for checking a code and for storing.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for TwoFactorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TwoFactorKey(..)")
    }
}
