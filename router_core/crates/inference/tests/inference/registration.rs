//! What a user says of a model, against what real files and servers' metadata say of themselves.

use crate::support::{files::*, number, text};
use pointsman_inference::{Described, Itself, OnnxModel, describe, signature_faults, signature_of_metadata};
use pointsman_model::{ModelError, PredictionHolds, Signature, Task};
use pointsman_wire::generated::{
    inference::{ModelMetadataResponse, model_metadata_response::TensorMetadata},
    pointsman_v1 as proto,
};

type Answer = Result<Described, Vec<ModelError>>;

fn against_file(file: &OnnxModel, given: proto::Signature) -> Answer {
    describe(given, &Itself { who: "the file", signature: file.signature(), file: Some(file) })
}

/// A server's account of `inputs` and `outputs`, each a name, a datatype and a shape.
fn server(inputs: &[(&str, &str, &[i64])], outputs: &[(&str, &str, &[i64])]) -> Signature {
    let tensors = |tensors: &[(&str, &str, &[i64])]| {
        let tensor = |&(name, datatype, shape): &(&str, &str, &[i64])| TensorMetadata {
            name: name.into(),
            datatype: datatype.into(),
            shape: shape.into(),
        };
        tensors.iter().map(tensor).collect()
    };
    let metadata = ModelMetadataResponse {
        inputs: tensors(inputs),
        outputs: tensors(outputs),
        ..ModelMetadataResponse::default()
    };
    signature_of_metadata(&metadata).unwrap_or_else(|error| unreachable!("{error}"))
}

fn against_server(server: &Signature, given: proto::Signature) -> Answer {
    describe(given, &Itself { who: "the server", signature: server, file: None })
}

fn tensor(name: &str, datatype: &str, shape: &[i64], features: &[&str]) -> proto::TensorSpec {
    proto::TensorSpec {
        name: name.into(),
        datatype: datatype.into(),
        shape: shape.into(),
        features: features.iter().map(ToString::to_string).collect(),
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// The faults as `field: reason`.
fn faults(answer: Answer) -> Vec<String> {
    match answer {
        Ok(described) => unreachable!("{described:?}"),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// The one fault's field and text.
fn fault(answer: Answer) -> String {
    let faults = faults(answer);
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.concat()
}

const FLOWER: [&str; 4] = ["sepal_length", "sepal_width", "petal_length", "petal_width"];

#[test]
fn what_is_left_open_is_filled_in_from_the_file_and_said() {
    let file = load("iris.onnx");
    let Described { signature, filled_in, warnings } =
        against_file(&file, proto::Signature::default()).unwrap();
    assert_eq!(
        (&signature.inputs, &signature.outputs),
        (&file.signature().inputs, &file.signature().outputs)
    );
    assert_eq!(signature.task, Task::Classification);
    assert_eq!(warnings, [""; 0]);
    let fields: Vec<&str> =
        filled_in.iter().filter_map(|line| line.split_once(": ")).map(|(field, _)| field).collect();
    let expected = [
        "inputs",
        "outputs",
        "task",
        "prediction_output",
        "probability_output",
        "labels",
        "classes",
        "prediction_holds",
    ];
    assert_eq!(fields, expected.map(|field| format!("signature.{field}")));
    assert!(
        filled_in.contains(&"signature.labels: \"setosa\", \"versicolor\", \"virginica\"".to_owned()),
        "{filled_in:?}"
    );
}

#[test]
fn a_tensor_given_in_part_is_completed() {
    let file = load("iris.onnx");
    let mine = ["a", "b", "c", "d"];
    for given in [
        tensor("", "", &[], &mine),
        tensor("X", "", &[], &mine),
        tensor("X", "FP32", &[-1, -1], &mine),
        tensor("", "FP32", &[-1, 4], &mine),
    ] {
        let given = proto::Signature { inputs: vec![given], ..proto::Signature::default() };
        let described = against_file(&file, given.clone()).unwrap();
        let [input] = &*described.signature.inputs else { unreachable!("{described:?}") };
        assert_eq!(
            (&*input.name, input.datatype.as_str(), &*input.shape),
            ("X", "FP32", &[-1, 4][..]),
            "{given:?}"
        );
        assert_eq!(input.features.join(" "), "a b c d");
        let said = described.filled_in.iter().find(|line| line.starts_with("signature.inputs[0]: "));
        assert!(said.is_some(), "{given:?}: {:?}", described.filled_in);
    }
    let given =
        proto::Signature { inputs: vec![tensor("X", "FP32", &[-1, 4], &[])], ..proto::Signature::default() };
    let described = against_file(&file, given).unwrap();
    assert_eq!(described.signature.inputs[0].features.join(" "), FLOWER.join(" "));
}

#[test]
fn names_that_do_not_fill_the_columns_are_refused() {
    let file = load("iris.onnx");
    for (features, count) in [(&FLOWER[..3], 3), (&[&FLOWER[..], &["more"]].concat()[..], 5)] {
        let inputs = vec![tensor("X", "FP32", &[-1, 4], features)];
        let text = fault(against_file(&file, proto::Signature { inputs, ..proto::Signature::default() }));
        assert!(text.starts_with("signature.inputs[0].features: has "), "{text}");
        assert!(
            text.contains(&format!("{count} names, but input \"X\" of the file has 4 columns")),
            "{text}"
        );
        assert!(text.contains("known names are \"sepal_length\""), "{text}");
    }
    let nine = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let ten = server(&[("x", "FP32", &[-1, 10])], &[("y", "FP32", &[-1, 1])]);
    let inputs = vec![tensor("x", "", &[], &nine)];
    let text = fault(against_server(&ten, proto::Signature { inputs, ..proto::Signature::default() }));
    assert!(text.contains("9 names, but input \"x\" of the server has 10 columns"), "{text}");
}

#[test]
fn each_field_that_contradicts_the_file_is_refused_with_what_it_is() {
    let file = load("iris.onnx");
    let plain = proto::Signature::default;
    let input = |input: proto::TensorSpec| proto::Signature { inputs: vec![input], ..plain() };
    let output = |name: &str, datatype: &str| proto::Signature {
        outputs: vec![tensor(name, datatype, &[], &[])],
        ..plain()
    };
    let default =
        |name: &str, value| proto::Signature { defaults: [(name.to_owned(), value)].into(), ..plain() };
    let swapped = ["sepal_width", "sepal_length", "petal_length", "petal_width"];
    for (given, field, reason) in [
        (
            input(tensor("x", "", &[], &[])),
            "inputs[0].name",
            "\"x\" is none of the inputs of the file, which are \"X\"",
        ),
        (
            input(tensor("X", "FP64", &[], &[])),
            "inputs[0].datatype",
            "is FP64, but input \"X\" of the file is FP32",
        ),
        (
            input(tensor("X", "", &[-1, 5], &[])),
            "inputs[0].shape",
            "is [-1, 5], but input \"X\" of the file has shape [-1, 4]",
        ),
        (
            input(tensor("X", "", &[], &swapped)),
            "inputs[0].features[0]",
            "stands where the file has \"sepal_length\"",
        ),
        (input(tensor("X", "", &[], &["a", "b", "a", "c"])), "inputs[0].features[2]", "\"a\" occurs twice"),
        (input(tensor("X", "", &[], &["a", "", "b", "c"])), "inputs[0].features[1]", "is empty"),
        (output("score", ""), "outputs[0].name", "\"score\" is none of the outputs of the file"),
        (
            output("label", "BYTES"),
            "outputs[0].datatype",
            "is BYTES, but output \"label\" of the file is INT64",
        ),
        (proto::Signature { labels: names(&["no", "yes"]), ..plain() }, "labels", "are 2"),
        (proto::Signature { classes: names(&["1", "2", "3"]), ..plain() }, "classes", "the file's own are"),
        (
            proto::Signature { prediction_output: "class".into(), ..plain() },
            "prediction_output",
            "\"class\" is none of the outputs",
        ),
        (
            proto::Signature { probability_output: "p".into(), ..plain() },
            "probability_output",
            "\"p\" is none of the outputs",
        ),
        (
            proto::Signature { probability_output: "label".into(), ..plain() },
            "probability_output",
            "as in \"probabilities\"",
        ),
        (
            proto::Signature { threshold: Some(0.5), ..plain() },
            "threshold",
            "0.5 picks between two classes, but there are 3",
        ),
        (
            default("petal", number(1.0)),
            "defaults[\"petal\"]",
            "no input takes a feature of this name; known names are \"sepal_length\"",
        ),
        (default("petal_width", text("wide")), "defaults[\"petal_width\"]", "\"wide\""),
    ] {
        let found = faults(against_file(&file, given));
        let start = format!("signature.{field}: ");
        assert!(
            found.iter().any(|text| text.starts_with(&start) && text.contains(reason)),
            "{start}{reason}: {found:?}"
        );
    }
}

#[test]
fn all_faults_are_answered_at_once() {
    let given = proto::Signature {
        inputs: vec![tensor("X", "", &[], &["a", "b"])],
        prediction_output: "class".into(),
        threshold: Some(0.5),
        ..proto::Signature::default()
    };
    let faults = faults(against_file(&load("iris.onnx"), given));
    for field in ["signature.inputs[0].features", "signature.prediction_output", "signature.threshold"] {
        assert!(faults.iter().any(|text| text.starts_with(field)), "{field}: {faults:?}");
    }
}

#[test]
fn a_regression_takes_nothing_of_classes() {
    let file = load("regression.onnx");
    let plain = proto::Signature::default;
    for (given, field) in [
        (proto::Signature { threshold: Some(0.5), ..plain() }, "threshold"),
        (proto::Signature { probability_output: "variable".into(), ..plain() }, "probability_output"),
        (proto::Signature { classes: names(&["1", "2"]), ..plain() }, "classes"),
    ] {
        let text = fault(against_file(&file, given));
        assert!(text.starts_with(&format!("signature.{field}: ")) && text.contains("regression"), "{text}");
    }
    let described = against_file(&file, plain()).unwrap();
    assert_eq!((described.signature.task, described.warnings), (Task::Regression, vec![]));
}

#[test]
fn every_input_of_a_file_is_needed_and_one_of_a_server_is_warned_of() {
    let file = load("types.onnx");
    let given =
        proto::Signature { inputs: vec![tensor("FP32", "", &[], &[])], ..proto::Signature::default() };
    let text = fault(against_file(&file, given));
    assert!(text.starts_with("signature.inputs: lack \"BOOL\""), "{text}");
    let two = server(&[("a", "FP32", &[-1, 2]), ("b", "FP32", &[-1, 2])], &[("y", "FP32", &[-1])]);
    let given = proto::Signature { inputs: vec![tensor("a", "", &[], &[])], ..proto::Signature::default() };
    let described = against_server(&two, given).unwrap();
    assert!(described.warnings[0].starts_with("signature.inputs: lack \"b\""), "{:?}", described.warnings);
}

#[test]
fn the_only_tensor_needs_no_name_and_one_of_several_does() {
    let two = server(&[("a", "FP32", &[-1, 2]), ("b", "FP32", &[-1, 2])], &[("y", "FP32", &[-1])]);
    let given =
        proto::Signature { inputs: vec![tensor("", "", &[], &["p", "q"])], ..proto::Signature::default() };
    let text = fault(against_server(&two, given));
    assert_eq!(
        text,
        "signature.inputs[0].name: is empty; say which input is meant, the server has \"a\", \"b\""
    );
}

#[test]
fn a_server_that_describes_nothing_is_believed_with_a_warning() {
    let silent = Signature::default();
    let given = proto::Signature {
        inputs: vec![tensor("x", "FP32", &[-1, 2], &["a", "b"])],
        labels: names(&["no", "yes"]),
        ..proto::Signature::default()
    };
    let described = against_server(&silent, given).unwrap();
    let expected =
        ["inputs", "outputs", "labels"].map(|field| format!("signature.{field}: the server does not "));
    for (warning, start) in described.warnings.iter().zip(&expected) {
        assert!(warning.starts_with(start), "{start}: {warning}");
    }
    assert_eq!((described.warnings.len(), described.filled_in), (3, vec![]));
    let given = proto::Signature { inputs: vec![tensor("x", "", &[], &[])], ..proto::Signature::default() };
    let text = fault(against_server(&silent, given));
    assert!(
        text.starts_with("signature.inputs[0].datatype: is empty, and the server does not say it"),
        "{text}"
    );
}

#[test]
fn counts_that_a_server_does_not_say_are_warned_of() {
    let open = server(&[("x", "FP32", &[-1, -1])], &[("p", "FP32", &[-1])]);
    let given = proto::Signature {
        inputs: vec![tensor("x", "", &[], &["a", "b", "c"])],
        labels: names(&["no", "yes"]),
        ..proto::Signature::default()
    };
    let described = against_server(&open, given).unwrap();
    let fields: Vec<_> =
        described.warnings.iter().filter_map(|text| text.split_once(": ")).map(|(field, _)| field).collect();
    assert_eq!(fields, ["signature.inputs[0].features", "signature.labels"]);
}

#[test]
fn a_threshold_needs_an_output_of_probabilities() {
    let labels_only = server(&[("x", "FP32", &[-1, 2])], &[("y", "INT64", &[-1])]);
    let given = proto::Signature {
        threshold: Some(0.3),
        labels: names(&["no", "yes"]),
        ..proto::Signature::default()
    };
    let text = fault(against_server(&labels_only, given.clone()));
    assert!(
        text.starts_with("signature.threshold: 0.3 is held against a probability, but none of the outputs"),
        "{text}"
    );
    let both = server(&[("x", "FP32", &[-1, 2])], &[("y", "INT64", &[-1]), ("prob", "FP32", &[-1, 2])]);
    assert_eq!(against_server(&both, given).unwrap().signature.threshold, Some(0.3));
}

#[test]
fn a_file_s_classes_are_taken_over_with_what_the_prediction_holds() {
    let described = against_file(&load("classes_texts.onnx"), proto::Signature::default()).unwrap();
    assert_eq!(described.signature.labels.join(" "), "10 2 x");
    assert_eq!(described.signature.prediction_holds, PredictionHolds::Value);
    assert!(described.filled_in.contains(&"signature.prediction_holds: value".to_owned()), "{described:?}");
}

#[test]
fn what_contradicts_itself_is_found_without_a_model() {
    let plain = proto::Signature::default;
    for (given, field) in [
        (
            proto::Signature { inputs: vec![tensor("x", "FP32", &[-1, 3], &["a", "b"])], ..plain() },
            "signature.inputs[0].features",
        ),
        (
            proto::Signature {
                inputs: vec![tensor("x", "FP32", &[-1, 2], &["a", "b"])],
                defaults: [("c".to_owned(), number(0.0))].into(),
                ..plain()
            },
            "signature.defaults[\"c\"]",
        ),
        (
            proto::Signature { labels: names(&["a", "b", "c"]), threshold: Some(0.5), ..plain() },
            "signature.threshold",
        ),
    ] {
        let found = signature_faults(given);
        assert_eq!(found.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), [field]);
    }
    let open = proto::Signature { inputs: vec![tensor("x", "", &[], &["a", "b"])], ..plain() };
    assert_eq!(signature_faults(open), []);
}

#[test]
fn importances_of_unknown_features_are_kept_and_warned_of() {
    let given = proto::Signature {
        feature_importances: [("petal_area".to_owned(), 0.5), ("petal_width".to_owned(), 0.1)].into(),
        ..proto::Signature::default()
    };
    let described = against_file(&load("iris.onnx"), given).unwrap();
    assert_eq!(described.warnings.len(), 1);
    let start = "signature.feature_importances: no input takes \"petal_area\"; known names are";
    assert!(described.warnings[0].starts_with(start), "{:?}", described.warnings);
}

#[test]
fn the_number_type_of_a_server_s_output_is_a_warning_and_that_of_a_file_s_an_error() {
    let own = server(&[("x", "FP32", &[-1, 2])], &[("y", "FP64", &[-1, 2])]);
    let given = |name: &str, datatype: &str| proto::Signature {
        outputs: vec![tensor(name, datatype, &[], &[])],
        ..proto::Signature::default()
    };
    let described = against_server(&own, given("y", "FP32")).unwrap();
    let start = "signature.outputs[0].datatype: is FP32, but output \"y\" of the server is FP64";
    assert!(described.warnings[0].starts_with(start), "{:?}", described.warnings);
    assert!(fault(against_server(&own, given("y", "BYTES"))).contains("is BYTES, but output"));
    assert!(
        fault(against_file(&load("iris.onnx"), given("label", "INT32"))).contains("is INT32, but output")
    );
}

#[test]
fn outputs_that_are_not_listed_are_still_the_model_s() {
    let given = proto::Signature {
        outputs: vec![tensor("label", "", &[], &[])],
        labels: names(&["a", "b", "c"]),
        ..proto::Signature::default()
    };
    let described = against_file(&load("iris.onnx"), given.clone()).unwrap();
    assert_eq!(described.signature.probability_output.as_deref(), Some("probabilities"));
    let text =
        fault(against_file(&load("iris.onnx"), proto::Signature { labels: names(&["a", "b"]), ..given }));
    assert!(text.starts_with("signature.labels: are 2"), "{text}");
}
