//! Tensors into an answer.

use crate::support::*;
use pointsman_inference::{Answer, FeatureError, Tensor, read_outputs};
use pointsman_model::{Datatype, Signature, Task};

fn labelled(labels: &[&str]) -> Signature {
    Signature {
        task: Task::Classification,
        labels: labels.iter().map(|&label| label.into()).collect(),
        ..Signature::default()
    }
}

fn read(signature: &Signature, outputs: &[Tensor]) -> Answer {
    read_outputs(signature, outputs).unwrap_or_else(|error| unreachable!("{error}"))
}

#[test]
fn a_label_and_probabilities_are_recognised_by_their_names() {
    let outputs = [longs("label", &[1], &[1]), floats("probabilities", &[1, 3], &[0.125, 0.75, 0.125])];
    let answer = read(&Signature::default(), &outputs);
    assert_eq!((answer.prediction, answer.probabilities), (number(1.0), vec![0.125, 0.75, 0.125]));
    let answer = read(&labelled(&["a", "b", "c"]), &outputs);
    assert_eq!(answer.prediction, text("b"));
    assert_eq!(answer.outputs["probabilities"], numbers(&[0.125, 0.75, 0.125]));
    assert_eq!(answer.outputs["label"], number(1.0));
}

#[test]
fn a_class_number_that_is_a_label_itself_is_no_index() {
    let outputs = [longs("label", &[1], &[1])];
    assert_eq!(read(&labelled(&["1", "2", "3"]), &outputs).prediction, text("1"));
    assert_eq!(read(&labelled(&["malignant", "benign"]), &outputs).prediction, text("benign"));
    for beyond in [7, -1] {
        let outputs = [longs("label", &[1], &[beyond])];
        assert_eq!(read(&labelled(&["a", "b"]), &outputs).prediction, number(beyond as f64));
    }
}

#[test]
fn a_class_number_never_contradicts_its_own_probabilities() {
    let named = labelled(&["one", "two", "three"]);
    for (class, probabilities, expected) in [
        // Classes 1, 2, 3, as scikit-learn may number them.
        (1, [1.0, 0.0, 0.0], "one"),
        (2, [0.0, 1.0, 0.0], "two"),
        (3, [0.0, 0.0, 1.0], "three"),
        // Classes 0, 1, 2.
        (0, [1.0, 0.0, 0.0], "one"),
        (1, [0.0, 1.0, 0.0], "two"),
        (2, [0.25, 0.375, 0.375], "three"),
    ] {
        let outputs = [longs("label", &[1], &[class]), floats("probabilities", &[1, 3], &probabilities)];
        assert_eq!(read(&named, &outputs).prediction, text(expected), "{class} beside {probabilities:?}");
    }
}

#[test]
fn the_threshold_decides_between_two_labels() {
    let outputs = [longs("label", &[1], &[0]), floats("prob", &[1, 2], &[0.75, 0.25])];
    let mut signature = labelled(&["no", "yes"]);
    assert_eq!(read(&signature, &outputs).prediction, text("no"));
    signature.threshold = Some(0.25);
    assert_eq!(read(&signature, &outputs).prediction, text("yes"));
    signature.threshold = Some(0.26);
    assert_eq!(read(&signature, &outputs).prediction, text("no"));
}

#[test]
fn one_column_is_the_probability_of_the_second_label() {
    let mut signature = labelled(&["no", "yes"]);
    for name in ["probability", "out"] {
        signature.probability_output = (name == "out").then(|| "out".into());
        let answer = read(&signature, &[floats(name, &[1, 1], &[0.75])]);
        assert_eq!((answer.prediction, answer.probabilities), (text("yes"), vec![0.25, 0.75]));
    }
}

#[test]
fn the_likeliest_label_is_predicted_where_only_probabilities_are_given() {
    let outputs = [floats("out", &[1, 3], &[0.25, 0.25, 0.5])];
    assert_eq!(read(&labelled(&["a", "b", "c"]), &outputs).prediction, text("c"));
    let signature = Signature { probability_output: Some("out".into()), ..Signature::default() };
    assert_eq!(read(&signature, &outputs).prediction, number(2.0));
}

#[test]
fn the_outputs_that_the_signature_names_go_before_conventions() {
    let outputs = [
        longs("label", &[1], &[0]),
        texts("chosen", &[1, 1], &["b"]),
        floats("probabilities", &[1, 2], &[1.0, 0.0]),
        floats("calibrated", &[1, 2], &[0.5, 0.5]),
    ];
    let signature = Signature {
        prediction_output: Some("chosen".into()),
        probability_output: Some("calibrated".into()),
        ..labelled(&["a", "b"])
    };
    let answer = read(&signature, &outputs);
    assert_eq!((answer.prediction, answer.probabilities), (text("b"), vec![0.5, 0.5]));
}

#[test]
fn a_regression_answers_its_value_and_no_probabilities() {
    let signature = Signature { task: Task::Regression, ..labelled(&["a", "b"]) };
    let signature = Signature { task: Task::Regression, ..signature };
    let answer = read(&signature, &[floats("probable_price", &[1, 1], &[12.5])]);
    assert_eq!((answer.prediction, answer.probabilities), (number(12.5), vec![]));
}

#[test]
fn any_other_answer_is_its_first_output_by_the_signature() {
    let outputs = [floats("a", &[1, 2], &[1.0, 2.0]), floats("b", &[1, 2, 2], &[1.0, 2.0, 3.0, 4.0])];
    assert_eq!(read(&Signature::default(), &outputs).prediction, numbers(&[1.0, 2.0]));
    let signature =
        Signature { outputs: [spec("b", Datatype::Fp32, &[-1, 2, 2], &[])].into(), ..Signature::default() };
    let nested = list([numbers(&[1.0, 2.0]), numbers(&[3.0, 4.0])]);
    assert_eq!(read(&signature, &outputs).prediction, nested);
}

#[test]
fn what_json_cannot_hold_becomes_null_or_text() {
    let outputs = [
        floats("f", &[3], &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]),
        longs("i", &[1], &[9_007_199_254_740_993]),
        Tensor { raw: b"\x02\0\0\0\xff\xfe".as_slice().into(), ..texts("b", &[1], &[""]) },
        texts("t", &[2, 0], &[]),
    ];
    let answer = read(&Signature::default(), &outputs);
    assert_eq!(answer.outputs["f"], list([null(), text("Infinity"), text("-Infinity")]));
    assert_eq!(answer.outputs["i"], text("9007199254740993"));
    assert_eq!(answer.outputs["b"], text("//4="));
    assert_eq!(answer.outputs["t"], list([]));
}

#[test]
fn outputs_that_contradict_the_signature_are_the_models_fault() {
    let named = |name: &str| Signature { probability_output: Some(name.into()), ..labelled(&["a", "b"]) };
    let cases = [
        (named("p"), floats("q", &[1, 2], &[0.5, 0.5])),
        (named("p"), floats("p", &[1, 3], &[0.5, 0.5, 0.0])),
        (named("p"), floats("p", &[2, 2], &[0.5; 4])),
        (named("p"), texts("p", &[1, 2], &["a", "b"])),
        (Signature::default(), floats("p", &[1, 3], &[0.5])),
        (Signature { prediction_output: Some("x".into()), ..Signature::default() }, longs("y", &[1], &[1])),
    ];
    for (signature, output) in cases {
        let error = read_outputs(&signature, &[output]).unwrap_err();
        assert!(matches!(error, FeatureError::Output { .. }), "{error}");
    }
    assert!(read_outputs(&Signature::default(), &[]).is_err());
}

#[test]
fn an_empty_dimension_makes_empty_lists_and_no_endless_work() {
    let empty = Tensor { shape: vec![1, i64::MAX, 0], ..floats("x", &[], &[]) };
    let answer = read_outputs(&Signature::default(), &[empty]);
    assert!(answer.is_ok_and(|answer| answer.prediction == list([])));
}
