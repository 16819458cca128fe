//! The use cases, called as a dialect calls them.

mod deletion;
mod figures;
mod lineage;
mod record;
mod renewals;
mod world;

use certward_pki::{Certificate, Thumbprint};
use rcgen::KeyPair;
use time::Duration;

use self::world::{NOW, TestCa, World, grant, self_signed};
use super::{Attempt, EditRequest, Error, GenerateRequest, TwoFactorChange};
use crate::access::authn::{Decision, Refusal};
use crate::access::authz::action::{DeleteCertificate, RegisterCertificate};
use crate::model::clearance::{DatabaseAccess, Permissions, SecurityClearance};
use crate::model::definition::{Collection, RegisteredCertificate, TwoFactorKey};
use crate::model::registry::Change;
use SecurityClearance::{ClusterAdmin, ClusterNode, Operator, ValidUser};
use certward_certificates::asn1;
use certward_certificates::issuer::setup::{create_ca, create_server_certificate};

fn generate(name: &str, clearance: SecurityClearance) -> GenerateRequest {
    GenerateRequest {
        grant: grant(name, clearance),
        password: None,
        not_after: None,
        request_id: None,
    }
}

fn edit(thumbprint: Thumbprint, clearance: SecurityClearance) -> EditRequest {
    EditRequest {
        thumbprint,
        name: "edited".to_owned(),
        clearance,
        permissions: Permissions::none(),
        disabled: false,
        two_factor: TwoFactorChange::Keep,
    }
}

#[tokio::test]
async fn a_generated_certificate_is_registered_and_its_holder_admitted() {
    let world = World::new().await;
    let mut request = generate("user1", ValidUser);
    request.grant.permissions = [("Northwind".to_owned(), DatabaseAccess::ReadWrite)]
        .into_iter()
        .collect();
    let issued = world.authority.generate(&world.as_server(), request).await.unwrap();
    let caller = world.caller(&issued.certificate);
    assert_eq!((caller.name(), caller.clearance()), ("user1", ValidUser));
    assert_eq!(caller.access_to("northwind"), Some(DatabaseAccess::ReadWrite));
    assert_eq!(issued.certificate.issuer(), world.server_certificate().subject());
    world.assert_store_agrees().await;
}

#[tokio::test]
async fn a_repeated_request_issues_nothing_and_names_what_was_issued() {
    let world = World::new().await;
    let request = || GenerateRequest {
        request_id: Some("11111111".to_owned()),
        ..generate("x", Operator)
    };
    let issued = world.authority.generate(&world.as_server(), request()).await.unwrap();
    let error = world
        .authority
        .generate(&world.as_server(), request())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::RepeatedRequest { request_id, thumbprint }
            if request_id == "11111111" && *thumbprint == issued.certificate.thumbprint()),
        "{error:?}"
    );
    assert_eq!(world.authority.registry().len(), 1);
}

#[tokio::test]
async fn of_many_equal_requests_at_once_one_is_answered() {
    let world = World::new().await;
    let permit = world.as_server();
    let request = || GenerateRequest {
        request_id: Some("same".to_owned()),
        ..generate("x", Operator)
    };
    let answers = futures_util::future::join_all((0..8).map(|_| world.authority.generate(&permit, request()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(world.authority.registry().len(), 1);
}

#[tokio::test]
async fn names_and_dates_that_make_no_sense_are_refused() {
    let world = World::new().await;
    for name in ["", "  ", "a\u{0}", "\u{85}", &"n".repeat(1025)] {
        let error = world
            .authority
            .generate(&world.as_server(), generate(name, Operator))
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::BlankName | Error::NulInName | Error::NameTooLong { .. }),
            "{name:?}: {error:?}"
        );
    }
    // As on the real server, whatever else stands in a name.
    for name in ["a\tb", "a\u{7}", "a\u{202e}b", &"n".repeat(1024)] {
        let answer = world
            .authority
            .generate(&world.as_server(), generate(name, Operator))
            .await;
        assert!(answer.is_ok(), "{name:?}: {answer:?}");
    }
    for (not_after, good) in [
        (NOW, false),
        (NOW + Duration::milliseconds(900), false),
        (NOW + Duration::SECOND, true),
    ] {
        let request = GenerateRequest {
            not_after: Some(not_after),
            ..generate("x", Operator)
        };
        let answer = world.authority.generate(&world.as_server(), request).await;
        assert_eq!(answer.is_ok(), good, "{not_after}: {answer:?}");
        assert!(good || matches!(answer, Err(Error::InvalidNotAfter { .. })));
    }
}

#[tokio::test]
async fn nobody_makes_or_touches_what_is_above_it() {
    let world = World::new().await;
    for caller in [ClusterAdmin, ClusterNode, Operator] {
        let holder = world.registered(caller).await;
        for target in SecurityClearance::ALL {
            let may = caller.level() >= target.level();
            let check = |attempt: Attempt, answer: Result<(), Error>| {
                let low = matches!(&answer, Err(Error::ClearanceTooLow { attempt: tried, caller: held, .. })
                    if *tried == attempt && *held == caller);
                assert!(
                    if may { answer.is_ok() } else { low },
                    "{caller} {attempt} {target}: {answer:?}"
                );
            };
            let answer = world
                .authority
                .generate(&world.permit(&holder), generate("x", target))
                .await;
            check(Attempt::Generate, answer.map(drop));
            let answer = world
                .register_as(&world.permit(&holder), target, vec![self_signed("x")])
                .await;
            check(Attempt::Register, answer.map(drop));

            let existing = world.registered(target).await;
            let answer = world
                .register_as(&world.permit(&holder), ValidUser, vec![existing])
                .await;
            check(Attempt::Register, answer.map(drop));
            let existing = world.registered(target).await.thumbprint();
            check(
                Attempt::Edit,
                world
                    .authority
                    .edit(&world.permit(&holder), edit(existing, ValidUser))
                    .await,
            );
            let other = world.registered(ValidUser).await.thumbprint();
            check(
                Attempt::Edit,
                world.authority.edit(&world.permit(&holder), edit(other, target)).await,
            );
            let existing = world.registered(target).await.thumbprint();
            check(
                Attempt::Delete,
                world.authority.delete(&world.permit(&holder), &existing).await,
            );
        }
    }
    world.assert_store_agrees().await;
}

#[tokio::test]
async fn a_caller_that_lost_its_rights_meanwhile_changes_nothing() {
    let world = World::new().await;
    let victim = world.registered(ValidUser).await.thumbprint();
    for take_away in ["delete", "disable", "demote"] {
        let operator = world.registered(Operator).await;
        let permit = world.permit::<DeleteCertificate>(&operator);
        let thumbprint = operator.thumbprint();
        match take_away {
            "delete" => world.authority.delete(&world.as_server(), &thumbprint).await.unwrap(),
            "disable" => {
                let request = EditRequest {
                    disabled: true,
                    ..edit(thumbprint, Operator)
                };
                world.authority.edit(&world.as_server(), request).await.unwrap();
            }
            _ => world
                .authority
                .edit(&world.as_server(), edit(thumbprint, ValidUser))
                .await
                .unwrap(),
        }
        let answer = world.authority.delete(&permit, &victim).await;
        assert!(
            matches!(answer, Err(Error::CallerLostRights)),
            "{take_away}: {answer:?}"
        );
    }
    assert!(world.entry(victim).is_some());
}

#[tokio::test]
async fn a_caller_whose_trust_ended_meanwhile_changes_nothing() {
    let world = World::new().await;
    let victim = world.registered(ValidUser).await.thumbprint();

    // Codes are wanted that the caller was not asked for.
    let operator = world.registered(Operator).await;
    let permit = world.permit::<DeleteCertificate>(&operator);
    let request = EditRequest {
        two_factor: TwoFactorChange::Set(TwoFactorKey::from_bytes(vec![7; 20])),
        ..edit(operator.thumbprint(), Operator)
    };
    world.authority.edit(&world.as_server(), request).await.unwrap();
    let answer = world.authority.delete(&permit, &victim).await;
    assert!(matches!(answer, Err(Error::CallerLostRights)), "codes: {answer:?}");

    // The certificate that the caller held is the server's no more.
    let permit = world.as_server::<RegisterCertificate>();
    let ca = create_ca(NOW).unwrap();
    let next = create_server_certificate(&ca, &["db.example".to_owned()], NOW).unwrap();
    let operator = world.registered(Operator).await;
    world.server_certificates.replace(next.to_server_certificate().unwrap());
    let answer = world
        .register_as(&permit, ClusterAdmin, vec![self_signed("mine")])
        .await;
    assert!(matches!(answer, Err(Error::CallerLostRights)), "replaced: {answer:?}");

    // The caller's certificate expires.
    let permit = world.permit::<DeleteCertificate>(&operator);
    world.clock.advance(Duration::days(31));
    let answer = world.authority.delete(&permit, &victim).await;
    assert!(matches!(answer, Err(Error::CallerLostRights)), "expired: {answer:?}");
    assert!(world.entry(victim).is_some());
}

#[tokio::test]
async fn certificates_registered_together_are_one_collection() {
    let world = World::new().await;
    let (a, b, c) = (self_signed("a"), self_signed("b"), self_signed("c"));
    let (ta, tb, tc) = (a.thumbprint(), b.thumbprint(), c.thumbprint());
    world.register(Operator, vec![b.clone(), a.clone(), c]).await;
    assert_eq!(
        world.entry(tb).unwrap().collection,
        Collection::Primary {
            secondaries: vec![ta, tc]
        }
    );
    assert_eq!(
        world.entry(ta).unwrap().collection,
        Collection::Secondary { primary: tb }
    );
    world.assert_store_agrees().await;

    // An edit of any of them is an edit of all, and keeps the links.
    let request = EditRequest {
        two_factor: TwoFactorChange::Set(TwoFactorKey::from_bytes(vec![7; 20])),
        ..edit(ta, ValidUser)
    };
    world.authority.edit(&world.as_server(), request).await.unwrap();
    for thumbprint in [ta, tb, tc] {
        let entry = world.entry(thumbprint).unwrap();
        assert_eq!(
            (entry.name.as_str(), entry.clearance, entry.has_two_factor()),
            ("edited", ValidUser, true)
        );
    }
    assert_eq!(
        world.entry(tb).unwrap().collection,
        Collection::Primary {
            secondaries: vec![ta, tc]
        }
    );
    world.assert_store_agrees().await;

    let answer = world.authority.delete(&world.as_server(), &tc).await;
    assert!(
        matches!(answer, Err(Error::SecondaryCertificate { primary, .. }) if primary == tb),
        "{answer:?}"
    );

    // One that is registered again leaves; the others stay together.
    world.register(Operator, vec![a]).await;
    assert_eq!(
        world.entry(tb).unwrap().collection,
        Collection::Primary { secondaries: vec![tc] }
    );
    assert_eq!(world.entry(ta).unwrap().collection, Collection::Single);
    world.assert_store_agrees().await;

    world.authority.delete(&world.as_server(), &tb).await.unwrap();
    assert_eq!(
        (
            world.entry(tb).is_some(),
            world.entry(tc).is_some(),
            world.entry(ta).is_some()
        ),
        (false, false, true)
    );
    world.assert_store_agrees().await;

    // A primary that leaves lets its secondaries stand alone.
    let (d, e) = (self_signed("d"), self_signed("e"));
    let te = e.thumbprint();
    world.register(Operator, vec![d.clone(), e]).await;
    world.register(ValidUser, vec![d]).await;
    assert_eq!(world.entry(te).unwrap().collection, Collection::Single);
    assert_eq!(world.entry(te).unwrap().clearance, Operator);
    world.assert_store_agrees().await;
}

#[tokio::test]
async fn the_server_certificate_is_not_registered() {
    let world = World::new().await;
    let with_own = vec![self_signed("x"), world.server_certificate()];
    let answer = world.register_as(&world.as_server(), Operator, with_own).await;
    assert!(matches!(answer, Err(Error::ServerCertificate { .. })), "{answer:?}");
    assert!(world.authority.registry().is_empty());
}

#[tokio::test]
async fn a_renewal_gets_the_rights_of_this_moment_and_five_share_a_key() {
    let world = World::new().await;
    let (ca, key) = (TestCa::new("ca"), KeyPair::generate().unwrap());
    let original = ca.issue("holder", &key, NOW + Duration::days(10));
    world.register(Operator, vec![original.clone(), ca.certificate()]).await;
    let mut renewed = Vec::new();
    for days in 11..=16 {
        let certificate = ca.issue("holder", &key, NOW + Duration::days(days));
        let Decision::Renewed(renewal) = world.decide(&[&certificate, &ca.certificate()]) else {
            panic!()
        };
        world.authority.register_renewal(&renewal, None).await.unwrap();
        assert_eq!(world.caller(&certificate).clearance(), Operator);
        renewed.push(certificate);
    }
    let left: Vec<bool> = std::iter::once(&original)
        .chain(&renewed)
        .map(|certificate| world.entry(certificate.thumbprint()).is_some())
        .collect();
    assert_eq!(left, [false, false, true, true, true, true, true]);
    world.assert_store_agrees().await;
}

#[tokio::test]
async fn a_renewal_of_what_was_deleted_is_refused() {
    let world = World::new().await;
    let (ca, key) = (TestCa::new("ca"), KeyPair::generate().unwrap());
    let original = ca.issue("holder", &key, NOW + Duration::days(10));
    world.register(Operator, vec![original.clone(), ca.certificate()]).await;
    let certificate = ca.issue("holder", &key, NOW + Duration::days(11));
    let Decision::Renewed(renewal) = world.decide(&[&certificate, &ca.certificate()]) else {
        panic!()
    };
    world
        .authority
        .delete(&world.as_server(), &original.thumbprint())
        .await
        .unwrap();
    let answer = world.authority.register_renewal(&renewal, None).await;
    assert!(matches!(answer, Err(Error::NotRenewable { .. })), "{answer:?}");
    assert!(world.entry(certificate.thumbprint()).is_none());
}

#[tokio::test]
async fn the_last_administrator_does_not_demote_itself_by_edit_or_by_registering_itself_again() {
    let world = World::new().await;
    let admin = world.registered(ClusterAdmin).await;
    let is_refused = |answer: &Result<(), Error>| matches!(answer, Err(Error::LastAdministrator { .. }));
    // Others who are none at this moment: disabled, expired, below, with a key or a size that no handshake takes.
    let disabled = world.registered(ClusterAdmin).await.thumbprint();
    let request = EditRequest {
        disabled: true,
        ..edit(disabled, ClusterAdmin)
    };
    world.authority.edit(&world.as_server(), request).await.unwrap();
    let expired = self::world::self_signed_until("expired", &KeyPair::generate().unwrap(), NOW - Duration::DAY);
    world.register(ClusterAdmin, vec![expired]).await;
    world.registered(Operator).await;
    world.register(ClusterAdmin, vec![with_short_key()]).await;
    world
        .register(ClusterAdmin, vec![self_signed(&"n".repeat(17_000))])
        .await;
    for clearance in [Operator, ValidUser] {
        let edited = world
            .authority
            .edit(&world.permit(&admin), edit(admin.thumbprint(), clearance))
            .await;
        assert!(is_refused(&edited), "{edited:?}");
        let again = world
            .register_as(&world.permit(&admin), clearance, vec![admin.clone()])
            .await;
        assert!(is_refused(&again.map(drop)));
        let in_a_collection = world
            .register_as(&world.permit(&admin), clearance, vec![self_signed("x"), admin.clone()])
            .await;
        assert!(is_refused(&in_a_collection.map(drop)));
    }
    // A new name and equal rights are no demotion.
    world
        .authority
        .edit(&world.permit(&admin), edit(admin.thumbprint(), ClusterNode))
        .await
        .unwrap();

    // With another administrator, and with the server's own certificate, it can be done.
    let second = world.registered(ClusterAdmin).await;
    world
        .authority
        .edit(&world.permit(&admin), edit(admin.thumbprint(), ValidUser))
        .await
        .unwrap();
    let alone = world
        .authority
        .edit(&world.permit(&second), edit(second.thumbprint(), ValidUser))
        .await;
    assert!(is_refused(&alone), "{alone:?}");
    world
        .authority
        .edit(&world.as_server(), edit(second.thumbprint(), ValidUser))
        .await
        .unwrap();
}

/// A certificate with an RSA key of 1024 bits.
fn with_short_key() -> Certificate {
    let mut modulus = [0xa5; 128];
    modulus[127] = 0xa7;
    let key = asn1::sequence(&[&asn1::unsigned_integer(&modulus), &asn1::unsigned_integer(&[1, 0, 1])]);
    let rsa_encryption = asn1::value(0x06, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]]);
    let algorithm = asn1::sequence(&[&rsa_encryption, asn1::NULL]);
    TestCa::new("ca").issue_to("short", &asn1::sequence(&[&algorithm, &asn1::bit_string(&key)]))
}

#[tokio::test]
async fn of_two_administrators_that_demote_themselves_at_once_one_remains() {
    let world = World::new().await;
    let (a, b) = (
        world.registered(ClusterAdmin).await,
        world.registered(ClusterAdmin).await,
    );
    let (permit_a, permit_b) = (world.permit(&a), world.permit(&b));
    let (first, second) = tokio::join!(
        world.authority.edit(&permit_a, edit(a.thumbprint(), Operator)),
        world.authority.edit(&permit_b, edit(b.thumbprint(), Operator)),
    );
    assert_eq!([&first, &second].iter().filter(|answer| answer.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_key_that_can_never_log_in_is_not_registered() {
    let world = World::new().await;
    let mut der = self_signed("x").der().to_vec();
    // The last byte of the object identifier of P-256: prime239v3 is the curve before it.
    let curve = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let at = der.windows(curve.len()).position(|window| window == curve).unwrap();
    der[at + 7] = 6;
    let certificate = certward_pki::Certificate::from_der(der).unwrap();
    let answer = world
        .register_as(&world.as_server(), ValidUser, vec![self_signed("y"), certificate])
        .await;
    assert!(matches!(answer, Err(Error::UnusableKey { .. })), "{answer:?}");
    assert!(world.authority.registry().is_empty());
}

#[tokio::test]
async fn a_registered_certificate_is_known_by_its_whole_der() {
    let world = World::new().await;
    let registered = world.registered(ClusterAdmin).await;
    let entry = world.entry(registered.thumbprint()).unwrap();
    // As if the two had one SHA-1 hash: such a pair cannot be made here.
    let colliding = self_signed("registered");
    let entry = RegisteredCertificate {
        thumbprint: colliding.thumbprint(),
        ..RegisteredCertificate::clone(&entry)
    };
    world.authority.registry().apply(&[Change::Put(entry.into())]);
    let decision = world.decide(&[&colliding]);
    assert!(
        matches!(decision, Decision::Refused(Refusal::ThumbprintCollision)),
        "{decision:?}"
    );
    assert_eq!(world.caller(&registered).clearance(), ClusterAdmin);
}
