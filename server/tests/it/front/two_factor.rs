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
