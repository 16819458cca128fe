use time::macros::datetime;

use super::*;
use crate::trust::testing::{Authority, NOW, errors};

fn config(texts: &[&str]) -> TrustedCaBundleState {
    let texts = texts.iter().map(|text| Value::Value((*text).to_owned()));
    TrustedCaBundleState {
        certificates_pem: Value::Value(texts.collect()),
        ..TrustedCaBundleState::default()
    }
}

fn created(config: TrustedCaBundleState) -> TrustedCaBundleState {
    let mut diags = Diagnostics::default();
    let planned = create(&mut diags, config, NOW);
    assert_eq!(diags, Diagnostics::default());
    planned.unwrap()
}

#[test]
fn creation_knows_its_members() {
    let (one, two) = (Authority::new("One CA"), Authority::new("Two CA"));
    let planned = created(config(&[&(one.pem() + &two.pem()), &one.pem()]));
    assert_eq!(planned.id, Value::Value("bundle".to_owned()));
    assert_eq!(planned.on_destroy, Value::Value("keep".to_owned()));
    assert_eq!(planned.fingerprints_sha256.as_ref_option().unwrap().len(), 2);
    let unknown = TrustedCaBundleState {
        certificates_pem: Value::Value(vec![Value::Value(one.pem()), Value::Unknown]),
        ..TrustedCaBundleState::default()
    };
    assert_eq!(created(unknown).fingerprints_sha256, Value::Unknown);
}

#[test]
fn another_spelling_of_the_same_members_is_no_change() {
    let (one, two) = (Authority::new("One CA").pem(), Authority::new("Two CA").pem());
    let prior = created(config(&[&one, &two]));
    let mut diags = Diagnostics::default();
    // Ended meanwhile: what is trusted already is not judged again.
    let later = datetime!(2028-01-01 0:00 UTC);
    for texts in [
        vec![two.clone(), one.clone()],
        vec![format!("{two}{one}")],
        vec![one.replace('\n', "\r\n"), two.clone(), one.clone()],
    ] {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(update(&mut diags, &prior, config(&texts), later).as_ref(), Some(&prior));
    }
    assert_eq!(diags, Diagnostics::default());
    let fewer = update(&mut diags, &prior, config(&[&one]), later).unwrap();
    assert_eq!(fewer.fingerprints_sha256.unwrap().len(), 1);
    let three = Authority::new("Three CA").pem();
    assert_eq!(update(&mut diags, &prior, config(&[&one, &three]), later), None);
    assert_eq!(errors(&diags), ["Certificate has expired"], "what is added is");
}

#[test]
fn configuration_is_checked_alone() {
    let authority = Authority::new("One CA").pem();
    for (config, expected) in [
        (config(&[&authority]), vec![]),
        (config(&[]), vec!["No authorities"]),
        (
            config(&[&authority, "ca.crt"]),
            vec!["No certificate in certificates_pem"],
        ),
        (
            TrustedCaBundleState {
                on_destroy: Value::Value("restore".to_owned()),
                ..config(&[&authority])
            },
            vec!["Unknown way to destroy"],
        ),
    ] {
        let mut diags = Diagnostics::default();
        validate(&mut diags, &config);
        assert_eq!(errors(&diags), expected);
    }
}
