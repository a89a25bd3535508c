//! Features into tensors and tensors into an answer, by a model version's signature.

mod classes;
mod columns;
mod fill;
mod first_row;
mod given;
mod misspelt;
mod notes;
mod plan;
mod read;
mod row;
mod value;

pub use classes::{
    ChosenClass, ClassName, choose_class, class_name, class_value, is_declared, is_probability,
    likeliest_class,
};
pub(crate) use fill::{default_faults, named_columns};
pub use fill::{feeds, fill_inputs};
pub use first_row::{
    FeaturePlace, FirstRow, feature_place, first_row, round_to_bf16, round_to_f16, round_to_f32, roundings,
};
pub use misspelt::refuse_misspelt;
pub use notes::{AnswerNote, AnswerNotes};
pub use plan::{
    AnswerPlan, Decider, OutputHead, is_second_of_two, plan_answer, plan_part, prediction_output,
};
pub use read::{Answer, read_outputs};
pub use row::{FeatureOrigin, RowFeature, row_features, sample_row};
use thiserror::Error;

/// Why features cannot be sent to a model, or its outputs make no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FeatureError {
    /// A feature is missing or of the wrong kind.
    #[error("features.{feature}: {reason}")]
    Feature {
        /// The feature.
        feature: String,
        /// What is wrong with it and what the model takes.
        reason: String,
    },
    /// The model version's signature does not say enough, or contradicts itself.
    #[error("signature.{field}: {reason}")]
    Signature {
        /// The field.
        field: String,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// The model answered something else than its signature says.
    #[error("output {output:?}: {reason}")]
    Output {
        /// The output tensor.
        output: String,
        /// What is wrong with it.
        reason: String,
    },
}
