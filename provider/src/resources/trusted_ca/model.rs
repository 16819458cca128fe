//! The resource as Terraform keeps it.

use certward::pki::{Certificate, Sha256Fingerprint, certificates_from_pem};
use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

use crate::values::timestamp;

/// State, configuration and plan of `certward_trusted_ca`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrustedCaState {
    pub(crate) certificate_pem: Value<String>,
    pub(crate) name: Value<String>,
    pub(crate) allow_lockout: Value<bool>,

    pub(crate) id: Value<String>,
    pub(crate) fingerprint_sha256: Value<String>,
    pub(crate) subject_dn: Value<String>,
    pub(crate) issuer_dn: Value<String>,
    pub(crate) not_before: Value<String>,
    pub(crate) not_after: Value<String>,
    pub(crate) self_signed: Value<bool>,
}

impl TrustedCaState {
    /// The fingerprint of the authority; `None` while it is not known.
    pub(crate) fn fingerprint(&self) -> Option<Sha256Fingerprint> {
        self.fingerprint_sha256.as_deref_option()?.parse().ok()
    }

    /// The texts that follow from the certificate.
    fn described(&mut self) -> [&mut Value<String>; 6] {
        [
            &mut self.id,
            &mut self.fingerprint_sha256,
            &mut self.subject_dn,
            &mut self.issuer_dn,
            &mut self.not_before,
            &mut self.not_after,
        ]
    }

    /// Fills in everything that follows from the certificate. The text in `certificate_pem` is left alone.
    pub(crate) fn describe(&mut self, certificate: &Certificate) {
        let texts = [
            certificate.fingerprint().to_string(),
            certificate.fingerprint().to_string(),
            certificate.subject().to_string(),
            certificate.issuer().to_string(),
            timestamp::format(certificate.validity().not_before),
            timestamp::format(certificate.validity().not_after),
        ];
        for (value, text) in self.described().into_iter().zip(texts) {
            *value = Value::Value(text);
        }
        self.self_signed = Value::Value(certificate.is_self_issued());
    }

    /// Fills in what follows from the certificate where an older version left it out.
    pub(crate) fn describe_again(&mut self) {
        if !self.described().into_iter().any(|value| value.is_null()) && !self.self_signed.is_null() {
            return;
        }
        let certificates = self.certificate_pem.as_deref_option().map(certificates_from_pem);
        if let Some(Ok(certificates)) = certificates
            && let [certificate] = certificates.as_slice()
        {
            self.describe(certificate);
        }
    }

    /// Marks everything that follows from the certificate as not known yet.
    pub(crate) fn describe_unknown(&mut self) {
        for value in self.described() {
            *value = Value::Unknown;
        }
        self.self_signed = Value::Unknown;
    }

    /// Takes over from `prior` everything that follows from the certificate.
    pub(crate) fn describe_as(&mut self, prior: &Self) {
        let mut prior = prior.clone();
        for (value, prior) in self.described().into_iter().zip(prior.described()) {
            *value = prior.clone();
        }
        self.self_signed = prior.self_signed;
    }
}
