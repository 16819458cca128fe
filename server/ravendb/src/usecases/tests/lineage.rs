//! An edit or deletion of an entry reaches the renewals that registered themselves from it, and deleted certificates
//! are not admitted again.

use certward_pki::Certificate;
use rcgen::KeyPair;
use time::{Duration, OffsetDateTime};

use super::edit;
use super::world::{NOW, TestCa, World, grant, self_signed, self_signed_until};
use crate::access::authn::{Decision, Refusal};
use crate::model::clearance::SecurityClearance::{self, ClusterAdmin, Operator, ValidUser};
use crate::model::definition::TwoFactorKey;
use crate::rows;
use crate::usecases::{Attempt, EditRequest, Error, RegisterRequest};
use certward_certificates::certificate::CertificateBundle;
use certward_store::audit::AuditRecord;

fn in_days(days: i64) -> OffsetDateTime {
    NOW + Duration::days(days)
}

async fn renew(world: &World, chain: &[&Certificate]) {
    let Decision::Renewed(renewal) = world.decide(chain) else {
        panic!("{:?}", world.decide(chain))
    };
    world.authority.register_renewal(&renewal, None).await.unwrap();
}

/// X, which is registered, its renewal Y, and Z, the renewal of Y: all of one key, which signed them.
async fn lineage(world: &World, clearance: SecurityClearance) -> (KeyPair, [Certificate; 3]) {
    let key = KeyPair::generate().unwrap();
    let certificates = [30, 29, 28].map(|days| self_signed_until("mallory", &key, in_days(days)));
    world.register(clearance, vec![certificates[0].clone()]).await;
    renew(world, &[&certificates[1]]).await;
    renew(world, &[&certificates[2]]).await;
    (key, certificates)
}

fn renews(world: &World, certificate: &Certificate) -> Option<certward_pki::Thumbprint> {
    world.entry(certificate.thumbprint()).unwrap().renews
}

/// Asserts that the audit record of a change to an entry names its renewals.
async fn assert_recorded(world: &World, renewals: [&Certificate; 2]) {
    let is_done = |record: &AuditRecord| {
        let outcome = format!("{:?}", record.outcome);
        outcome.starts_with("Done")
            && renewals.map(|renewal| outcome.contains(&renewal.thumbprint().to_string())) == [true; 2]
    };
    let records = world.audit_records().await;
    assert!(records.iter().any(is_done), "{records:?}");
}

fn is_unknown(world: &World, certificate: &Certificate) -> bool {
    matches!(world.decide(&[certificate]), Decision::Refused(Refusal::Unknown))
}

#[tokio::test]
async fn rights_that_are_taken_from_an_entry_are_taken_from_its_renewals() {
    let world = World::new().await;
    let (_, [x, y, z]) = lineage(&world, ClusterAdmin).await;
    assert_eq!(renews(&world, &x), None);
    assert_eq!(renews(&world, &y), Some(x.thumbprint()));
    assert_eq!(renews(&world, &z), Some(y.thumbprint()));
    let rights = |certificate: &Certificate| world.caller(certificate).clearance();

    let demoted = edit(x.thumbprint(), ValidUser);
    world.authority.edit(&world.as_server(), demoted).await.unwrap();
    assert_eq!([&x, &y, &z].map(rights), [ValidUser; 3]);
    assert_recorded(&world, [&y, &z]).await;
    world.assert_store_agrees().await;

    world.register(Operator, vec![x.clone()]).await;
    assert_eq!([&x, &y, &z].map(rights), [Operator; 3]);

    let disabled = EditRequest {
        disabled: true,
        ..edit(x.thumbprint(), Operator)
    };
    world.authority.edit(&world.as_server(), disabled).await.unwrap();
    for certificate in [&x, &y, &z] {
        let decision = world.decide(&[certificate]);
        assert!(
            matches!(decision, Decision::Refused(Refusal::Disabled { .. })),
            "{decision:?}"
        );
    }
    world.assert_store_agrees().await;
}

#[tokio::test]
async fn a_deletion_takes_the_renewals_along_and_nothing_deleted_comes_back_as_a_renewal() {
    let world = World::new().await;
    let (key, [x, y, z]) = lineage(&world, ClusterAdmin).await;
    let by_its_holder = world.authority.delete(&world.permit(&z), &x.thumbprint()).await;
    assert!(
        matches!(by_its_holder, Err(Error::OwnCertificate { .. })),
        "{by_its_holder:?}"
    );
    world
        .authority
        .delete(&world.as_server(), &x.thumbprint())
        .await
        .unwrap();
    assert!(world.authority.registry().is_empty());
    assert_recorded(&world, [&y, &z]).await;
    let fresh = self_signed_until("mallory", &key, in_days(20));
    for certificate in [&x, &y, &z, &fresh] {
        assert!(is_unknown(&world, certificate));
    }
    // Nor when the key is registered again, with another certificate.
    let again = self_signed_until("mallory", &key, in_days(60));
    world.register(ValidUser, vec![again.clone()]).await;
    for certificate in [&x, &y, &z] {
        assert!(is_unknown(&world, certificate));
    }
    renew(&world, &[&fresh]).await;
    assert_eq!(world.caller(&fresh).clearance(), ValidUser);
    // What was deleted is in the store too, until it expires.
    assert_eq!(rows::load_deleted(&world.store).await.unwrap().len(), 3);
    world.assert_store_agrees().await;
    world.clock.set(in_days(31));
    world
        .authority
        .delete(&world.as_server(), &again.thumbprint())
        .await
        .unwrap();
    // `fresh` had expired.
    assert_eq!(rows::load_deleted(&world.store).await.unwrap().len(), 1);
    assert!(!world.authority.registry().was_deleted(&x.fingerprint()));
}

#[tokio::test]
async fn a_renewal_that_was_found_before_its_certificate_was_deleted_is_not_registered() {
    let world = World::new().await;
    let (key, _) = lineage(&world, Operator).await;
    let certificate = self_signed_until("mallory", &key, in_days(9));
    let Decision::Renewed(found) = world.decide(&[&certificate]) else {
        panic!()
    };
    world.register(Operator, vec![certificate.clone()]).await;
    world
        .authority
        .delete(&world.as_server(), &certificate.thumbprint())
        .await
        .unwrap();
    let answer = world.authority.register_renewal(&found, None).await;
    assert!(
        matches!(answer, Err(Error::NotRenewable { thumbprint }) if thumbprint == certificate.thumbprint()),
        "{answer:?}"
    );
    assert!(is_unknown(&world, &certificate));
}

#[tokio::test]
async fn renewals_outlive_an_expired_original_and_stay_together() {
    let world = World::new().await;
    let (ca, key) = (TestCa::new("ca"), KeyPair::generate().unwrap());
    let [x, y, z, after_z] = [10, 20, 30, 40].map(|days| ca.issue("holder", &key, in_days(days)));
    world.register(Operator, vec![x.clone(), ca.certificate()]).await;
    renew(&world, &[&y, &ca.certificate()]).await;
    // Y is passed over while it is disabled: Z renews X as well.
    let disabled = EditRequest {
        disabled: true,
        ..edit(y.thumbprint(), Operator)
    };
    world.authority.edit(&world.as_server(), disabled).await.unwrap();
    renew(&world, &[&z, &ca.certificate()]).await;
    renew(&world, &[&after_z, &ca.certificate()]).await;
    assert_eq!(renews(&world, &z), Some(x.thumbprint()));
    world.clock.set(in_days(11));
    assert_eq!(world.authority.purge(&world.as_server()).await.unwrap(), 1);
    assert_eq!(renews(&world, &z), None);
    assert_eq!(renews(&world, &y), Some(z.thumbprint()));
    assert_eq!(renews(&world, &after_z), Some(z.thumbprint()));
    world.assert_store_agrees().await;
    let edited = edit(z.thumbprint(), ValidUser);
    world.authority.edit(&world.as_server(), edited).await.unwrap();
    for certificate in [&y, &z, &after_z] {
        assert_eq!(world.caller(certificate).clearance(), ValidUser);
    }
}

#[tokio::test]
async fn a_renewal_that_gives_its_place_to_a_newer_one_leaves_no_gap() {
    let world = World::new().await;
    let (ca, key) = (TestCa::new("ca"), KeyPair::generate().unwrap());
    let certificates: Vec<Certificate> = (10..18).map(|days| ca.issue("holder", &key, in_days(days))).collect();
    world
        .register(Operator, vec![certificates[0].clone(), ca.certificate()])
        .await;
    for certificate in &certificates[1..] {
        renew(&world, &[certificate, &ca.certificate()]).await;
    }
    let left = &certificates[3..];
    assert_eq!(world.authority.registry().len(), left.len());
    assert_eq!(renews(&world, &left[0]), None);
    world.assert_store_agrees().await;
    let edited = edit(left[0].thumbprint(), ValidUser);
    world.authority.edit(&world.as_server(), edited).await.unwrap();
    for certificate in left {
        assert_eq!(world.caller(certificate).clearance(), ValidUser);
    }
}

#[tokio::test]
async fn an_operator_registers_and_edits_nothing_that_has_the_key_of_an_administrator() {
    let world = World::new().await;
    let operator = world.registered(Operator).await;
    let key = KeyPair::generate().unwrap();
    let [x, y, z] = [30, 29, 28].map(|days| self_signed_until("chief", &key, in_days(days)));
    world.register(ClusterAdmin, vec![x.clone()]).await;
    let captured = world
        .register_as(
            &world.permit(&operator),
            ValidUser,
            vec![self_signed("other"), y.clone()],
        )
        .await;
    assert!(
        matches!(
            &captured,
            Err(Error::ClearanceTooLow {
                attempt: Attempt::Register,
                ..
            })
        ),
        "{captured:?}"
    );
    renew(&world, &[&y]).await;
    assert_eq!(world.caller(&y).clearance(), ClusterAdmin);

    // Nor what an administrator has registered below.
    world.register(ValidUser, vec![z.clone()]).await;
    let edited = edit(z.thumbprint(), ValidUser);
    let edited = world.authority.edit(&world.permit(&operator), edited).await;
    assert!(
        matches!(
            &edited,
            Err(Error::ClearanceTooLow {
                attempt: Attempt::Edit,
                ..
            })
        ),
        "{edited:?}"
    );
}

#[tokio::test]
async fn a_certificate_registered_below_takes_no_renewals_from_the_one_above() {
    let world = World::new().await;
    let key = KeyPair::generate().unwrap();
    let [x, below, renewal] = [30, 30, 28].map(|days| self_signed_until("chief", &key, in_days(days)));
    world.register(ClusterAdmin, vec![x.clone()]).await;
    let request = RegisterRequest {
        grant: crate::model::definition::Grant {
            two_factor_key: Some(TwoFactorKey::from_bytes(vec![7; 20])),
            ..grant("chief", ValidUser)
        },
        certificates: CertificateBundle::from_certificates(vec![below]).unwrap(),
    };
    world.authority.register(&world.as_server(), request).await.unwrap();
    renew(&world, &[&renewal]).await;
    assert_eq!(world.caller(&renewal).clearance(), ClusterAdmin);
    assert_eq!(renews(&world, &renewal), Some(x.thumbprint()));
}
