//! Asks a backend, outside any call, whether it is ready and what it takes.

use std::{rc::Rc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_TYPE, TE},
    uri::PathAndQuery,
};
use pointsman_inference::{complete_signature, settle_signature, signature_of_metadata};
use pointsman_model::{Backend, GrpcBackend, ModelError, ModelVersion, Signature};
use pointsman_wire::{
    generated::{
        inference::{ModelMetadataRequest, ModelMetadataResponse, ModelReadyResponse},
        pointsman_v1 as proto,
    },
    signature_from_proto,
};
use prost::Message as _;
use tokio::{
    runtime::LocalRuntime,
    time::{Instant, timeout_at},
};
use tonic::Code;

use crate::{
    error::GatewayError,
    services::{frame, request},
    shared::Shared,
    status::{CallError, GRPC_MESSAGE, percent_decode},
    upstream::{Answer, Outgoing, Pool, PoolSettings, exchange, garbage, gather_large},
};

/// Asks a model version's backend and completes what the user said of it.
///
/// # Errors
/// It cannot be reached or loaded, is not ready, or says of its classes what the user's signature contradicts.
pub(crate) fn probe(
    shared: &Shared,
    model: &ModelVersion,
    patience: Duration,
) -> Result<Signature, GatewayError> {
    let failed = |reason: String| GatewayError::Backend(reason);
    let backend =
        model.backend.as_ref().ok_or_else(|| failed("the model version has no backend".to_owned()))?;
    let mut file = None;
    let read = match backend {
        Backend::Onnx(onnx) => {
            let model = shared.publisher.backends.load_onnx(&onnx.path, 1).map_err(failed)?;
            file.insert(model).signature().clone()
        }
        Backend::Grpc(grpc) => {
            let runtime = LocalRuntime::new().map_err(|error| failed(error.to_string()))?;
            let asked = runtime.block_on(ask_server(shared, grpc, Instant::now() + patience));
            asked.map_err(|error| failed(error.message.into_owned()))?
        }
    };
    let completed = complete_signature(&model.signature, &read);
    settle_signature(completed, file.as_ref()).map_err(GatewayError::Signature)
}

/// What a user's `Signature` says of its classes that cannot agree; other faults are found where it is taken over.
///
/// # Errors
/// The bytes are no `Signature`.
pub fn signature_fault(signature: &[u8]) -> Result<Option<ModelError>, GatewayError> {
    let message = proto::Signature::decode(signature)
        .map_err(|error| GatewayError::InvalidRequest(format!("signature: {error}")))?;
    Ok(signature_from_proto(message).ok().and_then(|signature| settle_signature(signature, None).err()))
}

async fn ask_server(shared: &Shared, grpc: &GrpcBackend, deadline: Instant) -> Result<Signature, CallError> {
    let target = shared.publisher.backends.lone_target(&grpc.target);
    let target = target.map_err(|reason| CallError::invalid(format!("backend.grpc.target: {reason}")))?;
    let settings = Rc::new(PoolSettings::from(&shared.config.limits));
    let pool = Pool::start(target, settings, 0);
    let asking = async {
        let ready = ask(shared, &pool, grpc, "ModelReady").await?;
        let ready = ModelReadyResponse::decode(ready).map_err(|error| garbage(&error.to_string()))?;
        if !ready.ready {
            let (name, target) = (&grpc.model_name, &grpc.target);
            return Err(CallError::unavailable(format!(
                "model {name} at {target} is not ready; load it there"
            )));
        }
        match ask(shared, &pool, grpc, "ModelMetadata").await {
            Ok(metadata) => {
                let metadata =
                    ModelMetadataResponse::decode(metadata).map_err(|error| garbage(&error.to_string()))?;
                signature_of_metadata(&metadata).map_err(|error| garbage(&error.to_string()))
            }
            // A server that answers but does not describe its models is still one to forward to.
            Err(error) if error.code == Code::Unimplemented => Ok(Signature::default()),
            Err(error) => Err(error),
        }
    };
    timeout_at(deadline, asking).await.unwrap_or_else(|_| {
        Err(CallError::unavailable(format!(
            "backend {} did not answer in time; check that it runs",
            grpc.target
        )))
    })
}

async fn ask(shared: &Shared, pool: &Pool, grpc: &GrpcBackend, method: &str) -> Result<Bytes, CallError> {
    let message =
        ModelMetadataRequest { name: grpc.model_name.to_string(), version: grpc.model_version.to_string() };
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    let path = PathAndQuery::try_from(format!("/inference.GRPCInferenceService/{method}"))
        .map_err(|error| CallError::new(Code::Internal, error.to_string()))?;
    let mut lease = pool.acquire().await?;
    let request = |authority| request(authority, path.clone(), headers.clone());
    let outgoing = Outgoing::Whole(frame(&message.encode_to_vec())?);
    match exchange(pool, &mut lease, request, outgoing).await? {
        Answer::Whole { message, .. } => Ok(message),
        Answer::Large { start, stream, .. } => {
            let most = shared.config.limits.max_message_bytes;
            gather_large(start, stream, most).await.map(|(message, _)| message)
        }
        Answer::Failed { code, trailers } => {
            let said =
                trailers.get(GRPC_MESSAGE).map_or_else(String::new, |said| percent_decode(said.as_bytes()));
            let (name, target) = (&grpc.model_name, &grpc.target);
            Err(CallError::new(code, format!("model {name} at {target}: {method} failed: {said}")))
        }
    }
}
