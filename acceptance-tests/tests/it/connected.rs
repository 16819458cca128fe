//! The predicted effects of a removal on open connections are its actual effects.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward::pki::{Certificate, Thumbprint, certificates_from_pem};
use certward_acceptance_tests::mutual_tls::{Answer, Connection, client_config};
use certward_acceptance_tests::programs::installed;
use certward_acceptance_tests::redis_database::{RedisDatabase, Session, change};
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::terraform::{self, Terraform};
use certward_acceptance_tests::test_pki::{Identity, TestCa};
use serde_json::{Value, json};

/// A database with two CAs and two roles, and its users' connections.
struct House {
    database: RedisDatabase,
    admin: Connection,
    other_ca: TestCa,
    readers: u64,
    read_only: u64,
    alice: u64,
    sessions: Vec<(&'static str, Session)>,
    /// Alice's connection to the API.
    api: Connection,
}

impl House {
    async fn open() -> Self {
        let database = RedisDatabase::start().await;
        let mut admin = database.admin().await;
        let other_ca = TestCa::new("Another Team CA");
        let created = async |admin: &mut Connection, path: &str, body: &Value| {
            change(admin, "POST", path, body).await["uid"].as_u64().unwrap()
        };
        let readers = created(
            &mut admin,
            "/v1/roles",
            &json!({ "name": "readers", "management": "none" }),
        )
        .await;
        let acl = json!({ "name": "read only", "acl": "+@read +ping ~*" });
        let read_only = created(&mut admin, "/v1/redis_acls", &acl).await;
        let path = format!("/v1/bdbs/{}", database.uid);
        let both = json!({
            "authentication_ssl_client_certs": [
                { "client_cert": database.team.ca.certificate_pem() }, { "client_cert": other_ca.certificate_pem() },
            ],
            "roles_permissions": [
                { "role_uid": database.role, "redis_acl_uid": database.redis_acl },
                { "role_uid": readers, "redis_acl_uid": read_only },
            ],
        });
        change(&mut admin, "PUT", &path, &both).await;
        let bundle = database.team.ca.certificate_pem() + &other_ca.certificate_pem();
        let trusted = json!({ "name": "mtls_trusted_ca", "certificate": bundle });
        change(&mut admin, "PUT", "/v1/cluster/update_cert", &trusted).await;
        change(
            &mut admin,
            "PUT",
            "/v1/cluster",
            &json!({ "mtls_certificate_authentication": true }),
        )
        .await;
        let alice = database.create_user(&mut admin, "alice").await;
        database.create_user(&mut admin, "carol").await;
        let bob = json!({ "name": "bob", "auth_method": "certificate", "certificate_subject_line": "CN=bob",
            "role_uids": [readers] });
        created(&mut admin, "/v1/users", &bob).await;

        let ca = &database.team.ca;
        let identities = [
            ("alice", ca.issue("alice")),
            ("bob", ca.issue("bob")),
            ("carol", other_ca.issue("carol")),
            ("nobody", ca.issue("nobody")),
        ];
        let mut sessions = Vec::new();
        for (name, identity) in &identities {
            let mut session = database.connect(identity).await.unwrap();
            assert_eq!(session.command(&["PING"]).await.unwrap(), "+PONG\r\n", "{name}");
            sessions.push((*name, session));
        }
        let server = &database.team.server;
        let own = &identities[0].1;
        let config = client_config(
            &server.read("ca.crt"),
            Some((&own.certificate_pem, &own.private_key_pem)),
        );
        let mut api = Connection::open(server.redis_enterprise_address(), &config)
            .await
            .unwrap();
        assert_eq!(api.request("GET", "/v1/users/role", b"").await.unwrap().status, 200);
        Self {
            database,
            admin,
            other_ca,
            readers,
            read_only,
            alice,
            sessions,
            api,
        }
    }

    async fn get(&mut self, path: &str) -> Value {
        change(&mut self.admin, "GET", path, &Value::Null).await
    }

    async fn put_database(&mut self, body: Value) {
        let path = format!("/v1/bdbs/{}", self.database.uid);
        change(&mut self.admin, "PUT", &path, &body).await;
    }

    async fn without_readers(&mut self) {
        let left = json!({ "roles_permissions":
            [{ "role_uid": self.database.role, "redis_acl_uid": self.database.redis_acl }] });
        self.put_database(left).await;
    }

    /// Those whose connections have ended, and `api` for alice's to the API.
    async fn ended(&mut self) -> BTreeSet<String> {
        let mut ended = BTreeSet::new();
        for (name, session) in &mut self.sessions {
            if session.command(&["PING"]).await.ok().as_deref() != Some("+PONG\r\n") {
                ended.insert((*name).to_owned());
            }
        }
        if self.api.request("GET", "/v1/users/role", b"").await.is_err() {
            ended.insert("api".to_owned());
        }
        ended
    }
}

/// The object to remove.
#[derive(Debug, Clone, Copy)]
enum Removed {
    User,
    Role,
    Acl,
    OtherCa,
    CaOfDatabase,
    CaOfCluster,
    Database,
}

impl Removed {
    const ALL: [Self; 7] = [
        Self::User,
        Self::Role,
        Self::Acl,
        Self::OtherCa,
        Self::CaOfDatabase,
        Self::CaOfCluster,
        Self::Database,
    ];

    fn path(self, house: &House) -> String {
        let fingerprint = |ca: &TestCa| certificates_from_pem(&ca.certificate_pem()).unwrap()[0].fingerprint();
        let own = fingerprint(&house.database.team.ca);
        let rest = match self {
            Self::User => format!("users/{}", house.alice),
            Self::Role => format!("roles/{}", house.readers),
            Self::Acl => format!("redis_acls/{}", house.read_only),
            Self::OtherCa => format!("certificates/{}", fingerprint(&house.other_ca)),
            Self::CaOfDatabase => format!("certificates/{own}?bdb={}", house.database.uid),
            Self::CaOfCluster => format!("certificates/{own}?bdb=0"),
            Self::Database => format!("bdbs/{}", house.database.uid),
        };
        format!("/v1/certward/removals/{rest}")
    }

    /// Whose connections must be foretold to end, and who loses something.
    fn expected(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::User => (&["alice", "api"], &["alice"]),
            Self::Role | Self::Acl => (&["bob"], &["bob"]),
            Self::OtherCa => (&["carol"], &["carol"]),
            Self::CaOfDatabase => (&["alice", "bob", "nobody"], &["alice", "bob"]),
            Self::CaOfCluster => (&["api"], &["alice"]),
            Self::Database => (&["alice", "bob", "carol", "nobody"], &["alice", "bob", "carol"]),
        }
    }

    async fn apply(self, house: &mut House) {
        let own = json!([{ "client_cert": house.database.team.ca.certificate_pem() }]);
        let other = json!([{ "client_cert": house.other_ca.certificate_pem() }]);
        let delete = match self {
            Self::User => format!("/v1/users/{}", house.alice),
            Self::Role => {
                house.without_readers().await;
                return;
            }
            Self::Acl => {
                house.without_readers().await;
                format!("/v1/redis_acls/{}", house.read_only)
            }
            Self::OtherCa => {
                return house
                    .put_database(json!({ "authentication_ssl_client_certs": own }))
                    .await;
            }
            Self::CaOfDatabase => {
                return house
                    .put_database(json!({ "authentication_ssl_client_certs": other }))
                    .await;
            }
            Self::CaOfCluster => {
                let left = json!({ "name": "mtls_trusted_ca", "certificate": house.other_ca.certificate_pem() });
                change(&mut house.admin, "PUT", "/v1/cluster/update_cert", &left).await;
                return;
            }
            Self::Database => format!("/v1/bdbs/{}", house.database.uid),
        };
        change(&mut house.admin, "DELETE", &delete, &Value::Null).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_ends_exactly_the_connections_that_were_foretold() {
    if !installed("redis-server") {
        return;
    }
    for removed in Removed::ALL {
        let mut house = House::open().await;
        let path = removed.path(&house);
        let effect = house.get(&path).await;
        let (ending, losing) = removed.expected();
        assert_eq!(
            names(&effect, "connections", of_connection),
            set(ending),
            "{removed:?}: {effect:#}"
        );
        assert_eq!(
            names(&effect, "identities", of_identity),
            set(losing),
            "{removed:?}: {effect:#}"
        );
        assert_eq!(house.ended().await, BTreeSet::new(), "asking ends nobody: {removed:?}");
        removed.apply(&mut house).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(house.ended().await, set(ending), "{removed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_and_nobody_else_see_who_is_connected_and_what_that_rests_on() {
    if !installed("redis-server") {
        return;
    }
    let mut house = House::open().await;
    let list = house.get("/v1/certward/connections").await;
    assert_eq!(list["total"], 6, "{list:#}");
    let connections = list["connections"].as_array().unwrap();
    let of = |name: &str| {
        let found = connections.iter().find(|connection| {
            connection["listener"] == "database" && connection["certificate"]["subject"] == format!("CN={name}")
        });
        found.unwrap_or_else(|| panic!("{name} is not in {list:#}"))
    };
    let alice = of("alice");
    assert_eq!(alice["identity"], "certificate");
    assert_eq!(alice["user"], json!({ "uid": house.alice, "name": "alice" }));
    assert_eq!(
        alice["database"],
        json!({ "uid": house.database.uid, "name": "orders" })
    );
    let grounds = |connection: &Value| {
        let all = connection["rests_on"].as_array().unwrap();
        let word = |ground: &Value| {
            format!(
                "{} {}",
                ground["kind"].as_str().unwrap(),
                ground["name"].as_str().unwrap()
            )
        };
        all.iter().map(word).collect::<Vec<_>>()
    };
    assert_eq!(
        grounds(alice),
        [
            "ca CN=Example Team CA",
            "user alice",
            "role data",
            "redis_acl everything"
        ]
    );
    assert_eq!(grounds(of("carol"))[0], "ca CN=Another Team CA");
    assert!(alice["opened_at"].as_str().unwrap().ends_with('Z'), "{alice:#}");
    assert_eq!(alice["valid_until"], alice["certificate"]["not_after"]);
    assert_eq!(of("nobody")["user"], Value::Null);
    assert_eq!(grounds(of("nobody")), ["ca CN=Example Team CA"]);
    let on_api = |name: &str| {
        let is_it =
            |connection: &&Value| connection["listener"] == "redis_enterprise" && connection["user"]["name"] == name;
        connections.iter().find(is_it)
    };
    assert_eq!(
        grounds(on_api("alice").unwrap()),
        ["ca CN=Example Team CA", "user alice", "role data"]
    );
    // The administrator itself, by a certificate that is registered on RavenDB's API.
    assert!(
        connections
            .iter()
            .any(|connection| connection["rests_on"][0]["kind"] == "certificate")
    );

    let page = house.get("/v1/certward/connections?limit=2&offset=3").await;
    assert_eq!(page["total"], 6);
    assert_eq!(page["connections"].as_array().unwrap().as_slice(), &connections[3..5]);
    let wrong = house
        .admin
        .request("GET", "/v1/certward/connections?limit=0", b"")
        .await
        .unwrap();
    assert_eq!(
        (wrong.status, told(&wrong).contains("from 1 to 10000")),
        (400, true),
        "{}",
        told(&wrong)
    );
    let unknown = house
        .admin
        .request("GET", "/v1/certward/removals/users/999", b"")
        .await
        .unwrap();
    assert_eq!(unknown.status, 404, "{}", told(&unknown));

    for path in ["/v1/certward/connections".to_owned(), Removed::User.path(&house)] {
        assert_eq!(
            house.api.request("GET", &path, b"").await.unwrap().status,
            403,
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_on_ravendbs_api_ends_the_certificates_and_connections_that_were_foretold() {
    let server = ReferenceServer::start();
    let ca = server.read("ca.crt");
    let config = |identity: &Identity| client_config(&ca, Some((&identity.certificate_pem, &identity.private_key_pem)));
    let administrator = client_config(&ca, Some((&server.read("admin.crt"), &server.read("admin.key"))));
    let mut admin = Connection::open(server.address(), &administrator).await.unwrap();
    let team_ca = TestCa::new("Example Team CA");
    let going = team_ca.issue("going");
    let staying = team_ca.issue("staying");
    for identity in [&going, &staying] {
        let body = json!({
            "Name": identity_name(identity), "SecurityClearance": "ClusterAdmin", "Permissions": {},
            "Certificate": STANDARD.encode(&identity.certificate),
        });
        let answer = admin
            .request("PUT", "/admin/certificates", body.to_string().as_bytes())
            .await
            .unwrap();
        assert_eq!(answer.status, 201, "{}", told(&answer));
    }
    let mut on_ravendb = Connection::open(server.address(), &config(&going)).await.unwrap();
    let mut on_redis_enterprise = Connection::open(server.redis_enterprise_address(), &config(&going))
        .await
        .unwrap();
    let mut other = Connection::open(server.address(), &config(&staying)).await.unwrap();
    for (connection, path) in [
        (&mut on_ravendb, "/build/version"),
        (&mut on_redis_enterprise, "/v1/cluster"),
        (&mut other, "/build/version"),
    ] {
        assert_eq!(connection.request("GET", path, b"").await.unwrap().status, 200);
    }
    let thumbprint = Thumbprint::of(&going.certificate);
    let path = format!("/certward/removals/certificates?thumbprint={thumbprint}");
    let answer = admin.request("GET", &path, b"").await.unwrap();
    assert_eq!(answer.status, 200, "{}", told(&answer));
    let effect: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        effect["identities"],
        json!([{ "kind": "certificate", "id": thumbprint.to_string(), "name": "going", "databases": [], "api": true }])
    );
    let listeners = names(&effect, "connections", |connection| {
        connection["listener"].as_str().unwrap().to_owned()
    });
    assert_eq!(listeners, set(&["ravendb", "redis_enterprise"]), "{effect:#}");
    assert_eq!(effect["connections_total"], 2);

    let list = admin.request("GET", "/certward/connections", b"").await.unwrap();
    let list: Value = serde_json::from_slice(&list.body).unwrap();
    assert_eq!(list["total"], 4, "{list:#}");

    let deleted = admin
        .request("DELETE", &format!("/admin/certificates?thumbprint={thumbprint}"), b"")
        .await;
    assert_eq!(deleted.unwrap().status, 204);
    for connection in [&mut on_ravendb, &mut on_redis_enterprise] {
        tokio::time::timeout(Duration::from_secs(5), connection.closed())
            .await
            .unwrap()
            .unwrap();
    }
    assert_eq!(other.request("GET", "/build/version", b"").await.unwrap().status, 200);
    assert_eq!(admin.request("GET", &path, b"").await.unwrap().status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plan_of_a_destruction_names_the_connections_that_it_would_end() {
    if !installed("redis-server") {
        return;
    }
    let mut house = House::open().await;
    let server = &house.database.team.server;
    let provider = terraform::provider_block(
        &[("redis_enterprise", &server.redis_enterprise_endpoint())],
        &server.path("admin.crt"),
        &server.path("admin.key"),
        &server.path("ca.crt"),
    );
    let role =
        "resource \"certward_redis_role\" \"readers\" {\n  name       = \"readers\"\n  management = \"none\"\n}\n";
    let terraform = Terraform::new(&format!("{provider}{role}"));
    let role = house.readers.to_string();
    terraform.import("certward_redis_role.readers", &role).expect_success();
    let plan = terraform.run(&["plan", "-destroy", "-json", "-input=false"]);
    let warning = plan.find(
        "warning",
        "Destroying the role \"readers\" ends 1 open connection and takes access from 1 identity",
    );
    let warning = warning.unwrap_or_else(|| panic!("{}", plan.output));
    assert!(
        warning
            .detail
            .contains(&format!(" to database {} (orders) as user bob", house.database.uid)),
        "{}",
        warning.detail
    );
    assert_eq!(house.ended().await, BTreeSet::new());
}

fn identity_name(identity: &Identity) -> String {
    let certificate = Certificate::from_der(identity.certificate.clone()).unwrap();
    certificate.subject().single_common_name().unwrap().to_owned()
}

fn of_connection(connection: &Value) -> String {
    if connection["listener"] == "redis_enterprise" {
        return "api".to_owned();
    }
    let subject = connection["certificate"]["subject"].as_str().unwrap();
    subject.strip_prefix("CN=").unwrap().to_owned()
}

fn of_identity(identity: &Value) -> String {
    identity["name"].as_str().unwrap().to_owned()
}

fn names(effect: &Value, member: &str, name: impl Fn(&Value) -> String) -> BTreeSet<String> {
    effect[member].as_array().unwrap().iter().map(name).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn told(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}
