use time::macros::datetime;

use super::*;
use crate::trust::testing::{Authority, NOW};

fn config(certificate_pem: &str) -> TrustedCaState {
    TrustedCaState {
        certificate_pem: Value::Value(certificate_pem.to_owned()),
        ..TrustedCaState::default()
    }
}

fn created(config: TrustedCaState) -> TrustedCaState {
    let mut diags = Diagnostics::default();
    let planned = create(&mut diags, config, NOW);
    assert_eq!(diags, Diagnostics::default());
    planned.unwrap()
}

#[test]
fn creation_knows_everything_in_advance() {
    let authority = Authority::new("Team CA");
    let planned = created(config(&authority.pem()));
    assert_eq!(
        planned.id,
        Value::Value(authority.certificate().fingerprint().to_string())
    );
    assert_eq!(planned.subject_dn, Value::Value("CN=Team CA".to_owned()));
    assert_eq!(planned.self_signed, Value::Value(true));
    assert_eq!(planned.allow_lockout, Value::Value(false));
    assert_eq!(planned.not_after, Value::Value("2027-06-01T00:00:00Z".to_owned()));
    assert!(!format!("{planned:?}").contains("Unknown"));
    let unknown = TrustedCaState {
        certificate_pem: Value::Unknown,
        ..TrustedCaState::default()
    };
    let planned = created(unknown);
    assert_eq!((planned.id, planned.self_signed), (Value::Unknown, Value::Unknown));
}

#[test]
fn dates_count_when_an_authority_is_added_and_only_then() {
    let pem = Authority::new("Team CA").pem();
    let mut diags = Diagnostics::default();
    let later = datetime!(2027-06-02 0:00 UTC);
    assert_eq!(create(&mut diags, config(&pem), later), None);
    assert_eq!(diags.errors[0].summary, "Certificate has expired");
    let mut diags = Diagnostics::default();
    let soon = datetime!(2027-05-20 0:00 UTC);
    assert!(create(&mut diags, config(&pem), soon).is_some());
    assert_eq!(diags.warnings[0].summary, "Trusted authority is ending");
}

#[test]
fn another_spelling_is_no_change_and_another_certificate_replaces() {
    let (one, two) = (Authority::new("One CA").pem(), Authority::new("Two CA").pem());
    let prior = created(config(&one));
    let mut diags = Diagnostics::default();
    for text in [
        one.replace('\n', "\r\n"),
        format!("\u{feff}text\n{one}"),
        one.trim_end().to_owned(),
    ] {
        let planned = update(&mut diags, &prior, config(&text)).unwrap();
        assert_eq!(planned, (prior.clone(), vec![]));
    }
    let (planned, replace) = update(&mut diags, &prior, config(&two)).unwrap();
    assert_eq!(replace, [AttributePath::new("certificate_pem")]);
    assert_eq!(planned, created(config(&two)));
    let renamed = TrustedCaState {
        name: Value::Value("Team".to_owned()),
        ..config(&one)
    };
    let (planned, replace) = update(&mut diags, &prior, renamed).unwrap();
    assert_eq!((planned.name, replace), (Value::Value("Team".to_owned()), vec![]));
    assert_eq!(diags, Diagnostics::default());
}
