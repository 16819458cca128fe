//! The least that mutual TLS over HTTP/1.1 costs with rustls: demands a client certificate of a CA, reads a request up to
//! its blank line, and answers fixed bytes. Or the least that a TLS front costs: it copies to a Unix socket and back. The
//! benchmarks hold Certward against it.
//!
//! Usage: `bench_floor CERTIFICATE KEY CLIENT_CA BODY` (files; the first three PEM), or `… --copy SOCKET` in place of the
//! body. Prints its address on a line.

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [certificate, key, client_ca, work @ ..] = arguments.as_slice() else {
        return Err(USAGE.into());
    };
    let acceptor = TlsAcceptor::from(Arc::new(tls(certificate, key, client_ca)?));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    match work {
        [body] => {
            let content = std::fs::read(body).map_err(|error| of_file(body, &error))?;
            answer_all(&listener, &acceptor, &content).await
        }
        [flag, socket] if flag == "--copy" => copy_all(&listener, &acceptor, socket).await,
        _ => Err(USAGE.into()),
    }
}

/// Accepts connections for ever. One that fails concerns its client, which notices.
async fn copy_all(listener: &TcpListener, acceptor: &TlsAcceptor, upstream: &str) -> Result<(), Box<dyn Error>> {
    loop {
        let (socket, _) = listener.accept().await?;
        let (acceptor, upstream) = (acceptor.clone(), upstream.to_owned());
        tokio::spawn(async move { copy(socket, &acceptor, &upstream).await.ok() });
    }
}

async fn copy(socket: TcpStream, acceptor: &TlsAcceptor, upstream: &str) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut client = acceptor.accept(socket).await?;
    let mut upstream = UnixStream::connect(upstream).await?;
    tokio::io::copy_bidirectional_with_sizes(&mut client, &mut upstream, COPY_BUFFER, COPY_BUFFER).await?;
    Ok(())
}

/// Accepts connections for ever, and answers each request with `body`.
async fn answer_all(listener: &TcpListener, acceptor: &TlsAcceptor, body: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    let answer: Arc<[u8]> = answer.into();
    loop {
        let (socket, _) = listener.accept().await?;
        let (acceptor, answer) = (acceptor.clone(), Arc::clone(&answer));
        tokio::spawn(async move { serve(socket, &acceptor, &answer).await.ok() });
    }
}

fn tls(certificate: &str, key: &str, client_ca: &str) -> Result<ServerConfig, Box<dyn Error>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut trusted = RootCertStore::empty();
    for ca in certificates(client_ca)? {
        trusted.add(ca)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), Arc::clone(&provider)).build()?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            certificates(certificate)?,
            PrivateKeyDer::from_pem_file(key).map_err(|error| of_file(key, &error))?,
        )?;
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| of_file(path, &error))
}

fn of_file(path: &str, error: &dyn Error) -> String {
    format!("cannot read {path}: {error}")
}

async fn serve(socket: TcpStream, acceptor: &TlsAcceptor, answer: &[u8]) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut stream = acceptor.accept(socket).await?;
    let mut request = Vec::with_capacity(1024);
    while stream.read_buf(&mut request).await? > 0 {
        if request.ends_with(b"\r\n\r\n") {
            stream.write_all(answer).await?;
            stream.flush().await?;
            request.clear();
        } else if request.len() > MAX_REQUEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    stream.shutdown().await
}

const USAGE: &str = "usage: bench_floor CERTIFICATE KEY CLIENT_CA BODY | --copy SOCKET";
/// A TLS record's.
const COPY_BUFFER: usize = 16 * 1024;
const MAX_REQUEST: usize = 64 * 1024;
