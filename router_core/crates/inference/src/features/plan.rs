//! Which of a model's outputs is the prediction and which holds the class probabilities.

use pointsman_model::{Datatype, Signature, Task, TensorSpec};

use super::FeatureError;

/// What is known of an output before its contents are read.
#[derive(Debug, Clone, Copy)]
pub struct OutputHead<'a> {
    /// Its name at the model.
    pub name: &'a str,
    /// Its element type.
    pub datatype: Datatype,
    /// The length of its last dimension, 1 for an output without dimensions.
    pub columns: usize,
}

/// Which outputs say what, by their index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerPlan {
    /// The output that holds class probabilities.
    pub probabilities: Option<usize>,
    /// What gives the prediction.
    pub decider: Decider,
}

/// What gives the prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decider {
    /// The likeliest label, or the one that the threshold picks.
    Probabilities,
    /// An output.
    Output(usize),
    /// An output that was not answered.
    Absent,
}

/// Names under which exporters give the predicted label or value.
const PREDICTION_NAMES: [&str; 4] = ["label", "output_label", "predict", "variable"];

/// Chooses among a model's outputs.
///
/// The signature says which output is the prediction and which holds probabilities. Where it does not, a float
/// output with "prob" in its name, or, of a classifier, one with as many columns as labels, holds probabilities; and
/// an output named like exporters name it, else the likeliest label, else the first output, is the prediction.
///
/// # Errors
/// The signature names an output that is not there, or there is none.
pub fn plan_answer(signature: &Signature, outputs: &[OutputHead<'_>]) -> Result<AnswerPlan, FeatureError> {
    if let Some(name) = &signature.probability_output {
        named(outputs, name)?;
    }
    let plan = plan_part(signature, outputs);
    match (plan.decider, &signature.prediction_output) {
        (Decider::Absent, Some(name)) => {
            Ok(AnswerPlan { decider: named(outputs, name).map(Decider::Output)?, ..plan })
        }
        (Decider::Absent, None) if outputs.is_empty() => Err(FeatureError::Output {
            output: String::new(),
            reason: "the model answered without any output tensor".to_owned(),
        }),
        (Decider::Absent, None) => Ok(AnswerPlan { decider: Decider::Output(0), ..plan }),
        _ => Ok(plan),
    }
}

/// Chooses like [`plan_answer`] among outputs of which a client may not have asked for all: what the signature
/// names and nobody asked for says nothing, and nothing else speaks for it.
#[must_use]
pub fn plan_part(signature: &Signature, outputs: &[OutputHead<'_>]) -> AnswerPlan {
    let probabilities = probability_output(signature, outputs);
    let classes = probabilities
        .and_then(|index| outputs.get(index))
        .map_or(0, |head| if is_second_of_two(signature, head.columns) { 2 } else { head.columns });
    AnswerPlan { probabilities, decider: decided_by(signature, outputs, classes) }
}

/// The output that holds the prediction by its name in the signature or by convention, and its type.
#[must_use]
pub fn prediction_output(signature: &Signature) -> Option<&TensorSpec> {
    let named = |name: &str| signature.outputs.iter().find(|spec| spec.name.eq_ignore_ascii_case(name));
    match &signature.prediction_output {
        Some(name) => signature.outputs.iter().find(|spec| spec.name == *name),
        None => PREDICTION_NAMES.iter().find_map(|name| named(name)),
    }
}

/// Whether a single column is the probability of the second of two labels.
#[must_use]
pub fn is_second_of_two(signature: &Signature, columns: usize) -> bool {
    let labels = signature.labels.len();
    columns == 1 && (labels == 2 || labels == 0 && signature.task == Task::Classification)
}

fn probability_output(signature: &Signature, outputs: &[OutputHead<'_>]) -> Option<usize> {
    if let Some(name) = &signature.probability_output {
        return position(outputs, name);
    }
    if signature.task == Task::Regression {
        return None;
    }
    let labels = signature.labels.len();
    let may_be = |head: &OutputHead<'_>| {
        head.datatype.is_float() && signature.prediction_output.as_deref() != Some(head.name)
    };
    let by_name = outputs.iter().position(|head| {
        may_be(head) && (head.columns >= 2 || labels == 2) && head.name.to_ascii_lowercase().contains("prob")
    });
    let classifies = signature.task == Task::Classification && labels >= 2;
    let by_labels = || outputs.iter().position(|head| classifies && may_be(head) && head.columns == labels);
    by_name.or_else(by_labels)
}

fn decided_by(signature: &Signature, outputs: &[OutputHead<'_>], classes: usize) -> Decider {
    // Whoever sets a threshold wants it to decide, whatever label the model itself picks.
    if signature.threshold.is_some() && classes == 2 {
        return Decider::Probabilities;
    }
    let of = |index: Option<usize>| index.map_or(Decider::Absent, Decider::Output);
    if let Some(name) = &signature.prediction_output {
        return of(position(outputs, name));
    }
    if signature.probability_output.is_some() && classes > 0 {
        return Decider::Probabilities;
    }
    let conventional = PREDICTION_NAMES
        .iter()
        .find_map(|name| outputs.iter().position(|head| head.name.eq_ignore_ascii_case(name)));
    match (conventional, classes, signature.outputs.first()) {
        (Some(index), _, _) => Decider::Output(index),
        (None, 1.., _) => Decider::Probabilities,
        _ if signature.probability_output.is_some() => Decider::Absent,
        (None, 0, Some(first)) => of(position(outputs, &first.name)),
        (None, 0, None) => of((!outputs.is_empty()).then_some(0)),
    }
}

fn position(outputs: &[OutputHead<'_>], name: &str) -> Option<usize> {
    outputs.iter().position(|head| head.name == name)
}

fn named(outputs: &[OutputHead<'_>], name: &str) -> Result<usize, FeatureError> {
    position(outputs, name).ok_or_else(|| {
        let answered: Vec<&str> = outputs.iter().map(|head| head.name).collect();
        let reason = format!("the signature names it, but the model answered {answered:?}");
        FeatureError::Output { output: name.to_owned(), reason }
    })
}
