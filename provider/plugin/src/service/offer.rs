//! The schemas and names that the provider offers.

use std::collections::BTreeMap;

use tf_provider::Diagnostics;

use super::{Service, schema_or_error};
use crate::diagnostics::to_wire;
use crate::schema;
use crate::wire::calls::{
    FunctionName, GetFunctionsResponse, GetMetadataResponse, GetProviderSchemaResponse,
    GetResourceIdentitySchemasResponse, TypeName,
};
use crate::wire::schema::Function;
use crate::wire::{Empty, ServerCapabilities};

impl Service {
    pub(super) async fn get_metadata(&self, _: Empty) -> GetMetadataResponse {
        fn names<T>(registered: &BTreeMap<String, T>) -> Vec<TypeName> {
            registered
                .keys()
                .map(|name| TypeName {
                    type_name: name.clone(),
                })
                .collect()
        }
        GetMetadataResponse {
            server_capabilities: Some(CAPABILITIES),
            diagnostics: Vec::new(),
            data_sources: names(&self.registry.data_sources),
            resources: names(&self.registry.resources),
            functions: self
                .registry
                .functions
                .keys()
                .map(|name| FunctionName { name: name.clone() })
                .collect(),
            ephemeral_resources: names(&self.registry.ephemeral_resources),
        }
    }

    pub(super) async fn get_provider_schema(&self, _: Empty) -> GetProviderSchemaResponse {
        let mut diags = Diagnostics::default();
        let mut response = GetProviderSchemaResponse {
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

    pub(super) async fn get_functions(&self, _: Empty) -> GetFunctionsResponse {
        let mut diags = Diagnostics::default();
        let functions = self.functions(&mut diags);
        GetFunctionsResponse {
            functions,
            diagnostics: to_wire(diags),
        }
    }

    /// No resource has an identity of its own; Terraform takes an empty map for that.
    pub(super) async fn get_resource_identity_schemas(&self, _: Empty) -> GetResourceIdentitySchemasResponse {
        GetResourceIdentitySchemasResponse::default()
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
