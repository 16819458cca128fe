//! HTTP/1.1 over one TLS connection with a client certificate: for tests that are about the connection itself.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A connection that stays open until it is dropped or the other side ends it.
pub struct Connection {
    stream: BufReader<TlsStream<TcpStream>>,
}

/// A status and a body.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
}

/// TLS configuration of a client: its certificate and its trust anchors.
#[must_use]
pub fn client_config(ca_pem: &str, identity: Option<(&str, &str)>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        roots
            .add(certificate.expect("the CA is PEM"))
            .expect("the CA can be an anchor");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has TLS 1.2 and 1.3")
        .with_root_certificates(roots);
    Arc::new(match identity {
        None => builder.with_no_client_auth(),
        Some((certificate_pem, key_pem)) => builder
            .with_client_auth_cert(
                CertificateDer::pem_slice_iter(certificate_pem.as_bytes())
                    .map(|der| der.expect("PEM"))
                    .collect(),
                PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).expect("the key is PEM"),
            )
            .expect("the key is usable"),
    })
}

impl Connection {
    /// Opens a connection to `address`, a loopback address that the server's certificate names.
    ///
    /// # Errors
    ///
    /// If the connection or the handshake fails.
    pub async fn open(address: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<Self> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::IpAddress(address.ip().into());
        let stream = TlsConnector::from(Arc::clone(config)).connect(name, tcp).await?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    ///
    /// If the connection ends before the response does.
    pub async fn request(&mut self, method: &str, path: &str, body: &[u8]) -> io::Result<Answer> {
        self.request_with("", method, path, body).await
    }

    /// The same with further header lines, each with its line end.
    ///
    /// # Errors
    ///
    /// As [`Self::request`].
    pub async fn request_with(&mut self, lines: &str, method: &str, path: &str, body: &[u8]) -> io::Result<Answer> {
        self.send(lines, method, path, body).await?;
        self.answer().await
    }

    /// Sends a request with these further header lines, and does not read the answer.
    ///
    /// # Errors
    ///
    /// If the connection ends.
    pub async fn send(&mut self, lines: &str, method: &str, path: &str, body: &[u8]) -> io::Result<()> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{lines}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.stream.write_all(head.as_bytes()).await?;
        self.stream.write_all(body).await?;
        self.stream.flush().await
    }

    /// Waits until the server closes the connection.
    ///
    /// # Errors
    ///
    /// If the server sends something instead.
    pub async fn closed(&mut self) -> io::Result<()> {
        let mut byte = [0];
        match self.stream.read(&mut byte).await {
            Ok(0) => Ok(()),
            Ok(_) => Err(io::Error::other("the server sent something")),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn answer(&mut self) -> io::Result<Answer> {
        let status_line = self.line().await?;
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .ok_or_else(|| io::Error::other(format!("not a status line: {status_line:?}")))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line().await?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        }
        let mut body = Vec::new();
        loop {
            if chunked {
                length = usize::from_str_radix(&self.line().await?, 16).map_err(io::Error::other)?;
            }
            let start = body.len();
            body.resize(start + length, 0);
            self.stream.read_exact(&mut body[start..]).await?;
            if !chunked {
                return Ok(Answer { status, body });
            }
            self.line().await?;
            if length == 0 {
                return Ok(Answer { status, body });
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
