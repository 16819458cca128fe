//! The cluster's certificates (`docs/contracts/redis-enterprise.md#cluster-certificates`).

use super::json::{self, Kind, Text, objects};
use super::{MAX_TEXT, PEM, answers};

answers! {
    strict CERTIFICATES = "certificates",
        "The cluster's certificates. Keys are shown to holders of view_cluster_keys." {
        api_cert: PEM, "The certificate of the API.";
        api_key: PEM, "Its key.";
        ccs_internode_encryption_cert: PEM, "Internal: between nodes.";
        ccs_internode_encryption_key: PEM, "Its key.";
        cm_cert: PEM, "The certificate of the Cluster Manager UI.";
        cm_key: PEM, "Its key.";
        data_internode_encryption_cert: PEM, "Internal: between databases.";
        data_internode_encryption_key: PEM, "Its key.";
        ldap_client_cert: PEM, "The certificate for LDAP servers.";
        ldap_client_key: PEM, "Its key.";
        metrics_exporter_cert: PEM, "The certificate of the metrics exporter.";
        metrics_exporter_key: PEM, "Its key.";
        mtls_trusted_ca_cert: PEM, "The CAs of certificate users.";
        proxy_cert: PEM, "The certificate of databases.";
        proxy_key: PEM, "Its key.";
        sso_issuer_cert: PEM, "The certificate of the identity provider.";
        sso_service_cert: PEM, "The certificate for single sign-on.";
        sso_service_key: PEM, "Its key.";
        syncer_cert: PEM, "The certificate of the syncer.";
        syncer_key: PEM, "Its key.";
    }
}

objects! {
    strict CertificateUpload = "certificate_upload", "A certificate and its key." {
        name: String = CERTIFICATE_NAME, "Which certificate, such as mtls_trusted_ca.", required;
        certificate: String = PEM, "The certificate, or several, as PEM.", required;
        key: Option<Text> = PEM, "The private key as PEM; none for mtls_trusted_ca and sso_issuer.", write_only;
    }

    strict CertificateUploads = "certificate_uploads", "Certificates and their keys." {
        certificates: Vec<CertificateUpload>, "The certificates; all are checked before any is stored.", required;
    }

    strict CertificateRotation = "certificate_rotation", "Which internal certificate is made anew." {
        name: Option<String> = INTERNAL_CERTIFICATE_NAME,
            "ccs_internode_encryption or data_internode_encryption; both when it is left out.";
    }
}

pub(in super::super) const CERTIFICATE_NAME: Kind = Kind::CheckedLater {
    regex: "^(cm|api|mtls_trusted_ca|proxy|metrics_exporter|syncer|ldap_client|ccs_internode_encryption\
            |data_internode_encryption|sso_service|sso_issuer)$",
    max: MAX_TEXT,
};

const INTERNAL_CERTIFICATE_NAME: Kind = Kind::CheckedLater {
    regex: "^(ccs_internode_encryption|data_internode_encryption)$",
    max: MAX_TEXT,
};
