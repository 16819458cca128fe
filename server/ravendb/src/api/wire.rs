//! The objects of the wire format, with members in the real server's order.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use certward_pki::Certificate;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use crate::model::clearance::{Permissions, SecurityClearance};
use crate::model::definition::{Collection, RegisteredCertificate};

/// One certificate: `docs/contracts/ravendb.md#definition-object`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Definition<'a> {
    name: Cow<'a, str>,
    thumbprint: String,
    #[serde(serialize_with = "clearance")]
    security_clearance: SecurityClearance,
    #[serde(serialize_with = "permissions")]
    permissions: Option<&'a Permissions>,
    not_after: Option<String>,
    not_before: Option<String>,
    collection_secondary_keys: Vec<String>,
    collection_primary_key: String,
    public_key_pinning_hash: String,
    disabled: bool,
    usage: &'static str,
    sso_server_public_key_pinning_hashes: [&'static str; 0],
    allow_any_sso_server: bool,
    sso_identifiers: [&'static str; 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Option<String>>,
    /// `null` if there is a secret. The real server reveals the secret itself to every operator (record
    /// `731-2fa-listed`), which is not imitated.
    #[serde(skip_serializing_if = "Option::is_none")]
    two_factor_authentication_key: Option<()>,
}

/// The response to `whoami`: a definition, and the state of the one-time code.
#[derive(Serialize)]
pub(super) struct WhoAmI<'a> {
    #[serde(flatten)]
    pub(super) definition: Definition<'a>,
    #[serde(rename = "HasTwoFactor")]
    pub(super) has_two_factor: bool,
    #[serde(rename = "TwoFactorExpirationDate")]
    pub(super) two_factor_expiration_date: Option<String>,
}

/// The response to `GET /admin/certificates`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CertificateList<'a> {
    pub(super) results: Vec<Definition<'a>>,
    pub(super) loaded_server_cert: String,
    pub(super) well_known_admin_certs: Option<Vec<String>>,
    pub(super) well_known_issuers: Vec<String>,
}

/// The members of a definition in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// All members.
    Full,
    /// All members except the certificate: `metadataOnly=true`.
    MetadataOnly,
}

impl<'a> Definition<'a> {
    /// A registered certificate in lists: in full, it shows if there is a secret of one-time codes.
    pub(super) fn listed(entry: &'a Arc<RegisteredCertificate>, detail: Detail) -> Self {
        let marked = detail == Detail::Full && entry.has_two_factor();
        Self {
            two_factor_authentication_key: marked.then_some(()),
            ..Self::registered(entry, detail)
        }
    }

    /// A registered certificate.
    pub(super) fn registered(entry: &'a Arc<RegisteredCertificate>, detail: Detail) -> Self {
        let (secondaries, primary) = match &entry.collection {
            Collection::Single => (Vec::new(), String::new()),
            Collection::Primary { secondaries } => {
                (secondaries.iter().map(ToString::to_string).collect(), String::new())
            }
            Collection::Secondary { primary } => (Vec::new(), primary.to_string()),
        };
        Self {
            name: Cow::Borrowed(&entry.name),
            thumbprint: entry.thumbprint.to_string(),
            security_clearance: entry.clearance,
            permissions: Some(&entry.permissions),
            not_after: Some(date(entry.validity.not_after)),
            not_before: Some(date(entry.validity.not_before)),
            collection_secondary_keys: secondaries,
            collection_primary_key: primary,
            public_key_pinning_hash: entry.pinning_hash.to_string(),
            disabled: entry.disabled,
            usage: "Client",
            sso_server_public_key_pinning_hashes: [],
            allow_any_sso_server: false,
            sso_identifiers: [],
            certificate: (detail == Detail::Full).then(|| Some(STANDARD.encode(&entry.der))),
            two_factor_authentication_key: None,
        }
    }

    /// A certificate that the settings trust: RavenDB reveals neither its dates nor the certificate itself.
    pub(super) fn well_known(name: impl Into<Cow<'a, str>>, usage: &'static str, certificate: &Certificate) -> Self {
        Self {
            name: name.into(),
            thumbprint: certificate.thumbprint().to_string(),
            security_clearance: SecurityClearance::ClusterAdmin,
            permissions: None,
            not_after: None,
            not_before: None,
            collection_secondary_keys: Vec::new(),
            collection_primary_key: String::new(),
            public_key_pinning_hash: certificate.public_key_pinning_hash().to_string(),
            disabled: false,
            usage,
            sso_server_public_key_pinning_hashes: [],
            allow_any_sso_server: false,
            sso_identifiers: [],
            certificate: Some(None),
            two_factor_authentication_key: None,
        }
    }

    /// The server's own certificate.
    pub(super) fn server(certificate: &Certificate, detail: Detail) -> Self {
        let validity = certificate.validity();
        Self {
            security_clearance: SecurityClearance::ClusterNode,
            not_after: Some(date(validity.not_after)),
            not_before: Some(date(validity.not_before)),
            certificate: (detail == Detail::Full).then(|| Some(STANDARD.encode(certificate.der()))),
            ..Self::well_known("Server Certificate", "RavenServer", certificate)
        }
    }
}

/// `yyyy-MM-ddTHH:mm:ss.fffffffZ`: seven digits of fraction, which the Python client needs, and `Z`, without which the
/// Node client interprets the date as local time (`docs/contracts/ravendb.md#definition-object`). The real server
/// writes certificate dates without `Z`.
pub(super) fn date(instant: OffsetDateTime) -> String {
    let instant = instant.to_offset(time::UtcOffset::UTC);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z",
        instant.year(),
        u8::from(instant.month()),
        instant.day(),
        instant.hour(),
        instant.minute(),
        instant.second(),
        instant.nanosecond() / 100
    )
}

fn clearance<S: Serializer>(clearance: &SecurityClearance, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(clearance.as_str())
}

fn permissions<S: Serializer>(permissions: &Option<&Permissions>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (database, access) in permissions.iter().flat_map(|permissions| permissions.iter()) {
        map.serialize_entry(database, access.as_str())?;
    }
    map.end()
}
