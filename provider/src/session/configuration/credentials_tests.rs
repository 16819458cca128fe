//! Files of the provider block, and what of them the clients show to a server.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tf_provider::value::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::session::configuration::ProviderBlock;
use crate::session::connection::Connection;

struct NoVariables;

impl crate::session::configuration::Environment for NoVariables {
    fn get(&self, _: &str) -> Option<String> {
        None
    }
}

struct Variables(Vec<(&'static str, String)>);

impl crate::session::configuration::Environment for Variables {
    fn get(&self, variable: &str) -> Option<String> {
        self.0
            .iter()
            .find_map(|(name, value)| (*name == variable).then(|| value.clone()))
    }
}

fn text(text: &str) -> Value<String> {
    Value::Value(text.to_owned())
}

fn path(path: &Path) -> Value<String> {
    text(path.to_str().unwrap())
}

fn named(name: &str, ca: bool) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    if ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params
}

/// A root, an intermediate below it, and a client below that.
struct Pki {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: String,
    leaf: String,
    key: String,
}

impl Pki {
    fn new() -> Self {
        let root = CertifiedIssuer::self_signed(named("root", true), KeyPair::generate().unwrap()).unwrap();
        let middle_key = KeyPair::generate().unwrap();
        let intermediate = named("intermediate", true).signed_by(&middle_key, &root).unwrap();
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::new(named("intermediate", true), middle_key);
        let leaf = named("client", false).signed_by(&key, &issuer).unwrap();
        Self {
            root,
            intermediate: intermediate.pem(),
            leaf: leaf.pem(),
            key: key.serialize_pem(),
        }
    }

    /// A server that takes clients below the root only, and tells which certificates each has shown.
    async fn serve(&self) -> (String, mpsc::UnboundedReceiver<Vec<CertificateDer<'static>>>) {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.root.der().clone()).unwrap();
        let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let key = KeyPair::generate().unwrap();
        let own = named("server", false).signed_by(&key, &self.root).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(
                vec![own.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("https://{}", listener.local_addr().unwrap());
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let shown = match acceptor.accept(socket).await {
                    Ok(stream) => stream.get_ref().1.peer_certificates().unwrap_or_default().to_vec(),
                    Err(_) => Vec::new(),
                };
                let shown = shown.into_iter().map(CertificateDer::into_owned).collect();
                sender.send(shown).unwrap();
            }
        });
        (endpoint, receiver)
    }
}

#[tokio::test]
async fn every_form_of_the_configuration_shows_the_chain_that_it_has() {
    let pki = Pki::new();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let chain = format!("{}{}", pki.leaf, pki.intermediate);
    let (chain_file, key_file) = (file("chain.crt", &chain), file("client.key", &pki.key));
    let all = file("all.pem", &format!("{}{chain}", pki.key));
    // Authorities first, as some programs write them; with the root, which need not be sent but does no harm.
    let authorities = file("authorities.crt", &format!("{}{}", pki.root.pem(), pki.intermediate));
    let leaf_file = file("leaf.crt", &pki.leaf);
    let pkcs12_path = folder.path().join("client.pfx");
    let openssl = Command::new("openssl")
        .args(["pkcs12", "-export", "-passout", "pass:secret-4711", "-in"])
        .arg(&leaf_file)
        .arg("-inkey")
        .arg(&key_file)
        .arg("-certfile")
        .arg(&authorities)
        .arg("-out")
        .arg(&pkcs12_path)
        .output()
        .unwrap();
    assert!(openssl.status.success(), "{}", String::from_utf8_lossy(&openssl.stderr));

    let expected: Vec<CertificateDer<'static>> = certificates_from_pem(&chain)
        .unwrap()
        .iter()
        .map(|certificate| certificate.der().clone())
        .collect();
    let block = |change: &dyn Fn(&mut ProviderBlock)| {
        let mut block = ProviderBlock::default();
        change(&mut block);
        block
    };
    let forms = [
        block(&|block| {
            block.client_certificate_file = path(&chain_file);
            block.client_private_key_file = path(&key_file);
        }),
        block(&|block| {
            block.client_certificate_file = path(&all);
            block.client_private_key_file = path(&all);
        }),
        block(&|block| {
            block.client_certificate_pem = text(&chain);
            block.client_private_key_pem = text(&pki.key);
        }),
        block(&|block| {
            block.pkcs12_file = path(&pkcs12_path);
            block.pkcs12_password = text("secret-4711");
        }),
        block(&|block| {
            block.pkcs12_base64 = text(&STANDARD.encode(std::fs::read(&pkcs12_path).unwrap()));
            block.pkcs12_password = text("secret-4711");
        }),
    ];
    let by_variables = Variables(vec![
        ("CERTWARD_CLIENT_CERTIFICATE", chain.clone()),
        (
            "CERTWARD_CLIENT_PRIVATE_KEY_FILE",
            key_file.to_str().unwrap().to_owned(),
        ),
    ]);
    let mut cases: Vec<(ProviderBlock, &dyn crate::session::configuration::Environment)> =
        forms.into_iter().map(|block| (block, &NoVariables as _)).collect();
    cases.push((ProviderBlock::default(), &by_variables));
    let (endpoint, mut shown) = pki.serve().await;
    for (number, (mut block, environment)) in cases.into_iter().enumerate() {
        block.ca_certificate_pem = text(&pki.root.pem());
        block.max_retries = Value::Value(0);
        let mut diags = Diagnostics::default();
        let settings = Settings::read(&mut diags, &block, Some(environment));
        let identity = identity(&mut diags, &settings).unwrap_or_else(|()| panic!("{number}: {diags:?}"));
        let connection = Connection {
            settings: &settings,
            identity: identity.as_ref(),
            trust_anchors: trust_anchors(&mut diags, &settings).unwrap(),
            terraform_version: "1.11.0",
        };
        assert_eq!(diags.errors, []);
        let endpoints = [endpoint.clone()];
        // The server hangs up when it has seen enough.
        let ravendb = connection.ravendb(&endpoints).map_err(|(_, problem)| problem).unwrap();
        ravendb.who_am_i().await.unwrap_err();
        let redis = connection
            .redis_enterprise(&endpoints)
            .map_err(|(_, problem)| problem)
            .unwrap();
        redis.client.bootstrap().get().await.unwrap_err();
        for product in ["ravendb", "redis_enterprise"] {
            let shown = shown.recv().await.unwrap();
            assert!(
                shown.starts_with(&expected),
                "{number} {product}: {} certificates",
                shown.len()
            );
        }
    }
}

/// The errors and warnings of a block whose identity is read.
fn read(block: &ProviderBlock) -> Diagnostics {
    let mut diags = Diagnostics::default();
    let settings = Settings::read(&mut diags, block, Some(&NoVariables));
    _ = identity(&mut diags, &settings);
    _ = trust_anchors(&mut diags, &settings);
    diags
}

#[cfg(unix)]
#[test]
fn key_that_others_can_read_is_a_warning_that_names_the_file_and_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;
    let pki = Pki::new();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("client.key");
    std::fs::write(&key, &pki.key).unwrap();
    let block = ProviderBlock {
        client_certificate_pem: text(&pki.leaf),
        client_private_key_file: path(&key),
        ..ProviderBlock::default()
    };
    for (mode, warnings) in [(0o644, 1), (0o604, 1), (0o600, 0), (0o400, 0)] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        let diags = read(&block);
        assert_eq!(
            (diags.errors.len(), diags.warnings.len()),
            (0, warnings),
            "{mode:o} {diags:?}"
        );
        for warning in diags.warnings {
            assert_eq!(warning.summary, "Private key can be read by others");
            assert!(
                warning.detail.contains(&format!("chmod 600 \"{}\"", key.display())),
                "{}",
                warning.detail
            );
            assert!(warning.detail.contains("client_private_key_file"), "{}", warning.detail);
        }
    }
}

#[test]
fn a_file_that_holds_no_private_key_is_an_error_and_no_warning() {
    let pki = Pki::new();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    for (name, content) in [("motd", "hello"), ("empty", ""), ("leaf.crt", pki.leaf.as_str())] {
        let content = file(name, content);
        let pkcs12 = read(&ProviderBlock {
            pkcs12_file: path(&content),
            ..ProviderBlock::default()
        });
        assert_eq!(
            (pkcs12.errors.len(), pkcs12.warnings.len()),
            (1, 0),
            "{name} {pkcs12:?}"
        );
        let detail = &pkcs12.errors[0].detail;
        assert!(
            detail.contains("it is not a PKCS#12 file") && detail.contains("client_certificate_file"),
            "{detail}"
        );
        let key = read(&ProviderBlock {
            client_certificate_pem: text(&pki.leaf),
            client_private_key_file: path(&content),
            ..ProviderBlock::default()
        });
        assert_eq!((key.errors.len(), key.warnings.len()), (1, 0), "{name} {key:?}");
    }
}

#[cfg(unix)]
#[test]
fn file_without_an_end_is_an_error_on_its_attribute() {
    for (attribute, block) in [
        (
            "client_certificate_file",
            ProviderBlock {
                client_certificate_file: text("/dev/zero"),
                client_private_key_pem: text("-"),
                ..ProviderBlock::default()
            },
        ),
        (
            "client_private_key_file",
            ProviderBlock {
                client_certificate_pem: text("-"),
                client_private_key_file: text("/dev/zero"),
                ..ProviderBlock::default()
            },
        ),
        (
            "pkcs12_file",
            ProviderBlock {
                pkcs12_file: text("/dev/zero"),
                ..ProviderBlock::default()
            },
        ),
        (
            "ca_certificate_file",
            ProviderBlock {
                ca_certificate_file: text("/dev/zero"),
                ..ProviderBlock::default()
            },
        ),
    ] {
        let diags = read(&block);
        assert_eq!(diags.errors.len(), 1, "{diags:?}");
        assert_eq!(diags.errors[0].summary, "Unreadable file");
        let detail = &diags.errors[0].detail;
        assert!(
            detail.starts_with(attribute) && detail.contains("more than 4194304 bytes"),
            "{detail}"
        );
    }
}

#[test]
fn pem_text_in_the_place_of_a_path_is_not_repeated() {
    let block = ProviderBlock {
        client_certificate_pem: text("-"),
        client_private_key_file: text("-----BEGIN PRIVATE KEY-----\ncanary-4711"),
        ..ProviderBlock::default()
    };
    let diags = read(&block);
    assert!(diags.errors[0].detail.contains("this is a PEM text"), "{diags:?}");
    assert!(!format!("{diags:?}").contains("canary-4711"));
}
