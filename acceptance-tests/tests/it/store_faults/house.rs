//! A server whose disk fails on command, and what can be seen of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward_acceptance_tests::mutual_tls::{Connection, client_config};
use certward_acceptance_tests::programs;
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::test_pki::Identity;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Fault;
use super::cases::{Api, Call, Case, Sender, registration};

/// A server whose disk fails on command.
pub(super) struct House {
    pub(super) server: ReferenceServer,
    operations: std::net::SocketAddr,
    control: PathBuf,
    sequence: u64,
    others: u64,
}

/// Result of a change, as the server reports it.
#[derive(Debug)]
pub(super) enum Outcome {
    /// 2xx.
    Done,
    /// The server reports that the change was not made.
    NotDone(String),
    /// The server reports that it does not know yet.
    Unknown(String),
}

impl House {
    pub(super) async fn start() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let operations = free.local_addr().unwrap();
        drop(free);
        let url = format!("--Certward.Operations.ServerUrl=http://{operations}");
        let mut server = ReferenceServer::start_with(&[&url]);
        let control = server.work().join("faults");
        std::fs::write(&control, "0 off none 0\n").unwrap();
        server.set_environment("LD_PRELOAD", shim());
        server.set_environment("CERTWARD_FAULTS", &control);
        server.kill();
        server.run();
        let mut house = Self {
            server,
            operations,
            control,
            sequence: 0,
            others: 0,
        };
        house.make_another_change("before any fault").await;
        assert!(house.counts().0 > 0, "the shim sees the writes of the store");
        house
    }

    /// Makes what a case needs, and gives its change.
    pub(super) async fn prepare(&mut self, case: &Case) -> Call {
        let mut uid = Value::Null;
        for call in &case.setup {
            let call = call.with_uid(&uid);
            let (status, body) = self.call(&call).await;
            assert!((200..300).contains(&status), "{}: {call:?}: {status} {body}", case.name);
            uid = serde_json::from_str::<Value>(&body).map_or(Value::Null, |made| made["uid"].clone());
        }
        case.change.with_uid(&uid)
    }

    pub(super) async fn change(&self, call: &Call) -> Outcome {
        match self.call(call).await {
            (200..300, _) => Outcome::Done,
            (503, text) if text.contains("not known yet") => Outcome::Unknown(text),
            (503, text) => Outcome::NotDone(text),
            (status, text) => panic!("{call:?}: {status} {text}"),
        }
    }

    /// Registers a certificate, which must be taken.
    pub(super) async fn make_another_change(&mut self, when: &str) {
        self.others += 1;
        let call = registration(&Identity::self_signed("another"), "another", "ValidUser");
        let (status, body) = self.call(&call).await;
        assert_eq!(status, 201, "{when}: {body}");
    }

    /// Everything that both APIs say of what the store keeps, and the status of the case's probe.
    pub(super) async fn snapshot_of(&self, case: &Case) -> Value {
        let mut snapshot = self.snapshot().await;
        if let Some(probe) = &case.probe {
            snapshot["probe"] = self.status(probe).await.into();
        }
        snapshot
    }

    /// Deletes those of the cases before, so that there are few engines at a time.
    pub(super) async fn delete_databases(&self) {
        for database in self.snapshot().await["/v1/bdbs"].as_array().unwrap() {
            let path = format!("/v1/bdbs/{}", database["uid"]);
            let delete = Call::new(Api::RedisEnterprise, "DELETE", path, Value::Null);
            assert_eq!(self.status(&delete).await, 200, "{database}");
        }
    }

    /// Status of the response to a request.
    pub(super) async fn status(&self, call: &Call) -> u16 {
        self.call(call).await.0
    }

    /// Everything in both APIs that comes from the store.
    pub(super) async fn snapshot(&self) -> Value {
        let mut snapshot = serde_json::Map::new();
        for (api, path) in [
            (Api::RavenDb, "/admin/certificates"),
            (Api::RedisEnterprise, "/v1/users"),
            (Api::RedisEnterprise, "/v1/roles"),
            (Api::RedisEnterprise, "/v1/redis_acls"),
            (Api::RedisEnterprise, "/v1/cluster"),
            (Api::RedisEnterprise, "/v1/cluster/policy"),
            (Api::RedisEnterprise, "/v1/cluster/certificates"),
            (Api::RedisEnterprise, "/v1/bdbs"),
        ] {
            let (status, body) = self.call(&Call::new(api, "GET", path, Value::Null)).await;
            assert_eq!(status, 200, "{path}: {body}");
            snapshot.insert(path.to_owned(), serde_json::from_str(&body).unwrap());
        }
        // When somebody was last seen is not of the store, nor is what an engine is at this moment.
        for user in snapshot["/v1/users"].as_array_mut().unwrap() {
            user.as_object_mut().unwrap().remove("last_login");
        }
        for database in snapshot["/v1/bdbs"].as_array_mut().unwrap() {
            database
                .as_object_mut()
                .unwrap()
                .retain(|member, _| ["uid", "name", "memory_size", "port", "created_time"].contains(&member.as_str()));
        }
        // Hashes of passwords are not shown; when the password was set is.
        Value::Object(snapshot)
    }

    async fn call(&self, call: &Call) -> (u16, String) {
        let ca = self.server.read("ca.crt");
        let (config, credentials) = match &call.sender {
            Sender::Administrator => {
                let files = (self.server.read("admin.crt"), self.server.read("admin.key"));
                (client_config(&ca, Some((&files.0, &files.1))), None)
            }
            Sender::Certificate {
                certificate_pem,
                private_key_pem,
            } => (client_config(&ca, Some((certificate_pem, private_key_pem))), None),
            Sender::Password { name, password } => (client_config(&ca, None), Some(format!("{name}:{password}"))),
        };
        let address = match call.api {
            Api::RavenDb => self.server.address(),
            Api::RedisEnterprise => self.server.redis_enterprise_address(),
        };
        let mut connection = Connection::open(address, &config).await.unwrap();
        let body = if call.body.is_null() {
            String::new()
        } else {
            call.body.to_string()
        };
        let credentials = credentials.map(|pair| format!("Authorization: Basic {}\r\n", STANDARD.encode(pair)));
        let answer = connection
            .request_with(
                &credentials.unwrap_or_default(),
                call.method,
                &call.path,
                body.as_bytes(),
            )
            .await
            .unwrap();
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Response of the operations listener: status and body.
    pub(super) async fn operations(&self, path: &str) -> (u16, String) {
        let mut stream = tokio::net::TcpStream::connect(self.operations).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }

    pub(super) async fn wait_until_ready(&self, at_most: Duration, when: &str) {
        let started = Instant::now();
        loop {
            let (status, text) = self.operations("/readyz").await;
            if status == 200 {
                return;
            }
            assert!(started.elapsed() < at_most, "{when}: {text}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) async fn wait_until_not_ready(&self, at_most: Duration) -> String {
        let started = Instant::now();
        loop {
            let (status, text) = self.operations("/readyz").await;
            if status == 503 {
                return text;
            }
            assert!(started.elapsed() < at_most, "{text}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) fn fault(&mut self, fault: &Fault) {
        self.control(fault.mode, fault.kind, fault.number);
    }

    pub(super) fn no_fault(&mut self) {
        self.control("off", "none", 0);
    }

    fn control(&mut self, mode: &str, kind: &str, number: usize) {
        self.sequence += 1;
        let text = format!("{} {mode} {kind} {number}\n", self.sequence);
        let new = self.control.with_extension("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, &self.control).unwrap();
    }

    /// Number of injected failures since the server was started.
    pub(super) fn injected(&self) -> u64 {
        self.counts().1
    }

    fn counts(&self) -> (u64, u64) {
        let text = std::fs::read_to_string(self.server.work().join("faults.count")).unwrap_or_default();
        let mut numbers = text.split_whitespace().map(|number| number.parse().unwrap());
        (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
    }

    /// Ends the server as a crash would, and starts it again.
    pub(super) fn crash(&mut self) {
        self.server.kill();
        self.server.run();
    }

    /// Output of the server when it refuses to start.
    pub(super) fn refusal(&self) -> String {
        let mut server = Command::new(programs::built("certward-server"))
            .args(["run", "--settings"])
            .arg(self.server.path("settings.json"))
            .args([
                "--ServerUrl=https://127.0.0.1:0",
                "--Certward.RedisEnterprise.ServerUrl=https://127.0.0.1:0",
            ])
            .env("LD_PRELOAD", shim())
            .env("CERTWARD_FAULTS", &self.control)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while server.try_wait().unwrap().is_none() {
            if started.elapsed() > Duration::from_secs(10) {
                server.kill().unwrap();
                panic!("the server starts");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let output = server.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    pub(super) fn log(&self) -> String {
        self.server.log()
    }
}

/// The shim, built once for all tests.
fn shim() -> &'static Path {
    static SHIM: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = SHIM.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("faults.so");
        programs::succeed(
            Command::new("cc")
                .args(["-O1", "-shared", "-fPIC", "-o"])
                .arg(&path)
                .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/store_faults/faults.c"))
                .arg("-ldl"),
        );
        (directory, path)
    });
    path
}

/// A JSON body that makes a user.
pub(super) fn user(name: &str) -> Value {
    json!({ "name": name, "auth_method": "certificate", "certificate_subject_line": format!("CN={name}"), "role_uids": [3] })
}
