//! The fronts: ours before the engine that it runs, the others before one that is configured as that, `redis-server` itself.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};

use crate::benchmarks::generate::POOL_SIZE;
use crate::client::{Connection, get, with_json};
use crate::process::Process;
use crate::servers::{FLOOR, free_address, redis_enterprise, start_floor};
use crate::site::{Identity, Key, Site};
use crate::{Bench, Failure};

/// Something that speaks TLS before Redis.
pub(super) struct Front {
    pub(super) name: &'static str,
    pub(super) process: Process,
    pub(super) address: SocketAddr,
    /// Password of a client's login, where the certificate does not suffice.
    pub(super) password: Option<&'static str>,
}

/// All fronts, and their client's identity.
pub(super) struct Fronts {
    pub(super) certward: Front,
    pub(super) own_tls: Front,
    stunnel: Front,
    haproxy: Front,
    floor: Front,
    _engine: Process,
    pub(super) ca: PathBuf,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    pub(super) ca_certificate: CertificateDer<'static>,
    pub(super) identity: Identity,
}

impl Fronts {
    pub(super) async fn start(bench: &Bench) -> Result<Self, Failure> {
        let directory = tempfile::Builder::new()
            .prefix("redis-")
            .tempdir_in(bench.work.path())?
            .keep();
        let site = bench.site.with_server_key(Key::EcdsaP256, &directory.join("site"))?;
        let identity = site.client_with_files(USER, Key::EcdsaP256, &directory)?;
        let certward = certward(bench, &site, &directory).await?;
        let (engine, socket) = engine(bench, &directory).await?;
        let fronts = Self {
            own_tls: own_tls(bench, &site, &directory)?,
            stunnel: stunnel(bench, &site, &directory, &socket)?,
            haproxy: haproxy(bench, &site, &directory, &socket)?,
            floor: floor(bench, &site, &socket)?,
            certward,
            _engine: engine,
            ca: site.file("ca.crt"),
            certificate: directory.join("client.crt"),
            key: directory.join("client.key"),
            ca_certificate: site.ca.clone(),
            identity,
        };
        for front in fronts.all() {
            listens(front).await?;
        }
        Ok(fronts)
    }

    pub(super) fn all(&self) -> [&Front; 5] {
        [&self.certward, &self.own_tls, &self.stunnel, &self.haproxy, &self.floor]
    }
}

/// Ours with a database, and a user that may do everything in it.
async fn certward(bench: &Bench, site: &Site, directory: &Path) -> Result<Front, Failure> {
    let data = directory.join("data");
    let server = redis_enterprise(bench, site, &data, &[(POOL_SIZE, "0")]).await?;
    let mut administrator = site.administrator(server.address)?.connect().await?;
    let proxy = json!({ "certificates": [{
        "name": "proxy",
        "certificate": fs::read_to_string(site.file("server.crt"))?,
        "key": fs::read_to_string(site.file("server.key"))?,
    }] });
    change(&mut administrator, "PUT", "/v1/cluster/certificates", &proxy).await?;
    let role = json!({ "name": "bench", "management": "none" });
    let role = change(&mut administrator, "POST", "/v1/roles", &role).await?["uid"].clone();
    let user = json!({
        "name": USER, "auth_method": "certificate", "certificate_subject_line": format!("CN={USER}"), "role_uids": [role],
    });
    change(&mut administrator, "POST", "/v1/users", &user).await?;
    let address = free_address()?;
    let database = json!({
        "name": "bench", "memory_size": 1 << 30, "port": address.port(), "tls_mode": "enabled",
        "enforce_client_authentication": "enabled",
        "authentication_ssl_client_certs": [{ "client_cert": fs::read_to_string(site.file("ca.crt"))? }],
        "roles_permissions": [{ "role_uid": role, "redis_acl_uid": 1 }],
    });
    let uid = change(&mut administrator, "POST", "/v1/bdbs", &database).await?["uid"].clone();
    let deadline = Instant::now() + START_DEADLINE;
    while status(&mut administrator, &uid).await? != "active" {
        if Instant::now() > deadline {
            return Err("the database does not become active".into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    administrator.close().await;
    Ok(Front {
        name: "Certward",
        process: server.process,
        address,
        password: None,
    })
}

async fn status(administrator: &mut Connection, uid: &Value) -> Result<Value, Failure> {
    let answer = administrator.exchange(&get(&format!("/v1/bdbs/{uid}"))).await?;
    let mut database: Value = serde_json::from_slice(&answer.expect_ok()?.body)?;
    Ok(database["status"].take())
}

async fn change(administrator: &mut Connection, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
    let answer = administrator
        .exchange(&with_json(method, path, body))
        .await?
        .expect_ok()?;
    Ok(serde_json::from_slice(&answer.body)?)
}

/// The engine of the fronts that are not ours, and its socket: nobody but our server gets into its engines.
async fn engine(bench: &Bench, directory: &Path) -> Result<(Process, PathBuf), Failure> {
    let socket = directory.join("engine.sock");
    let mut command = Command::new("redis-server");
    command.current_dir(directory);
    command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]);
    command.arg(&socket);
    let process = Process::start(&mut command, &bench.log("engine"))?;
    let deadline = Instant::now() + START_DEADLINE;
    while tokio::net::UnixStream::connect(&socket).await.is_err() {
        if Instant::now() > deadline {
            return Err(format!("the engine does not listen{}", process.last_words()).into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok((process, socket))
}

fn own_tls(bench: &Bench, site: &Site, directory: &Path) -> Result<Front, Failure> {
    let address = free_address()?;
    let mut command = Command::new("redis-server");
    command.current_dir(directory);
    command.args(["--port", "0", "--tls-port", &address.port().to_string()]);
    command.args([
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--tls-auth-clients",
        "yes",
    ]);
    command.arg("--tls-cert-file").arg(site.file("server.crt"));
    command.arg("--tls-key-file").arg(site.file("server.key"));
    command.arg("--tls-ca-cert-file").arg(site.file("ca.crt"));
    Ok(Front {
        name: "redis-server's TLS",
        process: Process::start(&mut command, &bench.log("redis-server"))?,
        address,
        password: Some("bench"),
    })
}

fn stunnel(bench: &Bench, site: &Site, directory: &Path, socket: &Path) -> Result<Front, Failure> {
    let address = free_address()?;
    let configuration = directory.join("stunnel.conf");
    fs::write(
        &configuration,
        format!(
            "foreground = yes
pid =
debug = err
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
[redis]
accept = {address}
connect = {}
cert = {}
key = {}
CAfile = {}
verifyChain = yes
",
            socket.display(),
            site.file("server.crt").display(),
            site.file("server.key").display(),
            site.file("ca.crt").display(),
        ),
    )?;
    Ok(Front {
        name: "stunnel",
        process: Process::start(Command::new("stunnel").arg(&configuration), &bench.log("stunnel"))?,
        address,
        password: None,
    })
}

fn haproxy(bench: &Bench, site: &Site, directory: &Path, socket: &Path) -> Result<Front, Failure> {
    let address = free_address()?;
    let configuration = directory.join("haproxy.cfg");
    let certificate = directory.join("haproxy.pem");
    let both = [site.file("server.crt"), site.file("server.key")];
    fs::write(
        &certificate,
        format!("{}{}", fs::read_to_string(&both[0])?, fs::read_to_string(&both[1])?),
    )?;
    fs::write(
        &configuration,
        format!(
            "global
    maxconn 5000
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
frontend redis
    bind {address} ssl crt {} ca-file {} verify required no-tls-tickets
    default_backend engine
backend engine
    server engine unix@{}
",
            certificate.display(),
            site.file("ca.crt").display(),
            socket.display()
        ),
    )?;
    Ok(Front {
        name: "haproxy",
        process: Process::start(
            Command::new("haproxy").arg("-db").arg("-f").arg(&configuration),
            &bench.log("haproxy"),
        )?,
        address,
        password: None,
    })
}

/// The program `bench_floor` as a copy loop.
fn floor(bench: &Bench, site: &Site, socket: &Path) -> Result<Front, Failure> {
    let (process, address) = start_floor(bench, site, &["--copy".as_ref(), socket.as_os_str()])?;
    Ok(Front {
        name: FLOOR,
        process,
        address,
        password: None,
    })
}

async fn listens(front: &Front) -> Result<(), Failure> {
    let deadline = Instant::now() + START_DEADLINE;
    while tokio::net::TcpStream::connect(front.address).await.is_err() {
        if Instant::now() > deadline {
            return Err(format!("{} does not listen{}", front.name, front.process.last_words()).into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

const USER: &str = "bench";
const START_DEADLINE: Duration = Duration::from_secs(20);
