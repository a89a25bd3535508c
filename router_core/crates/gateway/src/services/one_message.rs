//! What a model answers to the tensors of a message, whoever asks.

use bytes::Bytes;
use pointsman_inference::oip;
use pointsman_model::ModelKey;
use pointsman_wire::generated::inference::ModelInferRequest;
use prost::Message as _;
use tokio::time::Instant;

use super::{
    answering::Failure,
    forward::of_oip,
    tensors::{self, Asker, Outputs, Question},
};
use crate::{messages::status::CallError, routing::backends::Backend};

/// Asks a model with the tensors of a `ModelInferRequest` and answers with a `ModelInferResponse`.
///
/// # Arguments
/// * `key` - Whose name and version the answer bears.
pub(super) async fn answer_of(
    asker: Asker<'_>,
    message: Bytes,
    backend: &Backend,
    key: &ModelKey,
    deadline: Instant,
) -> Result<Bytes, Failure> {
    let request = ModelInferRequest::decode(message)
        .map_err(|error| CallError::invalid(format!("message: {error}")))?;
    let request = oip::decode_request(request).map_err(|error| of_oip(&error))?;
    let question = Question { inputs: request.inputs, outputs: Outputs::Named(request.requested), deadline };
    let outputs = tensors::run(asker, backend, question).await?.outputs;
    let (model_id, version) = (key.model_id.as_str(), key.version.as_str());
    let response = oip::encode_response(model_id, version, &request.id, &outputs, request.is_raw);
    Ok(response.map_err(|error| of_oip(&error))?.encode_to_vec().into())
}
