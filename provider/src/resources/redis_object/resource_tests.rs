use terraform_plugin::{Configured, InstanceCall, instance_call};
use tf_provider::value::Value;
use tf_provider::{Diagnostics, Resource};

use crate::resources::cert_user::{CertUser, CertUserState};
use crate::resources::managed::Managed;
use crate::trust::testing::{FakeCluster, errors};

fn text(text: &str) -> Value<String> {
    Value::Value(text.to_owned())
}

#[tokio::test]
async fn replacement_of_a_protected_object_that_the_user_asks_for_is_refused_at_plan() {
    for protection in [true, false] {
        let cluster = FakeCluster::start().await;
        // The trial run of the creation.
        cluster.intercept(|_, asked| (asked != "GET /v1/users").then(|| wiremock::ResponseTemplate::new(503)));
        let session = Configured::new();
        session.set(cluster.session(None));
        let users = Managed::<CertUser>::new(session);
        let config = CertUserState {
            name: text("app"),
            certificate_subject_line: text("CN=app"),
            role: text("db_viewer"),
            deletion_protection: Value::Value(protection),
            ..CertUserState::default()
        };
        let mut diags = Diagnostics::default();
        let planned = users
            .plan_create(&mut diags, config.clone(), config.clone(), None)
            .await;
        let state = CertUserState {
            id: text("5"),
            ..planned.unwrap_or_else(|| panic!("{diags:?}")).0
        };
        // With -replace, Terraform plans an update that changes nothing, and then the creation of what replaces the object.
        let session = Configured::new();
        session.set(cluster.session(None));
        let users = Managed::<CertUser>::new(session);
        let instance = InstanceCall {
            is_known: true,
            ..instance_call()
        };
        let update = users.plan_update(&mut diags, state, config.clone(), config.clone(), None, None);
        assert!(instance.scope(update).await.is_some(), "{diags:?}");
        let mut diags = Diagnostics::default();
        let create = users.plan_create(&mut diags, config.clone(), config, None);
        let plan = instance.scope(create).await;
        let refused: &[&str] = if protection {
            &["Protected against deletion"]
        } else {
            &[]
        };
        assert_eq!((plan.is_none(), &*errors(&diags)), (protection, refused));
    }
}
