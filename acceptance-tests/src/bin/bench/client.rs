//! The load: a small HTTP/1.1 client over rustls that costs little beside the servers it measures.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Failure;
use crate::site::Identity;

/// The key exchange that the client offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyExchange {
    /// Supported by all servers here, OpenSSL 3.0 included.
    X25519,
    /// The hybrid with ML-KEM-768, which rustls prefers and OpenSSL has since 3.5.
    X25519MlKem768,
}

/// Address of a server, and the client's identity.
#[derive(Clone)]
pub(crate) struct Client {
    connector: TlsConnector,
    address: SocketAddr,
}

/// An open connection.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    received: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(
        address: SocketAddr,
        ca: &CertificateDer<'static>,
        identity: &Identity,
        key_exchange: KeyExchange,
    ) -> Result<Self, Failure> {
        let chain = vec![identity.certificate.clone()];
        Self::with_chain(address, ca, chain, &identity.key, key_exchange)
    }

    /// The same, with the certificates above the client's own.
    pub(crate) fn with_chain(
        address: SocketAddr,
        ca: &CertificateDer<'static>,
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'static>,
        key_exchange: KeyExchange,
    ) -> Result<Self, Failure> {
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        provider.kx_groups = vec![match key_exchange {
            KeyExchange::X25519 => rustls::crypto::aws_lc_rs::kx_group::X25519,
            KeyExchange::X25519MlKem768 => rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768,
        }];
        let mut trusted = RootCertStore::empty();
        trusted.add(ca.clone())?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(trusted)
            .with_client_auth_cert(chain, key.clone_key())?;
        config.resumption = Resumption::disabled();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            address,
        })
    }

    /// A new connection with a full handshake.
    pub(crate) async fn connect(&self) -> Result<Connection, Failure> {
        self.connect_from(Ipv4Addr::LOCALHOST).await
    }

    /// The same from another loopback address, because one has only some 28,000 ports to give.
    pub(crate) async fn connect_from(&self, source: Ipv4Addr) -> Result<Connection, Failure> {
        let socket = TcpSocket::new_v4()?;
        if source != Ipv4Addr::LOCALHOST {
            socket.bind(SocketAddr::from((source, 0)))?;
        }
        let socket = socket.connect(self.address).await?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = self.connector.connect(name, socket).await?;
        Ok(Connection {
            stream,
            received: Vec::with_capacity(4096),
        })
    }

    /// One request on a connection of its own.
    pub(crate) async fn once(&self, request: &[u8]) -> Result<Answer, Failure> {
        let mut connection = self.connect().await?;
        let answer = connection.exchange(request).await?;
        connection.close().await;
        Ok(answer)
    }

    /// `count` connections of one request each, `at_once` at a time; every answer must be 200.
    pub(crate) async fn new_connections(
        &self,
        request: &Arc<[u8]>,
        count: usize,
        at_once: usize,
    ) -> Result<(), Failure> {
        let mut tasks = JoinSet::new();
        for _ in 0..at_once {
            let (client, request) = (self.clone(), Arc::clone(request));
            tasks.spawn(async move {
                for _ in 0..count / at_once {
                    client.once(&request).await?.expect_ok()?;
                }
                Ok::<_, Failure>(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// `count` requests over the connections that [`Self::open`] opened, one at a time on each.
    pub(crate) async fn keep_alive(
        connections: Vec<Connection>,
        request: &Arc<[u8]>,
        count: usize,
    ) -> Result<Vec<Connection>, Failure> {
        let each = count / connections.len();
        let mut tasks = JoinSet::new();
        for mut connection in connections {
            let request = Arc::clone(request);
            tasks.spawn(async move {
                for _ in 0..each {
                    connection.exchange(&request).await?.expect_ok()?;
                }
                Ok::<_, Failure>(connection)
            });
        }
        let mut connections = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            connections.push(ended??);
        }
        Ok(connections)
    }

    /// Connections that have made one request each.
    pub(crate) async fn open(&self, request: &[u8], connections: usize) -> Result<Vec<Connection>, Failure> {
        let mut opened = Vec::new();
        for _ in 0..connections {
            let mut connection = self.connect().await?;
            connection.exchange(request).await?.expect_ok()?;
            opened.push(connection);
        }
        Ok(opened)
    }
}

impl Connection {
    /// Sends a request and reads its whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        self.send(request).await?;
        self.received.clear();
        loop {
            if let Some(answer) = parse(&self.received)? {
                return Ok(answer);
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err("the server closed the connection before its answer".into());
            }
        }
    }

    /// Sends bytes and reads until `expected` has come, which must be all that comes.
    pub(crate) async fn expect(&mut self, bytes: &[u8], expected: &[u8]) -> Result<(), Failure> {
        self.send(bytes).await?;
        self.received.clear();
        while self.received.len() < expected.len() && expected.starts_with(&self.received) {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err("the server closed the connection before its answer".into());
            }
        }
        if self.received == expected {
            return Ok(());
        }
        Err(format!("the server answered {:?}", String::from_utf8_lossy(&self.received)).into())
    }

    /// Sends bytes.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(bytes).await?;
        Ok(self.stream.flush().await?)
    }

    /// Receives at most so many bytes, and gives how many; 0 at the end.
    pub(crate) async fn receive(&mut self, most: usize) -> Result<usize, Failure> {
        let mut bytes = vec![0; most];
        Ok(self.stream.read(&mut bytes).await?)
    }

    /// Says goodbye; whether the server hears it does not matter here.
    pub(crate) async fn close(mut self) {
        let _ = self.stream.shutdown().await;
    }
}

impl Answer {
    /// Fails for any status but 200.
    pub(crate) fn expect_ok(self) -> Result<Self, Failure> {
        if self.status == 200 {
            return Ok(self);
        }
        Err(format!(
            "the server answered {}: {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        )
        .into())
    }
}

/// A request without a body.
pub(crate) fn get(path: &str) -> Arc<[u8]> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .into_bytes()
        .into()
}

/// A request with a JSON body.
pub(crate) fn with_json(method: &str, path: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The answer when all of it has come: with a length or without a body.
fn parse(received: &[u8]) -> Result<Option<Answer>, Failure> {
    let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&received[..end])?;
    let body = &received[end + 4..];
    let status: u16 = head.split(' ').nth(1).ok_or("no status line")?.parse()?;
    let header = |name: &str| {
        head.split("\r\n").skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    if let Some(length) = header("content-length") {
        let length: usize = length.parse()?;
        return Ok((body.len() >= length).then(|| Answer {
            status,
            body: body[..length].to_vec(),
        }));
    }
    if header("transfer-encoding").is_some() {
        return Err("the answer has no Content-Length, and this client reads no chunks".into());
    }
    Ok(Some(Answer {
        status,
        body: Vec::new(),
    }))
}
