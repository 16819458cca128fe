//! How much of a stranger's chain is looked at at all.

use rustls_pki_types::CertificateDer;

/// The size of a chain, checked before anything of it is read.
///
/// Path building tries every order that names allow: ten intermediates of one name cost 0.4 s of CPU, five 1 ms, four
/// 0.2 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChainBounds {
    /// Certificates above the end entity's own.
    pub(crate) intermediates: usize,
    /// Of all certificates together.
    pub(crate) bytes: usize,
}

impl ChainBounds {
    /// The most a path is built from: four intermediates, 16 KiB in all.
    pub(crate) const WIDEST: Self = Self {
        intermediates: 4,
        bytes: 16 * 1024,
    };

    /// Whether the chain is within these bounds.
    pub(crate) fn hold(&self, end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> bool {
        let bytes = end_entity.len() + intermediates.iter().map(|certificate| certificate.len()).sum::<usize>();
        intermediates.len() <= self.intermediates && bytes <= self.bytes
    }
}
