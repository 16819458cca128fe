//! A server to test against: the reference server, or a real one that the environment names.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use certward::{Identity, TrustAnchors};

use crate::reference_server::ReferenceServer;
use crate::terraform;

/// Endpoint of a server, and an administrator's credentials.
pub(crate) struct Site {
    pub(crate) endpoint: String,
    /// PEM files.
    pub(crate) client_certificate: PathBuf,
    pub(crate) client_private_key: PathBuf,
    pub(crate) ca_certificate: PathBuf,
    /// Prefix of the names in this test.
    prefix: String,
    /// None for a real server.
    pub(crate) server: Option<ReferenceServer>,
}

impl Site {
    /// The server that `CERTWARD_ACC_{product}_ENDPOINT`, `…_CLIENT_CERTIFICATE`, `…_CLIENT_PRIVATE_KEY` and
    /// `…_CA_CERTIFICATE` name; without them a new reference server, which has the endpoint that `endpoint_of` says.
    pub(crate) fn of(product: &str, endpoint_of: impl FnOnce(&ReferenceServer) -> String) -> Self {
        let variable = |name: &str| std::env::var(format!("CERTWARD_ACC_{product}_{name}")).ok();
        let (endpoint, files, server) = match variable("ENDPOINT") {
            Some(endpoint) => {
                let file = |name: &str| {
                    let path = variable(name).unwrap_or_else(|| panic!("CERTWARD_ACC_{product}_{name} names a file"));
                    std::fs::canonicalize(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
                };
                let files = ["CLIENT_CERTIFICATE", "CLIENT_PRIVATE_KEY", "CA_CERTIFICATE"].map(file);
                (endpoint, files, None)
            }
            None => {
                let server = ReferenceServer::start();
                let files = ["admin.crt", "admin.key", "ca.crt"].map(|file| server.path(file));
                (endpoint_of(&server), files, Some(server))
            }
        };
        let [client_certificate, client_private_key, ca_certificate] = files;
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            endpoint,
            client_certificate,
            client_private_key,
            ca_certificate,
            prefix: format!("certward-acc-{}-{number}-", std::process::id()),
            server,
        }
    }

    /// A name of this test's own.
    pub(crate) fn name(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }

    /// True if a name has this test's prefix.
    pub(crate) fn owns(&self, name: &str) -> bool {
        name.starts_with(&self.prefix)
    }

    /// The administrator's certificate and key.
    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem(&read(&self.client_certificate), &read(&self.client_private_key))
            .expect("the administrator's files fit")
    }

    /// The CA of the server's certificate.
    pub(crate) fn trust_anchors(&self) -> TrustAnchors {
        TrustAnchors::from_pem(&read(&self.ca_certificate)).expect("the CA file holds certificates")
    }

    /// The `terraform` and `provider` blocks that log in here; `api` is the provider's attribute for this product.
    pub(crate) fn provider_block(&self, api: &str) -> String {
        terraform::provider_block(
            &[(api, &self.endpoint)],
            &self.client_certificate,
            &self.client_private_key,
            &self.ca_certificate,
        )
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
