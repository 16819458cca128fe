//! A registered certificate as RavenDB holds it, and the calls that read and change it.
//!
//! The one module that translates between the SDK's types and what the resources compare.

use std::fmt;

use certward::Error;
use certward::pki::{Certificate, PublicKeyPinningHash, Thumbprint};
use certward::ravendb::{
    CertificateDefinition, CertificateList, CertificateUsage, Client, EditCertificate, ListCertificates,
    RegisterCertificate,
};
use time::OffsetDateTime;

use super::model::Grant;
use crate::run::leftovers::Listed;

/// A registered certificate.
#[derive(Debug, Clone)]
pub(crate) struct Registered {
    /// Differs from the one asked for when that is a secondary of a collection.
    pub(crate) thumbprint: Thumbprint,
    pub(crate) grant: Grant,
    /// `None` in a listing of metadata.
    pub(crate) certificate: Option<Certificate>,
    pub(crate) public_key_pin: Option<PublicKeyPinningHash>,
    pub(crate) not_after: Option<OffsetDateTime>,
    pub(crate) has_two_factor: Option<bool>,
    /// The certificates registered together with it, when it is the primary of a collection.
    pub(crate) secondaries: Vec<Thumbprint>,
    /// True for the certificate of the server itself, which is listed but not stored.
    pub(crate) is_server_certificate: bool,
    /// True for an entry of single sign-on (RavenDB 7.2) or of an unknown use: an edit here would not send all of its
    /// members.
    pub(crate) is_single_sign_on: bool,
}

impl Registered {
    /// The parts that identify entries of one key.
    pub(crate) fn into_listed(self) -> Option<Listed> {
        let public_key_pin = self.public_key_pin.filter(|_| !self.is_server_certificate)?;
        Some(Listed {
            name: self.grant.name,
            thumbprint: self.thumbprint,
            public_key_pin,
        })
    }
}

impl Registered {
    /// Returns a warning about an entry of single sign-on.
    pub(crate) fn single_sign_on_warning(&self) -> Option<String> {
        self.is_single_sign_on.then(|| {
            format!(
                "{self} is an entry of RavenDB's single sign-on. Terraform reads and removes it, and does not change it: an \
                 edit would not send who it vouches for. Change it in the Studio."
            )
        })
    }

    /// Explains that an entry of single sign-on is not changed.
    pub(crate) fn single_sign_on_refusal(&self) -> Option<String> {
        self.is_single_sign_on.then(|| {
            format!(
                "{self} is an entry of RavenDB's single sign-on. An edit replaces the entry as a whole, and would not send \
                 who it vouches for. Change it in the Studio, or leave the configuration as the entry is."
            )
        })
    }
}

/// `"app" (14C1…)`.
impl fmt::Display for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ({})", self.grant.name, self.thumbprint)
    }
}

impl From<CertificateDefinition> for Registered {
    fn from(definition: CertificateDefinition) -> Self {
        Self {
            is_single_sign_on: !matches!(
                definition.usage,
                None | Some(
                    CertificateUsage::Client
                        | CertificateUsage::RavenServer
                        | CertificateUsage::RavenServerForCommunication
                        | CertificateUsage::WellKnownIssuer
                )
            ),
            thumbprint: definition.thumbprint,
            grant: Grant {
                security_clearance: definition.security_clearance,
                database_permissions: definition.permissions,
                disabled: definition.disabled,
                name: definition.name,
            },
            certificate: definition.certificate,
            public_key_pin: definition.public_key_pinning_hash,
            not_after: definition.not_after,
            has_two_factor: definition.has_two_factor,
            secondaries: definition.collection_secondary_keys,
            is_server_certificate: matches!(
                definition.usage,
                Some(CertificateUsage::RavenServer | CertificateUsage::RavenServerForCommunication)
            ),
        }
    }
}

/// The entry under a thumbprint, or the collection's primary when that is a secondary.
pub(crate) async fn find(client: &Client, thumbprint: Thumbprint) -> Result<Option<Registered>, Error> {
    Ok(client.certificates().get(&thumbprint).await?.map(Registered::from))
}

/// Registers the public certificate. The entry is enabled, whatever the grant says: RavenDB ignores `Disabled` here.
pub(crate) async fn register(client: &Client, certificate: &Certificate, grant: &Grant) -> Result<(), Error> {
    let request = RegisterCertificate::new(&grant.name, grant.security_clearance.clone(), certificate)
        .permissions(grant.database_permissions.clone());
    client.certificates().register(&request).await
}

/// Sets everything the grant says. The one-time code configuration stays as it is: the request does not mention it.
pub(crate) async fn edit(client: &Client, thumbprint: Thumbprint, grant: &Grant) -> Result<(), Error> {
    let (clearance, permissions) = (grant.security_clearance.clone(), grant.database_permissions.clone());
    let request = EditCertificate::new(thumbprint, &grant.name, clearance, permissions).disabled(grant.disabled);
    client.certificates().update(&request).await
}

/// Removes an entry; one that is gone already is fine.
pub(crate) async fn delete(client: &Client, thumbprint: Thumbprint) -> Result<(), Error> {
    client.certificates().delete(&thumbprint).await
}

/// Every entry, with the certificates.
pub(crate) async fn list(client: &Client) -> Result<Vec<Registered>, Error> {
    client
        .certificates()
        .list_all(&ListCertificates::new())
        .await
        .map(entries)
}

/// Every entry of this exact name, with the certificates.
///
/// In one answer, because RavenDB counts pages before it filters by name: a page can be short and not the last.
pub(crate) async fn named(client: &Client, name: &str) -> Result<Vec<Registered>, Error> {
    let answer = client.certificates().list(&ListCertificates::new().name(name)).await?;
    let mut found = entries(answer);
    found.retain(|entry| entry.grant.name == name);
    Ok(found)
}

/// Every entry, without the certificates.
pub(crate) async fn list_metadata(client: &Client) -> Result<Vec<Registered>, Error> {
    let list = ListCertificates::new().metadata_only();
    client.certificates().list_all(&list).await.map(entries)
}

/// RavenDB before 7.2 does not say what a certificate is for, but which one is the server's.
fn entries(list: CertificateList) -> Vec<Registered> {
    let servers = [
        list.loaded_server_certificate,
        list.loaded_server_certificate_for_communication,
    ];
    let entries = list.certificates.into_iter().map(Registered::from);
    entries
        .map(|entry| Registered {
            is_server_certificate: entry.is_server_certificate || servers.contains(&Some(entry.thumbprint)),
            ..entry
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tf_provider::Diagnostics;
    use time::macros::datetime;
    use wiremock::matchers::any;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::report::failure;
    use crate::session::testing::of_ravendb;

    #[tokio::test]
    async fn listing_of_a_server_that_repeats_its_pages_is_an_error_that_says_so() {
        let server = MockServer::start().await;
        let entry = json!({
            "Name": "a", "Thumbprint": "AB".repeat(20), "SecurityClearance": "Operator", "Permissions": {},
            "NotAfter": "2030-01-01T00:00:00.0000000Z",
        });
        let answer = ResponseTemplate::new(200).set_body_json(json!({ "Results": [entry] }));
        Mock::given(any()).respond_with(answer).expect(6).mount(&server).await;
        let session = of_ravendb(&server.uri(), datetime!(2026-11-21 0:00 UTC));
        let client = session.ravendb.configured().unwrap();
        for problem in [
            list(client).await.unwrap_err(),
            list_metadata(client).await.unwrap_err(),
        ] {
            let mut diags = Diagnostics::default();
            failure::ravendb(&mut diags, "list the registered certificates", &problem);
            assert_eq!(diags.errors[0].summary, "The answer is too large");
            assert!(diags.errors[0].detail.contains("repeats pages"), "{diags:?}");
        }
    }
}
