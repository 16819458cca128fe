//! Calls about managed resources.

use std::sync::Arc;

use prost::bytes::Bytes;
use tf_provider::Diagnostics;
use tf_provider::schema::Schema;

use super::{Service, schema_or_error, unknown_type};
use crate::call::catch;
use crate::diagnostics::{path_to_wire, to_wire};
use crate::instance::{InstanceCall, own_private, with_instance, with_instance_of};
use crate::resource::{Call, ErasedResource, MovedFrom};
use crate::wire::{
    RawState, apply_resource_change, import_resource_state, move_resource_state, plan_resource_change, read_resource,
    upgrade_resource_identity, upgrade_resource_state, validate_resource_config,
};
use crate::{codec, configuration, stored_state, write_only};

impl Service {
    fn resource(&self, diags: &mut Diagnostics, type_name: &str) -> Option<&dyn ErasedResource> {
        let found = self.registry.resources.get(type_name);
        if found.is_none() {
            unknown_type(diags, "resource", type_name);
        }
        found.map(AsRef::as_ref)
    }

    pub(super) async fn validate_resource_config(
        &self,
        request: validate_resource_config::Request,
    ) -> validate_resource_config::Response {
        let mut diags = Diagnostics::default();
        if let Some(resource) = self.resource(&mut diags, &request.type_name)
            && let Some(config) = codec::from_wire(&mut diags, request.config)
        {
            let client = request.client_capabilities.unwrap_or_default();
            let config = match resource.schema(&mut diags) {
                Some(schema) => {
                    if !client.write_only_attributes_allowed {
                        write_only::refuse(&mut diags, &config, &schema, &resource.write_only());
                    }
                    configuration::check(&mut diags, config, &schema, &|config| resource.fits(config))
                }
                None => config,
            };
            let outcome = catch(resource.validate(&mut diags, &config)).await;
            outcome.or_error(&mut diags, "Validation", &request.type_name);
        }
        validate_resource_config::Response {
            diagnostics: to_wire(diags),
        }
    }

    pub(super) async fn read_resource(&self, request: read_resource::Request) -> read_resource::Response {
        let mut diags = Diagnostics::default();
        let old_state = request.current_state.clone();
        let old_private = request.private.clone();
        let instance = InstanceCall::of(&old_private);
        let read = async {
            let resource = self.resource(&mut diags, &request.type_name)?;
            let call = Call {
                prior: codec::from_wire(&mut diags, request.current_state)?,
                private: own_private(&request.private),
                provider_meta: codec::from_wire(&mut diags, request.provider_meta)?,
                ..Call::default()
            };
            let outcome = instance
                .scope(self.stop.scope(catch(resource.read(&mut diags, &call))))
                .await;
            let (state, private) = outcome.optional(&mut diags, "Reading", &request.type_name)?;
            Some((without_write_only(&mut diags, resource, state)?, private))
        };
        let (new_state, private) = match read.await {
            Some((state, private)) => (codec::to_wire(state), with_instance_of(&old_private, private)),
            None if diags.errors.is_empty() => (codec::to_wire(codec::null()), Bytes::new()),
            None => (old_state, old_private),
        };
        read_resource::Response {
            new_state,
            private,
            diagnostics: to_wire(diags),
            ..Default::default()
        }
    }

    pub(super) async fn plan_resource_change(
        &self,
        request: plan_resource_change::Request,
    ) -> plan_resource_change::Response {
        let mut diags = Diagnostics::default();
        let instance = InstanceCall::of(&request.prior_private);
        let plan = async {
            let resource = self.resource(&mut diags, &request.type_name)?;
            let call = Call {
                prior: codec::from_wire(&mut diags, request.prior_state)?,
                next: codec::from_wire(&mut diags, request.proposed_new_state)?,
                config: codec::from_wire(&mut diags, request.config)?,
                private: own_private(&request.prior_private),
                provider_meta: codec::from_wire(&mut diags, request.provider_meta)?,
            };
            tracing::debug!(
                type_name = request.type_name,
                has_prior = !codec::is_null(&call.prior),
                has_next = !codec::is_null(&call.next),
                ?instance,
                "planning"
            );
            let outcome = instance
                .scope(self.stop.scope(catch(resource.plan(&mut diags, &call))))
                .await;
            let mut planned = outcome.or_error(&mut diags, "Planning", &request.type_name)?;
            planned.state = without_write_only(&mut diags, resource, planned.state)?;
            Some(planned)
        };
        let mut response = plan_resource_change::Response::default();
        if let Some(planned) = plan.await {
            response.planned_state = codec::to_wire(planned.state);
            response.planned_private = with_instance(instance.instance, &planned.private);
            response.requires_replace = planned.requires_replace.into_iter().map(path_to_wire).collect();
        }
        response.diagnostics = to_wire(diags);
        response
    }

    /// Runs in a task of its own: when Terraform is killed and its connection breaks, the change is not cut off in the
    /// middle, but told to stop.
    pub(super) async fn apply_resource_change(
        self: Arc<Self>,
        request: apply_resource_change::Request,
    ) -> apply_resource_change::Response {
        let unchanged = request.prior_state.clone();
        let private = request.planned_private.clone();
        match tokio::spawn(self.apply(request)).await {
            Ok(response) => response,
            Err(_) => {
                let mut diags = Diagnostics::default();
                diags.root_error(
                    "The provider crashed",
                    "This is a bug in the provider; please report it.",
                );
                apply_resource_change::Response {
                    new_state: unchanged,
                    private,
                    diagnostics: to_wire(diags),
                    ..Default::default()
                }
            }
        }
    }

    async fn apply(self: Arc<Self>, request: apply_resource_change::Request) -> apply_resource_change::Response {
        let mut diags = Diagnostics::default();
        let unchanged = request.prior_state.clone();
        let unchanged_private = request.planned_private.clone();
        let mut destroys = false;
        let instance = InstanceCall::of(&request.planned_private);
        let apply = async {
            let resource = self.resource(&mut diags, &request.type_name)?;
            let call = Call {
                prior: codec::from_wire(&mut diags, request.prior_state)?,
                next: codec::from_wire(&mut diags, request.planned_state)?,
                config: codec::from_wire(&mut diags, request.config)?,
                private: own_private(&request.planned_private),
                provider_meta: codec::from_wire(&mut diags, request.provider_meta)?,
            };
            destroys = codec::is_null(&call.next);
            tracing::debug!(
                type_name = request.type_name,
                has_prior = !codec::is_null(&call.prior),
                has_next = !destroys,
                ?instance,
                "applying"
            );
            let outcome = instance
                .scope(self.stop.scope(catch(resource.apply(&mut diags, &call))))
                .await;
            let (state, private) = outcome.or_error(&mut diags, "Applying", &request.type_name)?;
            Some((without_write_only(&mut diags, resource, state)?, private))
        };
        let answer = apply.await;
        let (new_state, private) = match answer {
            // An object is gone only when nothing was said against it.
            Some((state, _)) if destroys && diags.errors.is_empty() => (codec::to_wire(state), Bytes::new()),
            Some((state, private)) if !destroys => (codec::to_wire(state), with_instance(instance.instance, &private)),
            _ => (unchanged, unchanged_private),
        };
        apply_resource_change::Response {
            new_state,
            private,
            diagnostics: to_wire(diags),
            ..Default::default()
        }
    }

    pub(super) async fn import_resource_state(
        &self,
        request: import_resource_state::Request,
    ) -> import_resource_state::Response {
        let mut diags = Diagnostics::default();
        let import = async {
            let resource = self.resource(&mut diags, &request.type_name)?;
            if request.id.is_empty() && request.identity.is_some() {
                diags.root_error(
                    "Import by identity is not supported",
                    "Give the `id` in the import block instead.",
                );
                return None;
            }
            let outcome = self.stop.scope(catch(resource.import(&mut diags, request.id))).await;
            let (state, private) = outcome.or_error(&mut diags, "Import", &request.type_name)?;
            Some((without_write_only(&mut diags, resource, state)?, private))
        };
        let imported_resources = import
            .await
            .map(|(state, private)| import_resource_state::ImportedResource {
                type_name: request.type_name,
                state: codec::to_wire(state),
                private,
                identity: None,
            })
            .into_iter()
            .collect();
        import_resource_state::Response {
            imported_resources,
            diagnostics: to_wire(diags),
        }
    }

    /// Called for every stored object of every run, also when its state is of the current version.
    pub(super) async fn upgrade_resource_state(
        &self,
        request: upgrade_resource_state::Request,
    ) -> upgrade_resource_state::Response {
        let mut diags = Diagnostics::default();
        let upgrade = async {
            let resource = self.resource(&mut diags, &request.type_name)?;
            let schema = schema_or_error(&mut diags, &request.type_name, |diags| resource.schema(diags))?;
            let mut state = stored(&mut diags, request.raw_state)?;
            if request.version != schema.version {
                let upgrade = resource.upgrade_state(&mut diags, request.version, state);
                let outcome = self.stop.scope(catch(upgrade)).await;
                state = outcome.or_error(&mut diags, "State upgrade", &request.type_name)?;
            }
            conformed(&mut diags, resource, &schema, &state)
        };
        let upgraded_state = upgrade.await.and_then(codec::to_wire);
        upgrade_resource_state::Response {
            upgraded_state,
            diagnostics: to_wire(diags),
        }
    }

    pub(super) async fn move_resource_state(
        &self,
        request: move_resource_state::Request,
    ) -> move_resource_state::Response {
        let mut diags = Diagnostics::default();
        let moved = async {
            let resource = self.resource(&mut diags, &request.target_type_name)?;
            let schema = schema_or_error(&mut diags, &request.target_type_name, |diags| resource.schema(diags))?;
            let from = MovedFrom {
                provider_address: request.source_provider_address,
                type_name: request.source_type_name,
                schema_version: request.source_schema_version,
                state: stored(&mut diags, request.source_state)?,
            };
            let outcome = self.stop.scope(catch(resource.move_state(&mut diags, from))).await;
            let state = outcome.or_error(&mut diags, "Move", &request.target_type_name)?;
            conformed(&mut diags, resource, &schema, &state)
        };
        let target_state = moved.await.and_then(codec::to_wire);
        move_resource_state::Response {
            target_state,
            diagnostics: to_wire(diags),
            ..Default::default()
        }
    }

    pub(super) async fn upgrade_resource_identity(
        &self,
        request: upgrade_resource_identity::Request,
    ) -> upgrade_resource_identity::Response {
        let mut diags = Diagnostics::default();
        diags.root_error(
            "Resource has no identity",
            format!("`{}` stores no identity, so none can be upgraded.", request.type_name),
        );
        upgrade_resource_identity::Response {
            upgraded_identity: None,
            diagnostics: to_wire(diags),
        }
    }
}

fn without_write_only(diags: &mut Diagnostics, resource: &dyn ErasedResource, state: Bytes) -> Option<Bytes> {
    let paths = resource.write_only();
    if paths.is_empty() || codec::is_null(&state) {
        return Some(state);
    }
    let schema = resource.schema(diags)?;
    Some(write_only::without(state, &schema, &paths))
}

fn stored(diags: &mut Diagnostics, state: Option<RawState>) -> Option<serde_json::Value> {
    let json = state.map(|state| state.json).unwrap_or_default();
    let state = serde_json::from_slice(&json).ok();
    if state.is_none() {
        diags.root_error(
            "Stored state is not JSON",
            "Terraform sent a state in a form that no resource of this provider was ever stored in.",
        );
    }
    state
}

/// A stored state in the shape of the schema, once it is sure that the resource can read it.
fn conformed(
    diags: &mut Diagnostics,
    resource: &dyn ErasedResource,
    schema: &Schema,
    state: &serde_json::Value,
) -> Option<Bytes> {
    let state = codec::from_tree(&stored_state::conform(state, schema));
    if !codec::is_null(&state) {
        resource.check(diags, &state)?;
    }
    Some(write_only::without(state, schema, &resource.write_only()))
}
