//! Subjects that pass and that are refused.

use crate::trust::minted::*;
use crate::trust::{AuthorizedSubject, GateRefusal, SubjectValidation, TrustAnchors, pass_gate, verify};

fn check(
    template: Template,
    validation: SubjectValidation,
    authorized: &[AuthorizedSubject],
) -> Result<(), GateRefusal> {
    let root = ca("CN=Root").self_signed();
    let client = root.issue(template);
    let anchors = TrustAnchors::from_pem_bundle(&root.pem(), &[], NOW).unwrap();
    let chain = verify(&anchors, &client.certificate, &[], NOW).unwrap();
    let admitted = pass_gate(chain, validation, authorized)?;
    assert_eq!(admitted.name(), client.certificate.subject());
    assert_eq!(admitted.valid_until(), client.certificate.validity().not_after);
    Ok(())
}

fn entry(common_name: &str) -> AuthorizedSubject {
    AuthorizedSubject {
        common_name: common_name.to_owned(),
        ..AuthorizedSubject::default()
    }
}

fn full_entry() -> AuthorizedSubject {
    AuthorizedSubject {
        common_name: "alice".to_owned(),
        organization: "Acme".to_owned(),
        organizational_units: vec!["Payments".to_owned(), "Ops".to_owned()],
        locality: "Chicago".to_owned(),
        state: "Illinois".to_owned(),
        country: "US".to_owned(),
    }
}

#[test]
fn without_validation_the_chain_is_enough() {
    assert_eq!(check(client("CN=alice"), SubjectValidation::Disabled, &[]), Ok(()));
}

#[test]
fn by_name_the_common_name_or_a_dns_name_is_enough_and_the_rest_is_ignored() {
    let passes = |template: Template, entries: &[&str]| {
        let entries: Vec<_> = entries.iter().map(|name| entry(name)).collect();
        check(template, SubjectValidation::SanCn, &entries).is_ok()
    };
    let names = ["app1.example.com", "client.example.com", "app1-prod.example.com"];
    let page = || client("CN=client.example.com,O=Acme").with(dns_names(&names));
    for name in names {
        assert!(passes(page(), &[name]), "{name}"); // `docs/contracts/redis-enterprise.md#subject-validation`
    }
    assert!(passes(client("CN=alice,O=Acme"), &["bob", "alice"]));
    assert!(passes(client("CN=alice").with(dns_names(&["other"])), &["alice"]));
    for (template, entries) in [
        (client("CN=alice"), &[][..]),
        (client("CN=alice"), &["Alice"]),
        (client("CN=alice"), &["alice "]),
        (client("CN=alice"), &["*"]),
        (client("CN=alice"), &[""]),
        (client("O=alice"), &["alice"]),
        (client("CN=*.example.com"), &["a.example.com"]),
        (client("CN=a").with(dns_names(&["*.example.com"])), &["b.example.com"]),
        (client("CN=a").with(dns_names(&["b.example.com"])), &["*.example.com"]),
        (client("CN=alice,CN=bob"), &["alice"]), // neither of two is the right one
        (
            client("CN=a").with(extension(17, false, &[0x30, 7, 0x81, 5, b'a', b'l', b'i', b'c', b'e'])),
            &["alice"], // an e-mail address
        ),
    ] {
        let subject = template.subject.clone();
        assert!(!passes(template, entries), "{subject:02x?} {entries:?}");
    }
}

#[test]
fn by_full_subject_all_six_attributes_are_those_of_one_entry() {
    let passes = |subject: &str, entry: AuthorizedSubject| {
        check(client(subject), SubjectValidation::FullSubject, &[entry]).is_ok()
    };
    let whole = "CN=alice,OU=Ops,OU=Payments,O=Acme,L=Chicago,ST=Illinois,C=US";
    assert!(passes(whole, full_entry()));
    assert!(passes(
        "OU=Payments,CN=alice,OU=Ops,C=US,O=Acme,ST=Illinois,L=Chicago",
        full_entry()
    ));
    assert!(passes(&format!("emailAddress=a@b,{whole},DC=example"), full_entry()));
    assert!(passes(
        "CN=alice",
        AuthorizedSubject {
            organizational_units: vec![String::new()], // empty text means absent
            ..entry("alice")
        }
    ));
    for subject in [
        "CN=alice,OU=Payments,O=Acme,L=Chicago,ST=Illinois,C=US",
        "CN=alice,OU=Ops,OU=Ops,OU=Payments,O=Acme,L=Chicago,ST=Illinois,C=US",
        "CN=alice,OU=Ops,OU=Payments,O=Acme,L=Chicago,ST=Illinois",
        "CN=alice,OU=Ops,OU=Payments,O=Acme,L=Chicago,ST=Illinois,C=us",
        "CN=alice,OU=Ops,OU=Payments,O=Acme,O=Acme,L=Chicago,ST=Illinois,C=US",
        "CN=bob,CN=alice,OU=Ops,OU=Payments,O=Acme,L=Chicago,ST=Illinois,C=US",
        "OU=Ops,OU=Payments,O=Acme,L=Chicago,ST=Illinois,C=US",
    ] {
        assert!(!passes(subject, full_entry()), "{subject}");
    }
    for subject in ["CN=alice,O=Acme", "CN=alice,OU=Ops", "CN=alice,O=", "CN=alice,C=US"] {
        assert!(!passes(subject, entry("alice")), "{subject}: the entry leaves it out");
    }
    assert!(!passes(
        "O=Acme",
        AuthorizedSubject {
            organization: "Acme".to_owned(),
            ..entry("")
        }
    ));
    assert_eq!(
        check(client("CN=alice"), SubjectValidation::FullSubject, &[]),
        Err(GateRefusal::NotAuthorized {
            subject: "CN=alice".to_owned(),
            entries: 0
        })
    );
}

#[test]
fn a_subject_that_nobody_can_be_known_by_is_refused_in_every_way() {
    let bmp = {
        let attribute = crate::asn1::sequence(&[&[0x06, 3, 0x55, 4, 3], &[0x1e, 2, 0, b'a']]);
        crate::asn1::sequence(&[&crate::asn1::set_of_one(&attribute)])
    };
    for validation in [
        SubjectValidation::Disabled,
        SubjectValidation::SanCn,
        SubjectValidation::FullSubject,
    ] {
        let refused = |subject: Vec<u8>| {
            let mut template = client("").with(dns_names(&["alice"]));
            template.subject = subject;
            check(template, validation, &[entry("alice")]).unwrap_err()
        };
        assert_eq!(refused(name("")), GateRefusal::EmptySubject);
        assert_eq!(
            refused(name("CN=al\\0Aice")),
            GateRefusal::ControlCharacter {
                subject: "CN=al\\0Aice".to_owned()
            }
        );
        assert!(matches!(refused(bmp.clone()), GateRefusal::Encoding { .. }));
    }
}
