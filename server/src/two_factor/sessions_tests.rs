use std::sync::Arc;

use certward::pki::Certificate;
use rcgen::{CertificateParams, KeyPair};
use time::macros::datetime;

use super::*;
use crate::authority::clearance::{Permissions, SecurityClearance};
use crate::authority::definition::Grant;
use crate::clock::ManualClock;

/// Secret `12345678901234567890`: at 59 seconds after 1970, the code is 287082 (RFC 6238, appendix B).
const CODE: u32 = 287_082;
const AT: OffsetDateTime = datetime!(1970-01-01 00:00:59 UTC);

fn entry(key: Option<&[u8]>) -> RegisteredCertificate {
    let pair = KeyPair::generate().unwrap();
    let signed = CertificateParams::new(["a.example".to_owned()])
        .unwrap()
        .self_signed(&pair)
        .unwrap();
    let grant = Grant {
        name: "tfa".to_owned(),
        clearance: SecurityClearance::Operator,
        permissions: Permissions::none(),
        disabled: false,
        two_factor_key: key.map(|key| TwoFactorKey::from_bytes(key.to_vec())),
    };
    RegisteredCertificate::new(&Certificate::from_der(signed.der().to_vec()).unwrap(), grant)
}

fn secured() -> RegisteredCertificate {
    entry(Some(b"12345678901234567890"))
}

fn sessions() -> (TwoFactorSessions, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(AT));
    let length = SessionLength {
        default_minutes: 120,
        max_minutes: 1440,
    };
    (TwoFactorSessions::new(length, clock.clone()), clock)
}

#[test]
fn a_session_is_good_with_its_cookie_and_its_certificate_only() {
    let (sessions, clock) = sessions();
    let (entry, other) = (secured(), secured());
    assert!(!sessions.admits(&entry, None));
    let opened = sessions.open(&entry, CODE, true, None).unwrap();
    assert_eq!(opened.duration, Duration::hours(2));
    let cookie = opened.cookie.unwrap().to_string();
    assert_eq!(
        sessions.expires_at(&entry, Some(&cookie)),
        Some(AT + Duration::hours(2))
    );
    assert!(!sessions.admits(&entry, None));
    assert!(!sessions.admits(&entry, Some(&Uuid::new_v4().to_string())));
    assert!(!sessions.admits(&entry, Some("not a cookie of ours")));
    assert!(!sessions.admits(&other, Some(&cookie)));
    clock.advance(Duration::hours(2));
    assert!(!sessions.admits(&entry, Some(&cookie)));
}

#[test]
fn without_limits_the_certificate_is_enough_until_it_logs_out() {
    let (sessions, _) = sessions();
    let entry = secured();
    assert_eq!(sessions.open(&entry, CODE, false, Some(1)).unwrap().cookie, None);
    assert!(sessions.admits(&entry, None));
    sessions.close(&entry.thumbprint, None);
    assert!(!sessions.admits(&entry, None));
}

#[test]
fn a_logout_ends_its_own_session() {
    let (sessions, clock) = sessions();
    let entry = secured();
    let first = sessions
        .open(&entry, CODE, true, None)
        .unwrap()
        .cookie
        .unwrap()
        .to_string();
    clock.set(datetime!(2005-03-18 01:58:29 UTC));
    let second = sessions
        .open(&entry, 81_804, true, None)
        .unwrap()
        .cookie
        .unwrap()
        .to_string();
    clock.set(AT);
    sessions.close(&entry.thumbprint, Some(&first));
    assert!(!sessions.admits(&entry, Some(&first)));
    assert!(sessions.admits(&entry, Some(&second)));
}

#[test]
fn a_new_secret_ends_the_sessions_of_the_old_one() {
    let (sessions, _) = sessions();
    let entry = secured();
    sessions.open(&entry, CODE, false, None).unwrap();
    let changed = RegisteredCertificate {
        two_factor_key: Some(TwoFactorKey::from_bytes(vec![9; 20])),
        ..entry.clone()
    };
    assert!(sessions.admits(&entry, None));
    assert!(!sessions.admits(&changed, None));
}

#[test]
fn a_code_is_good_once() {
    let (sessions, clock) = sessions();
    let entry = secured();
    sessions.open(&entry, CODE, true, None).unwrap();
    assert_eq!(sessions.open(&entry, CODE, true, None), Err(TwoFactorError::WrongCode));
    clock.advance(Duration::seconds(31));
    assert_eq!(sessions.open(&entry, CODE, true, None), Err(TwoFactorError::WrongCode));
    // Another certificate with the same secret has not used it.
    sessions.open(&secured(), CODE, true, None).unwrap();
}

#[test]
fn guesses_are_limited_even_when_the_next_one_is_right() {
    let (sessions, clock) = sessions();
    let entry = secured();
    for guess in 0..10 {
        assert_eq!(sessions.open(&entry, guess, true, None), Err(TwoFactorError::WrongCode));
    }
    assert_eq!(sessions.open(&entry, CODE, true, None), Err(TwoFactorError::WrongCode));
    clock.advance(Duration::seconds(60));
    sessions.open(&entry, CODE, true, None).unwrap();
}

#[test]
fn lengths_and_certificates_that_make_no_session_are_refused() {
    let (sessions, _) = sessions();
    for minutes in [0, 1441] {
        let answer = sessions.open(&secured(), CODE, true, Some(minutes));
        assert_eq!(
            answer,
            Err(TwoFactorError::Duration {
                minutes,
                max_minutes: 1440
            })
        );
    }
    sessions.open(&secured(), CODE, true, Some(1440)).unwrap();
    assert_eq!(
        sessions.open(&entry(None), CODE, true, None),
        Err(TwoFactorError::NotConfigured)
    );
    assert!(sessions.admits(&entry(None), None));
}
