//! Tensors into an answer: the prediction, the class probabilities, and every output by name.

use std::{collections::HashMap, sync::Arc};

use pointsman_model::{Datatype, Signature, Task};
use prost_types::{Value, value::Kind};

use super::{
    FeatureError,
    value::{tensor_value, text, value},
};
use crate::{Tensor, element::elements};

/// What a model said about one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The label or value predicted.
    pub prediction: Value,
    /// Class probabilities, in the order of the signature's labels; empty when the model gives none.
    pub probabilities: Vec<f64>,
    /// Every output of the model, by name.
    pub outputs: HashMap<String, Value>,
}

/// Names under which exporters give the predicted label or value.
const PREDICTION_NAMES: [&str; 4] = ["label", "output_label", "predict", "variable"];

/// Reads the answer to one row out of a model's outputs.
///
/// The signature says which output is the prediction and which holds probabilities. Where it does not, a float
/// output with "prob" in its name, or, of a classifier, one with as many columns as labels, holds probabilities; and
/// an output named like exporters name it, else the likeliest label, else the first output, is the prediction.
///
/// # Errors
/// An output is missing, malformed, holds several rows or does not fit the labels.
pub fn read_outputs(signature: &Signature, outputs: &[Tensor]) -> Result<Answer, FeatureError> {
    let values = outputs
        .iter()
        .map(|tensor| match tensor_value(tensor) {
            Ok(value) => Ok((tensor.name.to_string(), value)),
            Err(error) => Err(output_error(&tensor.name, error.to_string())),
        })
        .collect::<Result<HashMap<_, _>, _>>()?;
    let probability_tensor = probability_tensor(signature, outputs)?;
    let probabilities =
        probability_tensor.map(|tensor| probabilities(signature, tensor)).transpose()?.unwrap_or_default();
    let prediction = match decided_by(signature, outputs, &probabilities)? {
        Decider::Probabilities => predicted_label(signature, &probabilities),
        Decider::Output(name) => {
            let answered = values.get(name).cloned().unwrap_or_default();
            labelled(signature, outputs, name, answered)
        }
    };
    Ok(Answer { prediction, probabilities, outputs: values })
}

/// What gives the prediction.
enum Decider<'a> {
    Probabilities,
    Output(&'a str),
}

fn decided_by<'a>(
    signature: &'a Signature,
    outputs: &'a [Tensor],
    probabilities: &[f64],
) -> Result<Decider<'a>, FeatureError> {
    let has_probabilities = !probabilities.is_empty();
    // Whoever sets a threshold wants it to decide, whatever label the model itself picks.
    if signature.threshold.is_some() && probabilities.len() == 2 {
        return Ok(Decider::Probabilities);
    }
    if let Some(name) = &signature.prediction_output {
        return Ok(Decider::Output(&named(outputs, name)?.name));
    }
    if signature.probability_output.is_some() && has_probabilities {
        return Ok(Decider::Probabilities);
    }
    let conventional = PREDICTION_NAMES
        .iter()
        .find_map(|name| outputs.iter().find(|tensor| tensor.name.eq_ignore_ascii_case(name)));
    match (conventional, has_probabilities) {
        (Some(tensor), _) => Ok(Decider::Output(&tensor.name)),
        (None, true) => Ok(Decider::Probabilities),
        (None, false) => {
            let first_of_signature = signature
                .outputs
                .first()
                .and_then(|spec| outputs.iter().find(|tensor| tensor.name == spec.name));
            first_of_signature
                .or_else(|| outputs.first())
                .map(|tensor| Decider::Output(&tensor.name))
                .ok_or_else(|| output_error("", "the model answered without any output tensor".to_owned()))
        }
    }
}

/// The output that holds the class probabilities, if there is one.
fn probability_tensor<'a>(
    signature: &Signature,
    outputs: &'a [Tensor],
) -> Result<Option<&'a Tensor>, FeatureError> {
    if let Some(name) = &signature.probability_output {
        return named(outputs, name).map(Some);
    }
    if signature.task == Task::Regression {
        return Ok(None);
    }
    let labels = signature.labels.len();
    let columns =
        |tensor: &Tensor| tensor.shape.last().and_then(|last| usize::try_from(*last).ok()).unwrap_or(1);
    let may_be = |tensor: &&Tensor| {
        tensor.datatype.is_float() && signature.prediction_output.as_ref() != Some(&tensor.name)
    };
    let by_name = outputs.iter().filter(may_be).find(|tensor| {
        tensor.name.to_ascii_lowercase().contains("prob") && (columns(tensor) >= 2 || labels == 2)
    });
    let by_labels = || {
        let classifies = signature.task == Task::Classification && labels >= 2;
        outputs.iter().filter(may_be).find(|tensor| classifies && columns(tensor) == labels)
    };
    Ok(by_name.or_else(by_labels))
}

/// The probabilities of one row; a single column is the probability of the second of two labels.
fn probabilities(signature: &Signature, tensor: &Tensor) -> Result<Vec<f64>, FeatureError> {
    let refuse = |reason: String| Err(output_error(&tensor.name, reason));
    let read = match elements(tensor.datatype, &tensor.raw) {
        Some(read) if tensor.datatype != Datatype::Bool => read,
        _ => return refuse(format!("holds {}; probabilities are numbers", tensor.datatype.as_str())),
    };
    let mut row: Vec<f64> = read.into_iter().map(|element| element.to_f64()).collect();
    let labels = signature.labels.len();
    let columns = tensor.shape.last().map_or(1, |last| usize::try_from(*last).unwrap_or(0));
    if row.len() != columns {
        return refuse(format!("shape {:?} holds more than one row for one row of features", tensor.shape));
    }
    if let [second] = row[..]
        && (labels == 2 || labels == 0 && signature.task == Task::Classification)
    {
        row = vec![1.0 - second, second];
    }
    if labels != 0 && row.len() != labels {
        return refuse(format!(
            "{} probabilities do not fit {labels} labels; correct signature.labels or signature.probability_output",
            row.len()
        ));
    }
    Ok(row)
}

/// The label that the probabilities predict, or its index when labels have no names.
fn predicted_label(signature: &Signature, probabilities: &[f64]) -> Value {
    let index = match (probabilities, signature.threshold) {
        ([_, second], Some(threshold)) => usize::from(*second >= threshold),
        _ => {
            let likeliest =
                probabilities.iter().enumerate().fold((0, f64::NEG_INFINITY), |best, (index, &p)| {
                    if p > best.1 { (index, p) } else { best }
                });
            likeliest.0
        }
    };
    signature.labels.get(index).map_or_else(|| value(Kind::NumberValue(index as f64)), |label| text(&**label))
}

/// Gives a class number its label. A number that is itself one of the labels stays that label: the classes of
/// scikit-learn may be 1, 2 and 3, and then 1 is not the second of them.
fn labelled(signature: &Signature, outputs: &[Tensor], name: &str, answered: Value) -> Value {
    let is_class_number = signature.task != Task::Regression
        && outputs.iter().any(|tensor| *tensor.name == *name && !tensor.datatype.is_float());
    let number = match answered.kind {
        Some(Kind::NumberValue(number)) if is_class_number => number,
        Some(Kind::BoolValue(yes)) if is_class_number => f64::from(u8::from(yes)),
        _ => return answered,
    };
    let itself = number.to_string();
    let by_name = signature.labels.iter().find(|label| ***label == *itself);
    let by_index = || (number >= 0.0).then(|| signature.labels.get(number as usize)).flatten();
    by_name.or_else(by_index).map_or(answered, |label: &Arc<str>| text(&**label))
}

fn named<'a>(outputs: &'a [Tensor], name: &str) -> Result<&'a Tensor, FeatureError> {
    outputs.iter().find(|tensor| *tensor.name == *name).ok_or_else(|| {
        let answered: Vec<&str> = outputs.iter().map(|tensor| &*tensor.name).collect();
        output_error(name, format!("the signature names it, but the model answered {answered:?}"))
    })
}

fn output_error(output: &str, reason: String) -> FeatureError {
    FeatureError::Output { output: output.to_owned(), reason }
}
