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

    /// Fills in everything that follows from the certificate. The text in `certificate_pem` is left alone.
    pub(crate) fn describe(&mut self, certificate: &Certificate) {
        let fingerprint = certificate.fingerprint().to_string();
        self.id = Value::Value(fingerprint.clone());
        self.fingerprint_sha256 = Value::Value(fingerprint);
        self.subject_dn = Value::Value(certificate.subject().to_string());
        self.issuer_dn = Value::Value(certificate.issuer().to_string());
        self.not_before = Value::Value(timestamp::format(certificate.validity().not_before));
        self.not_after = Value::Value(timestamp::format(certificate.validity().not_after));
        self.self_signed = Value::Value(certificate.is_self_issued());
    }

    /// Fills in what follows from the certificate where an older version left it out.
    pub(crate) fn describe_again(&mut self) {
        let texts = [
            &self.id,
            &self.fingerprint_sha256,
            &self.subject_dn,
            &self.issuer_dn,
            &self.not_before,
            &self.not_after,
        ];
        if !texts.into_iter().any(Value::is_null) && !self.self_signed.is_null() {
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
        for value in [
            &mut self.id,
            &mut self.fingerprint_sha256,
            &mut self.subject_dn,
            &mut self.issuer_dn,
            &mut self.not_before,
            &mut self.not_after,
        ] {
            *value = Value::Unknown;
        }
        self.self_signed = Value::Unknown;
    }

    /// Takes over from `prior` everything that follows from the certificate.
    pub(crate) fn describe_as(&mut self, prior: &Self) {
        self.id = prior.id.clone();
        self.fingerprint_sha256 = prior.fingerprint_sha256.clone();
        self.subject_dn = prior.subject_dn.clone();
        self.issuer_dn = prior.issuer_dn.clone();
        self.not_before = prior.not_before.clone();
        self.not_after = prior.not_after.clone();
        self.self_signed = prior.self_signed;
    }
}
