//! Renewals of a certificate that wants one-time codes, over RavenDB's API.

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certward_server::clock::{Clock as _, ManualClock};
use http::StatusCode;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::support::{Fixture, Identity};

const NOW: OffsetDateTime = datetime!(2026-11-21 21:10:00 UTC);
const SECRET: &[u8] = b"12345678901234567890";
const SECRET_IN_BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

#[tokio::test]
async fn a_renewal_brings_no_new_attempts_and_is_registered_with_its_first_accepted_code() {
    let clock = Arc::new(ManualClock::at(NOW));
    let server = Fixture::start_ravendb(clock.clone()).await;
    let key = KeyPair::generate().unwrap();
    let original = holder(&key);
    let definition = format!(
        r#"{{"Name":"holder","Certificate":"{}","SecurityClearance":"Operator","TwoFactorAuthenticationKey":"{}"}}"#,
        STANDARD.encode(&original.chain[0]),
        SECRET_IN_BASE32
    );
    let mut administrator = server.http(Some(&server.administrator)).await;
    let registered = administrator
        .send("PUT", "/admin/certificates", definition.into_bytes())
        .await;
    assert_eq!(registered.0, StatusCode::CREATED, "{}", registered.1);

    // Each guess comes with another certificate of the key; nothing is registered by any of them.
    for _ in 0..10 {
        let mut http = server.http(Some(&holder(&key))).await;
        assert_eq!(
            http.get("/admin/certificates").await.0,
            StatusCode::PRECONDITION_REQUIRED
        );
        assert_eq!(http.get("/certificates/whoami").await.0, StatusCode::NO_CONTENT);
        assert_eq!(give(&mut http, 1_000_000).await, StatusCode::NOT_ACCEPTABLE);
    }
    let registry = server.running.as_ref().unwrap().app().authority.registry();
    assert_eq!(registry.len(), 1);
    let renewed = holder(&key);
    let mut http = server.http(Some(&renewed)).await;
    assert_eq!(
        give(&mut http, code_at(clock.now())).await,
        StatusCode::NOT_ACCEPTABLE,
        "ten guesses were counted against the key"
    );

    clock.advance(Duration::minutes(1));
    let code = code_at(clock.now());
    assert_eq!(give(&mut http, code).await, StatusCode::ACCEPTED);
    assert_eq!(http.get("/admin/certificates").await.0, StatusCode::OK);
    assert!(registry.get(&renewed.thumbprint()).is_some());
    assert_eq!(registry.len(), 2);
    // The code is used, for whatever certificate; the session is the renewal's alone.
    for other in [&original, &holder(&key)] {
        let mut http = server.http(Some(other)).await;
        assert_eq!(give(&mut http, code).await, StatusCode::NOT_ACCEPTABLE);
        assert_eq!(
            http.get("/admin/certificates").await.0,
            StatusCode::PRECONDITION_REQUIRED
        );
    }
}

#[tokio::test]
async fn a_strangers_body_is_not_read_and_a_holders_is_small_and_not_compressed() {
    let clock = Arc::new(ManualClock::at(NOW));
    let server = Fixture::start_ravendb(clock).await;
    let key = KeyPair::generate().unwrap();
    let known = holder(&key);
    let definition = format!(
        r#"{{"Name":"holder","Certificate":"{}","SecurityClearance":"Operator"}}"#,
        STANDARD.encode(&known.chain[0]),
    );
    let mut administrator = server.http(Some(&server.administrator)).await;
    let registered = administrator
        .send("PUT", "/admin/certificates", definition.into_bytes())
        .await;
    assert_eq!(registered.0, StatusCode::CREATED, "{}", registered.1);
    let stranger = holder(&KeyPair::generate().unwrap());
    for (identity, coding, length, expected) in [
        // A body that does not come is not waited for.
        (&stranger, "gzip", 1_000_000, "400"),
        (&stranger, "identity", 1_000_000, "400"),
        (&known, "gzip", 2_600, "415"),
        (&known, "identity", 4_097, "413"),
    ] {
        let mut raw = server.connect(Some(identity)).await.unwrap();
        let head = format!(
            "POST /authentication/2fa HTTP/1.1\r\nhost: localhost\r\ncontent-encoding: {coding}\r\n\
             content-length: {length}\r\n\r\n"
        );
        raw.write_all(head.as_bytes()).await.unwrap();
        if expected != "400" {
            raw.write_all(&vec![b' '; length]).await.unwrap();
        }
        let mut status = [0; 12];
        raw.read_exact(&mut status).await.unwrap();
        assert_eq!(
            String::from_utf8_lossy(&status),
            format!("HTTP/1.1 {expected}"),
            "{coding} {length}"
        );
    }
}

#[tokio::test]
async fn the_refusal_of_a_certificate_with_a_long_subject_is_short() {
    let server = Fixture::start_ravendb(Arc::new(ManualClock::at(NOW))).await;
    let identity = Identity::made(&"\u{1}".repeat(6_000), |parameters| {
        (parameters.not_before, parameters.not_after) = (NOW - Duration::DAY, NOW + Duration::DAY);
    });
    let mut http = server.http(Some(&identity)).await;
    let (status, body) = http.get("/admin/certificates").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(body.contains("is unknown to the server"), "{body}");
    assert!(body.len() < 2000, "{}", body.len());
}

async fn give(http: &mut super::support::Http, code: u32) -> StatusCode {
    let body = format!(r#"{{"Token":{code}}}"#).into_bytes();
    http.send("POST", "/authentication/2fa?hasLimits=false", body).await.0
}

/// A self-signed certificate of the key, with a serial number of its own.
fn holder(key: &KeyPair) -> Identity {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.distinguished_name.push(DnType::CommonName, "holder");
    (parameters.not_before, parameters.not_after) = (NOW - Duration::DAY, NOW + Duration::days(30));
    let serial: [u8; 8] = aws_lc_rs::rand::generate(&aws_lc_rs::rand::SystemRandom::new())
        .unwrap()
        .expose();
    parameters.serial_number = Some(rcgen::SerialNumber::from_slice(&serial));
    Identity {
        chain: vec![parameters.self_signed(key).unwrap().der().clone()],
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    }
}

/// RFC 6238 with six digits.
fn code_at(now: OffsetDateTime) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET);
    let tag = hmac::sign(&key, &(now.unix_timestamp() / 30).to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 0x0f);
    let word = [tag[offset] & 0x7f, tag[offset + 1], tag[offset + 2], tag[offset + 3]];
    u32::from_be_bytes(word) % 1_000_000
}
