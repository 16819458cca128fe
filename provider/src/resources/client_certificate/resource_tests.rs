use serde_json::json;
use terraform_plugin::{Configured, InstanceCall, instance_call};
use tf_provider::Resource;
use tf_provider::value::Value;

use super::testing::{Case, NOW, found, summaries};
use super::*;
use crate::resources::managed::Managed;
use crate::session::testing::of_ravendb;

/// The resource in a process of the provider.
fn resource_of(case: &Case) -> Managed<ClientCertificate> {
    let session = Configured::new();
    session.set(of_ravendb(&case.server.uri(), NOW));
    Managed::new(session)
}

/// The resource of a case, and an entry of its state that was read.
async fn read(case: &Case) -> (Managed<ClientCertificate>, ClientCertificateState) {
    let resource = resource_of(case);
    let mut diags = Diagnostics::default();
    let state = resource.read(&mut diags, case.planned.clone(), None, None).await;
    (resource, state.unwrap_or_else(|| panic!("{diags:?}")).0)
}

async fn planned(
    resource: &Managed<ClientCertificate>,
    prior: &ClientCertificateState,
    config: ClientCertificateState,
) -> Diagnostics {
    let mut diags = Diagnostics::default();
    let plan = resource.plan_update(&mut diags, prior.clone(), config.clone(), config, None, None);
    assert_eq!(plan.await.is_some(), diags.errors.is_empty());
    diags
}

#[tokio::test]
async fn plan_refuses_to_edit_a_collection_and_names_what_goes_with_it() {
    let case = Case::new().await;
    let together = ["CD".repeat(20), "EF".repeat(20)];
    case.reading(found(case.entry(json!({ "CollectionSecondaryKeys": together }))), 2)
        .await;
    let (resource, state) = read(&case).await;
    let instance = InstanceCall {
        is_known: true,
        ..instance_call()
    };
    let names_both = |text: &str| together.iter().all(|secondary| text.contains(secondary));

    let renamed = ClientCertificateState {
        name: Value::Value("renamed".to_owned()),
        ..state.clone()
    };
    let diags = instance.scope(planned(&resource, &state, renamed)).await;
    assert_eq!(summaries(&diags), ["Collection cannot be edited"]);
    assert!(names_both(&diags.errors[0].detail), "{diags:?}");
    // What Terraform alone knows is no edit.
    let protected = ClientCertificateState {
        deletion_protection: Value::Value(true),
        ..state.clone()
    };
    let diags = instance.scope(planned(&resource, &state, protected)).await;
    assert_eq!(diags.errors, []);

    // With terraform destroy, what is removed was read in another process.
    for resource in [resource, resource_of(&case)] {
        let mut diags = Diagnostics::default();
        let destruction = resource.plan_destroy(&mut diags, state.clone(), None, None);
        instance.scope(destruction).await.unwrap();
        let warning = &diags.warnings[0];
        assert_eq!(warning.summary, "Removes a whole collection");
        assert!(names_both(&warning.detail), "{diags:?}");
    }
}

#[tokio::test]
async fn replacement_of_a_protected_entry_that_the_user_asks_for_is_refused_at_plan() {
    for protection in [true, false] {
        let mut case = Case::new().await;
        case.planned.deletion_protection = Value::Value(protection);
        case.reading(found(case.entry(json!({}))), 1).await;
        let (resource, state) = read(&case).await;
        // With -replace, Terraform plans an update that changes nothing, and then the creation of what replaces the entry.
        let instance = InstanceCall {
            is_known: true,
            ..instance_call()
        };
        let update = instance.scope(planned(&resource, &state, state.clone())).await;
        assert_eq!(update.errors, []);
        let mut diags = Diagnostics::default();
        let create = resource.plan_create(&mut diags, state.clone(), state, None);
        let plan = instance.scope(create).await;
        let refused: &[&str] = if protection {
            &["Protected against deletion"]
        } else {
            &[]
        };
        assert_eq!((plan.is_none(), &*summaries(&diags)), (protection, refused));
    }
}
