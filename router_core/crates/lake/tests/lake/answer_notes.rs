//! Rows whose answers need a word: what was not asked for, what is doubtful.

use crate::support::*;
use pointsman_inference::{Tensor, oip::encode_request};
use pointsman_wire::generated::pointsman_v1::{self as proto, BodyKind};
use prost::Message as _;

/// A ModelInfer call that asks for some outputs.
fn asking(id: &str, requested: &[&str], outputs: &[Tensor]) -> proto::PredictionEntry {
    let mut call = infer(id, &[fp32("x", &[1, 1], &[1.0])], Some(outputs));
    let request = encode_request("r", "", "", &[fp32("x", &[1, 1], &[1.0])], requested);
    call.request = request.encode_to_vec().into();
    call
}

fn output(name: &str, datatype: &str, shape: &[i64]) -> proto::TensorSpec {
    proto::TensorSpec {
        name: name.into(),
        datatype: datatype.into(),
        shape: shape.to_vec(),
        features: vec![],
    }
}

#[test]
fn what_was_not_asked_for_is_told_from_what_the_model_lacks() {
    let lake = Lake::new();
    let mut described = classifier(&[("x", "FP32", &[-1, 1], &[])]);
    described.outputs = vec![
        output("label", "INT64", &[-1]),
        output("probabilities", "FP32", &[-1, 2]),
        output("score", "FP32", &[-1]),
    ];
    let (label, score) = (int64("label", &[1], &[1]), fp32("score", &[1], &[2.5]));
    let calls = [
        asking("1", &["label"], std::slice::from_ref(&label)),
        asking("2", &["label", "score"], &[label.clone(), score.clone()]),
        asking("3", &[], &[label.clone(), fp32("probabilities", &[1, 2], &[0.25, 0.75])]),
        asking("4", &[], &[label.clone(), fp32("probabilities", &[1, 2], &[0.25, 0.75]), score]),
    ];
    let rows = lake.rows_of(route(described), &calls);
    let notes: Vec<String> = (0..4).map(|row| shown(&rows, "answer_notes", row)).collect();
    assert_eq!(
        notes,
        [
            "[not_requested: probabilities, not_requested: score]",
            "[not_requested: probabilities]",
            "[not_answered: score]",
            "null"
        ]
    );
    assert!((0..4).all(|row| shown(&rows, "prediction_label", row) == "yes"));
    assert_eq!(shown(&rows, "probabilities", 0), "null");
    // Without a description of outputs, what was asked for is all that can be said.
    let lake = Lake::new();
    let rows = lake.rows_of(
        route(classifier(&[("x", "FP32", &[-1, 1], &[])])),
        &[asking("1", &["label"], std::slice::from_ref(&label))],
    );
    assert_eq!(shown(&rows, "answer_notes", 0), "[only_requested: label]");
}

#[test]
fn a_class_is_recorded_by_the_list_of_the_model() {
    let lake = Lake::new();
    let mut listed = signature(&[("x", "FP32", &[-1, 1], &[])]);
    listed.task = proto::Task::Classification.into();
    listed.classes = ["1", "2", "3"].map(str::to_owned).to_vec();
    listed.prediction_holds = proto::PredictionHolds::Value.into();
    let inputs = [fp32("x", &[4, 1], &[1.0, 2.0, 3.0, 4.0])];
    let outputs = [
        int64("label", &[4], &[2, 3, 1, 9]),
        fp32("probabilities", &[4, 3], &[0.0, 1.0, 0.0, 0.5, 0.25, 0.25, f32::NAN, 0.5, 0.5, 1.0, 0.0, 0.0]),
    ];
    let named = proto::Signature { labels: ["a", "b", "c"].map(str::to_owned).to_vec(), ..listed.clone() };
    let rows = lake.rows_of(route(listed), &[infer("p", &inputs, Some(&outputs))]);
    assert_eq!(doubles(&rows, "prediction_number"), [Some(2.0), Some(3.0), Some(1.0), Some(9.0)]);
    assert_eq!(doubles(&rows, "confidence"), [Some(1.0), Some(0.25), None, None]);
    let notes: Vec<String> = (0..4).map(|row| shown(&rows, "answer_notes", row)).collect();
    assert_eq!(notes, ["null", "[not_likeliest]", "[probability_is_nan]", "[unknown_class]"]);
    let lake = Lake::new();
    let rows = lake.rows_of(route(named), &[infer("p", &inputs, Some(&outputs))]);
    let labels = ["b", "c", "a"].map(|label| Some(label.to_owned()));
    assert_eq!(strings(&rows, "prediction_label")[..3], labels);
    assert_eq!(doubles(&rows, "prediction_number"), [None, None, None, Some(9.0)]);
}

#[test]
fn a_number_that_the_probabilities_overruled_stays_to_be_seen() {
    let lake = Lake::new();
    let inputs = [fp32("x", &[2, 1], &[1.0, 2.0])];
    let outputs = [int64("label", &[2], &[1, 1]), fp32("probabilities", &[2, 2], &[0.75, 0.25, 0.25, 0.75])];
    let rows = lake
        .rows_of(route(classifier(&[("x", "FP32", &[-1, 1], &[])])), &[infer("p", &inputs, Some(&outputs))]);
    assert_eq!(strings(&rows, "prediction_label"), [Some("no".into()), Some("yes".into())]);
    assert_eq!(strings(&rows, "outputs"), [Some(r#"{"label":1.0}"#.into()), None]);
    assert_eq!(shown(&rows, "answer_notes", 0), "[from_probabilities]");
    assert_eq!(doubles(&rows, "confidence"), [Some(0.75), Some(0.75)]);
}

#[test]
fn probabilities_without_a_number_predict_nothing() {
    let lake = Lake::new();
    let inputs = [fp32("x", &[2, 1], &[1.0, 2.0])];
    let outputs = [fp32("probabilities", &[2, 2], &[f32::NAN, f32::NAN, 0.25, 0.75])];
    let rows = lake
        .rows_of(route(classifier(&[("x", "FP32", &[-1, 1], &[])])), &[infer("p", &inputs, Some(&outputs))]);
    assert_eq!(strings(&rows, "prediction_label"), [None, Some("yes".into())]);
    assert_eq!(shown(&rows, "answer_notes", 0), "[probability_is_nan]");
}

#[test]
fn scores_have_no_confidence() {
    let lake = Lake::new();
    let outputs = [fp32("scores", &[1, 2], &[-1.5, 2.5])];
    let rows = lake.rows_of(
        route(classifier(&[("x", "FP32", &[-1, 1], &[])])),
        &[infer("p", &[fp32("x", &[1, 1], &[1.0])], Some(&outputs))],
    );
    assert_eq!(strings(&rows, "prediction_label"), [Some("yes".into())]);
    assert_eq!(doubles(&rows, "confidence"), [None]);
    assert_eq!(shown(&rows, "answer_notes", 0), "[not_probabilities]");
}

#[test]
fn tensors_of_one_name_are_unreadable_for_nobody_knows_which_one_counted() {
    let lake = Lake::new();
    let twice = [fp32("x", &[1, 1], &[1.0]), fp32("x", &[1, 1], &[2.0])];
    let calls = [
        infer("1", &twice, None),
        infer("2", &twice[..1], Some(&[fp32("y", &[1], &[1.0]), fp32("y", &[1], &[2.0])])),
    ];
    let rows = lake.rows_of(route(signature(&[("x", "FP32", &[-1, 1], &[])])), &calls);
    assert_eq!(shown(&rows, "features_content", 0), "unreadable");
    assert_eq!(shown(&rows, "answer_content", 1), "unreadable");
}

#[test]
fn a_tensor_whose_columns_and_rows_changed_places_is_not_read_as_others_rows() {
    let lake = Lake::new();
    let numbers: Vec<f32> = (0..8).map(|number| number as f32).collect();
    let calls = [
        infer("1", &[fp32("x", &[4, 2], &numbers)], None),
        infer("2", &[fp32("x", &[8], &numbers)], None),
        infer("3", &[fp32("x", &[2, 4], &numbers)], None),
        infer("4", &[fp32("x", &[4], &numbers[..4])], None),
    ];
    let rows = lake.rows_of(route(signature(&[("x", "FP32", &[-1, 4], &[])])), &calls);
    let contents: Vec<String> =
        (0..rows.num_rows()).map(|row| shown(&rows, "features_content", row)).collect();
    assert_eq!(contents, ["unreadable", "unreadable", "all", "all", "all"]);
    assert_eq!(doubles(&rows, "f_x_0"), [None, None, Some(0.0), Some(4.0), Some(0.0)]);
}

#[test]
fn the_notes_of_predict_are_recorded() {
    let lake = Lake::new();
    let mut call = predict("p", &[("age", number(1.0))]);
    call.response_kind = BodyKind::Predict.into();
    let response = proto::PredictResponse {
        prediction: Some(text("no")),
        probabilities: vec![0.25, 0.75],
        notes: vec!["not_likeliest".into()],
        ..Default::default()
    };
    call.response = response.encode_to_vec().into();
    let rows = lake.rows_of(route(classifier(&[])), &[call]);
    assert_eq!(shown(&rows, "answer_notes", 0), "[not_likeliest]");
    assert_eq!(doubles(&rows, "confidence"), [Some(0.25)]);
}
