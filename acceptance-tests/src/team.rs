//! A Redis Enterprise cluster whose team has a CA of its own.

use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::DnType;
use serde_json::{Value, json};

use crate::curl::Curl;
use crate::reference_server::ReferenceServer;
use crate::test_pki::{Identity, TestCa};

/// The reference server's Redis Enterprise API, and the CA of the team that uses it.
pub struct Team {
    /// The server.
    pub server: ReferenceServer,
    /// The team's CA.
    pub ca: TestCa,
}

impl Team {
    /// A new cluster that does not know the CA yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            server: ReferenceServer::start(),
            ca: TestCa::new("Example Team CA"),
        }
    }

    /// A new cluster that trusts the CA, with certificate authentication on and every subject admitted.
    #[must_use]
    pub fn trusted() -> Self {
        let team = Self::new();
        team.trust(&team.ca);
        team.set(&json!({ "mtls_certificate_authentication": true }));
        team
    }

    /// The administrator, by the certificate that `setup` made.
    #[must_use]
    pub fn admin(&self) -> Curl {
        let server = &self.server;
        self.nobody()
            .certificate(&server.path("admin.crt"), &server.path("admin.key"))
    }

    /// Requests without an identity.
    #[must_use]
    pub fn nobody(&self) -> Curl {
        Curl::new(&self.server.redis_enterprise_endpoint(), &self.server.path("ca.crt"))
    }

    /// The holder of a certificate.
    #[must_use]
    pub fn holder(&self, identity: &Identity) -> Curl {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let write = |kind, text: &str| self.server.write(&format!("client-{number}.{kind}"), text.as_bytes());
        let certificate = write("pem", &identity.certificate_pem);
        let private_key = write("key", &identity.private_key_pem);
        self.nobody().certificate(&certificate, &private_key)
    }

    /// Makes `ca` the only one that the cluster trusts.
    pub fn trust(&self, ca: &TestCa) {
        let body = json!({ "name": "mtls_trusted_ca", "certificate": ca.certificate_pem() });
        self.admin()
            .request("PUT", "/v1/cluster/update_cert", Some(&body.to_string()))
            .expect(200);
    }

    /// Changes settings of the cluster.
    pub fn set(&self, settings: &Value) {
        self.admin()
            .request("PUT", "/v1/cluster", Some(&settings.to_string()))
            .expect(200);
    }

    /// Creates a user with this certificate subject line; returns its UID.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn create_user(&self, name: &str, subject_line: &str, role: u64) -> u64 {
        let body = json!({
            "name": name, "auth_method": "certificate", "certificate_subject_line": subject_line, "role_uids": [role],
        });
        let created = self.admin().request("POST", "/v1/users", Some(&body.to_string()));
        created.expect(200).json()["uid"].as_u64().expect("a uid is a number")
    }
}

impl Default for Team {
    fn default() -> Self {
        Self::new()
    }
}

/// A whole subject in the order of its encoding, as `openssl req -subj /C=…/ST=…/L=…/O=…/OU=…/CN=…` makes it.
#[must_use]
pub fn full_subject(common_name: &str) -> [(DnType, &str); 6] {
    [
        (DnType::CountryName, "US"),
        (DnType::StateOrProvinceName, "Illinois"),
        (DnType::LocalityName, "Springfield"),
        (DnType::OrganizationName, "Example Team"),
        (DnType::OrganizationalUnitName, "Platform"),
        (DnType::CommonName, common_name),
    ]
}

/// Uids of the roles that every cluster has.
pub mod role {
    /// Everything.
    pub const ADMIN: u64 = 1;
    /// Reads the cluster.
    pub const CLUSTER_VIEWER: u64 = 3;
    /// No right to manage anything.
    pub const NONE: u64 = 6;
}
