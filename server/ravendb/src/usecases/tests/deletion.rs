//! Deleting, disabling and purging.

use certward_pki::{Certificate, Thumbprint};
use rcgen::KeyPair;
use time::Duration;

use super::world::{NOW, World, self_signed, self_signed_until};
use crate::access::authn::{Decision, Refusal};
use crate::access::authz::action::PurgeCertificates;
use crate::model::clearance::SecurityClearance;
use crate::model::definition::Collection;
use crate::usecases::{EditRequest, Error};
use SecurityClearance::{ClusterAdmin, ClusterNode, Operator, ValidUser};

use super::edit;

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
    // Nor the server its own, which is not registered.
    let server = world.server_certificates.current().certificate().thumbprint();
    let answer = world.authority.delete(&world.as_server(), &server).await;
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
