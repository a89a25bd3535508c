//! `ModelInferRequest`.

use std::{collections::BTreeMap, sync::Arc};

use pointsman_model::Datatype;
use pointsman_wire::generated::inference::{
    InferParameter, ModelInferRequest,
    model_infer_request::{InferInputTensor, InferRequestedOutputTensor},
};

use super::{
    OipError,
    contents::{is_filled, raw_of},
};
use crate::Tensor;

/// A request, read for a model in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InferRequest {
    /// The caller's id for it; echoed in the response.
    pub id: String,
    /// The input tensors.
    pub inputs: Vec<Tensor>,
    /// The outputs asked for; empty means all.
    pub requested: Vec<String>,
    /// Whether the inputs came raw; then the outputs go raw.
    pub is_raw: bool,
}

/// Makes the request that asks a model for outputs, with raw contents.
#[must_use]
pub fn encode_request(
    model_name: &str,
    model_version: &str,
    id: &str,
    inputs: &[Tensor],
    requested: &[impl AsRef<str>],
) -> ModelInferRequest {
    ModelInferRequest {
        model_name: model_name.to_owned(),
        model_version: model_version.to_owned(),
        id: id.to_owned(),
        parameters: BTreeMap::new(),
        inputs: inputs
            .iter()
            .map(|tensor| InferInputTensor {
                name: tensor.name.to_string(),
                datatype: tensor.datatype.as_str().to_owned(),
                shape: tensor.shape.clone(),
                ..InferInputTensor::default()
            })
            .collect(),
        outputs: requested
            .iter()
            .map(|name| InferRequestedOutputTensor {
                name: name.as_ref().to_owned(),
                parameters: BTreeMap::new(),
            })
            .collect(),
        raw_input_contents: inputs.iter().map(|tensor| tensor.raw.clone()).collect(),
    }
}

/// Reads a request whose tensors are either all raw or all typed.
///
/// # Errors
/// A tensor's contents are missing, of the wrong list or do not fit its shape; raw and typed contents are mixed; or
/// the request asks for what only a server of its own can do (shared memory, classification).
pub fn decode_request(message: ModelInferRequest) -> Result<InferRequest, OipError> {
    for (index, output) in message.outputs.iter().enumerate() {
        refuse_parameters(|| format!("outputs[{index}] {:?}", output.name), &output.parameters)?;
    }
    let place = |index: usize, name: &str| format!("inputs[{index}] {name:?}");
    for (index, input) in message.inputs.iter().enumerate() {
        refuse_parameters(|| place(index, &input.name), &input.parameters)?;
    }
    let is_raw = !message.raw_input_contents.is_empty();
    if is_raw && message.raw_input_contents.len() != message.inputs.len() {
        return Err(OipError::Request {
            place: "raw_input_contents".to_owned(),
            reason: format!(
                "{} entries for {} inputs; send one for each input, in their order",
                message.raw_input_contents.len(),
                message.inputs.len()
            ),
        });
    }
    let mut raw_contents = message.raw_input_contents.into_iter();
    let inputs = message
        .inputs
        .into_iter()
        .enumerate()
        .map(|(index, input)| {
            let raw = raw_contents.next();
            let name = input.name.clone();
            decode_input(input, raw)
                .map_err(|reason| OipError::Request { place: place(index, &name), reason })
        })
        .collect::<Result<_, _>>()?;
    let requested = message.outputs.into_iter().map(|output| output.name).collect();
    Ok(InferRequest { id: message.id, inputs, requested, is_raw })
}

fn decode_input(input: InferInputTensor, raw: Option<bytes::Bytes>) -> Result<Tensor, String> {
    let datatype: Datatype =
        input.datatype.parse().map_err(|error: pointsman_model::ModelError| error.to_string())?;
    let contents = input.contents.unwrap_or_default();
    let raw = match raw {
        Some(_) if is_filled(&contents) => {
            return Err("contents are both raw and typed; send one of them for all inputs".to_owned());
        }
        Some(raw) => raw,
        None => raw_of(datatype, &input.shape, &contents).map_err(|error| error.to_string())?,
    };
    let tensor = Tensor { name: Arc::from(input.name), datatype, shape: input.shape, raw };
    tensor.checked_count().map_err(|error| error.to_string())?;
    Ok(tensor)
}

fn refuse_parameters(
    place: impl Fn() -> String,
    parameters: &BTreeMap<String, InferParameter>,
) -> Result<(), OipError> {
    const SHARED_MEMORY: &str = "shared_memory_region";
    const CLASSIFICATION: &str = "classification";
    let refuse = |reason: &str| Err(OipError::Request { place: place(), reason: reason.to_owned() });
    if parameters.contains_key(SHARED_MEMORY) {
        return refuse("shared memory is not available here; send the contents in the message");
    }
    if parameters.contains_key(CLASSIFICATION) {
        return refuse("the classification parameter is not available here; ask for the output itself");
    }
    Ok(())
}
