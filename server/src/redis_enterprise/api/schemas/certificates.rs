//! The cluster's certificates (`docs/contracts/redis-enterprise.md#cluster-certificates`).

use super::{MAX_TEXT, PEM, strict};
use crate::redis_enterprise::api::json::{Kind, Schema, member};

/// The certificates, each under its name.
pub(in super::super) const CERTIFICATES: Schema = strict(
    "certificates",
    "The cluster's certificates. Keys are shown to holders of view_cluster_keys.",
    &[
        member("api_cert", PEM, "The certificate of the API.").read_only(),
        member("api_key", PEM, "Its key.").read_only(),
        member("ccs_internode_encryption_cert", PEM, "Internal: between nodes.").read_only(),
        member("ccs_internode_encryption_key", PEM, "Its key.").read_only(),
        member("cm_cert", PEM, "The certificate of the Cluster Manager UI.").read_only(),
        member("cm_key", PEM, "Its key.").read_only(),
        member("data_internode_encryption_cert", PEM, "Internal: between databases.").read_only(),
        member("data_internode_encryption_key", PEM, "Its key.").read_only(),
        member("ldap_client_cert", PEM, "The certificate for LDAP servers.").read_only(),
        member("ldap_client_key", PEM, "Its key.").read_only(),
        member("metrics_exporter_cert", PEM, "The certificate of the metrics exporter.").read_only(),
        member("metrics_exporter_key", PEM, "Its key.").read_only(),
        member("mtls_trusted_ca_cert", PEM, "The CAs of certificate users.").read_only(),
        member("proxy_cert", PEM, "The certificate of databases.").read_only(),
        member("proxy_key", PEM, "Its key.").read_only(),
        member("sso_issuer_cert", PEM, "The certificate of the identity provider.").read_only(),
        member("sso_service_cert", PEM, "The certificate for single sign-on.").read_only(),
        member("sso_service_key", PEM, "Its key.").read_only(),
        member("syncer_cert", PEM, "The certificate of the syncer.").read_only(),
        member("syncer_key", PEM, "Its key.").read_only(),
    ],
);

/// A certificate to be installed.
pub(in super::super) const CERTIFICATE_UPLOAD: Schema = strict(
    "certificate_upload",
    "A certificate and its key.",
    &[
        member("name", CERTIFICATE_NAME, "Which certificate, such as mtls_trusted_ca.").required(),
        member("certificate", PEM, "The certificate, or several, as PEM.").required(),
        member(
            "key",
            PEM,
            "The private key as PEM; none for mtls_trusted_ca and sso_issuer.",
        )
        .write_only(),
    ],
);

/// Certificates to be installed, all of them or none.
pub(in super::super) const CERTIFICATE_UPLOADS: Schema = strict(
    "certificate_uploads",
    "Certificates and their keys.",
    &[member(
        "certificates",
        Kind::Objects(&CERTIFICATE_UPLOAD),
        "The certificates; all are checked before any is stored.",
    )
    .required()],
);

/// An internal certificate to be made anew.
pub(in super::super) const CERTIFICATE_ROTATION: Schema = strict(
    "certificate_rotation",
    "Which internal certificate is made anew.",
    &[member(
        "name",
        INTERNAL_CERTIFICATE_NAME,
        "ccs_internode_encryption or data_internode_encryption; both when it is left out.",
    )],
);

pub(in super::super) const CERTIFICATE_NAME: Kind = Kind::CheckedLater {
    regex: "^(cm|api|mtls_trusted_ca|proxy|metrics_exporter|syncer|ldap_client|ccs_internode_encryption\
            |data_internode_encryption|sso_service|sso_issuer)$",
    max: MAX_TEXT,
};

const INTERNAL_CERTIFICATE_NAME: Kind = Kind::CheckedLater {
    regex: "^(ccs_internode_encryption|data_internode_encryption)$",
    max: MAX_TEXT,
};
