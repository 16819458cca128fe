//! A certificate as RavenDB has it registered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use time::OffsetDateTime;

use super::date;
use super::values::{CertificateUsage, Permissions, SecurityClearance};
use crate::pki::{Certificate, PublicKeyPinningHash, Thumbprint};

/// A certificate as it is registered with RavenDB ([certificate management]).
///
/// [certificate management]: https://docs.ravendb.net/7.0/server/security/authentication/certificate-management
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateDefinition {
    /// The name it is registered under; several certificates may have the same.
    pub name: String,
    /// The thumbprint, which identifies the certificate.
    pub thumbprint: Thumbprint,
    /// The rights of its holder on the server.
    pub security_clearance: SecurityClearance,
    /// The rights of its holder on single databases.
    pub permissions: Permissions,
    /// The end of validity in UTC, from the certificate if the answer has it. RavenDB itself writes its local time
    /// without a zone, which is taken for UTC here. `None` for a certificate that the server's settings trust.
    pub not_after: Option<OffsetDateTime>,
    /// The start of validity, like `not_after`. RavenDB before 6 omits it.
    pub not_before: Option<OffsetDateTime>,
    /// The certificate itself. `None` when the request asked for metadata alone, when the server's settings trust the
    /// certificate, and when the server has something that is no certificate by RFC 5280.
    pub certificate: Option<Certificate>,
    /// The hash of its public key, which its renewals share.
    pub public_key_pinning_hash: Option<PublicKeyPinningHash>,
    /// The certificate this one was registered together with, when that one leads the collection.
    pub collection_primary_key: Option<Thumbprint>,
    /// The further certificates of a collection this one leads.
    pub collection_secondary_keys: Vec<Thumbprint>,
    /// The certificate is registered but refused (RavenDB 7.2).
    pub disabled: bool,
    /// The purpose of the registration (RavenDB 7.2).
    pub usage: Option<CertificateUsage>,
    /// A login needs a one-time code. `None` when the server does not say.
    pub has_two_factor: Option<bool>,
}

/// The members in JSON. Unknown members are ignored, since newer servers send more.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DefinitionWire {
    name: Option<String>,
    thumbprint: String,
    security_clearance: SecurityClearance,
    permissions: Option<Permissions>,
    #[serde(default, with = "date::option")]
    not_after: Option<OffsetDateTime>,
    #[serde(default, with = "date::option")]
    not_before: Option<OffsetDateTime>,
    certificate: Option<String>,
    public_key_pinning_hash: Option<String>,
    collection_primary_key: Option<String>,
    collection_secondary_keys: Option<Vec<String>>,
    disabled: Option<bool>,
    usage: Option<CertificateUsage>,
    has_two_factor: Option<bool>,
}

impl TryFrom<DefinitionWire> for CertificateDefinition {
    type Error = String;

    fn try_from(wire: DefinitionWire) -> Result<Self, String> {
        let certificate = wire.certificate.and_then(|text| readable_certificate(&text));
        let validity = certificate.as_ref().map(Certificate::validity);
        let secondaries = wire.collection_secondary_keys.unwrap_or_default();
        Ok(Self {
            thumbprint: thumbprint("Thumbprint", &wire.thumbprint)?,
            name: wire.name.unwrap_or_default(),
            security_clearance: wire.security_clearance,
            permissions: wire.permissions.unwrap_or_default(),
            not_after: validity.map(|validity| validity.not_after).or(wire.not_after),
            not_before: validity.map(|validity| validity.not_before).or(wire.not_before),
            certificate,
            public_key_pinning_hash: match wire.public_key_pinning_hash.filter(|text| !text.is_empty()) {
                Some(text) => Some(
                    text.parse()
                        .map_err(|error| format!("the answer's PublicKeyPinningHash is wrong: {error}"))?,
                ),
                None => None,
            },
            collection_primary_key: match wire.collection_primary_key.filter(|text| !text.is_empty()) {
                Some(text) => Some(thumbprint("CollectionPrimaryKey", &text)?),
                None => None,
            },
            collection_secondary_keys: secondaries
                .iter()
                .map(|text| thumbprint("CollectionSecondaryKeys", text))
                .collect::<Result<_, _>>()?,
            disabled: wire.disabled.unwrap_or(false),
            usage: wire.usage,
            has_two_factor: wire.has_two_factor,
        })
    }
}

pub(super) fn thumbprint(member: &str, text: &str) -> Result<Thumbprint, String> {
    text.parse()
        .map_err(|error| format!("the answer's {member} is no thumbprint: {error}"))
}

/// One odd certificate must not make a whole list unreadable.
fn readable_certificate(base64: &str) -> Option<Certificate> {
    let certificate = Certificate::from_der(STANDARD.decode(base64).ok()?);
    if let Err(error) = &certificate {
        tracing::warn!(%error, "the server lists a certificate that cannot be read");
    }
    certificate.ok()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use serde_json::json;

    use super::*;

    #[test]
    fn dates_are_the_certificates_own_and_not_the_servers_local_time() {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::default().self_signed(&key).unwrap();
        let certificate = Certificate::from_der(certificate.der().to_vec()).unwrap();
        let mut entry = json!({
            "Thumbprint": certificate.thumbprint().to_string(),
            "SecurityClearance": "Operator",
            "NotAfter": "2026-07-01T19:00:00.0000000",
            "NotBefore": "2026-06-01T19:00:00.0000000",
            "Certificate": STANDARD.encode(certificate.der()),
        });
        let read = |entry: &serde_json::Value| {
            CertificateDefinition::try_from(serde_json::from_value::<DefinitionWire>(entry.clone()).unwrap()).unwrap()
        };
        let validity = certificate.validity();
        let with = read(&entry);
        assert_eq!(
            (with.not_before, with.not_after),
            (Some(validity.not_before), Some(validity.not_after))
        );
        entry["Certificate"] = serde_json::Value::Null;
        assert_eq!(
            read(&entry).not_after.unwrap().to_string(),
            "2026-07-01 19:00:00.0 +00:00:00"
        );
    }
}
