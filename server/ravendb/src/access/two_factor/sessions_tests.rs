use std::sync::Arc;

use certward_pki::Certificate;
use rcgen::{CertificateParams, KeyPair};
use time::macros::datetime;

use super::*;
use crate::model::clearance::{Permissions, SecurityClearance};
use crate::model::definition::{Grant, TwoFactorKey};
use certward_system::clock::ManualClock;

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
    // It is the secret's: another certificate does not make it new.
    assert_eq!(
        sessions.open(&secured(), CODE, true, None),
        Err(TwoFactorError::WrongCode)
    );
}

#[test]
fn a_code_from_before_the_last_one_is_not_accepted() {
    let (sessions, clock) = sessions();
    let (entry, seconds) = (secured(), |seconds| AT + Duration::seconds(seconds));
    clock.set(seconds(60));
    // 359152 is the code of the step after that of CODE (RFC 4226, appendix D, count 2).
    sessions.open(&entry, 359_152, true, None).unwrap();
    assert_eq!(sessions.open(&entry, CODE, true, None), Err(TwoFactorError::WrongCode));
}

#[test]
fn a_renewed_certificate_has_the_attempts_and_the_used_codes_of_its_key() {
    let (sessions, _) = sessions();
    let entry = secured();
    let renewed = |number: u8| RegisteredCertificate {
        thumbprint: Thumbprint::of(&vec![number].into()),
        ..entry.clone()
    };
    for guess in 0..10_u8 {
        let guessed = sessions.open(&renewed(guess), u32::from(guess), true, None);
        assert_eq!(guessed, Err(TwoFactorError::WrongCode));
    }
    assert_eq!(
        sessions.open(&renewed(10), CODE, true, None),
        Err(TwoFactorError::WrongCode)
    );
    // A new secret does not give the holder of the key new attempts either.
    let with_other_secret = RegisteredCertificate {
        two_factor_key: Some(TwoFactorKey::from_bytes(vec![9; 20])),
        ..renewed(11)
    };
    assert!(matches!(
        sessions.accept(&with_other_secret, 0, None),
        Err(TwoFactorError::WrongCode)
    ));
    let counted = sessions
        .lock()
        .attempts
        .attempts_of_secret(SecretDigest::of(with_other_secret.two_factor_key.as_ref().unwrap()));
    assert_eq!(counted, 0, "it was not even looked at");
}

#[test]
fn a_clock_set_back_brings_no_session_and_no_used_code_back() {
    let (sessions, clock) = sessions();
    let entry = secured();
    let cookie = sessions
        .open(&entry, CODE, true, Some(1))
        .unwrap()
        .cookie
        .unwrap()
        .to_string();
    assert!(sessions.admits(&entry, Some(&cookie)));
    // Time passes, and nobody looks at the session before the clock is set back.
    clock.advance(Duration::minutes(2));
    clock.set(AT);
    assert!(!sessions.admits(&entry, Some(&cookie)));
    assert_eq!(sessions.open(&entry, CODE, true, None), Err(TwoFactorError::WrongCode));
    // The clock jumps forwards and back again: what ended by it stays so, and a new session ends in its time.
    let opened = sessions.open(&entry, 359_152, true, Some(1)).unwrap();
    let cookie = opened.cookie.unwrap().to_string();
    assert_eq!(opened.expires_at, AT + Duration::minutes(1));
    assert_eq!(
        sessions.expires_at(&entry, Some(&cookie)),
        Some(AT + Duration::minutes(1))
    );
    clock.advance(Duration::minutes(1));
    assert!(!sessions.admits(&entry, Some(&cookie)));
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
