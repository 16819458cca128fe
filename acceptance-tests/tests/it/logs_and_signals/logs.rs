//! Whatever becomes of the log, the server serves.

use std::fs::{self, File};
use std::io::{PipeReader, PipeWriter, Read as _, Write as _, pipe};
use std::process::{Command, Stdio};
use std::time::Duration;

use certward_acceptance_tests::mutual_tls::{Connection, client_config};
use certward_acceptance_tests::programs::{installed, long_tests};
use certward_acceptance_tests::redis_database::RedisDatabase;
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::team::Team;
use certward_acceptance_tests::test_pki::TestCa;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;

use super::{ask, dropped_lines, eventually, operations, terminate};

/// A pipe that holds as much as it can.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    while writer.write(&[b'\n'; 1024]).is_ok() {}
    fcntl_setfl(&writer, flags).unwrap();
    (reader, writer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_nobody_reads_holds_nothing_up() {
    let (mut reader, writer) = full_pipe();
    let outputs = Box::new(move || {
        let output = || Stdio::from(writer.try_clone().unwrap());
        (output(), output())
    });
    let (metrics, argument) = operations();
    let server = ReferenceServer::start_writing_to(&[&argument], Some(outputs));
    let team = Team {
        server,
        ca: TestCa::new("Example Team CA"),
    };
    if !installed("redis-server") {
        return;
    }
    let mut database = RedisDatabase::start_on(team, &json!({})).await;
    let mut admin = database.admin().await;
    database.create_user(&mut admin, "reader").await;
    let seconds = if long_tests() { 60 } else { 10 };
    let longest = ask(&database.team.server, seconds * 200, 200).await;
    println!("the longest of {} requests took {longest:?}", seconds * 200);
    assert!(!long_tests() || longest < Duration::from_millis(100), "{longest:?}");
    let mut session = database.connect(&database.team.ca.issue("reader")).await.unwrap();
    assert_eq!(session.command(&["PING"]).await.unwrap(), "+PONG\r\n");
    // The queue holds the lines of a few thousand requests.
    while dropped_lines(metrics) == 0 {
        ask(&database.team.server, 500, 1000).await;
    }

    // It is read again: the log says how much is missing.
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        while !text.contains("lines were dropped") {
            let mut part = [0; 4096];
            let length = reader.read(&mut part).unwrap();
            text += &String::from_utf8_lossy(&part[..length]);
        }
        reader
    });
    ask(&database.team.server, 100, 200).await;
    let reader = tokio::task::spawn_blocking(|| reading.join().unwrap()).await.unwrap();

    // And again not, until the queue is full.
    let before = dropped_lines(metrics);
    while dropped_lines(metrics) == before {
        ask(&database.team.server, 200, 1000).await;
    }
    println!("the server has ended after {:?}", terminate(&mut database.team.server));
    drop(reader);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outputs_that_take_nothing_end_nothing() {
    let (reader, closed) = pipe().unwrap();
    drop(reader);
    let full = File::options().write(true).open("/dev/full").unwrap();
    for output in [Stdio::from(full).into(), Stdio::from(closed).into()] {
        let output: std::sync::Mutex<Option<Stdio>> = std::sync::Mutex::new(output);
        let outputs = Box::new(move || {
            let errors = output.lock().unwrap().take().expect("the server is started once");
            (File::options().write(true).open("/dev/full").unwrap().into(), errors)
        });
        let (metrics, argument) = operations();
        let mut server = ReferenceServer::start_writing_to(&[&argument], Some(outputs));
        ask(&server, 200, 200).await;
        eventually("lines are dropped", || dropped_lines(metrics) > 0).await;
        terminate(&mut server);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_file_that_has_reached_the_limit_on_files_ends_nothing() {
    const LIMIT: u64 = 8 * 1024 * 1024;
    let (metrics, argument) = operations();
    let mut server = ReferenceServer::start_with(&[&argument]);
    let log = File::options().write(true).open(server.log_path()).unwrap();
    let length = log.metadata().unwrap().len();
    log.set_len(LIMIT).unwrap();
    let pid = server.process_id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let limit = |current| {
        let limit = Rlimit { current, maximum: None };
        prlimit(pid, Resource::Fsize, limit).unwrap()
    };
    let usual = limit(Some(LIMIT));
    ask(&server, 50, 200).await;
    eventually("lines are dropped", || dropped_lines(metrics) > 0).await;
    limit(usual.current);
    ask(&server, 50, 200).await;
    eventually("the log tells of them", || server.log().contains("dropped")).await;
    terminate(&mut server);
    assert!(fs::metadata(server.log_path()).unwrap().len() > length);
}

#[test]
fn an_address_or_a_port_in_the_server_name_of_a_stranger_is_no_line_of_the_log() {
    let server = ReferenceServer::start();
    for name in ["192.0.2.1", "db.example:443", "a b"] {
        let mut client = Command::new("openssl");
        client.args([
            "s_client",
            "-servername",
            name,
            "-connect",
            &server.address().to_string(),
        ]);
        client.stdin(Stdio::null()).output().unwrap();
    }
    // A thread of its own writes the log.
    std::thread::sleep(Duration::from_millis(500));
    assert!(!server.log().contains("SNI"), "{}", server.log());
}

#[tokio::test]
async fn a_start_warns_once_of_each_certificate_that_expires_within_the_days_of_the_setting() {
    let server = ReferenceServer::start_with(&["--Certward.Expiry.WarnDaysBefore=30;1000"]);
    // `setup` makes it for 825 days; some seconds have passed.
    let line = "WARN the server certificate expires in 82";
    eventually(line, || server.log().contains(line)).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let log = server.log();
    assert_eq!(log.matches("the server certificate expires").count(), 1, "{log}");
    // The cluster makes others for 365 days, which nothing shows.
    assert!(!log.contains("syncer"), "{log}");
    let without = ReferenceServer::start_with(&["--Certward.Expiry.WarnDaysBefore=none"]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!without.log().contains("expires in"), "{}", without.log());
}

#[tokio::test]
async fn the_line_of_a_refused_request_says_why() {
    let team = Team::trusted();
    let stranger = TestCa::new("Somebody else's CA").issue("mallory");
    team.holder(&stranger).get("/v1/cluster").expect(401);
    let wrong = team.nobody().user("admin@cert.test", "wrong");
    wrong.get("/v1/cluster").expect(401);
    team.nobody()
        .header("Authorization: Basic ?")
        .get("/v1/cluster")
        .expect(401);
    for line in [
        "refused.reason=\"untrusted_certificate\" refused.detail=\"the certificate lets nobody in: the certificate is not \
         trusted: no certificate of mtls_trusted_ca stands above the certificate; its issuer is \\\"CN=Somebody else's CA\\\"\"",
        "refused.reason=\"wrong_password\" refused.detail=\"the name or the password is wrong\"",
        "refused.reason=\"malformed_credentials\"",
    ] {
        eventually(line, || team.server.log().contains(line)).await;
    }
    let identity = TestCa::new("CA").issue("unregistered");
    let (certificate, key) = (identity.certificate_pem, identity.private_key_pem);
    let config = client_config(&team.server.read("ca.crt"), Some((&certificate, &key)));
    let mut connection = Connection::open(team.server.address(), &config).await.unwrap();
    connection.request("GET", "/admin/certificates", b"").await.unwrap();
    let line = "refused.reason=\"unknown_certificate\"";
    eventually(line, || team.server.log().contains(line)).await;
}

#[tokio::test]
async fn a_handshake_with_more_certificates_than_are_read_is_a_line_of_the_log() {
    let server = ReferenceServer::start();
    let identity = TestCa::new("CA").issue("client");
    let chain = identity.certificate_pem.repeat(6);
    let config = client_config(&server.read("ca.crt"), Some((&chain, &identity.private_key_pem)));
    for _ in 0..20 {
        if let Ok(mut connection) = Connection::open(server.address(), &config).await {
            connection
                .request("GET", "/certificates/whoami", b"")
                .await
                .unwrap_err();
        }
    }
    let line = "the client sent more certificates than are read intermediates=5 intermediates.at_most=4";
    eventually(line, || server.log().contains(line)).await;
    assert!(server.log().matches(line).count() < 10, "{}", server.log());
}
