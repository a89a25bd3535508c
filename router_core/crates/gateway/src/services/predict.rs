//! Predict: features become the model's tensors, its tensors become a prediction.

use http::{HeaderMap, uri::PathAndQuery};
use pointsman_inference::{
    Answer as Prediction, FeatureError, Tensor, features::AnswerNote, fill_inputs, oip, read_outputs,
};
use pointsman_model::{Scope, Signature};
use pointsman_wire::{
    MAX_ENTITY_ID_BYTES, PREFIX_BYTES,
    generated::{
        inference::ModelInferResponse,
        pointsman_v1::{BodyKind, PredictRequest, PredictResponse},
    },
};
use prost::Message as _;
use tokio::time::{Instant, timeout_at};
use tonic::Code;

use super::{
    answering::{fail, relay_failure, succeed},
    call::Call,
    decision::{Asked, decide_call},
    forward::{ask, frame, of_oip, run_onnx},
    paths::MODEL_INFER,
};
use crate::{
    backends::{Backend, GrpcModel},
    client::Client,
    observation::Observation,
    records::{duration_proto, reason_proto},
    reply::Reply,
    status::CallError,
    upstream::{Answer, Outgoing, garbage, gather_large},
};

/// Answers a Predict call.
pub(crate) async fn predict(mut call: Call, client: &Client) -> Result<Reply, CallError> {
    let principal = call.principal(client, Scope::Predict)?;
    let deadline = call.deadline(None);
    let message = call.read_message(deadline).await?;
    let recorded = message.bytes.clone();
    let request = PredictRequest::decode(message.bytes)
        .map_err(|error| CallError::invalid(format!("message: {error}")))?;
    if request.router_id.is_empty() {
        return Err(CallError::invalid("router_id: is empty; name the router to ask"));
    }
    if request.entity_id.len() > MAX_ENTITY_ID_BYTES {
        return Err(CallError::invalid(format!(
            "entity_id: at most {MAX_ENTITY_ID_BYTES} bytes are allowed"
        )));
    }
    let asked = Asked {
        name: &request.router_id,
        version: &request.variant,
        field_entity_id: Some(request.entity_id.as_str()).filter(|text| !text.is_empty()),
        parameter_entity_id: None,
        row_limit: 1,
    };
    let decided = decide_call(&mut call, &principal, &asked)?;
    let (deadline, mut observation) = (decided.deadline, decided.observation);
    observation.record_request(BodyKind::Predict, recorded);
    match predicted(&mut call, &request, deadline, &mut observation).await {
        Ok(prediction) => reply(request, prediction, observation),
        Err(Unanswered::Ours(error)) => Ok(fail(error, observation)),
        Err(Unanswered::Backends { code, trailers }) => Ok(relay_failure(code, trailers, observation)),
    }
}

/// Why there is no prediction.
enum Unanswered {
    Ours(CallError),
    Backends { code: Code, trailers: HeaderMap },
}

impl From<CallError> for Unanswered {
    fn from(error: CallError) -> Self {
        Self::Ours(error)
    }
}

async fn predicted(
    call: &mut Call,
    request: &PredictRequest,
    deadline: Instant,
    observation: &mut Observation,
) -> Result<Prediction, Unanswered> {
    let Some(target) = observation.target().cloned() else {
        return Err(CallError::new(Code::Internal, "the decision names no variant").into());
    };
    let signature = &target.model.signature;
    let inputs = fill_inputs(signature, &request.features).map_err(|error| of_features(&error))?;
    let mut is_others = false;
    let outputs = match &target.backend {
        Backend::Grpc(model) => {
            let response = ask_server(call, model, signature, &inputs, deadline, observation).await?;
            is_others = !response.model_name.is_empty() && *response.model_name != *model.model_name;
            oip::decode_response(response).map_err(|error| of_oip(&error))?
        }
        Backend::Onnx(onnx) => {
            run_onnx(&call.worker, onnx, inputs, Vec::new(), deadline, observation).await?
        }
    };
    let mut prediction = read_outputs(signature, &outputs).map_err(|error| of_features(&error))?;
    if is_others {
        prediction.notes.insert(AnswerNote::OtherModel);
    }
    Ok(prediction)
}

async fn ask_server(
    call: &mut Call,
    model: &GrpcModel,
    signature: &Signature,
    inputs: &[Tensor],
    deadline: Instant,
    observation: &mut Observation,
) -> Result<ModelInferResponse, Unanswered> {
    // What the signature names is asked for: some servers answer other outputs only then.
    let requested: Vec<&str> = signature.outputs.iter().map(|output| &*output.name).collect();
    let message = oip::encode_request(&model.model_name, &model.model_version, "", inputs, &requested);
    let outgoing = Outgoing::Whole(frame(&message.encode_to_vec())?);
    let headers = call.backend_headers(&model.target.target, deadline);
    let path = PathAndQuery::from_static(MODEL_INFER);
    let answer = ask(&call.worker, model, path, headers, outgoing, deadline, Some(observation)).await?;
    let response = match answer {
        Answer::Failed { code, trailers } => return Err(Unanswered::Backends { code, trailers }),
        Answer::Whole { message, .. } => message,
        Answer::Large { start, stream, .. } => {
            let most = call.worker.shared.config.limits.max_message_bytes;
            let _reservation =
                call.worker.shared.budgets.whole.reserve((start.prefix.length as usize).min(most))?;
            let gathering = gather_large(start, stream, most);
            let gathered = timeout_at(deadline, gathering).await.map_err(|_| CallError::deadline())?;
            observation.backend_answered();
            gathered?.0
        }
    };
    Ok(ModelInferResponse::decode(response).map_err(|error| garbage(&error.to_string()))?)
}

fn reply(
    request: PredictRequest,
    prediction: Prediction,
    mut observation: Observation,
) -> Result<Reply, CallError> {
    let Some(target) = observation.target() else {
        return Err(CallError::new(Code::Internal, "the decision names no variant"));
    };
    let response = PredictResponse {
        prediction_id: observation.prediction_id.clone(),
        router_id: request.router_id,
        variant: target.name.to_string(),
        model_id: target.model.key.model_id.to_string(),
        model_version: target.model.key.version.to_string(),
        prediction: Some(prediction.prediction),
        probabilities: prediction.probabilities,
        outputs: prediction.outputs.into_iter().collect(),
        propensity: observation.decision.propensity,
        reason: reason_proto(observation.decision.reason).into(),
        generation: observation.generation(),
        latency: Some(duration_proto(observation.started().elapsed())),
        notes: prediction.notes.words().map(str::to_owned).collect(),
    };
    let message = match frame(&response.encode_to_vec()) {
        Ok(message) => message,
        Err(error) => return Ok(fail(error, observation)),
    };
    observation.record_response(BodyKind::Predict, message.slice(PREFIX_BYTES..));
    Ok(succeed(message, observation))
}

/// A feature is the caller's to mend; a signature that does not fit its model is an operator's.
fn of_features(error: &FeatureError) -> CallError {
    let code = if error.is_callers_fault() { Code::InvalidArgument } else { Code::FailedPrecondition };
    CallError::new(code, error.to_string())
}
