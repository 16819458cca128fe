//! Clients with certificates of their own.

use std::sync::Arc;
use std::time::Duration;

use certward_pki::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::world::{NOW, PATIENCE};
use crate::resp::arguments;
use certward_redis_model::database::ClientCertificates;

/// A client of the database.
pub(super) struct TestClient(Box<dyn Stream>);

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl TestClient {
    pub(super) fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self(Box::new(stream))
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// As [`Self::send`], where the connection may have been cut.
    pub(super) async fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    /// Says that nothing more will be sent.
    pub(super) async fn finish(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// As [`Self::finish`], where the connection may have been cut.
    pub(super) async fn try_finish(&mut self) -> std::io::Result<()> {
        self.0.shutdown().await
    }

    pub(super) async fn read(&mut self, bytes: &mut [u8]) {
        tokio::time::timeout(PATIENCE, self.0.read_exact(bytes))
            .await
            .unwrap()
            .unwrap();
    }

    /// Reads what comes next, if anything does.
    pub(super) async fn read_some(&mut self, bytes: &mut [u8]) {
        let _ = tokio::time::timeout(PATIENCE, self.0.read(bytes)).await.unwrap();
    }

    /// Reads exactly this.
    pub(super) async fn expect(&mut self, expected: &str) {
        let mut bytes = vec![0; expected.len()];
        let mut at = 0;
        while at < bytes.len() {
            let read = self.0.read(&mut bytes[at..]);
            let read = tokio::time::timeout(PATIENCE, read).await;
            match read {
                Ok(Ok(count)) if count > 0 => at += count,
                other => panic!("{} and then {other:?}, not {expected:?}", bytes[..at].escape_ascii()),
            }
            let known = String::from_utf8_lossy(&bytes[..at]).into_owned();
            assert!(expected.starts_with(&known), "{known:?}, not {expected:?}");
        }
    }

    /// The first line of the answer to a command; the value when the line says how long it is.
    pub(super) async fn ask(&mut self, arguments: &[&str]) -> String {
        self.send(&encode(arguments)).await;
        let line = self.line().await;
        match line.strip_prefix('$').map(str::parse::<usize>) {
            Some(Ok(length)) => {
                let mut value = vec![0; length + 2];
                self.read(&mut value).await;
                String::from_utf8(value[..length].to_vec()).unwrap()
            }
            _ => line,
        }
    }

    pub(super) async fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let byte = tokio::time::timeout(PATIENCE, self.0.read_u8()).await.unwrap().unwrap();
            line.push(byte);
        }
        line.truncate(line.len() - 2);
        String::from_utf8(line).unwrap()
    }

    /// Everything until the end of the connection, in whatever way it ends.
    pub(super) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut rest))
            .await
            .expect("the connection ends");
        String::from_utf8(rest).unwrap()
    }

    /// Everything until the end of the connection, whatever it is.
    pub(super) async fn rest_bytes(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut rest))
            .await
            .expect("the connection ends");
        rest
    }

    /// Waits for the end, within the second in which it must come; three for a machine that is busy.
    pub(super) async fn is_cut(&mut self) {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(3), self.0.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "the connection is open");
    }
}

/// A certificate and its key.
pub(super) struct ClientIdentity {
    pub(super) certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl ClientIdentity {
    pub(super) fn pem(&self) -> String {
        Certificate::from_der(self.certificate.clone()).unwrap().to_pem()
    }

    pub(super) fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = parameters(name, NOW + time::Duration::days(30))
            .self_signed(&key)
            .unwrap();
        Self {
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }
}

impl Clone for ClientIdentity {
    fn clone(&self) -> Self {
        Self {
            certificate: self.certificate.clone(),
            key: self.key.clone_key(),
        }
    }
}

pub(super) struct TestCa(CertifiedIssuer<'static, KeyPair>);

impl TestCa {
    pub(super) fn new(name: &str) -> Self {
        Self::with_key_usage(name, KeyUsagePurpose::KeyCertSign)
    }

    pub(super) fn with_key_usage(name: &str, usage: KeyUsagePurpose) -> Self {
        let mut parameters = parameters(name, NOW + time::Duration::days(365));
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![usage];
        Self(CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn trusted(&self) -> ClientCertificates {
        let certificate = Certificate::from_der(self.0.der().to_vec()).unwrap();
        ClientCertificates::from_pem_texts(vec![certificate.to_pem()]).unwrap()
    }

    pub(super) fn client(&self, name: &str) -> ClientIdentity {
        self.client_until(name, NOW + time::Duration::days(30))
    }

    pub(super) fn client_until(&self, name: &str, not_after: OffsetDateTime) -> ClientIdentity {
        self.issue(name, not_after, &[ExtendedKeyUsagePurpose::ClientAuth])
    }

    /// A client whose certificate names these purposes; without any, it has no extended key usage.
    pub(super) fn client_for(&self, name: &str, purposes: &[ExtendedKeyUsagePurpose]) -> ClientIdentity {
        self.issue(name, NOW + time::Duration::days(30), purposes)
    }

    fn issue(&self, name: &str, not_after: OffsetDateTime, purposes: &[ExtendedKeyUsagePurpose]) -> ClientIdentity {
        let mut parameters = parameters(name, not_after);
        parameters.extended_key_usages = purposes.to_vec();
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.0).unwrap();
        ClientIdentity {
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }
}

pub(super) fn encode(arguments: &[&str]) -> Vec<u8> {
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.as_bytes()).collect();
    arguments::encode(&arguments).to_vec()
}

fn parameters(name: &str, not_after: OffsetDateTime) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = NOW - time::Duration::days(365);
    parameters.not_after = not_after;
    parameters
}

/// Makes a handshake. In TLS 1.3 the server may refuse the client afterwards.
pub(super) async fn handshake(port: u16, identity: Option<ClientIdentity>) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
    let name = ServerName::try_from("db.example").unwrap();
    TlsConnector::from(client_config(identity)).connect(name, tcp).await
}

fn client_config(identity: Option<ClientIdentity>) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer));
    Arc::new(match identity {
        None => config.with_no_client_auth(),
        Some(ClientIdentity { certificate, key }) => config.with_client_auth_cert(vec![certificate], key).unwrap(),
    })
}

/// The tests are about clients, at a time of their own.
#[derive(Debug)]
struct AnyServer;

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        provider.signature_verification_algorithms.supported_schemes()
    }
}
