use certward::Identity;
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value as Json, json};
use terraform_plugin::{InstanceCall, instance_call};
use tf_provider::value::Value;
use time::OffsetDateTime;
use time::macros::datetime;
use wiremock::matchers::{method, path, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::resources::cert_user::{CertUser, CertUserState, CertificateSubject};
use crate::resources::redis_acl::{RedisAcl, RedisAclState};
use crate::resources::redis_object::import;
use crate::session::testing::of_redis_enterprise;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-21 0:00 UTC);

/// A server that answers as told, and a session with it.
pub(crate) struct Case {
    pub(crate) server: MockServer,
    pub(crate) session: Session,
    instance: InstanceCall,
}

impl Case {
    pub(crate) async fn new() -> Self {
        let server = MockServer::start().await;
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "terraform");
        let own = params.self_signed(&key).unwrap().pem();
        let own = Identity::from_pem(&own, &key.serialize_pem()).unwrap();
        let session = of_redis_enterprise(&server.uri(), Some(own), NOW);
        Self {
            server,
            session,
            instance: instance_call(),
        }
    }

    pub(crate) async fn answer(&self, verb: &str, route: &str, answer: ResponseTemplate, times: u64) {
        Mock::given(method(verb))
            .and(path(route))
            .and(query_param_is_missing("dry_run"))
            .respond_with(answer)
            .up_to_n_times(times)
            .mount(&self.server)
            .await;
    }

    async fn created(&self, planned: &CertUserState) -> (Option<CertUserState>, Diagnostics) {
        let mut diags = Diagnostics::default();
        let create = create::<CertUser>(&mut diags, &self.session, planned.clone(), planned);
        let state = self.instance.scope(create).await;
        (state, diags)
    }

    async fn updated(&self, prior: &CertUserState, planned: &CertUserState) -> (Option<CertUserState>, Diagnostics) {
        let mut diags = Diagnostics::default();
        let update = update::<CertUser>(&mut diags, &self.session, prior.clone(), planned.clone(), planned);
        let state = self.instance.scope(update).await;
        (state, diags)
    }

    async fn imported(&self, id: &str) -> (Option<CertUserState>, Diagnostics) {
        let mut diags = Diagnostics::default();
        let state = import::<CertUser>(&mut diags, &self.session, id).await;
        (state, diags)
    }

    /// The bodies sent with this method.
    pub(crate) async fn requests(&self, verb: &str) -> Vec<Json> {
        let received = self.server.received_requests().await.unwrap();
        let of_method = received.iter().filter(|request| request.method.as_str() == verb);
        of_method
            .map(|request| serde_json::from_slice(&request.body).unwrap_or_default())
            .collect()
    }
}

pub(crate) fn text(text: &str) -> Value<String> {
    Value::Value(text.to_owned())
}

pub(crate) fn planned() -> CertUserState {
    CertUserState {
        name: text("app"),
        email: text(""),
        certificate_subject_line: text("CN=app, O=Example"),
        role: Value::Unknown,
        role_ids: Value::Value(vec![text("2")]),
        email_alerts: Value::Value(true),
        deletion_protection: Value::Value(false),
        id: Value::Unknown,
        auth_method: text("certificate"),
        status: Value::Unknown,
        ..CertUserState::default()
    }
}

pub(crate) fn there() -> CertUserState {
    CertUserState {
        role: text("none"),
        id: text("7"),
        status: text("active"),
        ..planned()
    }
}

/// The user as Redis Enterprise writes it (`docs/contracts/redis-enterprise.md#users`).
pub(crate) fn user(changes: Json) -> Json {
    let mut user = json!({
        "action_uid": "5bb5",
        "auth_method": "certificate",
        "certificate_subject_line": "CN=app,O=Example",
        "email": "",
        "email_alerts": true,
        "name": "app",
        "role": "none",
        "role_uids": [2],
        "status": "active",
        "uid": 7,
    });
    for (member, value) in changes.as_object().unwrap() {
        user[member] = value.clone();
    }
    user
}

pub(crate) fn ok(body: Json) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

pub(crate) fn refusal(status: u16, code: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({ "error_code": code, "description": "as the test says" }))
}

pub(crate) fn summaries(diags: &Diagnostics) -> Vec<&str> {
    diags.errors.iter().map(|error| &*error.summary).collect()
}

#[tokio::test]
async fn creation_sends_one_form_of_the_subject_and_keeps_the_users() {
    let case = Case::new().await;
    case.answer("POST", USERS, ok(user(json!({}))), 1).await;
    let (state, diags) = case.created(&planned()).await;
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(state, Some(there()));
    let expected = json!({
        "name": "app",
        "auth_method": "certificate",
        "certificate_subject_line": "CN=app,O=Example",
        "role_uids": [2],
        "email_alerts": true,
    });
    assert_eq!(case.requests("POST").await, [expected]);
    assert_eq!(case.requests("GET").await.len(), 0, "the answer is the reading back");
}

#[tokio::test]
async fn management_role_is_sent_when_it_is_what_is_set() {
    let case = Case::new().await;
    case.answer("POST", USERS, ok(user(json!({ "role": "admin", "role_uids": [1] }))), 1)
        .await;
    let by_role = CertUserState {
        role: text("admin"),
        role_ids: Value::Unknown,
        ..planned()
    };
    let state = case.created(&by_role).await.0.unwrap();
    assert_eq!(
        (state.role, state.role_ids),
        (text("admin"), Value::Value(vec![text("1")]))
    );
    let sent = &case.requests("POST").await[0];
    assert_eq!((&sent["role"], &sent["role_uids"]), (&json!("admin"), &Json::Null));
}

#[tokio::test]
async fn equal_user_is_taken_over() {
    let case = Case::new().await;
    case.answer("POST", USERS, refusal(409, "name_already_exists"), 1).await;
    let other = user(json!({ "uid": 3, "name": "other", "certificate_subject_line": "CN=other" }));
    case.answer("GET", USERS, ok(json!([other, user(json!({}))])), 1).await;
    let (state, diags) = case.created(&planned()).await;
    assert_eq!((state, diags.errors.len()), (Some(there()), 0));
    assert_eq!(diags.warnings[0].summary, "Taken over");
}

#[tokio::test]
async fn different_user_is_refused_with_the_import_block() {
    for (theirs, attribute) in [
        (json!({ "role_uids": [1], "role": "admin" }), "name"),
        (json!({ "name": "billing" }), "certificate_subject_line"),
    ] {
        let case = Case::new().await;
        case.answer("POST", USERS, refusal(409, "in_use"), 1).await;
        case.answer("GET", USERS, ok(json!([user(theirs)])), 1).await;
        let (state, diags) = case.created(&planned()).await;
        assert_eq!(state, None);
        assert_eq!(summaries(&diags), ["The user exists already"]);
        assert_eq!(diags.errors[0].attribute, AttributePath::new(attribute));
        let block = "import {\n  to = certward_cert_user.ADDRESS\n  id = \"7\"\n}";
        assert!(diags.errors[0].detail.contains(block), "{diags:?}");
    }
}

#[tokio::test]
async fn user_with_a_password_is_no_certificate_user() {
    let case = Case::new().await;
    let with_password = user(json!({ "auth_method": "regular", "certificate_subject_line": "" }));
    case.answer("POST", USERS, refusal(409, "name_already_exists"), 1).await;
    case.answer("GET", USERS, ok(json!([with_password])), 9).await;
    let (state, diags) = case.created(&planned()).await;
    assert_eq!((state, summaries(&diags)), (None, vec!["Not a certificate user"]));
    let (state, diags) = case.imported("name:app").await;
    assert_eq!((state, summaries(&diags)), (None, vec!["Not a certificate user"]));
}

#[tokio::test]
async fn refusals_leave_no_state_and_are_explained() {
    for (answer, summary, attribute) in [
        (
            refusal(401, "unauthorized"),
            "Server does not let the provider in",
            None,
        ),
        (refusal(403, "unauthorized_action"), "Insufficient permission", None),
        (refusal(400, "something"), "Refused by the cluster", None),
        (
            refusal(409, "email_already_exists"),
            "E-mail address is in use",
            Some("email"),
        ),
        (refusal(503, "unavailable"), "The cluster is not ready", None),
        (
            ResponseTemplate::new(200).set_body_string("<html>"),
            "This is not Redis Enterprise",
            None,
        ),
    ] {
        let case = Case::new().await;
        case.answer("POST", USERS, answer, 9).await;
        case.answer("GET", USERS, ok(json!([])), 9).await;
        let (state, diags) = case.created(&planned()).await;
        assert_eq!(state, None, "{summary}");
        assert_eq!(summaries(&diags), [summary]);
        let attribute = attribute.map_or_else(AttributePath::root, AttributePath::new);
        assert_eq!(diags.errors[0].attribute, attribute, "{summary}");
        assert_eq!(case.requests("POST").await.len(), 1, "{summary} is tried once");
    }
}

#[tokio::test]
async fn value_that_the_cluster_ignores_is_an_error_on_its_attribute() {
    let case = Case::new().await;
    case.answer("POST", USERS, ok(user(json!({ "email_alerts": false }))), 1)
        .await;
    let (state, diags) = case.created(&planned()).await;
    assert_eq!(summaries(&diags), ["Value not applied"]);
    assert_eq!(diags.errors[0].attribute, AttributePath::new("email_alerts"));
    assert_eq!(
        state.unwrap().email_alerts,
        Value::Value(false),
        "the state says what is there"
    );
}

#[tokio::test]
async fn change_sends_what_differs_from_what_is_there_now() {
    let case = Case::new().await;
    // Meanwhile somebody has made one of the changes, and another that the plan does not know of.
    let now = user(json!({ "email": "app@example.com", "bdbs_email_alerts": ["1"] }));
    case.answer("GET", USER, ok(now), 1).await;
    let after = user(json!({ "name": "renamed", "email": "app@example.com" }));
    case.answer("PUT", USER, ok(after), 1).await;
    let renamed = CertUserState {
        name: text("renamed"),
        email: text("app@example.com"),
        ..there()
    };
    let (state, diags) = case.updated(&there(), &renamed).await;
    assert_eq!((state, diags), (Some(renamed), Diagnostics::default()));
    assert_eq!(case.requests("PUT").await, [json!({ "name": "renamed" })]);
}

#[tokio::test]
async fn change_of_what_only_terraform_knows_asks_nothing() {
    let case = Case::new().await;
    let protected = CertUserState {
        deletion_protection: Value::Value(true),
        certificate_subject_line: text("CN=app,  O=Example"),
        ..there()
    };
    assert_eq!(case.updated(&there(), &protected).await.0, Some(protected));
    assert_eq!(case.server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn change_of_a_user_that_is_gone_is_an_error() {
    let case = Case::new().await;
    case.answer("GET", USER, refusal(404, "user_not_exist"), 1).await;
    let renamed = CertUserState {
        name: text("renamed"),
        ..there()
    };
    let (state, diags) = case.updated(&there(), &renamed).await;
    assert_eq!((state, summaries(&diags)), (None, vec!["The user is no longer there"]));
}

#[tokio::test]
async fn reading_shows_what_has_changed_and_tells_gone_from_failed() {
    let case = Case::new().await;
    let changed = json!({ "certificate_subject_line": "CN=x,O=y", "role_uids": [3], "status": "locked" });
    case.answer("GET", USER, ok(user(json!({}))), 1).await;
    case.answer("GET", USER, ok(user(changed)), 1).await;
    case.answer("GET", USER, refusal(404, "user_not_exist"), 1).await;
    case.answer("GET", USER, refusal(500, "broken"), 1).await;
    let mut diags = Diagnostics::default();
    // What an older version left out of the state is derived again.
    let parts = CertificateSubject {
        common_name: text("app"),
        organization: text("Example"),
        ..CertificateSubject::default()
    };
    assert_eq!(
        read::<CertUser>(&mut diags, &case.session, there()).await,
        Some(CertUserState {
            certificate_subject: Value::Value(parts),
            ..there()
        })
    );
    let state = read::<CertUser>(&mut diags, &case.session, there()).await.unwrap();
    assert_eq!(state.certificate_subject_line, text("CN=x,O=y"));
    assert_eq!(state.role_ids, Value::Value(vec![text("3")]));
    assert_eq!(state.status, text("locked"));
    assert!(state.certificate_subject.is_value());
    assert_eq!(read::<CertUser>(&mut diags, &case.session, there()).await, None);
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(read::<CertUser>(&mut diags, &case.session, there()).await, None);
    assert_eq!(diags.errors.len(), 1);
}

#[tokio::test]
async fn web_page_in_place_of_an_answer_means_gone_only_when_the_list_of_all_says_so() {
    let page = || ResponseTemplate::new(404).set_body_string("<!doctype html><title>404 Not Found</title>");
    for (list, state, errors) in [
        (ok(json!([])), None, 0),
        (ok(json!([user(json!({}))])), Some(there().id), 0),
        (page(), None, 1),
    ] {
        let case = Case::new().await;
        case.answer("GET", USER, page(), 1).await;
        case.answer("DELETE", USER, page(), 1).await;
        case.answer("GET", USERS, list, 2).await;
        let mut diags = Diagnostics::default();
        let read = read::<CertUser>(&mut diags, &case.session, there()).await;
        assert_eq!(read.map(|user| user.id), state);
        assert_eq!(diags.errors.len(), errors, "{diags:?}");
        // Gone, so there is nothing to remove; or not to be reached, so it is not known to be removed.
        let mut diags = Diagnostics::default();
        case.answer("GET", USER, page(), 1).await;
        destroy::<CertUser>(&mut diags, &case.session, &there(), |_| ()).await;
        assert_eq!(diags.errors.is_empty(), state.is_none() && errors == 0, "{diags:?}");
    }
}

#[tokio::test]
async fn what_a_cluster_says_against_a_new_acl_is_a_warning_of_the_same_apply() {
    let case = Case::new().await;
    let objection = "database 1 (orders): the engine refuses Redis ACL 5 (q), so that users with it cannot log in";
    let made = json!({ "uid": 5, "name": "q", "acl": "+frobnicate ~*", "certward_warnings": [objection] });
    case.answer("GET", "/v1/redis_acls", ok(json!([])), 2).await;
    case.answer("POST", "/v1/redis_acls", ok(made), 1).await;
    let planned = RedisAclState {
        name: text("q"),
        acl: text("+frobnicate ~*"),
        id: Value::Unknown,
        ..RedisAclState::default()
    };
    let mut diags = Diagnostics::default();
    let create = create::<RedisAcl>(&mut diags, &case.session, planned.clone(), &planned);
    assert!(case.instance.scope(create).await.is_some());
    assert!(diags.errors.is_empty(), "{diags:?}");
    assert!(diags.warnings[0].detail.contains(objection), "{diags:?}");
}

#[tokio::test]
async fn removal_waits_until_the_user_is_gone() {
    let case = Case::new().await;
    case.answer("DELETE", USER, ok(json!({ "action_uid": "8fc3" })), 1)
        .await;
    case.answer("GET", USER, ok(user(json!({}))), 2).await;
    case.answer("GET", USER, refusal(404, "user_not_exist"), 1).await;
    let mut diags = Diagnostics::default();
    assert_eq!(
        destroy::<CertUser>(&mut diags, &case.session, &there(), |_| ()).await,
        Some(())
    );
    assert_eq!(diags, Diagnostics::default());
    assert_eq!(case.requests("GET").await.len(), 3);

    case.answer("DELETE", USER, refusal(404, "user_not_exist"), 1).await;
    assert_eq!(
        destroy::<CertUser>(&mut diags, &case.session, &there(), |_| ()).await,
        Some(()),
        "gone already is fine"
    );
    case.answer("DELETE", USER, refusal(406, "change_last_admin_role_not_allowed"), 1)
        .await;
    assert_eq!(
        destroy::<CertUser>(&mut diags, &case.session, &there(), |_| ()).await,
        None
    );
    assert_eq!(summaries(&diags), ["Last administrator"]);
}

#[tokio::test]
async fn import_finds_by_uid_name_and_address() {
    let case = Case::new().await;
    let user = user(json!({ "email": "app@example.com" }));
    case.answer("GET", USER, ok(user.clone()), 9).await;
    case.answer("GET", "/v1/users/8", refusal(404, "user_not_exist"), 9)
        .await;
    case.answer("GET", USERS, ok(json!([user])), 9).await;
    for id in ["7", "name:app", "email:app@example.com"] {
        let (state, diags) = case.imported(id).await;
        assert_eq!(diags, Diagnostics::default(), "{id}");
        let state = state.unwrap();
        assert_eq!((state.id, state.deletion_protection), (text("7"), Value::Value(false)));
        assert_eq!(state.certificate_subject_line, text("CN=app,O=Example"));
    }
    for (id, summary) in [
        ("8", "No such user"),
        ("name:nobody", "No such user"),
        ("email:nobody@example.com", "No such user"),
        ("app", "Unsuitable import id"),
    ] {
        let (state, diags) = case.imported(id).await;
        assert_eq!((state, summaries(&diags)), (None, vec![summary]), "{id}");
    }
}

pub(crate) const USERS: &str = "/v1/users";
pub(crate) const USER: &str = "/v1/users/7";
