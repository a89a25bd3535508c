//! Tensors into an answer: the prediction, the class probabilities, and every output by name.

use std::collections::BTreeMap;

use pointsman_model::{ClassValue, Datatype, Signature, Task};
use prost_types::{Value, value::Kind};

use super::{
    FeatureError,
    classes::{ChosenClass, ClassName, choose_class, class_name, class_value, is_declared, likeliest_class},
    notes::{AnswerNote, AnswerNotes},
    plan::{Decider, OutputHead, is_second_of_two, plan_answer},
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
    pub outputs: BTreeMap<String, Value>,
    /// What to know of it before it is used.
    pub notes: AnswerNotes,
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
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    let heads: Vec<OutputHead<'_>> = outputs.iter().map(head).collect();
    let plan = plan_answer(signature, &heads)?;
    let probability_tensor = plan.probabilities.and_then(|index| outputs.get(index));
    let probabilities =
        probability_tensor.map(|tensor| probabilities(signature, tensor)).transpose()?.unwrap_or_default();
    let decider = match plan.decider {
        Decider::Probabilities | Decider::Absent => None,
        Decider::Output(index) => outputs.get(index),
    };
    let (prediction, notes) = match decider {
        None => predicted_label(signature, probability_tensor, &probabilities)?,
        Some(tensor) => {
            check_one_row(signature, tensor)?;
            let answered = values.get(&*tensor.name).cloned().unwrap_or_default();
            labelled(signature, tensor, answered, &probabilities)?
        }
    };
    Ok(Answer { prediction, probabilities, outputs: values, notes })
}

/// Refuses a prediction for no row or for several: one row was asked about.
fn check_one_row(signature: &Signature, tensor: &Tensor) -> Result<(), FeatureError> {
    let spec = signature.outputs.iter().find(|spec| spec.name == tensor.name);
    let counts_rows = spec.is_some_and(|spec| spec.shape.first() == Some(&-1));
    let rows = tensor.shape.first().copied().unwrap_or(1);
    if signature.task == Task::Unspecified && signature.labels.is_empty() || !counts_rows || rows == 1 {
        return Ok(());
    }
    let reason = format!("shape {:?} holds {rows} rows for one row of features", tensor.shape);
    Err(output_error(&tensor.name, reason))
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

/// The class that the probabilities predict.
fn predicted_label(
    signature: &Signature,
    tensor: Option<&Tensor>,
    probabilities: &[f64],
) -> Result<(Value, AnswerNotes), FeatureError> {
    let output = tensor.map_or("", |tensor| &tensor.name);
    let ChosenClass { place, notes } = likeliest_class(signature, probabilities);
    let Some(place) = place else {
        let reason =
            "a probability is NaN, so that no class is the likeliest; check the features for missing values";
        return Err(output_error(output, reason.to_owned()));
    };
    if notes.has(AnswerNote::NotProbabilities) && tensor.is_some_and(|tensor| head(tensor).columns == 1) {
        let reason = format!(
            "holds {:?}, which is no probability of the second of two classes; name an output of probabilities in \
             signature.probability_output",
            probabilities.last().copied().unwrap_or_default()
        );
        return Err(output_error(output, reason));
    }
    Ok((name_value(class_name(signature, place)), notes))
}

/// Gives a class its label.
fn labelled(
    signature: &Signature,
    tensor: &Tensor,
    answered: Value,
    probabilities: &[f64],
) -> Result<(Value, AnswerNotes), FeatureError> {
    let said = match &answered.kind {
        Some(Kind::NumberValue(number)) => class_value(signature, tensor.datatype, *number),
        Some(Kind::BoolValue(yes)) => Some(ClassValue::Bool(*yes)),
        Some(Kind::StringValue(text)) if tensor.datatype == Datatype::Bytes => Some(ClassValue::Text(text)),
        // A whole number of which a float would lose digits.
        Some(Kind::StringValue(text)) => text.parse().ok().map(ClassValue::Whole),
        _ => None,
    };
    let Some(said) = said else { return Ok((answered, AnswerNotes::default())) };
    let ChosenClass { place, notes } = choose_class(signature, said, probabilities);
    if notes.has(AnswerNote::UnknownClass) && is_declared(signature) {
        return Err(output_error(&tensor.name, unknown_class(signature, said)));
    }
    let prediction = match place {
        Some(place) if !signature.labels.is_empty() => name_value(class_name(signature, place)),
        _ => answered,
    };
    Ok((prediction, notes))
}

fn unknown_class(signature: &Signature, said: ClassValue<'_>) -> String {
    let said = match said {
        ClassValue::Whole(number) => number.to_string(),
        ClassValue::Bool(yes) => yes.to_string(),
        ClassValue::Text(text) => format!("{:?}", text.chars().take(64).collect::<String>()),
    };
    let (field, known) = if signature.classes.is_empty() {
        ("signature.labels", &signature.labels)
    } else {
        ("signature.classes", &signature.classes)
    };
    format!("holds {said}, which is none of the {} of {field}; correct that, or the model", known.len())
}

fn name_value(name: ClassName<'_>) -> Value {
    match name {
        ClassName::Text(label) => text(&**label),
        ClassName::Number(number) if number.unsigned_abs() <= 1 << 53 => {
            value(Kind::NumberValue(number as f64))
        }
        ClassName::Number(number) => text(number.to_string()),
    }
}

fn output_error(output: &str, reason: String) -> FeatureError {
    FeatureError::Output { output: output.to_owned(), reason }
}
