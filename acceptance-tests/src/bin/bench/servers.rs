//! The three servers under the same load: Certward, nginx, and the bare rustls server.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::client::{Client, KeyExchange, get, with_json};
use crate::process::Process;
use crate::site::{Identity, SETTINGS, Site};
use crate::{Bench, Failure};

/// A server that listens.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

/// `certward-server run` with its data in `data`, these settings beside those of `setup`, and an answer to `whoami`
/// given; and how long that took from the start of the process.
pub(crate) async fn certward(
    bench: &Bench,
    site: &Site,
    data: &Path,
    settings: &[(&str, &str)],
) -> Result<(Server, Duration), Failure> {
    start(bench, site, data, settings, None).await
}

/// The same with Redis Enterprise's API, which is where the answer is given and what `address` is the address of.
pub(crate) async fn redis_enterprise(
    bench: &Bench,
    site: &Site,
    data: &Path,
    settings: &[(&str, &str)],
) -> Result<Server, Failure> {
    Ok(both_apis(bench, site, data, settings).await?.0)
}

/// The same, and where RavenDB's API listens.
pub(crate) async fn both_apis(
    bench: &Bench,
    site: &Site,
    data: &Path,
    settings: &[(&str, &str)],
) -> Result<(Server, SocketAddr), Failure> {
    let address = free_address()?;
    let (server, _) = start(bench, site, data, settings, Some(address)).await?;
    let ravendb = server.address;
    Ok((Server { address, ..server }, ravendb))
}

async fn start(
    bench: &Bench,
    site: &Site,
    data: &Path,
    settings: &[(&str, &str)],
    redis_enterprise: Option<SocketAddr>,
) -> Result<(Server, Duration), Failure> {
    let address = free_address()?;
    let mut command = Command::new(bench.program("certward-server"));
    command.arg("run").arg("--settings").arg(site.file(SETTINGS));
    command.arg(format!("--ServerUrl=https://{address}"));
    let redis_enterprise_url = redis_enterprise.map(|address| format!("https://{address}"));
    command.arg(format!(
        "--Certward.RedisEnterprise.ServerUrl={}",
        redis_enterprise_url.unwrap_or_default()
    ));
    command.arg(format!("--DataDir={}", data.display()));
    command.arg(format!(
        "--Security.Certificate.Path={}",
        site.server_certificate().display()
    ));
    command.args(["--PublicServerUrl=", "--Certward.Operations.ServerUrl="]);
    command.arg("--Security.AuditLog.FolderPath=");
    if !settings.iter().any(|(key, _)| *key == LOG_LEVEL) {
        command.arg(format!("--{LOG_LEVEL}=warn"));
    }
    command.args(settings.iter().map(|(key, value)| format!("--{key}={value}")));
    let (client, question) = match redis_enterprise {
        None => (site.administrator(address)?, get(WHOAMI)),
        Some(address) => (site.administrator(address)?, get(OWN_ROLE)),
    };
    let started = Instant::now();
    let mut process = Process::start(&mut command, &bench.log("certward-server"))?;
    while let Err(error) = client.once(&question).await.and_then(|answer| answer.expect_ok()) {
        process.check()?;
        if started.elapsed() > START_DEADLINE {
            return Err(format!("certward-server does not answer: {error}{}", process.last_words()).into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let took = started.elapsed();
    Ok((
        Server {
            name: "Certward",
            process,
            address,
        },
        took,
    ))
}

/// Registers a certificate as a plain user.
pub(crate) async fn register(administrator: &Client, name: &str, identity: &Identity) -> Result<(), Failure> {
    let definition = json!({
        "Name": name,
        "Certificate": STANDARD.encode(&identity.certificate),
        "SecurityClearance": "ValidUser",
        "Permissions": {"Orders": "ReadWrite"},
    });
    let answer = administrator
        .once(&with_json("PUT", "/admin/certificates", &definition))
        .await?;
    if (200..300).contains(&answer.status) {
        Ok(())
    } else {
        answer.expect_ok().map(drop)
    }
}

/// Source of nginx's response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Its configuration, which is its cheapest source.
    Configuration,
    /// A file.
    File,
}

/// nginx with one worker, the site's certificates, and `body` for the request of [`WHOAMI`].
pub(crate) async fn nginx(bench: &Bench, site: &Site, body: &[u8], answer: Answer) -> Result<Server, Failure> {
    let address = free_address()?;
    let directory = bench.work.path().join(format!("nginx-{}", address.port()));
    let file = directory.join(format!("root{WHOAMI}"));
    fs::create_dir_all(file.parent().ok_or("the route has no folder")?)?;
    fs::write(file, body)?;
    let location = match answer {
        Answer::Configuration => format!("return 200 '{}';", std::str::from_utf8(body)?),
        Answer::File => format!("root '{}';", directory.join("root").display()),
    };
    let configuration = directory.join("nginx.conf");
    fs::write(
        &configuration,
        nginx_configuration(address, &directory, site, &location),
    )?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(&directory).arg("-c").arg(&configuration);
    let mut process = Process::start(&mut command, &bench.log("nginx"))?;
    let deadline = Instant::now() + START_DEADLINE;
    while tokio::net::TcpStream::connect(address).await.is_err() {
        process.check()?;
        if Instant::now() > deadline {
            return Err(format!("nginx does not listen{}", process.last_words()).into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(Server {
        name: match answer {
            Answer::Configuration => "nginx",
            Answer::File => "nginx, a file",
        },
        process,
        address,
    })
}

/// The program `bench_floor` with the site's certificates, and `body` for every request.
pub(crate) fn floor(bench: &Bench, site: &Site, body: &[u8]) -> Result<Server, Failure> {
    let body_file = bench.work.path().join("floor-body");
    fs::write(&body_file, body)?;
    let (process, address) = start_floor(bench, site, &[body_file.as_os_str()])?;
    Ok(Server {
        name: FLOOR,
        process,
        address,
    })
}

/// The program `bench_floor` with the site's certificates and these last arguments, and where it listens.
pub(crate) fn start_floor(bench: &Bench, site: &Site, work: &[&OsStr]) -> Result<(Process, SocketAddr), Failure> {
    let mut command = Command::new(bench.program("bench_floor"));
    command.args([site.file("server.crt"), site.file("server.key"), site.file("ca.crt")]);
    command.args(work);
    let mut process = Process::start(&mut command, &bench.log("bench_floor"))?;
    let mut line = String::new();
    let stdout = process.stdout().ok_or("bench_floor has no standard output")?;
    BufReader::new(stdout).read_line(&mut line)?;
    let address = line
        .trim()
        .parse()
        .map_err(|_| format!("bench_floor does not listen{}", process.last_words()))?;
    Ok((process, address))
}

impl Server {
    /// A client of this server.
    pub(crate) fn client(
        &self,
        site: &Site,
        identity: &Identity,
        key_exchange: KeyExchange,
    ) -> Result<Client, Failure> {
        Client::new(self.address, &site.ca, identity, key_exchange)
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn nginx_configuration(address: SocketAddr, directory: &Path, site: &Site, location: &str) -> String {
    let quoted = |path: PathBuf| format!("'{}'", path.display());
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {};\n", quoted(directory.join(kind))))
        .concat();
    format!(
        "daemon off;
worker_processes 1;
pid {pid};
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
{temporary}    access_log off;
    keepalive_requests 1000000000;
    server {{
        listen {address} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_client_certificate {ca};
        ssl_verify_client on;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache off;
        ssl_session_tickets off;
        default_type application/json;
        location / {{ {location} }}
    }}
}}
",
        pid = quoted(directory.join("nginx.pid")),
        certificate = quoted(site.file("server.crt")),
        key = quoted(site.file("server.key")),
        ca = quoted(site.file("ca.crt")),
    )
}

/// Name of `bench_floor` in the report.
pub(crate) const FLOOR: &str = "bare rustls";
/// RavenDB's route for the caller's own identity.
pub(crate) const WHOAMI: &str = "/certificates/whoami";
/// Redis Enterprise's route for the caller's own role.
pub(crate) const OWN_ROLE: &str = "/v1/users/role";
/// The setting's key; by default, the servers here log errors but no requests.
pub(crate) const LOG_LEVEL: &str = "Certward.Log.Level";
const START_DEADLINE: Duration = Duration::from_secs(60);
