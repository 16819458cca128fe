//! Audit records, and changes that survive the end of the caller or of the process.

use std::sync::Arc;

use super::world::{World, self_signed};
use crate::access::authz::action::{DeleteCertificate, EditCertificate, GenerateCertificate, RegisterCertificate};
use crate::model::clearance::SecurityClearance;
use crate::model::definition::Collection;
use crate::rows;
use SecurityClearance::{ClusterAdmin, Operator, UnauthenticatedClients, ValidUser};
use certward_store::audit::Outcome;

use super::{edit, generate};

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
    let reopened = certward_store::Store::open(directory.path()).await.unwrap();
    let entries = rows::load(&reopened).await.unwrap();
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
