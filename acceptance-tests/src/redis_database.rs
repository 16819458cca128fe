//! A Redis database behind mutual TLS on the reference server, and raw connections to it.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustls_pki_types::ServerName;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::mutual_tls::{Connection, client_config};
use crate::team::Team;
use crate::test_pki::Identity;

/// A database whose clients have certificates of the team's CA, and a role whose users may do everything in it.
pub struct RedisDatabase {
    /// The server and the CA.
    pub team: Team,
    /// The database's number.
    pub uid: u64,
    /// Its port on loopback.
    pub port: u16,
    /// The role.
    pub role: u64,
    /// The ACL of the role's users.
    pub redis_acl: u64,
}

/// A connection that speaks RESP.
pub struct Session {
    stream: BufReader<Box<dyn Stream>>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl RedisDatabase {
    /// A new server with a new database.
    pub async fn start() -> Self {
        Self::start_with(&json!({})).await
    }

    /// The same, with these members in the database's definition.
    ///
    /// # Panics
    ///
    /// As [`Self::start_on`].
    pub async fn start_with(members: &Value) -> Self {
        Self::start_on(Team::new(), members).await
    }

    /// The same on a team's server.
    ///
    /// # Panics
    ///
    /// If the server refuses, or the database does not become active within 20 s.
    pub async fn start_on(team: Team, members: &Value) -> Self {
        let mut admin = administrator(&team).await;
        let role = json!({ "name": "data", "management": "none" });
        let role = created(&mut admin, "/v1/roles", &role).await;
        let redis_acl = json!({ "name": "everything", "acl": "+@all ~* &*" });
        let redis_acl = created(&mut admin, "/v1/redis_acls", &redis_acl).await;
        let mut definition = json!({
            "name": "orders", "memory_size": 512 << 20, "tls_mode": "enabled",
            "enforce_client_authentication": "enabled", "default_user": true,
            "authentication_ssl_client_certs": [{ "client_cert": team.ca.certificate_pem() }],
            "roles_permissions": [{ "role_uid": role, "redis_acl_uid": redis_acl }],
        });
        for (name, value) in members.as_object().expect("members of an object") {
            definition[name] = value.clone();
        }
        let uid = created(&mut admin, "/v1/bdbs", &definition).await;
        let port = wait_until_active(&mut admin, uid).await;
        Self {
            team,
            uid,
            port,
            role,
            redis_acl,
        }
    }

    /// The administrator's connection to the API.
    pub async fn admin(&self) -> Connection {
        administrator(&self.team).await
    }

    /// Makes a user with the database's role, whose certificate has this common name alone.
    pub async fn create_user(&self, admin: &mut Connection, name: &str) -> u64 {
        let user = json!({
            "name": name, "auth_method": "certificate", "certificate_subject_line": format!("CN={name}"),
            "role_uids": [self.role],
        });
        created(admin, "/v1/users", &user).await
    }

    /// Connects with a certificate.
    ///
    /// # Errors
    ///
    /// If the connection or the handshake fails.
    pub async fn connect(&self, identity: &Identity) -> io::Result<Session> {
        let config = client_config(
            &self.team.server.read("ca.crt"),
            Some((&identity.certificate_pem, &identity.private_key_pem)),
        );
        let tcp = TcpStream::connect(("127.0.0.1", self.port)).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").expect("a DNS name");
        let stream = TlsConnector::from(config).connect(name, tcp).await?;
        Ok(Session::over(stream))
    }

    /// Connects with a certificate as soon as the database answers.
    ///
    /// # Panics
    ///
    /// If it does not within 30 s.
    pub async fn answering(&self, identity: &Identity) -> Session {
        let started = Instant::now();
        loop {
            if let Ok(mut session) = self.connect(identity).await
                && session.command(&["PING"]).await.is_ok_and(|reply| reply == "+PONG\r\n")
            {
                return session;
            }
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "the database is not back after 30 s:\n{}",
                self.team.server.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Files with the certificate and the key, for a program.
    pub fn files_of(&self, name: &str, identity: &Identity) -> (PathBuf, PathBuf) {
        let write = |kind, text: &str| self.team.server.write(&format!("{name}.{kind}"), text.as_bytes());
        (
            write("crt", &identity.certificate_pem),
            write("key", &identity.private_key_pem),
        )
    }
}

impl Session {
    /// Connects to a Redis on loopback, without TLS.
    ///
    /// # Errors
    ///
    /// If it cannot be reached.
    pub async fn plain(port: u16) -> io::Result<Self> {
        let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
        tcp.set_nodelay(true)?;
        Ok(Self::over(tcp))
    }

    fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self {
            stream: BufReader::with_capacity(64 * 1024, Box::new(stream)),
        }
    }

    /// Sends bytes.
    ///
    /// # Errors
    ///
    /// If the connection has ended.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Sends a command and reads its reply, as it stands on the wire.
    ///
    /// # Errors
    ///
    /// If the connection ends first.
    pub async fn command(&mut self, words: &[&str]) -> io::Result<String> {
        self.send(&request(words)).await?;
        let reply = self.reply().await?;
        Ok(String::from_utf8_lossy(&reply).into_owned())
    }

    /// Reads one reply of RESP2 or RESP3, pushes too, as it stands on the wire.
    ///
    /// # Errors
    ///
    /// If the connection ends first, or the bytes are not RESP.
    pub async fn reply(&mut self) -> io::Result<Vec<u8>> {
        let mut reply = Vec::new();
        let mut expected: usize = 1;
        while expected > 0 {
            expected -= 1;
            let start = reply.len();
            self.stream.read_until(b'\n', &mut reply).await?;
            let line = &reply[start..];
            let Some((kind, rest)) = line.strip_suffix(b"\r\n").and_then(|line| line.split_first()) else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            let length = || std::str::from_utf8(rest).ok()?.parse::<i64>().ok();
            match *kind {
                b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => {}
                b'$' | b'=' | b'!' => {
                    let length = length().ok_or(io::ErrorKind::InvalidData)?;
                    if let Ok(length) = usize::try_from(length) {
                        let end = reply.len() + length + 2;
                        let body = reply.len();
                        reply.resize(end, 0);
                        self.stream.read_exact(&mut reply[body..]).await?;
                    }
                }
                b'*' | b'~' | b'>' => {
                    let length = length().ok_or(io::ErrorKind::InvalidData)?;
                    expected += usize::try_from(length).unwrap_or(0);
                }
                b'%' => expected += 2 * usize::try_from(length().unwrap_or(0)).unwrap_or(0),
                other => {
                    return Err(io::Error::other(format!(
                        "a reply that starts with {:?}",
                        char::from(other)
                    )));
                }
            }
        }
        Ok(reply)
    }

    /// Waits until the peer has ended the connection, and discards data before that; returns the time it took.
    ///
    /// # Panics
    ///
    /// If it takes longer than `at_most`.
    pub async fn ended(&mut self, at_most: Duration) -> Duration {
        let started = Instant::now();
        let mut bytes = vec![0; 64 * 1024];
        let until_the_end = async { while let Ok(1..) = self.stream.read(&mut bytes).await {} };
        assert!(
            tokio::time::timeout(at_most, until_the_end).await.is_ok(),
            "the connection is open after {at_most:?}"
        );
        started.elapsed()
    }

    /// Both halves, for a client that sends without waiting for replies.
    #[must_use]
    pub fn split(self) -> (impl AsyncRead + Unpin + Send, impl AsyncWrite + Unpin + Send) {
        tokio::io::split(self.stream)
    }
}

/// A command as clients send it.
#[must_use]
pub fn request(words: &[&str]) -> Vec<u8> {
    let mut request = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        request.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    request
}

/// Sends a request to the API, and asserts that it succeeds.
///
/// # Panics
///
/// If it fails.
pub async fn change(admin: &mut Connection, method: &str, path: &str, body: &Value) -> Value {
    let bytes = if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    };
    let answer = admin.request(method, path, &bytes).await.expect("the API answers");
    let text = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 200, "{method} {path}: {text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

async fn created(admin: &mut Connection, path: &str, body: &Value) -> u64 {
    let created = change(admin, "POST", path, body).await;
    created["uid"].as_u64().expect("a uid is a number")
}

/// Gives the port.
async fn wait_until_active(admin: &mut Connection, uid: u64) -> u16 {
    let started = Instant::now();
    loop {
        let database = change(admin, "GET", &format!("/v1/bdbs/{uid}"), &Value::Null).await;
        if database["status"] == "active" {
            let port = database["port"].as_u64().expect("a port is a number");
            return u16::try_from(port).expect("a port has 16 bits");
        }
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "the database is {} after 20 s",
            database["status"]
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn administrator(team: &Team) -> Connection {
    let server = &team.server;
    let config = client_config(
        &server.read("ca.crt"),
        Some((&server.read("admin.crt"), &server.read("admin.key"))),
    );
    Connection::open(server.redis_enterprise_address(), &config)
        .await
        .expect("the API takes the administrator's connection")
}
