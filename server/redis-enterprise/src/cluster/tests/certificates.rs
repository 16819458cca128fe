use std::sync::Arc;

use certward_pki::{Certificate, PrivateKeyPem, certificates_from_pem};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use time::{Duration, OffsetDateTime};

use super::described;
use super::world::{NOW, TestCa, World, certified, peer};
use crate::cluster::ClusterError;
use crate::cluster::access::{ClusterCaller, authorize};
use CertificateName::{Api, Cm, DataInternodeEncryption, LdapClient, MtlsTrustedCa, Proxy, SsoIssuer, Syncer};
use certward_redis_model::named_certificate::{CertificateName, NewCertificate};
use certward_redis_model::permission::ManagementRole;

/// A certificate for a service, and its key.
struct Service {
    pem: String,
    key: String,
}

fn service(not_after: OffsetDateTime, purposes: &[ExtendedKeyUsagePurpose]) -> Service {
    let mut parameters = CertificateParams::default();
    parameters
        .distinguished_name
        .push(DnType::CommonName, "cluster.example");
    parameters.not_before = NOW - Duration::days(1);
    parameters.not_after = not_after;
    parameters.extended_key_usages = purposes.to_vec();
    let key = KeyPair::generate().unwrap();
    Service {
        pem: parameters.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

fn usable() -> Service {
    service(NOW + Duration::days(90), &[ExtendedKeyUsagePurpose::ServerAuth])
}

fn new(name: CertificateName, certificate: &str, key: Option<&str>) -> NewCertificate {
    NewCertificate {
        name,
        certificate: certificate.to_owned(),
        key: key.map(|key| PrivateKeyPem::from_pem(key).unwrap()),
    }
}

async fn put(world: &World, certificates: Vec<NewCertificate>) -> Result<(), ClusterError> {
    put_as(world, &world.administrator().await, certificates).await
}

async fn put_as(
    world: &World,
    caller: &Arc<ClusterCaller>,
    certificates: Vec<NewCertificate>,
) -> Result<(), ClusterError> {
    world
        .cluster
        .put_certificates(&authorize(caller).unwrap(), certificates)
        .await
}

fn stored(world: &World, name: CertificateName) -> Option<String> {
    let state = world.cluster.state();
    state
        .certificates()
        .get(name)
        .map(|certificate| certificate.certificate.clone())
}

fn first(pem: &str) -> Certificate {
    certificates_from_pem(pem).unwrap().remove(0)
}

#[tokio::test]
async fn the_services_get_certificates_at_the_first_start_and_keep_them() {
    let world = World::new().await;
    world.cluster.make_missing_certificates().await.unwrap();
    let state = world.cluster.state();
    let names: Vec<_> = state
        .certificates()
        .iter()
        .map(|certificate| certificate.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "cm",
            "metrics_exporter",
            "syncer",
            "ccs_internode_encryption",
            "data_internode_encryption"
        ]
    );
    let made = first(&state.certificates().get(Syncer).unwrap().certificate);
    assert_eq!(made.subject().to_string(), "CN=cluster.example");
    assert!(made.validity().contains(NOW) && made.extended_key_usage().unwrap().server_auth());
    world.cluster.make_missing_certificates().await.unwrap();
    assert_eq!(described(&world.cluster.state()), described(&state));
}

#[tokio::test]
async fn several_certificates_are_replaced_together_or_not_at_all() {
    let world = World::new().await;
    let (proxy, syncer) = (usable(), usable());
    let both = |syncer_key: &str| {
        vec![
            new(Proxy, &proxy.pem, Some(&proxy.key)),
            new(Syncer, &syncer.pem, Some(syncer_key)),
        ]
    };
    let before = described(&world.cluster.state());
    assert!(put(&world, both(&proxy.key)).await.is_err());
    assert_eq!(described(&world.cluster.state()), before);
    put(&world, both(&syncer.key)).await.unwrap();
    assert_eq!(stored(&world, Proxy).unwrap(), proxy.pem);
    let state = world.cluster.state();
    let key = state
        .certificates()
        .get(Syncer)
        .unwrap()
        .key
        .as_ref()
        .unwrap()
        .expose()
        .to_owned();
    assert_eq!(key, PrivateKeyPem::from_pem(&syncer.key).unwrap().expose());
    let revision = state.revision();
    put(&world, both(&syncer.key)).await.unwrap();
    assert_eq!(
        world.cluster.state().revision(),
        revision,
        "the same again is no change"
    );
    let one = || new(SsoIssuer, &proxy.pem, None);
    match put(&world, vec![one(), one()]).await {
        Err(ClusterError::InvalidCertificate {
            name: SsoIssuer,
            reason,
        }) => assert!(reason.contains("twice"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_fault_of_a_certificate_is_told_with_its_name() {
    let world = World::new().await;
    let before = described(&world.cluster.state());
    let (good, other) = (usable(), usable());
    let for_clients = service(NOW + Duration::days(90), &[ExtendedKeyUsagePurpose::ClientAuth]);
    let ca = TestCa::new("ca").certificate().to_pem();
    let leaf = TestCa::new("ca").client("alice").to_pem();
    for (certificate, name, reason) in [
        (new(Proxy, "", Some(&good.key)), Proxy, "PEM"),
        (new(Proxy, &good.pem, None), Proxy, "needs its private key"),
        (new(Proxy, &good.pem, Some(&other.key)), Proxy, "does not belong"),
        (new(Cm, &for_clients.pem, Some(&for_clients.key)), Cm, "serverAuth"),
        (new(LdapClient, &good.pem, Some(&good.key)), LdapClient, "clientAuth"),
        (new(Api, &good.pem, Some(&good.key)), Api, "server certificate"),
        (
            new(MtlsTrustedCa, &ca, Some(&good.key)),
            MtlsTrustedCa,
            "without a private key",
        ),
        (new(MtlsTrustedCa, &leaf, None), MtlsTrustedCa, "is no CA"),
        (
            new(MtlsTrustedCa, &(ca.clone() + &good.key), None),
            MtlsTrustedCa,
            "begins a private key",
        ),
        (new(SsoIssuer, "no pem", None), SsoIssuer, "PEM"),
    ] {
        match put(&world, vec![certificate]).await {
            Err(ClusterError::InvalidCertificate {
                name: found,
                reason: told,
            }) => {
                assert_eq!(found, name);
                assert!(told.contains(reason), "{name}: {told}");
            }
            other => panic!("{name} ({reason}): {other:?}"),
        }
    }
    assert_eq!(described(&world.cluster.state()), before);
}

#[tokio::test]
async fn what_has_expired_is_told_apart() {
    let world = World::new().await;
    let old = service(NOW - Duration::SECOND, &[]);
    let old_ca = TestCa::until("ca", NOW - Duration::SECOND).certificate().to_pem();
    let fresh_ca = TestCa::new("ca").certificate().to_pem();
    for certificate in [
        new(Proxy, &old.pem, Some(&old.key)),
        new(SsoIssuer, &old.pem, None),
        new(MtlsTrustedCa, &(fresh_ca + &old_ca), None),
    ] {
        let name = certificate.name;
        match put(&world, vec![certificate]).await {
            Err(ClusterError::CertificateExpired { name: found, .. }) => assert_eq!(found, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_key_must_fit_the_cipher_suites_of_its_service() {
    let world = World::new().await;
    let rsa_only = "ECDHE-RSA-AES256-GCM-SHA384".to_owned();
    world
        .set(|settings| {
            settings.data_cipher_list.clone_from(&rsa_only);
            settings.control_cipher_suites.clone_from(&rsa_only);
        })
        .await;
    let elliptic = usable();
    let upload = |name| vec![new(name, &elliptic.pem, Some(&elliptic.key))];
    for name in [Proxy, Cm] {
        match put(&world, upload(name)).await {
            Err(ClusterError::InvalidCertificate { reason, .. }) => assert!(reason.contains("cipher"), "{reason}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    put(&world, upload(Syncer)).await.unwrap();
    world
        .set(|settings| settings.min_data_tls_version = certward_redis_model::settings::TlsVersion::V1_3)
        .await;
    put(&world, upload(Proxy)).await.unwrap();
}

#[tokio::test]
async fn a_new_bundle_of_cas_takes_the_place_of_the_old_one_at_once() {
    let world = World::new().await;
    let (old, new_ca) = (TestCa::new("old"), TestCa::new("new"));
    world.trust(&old).await;
    world
        .create(certified("alice", "CN=alice,O=Acme", ManagementRole::Admin))
        .await
        .unwrap();
    let (by_old, by_new) = (peer(&[&old.client("alice")]), peer(&[&new_ca.client("alice")]));
    assert!(world.call(&by_old, None).await.is_ok());
    assert!(world.call(&by_new, None).await.is_err());
    put(&world, vec![new(MtlsTrustedCa, &new_ca.certificate().to_pem(), None)])
        .await
        .unwrap();
    assert!(world.call(&by_old, None).await.is_err());
    assert!(world.call(&by_new, None).await.is_ok());
}

#[tokio::test]
async fn a_caller_by_certificate_does_not_replace_its_own_ca() {
    let world = World::new().await;
    let (old, new_ca) = (TestCa::new("old"), TestCa::new("new"));
    world.trust(&old).await;
    world
        .create(certified("alice", "CN=alice,O=Acme", ManagementRole::Admin))
        .await
        .unwrap();
    let alice = world.call(&peer(&[&old.client("alice")]), None).await.unwrap();
    let new_pem = new_ca.certificate().to_pem();
    let refused = put_as(&world, &alice, vec![new(MtlsTrustedCa, &new_pem, None)]).await;
    assert!(
        matches!(refused, Err(ClusterError::WouldLockOutCaller { .. })),
        "{refused:?}"
    );
    let both = old.certificate().to_pem() + &new_pem;
    put_as(&world, &alice, vec![new(MtlsTrustedCa, &both, None)])
        .await
        .unwrap();
    // With a certificate of the new CA, the old one can go.
    let renewed = world.call(&peer(&[&new_ca.client("alice")]), None).await.unwrap();
    put_as(&world, &renewed, vec![new(MtlsTrustedCa, &new_pem, None)])
        .await
        .unwrap();
}

#[tokio::test]
async fn only_what_the_cluster_works_without_is_deleted() {
    let world = World::new().await;
    world.cluster.make_missing_certificates().await.unwrap();
    world.trust(&TestCa::new("ca")).await;
    let permit = world.permit().await;
    let delete = |name| world.cluster.delete_certificate(&permit, name);
    for name in CertificateName::ALL.into_iter().filter(|name| !name.is_optional()) {
        let refused = delete(name).await;
        assert!(
            matches!(refused, Err(ClusterError::CertificateRequired { .. })),
            "{name}: {refused:?}"
        );
    }
    assert!(matches!(
        delete(LdapClient).await,
        Err(ClusterError::NoSuchCertificate { .. })
    ));
    let in_use = delete(MtlsTrustedCa).await;
    assert!(
        matches!(in_use, Err(ClusterError::CertificateInUse { name: MtlsTrustedCa })),
        "{in_use:?}"
    );
    world
        .set(|settings| settings.mtls_certificate_authentication = false)
        .await;
    delete(MtlsTrustedCa).await.unwrap();
    assert_eq!(stored(&world, MtlsTrustedCa), None);
    assert!(world.cluster.state().trust_anchors().is_none());
    assert!(matches!(
        delete(MtlsTrustedCa).await,
        Err(ClusterError::NoSuchCertificate { .. })
    ));
}

#[tokio::test]
async fn a_rotation_makes_internal_certificates_anew_and_no_others() {
    let world = World::new().await;
    world.cluster.make_missing_certificates().await.unwrap();
    let all = |world: &World| CertificateName::ALL.map(|name| (name, stored(world, name)));
    let before = all(&world);
    let permit = world.permit().await;
    let refused = world.cluster.rotate_certificates(&permit, Some(Proxy)).await;
    assert!(
        matches!(refused, Err(ClusterError::NotRotatable { name: Proxy })),
        "{refused:?}"
    );
    world
        .cluster
        .rotate_certificates(&permit, Some(DataInternodeEncryption))
        .await
        .unwrap();
    let after_one = all(&world);
    world.cluster.rotate_certificates(&permit, None).await.unwrap();
    let after_all = all(&world);
    for ((old, one), new) in before.into_iter().zip(after_one).zip(after_all) {
        let name = old.0;
        assert_eq!(old != one, name == DataInternodeEncryption, "{name}");
        assert_eq!(one != new, name.is_internal(), "{name}");
    }
}
