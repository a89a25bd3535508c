//! Tensors into an answer: the prediction, the class probabilities, and every output by name.

use std::collections::HashMap;

use pointsman_model::{Datatype, Signature};
use prost_types::{Value, value::Kind};

use super::{
    FeatureError,
    plan::{Decider, OutputHead, class_label, is_second_of_two, plan_answer, predicted_class},
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

/// Reads the answer to one row out of a model's outputs, as [`plan_answer`] chooses among them.
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
    let heads: Vec<OutputHead<'_>> = outputs.iter().map(head).collect();
    let plan = plan_answer(signature, &heads)?;
    let probability_tensor = plan.probabilities.and_then(|index| outputs.get(index));
    let probabilities =
        probability_tensor.map(|tensor| probabilities(signature, tensor)).transpose()?.unwrap_or_default();
    let decider = match plan.decider {
        Decider::Probabilities | Decider::Absent => None,
        Decider::Output(index) => outputs.get(index),
    };
    let prediction = match decider {
        None => predicted_label(signature, &probabilities),
        Some(tensor) => {
            let answered = values.get(&*tensor.name).cloned().unwrap_or_default();
            labelled(signature, tensor.datatype, answered, &probabilities)
        }
    };
    Ok(Answer { prediction, probabilities, outputs: values })
}

fn head(tensor: &Tensor) -> OutputHead<'_> {
    let columns = tensor.shape.last().map_or(1, |last| usize::try_from(*last).unwrap_or(0));
    OutputHead { name: &tensor.name, datatype: tensor.datatype, columns }
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
    if row.len() != head(tensor).columns {
        return refuse(format!("shape {:?} holds more than one row for one row of features", tensor.shape));
    }
    if let [second] = row[..]
        && is_second_of_two(signature, 1)
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
    let index = predicted_class(signature, probabilities);
    signature.labels.get(index).map_or_else(|| value(Kind::NumberValue(index as f64)), |label| text(&**label))
}

/// Gives a class number its label.
fn labelled(signature: &Signature, datatype: Datatype, answered: Value, probabilities: &[f64]) -> Value {
    let number = match answered.kind {
        Some(Kind::NumberValue(number)) => number,
        Some(Kind::BoolValue(yes)) => f64::from(u8::from(yes)),
        _ => return answered,
    };
    class_label(signature, datatype, number, probabilities).map_or(answered, |label| text(&**label))
}

fn output_error(output: &str, reason: String) -> FeatureError {
    FeatureError::Output { output: output.to_owned(), reason }
}
