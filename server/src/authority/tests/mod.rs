//! The use cases, called as a dialect calls them.

mod figures;
mod world;

use std::sync::Arc;

use certward::pki::{Certificate, Thumbprint};
use rcgen::KeyPair;
use time::Duration;

use self::world::{NOW, TestCa, World, grant, self_signed, self_signed_until};
use super::clearance::{DatabaseAccess, Permissions, SecurityClearance};
use super::definition::{Collection, TwoFactorKey};
use super::{Attempt, EditRequest, Error, GenerateRequest, TwoFactorChange};
use crate::audit::Outcome;
use crate::authn::{Decision, Refusal};
use crate::authz::action::{
    DeleteCertificate, EditCertificate, GenerateCertificate, PurgeCertificates, RegisterCertificate,
};
use SecurityClearance::{ClusterAdmin, ClusterNode, Operator, UnauthenticatedClients, ValidUser};

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
    for name in ["", "  ", "a\nb", "a\u{0}", "\u{85}", &"n".repeat(1025)] {
        let error = world
            .authority
            .generate(&world.as_server(), generate(name, Operator))
            .await
            .unwrap_err();
        assert!(
            matches!(
                error,
                Error::BlankName | Error::ControlCharacterInName { .. } | Error::NameTooLong { .. }
            ),
            "{name:?}: {error:?}"
        );
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
async fn nobody_deletes_or_disables_the_certificate_it_calls_with() {
    let world = World::new().await;
    let own = world.registered(ClusterAdmin).await;
    let answer = world.authority.delete(&world.permit(&own), &own.thumbprint()).await;
    assert!(matches!(answer, Err(Error::OwnCertificate { .. })), "{answer:?}");
    let request = EditRequest {
        disabled: true,
        ..edit(own.thumbprint(), ClusterAdmin)
    };
    let answer = world.authority.edit(&world.permit(&own), request).await;
    assert!(matches!(answer, Err(Error::OwnCertificate { .. })), "{answer:?}");
    // Nor through its primary.
    let (primary, secondary) = (self_signed("p"), self_signed("s"));
    world
        .register(ClusterAdmin, vec![primary.clone(), secondary.clone()])
        .await;
    let answer = world
        .authority
        .delete(&world.permit(&secondary), &primary.thumbprint())
        .await;
    assert!(matches!(answer, Err(Error::OwnCertificate { .. })), "{answer:?}");
    // It may lower itself (observed record 412-edit-own), and others may delete the last administrator.
    world
        .authority
        .edit(&world.permit(&own), edit(own.thumbprint(), Operator))
        .await
        .unwrap();
    world
        .authority
        .delete(&world.as_server(), &primary.thumbprint())
        .await
        .unwrap();
}

#[tokio::test]
async fn cluster_nodes_are_not_disabled_and_strangers_not_edited() {
    let world = World::new().await;
    let node = world.registered(ClusterNode).await.thumbprint();
    let user = world.registered(ValidUser).await.thumbprint();
    for (thumbprint, clearance) in [(node, ClusterNode), (node, ValidUser), (user, ClusterNode)] {
        let request = EditRequest {
            disabled: true,
            ..edit(thumbprint, clearance)
        };
        let answer = world.authority.edit(&world.as_server(), request).await;
        assert!(matches!(answer, Err(Error::ClusterNodeDisabled { .. })), "{answer:?}");
    }
    let server = world.server_certificate().thumbprint();
    let answer = world.authority.edit(&world.as_server(), edit(server, Operator)).await;
    assert!(
        matches!(answer, Err(Error::NotRegistered { thumbprint }) if thumbprint == server),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_disabled_certificate_is_refused_until_it_is_enabled() {
    let world = World::new().await;
    let user = world.registered(ValidUser).await;
    let request = EditRequest {
        disabled: true,
        ..edit(user.thumbprint(), ValidUser)
    };
    world.authority.edit(&world.as_server(), request).await.unwrap();
    assert!(matches!(
        world.decide(&[&user]),
        Decision::Refused(Refusal::Disabled { .. })
    ));
    world
        .authority
        .edit(&world.as_server(), edit(user.thumbprint(), ValidUser))
        .await
        .unwrap();
    world.caller(&user);
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
async fn deleting_what_is_not_there_is_no_error() {
    let world = World::new().await;
    world
        .authority
        .delete(&world.as_server(), &Thumbprint::from_bytes([7; 20]))
        .await
        .unwrap();
    assert!(world.audit_records().await.is_empty());
}

#[tokio::test]
async fn purge_takes_whole_collections_and_spares_what_is_valid() {
    let world = World::new().await;
    let (soon, later) = (NOW + Duration::days(1), NOW + Duration::days(9));
    let make = |name: &str, not_after| self_signed_until(name, &KeyPair::generate().unwrap(), not_after);
    let expiring = make("single", soon);
    let valid = make("valid", later);
    let (primary, hanging) = (make("primary", soon), make("hanging", later));
    let (lasting, old) = (make("lasting", later), make("old", soon));
    world.register(ValidUser, vec![expiring.clone()]).await;
    world.register(Operator, vec![valid.clone()]).await;
    world.register(ValidUser, vec![primary.clone(), hanging.clone()]).await;
    world.register(ValidUser, vec![lasting.clone(), old.clone()]).await;
    world.clock.set(soon + Duration::SECOND);
    let purged = world
        .authority
        .purge(&world.permit::<PurgeCertificates>(&valid))
        .await
        .unwrap();
    assert_eq!(purged, 4);
    let left = |certificate: &Certificate| world.entry(certificate.thumbprint()).is_some();
    assert_eq!([&expiring, &primary, &hanging, &old].map(left), [false; 4]);
    assert_eq!([&valid, &lasting].map(left), [true; 2]);
    assert_eq!(
        world.entry(lasting.thumbprint()).unwrap().collection,
        Collection::Single
    );
    world.assert_store_agrees().await;
    assert_eq!(world.authority.purge(&world.as_server()).await.unwrap(), 0);
}

#[tokio::test]
async fn purge_leaves_the_collection_of_the_caller() {
    let world = World::new().await;
    let primary = self_signed_until("primary", &KeyPair::generate().unwrap(), NOW + Duration::days(1));
    let own = self_signed("own");
    world.register(Operator, vec![primary, own.clone()]).await;
    world.clock.advance(Duration::days(2));
    assert_eq!(
        world
            .authority
            .purge(&world.permit::<PurgeCertificates>(&own))
            .await
            .unwrap(),
        0
    );
    world.caller(&own);
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
        world.authority.register_renewal(&renewal).await.unwrap();
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
    let answer = world.authority.register_renewal(&renewal).await;
    assert!(matches!(answer, Err(Error::NotRegistered { .. })), "{answer:?}");
    assert!(world.entry(certificate.thumbprint()).is_none());
}

#[tokio::test]
async fn every_change_and_every_refusal_is_recorded_in_order() {
    let world = World::new().await;
    let operator = world.registered(Operator).await;
    let issued = world
        .authority
        .generate(
            &world.permit::<GenerateCertificate>(&operator),
            generate("u", ValidUser),
        )
        .await
        .unwrap();
    let target = issued.certificate.thumbprint();
    world
        .authority
        .edit(
            &world.permit::<EditCertificate>(&operator),
            edit(target, UnauthenticatedClients),
        )
        .await
        .unwrap();
    for _ in 0..3 {
        let permit = world.permit::<RegisterCertificate>(&operator);
        world
            .register_as(&permit, ClusterAdmin, vec![self_signed("evil")])
            .await
            .unwrap_err();
    }
    world
        .authority
        .delete(&world.permit::<DeleteCertificate>(&operator), &target)
        .await
        .unwrap();
    let records = world.audit_records().await;
    let done: Vec<_> = records
        .iter()
        .filter(|record| matches!(record.outcome, Outcome::Done(_)))
        .collect();
    let actions: Vec<&str> = done.iter().map(|record| record.action.as_ref()).collect();
    assert_eq!(
        actions,
        [
            "register_certificate",
            "generate_certificate",
            "edit_certificate",
            "delete_certificate"
        ]
    );
    let refused: u64 = records
        .iter()
        .filter(
            |record| matches!(&record.outcome, Outcome::Refused(reason) if reason.contains("clearance ClusterAdmin")),
        )
        .map(|record| record.occurrences)
        .sum();
    assert_eq!(refused, 3);
    let by_operator = records
        .iter()
        .find(|record| record.action == "delete_certificate")
        .unwrap();
    assert_eq!(by_operator.actor.thumbprint, Some(operator.thumbprint()));
    assert_eq!(by_operator.actor.address.as_deref(), Some("127.0.0.1"));
    assert_eq!(by_operator.target, target.to_string());
}

#[tokio::test]
async fn a_change_is_finished_when_its_caller_hangs_up() {
    let world = World::new().await;
    let certificate = self_signed("x");
    let permit = world.as_server();
    let mut change = Box::pin(world.register_as(&permit, Operator, vec![certificate.clone()]));
    // Started, and dropped at once.
    assert!(futures_util::poll!(&mut change).is_pending());
    drop(change);
    for _ in 0..500 {
        if world.entry(certificate.thumbprint()).is_some() {
            world.assert_store_agrees().await;
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the change was lost half-way");
}

#[tokio::test]
async fn what_was_changed_is_there_after_a_restart() {
    let world = World::new().await;
    let admin = world.registered(ClusterAdmin).await;
    let (primary, secondary) = (self_signed("p"), self_signed("s"));
    world.register(ValidUser, vec![primary.clone(), secondary]).await;
    let World {
        directory,
        authority,
        authenticator,
        store,
        audit,
        ..
    } = world;
    drop((authority, authenticator, audit));
    store.close().await;
    let reopened = crate::store::Store::open(directory.path()).await.unwrap();
    let entries = reopened.load().await.unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0].thumbprint, admin.thumbprint());
    let again = Arc::new(
        entries
            .into_iter()
            .find(|entry| entry.thumbprint == primary.thumbprint())
            .unwrap(),
    );
    assert!(matches!(&again.collection, Collection::Primary { secondaries } if secondaries.len() == 1));
}
