use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};
use time::macros::datetime;

use super::*;
use crate::testing::certificates::params;

const NOW: OffsetDateTime = datetime!(2026-11-21 0:00 UTC);

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority_params(common_name: &str) -> CertificateParams {
    let mut params = params(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn root(common_name: &str) -> Issuer {
    CertifiedIssuer::self_signed(authority_params(common_name), KeyPair::generate().unwrap()).unwrap()
}

fn client_params() -> CertificateParams {
    let mut params = params("app");
    params.distinguished_name.push(DnType::OrganizationName, "Acme");
    params
        .distinguished_name
        .push(DnType::OrganizationalUnitName, "Payments");
    params.subject_alt_names = vec![SanType::DnsName("app.example".try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn client(issuer: &Issuer) -> Certificate {
    let key = KeyPair::generate().unwrap();
    read(&client_params().signed_by(&key, issuer).unwrap())
}

fn read(certificate: &rcgen::Certificate) -> Certificate {
    Certificate::from_der(certificate.der().clone()).unwrap()
}

fn rules(authorities: &[&Issuer]) -> Rules {
    Rules {
        certificate_authentication: true,
        authorities: authorities.iter().map(|issuer| read(issuer.as_ref())).collect(),
        subject_validation: SubjectValidation::Disabled,
        authorized_subjects: Vec::new(),
    }
}

#[test]
fn chain_to_a_trusted_authority_is_let_in() {
    let (team, other) = (root("Team CA"), root("Other CA"));
    let own = [client(&team)];
    assert_eq!(rules(&[&team]).refusal(&own, NOW), None);
    assert_eq!(rules(&[&other, &team]).refusal(&own, NOW), None);
    let refusal = rules(&[&other]).refusal(&own, NOW).unwrap();
    assert!(refusal.to_string().contains("Other CA"), "{refusal}");
    assert_eq!(rules(&[]).refusal(&own, NOW), Some(Refusal::NoAuthority));
    let off = Rules {
        certificate_authentication: false,
        ..rules(&[&team])
    };
    assert_eq!(off.refusal(&own, NOW), Some(Refusal::SwitchedOff));
    assert_eq!(
        rules(&[&other]).refusal(&[], NOW),
        None,
        "nothing to refuse without a certificate"
    );
}

#[test]
fn intermediate_is_sent_along_or_trusted_itself() {
    let top = root("Root CA");
    let intermediate =
        CertifiedIssuer::signed_by(authority_params("Issuing CA"), KeyPair::generate().unwrap(), &top).unwrap();
    let alone = [client(&intermediate)];
    let with_chain = [alone[0].clone(), read(intermediate.as_ref())];
    assert_eq!(rules(&[&top]).refusal(&with_chain, NOW), None);
    assert!(matches!(
        rules(&[&top]).refusal(&alone, NOW),
        Some(Refusal::Chain { .. })
    ));
    assert_eq!(rules(&[&intermediate]).refusal(&alone, NOW), None);
}

#[test]
fn expired_certificate_is_refused() {
    let team = root("Team CA");
    let own = [client(&team)];
    let refusal = rules(&[&team]).refusal(&own, datetime!(2027-02-01 0:00 UTC));
    assert!(matches!(refusal, Some(Refusal::Chain { .. })), "{refusal:?}");
}

#[test]
fn subjects_are_held_against_the_authorized_ones() {
    let team = root("Team CA");
    let own = [client(&team)];
    let entry = |common_name: &str, organization: &str, units: &[&str]| {
        let entry = AuthorizedSubject::new(common_name).organization(organization);
        units.iter().fold(entry, |entry, unit| entry.organizational_unit(*unit))
    };
    let whole = entry("app", "Acme", &["Payments"]);
    for (validation, authorized, passes) in [
        ("disabled", vec![], true),
        ("a word of a later version", vec![], true),
        ("san_cn", vec![], false),
        ("san_cn", vec![entry("app", "", &[])], true),
        ("san_cn", vec![entry("APP", "", &[])], false),
        ("san_cn", vec![entry("x", "", &[]), entry("app.example", "", &[])], true),
        ("san_cn", vec![entry("*.example", "", &[])], false),
        ("full_subject", vec![entry("app", "", &[])], false),
        ("full_subject", vec![entry("app.example", "Acme", &["Payments"])], false),
        ("full_subject", vec![entry("app", "Acme", &["Payments", ""])], true),
        ("full_subject", vec![entry("app", "Acme", &["Payments", "More"])], false),
        ("full_subject", vec![entry("x", "", &[]), whole], true),
    ] {
        let rules = Rules {
            subject_validation: validation.into(),
            authorized_subjects: authorized,
            ..rules(&[&team])
        };
        assert_eq!(rules.refusal(&own, NOW).is_none(), passes, "{rules:?}");
    }
}
