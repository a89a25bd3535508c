//! What a model said about a row: prediction, probabilities, and what they do not say already.

use std::borrow::Cow;

use pointsman_inference::{
    features::{
        AnswerPlan, Decider, OutputHead, class_label, is_likeliest, is_second_of_two, plan_part,
        predicted_class,
    },
    text_number::float_named,
};
use pointsman_model::{Datatype, Signature};

use crate::{
    cell::{Cell, into_text, write_text},
    fields::{Fields, Unreadable, extend_doubles},
    json_value::{ValueView, map_entry, sort_last_wins},
    tensor::TensorView,
};

/// What was predicted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Prediction<'a> {
    /// Nothing that is one value.
    #[default]
    None,
    Label(Cow<'a, str>),
    Number(f64),
}

/// What a model said about one row.
#[derive(Debug, Default)]
pub(crate) struct RowAnswer<'a> {
    pub(crate) prediction: Prediction<'a>,
    /// Empty when the model gives none.
    pub(crate) probabilities: Vec<f64>,
    /// The probability of the predicted label.
    pub(crate) confidence: Option<f64>,
    /// The other outputs, as a JSON object.
    pub(crate) outputs: Option<String>,
}

impl<'a> Prediction<'a> {
    fn of(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Null => Self::None,
            Cell::Bool(yes) => Self::Label(Cow::Borrowed(if yes { "true" } else { "false" })),
            Cell::Number(number) => Self::Number(number),
            Cell::Whole(whole) => Self::Label(Cow::Owned(whole.to_string())),
            Cell::Text(text) => Self::Label(text),
        }
    }

    /// The prediction that an answer by name gives. Where no output is text, a text that names an infinity is one.
    fn told(signature: &Signature, cell: Cell<'a>) -> Self {
        let has_texts = signature.outputs.iter().any(|output| output.datatype == Datatype::Bytes);
        let named = match &cell {
            Cell::Text(text) if !has_texts && !signature.outputs.is_empty() => float_named(text),
            _ => None,
        };
        let is_label = |text: &str| signature.labels.iter().any(|label| **label == *text);
        match (Self::of(cell), named) {
            (Self::Label(label), Some(number)) if !is_label(&label) => Self::Number(number),
            (prediction, _) => prediction,
        }
    }

    /// The prediction of a class by its index.
    fn of_class(signature: &'a Signature, class: usize) -> Self {
        match signature.labels.get(class) {
            Some(label) => Self::Label(Cow::Borrowed(label)),
            None => Self::Number(class as f64),
        }
    }

    /// The probability of what is predicted, as far as it is known which one that is: classes without labels may
    /// be numbered from 1 or otherwise, and only the likeliest tells that its number is its place.
    fn confidence(&self, signature: &Signature, probabilities: &[f64]) -> Option<f64> {
        let class = match self {
            Self::Label(label) => signature.labels.iter().position(|known| **known == **label)?,
            Self::Number(number) if *number >= 0.0 && number.fract() == 0.0 => {
                Some(*number as usize).filter(|&class| is_likeliest(class, probabilities))?
            }
            Self::Number(_) | Self::None => return None,
        };
        probabilities.get(class).copied().filter(|probability| !probability.is_nan()).map(within_one)
    }
}

/// A probability that 32-bit sums carried a little beyond its range.
fn within_one(probability: f64) -> f64 {
    const ROUNDING: f64 = 1e-5;
    let nearest = probability.clamp(0.0, 1.0);
    if (probability - nearest).abs() <= ROUNDING { nearest } else { probability }
}

/// The outputs of a ModelInfer call, to be read row by row.
#[derive(Debug)]
pub(crate) struct InferAnswer<'a> {
    signature: &'a Signature,
    outputs: Vec<TensorView<'a>>,
    /// None when the outputs are not what the signature says: then they are kept by their names alone. What was not
    /// asked for is missing in it.
    plan: Option<AnswerPlan>,
    rows: usize,
}

impl<'a> InferAnswer<'a> {
    /// How many rows outputs say that they have.
    pub(crate) fn row_count(signature: &Signature, outputs: &[TensorView<'_>]) -> usize {
        let first_of = |tensor: &TensorView<'_>| {
            let spec = signature.outputs.iter().find(|spec| *spec.name == *tensor.name);
            let has_batch = match spec {
                Some(spec) => spec.shape.first() == Some(&-1),
                None => tensor.shape().len() > 1,
            };
            has_batch.then(|| tensor.rows()).flatten()
        };
        outputs.iter().find_map(first_of).unwrap_or(1)
    }

    /// Takes outputs that belong to so many rows.
    pub(crate) fn new(
        signature: &'a Signature,
        outputs: Vec<TensorView<'a>>,
        rows: usize,
    ) -> Result<Self, Unreadable> {
        let fits =
            |output: &TensorView<'_>| rows == 1 || output.shape().first().is_some_and(|&n| n == rows as i64);
        if rows == 0 || !outputs.iter().all(fits) {
            return Err(Unreadable);
        }
        let mut answer = Self { signature, outputs, plan: None, rows };
        let heads: Vec<OutputHead<'_>> = answer.outputs.iter().map(|output| answer.head(output)).collect();
        let plan = plan_part(signature, &heads);
        answer.plan = Some(plan).filter(|plan| answer.probabilities_fit(plan));
        Ok(answer)
    }

    /// What was said about a row.
    pub(crate) fn row(&self, row: usize) -> RowAnswer<'a> {
        let mut answer = RowAnswer::default();
        let mut said = [None, None];
        if let Some(plan) = &self.plan {
            if let Some(output) = plan.probabilities.and_then(|index| self.outputs.get(index)) {
                let count = self.per_row(output);
                answer.probabilities.extend((row * count..(row + 1) * count).map(|at| output.f64(at)));
                if let [second] = answer.probabilities[..]
                    && is_second_of_two(self.signature, 1)
                {
                    answer.probabilities = vec![1.0 - second, second];
                }
            }
            said[0] = plan.probabilities;
            match plan.decider {
                Decider::Probabilities => {
                    let class = predicted_class(self.signature, &answer.probabilities);
                    answer.prediction = Prediction::of_class(self.signature, class);
                }
                Decider::Output(index) => {
                    if let Some(output) = self.outputs.get(index)
                        && self.per_row(output) == 1
                    {
                        let cell = output.cell(row);
                        answer.prediction = self.labelled(output.datatype, cell, &answer.probabilities);
                        said[1] = Some(index);
                    }
                }
                Decider::Absent => {}
            }
        }
        answer.confidence = answer.prediction.confidence(self.signature, &answer.probabilities);
        answer.outputs = self.others(row, said);
        answer
    }

    fn per_row(&self, output: &TensorView<'_>) -> usize {
        output.count / self.rows
    }

    /// The dimensions of one row of an output.
    fn row_shape<'t>(&self, output: &'t TensorView<'_>) -> &'t [i64] {
        match output.shape().split_first() {
            Some((&first, inner)) if first == self.rows as i64 => inner,
            _ => output.shape(),
        }
    }

    fn head<'t>(&self, output: &'t TensorView<'_>) -> OutputHead<'t> {
        let last = self.row_shape(output).last();
        let columns = last.map_or(1, |last| usize::try_from(*last).unwrap_or(0));
        OutputHead { name: output.name, datatype: output.datatype, columns }
    }

    /// Whether the output that should hold probabilities does.
    fn probabilities_fit(&self, plan: &AnswerPlan) -> bool {
        let Some(output) = plan.probabilities.and_then(|index| self.outputs.get(index)) else { return true };
        let columns = self.head(output).columns;
        let classes = if is_second_of_two(self.signature, columns) { 2 } else { columns };
        let labels = self.signature.labels.len();
        !matches!(output.datatype, Datatype::Bool | Datatype::Bytes)
            && self.per_row(output) == columns
            && (labels == 0 || classes == labels)
    }

    fn labelled(&self, datatype: Datatype, cell: Cell<'a>, probabilities: &[f64]) -> Prediction<'a> {
        let number = match cell {
            Cell::Number(number) => Some(number),
            Cell::Bool(yes) => Some(f64::from(u8::from(yes))),
            _ => None,
        };
        let label = number.and_then(|number| class_label(self.signature, datatype, number, probabilities));
        label.map_or_else(|| Prediction::of(cell), |label| Prediction::Label(Cow::Borrowed(label)))
    }

    /// The outputs of a row but for those that are said already.
    fn others(&self, row: usize, said: [Option<usize>; 2]) -> Option<String> {
        let mut json = Vec::new();
        for (index, output) in self.outputs.iter().enumerate() {
            if said.contains(&Some(index)) {
                continue;
            }
            json.push(if json.is_empty() { b'{' } else { b',' });
            write_text(output.name, &mut json);
            json.push(b':');
            let count = self.per_row(output);
            output.write_json(row * count, count, self.row_shape(output), &mut json);
        }
        if json.is_empty() {
            return None;
        }
        json.push(b'}');
        Some(into_text(json))
    }
}

/// Reads the answer of a `PredictResponse`.
pub(crate) fn predict_answer<'a>(
    signature: &'a Signature,
    message: &'a [u8],
) -> Result<RowAnswer<'a>, Unreadable> {
    let mut predicted = ValueView::Null;
    let mut outputs = Vec::new();
    let mut answer = RowAnswer::default();
    for field in Fields::of(message) {
        let field = field?;
        match field.number {
            6 => predicted = ValueView::parse(field.value.bytes()?)?,
            7 => extend_doubles(&mut answer.probabilities, field.value)?,
            8 => outputs.push(map_entry(field.value.bytes()?)?),
            _ => {}
        }
    }
    answer.prediction = predicted.cell().map_or(Prediction::None, |cell| Prediction::told(signature, cell));
    answer.confidence = answer.prediction.confidence(signature, &answer.probabilities);
    sort_last_wins(&mut outputs);
    let mut json = Vec::new();
    for (name, value) in outputs {
        if says(signature, value, &answer) {
            continue;
        }
        json.push(if json.is_empty() { b'{' } else { b',' });
        write_text(name, &mut json);
        json.push(b':');
        value.write_json(&mut json);
    }
    if !json.is_empty() {
        json.push(b'}');
        answer.outputs = Some(into_text(json));
    }
    Ok(answer)
}

/// Whether an output is what prediction or probabilities say.
fn says(signature: &Signature, value: ValueView<'_>, answer: &RowAnswer<'_>) -> bool {
    let Some(cell) = value.cell() else {
        let cells = value.flat(answer.probabilities.len()).unwrap_or_default();
        return !cells.is_empty()
            && cells.len() == answer.probabilities.len()
            && cells.iter().zip(&answer.probabilities).all(|(cell, &said)| *cell == Cell::float(said));
    };
    if let Cell::Number(number) = cell {
        let is_second = matches!(answer.probabilities[..], [_, second] if second == number);
        // A class number is whole, whatever type the output has.
        let label = class_label(signature, Datatype::Int64, number, &[]);
        let is_label = label.is_some_and(
            |label| matches!(&answer.prediction, Prediction::Label(predicted) if **predicted == **label),
        );
        if is_second || is_label {
            return true;
        }
    }
    Prediction::told(signature, cell) == answer.prediction
}
