//! What a model answers to one row of features, whoever asks.

use std::collections::BTreeMap;

use pointsman_inference::{
    Answer as Prediction, FeatureError, Tensor, features::AnswerNote, fill_inputs, read_outputs,
    refuse_misspelt,
};
use pointsman_model::Signature;
use prost_types::Value;
use tokio::time::Instant;
use tonic::Code;

use super::{
    answering::Failure,
    tensors::{self, Asker, Outputs, Question},
};
use crate::{messages::status::CallError, routing::backends::Backend};

/// The model's input tensors for a row.
///
/// # Arguments
/// * `others` - Signatures of the models that could have answered instead; what they take is not misspelt.
/// * `is_for_rules` - Whether a router's rules look at a feature; then it is not misspelt either.
pub(super) fn inputs_of<'a>(
    signature: &Signature,
    others: impl Iterator<Item = &'a Signature> + Clone,
    features: &BTreeMap<String, Value>,
    is_for_rules: impl Fn(&str) -> bool,
) -> Result<Vec<Tensor>, FeatureError> {
    match refuse_misspelt(signature, others, features) {
        Err(FeatureError::Feature { feature, .. }) if is_for_rules(&feature) => {}
        checked => checked?,
    }
    fill_inputs(signature, features)
}

/// Asks a model with the tensors of a row, and reads its answer.
pub(super) async fn answer_of(
    asker: Asker<'_>,
    signature: &Signature,
    backend: &Backend,
    inputs: Vec<Tensor>,
    deadline: Instant,
) -> Result<Prediction, Failure> {
    let question = Question { inputs, outputs: Outputs::Signed(signature), deadline };
    let outcome = tensors::run(asker, backend, question).await?;
    let mut prediction = read_outputs(signature, &outcome.outputs).map_err(of_features)?;
    if outcome.is_others {
        prediction.notes.insert(AnswerNote::OtherModel);
    }
    Ok(prediction)
}

/// A feature is the caller's to mend, and named for machines; a signature that does not fit its model is an operator's.
pub(super) fn of_features(error: FeatureError) -> CallError {
    match error {
        FeatureError::Feature { feature, reason } => {
            CallError::of_fields(vec![(format!("features.{feature}"), reason)])
        }
        FeatureError::Signature { .. } | FeatureError::Output { .. } => {
            CallError::new(Code::FailedPrecondition, error.to_string())
        }
    }
}
