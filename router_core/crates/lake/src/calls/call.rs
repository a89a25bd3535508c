//! One call with its bodies read, ready to become rows.

use pointsman_inference::Tensor;
use pointsman_wire::generated::pointsman_v1::BodyKind;

use crate::calls::{
    answer::{InferAnswer, RowAnswer, predict_answer},
    content::Content,
    entry::EntryView,
    fields::{Fields, Unreadable},
    json_value::{ValueView, map_entry, sort_last_wins},
    requested::requested_outputs,
    route::{Route, Variant},
    tensor::{Side, TensorView, has_namesakes, read_tensors},
};

/// A call and what was read of it.
pub(crate) struct Call<'a> {
    pub(crate) entry: EntryView<'a>,
    pub(crate) route: &'a Route,
    pub(crate) variant: &'a Variant,
    pub(crate) features: CallFeatures<'a>,
    pub(crate) answer: CallAnswer<'a>,
    /// How many rows the call had.
    pub(crate) row_count: usize,
}

/// The features of a call.
pub(crate) enum CallFeatures<'a> {
    Missing(Content),
    Infer(Vec<Input<'a>>),
    /// Ordered by name, each name once.
    Predict(Vec<(&'a str, ValueView<'a>)>),
}

/// The answer to a call.
pub(crate) enum CallAnswer<'a> {
    Missing(Content),
    Infer(InferAnswer<'a>),
    Predict(RowAnswer<'a>),
}

/// One input tensor of a call.
pub(crate) struct Input<'a> {
    pub(crate) tensor: TensorView<'a>,
    /// The input of the signature that it is.
    pub(crate) plan: Option<usize>,
    /// How many elements a row has.
    pub(crate) width: usize,
    /// Whether the one row that it has is every row's.
    pub(crate) is_shared: bool,
}

/// Memory for tensors that are not read where they lie.
#[derive(Default)]
pub(crate) struct Hold {
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
}

impl<'a> Call<'a> {
    /// Reads the bodies of a call; what cannot be read is marked so.
    pub(crate) fn read(
        entry: EntryView<'a>,
        route: &'a Route,
        variant: &'a Variant,
        hold: &'a mut Hold,
    ) -> Self {
        let (features, rows) = read_features(&entry, variant, &mut hold.inputs);
        let (answer, row_count) = read_answer(&entry, variant, rows, &mut hold.outputs);
        Self { entry, route, variant, features, answer, row_count }
    }

    /// How many rows are recorded: those of a call that failed have no answers to tell them apart.
    pub(crate) fn recorded_rows(&self) -> usize {
        if self.entry.status_code == 0 { self.row_count.max(1) } else { 1 }
    }

    /// How much of the features is recorded.
    pub(crate) fn features_content(&self) -> Content {
        match self.features {
            CallFeatures::Missing(content) => content,
            _ if self.row_count > self.recorded_rows() => Content::Cut,
            _ => Content::All,
        }
    }

    /// How much of the answer is recorded.
    pub(crate) fn answer_content(&self) -> Content {
        match self.answer {
            CallAnswer::Missing(content) => content,
            CallAnswer::Infer(_) | CallAnswer::Predict(_) => Content::All,
        }
    }
}

fn read_features<'a>(
    entry: &EntryView<'a>,
    variant: &Variant,
    hold: &'a mut Vec<Tensor>,
) -> (CallFeatures<'a>, Option<usize>) {
    let read = match entry.request_kind() {
        BodyKind::Infer => read_tensors(entry.request, Side::Request, hold)
            .and_then(|tensors| arrange(tensors, variant))
            .map(|(inputs, rows)| (CallFeatures::Infer(inputs), Some(rows))),
        BodyKind::Predict => {
            predict_features(entry.request).map(|features| (CallFeatures::Predict(features), Some(1)))
        }
        missing => return (CallFeatures::Missing(Content::of_missing(missing)), None),
    };
    read.unwrap_or((CallFeatures::Missing(Content::Unreadable), None))
}

fn read_answer<'a>(
    entry: &EntryView<'a>,
    variant: &'a Variant,
    rows: Option<usize>,
    hold: &'a mut Vec<Tensor>,
) -> (CallAnswer<'a>, usize) {
    let signature = &variant.signature;
    let none = |content: Content| (CallAnswer::Missing(content), rows.unwrap_or(1));
    if entry.status_code != 0 {
        return none(Content::None);
    }
    match entry.response_kind() {
        BodyKind::Infer => {
            let Ok(outputs) = read_tensors(entry.response, Side::Response, hold) else {
                return none(Content::Unreadable);
            };
            let rows = rows.unwrap_or_else(|| InferAnswer::row_count(signature, &outputs));
            let requested = match entry.request_kind() {
                BodyKind::Infer => requested_outputs(entry.request).ok(),
                _ => None,
            };
            match InferAnswer::new(signature, outputs, requested.as_deref(), rows) {
                // What a client asked for stands in the request, which is kept with the prediction alone.
                Ok(answer) if entry.shadow => (CallAnswer::Infer(answer.without_notes()), rows),
                Ok(answer) => (CallAnswer::Infer(answer), rows),
                Err(Unreadable) => (CallAnswer::Missing(Content::Unreadable), rows),
            }
        }
        BodyKind::Predict => match predict_answer(signature, entry.response) {
            Ok(answer) => (CallAnswer::Predict(answer), rows.unwrap_or(1)),
            Err(Unreadable) => none(Content::Unreadable),
        },
        missing => none(Content::of_missing(missing)),
    }
}

/// Finds each tensor's place in the signature and how many rows they have together.
fn arrange<'a>(
    tensors: Vec<TensorView<'a>>,
    variant: &Variant,
) -> Result<(Vec<Input<'a>>, usize), Unreadable> {
    // Which of two inputs of one name the model read is not known.
    if has_namesakes(&tensors) {
        return Err(Unreadable);
    }
    let mut rows = None;
    let mut inputs = Vec::with_capacity(tensors.len());
    for (index, tensor) in tensors.into_iter().enumerate() {
        let is_named = |at: usize| variant.inputs.get(at).is_some_and(|plan| *plan.name == *tensor.name);
        // Inputs mostly come in the signature's order.
        let plan =
            if is_named(index) { Some(index) } else { (0..variant.inputs.len()).find(|&at| is_named(at)) };
        let own = match plan.and_then(|plan| variant.inputs.get(plan)) {
            Some(plan) => Some(plan.rows(tensor.shape(), tensor.count).ok_or(Unreadable)?),
            // Without a signature, only a tensor with columns tells its rows.
            None if variant.inputs.is_empty() && tensor.shape().len() > 1 => tensor.rows(),
            None => None,
        };
        rows = rows.max(own);
        inputs.push(Input { tensor, plan, width: own.unwrap_or(0), is_shared: false });
    }
    let rows = rows.unwrap_or(1);
    for input in &mut inputs {
        let own = match input.plan {
            Some(_) => input.width,
            None if input.tensor.shape().first() == Some(&(rows as i64)) => rows,
            None => 1,
        };
        if own != rows && own != 1 {
            return Err(Unreadable);
        }
        input.is_shared = own == 1 && rows > 1;
        input.width = input.tensor.count / own.max(1);
    }
    Ok((inputs, rows))
}

/// The features of a `PredictRequest`.
fn predict_features(message: &[u8]) -> Result<Vec<(&str, ValueView<'_>)>, Unreadable> {
    let mut features = Vec::new();
    for field in Fields::of(message) {
        let field = field?;
        if field.number == 2 {
            features.push(map_entry(field.value.bytes()?)?);
        }
    }
    sort_last_wins(&mut features);
    Ok(features)
}
