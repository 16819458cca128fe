//! Trust in explicitly named certificates, against real TLS servers.

use std::sync::Arc;

use certward::pki::Certificate;
use certward::ravendb::Client;
use certward::{Error, TrustAnchors};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// Shows this chain and answers each request with a version.
async fn serve(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> String {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(socket).await else {
                    return;
                };
                let body = r#"{"ProductVersion":"7.2","BuildVersion":1,"CommitHash":"","FullVersion":"7.2.7"}"#;
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                let mut buffer = [0; 4096];
                while let Ok(1..) = stream.read(&mut buffer).await {
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("https://{address}")
}

async fn ask(endpoint: &str, anchors: &str, name: Option<&str>) -> Result<(), Error> {
    let builder = Client::builder().max_retries(0).endpoint(endpoint);
    let mut builder = builder.trust_anchors(TrustAnchors::from_pem(anchors)?);
    if let Some(name) = name {
        builder = builder.tls_server_name(name);
    }
    builder.build()?.server().version().await.map(drop)
}

fn refused(answer: Result<(), Error>, expected: &str) {
    let error = answer.unwrap_err();
    assert!(error.is_tls() && !error.is_retryable(), "{error:?}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn leaf_vouches_for_itself_and_not_for_what_its_key_signed() {
    let ca_key = KeyPair::generate().unwrap();
    let ca = Issuer::new(authority("Lab CA"), ca_key);
    let key = KeyPair::generate().unwrap();
    // One leaf that a CA issued, one that signed itself, one that says in so many words that it is no CA.
    let issued = params("127.0.0.1").signed_by(&key, &ca).unwrap();
    let own = params("127.0.0.1").self_signed(&key).unwrap();
    let mut explicit = params("127.0.0.1");
    explicit.is_ca = IsCa::ExplicitNoCa;
    let explicit = explicit.self_signed(&key).unwrap();
    for leaf in [issued, own, explicit] {
        let endpoint = serve(vec![leaf.der().clone()], &key).await;
        ask(&endpoint, &leaf.pem(), None).await.unwrap();
        refused(
            ask(&endpoint, &leaf.pem(), Some("other.example")).await,
            "not for the name other.example",
        );

        // Its key signs a certificate for the same host; the leaf is sent along as the issuer.
        let other_key = KeyPair::generate().unwrap();
        let signer = Issuer::new(params("127.0.0.1"), KeyPair::from_pem(&key.serialize_pem()).unwrap());
        let below = params("127.0.0.1").signed_by(&other_key, &signer).unwrap();
        let endpoint = serve(vec![below.der().clone(), leaf.der().clone()], &other_key).await;
        refused(
            ask(&endpoint, &leaf.pem(), None).await,
            "for itself alone: it is no CA certificate",
        );
    }
}

/// As `openssl req -x509` makes them, and as RavenDB runs with.
#[tokio::test]
async fn self_signed_server_certificate_that_says_it_is_a_ca_can_be_named() {
    let key = KeyPair::generate().unwrap();
    let marked = |name: &str| {
        let mut marked = params(name);
        marked.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        marked
    };
    let own = marked("127.0.0.1").self_signed(&key).unwrap();
    let endpoint = serve(vec![own.der().clone()], &key).await;
    ask(&endpoint, &own.pem(), None).await.unwrap();
    refused(
        ask(&endpoint, &own.pem(), Some("other.example")).await,
        "not for the name other.example; it is for 127.0.0.1",
    );

    // Named is its issuer, and no CA is a server.
    let ca = Issuer::new(authority("Lab CA"), KeyPair::generate().unwrap());
    let ca_pem = authority("Lab CA").self_signed(ca.key()).unwrap().pem();
    let issued = marked("127.0.0.1").signed_by(&key, &ca).unwrap();
    let endpoint = serve(vec![issued.der().clone()], &key).await;
    let answer = ask(&endpoint, &ca_pem, None).await;
    let told = answer.as_ref().unwrap_err().report().to_string();
    for name in ["OtherError", "Other(", "UnverifiedServer", "CaUsedAsEndEntity"] {
        assert!(!told.contains(name), "{told}");
    }
    assert_eq!(told.matches("127.0.0.1 issued by").count(), 1, "{told}");
    refused(answer, "says that it is a certification authority");
}

#[tokio::test]
async fn ca_vouches_for_what_it_signed_while_it_is_in_date_and_may_sign() {
    let may_not = |change: fn(&mut CertificateParams)| {
        let mut ca = authority("Lab CA");
        change(&mut ca);
        ca
    };
    for (ca, expected) in [
        (may_not(|_| {}), None),
        (
            may_not(|ca| ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign]),
            None,
        ),
        (
            may_not(|ca| ca.not_after = rcgen::date_time_ymd(2021, 1, 1)),
            Some("until 2021-01-01"),
        ),
        (
            may_not(|ca| ca.not_before = rcgen::date_time_ymd(2090, 1, 1)),
            Some("does not lead to a trusted CA"),
        ),
        (
            may_not(|ca| ca.key_usages = vec![KeyUsagePurpose::CrlSign]),
            Some("its key usage has no keyCertSign"),
        ),
        (
            may_not(|ca| ca.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
            Some("its extended key usage has no serverAuth"),
        ),
        (
            may_not(|ca| {
                let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
                extension.set_criticality(true);
                ca.custom_extensions = vec![extension];
            }),
            Some("a critical extension that is not known here"),
        ),
        (may_not(|ca| ca.is_ca = IsCa::NoCa), Some("it is no CA certificate")),
    ] {
        let ca_key = KeyPair::generate().unwrap();
        let anchor = ca.self_signed(&ca_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let leaf = params("127.0.0.1").signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        let endpoint = serve(vec![leaf.der().clone()], &key).await;
        let answer = ask(&endpoint, &anchor, None).await;
        match expected {
            None => answer.unwrap(),
            Some(expected) => refused(answer, expected),
        }
    }
}

#[tokio::test]
async fn pinned_certificate_out_of_date_or_for_clients_only_is_refused() {
    let key = KeyPair::generate().unwrap();
    let mut old = params("127.0.0.1");
    old.not_before = rcgen::date_time_ymd(2020, 1, 1);
    old.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let mut early = params("127.0.0.1");
    early.not_before = rcgen::date_time_ymd(2090, 1, 1);
    let mut client = params("127.0.0.1");
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    for (params, expected) in [
        (old, "expired at 2021-01-01"),
        (early, "not valid yet"),
        (client, "not meant for servers"),
    ] {
        let leaf = params.self_signed(&key).unwrap();
        let endpoint = serve(vec![leaf.der().clone()], &key).await;
        refused(ask(&endpoint, &leaf.pem(), None).await, expected);
    }
}

#[tokio::test]
async fn names_in_a_certificate_of_a_server_are_printed_escaped() {
    let key = KeyPair::generate().unwrap();
    let mut hostile = params("127.0.0.1");
    hostile
        .distinguished_name
        .push(DnType::OrganizationName, "a\u{202e}b\u{200b}");
    let leaf = hostile.self_signed(&key).unwrap();
    let subject = Certificate::from_der(leaf.der().to_vec())
        .unwrap()
        .subject()
        .to_string();
    assert!(subject.contains('\u{202e}'), "the value itself stays as it is");
    let endpoint = serve(vec![leaf.der().clone()], &key).await;
    let other = params("other")
        .self_signed(&KeyPair::generate().unwrap())
        .unwrap()
        .pem();
    let error = ask(&endpoint, &other, None).await.unwrap_err();
    for text in [error.to_string(), error.report().to_string(), format!("{error:?}")] {
        assert!(
            text.contains("202e") && !text.contains(['\u{202e}', '\u{200b}']),
            "{text:?}"
        );
    }
}
