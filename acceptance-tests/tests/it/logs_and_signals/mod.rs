//! Readers of the log that do not read, full disks, and signals: the server goes on, or ends, as it should.

mod callers;
mod logs;
mod signals;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use certward_acceptance_tests::mutual_tls::{Connection, client_config};
use certward_acceptance_tests::redis_database::RedisDatabase;
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::team::Team;
use certward_acceptance_tests::test_pki::TestCa;
use rustix::process::Signal;
use serde_json::json;

/// The requirement is 10 s on a machine that does nothing else.
const END: Duration = Duration::from_secs(20);

/// An address for health and metrics that was free a moment ago, and the argument that names it.
fn operations() -> (SocketAddr, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (address, format!("--Certward.Operations.ServerUrl=http://{address}"))
}

/// The number of log lines that were dropped, by `/metrics`.
fn dropped_lines(operations: SocketAddr) -> u64 {
    let mut stream = TcpStream::connect(operations).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("certward_log_lines_dropped_total "));
    line.unwrap_or_else(|| panic!("no such metric in {answer}"))
        .trim()
        .parse()
        .unwrap()
}

/// The administrator's connection to RavenDB's API.
async fn administrator(server: &ReferenceServer) -> io::Result<Connection> {
    let config = client_config(
        &server.read("ca.crt"),
        Some((&server.read("admin.crt"), &server.read("admin.key"))),
    );
    Connection::open(server.address(), &config).await
}

/// Asks `count` times who the administrator is, at `rate` requests a second; every answer is 200. Gives the longest time
/// that one took.
async fn ask(server: &ReferenceServer, count: u32, rate: u32) -> Duration {
    let mut connection = administrator(server).await.unwrap();
    let began = Instant::now();
    let mut longest = Duration::ZERO;
    for number in 0..count {
        let due = began + Duration::from_secs(1) * number / rate;
        tokio::time::sleep_until(due.into()).await;
        let asked = Instant::now();
        let request = connection.request("GET", "/certificates/whoami", b"");
        let answer = tokio::time::timeout(Duration::from_secs(30), request).await;
        let answer = answer
            .unwrap_or_else(|_| panic!("request {number} has no answer"))
            .unwrap();
        assert_eq!(answer.status, 200, "request {number}");
        longest = longest.max(asked.elapsed());
    }
    longest
}

/// A database on a server with these arguments.
async fn database(arguments: &[&str]) -> RedisDatabase {
    let team = Team {
        server: ReferenceServer::start_with(arguments),
        ca: TestCa::new("Example Team CA"),
    };
    RedisDatabase::start_on(team, &json!({})).await
}

/// Ends the server by SIGTERM: exit code 0, and no engine is left.
fn terminate(server: &mut ReferenceServer) -> Duration {
    let began = Instant::now();
    server.signal(Signal::TERM);
    let status = server.wait(END).expect("SIGTERM ends the server");
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(server.engines().is_empty(), "an engine has outlived the server");
    began.elapsed()
}

/// Waits until `holds`.
async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "not in 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
