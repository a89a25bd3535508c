//! Signatures read from elsewhere, and completed by what a user gave.

use std::sync::Arc;

use pointsman_model::{Datatype, PredictionHolds, Signature, Task, TensorSpec};
use pointsman_wire::generated::inference::{ModelMetadataResponse, model_metadata_response::TensorMetadata};

use crate::OipError;

/// The signature that a server's `ModelMetadata` answer describes.
///
/// # Errors
/// A tensor has a datatype that the protocol does not know.
pub fn signature_of_metadata(metadata: &ModelMetadataResponse) -> Result<Signature, OipError> {
    let specs = |kind: &str, tensors: &[TensorMetadata]| -> Result<Box<[TensorSpec]>, OipError> {
        tensors
            .iter()
            .enumerate()
            .map(|(index, tensor)| {
                let datatype: Datatype =
                    tensor.datatype.parse().map_err(|error: pointsman_model::ModelError| {
                        OipError::Response {
                            place: format!("{kind}[{index}] {:?}", tensor.name),
                            reason: error.to_string(),
                        }
                    })?;
                Ok(TensorSpec {
                    name: Arc::from(tensor.name.as_str()),
                    datatype,
                    shape: tensor.shape.clone().into_boxed_slice(),
                    features: Box::default(),
                })
            })
            .collect()
    };
    Ok(Signature {
        inputs: specs("inputs", &metadata.inputs)?,
        outputs: specs("outputs", &metadata.outputs)?,
        ..Signature::default()
    })
}

/// The signature that a user gave, with everything that it leaves open taken from what the model says itself.
///
/// Inputs and outputs are taken as a whole; what a user gives stands.
#[must_use]
pub fn complete_signature(given: &Signature, read: &Signature) -> Signature {
    fn or<T: Clone>(given: &[T], read: &[T]) -> Box<[T]> {
        if given.is_empty() { read.into() } else { given.into() }
    }
    // A named output on one side must not be joined by one that the other side guessed from its own conventions.
    let names_outputs = given.prediction_output.is_some() || given.probability_output.is_some();
    let (prediction_output, probability_output) = if names_outputs {
        (given.prediction_output.clone(), given.probability_output.clone())
    } else {
        (read.prediction_output.clone(), read.probability_output.clone())
    };
    Signature {
        inputs: or(&given.inputs, &read.inputs),
        outputs: or(&given.outputs, &read.outputs),
        task: if given.task == Task::Unspecified { read.task } else { given.task },
        labels: or(&given.labels, &read.labels),
        prediction_output,
        probability_output,
        threshold: given.threshold.or(read.threshold),
        defaults: read.defaults.iter().chain(&given.defaults).map(|(k, v)| (k.clone(), v.clone())).collect(),
        prediction_holds: if given.prediction_holds == PredictionHolds::Unspecified {
            read.prediction_holds
        } else {
            given.prediction_holds
        },
        classes: or(&given.classes, &read.classes),
    }
}
