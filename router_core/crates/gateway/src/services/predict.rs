//! Predict: features become the model's tensors, its tensors become a prediction.

use bytes::Bytes;
use pointsman_inference::Answer as Prediction;
use pointsman_model::Scope;
use pointsman_wire::{
    MAX_ENTITY_ID_BYTES,
    generated::pointsman_v1::{BodyKind, PredictRequest, PredictResponse},
};
use prost::Message as _;
use tokio::time::Instant;
use tonic::Code;

use super::{
    answering::{Answering, Conclusion, Failure, conclude, fail},
    attributes::Features,
    call::Call,
    decision::{Asked, decide_call},
    forward::frame,
    one_row::{answer_of, inputs_of, of_features},
    tensors::Asker,
};
use crate::{
    listener::client::Client,
    messages::status::CallError,
    recording::{
        observation::Observation,
        records::{duration_proto, reason_proto},
    },
    replies::reply::Reply,
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
        features: Features::Row(&request.features),
    };
    let decided = decide_call(&mut call, &principal, &asked).await?;
    let (deadline, mut observation) = (decided.deadline, decided.observation);
    observation.begin_copies(&call.headers);
    observation.keep_for_copies(BodyKind::Predict, &recorded);
    observation.record_request(BodyKind::Predict, recorded);
    if let Some(error) = decided.nobody {
        return Ok(fail(error, observation));
    }
    let answered = predicted(&mut call, &request, deadline, &mut observation).await;
    let answered = answered.and_then(|prediction| encode_answer(request, prediction, &observation));
    Ok(conclude(answered.map(Answering::Predict).map(Conclusion::new), observation))
}

async fn predicted(
    call: &mut Call,
    request: &PredictRequest,
    deadline: Instant,
    observation: &mut Observation,
) -> Result<Prediction, Failure> {
    let Some(target) = observation.target().cloned() else {
        return Err(CallError::new(Code::Internal, "the decision names no variant").into());
    };
    let signature = &target.model.signature;
    let others = observation.targets().iter().map(|target| &target.model.signature);
    let inputs = inputs_of(signature, others, &request.features, |name| observation.looks_at(name));
    let inputs = inputs.map_err(of_features)?;
    let Call { worker, headers, .. } = call;
    let asker = Asker { worker, headers, time: &mut observation.backend_time };
    answer_of(asker, signature, &target.backend, inputs, deadline).await
}

/// The answer's message, with its prefix.
fn encode_answer(
    request: PredictRequest,
    prediction: Prediction,
    observation: &Observation,
) -> Result<Bytes, Failure> {
    let Some(target) = observation.target() else {
        return Err(CallError::new(Code::Internal, "the decision names no variant").into());
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
        decided_variant: observation
            .decided_target()
            .map(|target| target.name.to_string())
            .unwrap_or_default(),
        notes: prediction.notes.words().map(str::to_owned).collect(),
        rule: observation.rule().to_owned(),
    };
    Ok(frame(&response.encode_to_vec())?)
}
