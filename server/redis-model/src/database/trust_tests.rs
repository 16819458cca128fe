use certward_pki::Certificate;
use time::{Duration, OffsetDateTime};

use super::*;
use crate::database::ClientCertificates;
use certward_certificates::trust::minted::*;

/// TLS settings of a database that trusts these.
fn trusting(certificates: &[&Minted]) -> DatabaseTls {
    let texts = certificates.iter().map(|certificate| certificate.pem()).collect();
    DatabaseTls {
        client_certificates: ClientCertificates::from_pem_texts(texts).unwrap(),
        ..DatabaseTls::default()
    }
}

fn check(
    tls: &DatabaseTls,
    certificate: &Certificate,
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, DatabaseTrustRefusal> {
    let trust = DatabaseTrust::new(tls);
    trust.admit(certificate, &[], now).map(|client| client.valid_until())
}

fn expired() -> Template {
    Template {
        not_after: NOW - Duration::days(1),
        ..client("CN=alice")
    }
}

#[test]
fn certificates_below_the_databases_cas_are_let_in() {
    let (ours, other) = (ca("CN=ours").self_signed(), ca("CN=other").self_signed());
    let alice = ours.issue(client("CN=alice"));
    let tls = trusting(&[&other, &ours]);
    let not_after = alice.certificate.validity().not_after;
    assert_eq!(check(&tls, &alice.certificate, NOW), Ok(Some(not_after)));
    let refused = check(&trusting(&[&other]), &alice.certificate, NOW).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "no client certificate of the database stands above the certificate; its issuer is \"CN=ours\""
    );
}

/// Each admits no client, and the reason is reported: to the creator of the database, and in the log when a client is
/// refused.
#[test]
fn a_ca_that_cannot_be_one_is_named_with_the_reason_to_administrators_and_in_the_refusal() {
    let no_cert_sign = [
        basic_constraints(true, Some(true), None),
        key_usage(&[DIGITAL_SIGNATURE]),
    ];
    let directory_name = permitted_names(0xa4, &name("O=Example"));
    let mut version_1 = ca("CN=ours").with_only(&[]);
    version_1.version = 1;
    let no_ca_bit = [basic_constraints(true, None, None), key_usage(&[KEY_CERT_SIGN])];
    for (template, reason) in [
        (
            ca("CN=ours").with_only(&no_cert_sign),
            "has a key usage without keyCertSign",
        ),
        (ca("CN=ours").with(directory_name), "limits the directory names"),
        (version_1, "is X.509 version 1"),
        (ca("CN=ours").with_only(&no_ca_bit), "is no CA: its basic constraints"),
        (ca("CN=ours\\01"), "has a control character in its subject"),
    ] {
        let unfit = template.self_signed();
        let trust = DatabaseTrust::new(&trusting(&[&unfit]));
        let warnings: Vec<String> = trust.unfit_authorities().map(ToString::to_string).collect();
        let [warning] = warnings.as_slice() else {
            panic!("{reason}: {warnings:?}");
        };
        assert!(warning.contains(&format!("it {reason}")), "{warning}");
        assert!(!warning.contains(char::is_control), "{warning:?}");
        let issuing = unfit.issue(ca("CN=Issuing"));
        let below = [
            (unfit.issue(client("CN=alice")), vec![]),
            (issuing.issue(client("CN=alice")), vec![issuing.der()]),
        ];
        for (alice, intermediates) in below {
            let refused = trust.admit(&alice.certificate, &intermediates, NOW).unwrap_err();
            assert!(matches!(refused, DatabaseTrustRefusal::UnfitIssuer { .. }), "{refused}");
            assert!(refused.to_string().contains(reason), "{refused}");
            assert_eq!(refused.reason(), "certificate_unknown_ca");
        }
    }
    // Certificates that are meant to be shown themselves are no mistake, and a fit CA is none either.
    let own = client("CN=alice").self_signed();
    let ours = ca("CN=ours").self_signed();
    assert_eq!(
        DatabaseTrust::new(&trusting(&[&own, &ours]))
            .unfit_authorities()
            .count(),
        0
    );
}

#[test]
fn an_expired_certificate_is_let_in_where_that_is_allowed_and_does_not_end() {
    let ours = ca("CN=ours").self_signed();
    let alice = ours.issue(expired());
    let mut tls = trusting(&[&ours]);
    let refused = check(&tls, &alice.certificate, NOW).unwrap_err();
    assert!(matches!(
        refused,
        DatabaseTrustRefusal::Chain(ChainRefusal::EndEntity(EndEntityFault::Expired(_)))
    ));
    assert_eq!(refused.reason(), "certificate_expired");
    tls.allow_outdated_certificates = true;
    assert_eq!(check(&tls, &alice.certificate, NOW), Ok(None));
    // The CA must have been in date when the certificate was.
    let early = Template {
        not_before: NOW,
        ..ca("CN=ours")
    };
    let renewed = ours.again(early);
    let mut tls = trusting(&[&renewed]);
    tls.allow_outdated_certificates = true;
    assert!(check(&tls, &alice.certificate, NOW).is_err());
}

#[test]
fn a_weak_key_is_let_in_where_that_is_allowed() {
    let ours = ca("CN=ours").self_signed();
    let with_key = |bits| {
        ours.issue(Template {
            subject_public_key_info: Some(rsa_key(bits)),
            ..client("CN=alice")
        })
    };
    let mut tls = trusting(&[&ours]);
    assert!(check(&tls, &with_key(2048).certificate, NOW).is_ok());
    assert!(check(&tls, &with_key(1024).certificate, NOW).is_err());
    tls.allow_weak_hashing = true;
    assert!(check(&tls, &with_key(1024).certificate, NOW).is_ok());
    assert!(check(&tls, &with_key(1016).certificate, NOW).is_err());
}

/// The certificates of cert-manager and of Redis's own test script have no extended key usage.
#[test]
fn a_certificate_of_any_purpose_is_let_in_where_that_is_allowed() {
    let ours = ca("CN=ours").self_signed();
    let usage = || key_usage(&[DIGITAL_SIGNATURE, KEY_ENCIPHERMENT]);
    let with = |extensions: &[Vec<u8>]| ours.issue(client("CN=alice").with_only(extensions));
    let refused = trusting(&[&ours]);
    let mut allowed = trusting(&[&ours]);
    allowed.allow_missing_extended_key_usage = true;
    for (extensions, fault) in [
        (vec![], EndEntityFault::NoPurpose),
        (vec![usage()], EndEntityFault::NoPurpose),
        (vec![usage(), netscape_type(NETSCAPE_CLIENT)], EndEntityFault::NoPurpose),
        (vec![usage(), any_extended_key_usage()], EndEntityFault::AnyPurpose),
    ] {
        let alice = with(&extensions);
        let refusal = check(&refused, &alice.certificate, NOW).unwrap_err();
        assert_eq!(refusal, DatabaseTrustRefusal::AnyPurpose(fault));
        let says = |text: &str| refusal.to_string().contains(text);
        assert!(
            says("extendedKeyUsage") && says("certward_mtls_allow_missing_eku"),
            "{refusal}"
        );
        let not_after = alice.certificate.validity().not_after;
        assert_eq!(check(&allowed, &alice.certificate, NOW), Ok(Some(not_after)));
    }
    assert!(check(&allowed, &ours.issue(client("CN=alice")).certificate, NOW).is_ok());
}

#[test]
fn where_any_purpose_is_allowed_nothing_else_is() {
    let ours = ca("CN=ours").self_signed();
    let mut tls = trusting(&[&ours]);
    tls.allow_missing_extended_key_usage = true;
    let mut version_1 = client("CN=alice").with_only(&[]);
    version_1.version = 1;
    let ca_bit = basic_constraints(true, Some(true), None);
    for (template, fault) in [
        (
            client("CN=alice").with_only(&[extended_key_usage(&[SERVER_AUTH])]),
            EndEntityFault::Purpose,
        ),
        (
            client("CN=alice").with_only(&[extended_key_usage(&[])]),
            EndEntityFault::Purpose,
        ),
        (
            client("CN=alice").with_only(&[netscape_type(NETSCAPE_SERVER)]),
            EndEntityFault::Purpose,
        ),
        (client("CN=alice").with_only(&[ca_bit]), EndEntityFault::IsAuthority),
        (
            client("CN=alice").with_only(&[key_usage(&[KEY_ENCIPHERMENT])]),
            EndEntityFault::KeyUsage,
        ),
        (expired().with_only(&[]), EndEntityFault::Expired(expired().not_after)),
        (version_1, EndEntityFault::Version(1)),
    ] {
        let refused = check(&tls, &ours.issue(template).certificate, NOW);
        let expected = DatabaseTrustRefusal::Chain(ChainRefusal::EndEntity(fault));
        assert_eq!(refused, Err(expected));
    }
}

/// The extended key usage of an intermediate limits the certificates that it may issue.
#[test]
fn where_any_purpose_is_allowed_an_intermediate_still_names_clients_or_nothing() {
    let ours = ca("CN=ours").self_signed();
    let mut tls = trusting(&[&ours]);
    tls.allow_missing_extended_key_usage = true;
    let trust = DatabaseTrust::new(&tls);
    let strict = DatabaseTrust::new(&trusting(&[&ours]));
    for (purpose, is_let_in) in [
        (None, true),
        (Some(extended_key_usage(&[CLIENT_AUTH])), true),
        (Some(extended_key_usage(&[SERVER_AUTH])), false),
        (Some(any_extended_key_usage()), false),
    ] {
        let mut template = ca("CN=Issuing");
        template.extensions.extend(purpose);
        let issuing = ours.issue(template);
        let alice = issuing.issue(client("CN=alice").with_only(&[]));
        let decided = trust.admit(&alice.certificate, &[issuing.der()], NOW);
        assert_eq!(decided.is_ok(), is_let_in, "{decided:?}");
        let named = issuing.issue(client("CN=alice"));
        let decided = strict.admit(&named.certificate, &[issuing.der()], NOW);
        assert_eq!(decided.is_ok(), is_let_in, "{decided:?}");
    }
}

#[test]
fn a_certificate_that_is_named_itself_is_asked_for_its_dates_alone() {
    let own = Template {
        version: 1,
        ..client("CN=alice")
    }
    .self_signed();
    let mut tls = trusting(&[&own]);
    tls.subject_validation = SubjectValidation::FullSubject;
    assert!(check(&tls, &own.certificate, NOW).is_ok());
    let not_after = own.certificate.validity().not_after;
    let refused = check(&tls, &own.certificate, not_after + Duration::seconds(1)).unwrap_err();
    assert!(matches!(
        refused,
        DatabaseTrustRefusal::Pinned(EndEntityFault::Expired(_))
    ));
    // Nothing is below a certificate that is no CA's.
    let below = own.issue(client("CN=bob"));
    assert!(check(&tls, &below.certificate, NOW).is_err());
}

#[test]
fn the_older_names_stand_beside_the_subjects_and_alone() {
    let ours = ca("CN=ours").self_signed();
    let passes = |tls: &DatabaseTls, name: &str| {
        let certificate = ours.issue(client(&format!("CN={name}"))).certificate;
        check(tls, &certificate, NOW).is_ok()
    };
    let mut tls = trusting(&[&ours]);
    assert!(passes(&tls, "bob"));
    tls.authorized_names = vec!["alice".to_owned()];
    assert!(passes(&tls, "alice") && !passes(&tls, "bob"));
    tls.subject_validation = SubjectValidation::SanCn;
    tls.authorized_subjects = vec![AuthorizedSubject {
        common_name: "bob".to_owned(),
        ..AuthorizedSubject::default()
    }];
    assert!(passes(&tls, "alice") && passes(&tls, "bob") && !passes(&tls, "carol"));
    tls.subject_validation = SubjectValidation::FullSubject;
    assert!(!passes(&tls, "alice") && passes(&tls, "bob"));
}
