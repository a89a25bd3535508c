//! Asking a shadow what its call asked: the same request, with its backend's names or by its signature.

use bytes::{BufMut, Bytes, BytesMut};
use h2::RecvStream;
use http::uri::PathAndQuery;
use pointsman_inference::Answer as Prediction;
use pointsman_wire::{
    PREFIX_BYTES,
    generated::pointsman_v1::{BodyKind, DecisionReason, PredictRequest, PredictResponse},
    scan_head, scan_whole, splice_head, spliced_message_length,
};
use prost::Message as _;
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use super::CopiedCall;
use crate::{
    messages::{
        message::{self, MessageStart},
        status::{CallError, GRPC_STATUS, parse_code},
    },
    recording::{backend_time::BackendTime, records::duration_proto},
    routing::{
        backends::{Backend, GrpcModel},
        routes::Target,
    },
    services::{
        answering::Failure, forward, metadata::backend_headers, one_message, one_row, paths::MODEL_INFER,
        tensors::Asker,
    },
    upstream::{Answer, Outgoing, broken, garbage, gather_large},
};

/// What a shadow answered, as it is recorded.
pub(super) struct Answered {
    pub(super) kind: BodyKind,
    pub(super) response: Bytes,
}

impl Answered {
    /// No answer.
    pub(super) const fn none() -> Self {
        Self { kind: BodyKind::Unspecified, response: Bytes::new() }
    }
}

/// Asks a shadow and waits for its answer, as long as its router's calls have.
pub(super) async fn ask(
    call: &CopiedCall,
    target: &Target,
    time: &mut BackendTime,
) -> Result<Answered, Failure> {
    let timeout = call.route.router.as_ref().and_then(|router| router.settings.default_timeout);
    let deadline = Instant::now() + call.worker.shared.config.limits.timeout(timeout);
    match (&call.copies.message, target.for_copies()) {
        (Some((BodyKind::Predict, message)), _) => predict(call, target, message, deadline, time).await,
        (Some((_, message)), Backend::Grpc(model)) => infer(call, model, message, deadline, time).await,
        (Some((_, message)), backend @ Backend::Onnx(_)) => {
            let mut headers = call.copies.headers.clone();
            let asker = Asker { worker: &call.worker, headers: &mut headers, time };
            let key = &target.model.key;
            let response = one_message::answer_of(asker, message.clone(), backend, key, deadline).await?;
            Ok(Answered { kind: BodyKind::Infer, response })
        }
        (None, _) => Err(CallError::new(Code::Internal, "the request was not kept").into()),
    }
}

/// Passes a message on to a server as calls do.
async fn infer(
    call: &CopiedCall,
    model: &GrpcModel,
    message: &Bytes,
    deadline: Instant,
    time: &mut BackendTime,
) -> Result<Answered, Failure> {
    let worker = &call.worker;
    let headers = backend_headers(worker, call.copies.headers.clone(), &model.target.target, deadline);
    let outgoing = Outgoing::Whole(renamed(message, model)?);
    let path = PathAndQuery::from_static(MODEL_INFER);
    let answer = forward::ask(worker, model, path, headers, outgoing, deadline, Some(&mut *time)).await?;
    match answer {
        Answer::Failed { code, trailers } => Err(Failure::Backends { code, trailers }),
        Answer::Whole { message, .. } => Ok(Answered { kind: BodyKind::Infer, response: message }),
        Answer::Large { start, stream, place, .. } => {
            let taking = take_large(call, start, stream);
            let taken = timeout_at(deadline, taking).await.unwrap_or_else(|_| Err(CallError::deadline()));
            time.answered();
            drop(place);
            Ok(taken?)
        }
    }
}

/// The message with the names of another backend, and its prefix; all other bytes stay as they are.
fn renamed(message: &Bytes, model: &GrpcModel) -> Result<Bytes, CallError> {
    let of_wire = |error: pointsman_wire::WireError| CallError::invalid(error.to_string());
    let head = scan_head(message, message.len()).map_err(of_wire)?;
    let scan = match head.filter(|scan| scan.model_name.is_some()) {
        Some(scan) => scan,
        None => scan_whole(message).map_err(of_wire)?,
    };
    let (name, version) = (&*model.model_name, &*model.model_version);
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let length = spliced_message_length(length, &scan, name, version).map_err(of_wire)? as usize;
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + length);
    framed.put_slice(&forward::prefix(length)?);
    splice_head(message, &scan, name, version, &mut framed);
    framed.put_slice(message.get(scan.length..).unwrap_or_default());
    Ok(framed.freeze())
}

/// Takes a large answer: into memory if it is recorded and there is room, else by the way.
async fn take_large(
    call: &CopiedCall,
    start: MessageStart,
    stream: RecvStream,
) -> Result<Answered, CallError> {
    let length = start.prefix.length as usize;
    let most = call.record.as_ref().and_then(|record| record.max_body_bytes()).unwrap_or(0);
    let held = if length <= most { call.worker.reserve(length).ok() } else { None };
    if held.is_none() {
        pass_over(length, start, stream).await?;
        return Ok(Answered { kind: BodyKind::Cut, response: Bytes::new() });
    }
    let (response, _) = gather_large(start, stream, length).await?;
    Ok(Answered { kind: BodyKind::Infer, response })
}

/// Reads an answer to its end, which says whether it went well.
async fn pass_over(length: usize, start: MessageStart, mut stream: RecvStream) -> Result<(), CallError> {
    let mut seen = start.bytes.len();
    drop(start);
    while let Some(data) = message::next_data(&mut stream).await.map_err(|error| broken(&error))? {
        seen += data.len();
    }
    let trailers = message::trailers(&mut stream).await.map_err(|error| broken(&error))?;
    match trailers.unwrap_or_default().get(GRPC_STATUS).map(parse_code) {
        Some(Code::Ok) if seen == length => Ok(()),
        Some(Code::Ok) | None => Err(garbage("it ended inside the message")),
        Some(code) => Err(CallError::new(code, "the backend failed after its message")),
    }
}

/// Makes tensors of the features by the shadow's signature, as a call that it answered would.
async fn predict(
    call: &CopiedCall,
    target: &Target,
    message: &Bytes,
    deadline: Instant,
    time: &mut BackendTime,
) -> Result<Answered, Failure> {
    let request = PredictRequest::decode(message.clone())
        .map_err(|error| CallError::invalid(format!("message: {error}")))?;
    let signature = &target.model.signature;
    let others = call.route.targets.iter().map(|target| &target.model.signature);
    let router = call.route.router.as_ref();
    let is_for_rules = |name: &str| router.is_some_and(|router| router.policy.reads_feature(name));
    let inputs = one_row::inputs_of(signature, others, &request.features, is_for_rules);
    let inputs = inputs.map_err(one_row::of_features)?;
    let mut headers = call.copies.headers.clone();
    let asker = Asker { worker: &call.worker, headers: &mut headers, time };
    let prediction = one_row::answer_of(asker, signature, target.for_copies(), inputs, deadline).await?;
    if call.record.is_none() {
        return Ok(Answered::none());
    }
    let response = response(call, target, prediction, time).encode_to_vec().into();
    Ok(Answered { kind: BodyKind::Predict, response })
}

/// What a caller of the shadow would be told.
fn response(
    call: &CopiedCall,
    target: &Target,
    prediction: Prediction,
    time: &BackendTime,
) -> PredictResponse {
    PredictResponse {
        prediction_id: call.prediction_id.clone(),
        router_id: call.route.id.to_string(),
        variant: target.name.to_string(),
        model_id: target.model.key.model_id.to_string(),
        model_version: target.model.key.version.to_string(),
        prediction: Some(prediction.prediction),
        probabilities: prediction.probabilities,
        outputs: prediction.outputs.into_iter().collect(),
        propensity: call.copies.share,
        reason: DecisionReason::Shadow.into(),
        generation: call.generation,
        latency: time.elapsed().map(duration_proto),
        notes: prediction.notes.words().map(str::to_owned).collect(),
        ..PredictResponse::default()
    }
}
