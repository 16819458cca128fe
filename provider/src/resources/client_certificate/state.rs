//! The resource as Terraform keeps it.

use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

use certward::pki::{Certificate, Thumbprint};

use super::database_permissions::Permissions;
use super::{certificate_pem, clearance};
use crate::values::timestamp;

/// State, configuration and plan of `certward_client_certificate`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClientCertificateState {
    pub(crate) name: Value<String>,
    pub(crate) certificate_pem: Value<String>,
    pub(crate) security_clearance: Value<String>,
    pub(crate) database_permissions: Value<Permissions>,
    pub(crate) disabled: Value<bool>,
    pub(crate) deletion_protection: Value<bool>,

    pub(crate) id: Value<String>,
    pub(crate) thumbprint: Value<String>,
    pub(crate) fingerprint_sha256: Value<String>,
    pub(crate) public_key_pin: Value<String>,
    pub(crate) serial_number: Value<String>,
    pub(crate) subject_dn: Value<String>,
    pub(crate) issuer_dn: Value<String>,
    pub(crate) not_before: Value<String>,
    pub(crate) not_after: Value<String>,
}

impl ClientCertificateState {
    /// The thumbprint of the entry; `None` while it is not known.
    pub(crate) fn thumbprint(&self) -> Option<Thumbprint> {
        self.thumbprint.as_deref_option()?.parse().ok()
    }

    /// Fills in everything that follows from the certificate. The text in `certificate_pem` is left alone.
    pub(crate) fn describe(&mut self, certificate: &Certificate) {
        let thumbprint = certificate.thumbprint().to_string();
        self.id = Value::Value(thumbprint.clone());
        self.thumbprint = Value::Value(thumbprint);
        self.fingerprint_sha256 = Value::Value(certificate.fingerprint().to_string());
        self.public_key_pin = Value::Value(certificate.public_key_pinning_hash().to_string());
        self.serial_number = Value::Value(certificate.serial_number().to_string());
        self.subject_dn = Value::Value(certificate.subject().to_string());
        self.issuer_dn = Value::Value(certificate.issuer().to_string());
        self.not_before = Value::Value(timestamp::format(certificate.validity().not_before));
        self.not_after = Value::Value(timestamp::format(certificate.validity().not_after));
    }

    /// Fills in what follows from the certificate where an older version left it out.
    pub(crate) fn describe_again(&mut self) {
        let all = [
            &self.id,
            &self.thumbprint,
            &self.fingerprint_sha256,
            &self.public_key_pin,
            &self.serial_number,
            &self.subject_dn,
            &self.issuer_dn,
            &self.not_before,
            &self.not_after,
        ];
        if !all.into_iter().any(Value::is_null) {
            return;
        }
        let certificate = self.certificate_pem.as_deref_option().map(certificate_pem::parse);
        if let Some(Ok(certificate)) = certificate {
            self.describe(&certificate);
        }
    }

    /// Leaves out permissions that RavenDB keeps and asks of no `ValidUser`: a configuration cannot set them.
    pub(crate) fn drop_idle_permissions(&mut self) {
        if self
            .security_clearance
            .as_deref_option()
            .is_some_and(|clearance| clearance != clearance::DEFAULT)
        {
            self.database_permissions = Value::Value(Permissions::new());
        }
    }

    /// Marks everything that follows from the certificate as not known yet.
    pub(crate) fn describe_unknown(&mut self) {
        for value in [
            &mut self.id,
            &mut self.thumbprint,
            &mut self.fingerprint_sha256,
            &mut self.public_key_pin,
            &mut self.serial_number,
            &mut self.subject_dn,
            &mut self.issuer_dn,
            &mut self.not_before,
            &mut self.not_after,
        ] {
            *value = Value::Unknown;
        }
    }

    /// Takes over from `prior` everything that follows from the certificate.
    pub(crate) fn describe_as(&mut self, prior: &Self) {
        self.id = prior.id.clone();
        self.thumbprint = prior.thumbprint.clone();
        self.fingerprint_sha256 = prior.fingerprint_sha256.clone();
        self.public_key_pin = prior.public_key_pin.clone();
        self.serial_number = prior.serial_number.clone();
        self.subject_dn = prior.subject_dn.clone();
        self.issuer_dn = prior.issuer_dn.clone();
        self.not_before = prior.not_before.clone();
        self.not_after = prior.not_after.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_state_lacks_is_derived_again() {
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = rcgen::CertificateParams::default().self_signed(&key).unwrap().pem();
        let mut state = ClientCertificateState {
            certificate_pem: Value::Value(pem),
            thumbprint: Value::Value("old".to_owned()),
            ..ClientCertificateState::default()
        };
        state.describe_again();
        assert!(state.not_after.is_value() && state.thumbprint != Value::Value("old".to_owned()));
        state.issuer_dn = Value::Value("kept".to_owned());
        state.describe_again();
        assert_eq!(state.issuer_dn, Value::Value("kept".to_owned()), "nothing was missing");
    }

    #[test]
    fn permissions_that_only_a_valid_user_has_are_left_out_for_others() {
        let permissions = Permissions::from([("a".to_owned(), Value::Value("Read".to_owned()))]);
        for (clearance, kept) in [("ValidUser", 1), ("Operator", 0), ("ClusterAdmin", 0)] {
            let mut state = ClientCertificateState {
                security_clearance: Value::Value(clearance.to_owned()),
                database_permissions: Value::Value(permissions.clone()),
                ..ClientCertificateState::default()
            };
            state.drop_idle_permissions();
            assert_eq!(
                state.database_permissions.as_ref_option().unwrap().len(),
                kept,
                "{clearance}"
            );
        }
    }
}
