//! The RavenDB that a test talks to: the reference server, or a real one that the environment names.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use certward::pki::Thumbprint;
use certward::ravendb::{CertificateDefinition, Client, ListCertificates};
use certward::{Identity, TrustAnchors};
use tokio::runtime::Runtime;

use crate::reference_server::ReferenceServer;

/// A RavenDB with an administrator's login, and a client of the SDK to look behind Terraform's back.
///
/// `CERTWARD_ACC_RAVENDB_ENDPOINT`, `…_CLIENT_CERTIFICATE`, `…_CLIENT_PRIVATE_KEY` and `…_CA_CERTIFICATE` (paths of PEM
/// files) name a real one; without them a reference server is started. Tests must not tell the two apart.
pub struct RavenDb {
    endpoint: String,
    client_certificate: PathBuf,
    client_private_key: PathBuf,
    ca_certificate: PathBuf,
    prefix: String,
    client: Client,
    runtime: Runtime,
    server: Option<ReferenceServer>,
}

impl RavenDb {
    /// The server for one test.
    ///
    /// # Panics
    ///
    /// When it cannot be started, or the variables name files that cannot be used.
    #[must_use]
    pub fn start() -> Self {
        let variable = |name: &str| std::env::var(format!("CERTWARD_ACC_RAVENDB_{name}")).ok();
        let (endpoint, [certificate, key, ca], server) = match variable("ENDPOINT") {
            Some(endpoint) => {
                let file = |name: &str| {
                    let path = variable(name).unwrap_or_else(|| panic!("CERTWARD_ACC_RAVENDB_{name} names a file"));
                    std::fs::canonicalize(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
                };
                let files = ["CLIENT_CERTIFICATE", "CLIENT_PRIVATE_KEY", "CA_CERTIFICATE"].map(file);
                (endpoint, files, None)
            }
            None => {
                let server = ReferenceServer::start();
                let files = ["admin.crt", "admin.key", "ca.crt"].map(|file| server.path(file));
                (server.endpoint(), files, Some(server))
            }
        };
        let read =
            |path: &Path| std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let identity = Identity::from_pem(&read(&certificate), &read(&key)).expect("the administrator's files fit");
        let client = Client::builder()
            .endpoint(&endpoint)
            .expect("the endpoint is an https URL")
            .trust_anchors(TrustAnchors::from_pem(&read(&ca)).expect("the CA file holds certificates"))
            .identity(identity)
            .build()
            .expect("the settings are complete");
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            endpoint,
            client_certificate: certificate,
            client_private_key: key,
            ca_certificate: ca,
            prefix: format!("certward-acc-{}-{number}-", std::process::id()),
            client,
            runtime: Runtime::new().expect("a runtime can be made"),
            server,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// PEM file with the administrator's certificate.
    #[must_use]
    pub fn client_certificate(&self) -> &Path {
        &self.client_certificate
    }

    /// PEM file with the administrator's private key.
    #[must_use]
    pub fn client_private_key(&self) -> &Path {
        &self.client_private_key
    }

    /// PEM file with the CA of the server's certificate.
    #[must_use]
    pub fn ca_certificate(&self) -> &Path {
        &self.ca_certificate
    }

    /// A name of this test's own. What has such a name is removed at the end.
    #[must_use]
    pub fn name(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    /// The `terraform` and `provider` blocks that log in here.
    #[must_use]
    pub fn provider_block(&self) -> String {
        format!(
            r#"
terraform {{
  required_providers {{
    certward = {{ source = "certward/certward" }}
  }}
}}

provider "certward" {{
  ravendb                 = {{ endpoints = ["{}"] }}
  client_certificate_file = "{}"
  client_private_key_file = "{}"
  ca_certificate_file     = "{}"
}}
"#,
            self.endpoint,
            self.client_certificate.display(),
            self.client_private_key.display(),
            self.ca_certificate.display()
        )
    }

    /// Calls the SDK as the administrator.
    ///
    /// # Panics
    ///
    /// When the call fails.
    pub fn call<T>(&self, operation: impl AsyncFnOnce(&Client) -> Result<T, certward::Error>) -> T {
        self.runtime
            .block_on(operation(&self.client))
            .unwrap_or_else(|error| panic!("{}", error.report()))
    }

    /// The entry under a thumbprint.
    #[must_use]
    pub fn registered(&self, thumbprint: &Thumbprint) -> Option<CertificateDefinition> {
        self.call(async |client| client.certificate(thumbprint).await)
    }
}

impl Drop for RavenDb {
    fn drop(&mut self) {
        if self.server.is_some() {
            return;
        }
        let list = ListCertificates::new().metadata_only();
        self.runtime.block_on(async {
            let listed = self.client.list_certificates(&list).await;
            for entry in listed.map(|list| list.certificates).unwrap_or_default() {
                if entry.name.starts_with(&self.prefix) {
                    _ = self.client.delete_certificate(&entry.thumbprint).await;
                }
            }
        });
    }
}
