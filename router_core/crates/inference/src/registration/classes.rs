//! What a whole signature says of its outputs and classes, against itself.

use pointsman_model::{Datatype, Signature, Task, TensorSpec};

use super::{Notes, shown};
use crate::features::{OutputHead, plan_part};

pub(super) fn check(signature: &Signature, who: &str, notes: &mut Notes) {
    check_named_outputs(signature, who, notes);
    check_counts(signature, who, notes);
    check_threshold(signature, who, notes);
}

fn check_named_outputs(signature: &Signature, who: &str, notes: &mut Notes) {
    let outputs = &signature.outputs;
    let fields = [
        ("prediction_output", &signature.prediction_output),
        ("probability_output", &signature.probability_output),
    ];
    for (field, name) in fields {
        if let Some(name) = name
            && !outputs.is_empty()
            && outputs.iter().all(|spec| spec.name != *name)
        {
            let known = shown(outputs.iter().map(|spec| &*spec.name));
            let reason = format!("{name:?} is none of the outputs of {who}, which are {known}");
            notes.fault(field, reason);
        }
    }
    let Some(name) = &signature.probability_output else { return };
    if signature.task == Task::Regression {
        let reason = format!("is {name:?}, but the task is regression, which has no classes; leave it out");
        notes.fault("probability_output", reason);
        return;
    }
    if signature.prediction_output.as_ref() == Some(name) {
        let reason = format!(
            "is {name:?}, and so is prediction_output; leave prediction_output out: the likeliest class is the prediction"
        );
        notes.fault("probability_output", reason);
    }
    if let Some(spec) = outputs.iter().find(|spec| spec.name == *name)
        && !may_hold_probabilities(spec)
    {
        let (is, floats) = (spec.datatype.as_str(), floats(outputs));
        let reason = format!(
            "{name:?} is {is} of shape {:?}; probabilities are numbers, one for each class{floats}",
            spec.shape
        );
        notes.fault("probability_output", reason);
    }
}

/// Whole numbers may be ones and zeros, one for each class, but no probability on their own.
fn may_hold_probabilities(spec: &TensorSpec) -> bool {
    match spec.datatype {
        Datatype::Bytes | Datatype::Bool => false,
        datatype => datatype.is_float() || columns(spec).is_some_and(|columns| columns > 1),
    }
}

fn floats(outputs: &[TensorSpec]) -> String {
    let floats: Vec<&str> =
        outputs.iter().filter(|spec| spec.datatype.is_float()).map(|spec| &*spec.name).collect();
    if floats.is_empty() { String::new() } else { format!(", as in {}", shown(floats)) }
}

fn check_counts(signature: &Signature, who: &str, notes: &mut Notes) {
    let Some((spec, columns)) = probability_columns(signature) else { return };
    for (field, names) in [("labels", &signature.labels), ("classes", &signature.classes)] {
        let (count, is_second_of_two) = (names.len(), columns == 1 && names.len() == 2);
        if count > 0 && count != columns && !is_second_of_two {
            let reason = format!(
                "are {count} ({}), but output {:?} of {who} has {columns} columns (shape {:?}); name each class once, in \
                 the order of the columns",
                shown(names.iter()),
                spec.name,
                spec.shape
            );
            notes.fault(field, reason);
        }
    }
}

fn check_threshold(signature: &Signature, who: &str, notes: &mut Notes) {
    let Some(threshold) = signature.threshold else { return };
    let refuse =
        |notes: &mut Notes, reason: String| notes.fault("threshold", format!("{threshold} {reason}"));
    if signature.task == Task::Regression {
        return refuse(
            notes,
            "picks between two classes, but the task is regression; leave it out".to_owned(),
        );
    }
    let probabilities = probability_columns(signature);
    let columns = probabilities.map(|(_, columns)| if columns == 1 { 2 } else { columns });
    let labels = [signature.labels.len(), signature.classes.len()].into_iter().find(|count| *count > 0);
    if let Some(count) = labels.or(columns)
        && count != 2
    {
        return refuse(notes, format!("picks between two classes, but there are {count}; leave it out"));
    }
    if probability_output(signature).is_none() && !signature.outputs.is_empty() {
        let outputs = shown(signature.outputs.iter().map(|spec| &*spec.name));
        let reason = format!(
            "is held against a probability, but none of the outputs of {who}, {outputs}, is known to hold \
             probabilities; name it in probability_output, or leave threshold out"
        );
        refuse(notes, reason);
    }
}

/// The output that holds probabilities, and how many columns it has; none where either is not known.
pub(super) fn probability_columns(signature: &Signature) -> Option<(&TensorSpec, usize)> {
    let spec = probability_output(signature)?;
    let columns = columns(spec)?;
    Some((spec, columns))
}

fn probability_output(signature: &Signature) -> Option<&TensorSpec> {
    // Of an open number of columns it is supposed that it fits.
    let supposed = signature.labels.len().max(2);
    let heads: Vec<OutputHead<'_>> = signature
        .outputs
        .iter()
        .map(|spec| OutputHead {
            name: &spec.name,
            datatype: spec.datatype,
            columns: columns(spec).unwrap_or(supposed),
        })
        .collect();
    signature.outputs.get(plan_part(signature, &heads).probabilities?)
}

/// The columns of an output for one row, if its shape says it. A list of rows alone is what sketchy descriptions say of
/// any output.
fn columns(spec: &TensorSpec) -> Option<usize> {
    match *spec.shape {
        [] | [-1] => None,
        [.., last] => usize::try_from(last).ok(),
    }
}
