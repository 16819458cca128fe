//! The use cases of both APIs that write into the store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward::pki::Thumbprint;
use certward_acceptance_tests::test_pki::{Identity, TestCa};
use serde_json::{Value, json};

use super::house::user;

#[derive(Debug, Clone, Copy)]
pub(super) enum Api {
    RavenDb,
    RedisEnterprise,
}

/// The client that sends a request.
#[derive(Debug, Clone)]
pub(super) enum Sender {
    /// The administrator whom `setup` has made.
    Administrator,
    /// The holder of a certificate.
    Certificate {
        certificate_pem: String,
        private_key_pem: String,
    },
    /// A user by its password.
    Password { name: String, password: &'static str },
}

/// A request. `{uid}` in its path stands for the number that the call before it has answered.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) sender: Sender,
    pub(super) api: Api,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Value,
}

/// A use case: what it needs, and the change.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) setup: Vec<Call>,
    pub(super) change: Call,
    /// A request whose status differs after the change, for changes that no list shows.
    pub(super) probe: Option<Call>,
}

impl Call {
    pub(super) fn new(api: Api, method: &'static str, path: impl Into<String>, body: Value) -> Self {
        Self {
            sender: Sender::Administrator,
            api,
            method,
            path: path.into(),
            body,
        }
    }

    fn by(self, sender: Sender) -> Self {
        Self { sender, ..self }
    }

    pub(super) fn with_uid(&self, uid: &Value) -> Self {
        Self {
            path: self.path.replace("{uid}", &uid.to_string()),
            ..self.clone()
        }
    }
}

pub(super) fn registration(identity: &Identity, name: &str, clearance: &str) -> Call {
    Call::new(
        Api::RavenDb,
        "PUT",
        "/admin/certificates",
        json!({
            "Name": name, "SecurityClearance": clearance, "Permissions": {},
            "Certificate": STANDARD.encode(&identity.certificate),
        }),
    )
}

fn redis(method: &'static str, path: &str, body: Value) -> Call {
    Call::new(Api::RedisEnterprise, method, path, body)
}

/// The use cases. Their objects have different names in each round.
pub(super) fn all(round: usize) -> Vec<Case> {
    let mut cases = certificates();
    cases.extend(users(round));
    cases.extend(roles_and_acls(round));
    cases.extend(cluster(round));
    cases.extend(passwords(round));
    cases.extend(databases(round));
    cases.extend([generated(), renewal()]);
    cases
}

fn case(name: impl Into<String>, setup: Vec<Call>, change: Call) -> Case {
    Case {
        name: name.into(),
        setup,
        change,
        probe: None,
    }
}

fn certificates() -> Vec<Case> {
    let mut cases = Vec::new();
    for clearance in ["ValidUser", "Operator", "ClusterAdmin"] {
        let identity = Identity::self_signed("registered");
        let thumbprint = Thumbprint::of(&identity.certificate);
        let register = registration(&identity, "registered", clearance);
        let delete = Call::new(
            Api::RavenDb,
            "DELETE",
            format!("/admin/certificates?thumbprint={thumbprint}"),
            Value::Null,
        );
        cases.push(case(format!("register {clearance}"), vec![], register.clone()));
        cases.push(case(
            format!("delete {clearance}"),
            vec![register.clone()],
            delete.clone(),
        ));
        let edits = [
            json!({ "Thumbprint": thumbprint.to_string(), "Name": "renamed", "SecurityClearance": clearance, "Permissions": {} }),
            json!({ "Thumbprint": thumbprint.to_string(), "Name": "registered", "SecurityClearance": "ValidUser",
                "Permissions": { "Orders": "ReadWrite" } }),
        ];
        for edit in edits {
            let edit = Call::new(Api::RavenDb, "POST", "/admin/certificates/edit", edit);
            cases.push(case(format!("edit {clearance}"), vec![register.clone()], edit));
        }
    }
    cases
}

fn users(round: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, changed) in [
        json!({ "email": format!("changed{round}@example.com") }),
        json!({ "role_uids": [1] }),
        json!({ "certificate_subject_line": format!("CN=changed{round}") }),
        json!({ "name": format!("changed{round}") }),
        json!({ "role_uids": [4] }),
    ]
    .into_iter()
    .enumerate()
    {
        let make = redis("POST", "/v1/users", user(&format!("user{index}-{round}")));
        cases.push(case(
            "make a user",
            vec![],
            redis("POST", "/v1/users", user(&format!("made{index}-{round}"))),
        ));
        cases.push(case(
            "change a user",
            vec![make],
            redis("PUT", "/v1/users/{uid}", changed),
        ));
        let make = redis("POST", "/v1/users", user(&format!("gone{index}-{round}")));
        cases.push(case(
            "delete a user",
            vec![make],
            redis("DELETE", "/v1/users/{uid}", Value::Null),
        ));
    }
    cases
}

fn roles_and_acls(round: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for management in ["admin", "cluster_viewer", "db_viewer"] {
        let role = |name: &str| {
            redis(
                "POST",
                "/v1/roles",
                json!({ "name": format!("{name}-{management}-{round}"), "management": management }),
            )
        };
        cases.push(case("make a role", vec![], role("made")));
        let change = redis("PUT", "/v1/roles/{uid}", json!({ "management": "none" }));
        cases.push(case("change a role", vec![role("changed")], change));
        cases.push(case(
            "delete a role",
            vec![role("gone")],
            redis("DELETE", "/v1/roles/{uid}", Value::Null),
        ));
    }
    for (index, rules) in ["+@read ~*", "+@all ~orders:*"].iter().enumerate() {
        let acl = |name: &str| {
            redis(
                "POST",
                "/v1/redis_acls",
                json!({ "name": format!("{name}{index}-{round}"), "acl": rules }),
            )
        };
        cases.push(case("make an ACL", vec![], acl("made")));
        let change = redis("PUT", "/v1/redis_acls/{uid}", json!({ "acl": "+get ~*" }));
        cases.push(case("change an ACL", vec![acl("changed")], change));
        cases.push(case(
            "delete an ACL",
            vec![acl("gone")],
            redis("DELETE", "/v1/redis_acls/{uid}", Value::Null),
        ));
    }
    cases
}

fn cluster(round: usize) -> Vec<Case> {
    let ca = |name: &str| {
        let body = json!({ "name": "mtls_trusted_ca", "certificate": TestCa::new(name).certificate_pem() });
        redis("PUT", "/v1/cluster/update_cert", body)
    };
    let by_certificate = |on: bool| redis("PUT", "/v1/cluster", json!({ "mtls_certificate_authentication": on }));
    let stop_trusting = redis("DELETE", "/v1/cluster/certificates/mtls_trusted_ca", Value::Null);
    let mut cases = vec![
        case("trust a CA", vec![], ca("First CA")),
        case("replace a CA", vec![ca("Second CA")], ca("Third CA")),
        case(
            "stop trusting a CA",
            vec![by_certificate(false), ca("CA")],
            stop_trusting,
        ),
        case(
            "users by certificate",
            vec![ca("CA"), by_certificate(false)],
            by_certificate(true),
        ),
        case(
            "no users by certificate",
            vec![ca("CA"), by_certificate(true)],
            by_certificate(false),
        ),
    ];
    let channels = ["allchannels", "resetchannels"][round % 2];
    let policy = |channels: &str| redis("PUT", "/v1/cluster/policy", json!({ "acl_pubsub_default": channels }));
    let other = ["resetchannels", "allchannels"][round % 2];
    cases.push(case("change the policy", vec![policy(other)], policy(channels)));
    for least in [9, 80, 150] {
        let length = least + round % 60;
        let change = redis("PUT", "/v1/cluster", json!({ "password_min_length": length }));
        cases.push(case("change a setting", vec![], change));
    }
    cases
}

fn passwords(round: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for (method, added, probed) in [
        ("PUT", None, "a second password"),
        ("POST", None, "a second password"),
        ("DELETE", Some("a second password"), "a second password"),
    ] {
        let name = format!("{}-password-{round}", method.to_lowercase());
        let make = redis(
            "POST",
            "/v1/users",
            json!({ "name": name, "auth_method": "regular", "password": "the first password", "role_uids": [3] }),
        );
        let add = |password: &str| json!({ "username": name, "new_password": password });
        let any_length = redis("PUT", "/v1/cluster", json!({ "password_min_length": 8 }));
        let mut setup = vec![any_length, make];
        setup.extend(added.map(|password| redis("POST", "/v1/users/password", add(password))));
        let body = if method == "DELETE" {
            json!({ "username": name, "old_password": probed })
        } else {
            add(probed)
        };
        let password = redis(method, "/v1/users/password", body);
        let sender = Sender::Password { name, password: probed };
        cases.push(Case {
            probe: Some(redis("GET", "/v1/users/role", Value::Null).by(sender)),
            ..case(format!("{method} a password"), setup, password)
        });
    }
    cases
}

fn databases(round: usize) -> Vec<Case> {
    let make = |name: &str| {
        redis(
            "POST",
            "/v1/bdbs",
            json!({ "name": format!("{name}-{round}"), "memory_size": 1 << 20, "default_user": true }),
        )
    };
    let change = redis("PUT", "/v1/bdbs/{uid}", json!({ "memory_size": 2 << 20 }));
    let delete = redis("DELETE", "/v1/bdbs/{uid}", Value::Null);
    vec![
        case("make a database", vec![], make("made")),
        case("change a database", vec![make("changed")], change),
        case("delete a database", vec![make("gone")], delete),
    ]
}

fn generated() -> Case {
    let body = json!({ "Name": "generated", "SecurityClearance": "ValidUser", "Permissions": {} });
    let generate = Call::new(Api::RavenDb, "POST", "/admin/certificates", body);
    case("generate a certificate", vec![], generate)
}

/// The first request with a renewed certificate registers it.
fn renewal() -> Case {
    let ca = TestCa::new("Example Team CA");
    let original = ca.issue("renewed");
    let renewed = ca.renew(&original, "renewed");
    let request = Call::new(Api::RavenDb, "GET", "/build/version", Value::Null).by(Sender::Certificate {
        certificate_pem: renewed.certificate_pem + &ca.certificate_pem(),
        private_key_pem: renewed.private_key_pem,
    });
    let register = registration(&original, "renewed", "ValidUser");
    case("log in with a renewed certificate", vec![register], request)
}
