use certward::redis_enterprise::AuthorizedSubject;
use serde_json::{Value as Json, json};
use wiremock::ResponseTemplate;

use super::super::AuthorizedSubjectState;
use super::super::plan::{self, validate};
use super::*;
use crate::session::Api;
use crate::trust::testing::{Authority, FakeCluster, NOW, errors, refusal, user, warnings};

const PUT: &str = "PUT /v1/cluster";
const DRY_RUN: &str = "PUT /v1/cluster?dry_run";

fn subject(common_name: &str) -> Value<AuthorizedSubjectState> {
    Value::Value((&AuthorizedSubject::new(common_name)).into())
}

/// Everything managed, passwords left on.
fn config() -> ClusterMtlsSettingsState {
    ClusterMtlsSettingsState {
        certificate_authentication_enabled: Value::Value(true),
        subject_validation_type: Value::Value("san_cn".to_owned()),
        authorized_subjects: Value::Value(vec![subject("terraform")]),
        basic_authentication_enabled: Value::Value(true),
        ..ClusterMtlsSettingsState::default()
    }
}

fn only_certificates(enabled: bool) -> ClusterMtlsSettingsState {
    ClusterMtlsSettingsState {
        certificate_authentication_enabled: Value::Value(enabled),
        ..ClusterMtlsSettingsState::default()
    }
}

fn planned(config: ClusterMtlsSettingsState) -> ClusterMtlsSettingsState {
    plan::create(config)
}

async fn written(
    session: &Session,
    config: ClusterMtlsSettingsState,
) -> (Option<(ClusterMtlsSettingsState, MtlsSettings)>, Diagnostics) {
    let mut diags = Diagnostics::default();
    let answer = write(&mut diags, session, planned(config), MtlsSettings::default()).await;
    (answer, diags)
}

/// A cluster that trusts an authority.
async fn trusting(authority: &Authority) -> FakeCluster {
    let cluster = FakeCluster::start().await;
    cluster.inside().trusted_ca = authority.pem();
    cluster
}

/// A cluster that lets the user `CN=terraform` in by certificate, and nobody by anything else.
async fn asking(authority: &Authority) -> FakeCluster {
    let cluster = trusting(authority).await;
    {
        let mut inside = cluster.inside();
        inside.settings["mtls_certificate_authentication"] = json!(true);
        inside.users = user("CN=terraform");
    }
    cluster
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let cluster = trusting(&Authority::new("Team CA")).await;
    let session = cluster.password_session(None);
    let (answer, diags) = written(&session, config()).await;
    assert_eq!(diags, Diagnostics::default());
    let (state, earlier) = answer.unwrap();
    assert_eq!(state.id, Value::Value("cluster.example".to_owned()));
    assert_eq!(earlier.certificate_authentication, Some(false));
    assert_eq!(earlier.basic_authentication, Some(true));
    let expected = json!({
        "mtls_certificate_authentication": true,
        "mtls_client_cert_subject_validation_type": "san_cn",
        "mtls_authorized_subjects": [{ "CN": "terraform" }],
    });
    assert_eq!(cluster.written(PUT), [expected]);

    let (again, diags) = written(&session, config()).await;
    assert_eq!((again.is_some(), diags), (true, Diagnostics::default()));
    assert_eq!(cluster.written(PUT).len(), 1, "nothing differs any more");
}

#[tokio::test]
async fn settings_that_are_left_out_are_neither_read_nor_written() {
    let cluster = trusting(&Authority::new("Team CA")).await;
    let session = cluster.password_session(None);
    let (answer, _) = written(&session, only_certificates(true)).await;
    let (state, earlier) = answer.unwrap();
    assert_eq!(state.subject_validation_type, Value::Null);
    assert_eq!(earlier.subject_validation, None);
    cluster.inside().settings["mtls_client_cert_subject_validation_type"] = json!("full_subject");
    let mut diags = Diagnostics::default();
    assert_eq!(read(&mut diags, &session, state.clone()).await, Some(state));
}

#[tokio::test]
async fn drift_is_read_and_another_form_of_the_same_is_none() {
    let cluster = trusting(&Authority::new("Team CA")).await;
    let session = cluster.password_session(None);
    let (answer, _) = written(&session, config()).await;
    let state = answer.unwrap().0;
    cluster.inside().settings["mtls_authorized_subjects"] =
        json!([{ "CN": "terraform", "O": "", "OU": [], "L": "", "ST": "", "C": "" }]);
    let mut diags = Diagnostics::default();
    assert_eq!(read(&mut diags, &session, state.clone()).await, Some(state.clone()));
    cluster.inside().settings["mtls_authorized_subjects"] = json!([{ "CN": "somebody", "O": "Acme" }]);
    cluster.inside().settings["mtls_certificate_authentication"] = json!(false);
    let drifted = read(&mut diags, &session, state).await.unwrap();
    assert_eq!(drifted.certificate_authentication_enabled, Value::Value(false));
    let subjects = drifted.authorized_subjects.unwrap();
    let found = subjects[0].clone().unwrap();
    assert_eq!(found.organization, Value::Value("Acme".to_owned()));
    assert_eq!(found.locality, Value::Null);
}

#[tokio::test]
async fn switching_on_needs_an_authority() {
    let cluster = FakeCluster::start().await;
    let (answer, diags) = written(&cluster.password_session(None), only_certificates(true)).await;
    assert_eq!((answer, errors(&diags)), (None, vec!["No trusted authority"]));
    assert_eq!(
        diags.errors[0].attribute,
        AttributePath::new("certificate_authentication_enabled")
    );
    assert_eq!(cluster.inside().writings, []);
}

#[tokio::test]
async fn certificate_beside_the_password_is_looked_at_before_switching_on() {
    let (team, other) = (Authority::new("Team CA"), Authority::new("Other CA"));
    // Of another authority, and the cluster lets it in for no other reason.
    let cluster = trusting(&team).await;
    let session = cluster.password_session(Some(other.issue("terraform")));
    cluster.intercept(|inside, asked| {
        (asked == "GET /v1/cluster" && !inside.authorized).then(|| refusal(401, "unauthorized"))
    });
    let (answer, diags) = written(&session, only_certificates(true)).await;
    assert_eq!((answer, errors(&diags)), (None, vec!["Would lock you out"]));
    assert!(diags.errors[0].detail.contains("Team CA"), "{diags:?}");
    assert_eq!(cluster.inside().writings, []);

    // Meant for RavenDB, perhaps.
    let mut both = cluster.password_session(Some(other.issue("terraform")));
    both.ravendb = Api::Unknown("elsewhere".to_owned());
    let (answer, diags) = written(&both, only_certificates(true)).await;
    assert!(answer.is_some(), "{diags:?}");
    assert_eq!(warnings(&diags), ["The provider's certificate is not let in"]);
}

#[tokio::test]
async fn certificate_the_cluster_lets_in_anyway_is_no_obstacle() {
    let cluster = trusting(&Authority::new("Team CA")).await;
    let own = Authority::new("Other CA").issue("terraform");
    let (answer, diags) = written(&cluster.session(Some(own)), only_certificates(true)).await;
    assert_eq!((answer.is_some(), diags), (true, Diagnostics::default()));
}

#[tokio::test]
async fn change_that_locks_the_provider_out_is_put_back() {
    let team = Authority::new("Team CA");
    let cluster = trusting(&team).await;
    cluster.intercept(|inside, asked| {
        let refused = asked == "GET /v1/cluster" && inside.settings["mtls_certificate_authentication"] == true;
        refused.then(|| refusal(401, "unauthorized"))
    });
    let before = cluster.inside().settings.clone();
    let (answer, diags) = written(&cluster.password_session(None), config()).await;
    assert_eq!(answer, None);
    assert_eq!(
        errors(&diags),
        ["Server does not let the provider in", "Settings were put back"]
    );
    assert_eq!(cluster.inside().settings, before);
    assert_eq!(cluster.written(PUT).len(), 2);
}

#[tokio::test]
async fn failed_rollback_says_both_and_keeps_what_was_set() {
    let cluster = trusting(&Authority::new("Team CA")).await;
    cluster.intercept(|inside, asked| {
        let on = inside.settings["mtls_certificate_authentication"] == true;
        (on && asked != DRY_RUN).then(|| refusal(401, "unauthorized"))
    });
    let (answer, diags) = written(&cluster.password_session(None), only_certificates(true)).await;
    assert!(answer.is_some(), "the cluster has the new values");
    assert_eq!(diags.errors.len(), 2);
    assert!(diags.errors[1].detail.contains("put back the old values"), "{diags:?}");
}

#[tokio::test]
async fn passwords_stay_while_the_provider_uses_one() {
    let team = Authority::new("Team CA");
    let no_passwords = || ClusterMtlsSettingsState {
        basic_authentication_enabled: Value::Value(false),
        ..ClusterMtlsSettingsState::default()
    };
    let cluster = asking(&team).await;
    let session = cluster.password_session(Some(team.issue("terraform")));
    let (answer, diags) = written(&session, no_passwords()).await;
    assert_eq!((answer, errors(&diags)), (None, vec!["Would lock you out"]));
    assert_eq!(
        diags.errors[0].attribute,
        AttributePath::new("basic_authentication_enabled")
    );
    assert_eq!(cluster.inside().writings, []);
    // With a certificate it may go.
    let (answer, diags) = written(&cluster.session(Some(team.issue("terraform"))), no_passwords()).await;
    assert_eq!((answer.is_some(), diags), (true, Diagnostics::default()));
}

#[tokio::test]
async fn settings_the_own_login_hangs_on_are_guarded() {
    let team = Authority::new("Team CA");
    let gate = |subjects: Vec<Value<AuthorizedSubjectState>>| ClusterMtlsSettingsState {
        subject_validation_type: Value::Value("san_cn".to_owned()),
        authorized_subjects: Value::Value(subjects),
        ..ClusterMtlsSettingsState::default()
    };
    for (config, expected) in [
        (only_certificates(false), Some("certificate_authentication_enabled")),
        (gate(vec![subject("somebody")]), Some("authorized_subjects")),
        (gate(vec![subject("somebody"), subject("terraform")]), None),
    ] {
        let cluster = asking(&team).await;
        let session = cluster.session(Some(team.issue("terraform")));
        let (answer, diags) = written(&session, config.clone()).await;
        let paths: Vec<String> = diags.errors.iter().map(|error| error.attribute.to_string()).collect();
        assert_eq!(paths.first().map(String::as_str), expected, "{diags:?}");
        assert_eq!(answer.is_none(), expected.is_some());
        assert_eq!(cluster.written(PUT).is_empty(), expected.is_some());

        // The plan says so already, and tries the change without effect otherwise.
        let cluster = asking(&team).await;
        let session = cluster.session(Some(team.issue("terraform")));
        let mut diags = Diagnostics::default();
        change::rehearse(&mut diags, &session, &config.settings(), false).await;
        assert_eq!(diags.errors.len(), usize::from(expected.is_some()), "{diags:?}");
        assert_eq!(cluster.written(PUT).len(), 0);
        assert_eq!(cluster.written(DRY_RUN).len(), usize::from(expected.is_none()));
        let mut diags = Diagnostics::default();
        change::rehearse(&mut diags, &session, &config.settings(), true).await;
        assert_eq!(diags, Diagnostics::default(), "allow_lockout");
    }
}

#[tokio::test]
async fn plan_leaves_out_what_the_same_run_may_bring_and_a_cluster_that_is_not_there() {
    for (answer, expected) in [
        (refusal(400, "missing_trusted_ca"), vec![]),
        (refusal(503, "unavailable"), vec![]),
        (refusal(403, "unauthorized_action"), vec![]),
        (refusal(400, "invalid_schema"), vec!["Value refused"]),
    ] {
        let cluster = FakeCluster::start().await;
        cluster.intercept(move |_, asked| (asked == DRY_RUN).then(|| answer.clone()));
        let mut diags = Diagnostics::default();
        let session = cluster.password_session(None);
        change::rehearse(&mut diags, &session, &config().settings(), false).await;
        assert_eq!(errors(&diags), expected);
    }
    let gone = crate::session::testing::of_redis_enterprise("http://127.0.0.1:9", None, NOW);
    let mut diags = Diagnostics::default();
    change::rehearse(&mut diags, &gone, &config().settings(), false).await;
    assert_eq!(diags, Diagnostics::default());
}

#[tokio::test]
async fn restoring_puts_back_what_was_found_first() {
    let cluster = trusting(&Authority::new("Team CA")).await;
    cluster.inside().settings["mtls_authorized_subjects"] = json!([{ "CN": "before", "C": "DE" }]);
    let before = cluster.inside().settings.clone();
    let session = cluster.password_session(None);
    let restoring = || ClusterMtlsSettingsState {
        on_destroy: Value::Value(RESTORE.to_owned()),
        ..config()
    };
    let (answer, _) = written(&session, restoring()).await;
    let (_, earlier) = answer.unwrap();
    // A later change does not make its own values the earlier ones; the private state goes through msgpack.
    let earlier: MtlsSettings = rmp_serde::from_slice(&rmp_serde::to_vec_named(&earlier).unwrap()).unwrap();
    let changed = ClusterMtlsSettingsState {
        subject_validation_type: Value::Value("full_subject".to_owned()),
        ..restoring()
    };
    let mut diags = Diagnostics::default();
    let (state, earlier) = write(&mut diags, &session, planned(changed), earlier).await.unwrap();
    assert_eq!(destroy(&mut diags, &session, &state, &earlier).await, Some(()));
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(cluster.inside().settings, before);

    let imported = import(&mut diags, &session, "cluster").await.unwrap();
    let imported = ClusterMtlsSettingsState {
        on_destroy: Value::Value(RESTORE.to_owned()),
        ..imported
    };
    destroy(&mut diags, &session, &imported, &MtlsSettings::default())
        .await
        .unwrap();
    assert_eq!(warnings(&diags), ["Nothing to put back"]);
}

#[tokio::test]
async fn keeping_says_so_and_asks_nothing() {
    let cluster = FakeCluster::start().await;
    let mut diags = Diagnostics::default();
    let state = planned(config());
    let session = cluster.session(None);
    assert_eq!(
        destroy(&mut diags, &session, &state, &MtlsSettings::default()).await,
        Some(())
    );
    assert_eq!(warnings(&diags), ["Settings stay as they are"]);
    assert_eq!(cluster.inside().writings, []);
}

#[tokio::test]
async fn value_that_the_cluster_ignores_is_an_error_on_its_attribute() {
    let cluster = asking(&Authority::new("Team CA")).await;
    cluster.intercept(|inside, asked| {
        let settings: Json = inside.settings.clone();
        (asked == PUT).then(|| ResponseTemplate::new(200).set_body_json(settings))
    });
    let (answer, diags) = written(&cluster.password_session(None), config()).await;
    assert_eq!(errors(&diags), ["Value not applied", "Value not applied"]);
    let state = answer.unwrap().0;
    assert_eq!(state.subject_validation_type, Value::Value("disabled".to_owned()));
}

#[tokio::test]
async fn import_has_one_id_and_takes_every_setting() {
    let cluster = FakeCluster::start().await;
    let session = cluster.session(None);
    let mut diags = Diagnostics::default();
    let state = import(&mut diags, &session, "cluster").await.unwrap();
    assert_eq!(state.certificate_authentication_enabled, Value::Value(false));
    assert_eq!(state.authorized_subjects, Value::Value(vec![]));
    assert_eq!(state.basic_authentication_enabled, Value::Value(true));
    assert_eq!(state, plan::update(&state, state.clone()), "the next plan is empty");
    assert_eq!(import(&mut diags, &session, "1").await, None);
    assert_eq!(errors(&diags), ["Unsuitable import id"]);
}

#[test]
fn configuration_is_checked_alone() {
    let findings = |config: &ClusterMtlsSettingsState| {
        let mut diags = Diagnostics::default();
        validate(&mut diags, config);
        (
            diags
                .errors
                .iter()
                .map(|error| error.attribute.to_string())
                .collect::<Vec<_>>(),
            warnings(&diags).len(),
        )
    };
    assert_eq!(findings(&config()), (vec![], 0));
    for (change, expected) in [
        (
            (|config| config.on_destroy = Value::Value("forget".to_owned())) as fn(&mut ClusterMtlsSettingsState),
            "on_destroy",
        ),
        (
            |config| config.subject_validation_type = Value::Value("SAN_CN".to_owned()),
            "subject_validation_type",
        ),
        (
            |config| config.authorized_subjects = Value::Value(vec![]),
            "authorized_subjects",
        ),
        (
            |config| config.authorized_subjects = Value::Value(vec![subject("")]),
            "authorized_subjects",
        ),
        (
            |config| {
                config.certificate_authentication_enabled = Value::Value(false);
                config.basic_authentication_enabled = Value::Value(false);
            },
            "basic_authentication_enabled",
        ),
    ] {
        let mut config = config();
        change(&mut config);
        assert_eq!(findings(&config).0, [expected]);
    }
    let mut empty = config();
    empty.authorized_subjects = Value::Value(vec![]);
    empty.allow_lockout = Value::Value(true);
    assert_eq!(findings(&empty), (vec![], 0));
    let mut unknown = config();
    unknown.authorized_subjects = Value::Unknown;
    assert!(unknown.is_partly_unknown());
    assert_eq!(findings(&unknown), (vec![], 0));
    let mut wide = config();
    wide.authorized_subjects = Value::Value(vec![subject("*.example.com")]);
    assert_eq!(findings(&wide), (vec![], 1));
}

#[tokio::test]
async fn trial_that_the_cluster_carries_out_is_told_and_ends_the_trials() {
    let cluster = trusting(&Authority::new("Team CA")).await;
    cluster.intercept(|inside, asked| {
        // An older cluster does not know the parameter.
        if asked == DRY_RUN {
            inside.settings["mtls_certificate_authentication"] = json!(true);
        }
        (asked == "GET /v1/nodes").then(|| ResponseTemplate::new(404))
    });
    let session = cluster.password_session(None);
    let mut diags = Diagnostics::default();
    change::rehearse(&mut diags, &session, &only_certificates(true).settings(), false).await;
    assert_eq!(errors(&diags), ["The plan has changed the cluster"]);
    assert!(
        diags.errors[0].detail.contains("certificate_authentication_enabled"),
        "{diags:?}"
    );
    let mut diags = Diagnostics::default();
    change::rehearse(&mut diags, &session, &only_certificates(false).settings(), false).await;
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(cluster.written(DRY_RUN).len(), 1);
}
