use certward::pki::certificates_from_pem;

use super::super::plan;
use super::*;
use crate::trust::testing::{Authority, FakeCluster, NOW, errors, warnings};

fn planned(authorities: &[&Authority]) -> TrustedCaBundleState {
    let texts = authorities.iter().map(|authority| Value::Value(authority.pem()));
    let config = TrustedCaBundleState {
        certificates_pem: Value::Value(texts.collect()),
        ..TrustedCaBundleState::default()
    };
    plan::create(&mut Diagnostics::default(), config, NOW).unwrap()
}

fn trusted(cluster: &FakeCluster) -> Vec<Certificate> {
    certificates_from_pem(&cluster.inside().trusted_ca).unwrap_or_default()
}

#[tokio::test]
async fn bundle_replaces_whatever_was_trusted() {
    let [one, two, stranger] = ["One CA", "Two CA", "Stranger CA"].map(Authority::new);
    let cluster = FakeCluster::start().await;
    cluster.inside().trusted_ca = stranger.pem() + &two.pem();
    let session = cluster.session(None);
    let mut diags = Diagnostics::default();
    let state = write(&mut diags, &session, planned(&[&one, &two])).await.unwrap();
    assert_eq!(state, planned(&[&one, &two]));
    assert_eq!(trusted(&cluster), [two.certificate(), one.certificate()]);
    assert_eq!(read(&mut diags, &session, state.clone()).await, Some(state.clone()));
    assert_eq!(diags, Diagnostics::default());

    cluster.inside().trusted_ca.push_str(&stranger.pem());
    let drifted = read(&mut diags, &session, state).await.unwrap();
    assert_eq!(warnings(&diags), ["Authorities beside the bundle"]);
    assert!(diags.warnings[0].detail.contains("Stranger CA"));
    assert_eq!(drifted.certificates_pem.as_ref_option().unwrap().len(), 3);
    assert_eq!(drifted.fingerprints_sha256.unwrap().len(), 3);
}

#[tokio::test]
async fn bundle_deleted_outside_is_gone() {
    let one = Authority::new("One CA");
    let cluster = FakeCluster::start().await;
    let mut diags = Diagnostics::default();
    assert_eq!(read(&mut diags, &cluster.session(None), planned(&[&one])).await, None);
    assert_eq!(diags, Diagnostics::default());
}

#[tokio::test]
async fn destroying_keeps_or_removes() {
    let (one, later) = (Authority::new("One CA"), Authority::new("Later CA"));
    let cluster = FakeCluster::start().await;
    cluster.inside().trusted_ca = one.pem() + &later.pem();
    let session = cluster.session(None);
    let mut diags = Diagnostics::default();
    assert_eq!(
        destroy(&mut diags, &session, &planned(&[&one]), &Kept::default()).await,
        Some(())
    );
    assert_eq!(warnings(&diags), ["Authorities stay trusted"]);
    assert_eq!(trusted(&cluster).len(), 2);
    let removing = TrustedCaBundleState {
        on_destroy: Value::Value(REMOVE.to_owned()),
        ..planned(&[&one])
    };
    assert_eq!(
        destroy(&mut diags, &session, &removing, &Kept::default()).await,
        Some(())
    );
    assert_eq!(trusted(&cluster), [later.certificate()], "what was added outside stays");
}

#[tokio::test]
async fn import_takes_what_is_trusted() {
    let one = Authority::new("One CA");
    let cluster = FakeCluster::start().await;
    let session = cluster.session(None);
    for (id, summary) in [
        ("cluster", "Unsuitable import id"),
        ("bundle", "No trusted authorities"),
    ] {
        let mut diags = Diagnostics::default();
        assert_eq!(import(&mut diags, &session, id).await, None);
        assert_eq!(errors(&diags), [summary]);
    }
    cluster.inside().trusted_ca = one.pem();
    let mut diags = Diagnostics::default();
    let state = import(&mut diags, &session, "bundle").await.unwrap();
    let next = plan::update(&mut diags, &state, planned(&[&one]), NOW);
    assert_eq!((next, diags), (Some(state), Diagnostics::default()));
}
