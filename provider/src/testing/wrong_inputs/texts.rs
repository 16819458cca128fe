//! Configurations without a mistake, and the certificates in them.

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use serde_json::{Value as Json, json};
use terraform_plugin::Block;

/// Certificates and keys, made for this run.
pub(super) struct Texts {
    pub(super) client: String,
    pub(super) ca: String,
    pub(super) key: String,
    pub(super) server: String,
    pub(super) expired: String,
}

impl Texts {
    pub(super) fn new() -> Self {
        let made = |change: fn(&mut CertificateParams)| {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, "app");
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            params.not_after = rcgen::date_time_ymd(2090, 1, 1);
            change(&mut params);
            params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
        };
        Self {
            client: made(|_| {}),
            ca: made(|params| {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                params.extended_key_usages.clear();
            }),
            key: KeyPair::generate().unwrap().serialize_pem(),
            server: made(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
            expired: made(|params| params.not_after = rcgen::date_time_ymd(2001, 1, 1)),
        }
    }

    /// A configuration without a mistake.
    pub(super) fn right(&self, block: Block<'_>) -> Json {
        match block {
            Block::Resource("certward_client_certificate") => json!({ "name": "a", "certificate_pem": self.client }),
            Block::Resource("certward_cert_user") => {
                json!({ "name": "a", "certificate_subject_line": "CN=a", "role_ids": ["2"] })
            }
            Block::Resource("certward_redis_role") => json!({ "name": "a", "management": "db_member" }),
            Block::Resource("certward_redis_acl") => json!({ "name": "a", "acl": "+get ~*" }),
            Block::Resource("certward_redis_database") => json!({ "name": "a", "memory_size": 0 }),
            Block::Resource("certward_trusted_ca") => json!({ "certificate_pem": self.ca }),
            Block::Resource("certward_trusted_ca_bundle") => json!({ "certificates_pem": [self.ca] }),
            Block::Resource("certward_cluster_mtls_settings") => json!({ "subject_validation_type": "disabled" }),
            Block::DataSource("certward_cert_user") => json!({ "id": "7" }),
            Block::Provider => json!({
                "ravendb": { "endpoints": ["https://a.example"] },
                "client_certificate_pem": self.client,
            }),
            _ => json!({}),
        }
    }
}
