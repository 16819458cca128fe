//! Calls about ephemeral resources.

use prost::bytes::Bytes;
use tf_provider::Diagnostics;
use time::OffsetDateTime;

use super::{Service, unknown_type};
use crate::call::catch;
use crate::diagnostics::to_wire;
use crate::ephemeral::ErasedEphemeralResource;
use crate::wire::{
    Timestamp, close_ephemeral_resource, open_ephemeral_resource, renew_ephemeral_resource,
    validate_ephemeral_resource_config,
};
use crate::{codec, configuration};

impl Service {
    fn ephemeral(&self, diags: &mut Diagnostics, type_name: &str) -> Option<&dyn ErasedEphemeralResource> {
        let found = self.registry.ephemeral_resources.get(type_name);
        if found.is_none() {
            unknown_type(diags, "ephemeral resource", type_name);
        }
        found.map(AsRef::as_ref)
    }

    pub(super) async fn validate_ephemeral_resource_config(
        &self,
        request: validate_ephemeral_resource_config::Request,
    ) -> validate_ephemeral_resource_config::Response {
        let mut diags = Diagnostics::default();
        if let Some(resource) = self.ephemeral(&mut diags, &request.type_name)
            && let Some(config) = codec::from_wire(&mut diags, request.config)
        {
            let config = match resource.schema(&mut diags) {
                Some(schema) => configuration::check(&mut diags, config, &schema, &|config| resource.fits(config)),
                None => config,
            };
            let outcome = catch(resource.validate(&mut diags, &config)).await;
            outcome.or_error(&mut diags, "Validation", &request.type_name);
        }
        validate_ephemeral_resource_config::Response {
            diagnostics: to_wire(diags),
        }
    }

    pub(super) async fn open_ephemeral_resource(
        &self,
        request: open_ephemeral_resource::Request,
    ) -> open_ephemeral_resource::Response {
        let mut diags = Diagnostics::default();
        let mut response = open_ephemeral_resource::Response::default();
        if let Some(resource) = self.ephemeral(&mut diags, &request.type_name)
            && let Some(config) = codec::from_wire(&mut diags, request.config)
        {
            let outcome = self.stop.scope(catch(resource.open(&mut diags, &config))).await;
            if let Some(opened) = outcome.or_error(&mut diags, "Opening", &request.type_name) {
                response.renew_at = opened.renew_at.map(timestamp);
                response.result = codec::to_wire(opened.result);
                response.private = Some(opened.private);
            }
        }
        response.diagnostics = to_wire(diags);
        response
    }

    pub(super) async fn renew_ephemeral_resource(
        &self,
        request: renew_ephemeral_resource::Request,
    ) -> renew_ephemeral_resource::Response {
        let mut diags = Diagnostics::default();
        let private = request.private.unwrap_or_default();
        // A failed renewal keeps what closing needs.
        let mut response = renew_ephemeral_resource::Response {
            private: Some(private.clone()),
            ..Default::default()
        };
        if let Some(resource) = self.ephemeral(&mut diags, &request.type_name) {
            let outcome = self.stop.scope(catch(resource.renew(&mut diags, &private))).await;
            if let Some(renewed) = outcome.or_error(&mut diags, "Renewal", &request.type_name) {
                response.renew_at = renewed.renew_at.map(timestamp);
                response.private = Some(renewed.private);
            }
        }
        response.diagnostics = to_wire(diags);
        response
    }

    pub(super) async fn close_ephemeral_resource(
        &self,
        request: close_ephemeral_resource::Request,
    ) -> close_ephemeral_resource::Response {
        let mut diags = Diagnostics::default();
        let private: Bytes = request.private.unwrap_or_default();
        if let Some(resource) = self.ephemeral(&mut diags, &request.type_name) {
            let outcome = self.stop.scope(catch(resource.close(&mut diags, &private))).await;
            outcome.or_error(&mut diags, "Closing", &request.type_name);
        }
        close_ephemeral_resource::Response {
            diagnostics: to_wire(diags),
        }
    }
}

fn timestamp(time: OffsetDateTime) -> Timestamp {
    Timestamp {
        seconds: time.unix_timestamp(),
        nanos: i32::try_from(time.nanosecond()).unwrap_or_default(),
    }
}
