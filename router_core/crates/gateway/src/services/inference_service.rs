//! The inference service besides ModelInfer: liveness, readiness and what a router's model says of itself.

use std::sync::Arc;

use bytes::BytesMut;
use http::{HeaderMap, uri::PathAndQuery};
use pointsman_model::{Id, Router, RouterStatus, Scope, TensorSpec, VariantRole};
use pointsman_wire::{
    generated::inference::{
        ModelMetadataRequest, ModelMetadataResponse, ModelReadyRequest, ModelReadyResponse,
        ServerLiveResponse, ServerMetadataResponse, ServerReadyResponse,
        model_metadata_response::TensorMetadata,
    },
    scan_response_head, splice_response_model_name,
};
use prost::Message as _;
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use super::{
    call::Call,
    decision::{not_running, unknown_version},
    forward::{ask, frame},
    paths::INFERENCE_SERVICE,
};
use crate::{
    listener::client::Client,
    messages::{
        allowance::Allowance,
        status::{CallError, GRPC_STATUS, code_value},
    },
    replies::reply::Reply,
    routing::{
        backends::{Backend, GrpcModel},
        routes::{Route, Target},
    },
    shared::Phase,
    upstream::{Answer, Outgoing, garbage, gather_large},
};

/// Answers a call to the inference service that is not ModelInfer.
pub(crate) async fn answer(call: Call, client: &Client) -> Result<Reply, CallError> {
    let mut call = call.within(Allowance::Question);
    let deadline = call.deadline(None);
    let path = call.path.clone();
    let answering = async {
        let method = path.path().strip_prefix(INFERENCE_SERVICE).unwrap_or_default();
        match method {
            "ServerLive" => unary(&ServerLiveResponse { live: true }),
            "ServerReady" => {
                let ready = *call.worker.shared.phase.borrow() == Phase::Serving;
                unary(&ServerReadyResponse { ready })
            }
            "ServerMetadata" => unary(&ServerMetadataResponse {
                name: "pointsman".to_owned(),
                version: call.worker.shared.config.server_version.clone(),
                extensions: Vec::new(),
            }),
            "ModelReady" => model_ready(&mut call, client, deadline).await,
            "ModelMetadata" => model_metadata(&mut call, client, deadline).await,
            "ModelConfig" | "ModelStatistics" => relay(&mut call, client, deadline).await,
            _ => Err(CallError::new(
                Code::Unimplemented,
                format!("{method} is not served; this server answers ModelInfer and what asks about models"),
            )),
        }
    };
    timeout_at(deadline, answering).await.unwrap_or_else(|_| Err(CallError::deadline()))
}

fn unary(message: &impl prost::Message) -> Result<Reply, CallError> {
    reply(&message.encode_to_vec())
}

fn reply(message: &[u8]) -> Result<Reply, CallError> {
    let message = frame(message)?;
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(GRPC_STATUS, code_value(Code::Ok));
    Ok(Reply::Unary { headers: HeaderMap::with_capacity(1), message, trailers })
}

/// A name and a version: the request of every method here that is about a model.
struct Named {
    route: Arc<Route>,
    version: String,
}

async fn read_named(call: &mut Call, client: &Client) -> Result<Named, CallError> {
    let principal = call.principal(client, Scope::Predict)?;
    let deadline = call.deadline(None);
    let message = call.read_message(deadline).await?;
    // All these requests have the same two fields.
    let request = ModelReadyRequest::decode(message.bytes)
        .map_err(|error| CallError::invalid(format!("message: {error}")))?;
    if request.name.is_empty() {
        return Err(CallError::new(Code::NotFound, "name: is empty; send a router_id"));
    }
    let route = call.route(&request.name, &principal)?;
    Ok(Named { route, version: request.version })
}

/// The targets that a name and version mean, the one that speaks for all first.
fn targets(named: &Named) -> Result<Vec<&Target>, CallError> {
    let route = &named.route;
    let Some(router) = &route.router else { return Ok(route.targets.iter().collect()) };
    if !named.version.is_empty() && router.settings.version_pinning == pointsman_model::VersionPinning::Allow
    {
        let index = router.pinned(&named.version).ok_or_else(|| unknown_version(router, &named.version))?;
        return Ok(route.targets.get(usize::from(index)).into_iter().collect());
    }
    let mut enabled: Vec<(bool, f64, &Target)> = router
        .variants
        .iter()
        .zip(&route.targets)
        .filter(|(variant, _)| variant.takes_calls())
        .map(|(variant, target)| (variant.role == VariantRole::Control, variant.weight, target))
        .collect();
    // The control first, then by weight.
    enabled.sort_by(|(a_leads, a, _), (b_leads, b, _)| b_leads.cmp(a_leads).then(b.total_cmp(a)));
    Ok(enabled.into_iter().map(|(_, _, target)| target).collect())
}

/// Ready means that a call can be answered: the router runs and at least one variant's backend is ready.
///
/// A name or version that is not there is not ready, as at Triton: clients wait in a loop for what is deployed
/// later, and an error would end it.
async fn model_ready(call: &mut Call, client: &Client, deadline: Instant) -> Result<Reply, CallError> {
    let ready = match read_named(call, client).await {
        Ok(named) => any_is_ready(call, &named, deadline).await,
        Err(error) => Err(error),
    };
    let ready = ready.or_else(|error| if error.code == Code::NotFound { Ok(false) } else { Err(error) })?;
    unary(&ModelReadyResponse { ready })
}

async fn any_is_ready(call: &mut Call, named: &Named, deadline: Instant) -> Result<bool, CallError> {
    let is_running = |router: &Arc<Router>| router.settings.status == RouterStatus::Running;
    if !named.route.router.as_ref().is_none_or(is_running) {
        return Ok(false);
    }
    for target in targets(named)? {
        let ready = match &target.backend {
            Backend::Onnx(onnx) => onnx.model.is_ok(),
            Backend::Grpc(model) => is_ready(call, model, deadline).await,
        };
        if ready {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn is_ready(call: &mut Call, model: &GrpcModel, deadline: Instant) -> bool {
    let asked = ask_about(call, model, "ModelReady", deadline).await;
    asked
        .ok()
        .and_then(|answer| ModelReadyResponse::decode(&answer[..]).ok())
        .is_some_and(|answer| answer.ready)
}

async fn model_metadata(call: &mut Call, client: &Client, deadline: Instant) -> Result<Reply, CallError> {
    let named = read_named(call, client).await?;
    let target = speaker(&named)?;
    match &target.backend {
        Backend::Grpc(model) => {
            let answer = ask_about(call, model, "ModelMetadata", deadline).await;
            let answer = answer.map_err(|error| error.of_variant(target.name.as_str()))?;
            reply(&renamed(&answer, &named.route.id)?)
        }
        Backend::Onnx(_) => {
            let signature = &target.model.signature;
            unary(&ModelMetadataResponse {
                name: named.route.id.to_string(),
                versions: vec![target.model.key.version.to_string()],
                platform: "onnxruntime_onnx".to_owned(),
                inputs: signature.inputs.iter().map(tensor_metadata).collect(),
                outputs: signature.outputs.iter().map(tensor_metadata).collect(),
            })
        }
    }
}

fn tensor_metadata(spec: &TensorSpec) -> TensorMetadata {
    TensorMetadata {
        name: spec.name.to_string(),
        datatype: spec.datatype.as_str().to_owned(),
        shape: spec.shape.to_vec(),
    }
}

/// Passes ModelConfig and ModelStatistics to a backend that has them.
async fn relay(call: &mut Call, client: &Client, deadline: Instant) -> Result<Reply, CallError> {
    let method = call.path.path().strip_prefix(INFERENCE_SERVICE).unwrap_or_default().to_owned();
    let named = read_named(call, client).await?;
    let target = speaker(&named)?;
    match &target.backend {
        Backend::Grpc(model) => {
            let answer = ask_about(call, model, &method, deadline).await;
            reply(&answer.map_err(|error| error.of_variant(target.name.as_str()))?)
        }
        Backend::Onnx(_) => Err(CallError::new(
            Code::Unimplemented,
            format!(
                "variant {}: a model in this process has no {method}; GetRouterMetrics has figures",
                target.name
            ),
        )),
    }
}

fn speaker(named: &Named) -> Result<&Target, CallError> {
    if let Some(router) =
        named.route.router.as_ref().filter(|router| router.settings.status != RouterStatus::Running)
    {
        return Err(not_running(router));
    }
    let none = || CallError::new(Code::FailedPrecondition, "the router has no enabled variant");
    targets(named)?.first().copied().ok_or_else(none)
}

/// Asks a backend about its model and answers the message as it came.
async fn ask_about(
    call: &mut Call,
    model: &GrpcModel,
    method: &str,
    deadline: Instant,
) -> Result<Vec<u8>, CallError> {
    let request =
        ModelMetadataRequest { name: model.model_name.to_string(), version: model.model_version.to_string() };
    let outgoing = Outgoing::Whole(frame(&request.encode_to_vec())?);
    let headers = call.headers.clone();
    let backend_headers = call.backend_headers(&model.target.target, deadline);
    call.headers = headers;
    let path = PathAndQuery::try_from(format!("{INFERENCE_SERVICE}{method}"))
        .map_err(|error| CallError::new(Code::Internal, error.to_string()))?;
    match ask(&call.worker, model, path, backend_headers, outgoing, deadline, None).await? {
        Answer::Whole { message, .. } => Ok(message.to_vec()),
        Answer::Large { start, stream, .. } => {
            let most = call.worker.shared.config.limits.max_message_bytes;
            let _reservation =
                call.worker.shared.budgets.whole.reserve((start.prefix.length as usize).min(most))?;
            Ok(gather_large(start, stream, most).await?.0.to_vec())
        }
        Answer::Failed { code, trailers } => {
            let said = trailers.get(crate::messages::status::GRPC_MESSAGE).map_or_else(
                || format!("the backend does not answer {method}"),
                |value| crate::messages::status::percent_decode(value.as_bytes()),
            );
            Err(CallError::new(code, said))
        }
    }
}

/// A metadata answer under the router's name.
fn renamed(message: &[u8], name: &Id) -> Result<BytesMut, CallError> {
    let scan = scan_response_head(message, message.len())
        .map_err(|error| garbage(&error.to_string()))?
        .ok_or_else(|| garbage("its head is cut"))?;
    let mut renamed = BytesMut::new();
    splice_response_model_name(message, &scan, name.as_str(), &mut renamed);
    renamed.extend_from_slice(message.get(scan.length..).unwrap_or_default());
    Ok(renamed)
}
