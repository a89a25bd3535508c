//! What a model said about a row: prediction, probabilities, and what they do not say already.

use std::borrow::Cow;

use pointsman_inference::{
    features::{
        AnswerNote, AnswerPlan, ChosenClass, ClassName, Decider, OutputHead, choose_class, class_name,
        class_value, is_probability, is_second_of_two, likeliest_class, plan_part,
    },
    text_number::float_named,
};
use pointsman_model::{ClassValue, Datatype, Signature};

use crate::calls::{
    cell::{Cell, into_text, write_text},
    fields::{Fields, Unreadable, extend_doubles},
    json_value::{ValueView, map_entry, sort_last_wins},
    requested::missing_outputs,
    tensor::{TensorView, has_namesakes},
};

/// What was predicted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Prediction<'a> {
    /// Nothing that is one value.
    #[default]
    None,
    Label(Cow<'a, str>),
    Number(f64),
    /// Several values, as JSON.
    Values(String),
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
    /// What to know of it before it is used.
    pub(crate) notes: Vec<Cow<'a, str>>,
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

    /// The prediction of a class.
    fn of_class(signature: &'a Signature, place: usize) -> Self {
        match class_name(signature, place) {
            ClassName::Text(label) => Self::Label(Cow::Borrowed(label)),
            ClassName::Number(number) => Self::of(Cell::whole(number)),
        }
    }

    /// The place of what is predicted, as far as it is known: classes without labels may be numbered from 1 or
    /// otherwise, and only a class list or the likeliest tells which number is whose.
    fn place(&self, signature: &Signature, probabilities: &[f64]) -> Option<usize> {
        match self {
            Self::Label(label) if signature.labels.is_empty() => {
                signature.classes.iter().position(|class| **class == **label)
            }
            Self::Label(label) => signature.labels.iter().position(|known| **known == **label),
            Self::Number(number) => {
                let said = class_value(signature, Datatype::Int64, *number)?;
                let ChosenClass { place, notes } = choose_class(signature, said, probabilities);
                place.filter(|_| !notes.has(AnswerNote::FromProbabilities))
            }
            Self::None | Self::Values(_) => None,
        }
    }
}

/// The probability of the class at a place.
fn confidence(place: Option<usize>, probabilities: &[f64]) -> Option<f64> {
    let probability = probabilities.get(place?).copied();
    probability.filter(|&probability| is_probability(probability)).map(|p| p.clamp(0.0, 1.0))
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
    /// What is to be said of all rows.
    notes: Vec<Cow<'a, str>>,
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

    /// Takes outputs that belong to so many rows. `requested` is what the client asked for, if it is known; nothing
    /// is everything.
    pub(crate) fn new(
        signature: &'a Signature,
        outputs: Vec<TensorView<'a>>,
        requested: Option<&[&str]>,
        rows: usize,
    ) -> Result<Self, Unreadable> {
        let fits =
            |output: &TensorView<'_>| rows == 1 || output.shape().first().is_some_and(|&n| n == rows as i64);
        // Of two outputs of one name nobody knows which one the client took.
        if rows == 0 || !outputs.iter().all(fits) || has_namesakes(&outputs) {
            return Err(Unreadable);
        }
        let notes = missing_outputs(signature, &outputs, requested);
        let mut answer = Self { signature, outputs, plan: None, rows, notes };
        let heads: Vec<OutputHead<'_>> = answer.outputs.iter().map(|output| answer.head(output)).collect();
        let plan = plan_part(signature, &heads);
        answer.plan = Some(plan).filter(|plan| answer.probabilities_fit(plan));
        Ok(answer)
    }

    /// The same without what would be said of all rows.
    pub(crate) fn without_notes(self) -> Self {
        Self { notes: Vec::new(), ..self }
    }

    /// What was said about a row.
    pub(crate) fn row(&self, row: usize) -> RowAnswer<'a> {
        let mut answer = RowAnswer { notes: self.notes.clone(), ..RowAnswer::default() };
        let mut said = [None, None];
        let mut chosen = ChosenClass::default();
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
                    chosen = likeliest_class(self.signature, &answer.probabilities);
                    let place = chosen.place;
                    answer.prediction =
                        place.map_or(Prediction::None, |place| Prediction::of_class(self.signature, place));
                }
                Decider::Output(index) => {
                    if let Some(output) = self.outputs.get(index)
                        && self.per_row(output) == 1
                    {
                        let cell = output.cell(row);
                        (answer.prediction, chosen) =
                            self.labelled(output.datatype, cell, &answer.probabilities);
                        // A number that is not the predicted label's own stays to be seen.
                        said[1] = Some(index).filter(|_| !chosen.notes.has(AnswerNote::FromProbabilities));
                    }
                }
                Decider::Absent => {}
            }
        }
        answer.confidence = confidence(chosen.place, &answer.probabilities);
        for word in chosen.notes.words() {
            answer.notes.push(Cow::Borrowed(word));
        }
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

    fn labelled(
        &self,
        datatype: Datatype,
        cell: Cell<'a>,
        probabilities: &[f64],
    ) -> (Prediction<'a>, ChosenClass) {
        let said = match &cell {
            Cell::Number(number) => class_value(self.signature, datatype, *number),
            Cell::Whole(whole) => Some(ClassValue::Whole(*whole)),
            Cell::Bool(yes) => Some(ClassValue::Bool(*yes)),
            Cell::Text(text) => Some(ClassValue::Text(text)),
            Cell::Null => None,
        };
        let chosen =
            said.map_or_else(ChosenClass::default, |said| choose_class(self.signature, said, probabilities));
        let prediction = match chosen.place {
            Some(place) if !self.signature.labels.is_empty() => Prediction::of_class(self.signature, place),
            _ => Prediction::of(cell),
        };
        (prediction, chosen)
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

/// The field of a `PredictResponse` with what to know of it.
const NOTES: u32 = 13;

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
            NOTES => answer.notes.push(Cow::Borrowed(field.value.text()?)),
            _ => {}
        }
    }
    answer.prediction = predicted
        .cell()
        .map_or_else(|| Prediction::Values(json_of(predicted)), |cell| Prediction::told(signature, cell));
    let place = answer.prediction.place(signature, &answer.probabilities);
    answer.confidence = confidence(place, &answer.probabilities);
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

fn json_of(value: ValueView<'_>) -> String {
    let mut json = Vec::new();
    value.write_json(&mut json);
    into_text(json)
}

/// Whether an output is what prediction or probabilities say.
fn says(signature: &Signature, value: ValueView<'_>, answer: &RowAnswer<'_>) -> bool {
    let Some(cell) = value.cell() else {
        if matches!(&answer.prediction, Prediction::Values(predicted) if *predicted == json_of(value)) {
            return true;
        }
        let cells = value.flat(answer.probabilities.len()).unwrap_or_default();
        return !cells.is_empty()
            && cells.len() == answer.probabilities.len()
            && cells.iter().zip(&answer.probabilities).all(|(cell, &said)| *cell == Cell::float(said));
    };
    if let Cell::Number(number) = cell {
        let is_second = matches!(answer.probabilities[..], [_, second] if second == number);
        // A class number is whole, whatever type the output has.
        let is_label = class_value(signature, Datatype::Int64, number).is_some_and(|said| {
            let ChosenClass { place, notes } = choose_class(signature, said, &answer.probabilities);
            let label = place.and_then(|place| signature.labels.get(place));
            !notes.has(AnswerNote::FromProbabilities)
                && label.is_some_and(
                    |label| matches!(&answer.prediction, Prediction::Label(predicted) if **predicted == **label),
                )
        });
        if is_second || is_label {
            return true;
        }
    }
    Prediction::told(signature, cell) == answer.prediction
}
