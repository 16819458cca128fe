//! Certificates that count as renewals of a registered one; equal names are never enough.

use std::sync::Arc;

use certward_pki::Certificate;
use rcgen::KeyPair;
use time::{Duration, OffsetDateTime};

use super::super::{EditRequest, Error, TwoFactorChange};
use super::edit;
use super::world::{NOW, TestCa, World, self_signed_until};
use crate::access::authn::{Decision, Refusal, Renewal};
use crate::access::two_factor::{SessionLength, TwoFactorSessions};
use crate::model::clearance::SecurityClearance::{ClusterAdmin, Operator};
use crate::model::definition::TwoFactorKey;

fn in_days(days: i64) -> OffsetDateTime {
    NOW + Duration::days(days)
}

fn renewal(decision: Decision) -> Arc<Renewal> {
    match decision {
        Decision::Renewed(renewal) => renewal,
        other => panic!("{other:?}"),
    }
}

fn is_unfamiliar(decision: &Decision) -> bool {
    matches!(decision, Decision::Refused(Refusal::UnfamiliarIssuer))
}

/// A CA, the key of a holder, and the holder's certificate from it.
fn issued() -> (TestCa, KeyPair, Certificate) {
    let (ca, key) = (TestCa::new("ca"), KeyPair::generate().unwrap());
    let original = ca.issue("holder", &key, in_days(10));
    (ca, key, original)
}

#[tokio::test]
async fn a_certificate_with_the_name_of_the_ca_copied_in_renews_nothing() {
    let world = World::new().await;
    let (ca, key, original) = issued();
    for with_ca in [false, true] {
        let mut registered = vec![original.clone()];
        registered.extend(with_ca.then(|| ca.certificate()));
        world.register(ClusterAdmin, registered).await;
        let fake = TestCa::new("ca");
        let forged = fake.issue("holder", &key, in_days(3650));
        for chain in [
            vec![&forged],
            vec![&forged, &fake.certificate()],
            vec![&forged, &ca.certificate()],
            vec![&forged, &fake.certificate(), &ca.certificate()],
        ] {
            assert!(is_unfamiliar(&world.decide(&chain)), "{with_ca} {}", chain.len());
        }
        let own_word = self_signed_until("ca", &key, in_days(3650));
        assert!(is_unfamiliar(&world.decide(&[&own_word])));
    }
    assert_eq!(world.authority.registry().len(), 1);
}

#[tokio::test]
async fn a_renewal_of_a_leaf_that_was_registered_alone_needs_the_ca_that_signed_both() {
    let world = World::new().await;
    let (ca, key, original) = issued();
    world.register(Operator, vec![original]).await;
    let renewed = ca.issue("holder", &key, in_days(20));
    assert!(is_unfamiliar(&world.decide(&[&renewed])));
    let renewal = renewal(world.decide(&[&renewed, &ca.certificate()]));
    world.authority.register_renewal(&renewal, None).await.unwrap();
    // The CA came from the holder: nothing later rests on it.
    assert!(world.entry(renewed.thumbprint()).unwrap().issuer_chain.is_empty());
}

#[tokio::test]
async fn a_ca_of_the_holder_above_the_real_one_makes_no_issuer_in_common() {
    let world = World::new().await;
    let (ca, key, original) = issued();
    let holders = TestCa::new("holders");
    let wrapped = holders.cross_sign(&ca, "ca");
    for with_ca in [false, true] {
        let mut registered = vec![original.clone()];
        registered.extend(with_ca.then(|| ca.certificate()));
        world.register(Operator, registered).await;
        let forged = holders.issue("holder", &key, in_days(3650));
        let chain = [&forged, &holders.certificate(), &wrapped];
        assert!(is_unfamiliar(&world.decide(&chain)), "{with_ca}");
    }
    // Nor does it after a true renewal that brought it along.
    let renewed = ca.issue("holder", &key, in_days(20));
    let true_renewal = renewal(world.decide(&[&renewed, &wrapped, &holders.certificate()]));
    world.authority.register_renewal(&true_renewal, None).await.unwrap();
    let forged = holders.issue("holder", &key, in_days(3650));
    assert!(is_unfamiliar(&world.decide(&[
        &forged,
        &holders.certificate(),
        &wrapped
    ])));
}

#[tokio::test]
async fn an_issuer_that_is_no_ca_or_out_of_date_is_no_issuer_in_common() {
    let world = World::new().await;
    for ca in [
        TestCa::that_is_none("leaf"),
        TestCa::until("expired", NOW - Duration::DAY),
    ] {
        let key = KeyPair::generate().unwrap();
        let original = ca.issue("holder", &key, in_days(10));
        let renewed = ca.issue("holder", &key, in_days(20));
        for registered in [vec![original.clone()], vec![original.clone(), ca.certificate()]] {
            world.register(Operator, registered).await;
            assert!(is_unfamiliar(&world.decide(&[&renewed, &ca.certificate()])));
        }
    }
}

#[tokio::test]
async fn what_is_expired_or_disabled_is_not_renewed_even_when_that_happens_meanwhile() {
    let world = World::new().await;
    let (ca, key, original) = issued();
    world.register(Operator, vec![original.clone(), ca.certificate()]).await;
    let renewed = ca.issue("holder", &key, in_days(20));
    let chain = [&renewed, &ca.certificate()];
    let found = renewal(world.decide(&chain));

    let disabled = EditRequest {
        disabled: true,
        ..edit(original.thumbprint(), Operator)
    };
    world.authority.edit(&world.as_server(), disabled).await.unwrap();
    assert!(matches!(world.decide(&chain), Decision::Refused(Refusal::Unknown)));
    let answer = world.authority.register_renewal(&found, None).await;
    assert!(matches!(answer, Err(Error::NotRenewable { .. })), "{answer:?}");

    let enabled = edit(original.thumbprint(), Operator);
    world.authority.edit(&world.as_server(), enabled).await.unwrap();
    world.clock.set(in_days(11));
    assert!(matches!(world.decide(&chain), Decision::Refused(Refusal::Unknown)));
    let answer = world.authority.register_renewal(&found, None).await;
    assert!(matches!(answer, Err(Error::NotRenewable { .. })), "{answer:?}");
    assert!(world.entry(renewed.thumbprint()).is_none());
}

#[tokio::test]
async fn the_holder_of_a_self_signed_certificate_renews_it_for_no_longer_than_it_was_given() {
    let world = World::new().await;
    let key = KeyPair::generate().unwrap();
    let original = self_signed_until("holder", &key, in_days(30));
    world.register(Operator, vec![original]).await;
    let renewed = self_signed_until("holder", &key, in_days(30) - Duration::SECOND);
    let found = renewal(world.decide(&[&renewed]));
    world.authority.register_renewal(&found, None).await.unwrap();
    assert_eq!(world.caller(&renewed).clearance(), Operator);
    let longer = self_signed_until("holder", &key, in_days(3650));
    assert!(is_unfamiliar(&world.decide(&[&longer])));
    let renamed = self_signed_until("other", &key, in_days(29));
    assert!(is_unfamiliar(&world.decide(&[&renamed])));
    // Its own issuer by name alone: another key signed it.
    let not_its_own = TestCa::new("holder").issue("holder", &key, in_days(29));
    assert!(is_unfamiliar(&world.decide(&[&not_its_own])));
}

#[tokio::test]
async fn a_renewal_is_registered_only_with_the_one_time_code_that_its_original_wants() {
    let world = World::new().await;
    let key = KeyPair::generate().unwrap();
    let original = self_signed_until("holder", &key, in_days(30));
    let secret = TwoFactorKey::from_bytes(b"12345678901234567890".to_vec());
    world.register(Operator, vec![original.clone()]).await;
    let with_codes = EditRequest {
        two_factor: TwoFactorChange::Set(secret.clone()),
        ..edit(original.thumbprint(), Operator)
    };
    world.authority.edit(&world.as_server(), with_codes).await.unwrap();
    let renewed = self_signed_until("holder", &key, in_days(29));
    let found = renewal(world.decide(&[&renewed]));

    let length = SessionLength {
        default_minutes: 120,
        max_minutes: 1440,
    };
    let sessions = TwoFactorSessions::new(length, world.clock.clone());
    let answer = world.authority.register_renewal(&found, None).await;
    assert!(matches!(answer, Err(Error::OneTimeCodeMissing { .. })), "{answer:?}");
    assert!(sessions.accept(found.original(), 1_000_000, None).is_err());
    assert!(world.entry(renewed.thumbprint()).is_none());

    let code = crate::access::two_factor::current_code(&secret, NOW);
    let accepted = sessions.accept(found.original(), code, None).unwrap();
    world.authority.register_renewal(&found, Some(&accepted)).await.unwrap();
    let entry = world.entry(renewed.thumbprint()).unwrap();
    assert!(entry.has_two_factor());
    assert!(!sessions.admits(&entry, None));
    let opened = sessions.begin(entry.thumbprint, accepted, false);
    assert_eq!(opened.cookie, None);
    assert!(sessions.admits(&entry, None));
    // The session is the renewal's; the original needs a code of its own.
    assert!(!sessions.admits(&world.entry(original.thumbprint()).unwrap(), None));
}
