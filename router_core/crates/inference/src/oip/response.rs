//! `ModelInferResponse`.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use pointsman_model::{Datatype, ModelError};
use pointsman_wire::generated::inference::{ModelInferResponse, model_infer_response::InferOutputTensor};

use super::{
    OipError,
    contents::{is_filled, raw_of, typed_of},
};
use crate::Tensor;

/// Makes the response of a model in this process.
///
/// The outputs go raw or typed as the inputs came: clients read the form that they write. `FP16` and `BF16` have no
/// typed form, so a response with one of them is raw as a whole.
///
/// # Errors
/// An output's contents do not fit its shape.
pub fn encode_response(
    model_name: &str,
    model_version: &str,
    id: &str,
    outputs: &[Tensor],
    is_raw: bool,
) -> Result<ModelInferResponse, OipError> {
    let is_raw =
        is_raw || outputs.iter().any(|tensor| matches!(tensor.datatype, Datatype::Fp16 | Datatype::Bf16));
    let encoded = outputs
        .iter()
        .enumerate()
        .map(|(index, tensor)| {
            let contents = if is_raw { tensor.checked_count().map(|_| None) } else { typed_of(tensor) };
            Ok(InferOutputTensor {
                name: tensor.name.to_string(),
                datatype: tensor.datatype.as_str().to_owned(),
                shape: tensor.shape.clone(),
                parameters: BTreeMap::new(),
                contents: contents.map_err(|error| refused(index, &tensor.name, error.to_string()))?,
            })
        })
        .collect::<Result<_, OipError>>()?;
    let raw_output_contents =
        if is_raw { outputs.iter().map(|tensor| tensor.raw.clone()).collect() } else { Vec::new() };
    Ok(ModelInferResponse {
        model_name: model_name.to_owned(),
        model_version: model_version.to_owned(),
        id: id.to_owned(),
        parameters: BTreeMap::new(),
        outputs: encoded,
        raw_output_contents,
    })
}

/// Reads the outputs of a response, raw or typed.
///
/// # Errors
/// An output's contents are missing, of the wrong list or do not fit its shape, or two outputs have the same name.
pub fn decode_response(message: ModelInferResponse) -> Result<Vec<Tensor>, OipError> {
    let mut names = HashSet::with_capacity(message.outputs.len());
    for (index, output) in message.outputs.iter().enumerate() {
        if !names.insert(&*output.name) {
            return Err(refused(
                index,
                &output.name,
                "occurs twice; which one counts is not known".to_owned(),
            ));
        }
    }
    let is_raw = !message.raw_output_contents.is_empty();
    if is_raw && message.raw_output_contents.len() != message.outputs.len() {
        return Err(OipError::Response {
            place: "raw_output_contents".to_owned(),
            reason: format!(
                "{} entries for {} outputs",
                message.raw_output_contents.len(),
                message.outputs.len()
            ),
        });
    }
    let mut raw_contents = message.raw_output_contents.into_iter();
    message
        .outputs
        .into_iter()
        .enumerate()
        .map(|(index, output)| {
            let raw = raw_contents.next();
            let name = output.name.clone();
            decode_output(output, raw).map_err(|reason| refused(index, &name, reason))
        })
        .collect()
}

fn decode_output(output: InferOutputTensor, raw: Option<Bytes>) -> Result<Tensor, String> {
    let datatype: Datatype = output.datatype.parse().map_err(|error: ModelError| error.to_string())?;
    let contents = output.contents.unwrap_or_default();
    let raw = match raw {
        Some(_) if is_filled(&contents) => return Err("contents are both raw and typed".to_owned()),
        Some(raw) => raw,
        None => raw_of(datatype, &output.shape, &contents).map_err(|error| error.to_string())?,
    };
    let tensor = Tensor { name: Arc::from(output.name), datatype, shape: output.shape, raw };
    tensor.checked_count().map_err(|error| error.to_string())?;
    Ok(tensor)
}

fn refused(index: usize, name: &str, reason: String) -> OipError {
    OipError::Response { place: format!("outputs[{index}] {name:?}"), reason }
}
