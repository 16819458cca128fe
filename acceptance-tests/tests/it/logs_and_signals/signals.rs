//! SIGTERM, SIGINT and SIGHUP, whatever hangs.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use certward_acceptance_tests::mutual_tls::Connection;
use certward_acceptance_tests::programs::installed;
use certward_acceptance_tests::redis_database::{RedisDatabase, Session, request};
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::team::Team;
use certward_acceptance_tests::test_pki::TestCa;
use rustix::process::{Pid, Signal, kill_process};

use super::{END, administrator, ask, database, eventually, terminate};

/// Stops the engines, so that they answer nothing and do not end by SIGTERM.
pub(super) fn freeze_engines(server: &ReferenceServer) {
    for pid in server.engines().into_iter().filter_map(Pid::from_raw) {
        kill_process(pid, Signal::STOP).unwrap();
    }
}

/// A database, its administrator's connection to the API, and a connection of its only user.
async fn database_with_a_client() -> (RedisDatabase, Connection, Session) {
    let database = database(&[]).await;
    let mut admin = database.admin().await;
    database.create_user(&mut admin, "client").await;
    let session = database.answering(&database.team.ca.issue("client")).await;
    (database, admin, session)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_ends_a_server_whose_engines_and_clients_do_nothing() {
    if !installed("redis-server") {
        return;
    }
    let (mut database, _, mut session) = database_with_a_client().await;
    let server = &database.team.server;
    // Handshakes that do not go on, and a connection without a request.
    let addresses = [
        server.address(),
        server.redis_enterprise_address(),
        ([127, 0, 0, 1], database.port).into(),
    ];
    let mut half_open = Vec::new();
    for address in addresses {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&[22, 3, 1]).unwrap();
        half_open.push(stream);
    }
    let mut idle = administrator(server).await.unwrap();
    let ask = idle.request("GET", "/certificates/whoami", b"");
    assert_eq!(ask.await.unwrap().status, 200);
    freeze_engines(server);
    // An answer of the engine that does not come.
    let waiting = tokio::spawn(async move { session.command(&["PING"]).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    println!("ended after {:?}", terminate(&mut database.team.server));
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_ends_a_server_whose_engine_is_busy_and_whose_clients_neither_read_nor_end_their_requests() {
    if !installed("redis-server") {
        return;
    }
    let (mut database, mut admin, mut session) = database_with_a_client().await;
    session
        .send(&request(&["EVAL", "while true do end", "0"]))
        .await
        .unwrap();
    let server = &database.team.server;
    // Answers that are asked for and not read, more than the buffers hold.
    let reading_nothing =
        tokio::spawn(async move { while admin.send("", "GET", "/v1/openapi.json", b"").await.is_ok() {} });
    // A request over HTTP/2 whose body does not end.
    let mut upload = Command::new("curl")
        .args(["--silent", "--http2", "--upload-file", "-", "--cacert"])
        .arg(server.path("ca.crt"))
        .arg("--cert")
        .arg(server.path("admin.crt"))
        .arg("--key")
        .arg(server.path("admin.key"))
        .args(["--header", "Content-Type: application/json"])
        .arg(format!("{}/v1/cluster", server.redis_enterprise_endpoint()))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    upload.stdin.as_mut().unwrap().write_all(b"{").unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!("ended after {:?}", terminate(&mut database.team.server));
    reading_nothing.await.unwrap();
    upload.kill().unwrap();
    upload.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_the_server_at_once_and_no_engine_is_left() {
    if !installed("redis-server") {
        return;
    }
    let mut database = database(&["--Certward.Limits.DrainTimeoutInSec=300"]).await;
    let server = &mut database.team.server;
    freeze_engines(server);
    server.signal(Signal::INT);
    assert!(server.wait(Duration::from_secs(1)).is_none(), "it waits for the engine");
    server.signal(Signal::TERM);
    let status = server.wait(END).expect("a second signal ends the server");
    assert_eq!(status.code(), Some(0), "{}", server.log());
    eventually("the engines are gone", || server.engines().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sighup_opens_the_audit_file_again_and_reads_the_certificate_as_a_start_does() {
    let folder = tempfile::tempdir().unwrap();
    let argument = format!("--Security.AuditLog.FolderPath={}", folder.path().display());
    let server = ReferenceServer::start_with(&[&argument]);
    let (file, old) = (folder.path().join("audit.log"), folder.path().join("audit.log.1"));
    fs::rename(&file, &old).unwrap();
    server.signal(Signal::HUP);
    eventually("the file is opened again", || {
        server.log().contains("the file of the audit log has been opened again")
            && server.log().contains("it is the one in force")
    })
    .await;
    let kept = fs::read_to_string(&old).unwrap();
    let team = Team {
        server,
        ca: TestCa::new("Example Team CA"),
    };
    team.admin()
        .request("POST", "/v1/roles", Some(r#"{"name":"data","management":"none"}"#))
        .expect(200);
    let mut server = team.server;
    eventually("a record is in the new file", || {
        fs::read_to_string(&file).unwrap_or_default().contains("\"sequence\"")
    })
    .await;
    assert_eq!(fs::read_to_string(&old).unwrap(), kept);

    // What a start refuses, this refuses too.
    let certificate = server.path("server.pfx");
    fs::set_permissions(&certificate, fs::Permissions::from_mode(0o644)).unwrap();
    server.signal(Signal::HUP);
    eventually("the certificate is refused", || {
        server.log().contains("can be read by others")
    })
    .await;
    ask(&server, 10, 200).await;
    fs::set_permissions(&certificate, fs::Permissions::from_mode(0o600)).unwrap();
    terminate(&mut server);
}
