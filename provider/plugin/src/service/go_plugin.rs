//! go-plugin's own services: the end of the process, and two streams that stay open and silent.

use std::sync::Arc;

use futures_util::StreamExt;
use hyper::body::Incoming;
use tonic::body::BoxBody;
use tonic::codec::ProstCodec;
use tonic::server::Grpc;
use tonic::{Request, Response, Status, Streaming};

use super::{Service, unary};
use crate::wire::Empty;
use crate::wire::health::health_check_response::ServingStatus;
use crate::wire::health::{HealthCheckRequest, HealthCheckResponse};
use crate::wire::plugin::{self, ConnInfo, StdioData};

impl Service {
    pub(super) async fn go_plugin_call(
        self: Arc<Self>,
        service: &str,
        method: &str,
        request: http::Request<Incoming>,
    ) -> http::Response<BoxBody> {
        match (service, method) {
            ("plugin.GRPCController", "Shutdown") => {
                unary(request, async move |_: plugin::Empty| {
                    self.shutdown.cancel();
                    plugin::Empty {}
                })
                .await
            }
            ("grpc.health.v1.Health", "Check") => {
                let serving = HealthCheckResponse {
                    status: ServingStatus::Serving.into(),
                };
                unary(request, async |_: HealthCheckRequest| serving).await
            }
            ("plugin.GRPCStdio", "StreamStdio") => {
                let service = tower::service_fn(|_: Request<Empty>| {
                    let silence = self.silence::<StdioData>();
                    async { Ok::<_, Status>(Response::new(silence)) }
                });
                Grpc::new(ProstCodec::<StdioData, Empty>::default())
                    .server_streaming(service, request)
                    .await
            }
            ("plugin.GRPCBroker", "StartStream") => {
                let service = tower::service_fn(|_: Request<Streaming<ConnInfo>>| {
                    let silence = self.silence::<ConnInfo>();
                    async { Ok::<_, Status>(Response::new(silence)) }
                });
                Grpc::new(ProstCodec::<ConnInfo, ConnInfo>::default())
                    .streaming(service, request)
                    .await
            }
            _ => Status::unimplemented("no such call").into_http(),
        }
    }

    /// A stream that says nothing and ends with the process.
    fn silence<T>(&self) -> impl futures_util::Stream<Item = Result<T, Status>> + Send + 'static + use<T>
    where
        T: Send + 'static,
    {
        let shutdown = self.shutdown.clone();
        futures_util::stream::once(async move { shutdown.cancelled_owned().await }).filter_map(async |()| None)
    }
}
