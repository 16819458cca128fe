use rcgen::{CertificateParams, KeyPair};
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-21 0:00 UTC);

fn pem() -> String {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.not_before = datetime!(2026-01-01 0:00 UTC);
    params.not_after = datetime!(2027-01-01 0:00 UTC);
    params.self_signed(&key).unwrap().pem()
}

fn config(certificate_pem: &str) -> ClientCertificateState {
    ClientCertificateState {
        name: Value::Value("app".to_owned()),
        certificate_pem: Value::Value(certificate_pem.to_owned()),
        ..ClientCertificateState::default()
    }
}

fn created(config: ClientCertificateState) -> ClientCertificateState {
    let mut diags = Diagnostics::default();
    let planned = create(&mut diags, config, NOW);
    assert_eq!(diags, Diagnostics::default());
    planned.unwrap()
}

/// Plans a change and answers the plan, what forces replacement, and the paths of the errors.
fn changed(
    prior: &ClientCertificateState,
    config: ClientCertificateState,
    own: bool,
) -> (Option<ClientCertificateState>, Vec<String>, Vec<String>) {
    let mut diags = Diagnostics::default();
    let own = own.then(|| prior.thumbprint.as_deref().unwrap().parse().unwrap());
    let (planned, replace) = match update(&mut diags, prior, config, own) {
        Some((planned, replace)) => (Some(planned), replace),
        None => (None, Vec::new()),
    };
    let paths = |paths: Vec<AttributePath>| paths.iter().map(ToString::to_string).collect();
    let errors = diags.errors.into_iter().map(|error| error.attribute).collect();
    (planned, paths(replace), paths(errors))
}

#[test]
fn creation_knows_everything_in_advance() {
    let planned = created(config(&pem()));
    assert_eq!(planned.security_clearance, Value::Value(SecurityClearance::ValidUser));
    assert_eq!(planned.database_permissions, Value::Value(BTreeMap::new()));
    assert_eq!(planned.disabled, Value::Value(false));
    assert_eq!(planned.deletion_protection, Value::Value(false));
    assert_eq!(planned.thumbprint, planned.id);
    assert_eq!(planned.thumbprint.as_deref().unwrap().len(), 40);
    assert_eq!(planned.fingerprint_sha256.as_deref().unwrap().len(), 64);
    assert_eq!(planned.not_after, Value::Value("2027-01-01T00:00:00Z".to_owned()));
    let text = format!("{planned:?}");
    assert!(!text.contains("Unknown"), "{text}");
}

#[test]
fn creation_waits_for_an_unknown_certificate() {
    let mut unknown = config("");
    unknown.certificate_pem = Value::Unknown;
    let planned = created(unknown);
    assert_eq!(planned.thumbprint, Value::Unknown);
    assert_eq!(planned.not_after, Value::Unknown);
    assert_eq!(planned.disabled, Value::Value(false));
}

#[test]
fn creation_with_an_expired_certificate_is_refused() {
    let mut diags = Diagnostics::default();
    assert_eq!(create(&mut diags, config(&pem()), datetime!(2027-01-02 0:00 UTC)), None);
    assert_eq!(diags.errors[0].summary, "Certificate has expired");
}

#[test]
fn expired_certificate_in_the_state_changes_nothing() {
    let pem = pem();
    let prior = created(config(&pem));
    // No clock goes into the plan of an update at all; this holds by its signature.
    assert_eq!(
        changed(&prior, config(&pem), false),
        (Some(prior.clone()), vec![], vec![])
    );
}

#[test]
fn another_spelling_of_the_certificate_is_no_change() {
    let pem = pem();
    let prior = created(config(&pem));
    let indented = pem.lines().map(|line| format!("  {line}\n")).collect::<String>();
    for text in [
        pem.replace('\n', "\r\n"),
        format!("\u{feff}{pem}"),
        pem.trim_end().to_owned(),
        indented,
        format!("subject=app\n{pem}"),
    ] {
        let (planned, replace, errors) = changed(&prior, config(&text), false);
        assert_eq!(
            (planned.as_ref(), replace.len(), errors.len()),
            (Some(&prior), 0, 0),
            "{text}"
        );
    }
}

#[test]
fn another_certificate_forces_replacement() {
    let prior = created(config(&pem()));
    let next = pem();
    let (planned, replace, errors) = changed(&prior, config(&next), false);
    let planned = planned.unwrap();
    assert_eq!((replace, errors), (vec!["certificate_pem".to_owned()], vec![]));
    assert_eq!(planned, created(config(&next)));
    assert_ne!(planned.thumbprint, prior.thumbprint);

    let mut unknown = config("");
    unknown.certificate_pem = Value::Unknown;
    let (planned, replace, _) = changed(&prior, unknown, false);
    assert_eq!(replace, ["certificate_pem"]);
    assert_eq!(planned.unwrap().thumbprint, Value::Unknown);
}

#[test]
fn other_attributes_change_in_place() {
    let pem = pem();
    let prior = created(config(&pem));
    let mut next = config(&pem);
    next.name = Value::Value("renamed".to_owned());
    next.security_clearance = Value::Value(SecurityClearance::Operator);
    next.disabled = Value::Value(true);
    next.deletion_protection = Value::Value(true);
    let (planned, replace, errors) = changed(&prior, next.clone(), false);
    let planned = planned.unwrap();
    assert_eq!((replace.len(), errors.len()), (0, 0));
    assert_eq!((&planned.name, &planned.disabled), (&next.name, &next.disabled));
    assert_eq!(planned.thumbprint, prior.thumbprint);
    // What the configuration no longer says goes back to its default, not to what was there before.
    let (back, _, _) = changed(&planned, config(&pem), false);
    assert_eq!(back.unwrap(), prior);
}

#[test]
fn case_of_database_names_is_no_change() {
    let pem = pem();
    let with = |name: &str, access: &str| {
        let mut config = config(&pem);
        let access = Value::Value(access.into());
        config.database_permissions = Value::Value(BTreeMap::from([(name.to_owned(), access)]));
        config
    };
    let prior = created(with("orders", "Read"));
    assert_eq!(changed(&prior, with("Orders", "Read"), false).0, Some(prior.clone()));
    assert_ne!(changed(&prior, with("Orders", "Admin"), false).0, Some(prior));
}

#[test]
fn protected_entry_is_neither_replaced_nor_destroyed() {
    let mut protected = config(&pem());
    protected.deletion_protection = Value::Value(true);
    let prior = created(protected.clone());
    protected.certificate_pem = Value::Value(pem());
    let (planned, _, errors) = changed(&prior, protected, false);
    assert_eq!((planned, errors), (None, vec!["certificate_pem".to_owned()]));

    let mut diags = Diagnostics::default();
    guard_removal(&mut diags, &prior, None, AttributePath::root());
    assert_eq!(diags.errors[0].attribute, AttributePath::new("deletion_protection"));
}

#[test]
fn certificate_in_use_keeps_its_rights_and_its_place() {
    let pem = pem();
    let mut admin = config(&pem);
    admin.security_clearance = Value::Value(SecurityClearance::ClusterAdmin);
    let prior = created(admin.clone());
    for (change, path) in [
        (
            ClientCertificateState {
                disabled: Value::Value(true),
                ..admin.clone()
            },
            "disabled",
        ),
        (
            ClientCertificateState {
                security_clearance: Value::Value(SecurityClearance::Operator),
                ..admin.clone()
            },
            "security_clearance",
        ),
        (
            ClientCertificateState {
                certificate_pem: Value::Value(self::pem()),
                ..admin.clone()
            },
            "certificate_pem",
        ),
    ] {
        let (planned, _, errors) = changed(&prior, change.clone(), true);
        assert_eq!((planned, errors), (None, vec![path.to_owned()]));
        assert!(
            changed(&prior, change, false).0.is_some(),
            "{path} is refused for others too"
        );
    }
    let renamed = ClientCertificateState {
        name: Value::Value("me".to_owned()),
        ..admin
    };
    assert!(changed(&prior, renamed, true).0.is_some());

    let mut diags = Diagnostics::default();
    guard_removal(
        &mut diags,
        &prior,
        prior.thumbprint.as_deref().unwrap().parse().ok(),
        AttributePath::root(),
    );
    assert_eq!(diags.errors[0].summary, "This is the certificate Terraform is using");
}
