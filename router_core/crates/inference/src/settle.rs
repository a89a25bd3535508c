//! A completed signature whose classes agree with the model's file.

use pointsman_model::{ModelError, Signature, settle_classes};

use crate::{OnnxModel, features::prediction_output};

/// Settles the classes of a signature that says all that is known, with the class list of the model's file, if any.
///
/// # Errors
/// The field that cannot be right.
pub fn settle_signature(signature: Signature, model: Option<&OnnxModel>) -> Result<Signature, ModelError> {
    let prediction = prediction_output(&signature);
    let datatype = prediction.map(|spec| spec.datatype);
    let list = model.zip(prediction).and_then(|(model, spec)| model.class_list(&spec.name));
    settle_classes(signature, list, datatype)
}
