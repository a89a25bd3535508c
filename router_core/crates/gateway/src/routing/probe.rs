//! Asks a backend, outside any call, whether it is ready and what it takes.

use std::{path::Path, rc::Rc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_TYPE, TE},
    uri::PathAndQuery,
};
use pointsman_inference::{Described, Itself, OnnxError, describe, signature_of_metadata};
use pointsman_model::{Backend, GrpcBackend, ModelError, Sha256, Signature};
use pointsman_wire::{
    generated::{
        inference::{ModelMetadataRequest, ModelMetadataResponse, ModelReadyResponse},
        pointsman_v1 as proto,
    },
    model_from_proto,
};
use prost::Message as _;
use tokio::{
    runtime::LocalRuntime,
    time::{Instant, timeout_at},
};
use tonic::Code;

use crate::{
    error::GatewayError,
    messages::status::{CallError, GRPC_MESSAGE, percent_decode},
    services::{frame, request},
    shared::Shared,
    upstream::{Answer, Outgoing, Pool, PoolSettings, exchange, garbage, gather_large},
};

/// Asks the backend of a `ModelSnapshot`, completes what the user said of it and checks that. Answers the digest of a
/// file, too.
///
/// # Errors
/// It cannot be reached or loaded, is not ready, or what the user says of it cannot be right.
pub(crate) fn probe(
    shared: &Shared,
    mut model: proto::ModelSnapshot,
    patience: Duration,
) -> Result<(Described, Option<Sha256>), GatewayError> {
    let failed = |reason: String| GatewayError::Backend(reason);
    // It may lack what the backend says.
    let given = model.signature.take().unwrap_or_default();
    let model = model_from_proto(model).map_err(|error| failed(error.to_string()))?;
    let backend = model.backend.ok_or_else(|| failed("the model version has no backend".to_owned()))?;
    let mut file = None;
    let (who, read) = match &backend {
        Backend::Onnx(onnx) => {
            let model = shared.publisher.backends.load_onnx(onnx).map_err(|error| of_file(&error))?;
            let who = format!("file {:?}", model.file_name());
            (who, file.insert(model).signature().clone())
        }
        Backend::Grpc(grpc) => {
            let runtime = LocalRuntime::new().map_err(|error| failed(error.to_string()))?;
            let asked = runtime.block_on(ask_server(shared, grpc, Instant::now() + patience));
            let who = format!("model {:?} at {}", grpc.model_name, grpc.target);
            (who, asked.map_err(|error| of_server(grpc, error))?)
        }
    };
    let itself = Itself { who: &who, signature: &read, file: file.as_ref() };
    let described = describe(given, &itself).map_err(GatewayError::ModelVersion)?;
    Ok((described, file.map(|file| file.identity().sha256())))
}

/// A file that is not the one that is meant is there, and can be read.
fn of_file(error: &OnnxError) -> GatewayError {
    let OnnxError::Other { file, found, expected } = error else {
        return GatewayError::Backend(error.to_string());
    };
    let reason = format!(
        "is {expected}, and file {file:?} has {found}; put the file with this digest in its place, or register a new \
         version of the one that is there"
    );
    GatewayError::ModelVersion(vec![ModelError::new("backend.onnx.sha256", reason)])
}

/// A server that answers that it has no such model is not one that cannot be asked.
fn of_server(grpc: &GrpcBackend, error: CallError) -> GatewayError {
    if error.code != Code::NotFound {
        return GatewayError::Backend(error.message.into_owned());
    }
    let GrpcBackend { target, model_name, model_version } = grpc;
    let (field, named) = if model_version.is_empty() {
        ("backend.grpc.model_name", format!("{model_name:?}"))
    } else {
        ("backend.grpc", format!("{model_name:?} version {model_version:?}"))
    };
    let reason = format!(
        "{named} is not known at {target} ({}); name a model that is there, or load this one first",
        error.message
    );
    GatewayError::ModelVersion(vec![ModelError::new(field, reason)])
}

/// What a user's `Signature` says that cannot be right, whatever its backend; see [`pointsman_inference::signature_faults`].
///
/// # Errors
/// The bytes are no `Signature`.
pub fn signature_faults(signature: &[u8]) -> Result<Vec<ModelError>, GatewayError> {
    let message = proto::Signature::decode(signature)
        .map_err(|error| GatewayError::InvalidRequest(format!("signature: {error}")))?;
    Ok(pointsman_inference::signature_faults(message))
}

/// What an ONNX file calls its data files; see [`pointsman_inference::data_file_names`].
///
/// # Errors
/// The file cannot be read, or is no model; the caller knows the file's name, so that the reason does not say it.
pub fn data_file_names(path: &Path) -> Result<Vec<String>, GatewayError> {
    pointsman_inference::data_file_names(path).map_err(|error| match error {
        OnnxError::File { reason, .. } => GatewayError::Backend(reason),
        other => GatewayError::Backend(other.to_string()),
    })
}

async fn ask_server(shared: &Shared, grpc: &GrpcBackend, deadline: Instant) -> Result<Signature, CallError> {
    let target = shared.publisher.backends.lone_target(&grpc.target);
    let target = target.map_err(|reason| CallError::invalid(format!("backend.grpc.target: {reason}")))?;
    let settings = Rc::new(PoolSettings::from(&shared.config.limits));
    let pool = Pool::start(target, settings, 0);
    let asking = async {
        if let Err(error) = ask_ready(shared, &pool, grpc).await {
            // Some servers say of a model that they do not know at all only that it is not ready, or that they failed.
            return match ask(shared, &pool, grpc, "ModelMetadata").await {
                Err(unknown) if unknown.code == Code::NotFound => Err(unknown),
                _ => Err(error),
            };
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

async fn ask_ready(shared: &Shared, pool: &Pool, grpc: &GrpcBackend) -> Result<(), CallError> {
    let ready = ask(shared, pool, grpc, "ModelReady").await?;
    let ready = ModelReadyResponse::decode(ready).map_err(|error| garbage(&error.to_string()))?;
    if ready.ready {
        return Ok(());
    }
    let (name, target) = (&grpc.model_name, &grpc.target);
    Err(CallError::unavailable(format!("model {name} at {target} is not ready; load it there")))
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
