//! The Redis Enterprise that a test talks to: the reference server, or a real cluster that the environment names.

use std::path::Path;

use certward::redis_enterprise::Client;
use tokio::runtime::Runtime;

use crate::reference_server::ReferenceServer;
use crate::site::Site;

/// A Redis Enterprise cluster with an administrator's login, and a client of the SDK to look behind Terraform's back.
///
/// `CERTWARD_ACC_REDIS_ENTERPRISE_ENDPOINT`, `…_CLIENT_CERTIFICATE`, `…_CLIENT_PRIVATE_KEY` and `…_CA_CERTIFICATE` (paths
/// of PEM files) name a real one; without them a reference server is started. Tests must not tell the two apart.
pub struct RedisEnterprise {
    site: Site,
    client: Client,
    runtime: Runtime,
}

impl RedisEnterprise {
    /// The cluster for one test.
    ///
    /// # Panics
    ///
    /// If it cannot be started, or the variables name unusable files.
    #[must_use]
    pub fn start() -> Self {
        let site = Site::of("REDIS_ENTERPRISE", ReferenceServer::redis_enterprise_endpoint);
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

    /// A name of this test's own. Users, roles, ACLs and databases with such a name are removed at the end.
    #[must_use]
    pub fn name(&self, rest: &str) -> String {
        self.site.name(rest)
    }

    /// The `terraform` and `provider` blocks that log in here.
    #[must_use]
    pub fn provider_block(&self) -> String {
        self.site.provider_block("redis_enterprise")
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
}

impl Drop for RedisEnterprise {
    fn drop(&mut self) {
        if self.site.server.is_some() {
            return;
        }
        let (site, client) = (&self.site, &self.client);
        self.runtime.block_on(async {
            // Databases first: they have roles and ACLs.
            for database in client.databases().list().await.unwrap_or_default() {
                if site.owns(&database.name) {
                    _ = client.databases().delete(database.uid).await;
                }
            }
            // Then users: a role that somebody has cannot be deleted.
            for user in client.users().list().await.unwrap_or_default() {
                if site.owns(&user.name) {
                    _ = client.users().delete(user.uid).await;
                }
            }
            for role in client.roles().list().await.unwrap_or_default() {
                if site.owns(&role.name) {
                    _ = client.roles().delete(role.uid).send().await;
                }
            }
            for acl in client.redis_acls().list().await.unwrap_or_default() {
                if site.owns(&acl.name) {
                    _ = client.redis_acls().delete(acl.uid).await;
                }
            }
        });
    }
}
