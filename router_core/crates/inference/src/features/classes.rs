//! Which class a label output means, beside the probabilities of the same row.

use std::sync::Arc;

use pointsman_model::{ClassValue, Datatype, PredictionHolds, Signature, Task};

use super::notes::{AnswerNote, AnswerNotes};

/// How far 32-bit sums carry a probability beyond its range.
const ROUNDING: f64 = 1e-5;

/// The class that was chosen for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChosenClass {
    /// Its place among labels and probabilities, if it is one of them.
    pub place: Option<usize>,
    /// What is to be said about it.
    pub notes: AnswerNotes,
}

/// What stands for a class in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassName<'a> {
    /// Its label, or the text that the model gives for it.
    Text(&'a Arc<str>),
    /// The number that the model gives for it, or its place.
    Number(i128),
}

/// The class that a value of the prediction output means.
///
/// Where the signature says what the output holds, that stands: a model may predict another class than the likeliest,
/// which is noted. Where it does not, a number may be a label itself (the classes of scikit-learn may be 1, 2 and 3)
/// or a place, and the probabilities say which; if neither is the likeliest, the likeliest label is what the model
/// means. Without probabilities a label goes before a place.
#[must_use]
pub fn choose_class(signature: &Signature, said: ClassValue<'_>, probabilities: &[f64]) -> ChosenClass {
    if signature.task == Task::Regression {
        return ChosenClass::default();
    }
    let mut notes = notes_of(probabilities);
    // What is no number confirms nothing.
    let probabilities = if notes.has(AnswerNote::ProbabilityIsNan) { &[] } else { probabilities };
    let place = if is_declared(signature) {
        declared_place(signature, said, probabilities.len())
    } else if matches!(said, ClassValue::Text(_)) {
        said.place_in(&signature.labels)
    } else {
        let (place, note) = guessed_place(signature, said, probabilities);
        notes.extend(note);
        place
    };
    match place {
        None if knows_classes(signature, probabilities) => notes.insert(AnswerNote::UnknownClass),
        Some(place)
            if !probabilities.is_empty()
                && !notes.has(AnswerNote::FromProbabilities)
                && !is_likeliest(place, probabilities) =>
        {
            notes.insert(AnswerNote::NotLikeliest);
        }
        _ => {}
    }
    ChosenClass { place, notes }
}

/// The class that probabilities alone predict; none when one of them is no number.
#[must_use]
pub fn likeliest_class(signature: &Signature, probabilities: &[f64]) -> ChosenClass {
    let notes = notes_of(probabilities);
    let place = (!notes.has(AnswerNote::ProbabilityIsNan)).then(|| predicted_class(signature, probabilities));
    ChosenClass { place, notes }
}

/// What stands for the class at a place.
#[must_use]
pub fn class_name(signature: &Signature, place: usize) -> ClassName<'_> {
    let named = signature.labels.get(place).or_else(|| signature.classes.get(place));
    match named {
        None => ClassName::Number(place as i128),
        Some(class) if signature.labels.is_empty() => {
            class.parse().map_or(ClassName::Text(class), ClassName::Number)
        }
        Some(label) => ClassName::Text(label),
    }
}

/// A number of the prediction output as the class that it may be.
///
/// Floats are values of their own, unless the signature says that they are classes.
#[must_use]
pub fn class_value(signature: &Signature, datatype: Datatype, number: f64) -> Option<ClassValue<'static>> {
    let may_be = !datatype.is_float() || is_declared(signature);
    (may_be && number.fract() == 0.0).then_some(ClassValue::Whole(number as i128))
}

/// Whether the signature says what the prediction output holds.
#[must_use]
pub fn is_declared(signature: &Signature) -> bool {
    !signature.classes.is_empty() || signature.prediction_holds != PredictionHolds::Unspecified
}

/// Whether a number can be a probability, rounding aside.
#[must_use]
pub fn is_probability(number: f64) -> bool {
    (-ROUNDING..=1.0 + ROUNDING).contains(&number)
}

/// Whether no class is likelier than this one.
fn is_likeliest(class: usize, probabilities: &[f64]) -> bool {
    probabilities.get(class).is_some_and(|of_class| !probabilities.iter().any(|other| other > of_class))
}

/// The place of the class that probabilities predict.
fn predicted_class(signature: &Signature, probabilities: &[f64]) -> usize {
    match (probabilities, signature.threshold) {
        ([_, second], Some(threshold)) => usize::from(*second >= threshold),
        _ => {
            let likeliest = probabilities
                .iter()
                .enumerate()
                .fold((0, f64::NEG_INFINITY), |best, (index, &p)| if p > best.1 { (index, p) } else { best });
            likeliest.0
        }
    }
}

fn notes_of(probabilities: &[f64]) -> AnswerNotes {
    let mut notes = AnswerNotes::default();
    if probabilities.iter().any(|probability| probability.is_nan()) {
        notes.insert(AnswerNote::ProbabilityIsNan);
    } else if !probabilities.iter().all(|&probability| is_probability(probability)) {
        notes.insert(AnswerNote::NotProbabilities);
    }
    notes
}

/// Whether it can be told that something is none of the classes.
fn knows_classes(signature: &Signature, probabilities: &[f64]) -> bool {
    let counts = signature.prediction_holds == PredictionHolds::Index && !probabilities.is_empty();
    counts || !(signature.labels.is_empty() && signature.classes.is_empty())
}

fn declared_place(signature: &Signature, said: ClassValue<'_>, columns: usize) -> Option<usize> {
    if !signature.classes.is_empty() {
        return said.place_in(&signature.classes);
    }
    match signature.prediction_holds {
        PredictionHolds::Index => {
            let count = if signature.labels.is_empty() { columns } else { signature.labels.len() };
            said.place().filter(|&place| place < count)
        }
        PredictionHolds::Value | PredictionHolds::Unspecified => said.place_in(&signature.labels),
    }
}

fn guessed_place(
    signature: &Signature,
    said: ClassValue<'_>,
    probabilities: &[f64],
) -> (Option<usize>, Option<AnswerNote>) {
    let labels = &signature.labels;
    let by_value = said.place_in(labels);
    let by_place = said.place().filter(|&place| place < labels.len().max(probabilities.len()));
    if probabilities.is_empty() {
        // Words for yes and no do not stand at the places of 1 and 0 when they are among the labels.
        return (by_value.or(by_place), None);
    }
    let confirmed = [by_value, by_place].into_iter().flatten().find(|&p| is_likeliest(p, probabilities));
    match confirmed {
        None if !labels.is_empty() => {
            (Some(predicted_class(signature, probabilities)), Some(AnswerNote::FromProbabilities))
        }
        confirmed => (confirmed, None),
    }
}
