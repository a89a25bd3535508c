//! Health and reflection: ordinary tonic services behind the same listener.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Version, uri::PathAndQuery};
use http_body::Frame;
use pointsman_wire::generated::FILE_DESCRIPTOR_SET;
use tokio::sync::mpsc;
use tonic::body::Body;
use tonic_health::{ServingStatus, server::HealthReporter};
use tower_service::Service;

use crate::error::GatewayError;

/// Every service that answers on the public port, whoever answers it; the empty name is the server itself.
const SERVICES: [&str; 8] = [
    "",
    "inference.GRPCInferenceService",
    "pointsman.v1.ApiKeyService",
    "pointsman.v1.DefinitionService",
    "pointsman.v1.DriftService",
    "pointsman.v1.ModelService",
    "pointsman.v1.PredictionService",
    "pointsman.v1.RouterService",
];

type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;
type Answer = Box<dyn Fn(Request<Body>) -> Answering + Send + Sync>;

/// The services.
pub(crate) struct TonicServices {
    reporter: HealthReporter,
    /// By the start of the path.
    services: Vec<(&'static str, Answer)>,
}

impl TonicServices {
    pub(crate) fn new() -> Result<Self, GatewayError> {
        let failed =
            |error: tonic_reflection::server::Error| GatewayError::config("reflection", error.to_string());
        let (reporter, health) = tonic_health::server::health_reporter();
        let builder = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let services = vec![
            ("/grpc.health.v1.Health/", erase(health)),
            ("/grpc.reflection.v1.ServerReflection/", erase(builder().build_v1().map_err(failed)?)),
            ("/grpc.reflection.v1alpha.ServerReflection/", erase(builder().build_v1alpha().map_err(failed)?)),
        ];
        Ok(Self { reporter, services })
    }

    /// Says of every service whether it serves.
    pub(crate) async fn set_serving(&self, is_serving: bool) {
        let status = if is_serving { ServingStatus::Serving } else { ServingStatus::NotServing };
        for service in SERVICES {
            self.reporter.set_service_status(service, status).await;
        }
    }

    /// Whether a path is one of these services'.
    pub(crate) fn serves(&self, path: &str) -> bool {
        self.services.iter().any(|(prefix, _)| path.starts_with(prefix))
    }

    /// Answers a call to one of the services, of which each message is here whole before it is passed on;
    /// none when the path is nobody's here.
    pub(crate) async fn answer(
        &self,
        path: PathAndQuery,
        headers: HeaderMap,
        messages: mpsc::Receiver<Bytes>,
    ) -> Option<Response<Body>> {
        let (_, answer) = self.services.iter().find(|(prefix, _)| path.path().starts_with(prefix))?;
        let mut request = Request::new(Body::new(Messages(messages)));
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = path.into();
        *request.headers_mut() = headers;
        Some(answer(request).await)
    }
}

/// Hides a service's type.
fn erase<S>(service: S) -> Answer
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    Box::new(move |request| {
        let mut service = service.clone();
        Box::pin(async move {
            match service.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        })
    })
}

/// A client's messages, whole and with their prefixes, as the body that tonic reads.
struct Messages(mpsc::Receiver<Bytes>);

impl http_body::Body for Messages {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|message| message.map(|message| Ok(Frame::data(message))))
    }
}
