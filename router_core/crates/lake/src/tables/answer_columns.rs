//! Builders of the columns about answers.

use arrow_array::{
    ArrayRef,
    builder::{Float64Builder, ListBuilder, StringBuilder},
};
use arrow_schema::DataType;

use crate::{
    calls::answer::{Prediction, RowAnswer},
    schema::element,
    tables::refill::Refill as _,
};

/// The columns, in the schema's order.
#[derive(Debug)]
pub(crate) struct AnswerColumns {
    label: StringBuilder,
    number: Float64Builder,
    values: StringBuilder,
    probabilities: ListBuilder<Float64Builder>,
    confidence: Float64Builder,
    outputs: StringBuilder,
    notes: ListBuilder<StringBuilder>,
}

impl Default for AnswerColumns {
    fn default() -> Self {
        Self {
            label: StringBuilder::new(),
            number: Float64Builder::new(),
            values: StringBuilder::new(),
            probabilities: ListBuilder::new(Float64Builder::new()).with_field(element(DataType::Float64)),
            confidence: Float64Builder::new(),
            outputs: StringBuilder::new(),
            notes: ListBuilder::new(StringBuilder::new()).with_field(element(DataType::Utf8)),
        }
    }
}

impl AnswerColumns {
    /// Adds the answer to a row.
    pub(crate) fn append(&mut self, answer: &RowAnswer<'_>) {
        let (label, number, values) = match &answer.prediction {
            Prediction::None => (None, None, None),
            Prediction::Label(label) => (Some(label), None, None),
            Prediction::Number(number) => (None, Some(*number), None),
            Prediction::Values(values) => (None, None, Some(values)),
        };
        self.label.append_option(label);
        self.number.append_option(number.filter(|number| !number.is_nan()));
        self.values.append_option(values);
        self.probabilities.values().append_slice(&answer.probabilities);
        self.probabilities.append(!answer.probabilities.is_empty());
        self.confidence.append_option(answer.confidence);
        self.outputs.append_option(answer.outputs.as_deref());
        answer.notes.iter().for_each(|note| self.notes.values().append_value(note));
        self.notes.append(!answer.notes.is_empty());
    }

    /// Takes the rows out, by column.
    pub(crate) fn finish(&mut self) -> Vec<ArrayRef> {
        vec![
            self.label.take(),
            self.number.take(),
            self.values.take(),
            self.probabilities.take(),
            self.confidence.take(),
            self.outputs.take(),
            self.notes.take(),
        ]
    }
}
