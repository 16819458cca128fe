use super::super::plan;
use super::*;
use crate::trust::testing::{Authority, FakeCluster, NOW, errors, refusal};

fn planned(authority: &Authority) -> TrustedCaState {
    let config = TrustedCaState {
        certificate_pem: Value::Value(authority.pem()),
        ..TrustedCaState::default()
    };
    plan::create(&mut Diagnostics::default(), config, NOW).unwrap()
}

#[tokio::test]
async fn authority_is_trusted_read_and_removed_beside_others() {
    let (team, other) = (Authority::new("Team CA"), Authority::new("Other CA"));
    let cluster = FakeCluster::start().await;
    cluster.inside().trusted_ca = other.pem();
    let session = cluster.session(None);
    let mut diags = Diagnostics::default();
    let planned = planned(&team);
    let state = create(&mut diags, &session, planned.clone()).await;
    assert_eq!(state, Some(planned.clone()));
    assert_eq!(
        cluster.inside().trusted_ca,
        other.pem().replace("\r\n", "\n") + &team.certificate().to_pem()
    );
    // Another run.
    let session = cluster.session(None);
    assert_eq!(read(&mut diags, &session, planned.clone()).await, Some(planned.clone()));
    assert_eq!(
        destroy(&mut diags, &session, &planned, &Kept::default()).await,
        Some(())
    );
    assert_eq!(cluster.inside().trusted_ca, other.certificate().to_pem());
    assert_eq!(
        read(&mut diags, &session, planned.clone()).await,
        None,
        "gone without an error"
    );
    assert_eq!(
        destroy(&mut diags, &session, &planned, &Kept::default()).await,
        Some(()),
        "gone already is fine"
    );
    assert_eq!(diags, Diagnostics::default());
}

#[tokio::test]
async fn trusted_authority_is_adopted() {
    let team = Authority::new("Team CA");
    let cluster = FakeCluster::start().await;
    cluster.inside().trusted_ca = team.pem();
    let mut diags = Diagnostics::default();
    let state = create(&mut diags, &cluster.session(None), planned(&team)).await;
    assert_eq!(state, Some(planned(&team)));
    assert_eq!(diags.warnings[0].summary, "Taken over");
    assert_eq!(cluster.inside().writings, []);
}

#[tokio::test]
async fn failed_reading_is_an_error_and_not_gone() {
    let cluster = FakeCluster::start().await;
    cluster.intercept(|_, _| Some(refusal(401, "unauthorized")));
    let mut diags = Diagnostics::default();
    let state = read(&mut diags, &cluster.session(None), planned(&Authority::new("Team CA"))).await;
    assert_eq!(
        (state, errors(&diags)),
        (None, vec!["Server does not let the provider in"])
    );
}

#[tokio::test]
async fn import_takes_a_fingerprint_in_any_spelling() {
    let team = Authority::new("Team CA");
    let cluster = FakeCluster::start().await;
    cluster.inside().trusted_ca = team.pem();
    let session = cluster.session(None);
    let fingerprint = team.certificate().fingerprint().to_string();
    let colons: Vec<&str> = (0..32).map(|octet| &fingerprint[octet * 2..octet * 2 + 2]).collect();
    let mut diags = Diagnostics::default();
    for id in [fingerprint.clone(), fingerprint.to_lowercase(), colons.join(":")] {
        let state = import(&mut diags, &session, &id).await.unwrap();
        assert_eq!(state.certificate_pem, Value::Value(team.certificate().to_pem()));
        assert_eq!(plan::update(&mut diags, &state, state.clone()), Some((state, vec![])));
    }
    for (id, summary) in [
        ("Team CA", "Unsuitable import id"),
        (&"0".repeat(64), "No such authority"),
    ] {
        let mut diags = Diagnostics::default();
        assert_eq!(import(&mut diags, &session, id).await, None);
        assert_eq!(errors(&diags), [summary]);
    }
}
