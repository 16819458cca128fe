//! The resource as Terraform keeps it.

use std::collections::BTreeMap;

use certward::pki::{Certificate, Sha256Fingerprint, certificates_from_pem};
use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

/// State, configuration and plan of `certward_trusted_ca_bundle`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrustedCaBundleState {
    pub(crate) certificates_pem: Value<Vec<Value<String>>>,
    pub(crate) on_destroy: Value<String>,
    pub(crate) allow_lockout: Value<bool>,

    pub(crate) id: Value<String>,
    pub(crate) fingerprints_sha256: Value<Vec<Value<String>>>,
}

/// Certificates by what tells them apart.
pub(crate) type Members = BTreeMap<Sha256Fingerprint, Certificate>;

impl TrustedCaBundleState {
    /// The certificates of every text; `None` while one of them is not known, or cannot be read.
    pub(crate) fn members(&self) -> Option<Members> {
        let mut members = Members::new();
        for text in self.certificates_pem.as_ref_option()? {
            for certificate in certificates_from_pem(text.as_deref_option()?).ok()? {
                members.insert(certificate.fingerprint(), certificate);
            }
        }
        Some(members)
    }

    /// Fills in what the cluster trusts. Texts that say the same stay as the user wrote them.
    pub(crate) fn take_over(&mut self, trusted: &[Certificate]) {
        let trusted = members(trusted);
        if self.members().as_ref() != Some(&trusted) {
            let texts = trusted.values().map(|certificate| Value::Value(certificate.to_pem()));
            self.certificates_pem = Value::Value(texts.collect());
        }
        self.describe(&trusted);
    }

    /// Fills in everything that follows from the certificates.
    pub(crate) fn describe(&mut self, members: &Members) {
        self.id = Value::Value(ID.to_owned());
        let fingerprints = members.keys().map(|fingerprint| Value::Value(fingerprint.to_string()));
        self.fingerprints_sha256 = Value::Value(fingerprints.collect());
    }
}

/// The certificates without repetitions.
pub(crate) fn members(certificates: &[Certificate]) -> Members {
    let certificates = certificates.iter();
    certificates
        .map(|certificate| (certificate.fingerprint(), certificate.clone()))
        .collect()
}

/// The id of the only bundle a cluster has.
pub(crate) const ID: &str = "bundle";
