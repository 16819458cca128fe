//! The gRPC services: which path is which call.

mod ephemeral;
mod go_plugin;
#[cfg(any(test, feature = "test-util"))]
pub(crate) mod in_process;
mod offer;
mod resource;
mod single;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use hyper::body::Incoming;
use tf_provider::Diagnostics;
use tf_provider::schema::Schema;
use tokio_util::sync::CancellationToken;
use tonic::body::BoxBody;
use tonic::codec::ProstCodec;
use tonic::server::Grpc;
use tonic::{Request, Response, Status};

use super::call::{Stop, catch};
use super::provider::{ErasedProvider, PluginProvider, Registry};

/// Everything the calls share.
pub(crate) struct Service {
    provider: Box<dyn ErasedProvider>,
    registry: Registry,
    stop: Stop,
    /// Cancelled when Terraform has asked the process to end.
    shutdown: CancellationToken,
}

impl Service {
    /// The services of a provider. `shutdown` is cancelled when the client asks for the end of the process.
    pub(crate) fn new<P: PluginProvider>(provider: P, shutdown: CancellationToken) -> Self {
        let mut registry = Registry::default();
        provider.register(&mut registry);
        Self {
            provider: Box::new(provider),
            registry,
            stop: Stop::default(),
            shutdown,
        }
    }

    /// Cancelled when the process is to end.
    pub(crate) fn shutdown_token(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Tells the running calls that nobody waits for them any more.
    pub(crate) fn abandon_calls(&self) {
        self.stop.request();
    }

    /// Answers one HTTP/2 request.
    pub(crate) async fn answer(self: Arc<Self>, request: http::Request<Incoming>) -> http::Response<BoxBody> {
        let path = request.uri().path().to_owned();
        let Some((service, method)) = path.strip_prefix('/').and_then(|path| path.split_once('/')) else {
            return Status::unimplemented("no such service").into_http();
        };
        match service {
            "tfplugin6.Provider" => self.provider_call(method, request).await,
            "plugin.GRPCController" | "plugin.GRPCStdio" | "plugin.GRPCBroker" | "grpc.health.v1.Health" => {
                self.go_plugin_call(service, method, request).await
            }
            _ => Status::unimplemented("no such service").into_http(),
        }
    }

    async fn provider_call(self: Arc<Self>, method: &str, request: http::Request<Incoming>) -> http::Response<BoxBody> {
        macro_rules! call {
            ($handler:ident) => {
                unary(request, async move |message| self.$handler(message).await).await
            };
        }
        match method {
            "GetMetadata" => call!(get_metadata),
            "GetProviderSchema" => call!(get_provider_schema),
            "GetFunctions" => call!(get_functions),
            "GetResourceIdentitySchemas" => call!(get_resource_identity_schemas),
            "ValidateProviderConfig" => call!(validate_provider_config),
            "ConfigureProvider" => call!(configure_provider),
            "StopProvider" => call!(stop_provider),
            "ValidateResourceConfig" => call!(validate_resource_config),
            "UpgradeResourceState" => call!(upgrade_resource_state),
            "UpgradeResourceIdentity" => call!(upgrade_resource_identity),
            "ReadResource" => call!(read_resource),
            "PlanResourceChange" => call!(plan_resource_change),
            "ApplyResourceChange" => call!(apply_resource_change),
            "ImportResourceState" => call!(import_resource_state),
            "MoveResourceState" => call!(move_resource_state),
            "ValidateDataResourceConfig" => call!(validate_data_resource_config),
            "ReadDataSource" => call!(read_data_source),
            "ValidateEphemeralResourceConfig" => call!(validate_ephemeral_resource_config),
            "OpenEphemeralResource" => call!(open_ephemeral_resource),
            "RenewEphemeralResource" => call!(renew_ephemeral_resource),
            "CloseEphemeralResource" => call!(close_ephemeral_resource),
            "CallFunction" => call!(call_function),
            // Terraform asks newer calls of every provider and takes this answer for "has none".
            _ => Status::unimplemented("the provider does not have this call").into_http(),
        }
    }
}

/// One message in, one out.
async fn unary<Q, A, F>(request: http::Request<Incoming>, handler: impl FnOnce(Q) -> F) -> http::Response<BoxBody>
where
    Q: prost::Message + Default + 'static,
    A: prost::Message + Default + 'static,
    F: Future<Output = A> + Send,
{
    let path = request.uri().path().to_owned();
    let started = Instant::now();
    let mut handler = Some(handler);
    let service = tower::service_fn(|message: Request<Q>| {
        let answer = handler.take().map(|handler| handler(message.into_inner()));
        async move {
            let answer = answer.ok_or_else(|| Status::internal("a unary call carries one message"))?;
            // Handlers turn panics of resources into diagnostics; this is the net below for panics of their own.
            match catch(async { Some(answer.await) })
                .await
                .optional(&mut Diagnostics::default(), "", "")
            {
                Some(answer) => Ok(Response::new(answer)),
                None => Err(Status::internal(
                    "the provider crashed; this is a bug in the provider, please report it",
                )),
            }
        }
    });
    let response = Grpc::new(ProstCodec::<A, Q>::default())
        .max_decoding_message_size(LONGEST_MESSAGE)
        .max_encoding_message_size(LONGEST_MESSAGE)
        .unary(service, request)
        .await;
    tracing::debug!(
        rpc = path,
        milliseconds = started.elapsed().as_millis() as u64,
        "answered a call"
    );
    response
}

/// The schema, or an error that there is none.
fn schema_or_error(
    diags: &mut Diagnostics,
    what: &str,
    schema: impl FnOnce(&mut Diagnostics) -> Option<Schema>,
) -> Option<Schema> {
    let found = schema(diags);
    if found.is_none() && diags.errors.is_empty() {
        diags.root_error(
            "The provider has no schema",
            format!("There is no schema of {what}. This is a bug."),
        );
    }
    found
}

/// The error that a type name is not registered.
fn unknown_type(diags: &mut Diagnostics, kind: &str, type_name: &str) {
    diags.root_error(
        "Unknown type",
        format!("The provider has no {kind} named `{type_name}`."),
    );
}

/// Terraform itself accepts up to 256 MiB from a provider; a state of this size is a mistake.
const LONGEST_MESSAGE: usize = 64 * 1024 * 1024;
