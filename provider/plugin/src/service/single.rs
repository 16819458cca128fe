//! Calls that touch no managed resource: the provider block, data sources, functions, stopping.

use tf_provider::Diagnostics;

use super::{Service, unknown_type};
use crate::call::catch;
use crate::diagnostics::{to_function_error, to_wire};
use crate::wire::{
    call_function, configure_provider, read_data_source, stop_provider, validate_data_resource_config,
    validate_provider_config,
};
use crate::{codec, configuration};

impl Service {
    pub(super) async fn validate_provider_config(
        &self,
        request: validate_provider_config::Request,
    ) -> validate_provider_config::Response {
        let mut diags = Diagnostics::default();
        if let Some(config) = codec::from_wire(&mut diags, request.config) {
            let config = match self.provider.schema(&mut diags) {
                Some(schema) => configuration::check(&mut diags, config, &schema, &|config| self.provider.fits(config)),
                None => config,
            };
            let outcome = catch(self.provider.validate(&mut diags, &config)).await;
            outcome.or_error(&mut diags, "Validation", "provider");
        }
        validate_provider_config::Response {
            diagnostics: to_wire(diags),
        }
    }

    pub(super) async fn configure_provider(
        &self,
        request: configure_provider::Request,
    ) -> configure_provider::Response {
        let mut diags = Diagnostics::default();
        if let Some(config) = codec::from_wire(&mut diags, request.config) {
            let configure = self.provider.configure(&mut diags, &request.terraform_version, &config);
            let outcome = self.stop.scope(catch(configure)).await;
            outcome.or_error(&mut diags, "Configuration", "provider");
        }
        configure_provider::Response {
            diagnostics: to_wire(diags),
        }
    }

    /// Only asks running calls to end early; Terraform goes on to read and write the states they reached.
    pub(super) async fn stop_provider(&self, _: stop_provider::Request) -> stop_provider::Response {
        tracing::info!("Terraform asked running operations to stop");
        self.stop.request();
        stop_provider::Response::default()
    }

    pub(super) async fn validate_data_resource_config(
        &self,
        request: validate_data_resource_config::Request,
    ) -> validate_data_resource_config::Response {
        let mut diags = Diagnostics::default();
        let config = codec::from_wire(&mut diags, request.config);
        match (self.registry.data_sources.get(&request.type_name), config) {
            (Some(source), Some(config)) => {
                let config = match source.schema(&mut diags) {
                    Some(schema) => configuration::check(&mut diags, config, &schema, &|config| source.fits(config)),
                    None => config,
                };
                let outcome = catch(source.validate(&mut diags, &config)).await;
                outcome.or_error(&mut diags, "Validation", &request.type_name);
            }
            (None, _) => unknown_type(&mut diags, "data source", &request.type_name),
            (_, None) => {}
        }
        validate_data_resource_config::Response {
            diagnostics: to_wire(diags),
        }
    }

    pub(super) async fn read_data_source(&self, request: read_data_source::Request) -> read_data_source::Response {
        let mut diags = Diagnostics::default();
        let config = codec::from_wire(&mut diags, request.config);
        let meta = codec::from_wire(&mut diags, request.provider_meta);
        let state = match (self.registry.data_sources.get(&request.type_name), config, meta) {
            (Some(source), Some(config), Some(meta)) => {
                let outcome = self.stop.scope(catch(source.read(&mut diags, &config, &meta))).await;
                outcome.or_error(&mut diags, "Reading", &request.type_name)
            }
            (None, ..) => {
                unknown_type(&mut diags, "data source", &request.type_name);
                None
            }
            _ => None,
        };
        read_data_source::Response {
            state: state.and_then(codec::to_wire),
            diagnostics: to_wire(diags),
        }
    }

    pub(super) async fn call_function(&self, request: call_function::Request) -> call_function::Response {
        let mut diags = Diagnostics::default();
        let arguments: Option<Vec<_>> = request
            .arguments
            .into_iter()
            .map(|argument| codec::from_wire(&mut diags, Some(argument)))
            .collect();
        let result = match (self.registry.functions.get(&request.name), arguments) {
            (Some(function), Some(arguments)) => {
                let outcome = self.stop.scope(catch(function.call(&mut diags, arguments))).await;
                outcome.or_error(&mut diags, "Call", &request.name)
            }
            (None, _) => {
                unknown_type(&mut diags, "function", &request.name);
                None
            }
            (_, None) => None,
        };
        match to_function_error(diags) {
            None => call_function::Response {
                result: result.and_then(codec::to_wire),
                error: None,
            },
            error => call_function::Response { result: None, error },
        }
    }
}
