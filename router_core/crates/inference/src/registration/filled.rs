//! What a model says that its user left open, in words.

use pointsman_model::{PredictionHolds, Signature, Task, TensorSpec};

use super::{Notes, shown};

/// Notes the tensors, the task and the outputs that were taken over as a whole.
pub(super) fn note(given: &Signature, whole: &Signature, notes: &mut Notes) {
    for (field, given, whole) in
        [("inputs", &given.inputs, &whole.inputs), ("outputs", &given.outputs, &whole.outputs)]
    {
        if given.is_empty() && !whole.is_empty() {
            notes.filled(field, &whole.iter().map(tensor).collect::<Vec<_>>().join("; "));
        }
    }
    if given.task != whole.task {
        let task = match whole.task {
            Task::Unspecified => "unspecified",
            Task::Classification => "classification",
            Task::Regression => "regression",
        };
        notes.filled("task", task);
    }
    for (field, given, whole) in [
        ("prediction_output", &given.prediction_output, &whole.prediction_output),
        ("probability_output", &given.probability_output, &whole.probability_output),
    ] {
        if let (None, Some(name)) = (given, whole) {
            notes.filled(field, &format!("{name:?}"));
        }
    }
}

/// Notes what was taken over of the classes.
pub(super) fn note_classes(given: &Signature, whole: &Signature, notes: &mut Notes) {
    for (field, given, whole) in
        [("labels", &given.labels, &whole.labels), ("classes", &given.classes, &whole.classes)]
    {
        if given.is_empty() && !whole.is_empty() {
            notes.filled(field, &shown(whole.iter()));
        }
    }
    if given.prediction_holds == PredictionHolds::Unspecified {
        match whole.prediction_holds {
            PredictionHolds::Unspecified => {}
            PredictionHolds::Value => notes.filled("prediction_holds", "value"),
            PredictionHolds::Index => notes.filled("prediction_holds", "index"),
        }
    }
}

fn tensor(spec: &TensorSpec) -> String {
    let mut text = format!("{:?} {} {:?}", spec.name, spec.datatype.as_str(), spec.shape);
    if !spec.features.is_empty() {
        text.push_str(&format!(" of features {}", shown(spec.features.iter())));
    }
    text
}
