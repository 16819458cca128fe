//! A server with both products, a workspace, and blocks of every resource type for numbered objects.

use std::collections::BTreeSet;

use certward::pki::Thumbprint;
use certward::ravendb::{self, ListCertificates};
use certward::{Identity as Login, TrustAnchors, redis_enterprise};
use certward_acceptance_tests::programs;
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::terraform::{self, Run, Terraform};
use certward_acceptance_tests::test_pki::{Identity, TestCa};
use tokio::runtime::Runtime;

/// The types of resources that a cluster has many objects of.
pub(super) const MANY: [Kind; 6] = [
    Kind::ClientCertificate,
    Kind::Role,
    Kind::Acl,
    Kind::User,
    Kind::Database,
    Kind::TrustedCa,
];

/// One of every type that goes with the others: single CAs do not go with a bundle.
pub(super) const EVERYTHING: [Kind; 7] = [
    Kind::ClientCertificate,
    Kind::Role,
    Kind::Acl,
    Kind::User,
    Kind::Database,
    Kind::TrustedCa,
    Kind::Settings,
];

/// A resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ClientCertificate,
    Role,
    Acl,
    User,
    Database,
    TrustedCa,
    Bundle,
    Settings,
}

/// The environment in which objects are created: servers, Terraform and certificates.
pub(super) struct World {
    ravendb: ravendb::Client,
    redis: redis_enterprise::Client,
    runtime: Runtime,
    pub(super) terraform: Terraform,
    provider: String,
    certificates: Vec<Identity>,
    authorities: Vec<TestCa>,
    has_engine: bool,
    pub(super) server: ReferenceServer,
}

impl Kind {
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::ClientCertificate => "certward_client_certificate",
            Self::Role => "certward_redis_role",
            Self::Acl => "certward_redis_acl",
            Self::User => "certward_cert_user",
            Self::Database => "certward_redis_database",
            Self::TrustedCa => "certward_trusted_ca",
            Self::Bundle => "certward_trusted_ca_bundle",
            Self::Settings => "certward_cluster_mtls_settings",
        }
    }

    /// A block for the object of this number, which may be an expression: `${count.index}`.
    pub(super) fn block(self, label: &str, number: &str, further: &str) -> String {
        let file = |name: &str| format!("file(\"${{path.module}}/{name}-{number}.crt\")");
        let arguments = match self {
            Self::ClientCertificate => {
                format!("name = \"app-{number}\"\n  certificate_pem = {}", file("app"))
            }
            Self::Role => format!("name = \"role-{number}\"\n  management = \"none\""),
            Self::Acl => format!("name = \"acl-{number}\"\n  acl = \"+@read ~*\""),
            Self::User => format!(
                "name = \"user-{number}\"\n  certificate_subject_line = \"CN=user-{number}\"\n  role = \"db_viewer\""
            ),
            Self::Database => format!(
                "name = \"database-{number}\"\n  memory_size = 134217728\n  deletion_protection = false\n  default_user_password_wo = \"secret\"\n  \
                 default_user_password_wo_version = 1"
            ),
            Self::TrustedCa => format!("certificate_pem = {}", file("ca")),
            Self::Bundle => {
                "certificates_pem = [for n in [0, 1] : file(\"${path.module}/ca-${n}.crt\")]\n  on_destroy = \"remove\""
                    .to_owned()
            }
            Self::Settings => "subject_validation_type = \"full_subject\"\n  authorized_subjects = [{ common_name = \
                               \"app\" }]\n  on_destroy = \"restore\""
                .to_owned(),
        };
        format!(
            "resource \"{}\" \"{label}\" {{\n  {arguments}\n  {further}\n}}\n",
            self.type_name()
        )
    }
}

impl World {
    /// A new server, and files `app-N.crt` and `ca-N.crt` in the workspace.
    pub(super) fn new() -> Self {
        Self::with_files(OBJECTS)
    }

    /// The same with so many files of each.
    pub(super) fn with_files(objects: usize) -> Self {
        let server = ReferenceServer::start();
        let login = || Login::from_pem(&server.read("admin.crt"), &server.read("admin.key")).unwrap();
        let anchors = || TrustAnchors::from_pem(&server.read("ca.crt")).unwrap();
        let ravendb = ravendb::Client::builder()
            .endpoint(&server.endpoint())
            .trust_anchors(anchors())
            .identity(login());
        let redis = redis_enterprise::Client::builder()
            .endpoint(&server.redis_enterprise_endpoint())
            .trust_anchors(anchors())
            .identity(login());
        let certificates: Vec<_> = (0..objects)
            .map(|n| Identity::self_signed(&format!("app-{n}")))
            .collect();
        let authorities: Vec<_> = (0..objects).map(|n| TestCa::new(&format!("CA {n}"))).collect();
        let world = Self {
            ravendb: ravendb.build().unwrap(),
            redis: redis.build().unwrap(),
            runtime: Runtime::new().unwrap(),
            terraform: Terraform::new(""),
            provider: provider_block(&server, &server.endpoint(), &server.redis_enterprise_endpoint()),
            certificates,
            authorities,
            has_engine: programs::installed("redis-server"),
            server,
        };
        for n in 0..objects {
            let write = |file: String, pem: &str| world.terraform.write(&file, pem);
            write(format!("app-{n}.crt"), &world.certificates[n].certificate_pem);
            write(format!("ca-{n}.crt"), &world.authorities[n].certificate_pem());
        }
        world
    }

    /// Sends the provider through other addresses than the server's own.
    pub(super) fn through(&mut self, ravendb: &str, redis_enterprise: &str) {
        self.provider = provider_block(&self.server, ravendb, redis_enterprise);
    }

    /// True if objects of this kind can be created here.
    pub(super) fn has(&self, kind: Kind) -> bool {
        kind != Kind::Database || self.has_engine
    }

    pub(super) fn configure(&self, blocks: &str) {
        self.terraform.configure(&format!("{}\n{blocks}", self.provider));
    }

    pub(super) fn apply(&self, arguments: &[&str]) -> Run {
        let apply = ["apply", "-json", "-input=false", "-auto-approve"];
        self.terraform.run(&[&apply, arguments].concat())
    }

    /// The objects of a kind, by their numbers.
    pub(super) fn objects(&self, kind: Kind) -> BTreeSet<usize> {
        self.ids(kind).into_iter().map(|(number, _)| number).collect()
    }

    /// The objects of a kind, by their numbers, with what the cluster itself tells them apart by.
    pub(super) fn ids(&self, kind: Kind) -> BTreeSet<(usize, String)> {
        let found = self.runtime.block_on(async {
            let found: Vec<(String, String)> = match kind {
                Kind::ClientCertificate => {
                    let list = ListCertificates::new();
                    let listed = self.ravendb.certificates().list_all(&list).await?.certificates;
                    let named = |thumbprint: &Thumbprint| {
                        let mut known = self.certificates.iter();
                        known.position(|known| Thumbprint::of(&known.certificate) == *thumbprint)
                    };
                    let entries = listed.iter().map(|entry| entry.thumbprint);
                    entries
                        .filter_map(|thumbprint| Some((format!("-{}", named(&thumbprint)?), thumbprint.to_string())))
                        .collect()
                }
                Kind::Role => pairs(self.redis.roles().list().await?, |role| {
                    (role.name, role.uid.to_string())
                }),
                Kind::Acl => pairs(self.redis.redis_acls().list().await?, |acl| {
                    (acl.name, acl.uid.to_string())
                }),
                Kind::User => pairs(self.redis.users().list().await?, |user| {
                    (user.name, user.uid.to_string())
                }),
                Kind::Database => pairs(self.redis.databases().list().await?, |database| {
                    (database.name, database.uid.to_string())
                }),
                Kind::TrustedCa | Kind::Bundle => {
                    let trusted = self.redis.certificates().list().await?.trusted_ca().unwrap();
                    pairs(trusted, |authority| {
                        let name = authority.subject().to_string().replace(' ', "-");
                        (name, authority.fingerprint().to_string())
                    })
                }
                Kind::Settings => {
                    let cluster = self.redis.cluster().get().await?;
                    let subjects = cluster.mtls_authorized_subjects.into_iter();
                    subjects.map(|subject| ("-0".to_owned(), subject.common_name)).collect()
                }
            };
            Ok::<_, certward::Error>(found)
        });
        let found = found.unwrap_or_else(|error| panic!("{}", error.report()));
        let numbered = found.into_iter().filter_map(|(name, id)| Some((number(&name)?, id)));
        numbered.collect()
    }

    /// The next plan is empty.
    pub(super) fn expect_settled(&self) {
        self.terraform.plan().expect_empty();
    }

    pub(super) fn call<T>(
        &self,
        operation: impl AsyncFnOnce(&redis_enterprise::Client) -> Result<T, certward::Error>,
    ) -> T {
        let answer = self.runtime.block_on(operation(&self.redis));
        answer.unwrap_or_else(|error| panic!("{}", error.report()))
    }
}

fn provider_block(server: &ReferenceServer, ravendb: &str, redis_enterprise: &str) -> String {
    let apis = [("ravendb", ravendb), ("redis_enterprise", redis_enterprise)];
    terraform::provider_block(
        &apis,
        &server.path("admin.crt"),
        &server.path("admin.key"),
        &server.path("ca.crt"),
    )
}

fn pairs<T>(objects: Vec<T>, pair: impl FnMut(T) -> (String, String)) -> Vec<(String, String)> {
    objects.into_iter().map(pair).collect()
}

/// The number at the end of a name.
fn number(name: &str) -> Option<usize> {
    name.rsplit_once('-')?.1.parse().ok()
}

/// Number of files with certificates and CAs.
const OBJECTS: usize = 8;
