use super::super::model::CertificateSubject;
use super::*;

fn text(text: &str) -> Value<String> {
    Value::Value(text.to_owned())
}

fn ids(ids: &[u64]) -> Value<Vec<Value<String>>> {
    Value::Value(ids.iter().copied().map(crate::values::uid::text).collect())
}

fn config(line: &str) -> CertUserState {
    CertUserState {
        name: text("app"),
        certificate_subject_line: text(line),
        role_ids: ids(&[2]),
        ..CertUserState::default()
    }
}

fn in_parts(common_name: &str, organization: &str) -> CertUserState {
    CertUserState {
        certificate_subject: Value::Value(CertificateSubject {
            common_name: text(common_name),
            organization: text(organization),
            ..CertificateSubject::default()
        }),
        certificate_subject_line: Value::Null,
        ..config("")
    }
}

fn created(config: CertUserState) -> CertUserState {
    let mut diags = Diagnostics::default();
    let planned = create(&mut diags, config);
    assert_eq!(diags, Diagnostics::default());
    planned.unwrap()
}

/// A user as it is after its creation.
fn there(config: CertUserState) -> CertUserState {
    CertUserState {
        id: text("7"),
        status: text("active"),
        role: text("none"),
        ..created(config)
    }
}

/// Plans a change and answers the plan and the paths of the errors.
fn changed(prior: &CertUserState, config: CertUserState, own: bool) -> (Option<CertUserState>, Vec<String>) {
    let mut diags = Diagnostics::default();
    let own: DistinguishedName = if own { "CN=app,O=Example" } else { "CN=terraform" }.parse().unwrap();
    let planned = update(&mut diags, prior, config, Some(&own));
    let errors = diags.errors.into_iter().map(|error| error.attribute.to_string());
    (planned, errors.collect())
}

const LINE: &str = "CN=app,O=Example";

#[test]
fn creation_knows_everything_but_what_the_cluster_decides() {
    let planned = created(config(LINE));
    assert_eq!(planned.email, text(""));
    assert_eq!(planned.email_alerts, Value::Value(true));
    assert_eq!(planned.deletion_protection, Value::Value(false));
    assert_eq!(planned.auth_method, text("certificate"));
    assert_eq!(
        planned.certificate_subject,
        in_parts("app", "Example").certificate_subject
    );
    for unknown in [&planned.id, &planned.status, &planned.role] {
        assert_eq!(unknown, &Value::Unknown);
    }
}

#[test]
fn each_form_of_a_subject_fills_in_the_others() {
    let planned = created(in_parts("app", "Example"));
    assert_eq!(planned.certificate_subject_line, text(LINE));
    let written = created(config("CN=app, O=Example"));
    assert_eq!(
        written.certificate_subject_line,
        text("CN=app, O=Example"),
        "as the user wrote it"
    );
    let other = created(config("CN=app,DC=example,DC=com"));
    assert_eq!(other.certificate_subject, Value::Null, "parts cannot say it");
}

#[test]
fn creation_waits_for_an_unknown_subject() {
    let mut unknown = config("");
    unknown.certificate_subject_line = Value::Unknown;
    let planned = created(unknown);
    assert_eq!(planned.certificate_subject_line, Value::Unknown);
    assert_eq!(planned.certificate_subject, Value::Unknown);

    let mut unknown = in_parts("app", "Example");
    if let Value::Value(parts) = &mut unknown.certificate_subject {
        parts.common_name = Value::Unknown;
    }
    let planned = created(unknown.clone());
    assert_eq!(planned.certificate_subject_line, Value::Unknown);
    assert_eq!(
        planned.certificate_subject, unknown.certificate_subject,
        "the known parts stay"
    );
}

#[test]
fn another_spelling_or_form_of_the_subject_is_no_change() {
    let prior = there(config(LINE));
    for same in [
        config("CN=app, O=Example"),
        config("cn=app,o=Example"),
        config("2.5.4.3=app,O=\"Example\""),
        in_parts("app", "Example"),
    ] {
        assert_eq!(changed(&prior, same, false), (Some(prior.clone()), vec![]));
    }
    // What was written with empty parts stays so.
    let mut empty = in_parts("app", "Example");
    if let Value::Value(parts) = &mut empty.certificate_subject {
        parts.locality = text("");
        parts.organizational_units = Value::Value(vec![]);
    }
    let prior = there(empty);
    assert_eq!(
        changed(&prior, in_parts("app", "Example"), false),
        (Some(prior.clone()), vec![])
    );
}

#[test]
fn other_line_ends_of_the_certificate_are_no_change_in_either_direction() {
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "app");
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let key = rcgen::KeyPair::generate().unwrap();
    let unix = params.self_signed(&key).unwrap().pem().replace("\r\n", "\n");
    let windows = unix.replace('\n', "\r\n");
    let by_certificate = |pem: &str| CertUserState {
        certificate_pem: text(pem),
        certificate_subject_line: Value::Null,
        ..config("")
    };
    for (before, after) in [(&unix, &windows), (&windows, &unix), (&windows, &windows)] {
        let prior = there(by_certificate(before));
        let planned = changed(&prior, by_certificate(after), false);
        assert_eq!(planned, (Some(prior), vec![]));
    }
}

#[test]
fn everything_changes_in_place() {
    let prior = there(config(LINE));
    let mut next = config("CN=other,O=Example");
    next.name = text("renamed");
    next.email = text("app@example.com");
    next.role_ids = ids(&[3]);
    next.email_alerts = Value::Value(false);
    let (planned, errors) = changed(&prior, next, false);
    let planned = planned.unwrap();
    assert_eq!(errors, [""; 0]);
    assert_eq!((&planned.id, &planned.status), (&prior.id, &prior.status));
    assert_eq!(planned.certificate_subject_line, text("CN=other,O=Example"));
    assert_eq!(
        planned.certificate_subject,
        in_parts("other", "Example").certificate_subject
    );
    assert_eq!(planned.role, Value::Unknown);
    // What the configuration no longer says goes back to its default.
    let (back, _) = changed(
        &CertUserState {
            role: text("none"),
            ..planned
        },
        config(LINE),
        false,
    );
    assert_eq!(back.unwrap().email, text(""));
}

#[test]
fn second_organizational_unit_is_warned_of_once() {
    let warnings = |prior: Option<&CertUserState>| {
        let mut diags = Diagnostics::default();
        let config = config("CN=app,OU=b,OU=a,O=Example");
        match prior {
            Some(prior) => update(&mut diags, prior, config, None),
            None => create(&mut diags, config),
        };
        diags.warnings.len()
    };
    assert_eq!(warnings(None), 1);
    assert_eq!(warnings(Some(&there(config("CN=app,O=Example")))), 1);
    let mut diags = Diagnostics::default();
    let warned = create(&mut diags, config("CN=app,OU=b,OU=a,O=Example")).unwrap();
    assert_eq!(warnings(Some(&warned)), 0);
}

#[test]
fn user_with_another_login_is_not_turned_back() {
    let mut turned = there(config(LINE));
    turned.auth_method = text("regular");
    let mut diags = Diagnostics::default();
    assert_eq!(update(&mut diags, &turned, config(LINE), None), None);
    assert_eq!(diags.errors[0].summary, NOT_BY_CERTIFICATE);
    assert!(diags.errors[0].detail.contains("PUT /v1/users/"), "{diags:?}");
}

#[test]
fn protected_user_and_own_user_are_not_removed() {
    let removal = |state: &CertUserState, own: &str| {
        let mut diags = Diagnostics::default();
        guard_removal(&mut diags, state, Some(&own.parse().unwrap()));
        diags
            .errors
            .into_iter()
            .map(|error| error.summary.to_string())
            .collect::<Vec<_>>()
    };
    let plain = there(config("CN=app, O=Example"));
    assert_eq!(removal(&plain, "CN=terraform"), [""; 0]);
    assert_eq!(removal(&plain, LINE), [OWN]);
    let protected = CertUserState {
        deletion_protection: Value::Value(true),
        ..plain
    };
    assert_eq!(removal(&protected, "CN=terraform"), ["Protected against deletion"]);
}

#[test]
fn own_user_keeps_subject_and_rights() {
    let mut prior = there(config(LINE));
    prior.role = text("admin");
    prior.role_ids = ids(&[1, 2]);
    let of_ids = |given: &[u64]| CertUserState {
        role_ids: ids(given),
        ..config(LINE)
    };
    let of_role = |role: &str| CertUserState {
        role_ids: Value::Null,
        role: text(role),
        ..config(LINE)
    };
    let moved = CertUserState {
        certificate_subject_line: text("CN=other"),
        ..of_ids(&[1, 2])
    };
    for (change, path) in [
        (of_ids(&[1]), "role_ids"),
        (of_role("user_manager"), "role"),
        (moved, "certificate_subject_line"),
    ] {
        assert_eq!(changed(&prior, change.clone(), true), (None, vec![path.to_owned()]));
        assert!(
            changed(&prior, change, false).0.is_some(),
            "{path} is refused for others too"
        );
    }
    for harmless in [of_ids(&[1, 2, 3]), of_role("admin")] {
        assert!(changed(&prior, harmless, true).0.is_some());
    }
}
