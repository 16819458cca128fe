//! The schemas and names that the provider offers.

use std::collections::BTreeMap;

use tf_provider::Diagnostics;

use super::{Service, schema_or_error};
use crate::diagnostics::to_wire;
use crate::schema;
use crate::wire::{
    Function, ServerCapabilities, get_functions, get_metadata, get_provider_schema, get_resource_identity_schemas,
};

impl Service {
    pub(super) async fn get_metadata(&self, _: get_metadata::Request) -> get_metadata::Response {
        fn named<T, M>(registered: &BTreeMap<String, T>, message: impl Fn(String) -> M) -> Vec<M> {
            registered.keys().cloned().map(message).collect()
        }
        get_metadata::Response {
            server_capabilities: Some(CAPABILITIES),
            diagnostics: Vec::new(),
            data_sources: named(&self.registry.data_sources, |type_name| {
                get_metadata::DataSourceMetadata { type_name }
            }),
            resources: named(&self.registry.resources, |type_name| get_metadata::ResourceMetadata {
                type_name,
            }),
            functions: named(&self.registry.functions, |name| get_metadata::FunctionMetadata { name }),
            ephemeral_resources: named(&self.registry.ephemeral_resources, |type_name| {
                get_metadata::EphemeralMetadata { type_name }
            }),
        }
    }

    pub(super) async fn get_provider_schema(&self, _: get_provider_schema::Request) -> get_provider_schema::Response {
        let mut diags = Diagnostics::default();
        let mut response = get_provider_schema::Response {
            server_capabilities: Some(CAPABILITIES),
            ..Default::default()
        };
        response.provider = schema_or_error(&mut diags, "the provider", |diags| self.provider.schema(diags))
            .map(|schema| schema::to_wire(&schema, &[]));
        for (name, resource) in &self.registry.resources {
            if let Some(schema) = schema_or_error(&mut diags, name, |diags| resource.schema(diags)) {
                response
                    .resource_schemas
                    .insert(name.clone(), schema::to_wire(&schema, &resource.write_only()));
            }
        }
        for (name, source) in &self.registry.data_sources {
            if let Some(schema) = schema_or_error(&mut diags, name, |diags| source.schema(diags)) {
                response
                    .data_source_schemas
                    .insert(name.clone(), schema::to_wire(&schema, &[]));
            }
        }
        for (name, resource) in &self.registry.ephemeral_resources {
            if let Some(schema) = schema_or_error(&mut diags, name, |diags| resource.schema(diags)) {
                response
                    .ephemeral_resource_schemas
                    .insert(name.clone(), schema::to_wire(&schema, &[]));
            }
        }
        let functions = self.functions(&mut diags);
        response.functions = functions;
        response.diagnostics = to_wire(diags);
        response
    }

    pub(super) async fn get_functions(&self, _: get_functions::Request) -> get_functions::Response {
        let mut diags = Diagnostics::default();
        let functions = self.functions(&mut diags);
        get_functions::Response {
            functions,
            diagnostics: to_wire(diags),
        }
    }

    /// No resource has an identity of its own; Terraform takes an empty map for that.
    pub(super) async fn get_resource_identity_schemas(
        &self,
        _: get_resource_identity_schemas::Request,
    ) -> get_resource_identity_schemas::Response {
        get_resource_identity_schemas::Response::default()
    }

    fn functions(&self, diags: &mut Diagnostics) -> BTreeMap<String, Function> {
        let mut functions = BTreeMap::new();
        for (name, function) in &self.registry.functions {
            match function.schema(diags) {
                Some(schema) => _ = functions.insert(name.clone(), schema::function_to_wire(&schema)),
                None if diags.errors.is_empty() => {
                    diags.root_error_short(format!("the function `{name}` has no schema"))
                }
                None => {}
            }
        }
        functions
    }
}

const CAPABILITIES: ServerCapabilities = ServerCapabilities {
    plan_destroy: true,
    get_provider_schema_optional: true,
    move_resource_state: true,
};
