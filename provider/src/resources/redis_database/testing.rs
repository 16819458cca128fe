//! A cluster that answers as told, for the tests of a database.

use certward::Identity;
use serde_json::{Value as Json, json};
use terraform_plugin::{InstanceCall, instance_call};
use tf_provider::Diagnostics;
use tf_provider::value::Value;
use time::OffsetDateTime;
use time::macros::datetime;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::model::{DatabaseMtls, RedisDatabaseState, RolePermissionState};
use super::{RedisDatabase, plan};
use crate::resources::redis_object::{creation, lifecycle};
use crate::session::Session;
use crate::session::testing::of_redis_enterprise;

pub(super) const NOW: OffsetDateTime = datetime!(2026-11-21 0:00 UTC);
pub(super) const BDBS: &str = "/v1/bdbs";
pub(super) const BDB: &str = "/v1/bdbs/3";

pub(super) struct Case {
    pub(super) server: MockServer,
    pub(super) session: Session,
    pub(super) instance: InstanceCall,
}

impl Case {
    pub(super) async fn new() -> Self {
        let server = MockServer::start().await;
        let key = rcgen::KeyPair::generate().unwrap();
        let own = rcgen::CertificateParams::default().self_signed(&key).unwrap().pem();
        let own = Identity::from_pem(&own, &key.serialize_pem()).unwrap();
        let session = of_redis_enterprise(&server.uri(), Some(own), NOW);
        Self {
            server,
            session,
            instance: instance_call(),
        }
    }

    pub(super) async fn answer(&self, verb: &str, route: &str, answer: ResponseTemplate, times: u64) {
        let mock = Mock::given(method(verb)).and(path(route)).respond_with(answer);
        mock.up_to_n_times(times).mount(&self.server).await;
    }

    pub(super) async fn created(&self, config: &RedisDatabaseState) -> (Option<RedisDatabaseState>, Diagnostics) {
        let mut diags = Diagnostics::default();
        let planned = plan::create(config.clone());
        let create = creation::create::<RedisDatabase>(&mut diags, &self.session, planned, config);
        let state = self.instance.scope(create).await;
        (state, diags)
    }

    pub(super) async fn updated(
        &self,
        prior: &RedisDatabaseState,
        config: &RedisDatabaseState,
    ) -> (Option<RedisDatabaseState>, Diagnostics) {
        let mut diags = Diagnostics::default();
        let planned = plan::update(prior, config.clone());
        let update = lifecycle::update::<RedisDatabase>(&mut diags, &self.session, prior.clone(), planned, config);
        let state = self.instance.scope(update).await;
        (state, diags)
    }

    /// Method, path and body of each request.
    pub(super) async fn requests(&self) -> Vec<(String, Json)> {
        let received = self.server.received_requests().await.unwrap();
        let request = |request: &wiremock::Request| {
            let body = serde_json::from_slice(&request.body).unwrap_or_default();
            (format!("{} {}", request.method, request.url.path()), body)
        };
        received.iter().map(request).collect()
    }
}

pub(super) fn text(text: &str) -> Value<String> {
    Value::Value(text.to_owned())
}

pub(super) fn config() -> RedisDatabaseState {
    RedisDatabaseState {
        name: text("orders"),
        memory_size: Value::Value(1 << 30),
        mtls: Value::Value(DatabaseMtls {
            tls_mode: text("enabled"),
            client_authentication_enforced: Value::Value(false),
            ..DatabaseMtls::default()
        }),
        roles_permissions: Value::Value(vec![Value::Value(RolePermissionState {
            role_id: text("2"),
            redis_acl_id: text("11"),
        })]),
        ..RedisDatabaseState::default()
    }
}

pub(super) fn with_password(version: i64) -> RedisDatabaseState {
    RedisDatabaseState {
        default_user_password_wo: text("canary"),
        default_user_password_wo_version: Value::Value(version),
        ..config()
    }
}

pub(super) fn there(config: &RedisDatabaseState) -> RedisDatabaseState {
    RedisDatabaseState {
        port: Value::Value(12000),
        id: text("3"),
        status: text("active"),
        endpoint: text("redis-12000.docker-cluster:12000"),
        ..plan::create(config.clone())
    }
}

/// The database as Redis Enterprise writes it, as far as it matters.
pub(super) fn bdb(changes: Json) -> Json {
    let mut bdb = json!({
        "uid": 3,
        "name": "orders",
        "status": "active",
        "port": 0,
        "endpoints": [{"addr": ["192.168.16.2"], "dns_name": "redis-12000.docker-cluster", "port": 12000}],
        "memory_size": 1u64 << 30,
        "eviction_policy": "volatile-lru",
        "data_persistence": "disabled",
        "aof_policy": "appendfsync-every-sec",
        "snapshot_policy": [],
        "tls_mode": "enabled",
        "enforce_client_authentication": "disabled",
        "authentication_ssl_client_certs": [],
        "client_cert_subject_validation_type": "disabled",
        "authorized_subjects": [],
        "mtls_allow_outdated_certs": false,
        "mtls_allow_weak_hashing": false,
        "default_user": true,
        "roles_permissions": [{"role_uid": 2, "redis_acl_uid": 11}],
    });
    for (member, value) in changes.as_object().unwrap() {
        bdb[member] = value.clone();
    }
    bdb
}

pub(super) fn ok(body: Json) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

pub(super) fn summaries(diags: &Diagnostics) -> Vec<&str> {
    diags.errors.iter().map(|error| &*error.summary).collect()
}
