use std::sync::atomic::Ordering;

use certward::Error;
use serde_json::{Value as Json, json};
use terraform_plugin::Configured;
use tf_provider::value::{StructEmpty, Value};
use tf_provider::{AttributePath, Resource};
use wiremock::matchers::{any, method};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::*;
use crate::resources::cert_user::{CertUser, CertUserState};
use crate::resources::client_certificate::{ClientCertificate, ClientCertificateState};
use crate::resources::managed::Managed;
use crate::resources::redis_acl::{RedisAcl, RedisAclState};
use crate::resources::redis_database::model::DatabaseMtls;
use crate::resources::redis_database::{RedisDatabase, RedisDatabaseState};
use crate::resources::redis_role::{RedisRole, RedisRoleState};
use crate::resources::trusted_ca::{TrustedCa, TrustedCaState};
use crate::resources::trusted_ca_bundle::{TrustedCaBundle, TrustedCaBundleState};
use crate::run::witness::{PATIENCE, Witness};
use crate::session::Api;
use crate::session::testing::{of_ravendb, of_redis_enterprise};
use crate::trust::testing::{Authority, NOW, refusal, warnings};

/// A server that speaks both APIs, and a provider that is configured for them.
struct Case {
    server: MockServer,
    session: Configured<Session>,
}

impl Case {
    /// Forgets what was planned; what is known of the server stays.
    fn begin_another_run(&self) {
        self.session.peek().unwrap().run.plans.forget();
    }

    async fn answering(answer: impl Respond + 'static) -> Self {
        let server = MockServer::start().await;
        // No verdict on the trial run of a change.
        Mock::given(method("PUT"))
            .respond_with(ResponseTemplate::new(503))
            .mount(&server)
            .await;
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let case = Self {
            session: Configured::new(),
            server,
        };
        case.session.set(session(&case.server.uri()));
        case
    }

    /// The requests about removals, each as path and query.
    async fn asked(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        let questions = requests
            .iter()
            .filter(|request| request.method.as_str() == "GET" && request.url.path() != "/admin/certificates");
        let target = |request: &Request| match request.url.query() {
            Some(query) => format!("{}?{query}", request.url.path()),
            None => request.url.path().to_owned(),
        };
        questions.map(target).collect()
    }

    fn users(&self) -> Managed<CertUser> {
        Managed::new(self.session.clone())
    }
}

fn session(url: &str) -> Session {
    Session {
        ravendb: of_ravendb(url, NOW).ravendb,
        ..of_redis_enterprise(url, None, NOW)
    }
}

/// Plans the destruction, which never fails.
async fn destroyed<R>(resource: &R, prior: R::State<'static>) -> Diagnostics
where
    R: Resource<ProviderMetaState<'static> = Option<StructEmpty>>,
    R::PrivateState<'static>: Default,
{
    let mut diags = Diagnostics::default();
    let private = R::PrivateState::default();
    let planned = resource.plan_destroy(&mut diags, prior, private, None).await;
    assert!(planned.is_some() && diags.errors.is_empty(), "{diags:?}");
    diags
}

/// Plans a change.
async fn changed<R>(resource: &R, prior: R::State<'static>, config: R::State<'static>) -> Diagnostics
where
    R: Resource<ProviderMetaState<'static> = Option<StructEmpty>>,
    R::State<'static>: Clone,
    R::PrivateState<'static>: Default,
{
    let mut diags = Diagnostics::default();
    let (proposed, private) = (config.clone(), R::PrivateState::default());
    let planned = resource.plan_update(&mut diags, prior, proposed, config, private, None);
    assert!(planned.await.is_some() && diags.errors.is_empty(), "{diags:?}");
    diags
}

fn text(text: &str) -> Value<String> {
    Value::Value(text.to_owned())
}

fn texts(all: &[&str]) -> Value<Vec<Value<String>>> {
    Value::Value(all.iter().map(|one| text(one)).collect())
}

fn user() -> CertUserState {
    CertUserState {
        id: text("5"),
        name: text("app"),
        ..CertUserState::default()
    }
}

fn database(certificates: &[&str]) -> RedisDatabaseState {
    RedisDatabaseState {
        id: text("1"),
        name: text("cache"),
        memory_size: Value::Value(1 << 30),
        deletion_protection: Value::Value(false),
        mtls: Value::Value(DatabaseMtls {
            client_certificates_pem: texts(certificates),
            ..DatabaseMtls::default()
        }),
        ..RedisDatabaseState::default()
    }
}

fn trusted_ca(authority: &Authority) -> TrustedCaState {
    let mut state = TrustedCaState {
        certificate_pem: text(&authority.pem()),
        ..TrustedCaState::default()
    };
    state.describe(&authority.certificate());
    state
}

fn bundle(on_destroy: &str, authorities: &[&Authority]) -> TrustedCaBundleState {
    let pem: Vec<String> = authorities.iter().map(|authority| authority.pem()).collect();
    TrustedCaBundleState {
        certificates_pem: Value::Value(pem.into_iter().map(Value::Value).collect()),
        on_destroy: text(on_destroy),
        ..TrustedCaBundleState::default()
    }
}

fn client_certificate(authority: &Authority) -> ClientCertificateState {
    let certificate = authority.issue("ops").certificate().clone();
    let mut state = ClientCertificateState {
        name: text("ops"),
        certificate_pem: text(&certificate.to_pem()),
        ..ClientCertificateState::default()
    };
    state.describe(&certificate);
    state
}

fn connection(number: u64) -> Json {
    json!({
        "listener": "database",
        "database": { "uid": 1, "name": "cache" },
        "address": format!("127.0.0.1:{number}"),
        "opened_at": "2026-11-30T13:23:44Z",
        "identity": "certificate",
        "user": { "uid": 5, "name": "app" },
    })
}

fn identity(uid: &str, name: &str) -> Json {
    json!({ "kind": "user", "id": uid, "name": name, "databases": [{ "uid": 1, "name": "cache" }], "api": false })
}

fn effect(connections_total: u64, connections: &[Json], identities: &[Json]) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "connections_total": connections_total,
        "connections": connections,
        "identities_total": identities.len(),
        "identities": identities,
    }))
}

#[tokio::test]
async fn destruction_that_ends_connections_is_planned_with_one_warning_that_names_them() {
    let connections: Vec<Json> = (1..=11).map(connection).collect();
    let mut other = identity("6", "batch");
    other["api"] = json!(true);
    let case = Case::answering(effect(12, &connections, &[identity("5", "app"), other])).await;
    let diags = destroyed(&case.users(), user()).await;
    let [warning] = diags.warnings.as_slice() else {
        panic!("{diags:?}")
    };
    assert_eq!(
        warning.summary,
        "Destroying the user \"app\" ends 12 open connections and takes access from 1 identity"
    );
    assert_eq!(warning.attribute, AttributePath::root());
    let shown: String = (1..=10)
        .map(|number| format!("  - 127.0.0.1:{number} to database 1 (cache) as user app\n"))
        .collect();
    assert_eq!(
        warning.detail,
        format!(
            "Applied now, this would end:\n\n{shown}  - and 2 more\n\n\
             These would lose their access, or some of their rights:\n\n\
             \x20 - user batch: database 1 (cache), the administration API\n\n\
             If they are still needed, give them another way in first: renew or rotate what they use, apply, and destroy \
             this in a later run. Where something takes its place, lifecycle {{ create_before_destroy = true }} keeps that \
             order."
        )
    );
}

#[tokio::test]
async fn that_a_user_who_is_destroyed_loses_access_is_no_warning() {
    let case = Case::answering(effect(0, &[], &[identity("5", "app")])).await;
    assert_eq!(warnings(&destroyed(&case.users(), user()).await), [""; 0]);
}

#[tokio::test]
async fn each_resource_asks_about_its_own_removal() {
    let (team, other) = (Authority::new("Team CA"), Authority::new("Other CA"));
    let case = Case::answering(effect(1, &[connection(1)], &[])).await;
    let session = || case.session.clone();
    let role = RedisRoleState {
        id: text("7"),
        name: text("readers"),
        ..RedisRoleState::default()
    };
    let acl = RedisAclState {
        id: text("4"),
        name: text("Full Access"),
        ..RedisAclState::default()
    };
    let certificate = client_certificate(&team);
    let thumbprint = certificate.thumbprint.as_deref().unwrap().to_owned();
    let mut summaries = Vec::new();
    for diags in [
        destroyed(&case.users(), user()).await,
        destroyed(&Managed::<RedisRole>::new(session()), role).await,
        destroyed(&Managed::<RedisAcl>::new(session()), acl).await,
        destroyed(&Managed::<RedisDatabase>::new(session()), database(&[])).await,
        destroyed(&Managed::<TrustedCa>::new(session()), trusted_ca(&team)).await,
        destroyed(&Managed::<TrustedCaBundle>::new(session()), bundle("keep", &[&team])).await,
        destroyed(&Managed::<TrustedCaBundle>::new(session()), bundle("remove", &[&other])).await,
        destroyed(&Managed::<ClientCertificate>::new(session()), certificate).await,
    ] {
        summaries.extend(warnings(&diags).into_iter().map(str::to_owned));
    }
    let fingerprint = |authority: &Authority| authority.certificate().fingerprint();
    assert_eq!(
        case.asked().await,
        [
            "/v1/certward/removals/users/5".to_owned(),
            "/v1/certward/removals/roles/7".to_owned(),
            "/v1/certward/removals/redis_acls/4".to_owned(),
            "/v1/certward/removals/bdbs/1".to_owned(),
            format!("/v1/certward/removals/certificates/{}?bdb=0", fingerprint(&team)),
            format!("/v1/certward/removals/certificates/{}?bdb=0", fingerprint(&other)),
            format!("/certward/removals/certificates?thumbprint={thumbprint}"),
        ]
    );
    assert_eq!(
        summaries,
        [
            "the user \"app\"",
            "the role \"readers\"",
            "the Redis ACL \"Full Access\"",
            "the database \"cache\"",
            "the trusted CA \"CN=Team CA\"",
            "the trusted CA bundle",
            "the client certificate \"ops\"",
        ]
        .map(|subject| format!("Destroying {subject} ends 1 open connection"))
    );
}

#[tokio::test]
async fn change_that_leaves_certificates_out_warns_on_their_attribute() {
    let (team, other) = (Authority::new("Team CA"), Authority::new("Other CA"));
    let case = Case::answering(effect(0, &[], &[identity("5", "app")])).await;
    let session = || case.session.clone();
    let bundles = Managed::<TrustedCaBundle>::new(session());
    let both = || bundle("keep", &[&team, &other]);
    let left_out = changed(&bundles, both(), bundle("keep", &[&team])).await;
    case.begin_another_run();
    assert_eq!(
        changed(&bundles, bundle("keep", &[&team]), both()).await,
        Diagnostics::default()
    );

    let databases = Managed::<RedisDatabase>::new(session());
    let (team_pem, other_pem) = (team.pem(), other.pem());
    let certificates = [team_pem.as_str(), other_pem.as_str()];
    let of_database = changed(&databases, database(&certificates), database(&certificates[..1])).await;
    case.begin_another_run();
    changed(&databases, database(&certificates[..1]), database(&certificates)).await;
    case.begin_another_run();

    let authorities = Managed::<TrustedCa>::new(session());
    let of_authority = changed(&authorities, trusted_ca(&other), trusted_ca(&team)).await;
    let registered = Managed::<ClientCertificate>::new(session());
    let old = client_certificate(&team);
    let of_client = changed(&registered, old.clone(), client_certificate(&team)).await;

    let fingerprint = other.certificate().fingerprint();
    assert_eq!(
        case.asked().await,
        [
            format!("/v1/certward/removals/certificates/{fingerprint}?bdb=0"),
            format!("/v1/certward/removals/certificates/{fingerprint}?bdb=1"),
            format!("/v1/certward/removals/certificates/{fingerprint}?bdb=0"),
            format!(
                "/certward/removals/certificates?thumbprint={}",
                old.thumbprint.as_deref().unwrap()
            ),
        ]
    );
    for (diags, subject, attribute) in [
        (
            left_out,
            "Changing the trusted CA bundle",
            AttributePath::new("certificates_pem"),
        ),
        (
            of_database,
            "Changing the database \"cache\"",
            AttributePath::new("mtls"),
        ),
        (
            of_authority,
            "Replacing the trusted CA \"CN=Other CA\"",
            AttributePath::new("certificate_pem"),
        ),
        (
            of_client,
            "Replacing the client certificate \"ops\"",
            AttributePath::new("certificate_pem"),
        ),
    ] {
        assert_eq!(warnings(&diags), [format!("{subject} takes access from 1 identity")]);
        assert_eq!(diags.warnings[0].attribute, attribute);
    }
}

#[tokio::test]
async fn removals_of_one_plan_count_each_connection_and_identity_once() {
    let (team, other) = (Authority::new("Team CA"), Authority::new("Other CA"));
    let path = format!(
        "/v1/certward/removals/certificates/{}",
        team.certificate().fingerprint()
    );
    let answer = move |request: &Request| match request.url.path() == path {
        true => effect(2, &[connection(1), connection(2)], &[identity("5", "app")]),
        false => effect(
            2,
            &[connection(2), connection(3)],
            &[identity("5", "app"), identity("6", "batch")],
        ),
    };
    let case = Case::answering(answer).await;
    let bundles = Managed::<TrustedCaBundle>::new(case.session.clone());
    let diags = destroyed(&bundles, bundle("remove", &[&team, &other])).await;
    assert_eq!(
        warnings(&diags),
        ["Destroying the trusted CA bundle ends 3 open connections and takes access from 2 identities"]
    );
    assert_eq!(case.asked().await.len(), 2);
}

#[tokio::test]
async fn server_without_the_routes_is_asked_once_and_warns_of_nothing() {
    for answer in [
        refusal(404, "not_found"),
        ResponseTemplate::new(404),
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(200).set_body_json(json!({ "another": "product" })),
    ] {
        let case = Case::answering(answer).await;
        let users = case.users();
        let plans = [
            destroyed(&users, user()),
            destroyed(&users, user()),
            destroyed(&users, user()),
        ];
        for diags in futures_util::future::join_all(plans).await {
            assert_eq!(diags, Diagnostics::default());
        }
        assert_eq!(case.asked().await.len(), 1);
    }
    let problem =
        json!({ "Type": "Raven.Client.Exceptions.Routing.RouteNotFoundException", "Message": "", "Error": "" });
    let case = Case::answering(ResponseTemplate::new(400).set_body_json(problem)).await;
    let registered = Managed::<ClientCertificate>::new(case.session.clone());
    let team = Authority::new("Team CA");
    for _ in 0..2 {
        let diags = destroyed(&registered, client_certificate(&team)).await;
        assert_eq!(diags, Diagnostics::default());
    }
    assert_eq!(case.asked().await.len(), 1);
}

#[tokio::test]
async fn question_that_is_refused_or_has_nothing_to_tell_warns_of_nothing() {
    for answer in [
        effect(0, &[], &[]),
        refusal(403, "unauthorized_action"),
        refusal(404, "user_not_exist"),
        ResponseTemplate::new(500),
    ] {
        let case = Case::answering(answer).await;
        for _ in 0..2 {
            assert_eq!(destroyed(&case.users(), user()).await, Diagnostics::default());
        }
        // One object or right that is missing says nothing about the next.
        assert_eq!(case.asked().await.len(), 2);
    }
}

#[tokio::test]
async fn plan_does_not_wait_for_a_server_that_is_away_or_not_known_yet() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let users = Configured::new();
    users.set(session(&format!("http://{closed}")));
    let away = Managed::<CertUser>::new(users.clone());
    assert_eq!(destroyed(&away, user()).await, Diagnostics::default());
    let session = users.peek().unwrap();
    let answers = session.effects.redis_enterprise.answers.get().unwrap();
    assert!(
        !answers.load(Ordering::Relaxed),
        "the next plan does not wait for it again"
    );

    users.set(Session {
        redis_enterprise: Api::Unknown("redis_enterprise.endpoints".to_owned()),
        ..self::session(&format!("http://{closed}"))
    });
    assert_eq!(destroyed(&away, user()).await, Diagnostics::default());
    let unconfigured = Managed::<CertUser>::new(Configured::new());
    assert_eq!(destroyed(&unconfigured, user()).await, Diagnostics::default());
}

#[tokio::test(start_paused = true)]
async fn server_that_hangs_holds_a_plan_up_once() {
    let witness = Witness::default();
    let start = tokio::time::Instant::now();
    for _ in 0..3 {
        let answer = witness.ask(std::future::pending::<Result<Option<RemovalEffect>, Error>>);
        assert_eq!(answer.await, None);
        assert_eq!(start.elapsed().as_secs(), PATIENCE.as_secs());
    }
}
