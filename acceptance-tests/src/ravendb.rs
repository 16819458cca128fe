//! The RavenDB that a test talks to: the reference server, or a real one that the environment names.

use std::path::Path;

use certward::pki::Thumbprint;
use certward::ravendb::{CertificateDefinition, Client, ListCertificates};
use tokio::runtime::Runtime;

use crate::reference_server::ReferenceServer;
use crate::site::Site;

/// A RavenDB with an administrator's login, and a client of the SDK to look behind Terraform's back.
///
/// `CERTWARD_ACC_RAVENDB_ENDPOINT`, `…_CLIENT_CERTIFICATE`, `…_CLIENT_PRIVATE_KEY` and `…_CA_CERTIFICATE` (paths of PEM
/// files) name a real one; without them a reference server is started. Tests must not tell the two apart.
pub struct RavenDb {
    site: Site,
    client: Client,
    runtime: Runtime,
}

impl RavenDb {
    /// The server for one test.
    ///
    /// # Panics
    ///
    /// If it cannot be started, or the variables name unusable files.
    #[must_use]
    pub fn start() -> Self {
        let site = Site::of("RAVENDB", ReferenceServer::endpoint);
        let client = Client::builder()
            .endpoint(&site.endpoint)
            .trust_anchors(site.trust_anchors())
            .identity(site.identity())
            .build()
            .expect("the settings are complete");
        Self {
            site,
            client,
            runtime: Runtime::new().expect("a runtime can be made"),
        }
    }

    /// URL of the API.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.site.endpoint
    }

    /// PEM file with the administrator's certificate.
    #[must_use]
    pub fn client_certificate(&self) -> &Path {
        &self.site.client_certificate
    }

    /// PEM file with the administrator's private key.
    #[must_use]
    pub fn client_private_key(&self) -> &Path {
        &self.site.client_private_key
    }

    /// PEM file with the CA of the server's certificate.
    #[must_use]
    pub fn ca_certificate(&self) -> &Path {
        &self.site.ca_certificate
    }

    /// A name with this test's prefix. Objects with such names are deleted at the end.
    #[must_use]
    pub fn name(&self, rest: &str) -> String {
        self.site.name(rest)
    }

    /// The `terraform` and `provider` blocks that log in here.
    #[must_use]
    pub fn provider_block(&self) -> String {
        self.site.provider_block("ravendb")
    }

    /// Calls the SDK as the administrator.
    ///
    /// # Panics
    ///
    /// If the call fails.
    pub fn call<T>(&self, operation: impl AsyncFnOnce(&Client) -> Result<T, certward::Error>) -> T {
        self.runtime
            .block_on(operation(&self.client))
            .unwrap_or_else(|error| panic!("{}", error.report()))
    }

    /// The entry under a thumbprint.
    #[must_use]
    pub fn registered(&self, thumbprint: &Thumbprint) -> Option<CertificateDefinition> {
        self.call(async |client| client.certificates().get(thumbprint).await)
    }
}

impl Drop for RavenDb {
    fn drop(&mut self) {
        if self.site.server.is_some() {
            return;
        }
        let list = ListCertificates::new().metadata_only();
        self.runtime.block_on(async {
            let listed = self.client.certificates().list(&list).await;
            for entry in listed.map(|list| list.certificates).unwrap_or_default() {
                if self.site.owns(&entry.name) {
                    _ = self.client.certificates().delete(&entry.thumbprint).await;
                }
            }
        });
    }
}
